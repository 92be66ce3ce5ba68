"""A Patchcore that anomalib itself trained and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from anomalib.data import Folder
from anomalib.engine import Engine
from anomalib.models import Patchcore

from core.detection.patchcore.anomalib_import import import_patchcore
from core.domain import InspectionRequest, Product, Verdict
from core.domain.errors import CheckpointError
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.services.inspection import inspect
from core.services.relearning import adopt_anomalib_checkpoint
from core.services.station import Station

PRODUCT = Product(dataset="Plant", category="weave")


def weave(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:256, 0:256]
    shift = rng.uniform(0, 6, 2)
    pattern = 128 + 60 * np.sin((x + shift[0]) / 3) * np.sin((y + shift[1]) / 3)
    grey = np.clip(pattern + rng.normal(0, 6, pattern.shape), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The checkpoint's path and anomalib's own model."""
    root, rng = tmp_path_factory.mktemp("anomalib"), np.random.default_rng(0)
    (root / "good").mkdir()
    for number in range(4):
        cv2.imwrite(str(root / f"good/{number}.png"), weave(rng))
    torch.manual_seed(0)
    model = Patchcore(
        backbone="resnet18", layers=("layer2", "layer3"), pre_trained=False, num_neighbors=5
    )
    data = Folder(
        name="weave",
        root=root,
        normal_dir="good",
        abnormal_dir="good",
        train_batch_size=2,
        num_workers=0,
        val_split_mode="same_as_test",
    )
    engine = Engine(default_root_dir=root, accelerator="cpu", logger=False)
    engine.fit(model, datamodule=data)
    (path,) = root.rglob("*.ckpt")
    return path, model.model.eval()


@pytest.mark.slow
def test_an_imported_detector_answers_as_anomalib_does(
    trained: tuple[Path, Any], tmp_path: Path
) -> None:
    path, model = trained
    rng = np.random.default_rng(1)
    pictures = [weave(rng) for _ in range(4)]
    cv2.circle(pictures[3], (100, 150), 20, (255, 255, 255), -1)

    detector = import_patchcore(path, Settings(data_dir=tmp_path, ad_checkpoint_dir=tmp_path))

    mean, std = (
        torch.tensor(values).view(3, 1, 1)
        for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    gaps, scores = [], []
    for pixels in pictures:
        with torch.no_grad():
            image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
            answer = model(((image - mean) / std)[None])
        prediction = detector.predict(pixels)
        scores.append(float(answer.pred_score))
        gaps.append(abs(prediction.score - scores[-1]))
        gaps.append(float(np.abs(prediction.anomaly_map - answer.anomaly_map[0, 0].numpy()).max()))
    assert max(gaps) < 1e-3 * np.ptp(scores)


@pytest.mark.slow
def test_an_imported_detector_judges(trained: tuple[Path, Any], station: Station) -> None:
    rng = np.random.default_rng(2)

    def picture(name: str, *, holed: bool = False) -> PictureFile:
        pixels = weave(rng)
        if holed:
            cv2.circle(pixels, (100, 150), 20, (255, 255, 255), -1)
        return PictureFile.of(name, cv2.imencode(".png", pixels)[1].tobytes())

    unseen = [picture(f"{number}.png") for number in range(8)]
    card = adopt_anomalib_checkpoint(station, PRODUCT, trained[0], unseen)
    inspection = inspect(
        station, InspectionRequest(product=PRODUCT), picture("holed.png", holed=True)
    )

    assert card.held_out == 8
    assert card.detector.backbone == "resnet18"
    assert inspection.judgement.verdict is not Verdict.PASS
    assert inspection.defects[0].box.x < 100 < inspection.defects[0].box.x + 60


def test_what_is_no_patchcore_is_refused(tmp_path: Path) -> None:
    own = Settings(ad_checkpoint_dir=tmp_path)
    other, text = tmp_path / "other.ckpt", tmp_path / "text.ckpt"
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, other)
    text.write_text("no checkpoint")

    with pytest.raises(CheckpointError, match="not a trained Patchcore of anomalib"):
        import_patchcore(other, own)
    for path in (text, tmp_path / "missing.ckpt"):
        with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
            import_patchcore(path, own)
