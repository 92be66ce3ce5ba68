"""Taught detectors on disk: one folder a version, a card beside the numbers, nothing pickled.

::

    AD_CHECKPOINT_DIR/<dataset>/<category>/active.json  policy.json
    AD_CHECKPOINT_DIR/<dataset>/<category>/<algorithm>/<version>/
        card.json  calibration.json  exemplars.safetensors, and the detector's own files
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from core import __version__
from core.detection.assessment import Assessment
from core.detection.base import Detector
from core.detection.calibration import Calibration, NormalScores, calibrate
from core.detection.product_files import product_folder, read_policy
from core.detection.registry import detector_class
from core.domain import DetectorRef, Frozen, Product
from core.domain.conditions import TaughtConditions
from core.domain.errors import CheckpointError, ProductError
from core.domain.policy import Policy
from core.domain.reading import Reading
from core.infrastructure.atomic_files import whole_file, write_atomically
from core.infrastructure.extras import library_guard
from core.infrastructure.memory import memory_guard
from core.infrastructure.settings import Settings

CARD_VERSION = 2
CARD_FILE = "card.json"
CALIBRATION_FILE = "calibration.json"
EXEMPLARS_FILE = "exemplars.safetensors"
ACTIVE_FILE = "active.json"

Model = TypeVar("Model", bound=BaseModel)


class TaughtImage(Frozen):
    """One normal picture that the detector was taught with."""

    filename: str
    sha256: str
    pixels_sha256: str | None = Field(None, description="of the decoded pixels; not in older cards")
    use: Literal["taught", "held out"] = Field(description="held out: for calibration only")


class Card(Frozen):
    """What a detector is made of, and what is known of it."""

    card_version: int = CARD_VERSION
    product: Product
    detector: DetectorRef
    program_version: str = Field("unknown", description="that taught it; not in older cards")
    created_at: AwareDatetime
    options: dict[str, Any] = Field(description="that the detector was trained with")
    facts: dict[str, str] = Field(description="what else the detector says of itself")
    seed: int
    images: tuple[TaughtImage, ...]
    skipped: tuple[str, ...] = Field((), description="sentences naming pictures not used, and why")
    notices: tuple[str, ...] = Field((), description="what the reader should know of the pictures")
    reading: Reading = Field(Reading(), description="of the pictures taught, and to be inspected")
    figures: dict[str, float] = Field(default_factory=dict, description="named, in their units")
    conditions: TaughtConditions | None = Field(
        None, description="how the pictures were taken; not in older cards"
    )
    seconds: dict[str, float] = Field(default_factory=dict, description="time of each step")
    versions: dict[str, str] = Field(default_factory=dict, description="of the libraries used")
    files: dict[str, str] = Field(default_factory=dict, description="name and SHA-256 of the rest")

    @property
    def version(self) -> Active:
        """Which version it describes."""
        return Active(algorithm=self.detector.algorithm, version=self.detector.version)

    @property
    def held_out(self) -> int:
        """How many normals the detector has never seen."""
        return sum(image.use == "held out" for image in self.images)


class _CardVersion(BaseModel):
    """What every card has said since the first."""

    card_version: int


class Active(Frozen):
    """Which version of a product's detectors judges."""

    algorithm: str
    version: str


@dataclass(frozen=True)
class Taught:
    """A detector that is ready to judge."""

    card: Card
    calibration: Calibration
    detector: Detector[Any]
    policy: Policy
    folder: Path

    def assess(self, pixels: np.ndarray) -> Assessment:
        """Judge one picture: uint8 (H, W, 3), RGB.

        Raises:
            DetectorError: as for `Detector.predict`.
        """
        prediction = self.detector.predict(pixels)
        return Assessment(prediction.anomaly_map, self.calibration.judge(prediction), self.policy)


def save_version(
    settings: Settings,
    card: Card,
    normals: NormalScores,
    detector_files: Mapping[str, bytes],
    exemplars: bytes,
) -> Card:
    """Write a version whole; `activate` makes it the one that judges.

    Everything is written under a temporary name first: an interruption, a full disk included,
    leaves no part of a version.

    Returns:
        The card as written, with this program's version and the hashes of its files.

    Raises:
        CheckpointError: if the folder cannot be written.
    """
    contents = {
        **detector_files,
        CALIBRATION_FILE: normals.model_dump_json(indent=2).encode(),
        EXEMPLARS_FILE: exemplars,
    }
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    card = card.model_copy(update={"program_version": __version__, "files": hashes})
    contents[CARD_FILE] = card.model_dump_json(indent=2).encode()

    parent = product_folder(settings, card.product)
    folder = parent / card.detector.algorithm / card.detector.version
    try:
        with whole_file(folder) as scratch:
            scratch.mkdir()
            for name, data in contents.items():
                (scratch / name).write_bytes(data)
    except OSError as error:
        raise _unwritten(folder, error) from error
    return card


def discard_version(settings: Settings, card: Card) -> None:
    """Remove a version that was written and turned out not to work."""
    ref = card.detector
    folder = product_folder(settings, card.product) / ref.algorithm / ref.version
    shutil.rmtree(folder, ignore_errors=True)


def activate(settings: Settings, product: Product, detector: DetectorRef) -> None:
    """Make one version the one that judges.

    Raises:
        CheckpointError: if the folder cannot be written.
    """
    active = Active(algorithm=detector.algorithm, version=detector.version)
    folder = product_folder(settings, product)
    # The second is for who asks for this algorithm by name after another one was activated.
    for path in (folder / ACTIVE_FILE, folder / active.algorithm / ACTIVE_FILE):
        try:
            write_atomically(path, active.model_dump_json(indent=2).encode())
        except OSError as error:
            raise _unwritten(path, error) from error


