"""Pictures and PDF of a recorded inspection, made again from the stored files."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from core.domain import Comparison, Exemplar, Inspection
from core.errors import InspectionError, RecordsError
from core.images import encode_png, load_image, thumbnail_png
from core.overlay import ColourScale, render_legend, render_outlined, render_overlay
from core.reporting.pdf import PrintedPair, render_pdf
from core.retrieval.comparisons import same_place
from core.workbench import Workbench

PDF_OVERLAY_OPACITY = 0.55
THUMBNAIL_SIDE = 320
PRINTED_PAIRS = 3
COMPARED_SIDE = 360


def picture(bench: Workbench, inspection: Inspection) -> np.ndarray:
    """The inspected picture as it was judged, uint8 (H, W, 3) RGB.

    Raises:
        RecordsError: if the stored file is missing or altered.
    """
    return _pixels(bench, inspection.image.sha256, inspection.image.filename)


def colour_scale(inspection: Inspection) -> ColourScale:
    """The fixed scale of the inspection's detector: equal colours mean equal values."""
    return ColourScale(inspection.judgement.map_t_low, inspection.judgement.map_t_high)


def overlay_png(
    bench: Workbench,
    inspection: Inspection,
    *,
    opacity: float,
    contour: bool = True,
    numbers: bool = True,
) -> bytes:
    """The picture under its heatmap, with the threshold contour and numbered defects."""
    rendered = render_overlay(
        picture(bench, inspection),
        bench.files.read_map(inspection.map_sha256),
        colour_scale(inspection),
        inspection.defects,
        opacity=opacity,
        show_contour=contour,
        show_numbers=numbers,
    )
    return encode_png(rendered)


def legend_png(inspection: Inspection, *, dark: bool = False) -> bytes:
    """The colour scale, with both thresholds marked."""
    return encode_png(render_legend(colour_scale(inspection), dark=dark))


def exemplar_png(bench: Workbench, exemplar: Exemplar) -> bytes:
    """A normal reference picture, small enough to stand beside the inspected one.

    Raises:
        RecordsError: if the stored file is missing or altered.
    """
    return thumbnail_png(_pixels(bench, exemplar.sha256, exemplar.filename), THUMBNAIL_SIDE)


def comparison_png(
    bench: Workbench, inspection: Inspection, comparison: Comparison
) -> tuple[bytes, bytes]:
    """A defect, outlined, and the same place on the nearest normal part: two equal pictures.

    Raises:
        RecordsError: if a stored file is missing or altered.
    """
    crop = comparison.crop
    part = picture(bench, inspection)[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    normal = _pixels(bench, comparison.exemplar_sha256, comparison.filename)
    place = same_place(normal, comparison)
    outlines = [
        defect.contour for defect in inspection.defects if defect.id == comparison.defect_id
    ]
    return (
        encode_png(render_outlined(part, outlines, (crop.x, crop.y), COMPARED_SIDE)),
        encode_png(render_outlined(place, (), (0, 0), COMPARED_SIDE)),
    )


def report_pdf(bench: Workbench, inspection: Inspection, number: int | None = None) -> bytes:
    """One revision of an inspection's report (the newest unless numbered) as a PDF.

    Raises:
        RecordsError: if the inspection has no such revision.
        RecordsError: if a stored file is missing or altered.
    """
    revisions = [r for r in inspection.revisions if number is None or r.number == number]
    if not revisions:
        raise RecordsError(
            f"Inspection {inspection.id} has no revision {number or ''} of a report to print. "
            "Open the inspection and save a report first."
        )
    now = datetime.now(UTC)
    return render_pdf(
        inspection,
        revisions[-1],
        picture_png=encode_png(picture(bench, inspection)),
        overlay_png=overlay_png(bench, inspection, opacity=PDF_OVERLAY_OPACITY),
        legend_png=legend_png(inspection),
        exemplars_png=[
            (item, exemplar_png(bench, item) if bench.files.contains(item.sha256) else None)
            for item in inspection.exemplars
        ],
        pairs=[
            PrintedPair(comparison, *_pair(bench, inspection, comparison))
            for comparison in inspection.comparisons[:PRINTED_PAIRS]
        ],
        printed_at=now,
        timezone=now.astimezone().tzinfo or UTC,
    )


def _pair(
    bench: Workbench, inspection: Inspection, comparison: Comparison
) -> tuple[tuple[bytes, bytes] | None, str]:
    """The two pictures, or why there are none: a report is printed all the same."""
    try:
        return comparison_png(bench, inspection, comparison), ""
    except InspectionError as error:
        return None, str(error)


def _pixels(bench: Workbench, sha256: str, filename: str) -> np.ndarray:
    limits = bench.settings
    data = bench.files.read(sha256)
    return load_image(
        data, filename, max_bytes=limits.max_image_bytes, max_pixels=limits.max_image_pixels
    ).pixels
