from __future__ import annotations

import hashlib
import json
import math
import os
import re
from pathlib import Path

import cv2
import huggingface_hub.constants
import numpy as np
import pytest

from core import __version__
from core.detection.checkpoints import (
    active_version,
    load_version,
    read_card,
)
from core.detection.product_files import product_folder, save_policy
from core.domain import Product
from core.domain.errors import CheckpointError, DetectorError, ProductError, WeightsError
from core.domain.policy import Policy
from core.imaging.picture_files import PictureFile, demo_normals
from core.records.products import load_product
from core.services.station import Station
from core.services.teaching import teach

PRODUCT = Product(dataset="Plant", category="plate")


def plates(count: int, seed: int = 0, size: tuple[int, int] = (120, 160)) -> list[PictureFile]:
    """Pictures of plain plates that differ by their grain."""
    rng = np.random.default_rng(seed)
    return [
        PictureFile.of(
            f"plate{i}.png",
            cv2.imencode(".png", rng.normal(120, 12, (*size, 3)).astype(np.uint8))[1].tobytes(),
        )
        for i in range(count)
    ]


def test_card_tells_what_the_detector_is_made_of(station: Station) -> None:
    shares: list[tuple[str, float]] = []

    card = teach(station, PRODUCT, plates(10), on_progress=lambda *step: shares.append(step))

    assert card == read_card(station.settings, PRODUCT)
    assert [image.use for image in card.images].count("held out") == 3
    assert len({image.sha256 for image in card.images}) == 10
    assert card.figures["width_px_max"] == 160
    assert set(card.files) == {"bank.safetensors", "calibration.json", "exemplars.safetensors"}
    assert card.facts["memory bank"] == "2000 patches of 232 numbers"
    assert "59 held out guarantee 5%" in card.facts["normals needed"]
    assert card.options["input_size"] == 256
    assert (
        "29 for 10%, 59 for 5%, 149 for 2%, 299 for 1%"
        in card.facts["what held-out normals can guarantee"]
    )
    stated = station.taught(PRODUCT).calibration.false_alarm.sentence()
    assert card.facts["false alarms, by the policy when taught"] == stated
    assert set(card.seconds) == {"check and embed", "train", "calibrate"}
    assert shares[-1] == ("Done", 1)
    assert load_product(station.records, PRODUCT.key) == PRODUCT
    folder = product_folder(station.settings, PRODUCT)
    assert not [path for path in folder.rglob("*") if path.suffix in {".pkl", ".pt", ".ckpt"}]
    assert sum(path.stat().st_size for path in folder.rglob("*.safetensors")) < 2_200_000


def test_unreadable_and_duplicate_pictures_are_named_and_skipped(station: Station) -> None:
    pictures = plates(6)
    twin = PictureFile.of("twin.png", pictures[2].read())
    broken = PictureFile.of("broken.png", pictures[0].read()[:200])

    card = teach(station, PRODUCT, [*pictures, twin, broken])

    assert len(card.images) == 6
    assert "twin.png is the same file as plate2.png." in card.skipped
    assert any("broken.png" in sentence for sentence in card.skipped)


def test_pictures_of_different_shape_are_noticed(station: Station) -> None:
    card = teach(station, PRODUCT, [*plates(5), *plates(5, seed=1, size=(160, 160))])

    assert "differ in shape" in card.notices[0]


def test_fewer_than_five_good_pictures_are_refused(station: Station) -> None:
    with pytest.raises(ProductError, match=r"at least 5 different pictures .* but 4 could be used"):
        teach(station, PRODUCT, [*plates(4), *plates(1)])

    assert not product_folder(station.settings, PRODUCT).exists()


def test_same_pictures_and_seed_give_the_same_detector(station: Station) -> None:
    first, second = (teach(station, PRODUCT, plates(8), seed=3) for _ in range(2))

    assert first.files["bank.safetensors"] == second.files["bank.safetensors"]
    assert first.figures == second.figures
    assert active(station) == first.detector.version < second.detector.version


