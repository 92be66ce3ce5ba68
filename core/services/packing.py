"""What an inspecting station needs, put into one folder on the machine that teaches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.detection.checkpoints import Card, active_version, load_version, read_card
from core.detection.product_files import product_folder
from core.detection.registry import detector_class
from core.domain import Product
from core.domain.errors import OutputError, ProductError, RecordsError
from core.infrastructure.settings import Settings
from core.records.files import FileStore
from core.retrieval.knowledge.encoders import SentenceEncoder, find_encoder
from core.retrieval.normals.visual import VisualEncoder
from core.services.station import Station


@dataclass(frozen=True)
class Packed:
    """What was put into a folder.

    Attributes:
        products: keys of the products that can be inspected with it.
        networks: names of the converted networks.
        notices: sentences on what was left out.
        size: of all files, in bytes.
    """

    products: tuple[str, ...]
    networks: tuple[str, ...]
    notices: tuple[str, ...]
    size: int


def pack_station(station: Station, folder: Path, products: Sequence[Product]) -> Packed:
    """Put into a folder what a station without torch needs to inspect some products.

    ::

        folder/data/models/     networks converted to OpenVINO, with their tokenizer
        folder/data/files/      the normal pictures that findings are compared with
        folder/data/documents/  documents of the knowledge
        folder/checkpoints/     of each product the active detector, policy and named defects
        folder/knowledge/       the knowledge file

    These are the places where a checkout looks for them: DATA_DIR, AD_CHECKPOINT_DIR and
    KNOWLEDGE_FILE by default. The folder is whole or not there at all.

    Args:
        station: that taught the products.
        folder: must not exist yet.
        products: that are to be inspected.

    Raises:
        OutputError: if the folder exists or cannot be written.
        ProductError: if no product is left that can be inspected without torch.
        CheckpointError, WeightsError, KnowledgeError: if something that is to be packed is missing
            or damaged.
    """
    if folder.exists():
        raise OutputError(f"{folder} exists already. Name a folder that does not.")
    scratch = folder.with_name(f".{folder.name}.tmp")
    try:
        scratch.mkdir(parents=True)
        packed = _pack(station, scratch, products)
        scratch.replace(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} could not be written: {error.strerror}. Free space, or name another place."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return packed


def _pack(station: Station, folder: Path, products: Sequence[Product]) -> Packed:
    data = folder / "data"
    # Converted anew, for the processor: what lies in the cache may be of other options, too.
    settings = station.settings.model_copy(update={"model_cache": data / "models", "device": "cpu"})
    files = FileStore(data / "files")
    names, notices = [], []
    for product in products:
        card = read_card(settings, product)
        if detector_class(card.detector.algorithm).needs_torch:
            notices.append(
                f"{product.key} is left out: its detector, {card.detector.algorithm}, judges with "
                "torch. Teach it with another detector to pack it."
            )
            continue
        load_version(settings, product)
        _copy_version(settings, product, folder / "checkpoints")
        notices += _copy_normals(station.files, files, card)
        names.append(product.key)
    if not names:
        raise ProductError(" ".join(["There is nothing to pack.", *notices]))
    VisualEncoder.load(settings)
    SentenceEncoder.load(settings.model_cache_dir, find_encoder(settings))
    _copy_knowledge(settings, folder)
    return Packed(
        tuple(names),
        tuple(sorted(path.stem for path in settings.model_cache_dir.glob("*.xml"))),
        tuple(notices),
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    )


def _copy_version(settings: Settings, product: Product, checkpoints: Path) -> None:
    """Copy a product's active version, and what belongs to the product whatever its version."""
    active = active_version(settings, product)
    version = Path(active.algorithm) / active.version
    source = product_folder(settings, product)
    target = checkpoints / product.dataset / product.category
    shutil.copytree(source / version, target / version)
    for path in source.iterdir():
        if path.is_file():
            shutil.copy2(path, target)


def _copy_normals(source: FileStore, target: FileStore, card: Card) -> Iterator[str]:
    """Copy the pictures that a product was taught with; say how many are lost."""
    lost = 0
    for image in card.images:
        try:
            target.put(source.read(image.sha256))
        except RecordsError:
            lost += 1
    if lost:
        yield (
            f"{lost} of {len(card.images)} normal pictures of {card.product.key} are not in "
            f"{source.root}: findings are not compared with these."
        )


def _copy_knowledge(settings: Settings, folder: Path) -> None:
    knowledge = folder / "knowledge"
    knowledge.mkdir()
    shutil.copy2(settings.knowledge_file, knowledge / "domain_knowledge.json")
    if settings.documents_dir.exists():
        shutil.copytree(settings.documents_dir, folder / "data" / "documents")
