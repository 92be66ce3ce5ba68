"""Check whether the station can work and what it lacks, without loading anything large."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core import __version__
from core.detection.checkpoints import read_calibration, read_card, taught_products
from core.domain import Product
from core.domain.errors import InspectionError, WeightsError
from core.infrastructure.backbones import SPECS, weights_at_hand
from core.infrastructure.settings import Settings
from core.records.health import count_migrations, last_troubles
from core.records.store.migrations import MIGRATIONS
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.retrieval.knowledge.encoders import MULTILINGUAL, find_encoder
from core.services.health.checks import (
    check_detectors,
    check_disk,
    check_packages,
    check_records,
    check_weights,
    check_writer,
    installed_versions,
)
from core.services.health.condition import (
    DetectorHealth,
    FilesSize,
    FoundWeights,
    Health,
    NetworkKind,
    WriterHealth,
)

if TYPE_CHECKING:
    from core.services.station import Station

FOLDERS_OF_FILES = 256
SHA256_DIGITS = 64
MAX_COUNTED_FILES = 20_000


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
    versions = installed_versions()
    detectors = tuple(_detector(settings, product) for product in taught_products(settings))
    disk = shutil.disk_usage(_existing(settings.data_dir))
    return Health(
        checked_at=datetime.now(UTC),
        program_version=__version__,
        checks=(
            check_packages(versions),
            check_records(station, in_use, broken),
            check_disk(disk.free, settings),
            *check_weights(settings),
            check_writer(settings),
            check_detectors(detectors),
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