@pytest.mark.parametrize(
    ("algorithm", "weights"),
    [("winclip", "ViT-B-16-plus-240"), ("anomalydino", "vit_small_patch14_dinov2")],
)
def test_absent_weights_are_named_before_any_picture_is_read(
    station: Station, monkeypatch: pytest.MonkeyPatch, algorithm: str, weights: str
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(WeightsError, match=f"The weights of {weights} cannot be had"):
        teach(station, PRODUCT, [], algorithm=algorithm)


def test_a_damaged_version_is_replaced_at_once(station: Station) -> None:
    first = teach(station, PRODUCT, plates(6))
    folder = product_folder(station.settings, PRODUCT)
    (folder / "patchcore" / first.detector.version / "bank.safetensors").write_bytes(b"torn")
    with Station(station.settings.model_copy(update={"data_dir": folder / "other"})) as reopened:
        second = teach(reopened, PRODUCT, plates(7))

    assert active(station) == second.detector.version


def active(station: Station) -> str:
    return active_version(station.settings, PRODUCT).version


def test_an_interruption_leaves_the_active_version(station: Station) -> None:
    card = teach(station, PRODUCT, plates(8))

    def interrupt(step: str, share: float) -> None:
        if step.startswith("Calibrate"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach(station, PRODUCT, plates(9, seed=1), on_progress=interrupt)

    assert active(station) == card.detector.version
    assert station.taught(PRODUCT).card == card


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(station: Station) -> None:
    station.settings.ad_checkpoint_dir.mkdir()
    station.settings.ad_checkpoint_dir.chmod(0o500)

    with pytest.raises(CheckpointError, match="could not be written"):
        teach(station, PRODUCT, plates(6))


def test_a_file_in_the_way_of_the_checkpoints_is_said(station: Station) -> None:
    station.settings.ad_checkpoint_dir.write_text("not a folder")

    with pytest.raises(CheckpointError, match="could not be written"):
        teach(station, PRODUCT, plates(6))


@pytest.mark.parametrize("name", ["card.json", "calibration.json", "bank.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_damaged_checkpoint_is_refused(station: Station, name: str, damage: str) -> None:
    card = teach(station, PRODUCT, plates(6))
    folder = product_folder(station.settings, PRODUCT)
    path = folder / card.detector.algorithm / card.detector.version / name
    harm(path, damage)

    with pytest.raises(CheckpointError, match=r"missing or damaged .* teach the product again"):
        load_version(station.settings, PRODUCT)


def harm(path: Path, damage: str) -> None:
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)


def test_a_card_names_the_program_that_taught_and_one_of_before_is_read(station: Station) -> None:
    card = teach(station, PRODUCT, plates(6))
    folder = product_folder(station.settings, PRODUCT)
    path = folder / card.detector.algorithm / card.detector.version / "card.json"
    before = json.loads(path.read_text())
    assert card.program_version == before.pop("program_version") == __version__
    path.write_text(json.dumps(before))

    taught = load_version(station.settings, PRODUCT)

    assert taught.card.program_version == "unknown"
    assert taught.card.images == card.images


def test_card_from_a_newer_program_is_refused(station: Station) -> None:
    card = teach(station, PRODUCT, plates(6))
    folder = product_folder(station.settings, PRODUCT)
    path = folder / card.detector.algorithm / card.detector.version / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"card_version": 99}))

    with pytest.raises(CheckpointError, match="written by a newer version"):
        load_version(station.settings, PRODUCT)


def test_a_policy_changes_the_thresholds_without_teaching_again(station: Station) -> None:
    teach(station, PRODUCT, plates(100))
    before = station.taught(PRODUCT).calibration

    save_policy(station.settings, PRODUCT, Policy(false_alarm_rate=0.2))

    after = station.taught(PRODUCT).calibration
    assert after.false_alarm.requested == 0.2
    assert after.t_low < before.t_low


def test_a_damaged_policy_is_refused(station: Station) -> None:
    teach(station, PRODUCT, plates(6))
    (product_folder(station.settings, PRODUCT) / "policy.json").write_text('{"confidence": 7}')

    with pytest.raises(CheckpointError, match=r"policy.json cannot be used \(confidence"):
        station.taught(PRODUCT)