def active_version(settings: Settings, product: Product) -> Active:
    """Read which version judges a product.

    Raises:
        ProductError: if the product has no detector.
    """
    if not is_taught(settings, product):
        raise ProductError(
            f"{product.key} has no detector yet. Teach it from good images first "
            f"(Products page, or: python -m core teach --product {product.key} --images FOLDER)."
        )
    return _read(product_folder(settings, product) / ACTIVE_FILE, Active)


def is_taught(settings: Settings, product: Product) -> bool:
    """Tell whether a version judges the product."""
    return (product_folder(settings, product) / ACTIVE_FILE).exists()


def taught_products(settings: Settings) -> tuple[Product, ...]:
    """List every product that has an active detector, by key."""
    found = settings.ad_checkpoint_dir.glob(f"*/*/{ACTIVE_FILE}")
    keys = sorted("/".join(path.parts[-3:-1]) for path in found)
    return tuple(Product.from_key(key) for key in keys)


def versions(settings: Settings, product: Product) -> tuple[Active, ...]:
    """List every version of a product's detectors that is on disk, the newest first."""
    found = product_folder(settings, product).glob(f"*/*/{CARD_FILE}")
    refs = [Active(algorithm=path.parts[-3], version=path.parts[-2]) for path in found]
    return tuple(sorted(refs, key=lambda ref: ref.version, reverse=True))


def judging_versions(settings: Settings, product: Product) -> dict[str, Active]:
    """List the version of each algorithm that judges when it is asked for, the active one first.

    It is the one that was activated last; of an algorithm that never was, the newest.

    Raises:
        ProductError: if the product has no detector.
    """
    active = active_version(settings, product)
    judging = {active.algorithm: active}
    for version in versions(settings, product):
        path = product_folder(settings, product) / version.algorithm / ACTIVE_FILE
        if version.algorithm not in judging:
            judging[version.algorithm] = _read(path, Active) if path.exists() else version
    return judging


def read_card(settings: Settings, product: Product, active: Active | None = None) -> Card:
    """Read the card of a version (the active one unless said otherwise).

    Raises:
        ProductError: if the product has no detector.
        CheckpointError: if the card is missing, damaged or newer than this program.
    """
    active = active or active_version(settings, product)
    folder = product_folder(settings, product) / active.algorithm / active.version
    written_by = _read(folder / CARD_FILE, _CardVersion).card_version
    if written_by != CARD_VERSION:
        age, remedy = ("a newer", "Update, or") if written_by > CARD_VERSION else ("an older", "Do")
        raise CheckpointError(
            f"The detector in {folder} was written by {age} version of this program (card "
            f"{written_by}, this one reads {CARD_VERSION}). {remedy} teach {product.key} again."
        )
    return _read(folder / CARD_FILE, Card)


def load_version(settings: Settings, product: Product, active: Active | None = None) -> Taught:
    """Load a version (the active one unless said otherwise), checking the hash of every file.

    The index of normal pictures is left to `read_exemplars`: a detector judges without it.

    Raises:
        ProductError: if the product has no detector.
        CheckpointError: if a file is missing, damaged, or holds numbers that are not finite.
        DetectorError: if this program does not know the algorithm.
        WeightsError: if the backbone's weights cannot be had.
        LibraryError: if it needs a library that is not installed.
    """
    card = read_card(settings, product, active)
    ref = card.detector
    folder = product_folder(settings, product) / ref.algorithm / ref.version
    files = {name: _verified(folder, card, name) for name in card.files if name != EXEMPLARS_FILE}
    normals = _parse(files[CALIBRATION_FILE], NormalScores, folder / CALIBRATION_FILE)
    kind = detector_class(ref.algorithm)
    try:
        options = kind.options_type.model_validate(card.options)
    except ValidationError as error:
        raise _damaged(folder / CARD_FILE, f"options: {error.errors()[0]['msg']}") from error
    doing = f"load the detector of {product.key}"
    with memory_guard(doing), library_guard(doing):
        detector = kind.load(files, options, settings)
    policy = read_policy(settings, product)
    return Taught(card, calibrate(normals, policy), detector, policy, folder)


def read_calibration(settings: Settings, card: Card) -> Calibration:
    """Compute a version's thresholds by the product's present policy, without its detector.

    Raises:
        CheckpointError: if calibration or policy are missing or damaged.
    """
    ref = card.detector
    folder = product_folder(settings, card.product) / ref.algorithm / ref.version
    data = _verified(folder, card, CALIBRATION_FILE)
    normals = _parse(data, NormalScores, folder / CALIBRATION_FILE)
    return calibrate(normals, read_policy(settings, card.product))


def read_exemplars(taught: Taught) -> bytes:
    """Read the index of a version's normal pictures, as it was written.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    return _verified(taught.folder, taught.card, EXEMPLARS_FILE)


def _verified(folder: Path, card: Card, name: str) -> bytes:
    path = folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _damaged(path, error.strerror or "unreadable") from error
    if hashlib.sha256(data).hexdigest() != card.files.get(name):
        raise _damaged(path, "its contents are not those that its card names")
    return data


def _read(path: Path, model: type[Model]) -> Model:
    try:
        return _parse(path.read_bytes(), model, path)
    except OSError as error:
        raise _damaged(path, error.strerror or "unreadable") from error


def _parse(data: bytes, model: type[Model], path: Path) -> Model:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise _damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _unwritten(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"The detector could not be written to {path}: {error.strerror}. "
        "Free space or correct the folder's rights, and teach again; "
        "the version that was active before still is."
    )


def _damaged(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"The detector's file {path} is missing or damaged ({why}). "
        "Restore it from a copy, or teach the product again."
    )
