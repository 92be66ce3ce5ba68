"""Open a product's index of normal pictures, and rebuild it if it no longer fits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.detection.checkpoints import Taught, read_exemplars
from core.domain.errors import CheckpointError, InspectionError
from core.imaging.decoding import checked_image
from core.infrastructure.atomic_files import write_atomically
from core.infrastructure.settings import Settings
from core.records.files import FileStore
from core.retrieval.normals.exemplars import ExemplarIndex, Look, Normal
from core.retrieval.normals.visual import VisualEncoder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenedIndex:
    """An index that the present encoder can search.

    Attributes:
        index: of the product's normals.
        notice: why and how it was rebuilt; empty if it was read unchanged.
    """

    index: ExemplarIndex
    notice: str = ""


def open_index(
    settings: Settings,
    files: FileStore,
    taught: Taught,
    encoder: Callable[[], VisualEncoder],
) -> OpenedIndex:
    """Read the index of a taught version.

    An index that is damaged, older than this program or made with another encoder is rebuilt from
    the stored pictures and kept in DATA_DIR. The files of the version itself stay unchanged.

    Args:
        settings: name the folder of rebuilt indexes.
        files: the store of the normals' pictures.
        taught: the version.
        encoder: loads the present encoder; called once.

    Raises:
        WeightsError: if there is no encoder.
        CheckpointError: if the index must be rebuilt but no picture is left.
    """
    present = encoder()
    try:
        index = ExemplarIndex.from_bytes(read_exemplars(taught))
    except CheckpointError as error:
        why = str(error)
    else:
        if index.encoder == present.name:
            return OpenedIndex(index)
        why = f"The index of normal pictures was made by {index.encoder}, not by {present.name}."
    return _rebuilt(settings, files, taught, present, why)


def _rebuilt(
    settings: Settings, files: FileStore, taught: Taught, encoder: VisualEncoder, why: str
) -> OpenedIndex:
    card = taught.card
    name = f"{card.product.dataset}-{card.product.category}-{card.detector.version}-{encoder.name}"
    path = settings.exemplars_dir / f"{name}.safetensors"
    try:
        kept = ExemplarIndex.from_bytes(path.read_bytes())
        return OpenedIndex(kept, f"{why} The one that was built again is used.")
    except (OSError, CheckpointError):
        normals = list(_stored(settings, files, taught, encoder))
    total = len(card.images)
    if not normals:
        raise CheckpointError(
            f"{why} It cannot be built again: none of its {total} normal pictures is in "
            f"{files.root}. Restore the folder from a copy, or teach the product again."
        )
    index = ExemplarIndex.of(normals)
    if len(normals) == total:
        _keep(path, index)
    return OpenedIndex(
        index, f"{why} It was built again from {len(normals)} of {total} stored normal pictures."
    )


def _keep(path: Path, index: ExemplarIndex) -> None:
    """Store a rebuilt index for later; if that fails, it is used from memory."""
    try:
        write_atomically(path, index.to_bytes())
    except OSError as error:
        log.warning("The index of normal pictures could not be kept in %s: %s", path, error)


def _stored(
    settings: Settings, files: FileStore, taught: Taught, encoder: VisualEncoder
) -> Iterator[Normal]:
    for image in taught.card.images:
        try:
            data = files.read(image.sha256)
            checked = checked_image(
                settings, data, image.filename, image.sha256, taught.card.reading
            )
        except InspectionError:
            continue  # counted in the notice
        yield Normal(image.sha256, image.filename, Look.of(checked.pixels, encoder))