def test_a_damaged_policy_is_said_before_a_training(station: Station) -> None:
    teach(station, PRODUCT, plates(6))
    (product_folder(station.settings, PRODUCT) / "policy.json").write_text("{")
    steps: list[str] = []

    with pytest.raises(CheckpointError, match="Correct or delete the file"):
        teach(station, PRODUCT, plates(6), on_progress=lambda step, share: steps.append(step))

    assert not steps


def test_a_version_that_does_not_work_is_not_made_active(station: Station) -> None:
    card = teach(station, PRODUCT, plates(6))
    folder = product_folder(station.settings, PRODUCT) / "patchcore"

    def harm_new(step: str, share: float) -> None:
        if step == "Try the new version":
            known = {card.detector.version, "active.json"}
            (newest,) = (path for path in folder.iterdir() if path.name not in known)
            harm(newest / "bank.safetensors", "cut")

    with pytest.raises(CheckpointError, match="missing or damaged"):
        teach(station, PRODUCT, plates(6, seed=1), on_progress=harm_new)

    assert active(station) == card.detector.version
    assert {path.name for path in folder.iterdir()} == {card.detector.version, "active.json"}
    assert station.taught(PRODUCT).card == card


def test_scores_that_are_not_finite_are_damage(station: Station) -> None:
    """Also when the hash was made to fit: a threshold of NaN would pass every part."""
    card = teach(station, PRODUCT, plates(6))
    folder = station.taught(PRODUCT).folder
    path = folder / "calibration.json"
    scores = json.loads(path.read_text())
    scores["scores"][-1] = math.nan
    path.write_text(json.dumps(scores))
    files = {**card.files, path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    harmed = card.model_copy(update={"files": files})
    (folder / "card.json").write_text(harmed.model_dump_json())

    with pytest.raises(CheckpointError, match=r"calibration.json is missing or damaged \(scores"):
        load_version(station.settings, PRODUCT)


def test_cross_fitting_trains_on_every_picture(station: Station) -> None:
    card = teach(station, PRODUCT, plates(10), cross_fit=True)

    rate = station.taught(PRODUCT).calibration.false_alarm
    assert card.held_out == 0
    assert rate.held_out == 10
    assert "without a guarantee" in rate.sentence()


@pytest.mark.parametrize(
    ("algorithm", "options", "sentence"),
    [
        ("magic", {}, "There is no detector 'magic'. Choose one of: patchcore"),
        ("patchcore", {"size": 3}, "patchcore has no option 'size'. It has: backbone"),
        ("patchcore", {"input_size": 100}, "Option input_size of patchcore cannot be 100"),
        ("patchcore", {"mean": [math.nan, 0, 0]}, "Option mean.0 of patchcore cannot be nan"),
        ("patchcore", {"std": [0, 1, 1]}, "Option std.0 of patchcore cannot be 0"),
        ("patchcore", {"smoothing": math.inf}, "Option smoothing of patchcore cannot be inf"),
        ("patchcore", {"smoothing": 1e9}, "Option smoothing of patchcore cannot be 1000000000"),
    ],
)
def test_what_cannot_be_trained_is_said(
    station: Station, algorithm: str, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(DetectorError, match=re.escape(sentence)):
        teach(station, PRODUCT, plates(6), algorithm=algorithm, options=options)


def test_untaught_product_is_said_with_what_to_do(station: Station) -> None:
    with pytest.raises(ProductError, match=r"Plant/plate has no detector yet. Teach it"):
        station.taught(PRODUCT)


def test_demo_normals_are_functional_cells() -> None:
    assert len(demo_normals()) == 200
    assert demo_normals()[0].read().startswith(b"\x89PNG")


@pytest.mark.parametrize("key", ["nodash", "a/b/c", "../etc", "a/..", "a b/c", ""])
def test_product_keys_are_plain_names(key: str) -> None:
    with pytest.raises(ProductError, match="DATASET/CATEGORY"):
        Product.from_key(key)
