"""How well a detector tells good parts from bad, and where.

Metrics are torchmetrics' own.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from pydantic import Field

from core.domain import Frozen, Product, Verdict
from core.errors import ImageError
from core.evaluation.datasets import Dataset, TestPicture
from core.images import load_image
from core.settings import Settings
from core.teaching import OnProgress, teach
from core.workbench import Workbench

# Maps and masks are compared at this size, so that large pictures weigh as much as small ones.
COMPARED_SIZE = (256, 256)


class DetectionFigures(Frozen):
    """Figures of one detector on one labelled set."""

    dataset: str
    train_normals: int
    held_out: int
    test_good: int
    test_defective: int
    image_auroc: float
    pixel_auroc: float | None = Field(description="None when the set has no masks")
    good_verdicts: dict[str, int] = Field(description="of the good test pictures")
    defective_verdicts: dict[str, int]
    guaranteed_rate: float
    teach_seconds: float


def evaluate_detection(
    dataset: Dataset, settings: Settings, *, seed: int = 0, on_progress: OnProgress
) -> DetectionFigures:
    """Teach a fresh detector on the set's normals and judge its test pictures.

    The thresholds come from held-out training normals; no test label has a part in them. Nothing
    of it enters the records or checkpoints of the settings given.

    Raises:
        InspectionError: if the set cannot be used.
    """
    import torch
    from torchmetrics.functional.classification import binary_auroc

    product = Product.from_key("evaluation/set")
    with tempfile.TemporaryDirectory() as scratch:
        aside = settings.model_copy(
            update={
                "data_dir": Path(scratch),
                "database_url": None,
                "ad_checkpoint_dir": Path(scratch) / "checkpoints",
                "model_cache": settings.model_cache_dir,
            }
        )
        with Workbench(aside) as bench:
            card = teach(bench, product, dataset.train, seed=seed, on_progress=on_progress)
            taught = bench.taught(product)
            scores, labels, maps, masks = [], [], [], []
            verdicts = {True: Counter[Verdict](), False: Counter[Verdict]()}
            for done, item in enumerate(dataset.test):
                on_progress("Judge the test pictures", done / len(dataset.test))
                image = load_image(
                    item.picture.read(),
                    item.picture.filename,
                    max_bytes=settings.max_image_bytes,
                    max_pixels=settings.max_image_pixels,
                )
                prediction = taught.detector.predict(image.pixels)
                scores.append(prediction.score)
                labels.append(item.is_defective)
                verdicts[item.is_defective][taught.calibration.judge(prediction).verdict] += 1
                mask = _mask(item)
                if mask is not None:
                    masks.append(mask)
                    maps.append(cv2.resize(prediction.anomaly_map, COMPARED_SIZE))

    def auroc(values: np.ndarray, truth: np.ndarray) -> float:
        return float(binary_auroc(torch.from_numpy(values), torch.from_numpy(truth).long()))

    has_masks = any(item.mask for item in dataset.test)
    return DetectionFigures(
        dataset=dataset.name,
        train_normals=len(card.images),
        held_out=card.held_out,
        test_good=labels.count(False),
        test_defective=labels.count(True),
        image_auroc=auroc(np.array(scores), np.array(labels)),
        pixel_auroc=auroc(np.stack(maps).ravel(), np.stack(masks).ravel()) if has_masks else None,
        good_verdicts={verdict.value: verdicts[False][verdict] for verdict in Verdict},
        defective_verdicts={verdict.value: verdicts[True][verdict] for verdict in Verdict},
        guaranteed_rate=taught.calibration.false_alarm.guaranteed,
        teach_seconds=sum(card.seconds.values()),
    )


def _mask(item: TestPicture) -> np.ndarray | None:
    """Ground truth, bool, of `COMPARED_SIZE`; None for a defective picture without a mask."""
    if not item.is_defective:
        return np.zeros(COMPARED_SIZE, bool)
    if item.mask is None:
        return None
    mask = cv2.imdecode(np.fromfile(item.mask, np.uint8), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise ImageError(f"{item.mask} is not a picture that can be read.")
    return cv2.resize(mask, COMPARED_SIZE, interpolation=cv2.INTER_NEAREST) > 0
