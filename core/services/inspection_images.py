"""Pictures and PDF of a recorded inspection, made again from the stored files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from core.detection.checkpoints import read_card
from core.domain import ComparedPair, Exemplar, Inspection, Product, Revision
from core.domain.errors import InspectionError, ProductError, RecordsError
from core.domain.reading import Reading
from core.imaging.encoding import encode_png, thumbnail_png
from core.imaging.overlay import ColourScale, render_legend, render_outlined, render_overlay
from core.imaging.picture_files import PictureFile
from core.records.audits import require_unsealed
from core.reporting.pdf.report import render_pdf
from core.retrieval.normals.comparisons import same_place
from core.services.decoded_pictures import DecodedPictures
from core.services.station import Station

PDF_OVERLAY_OPACITY = 0.55
THUMBNAIL_SIDE = 320
PRINTED_PAIRS = 3
COMPARED_SIDE = 360
NORMAL_SIDE = 480


def picture(station: Station, inspection: Inspection) -> np.ndarray:
    """Read the inspected picture as it was judged, uint8 (H, W, 3) RGB.

    Raises:
        RecordsError: if the stored file is missing or altered.
    """
    return DecodedPictures(station).of(inspection)


def recorded_picture(station: Station, inspection: Inspection) -> PictureFile:
    """Return the file that was inspected, to inspect it again."""
    sha256 = inspection.image.sha256
    return PictureFile(inspection.image.filename, lambda: station.files.read(sha256), sha256)


def picture_thumbnail(
    station: Station,
    sha256: str,
    filename: str,
    reading: Reading,
    decoded: DecodedPictures | None = None,
) -> bytes:
    """Render a picture as a small PNG, read as the pictures of its detector are.

    Raises:
        RecordsError: if the stored file is missing or altered.
    """
    decoded = decoded or DecodedPictures(station)
    return thumbnail_png(decoded.pixels(sha256, filename, reading), THUMBNAIL_SIDE)


def colour_scale(inspection: Inspection) -> ColourScale:
    """Read the fixed scale of the inspection's detector: equal colours mean equal values."""
    return ColourScale(inspection.judgement.map_t_low, inspection.judgement.map_t_high)


def overlay_png(
    station: Station,
    inspection: Inspection,
    *,
    opacity: float,
    contour: bool = True,
    numbers: bool = True,
    decoded: DecodedPictures | None = None,
) -> bytes:
    """Render the picture under its heatmap, with the threshold contour and numbered defects."""
    rendered = render_overlay(
        (decoded or DecodedPictures(station)).of(inspection),
        station.files.read_map(inspection.map_sha256),
        colour_scale(inspection),
        inspection.defects,
        opacity=opacity,
        show_contour=contour,
        show_numbers=numbers,
    )
    return encode_png(rendered)


def legend_png(
    inspection: Inspection, labels: tuple[str, str, str], *, dark: bool = False
) -> bytes:
    """Render the colour scale with both thresholds; labels and dark as for `render_legend`."""
    return encode_png(render_legend(colour_scale(inspection), labels, dark=dark))


def exemplar_png(
    station: Station,
    exemplar: Exemplar,
    reading: Reading,
    decoded: DecodedPictures | None = None,
) -> bytes:
    """Render a normal reference picture, small enough to stand beside the inspected one.

    Raises:
        RecordsError: if the stored file is missing or altered.
    """
    return picture_thumbnail(station, exemplar.sha256, exemplar.filename, reading, decoded)


def compared_pairs(
    station: Station,
    inspection: Inspection,
    most: int | None = None,
    decoded: DecodedPictures | None = None,
) -> tuple[ComparedPair, ...]:
    """Render each compared defect beside the same place on the nearest normal part.

    A picture that is missing or altered is said in its pair: the other pairs are kept.
    """
    asked = inspection.comparisons[:most]
    if not asked:
        return ()
    decoded = decoded or DecodedPictures(station)
    try:
        part = decoded.of(inspection)
    except InspectionError as error:
        return tuple(
            ComparedPair(comparison=comparison, pictures=None, problem=str(error))
            for comparison in asked
        )
    contours = {defect.id: defect.contour for defect in inspection.defects}
    pairs = []
    for comparison in asked:
        try:
            normal = decoded.pixels(
                comparison.exemplar_sha256, comparison.filename, inspection.image.reading
            )
        except InspectionError as error:
            pairs.append(ComparedPair(comparison=comparison, pictures=None, problem=str(error)))
            continue
        crop = comparison.crop
        seen = part[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
        outline = [contours[comparison.defect_id]] if comparison.defect_id in contours else []
        pictures = (
            encode_png(render_outlined(seen, outline, (crop.x, crop.y), COMPARED_SIDE)),
            encode_png(render_outlined(same_place(normal, comparison), [], (0, 0), COMPARED_SIDE)),
        )
        pairs.append(ComparedPair(comparison=comparison, pictures=pictures))
    return tuple(pairs)


def check_printable(station: Station, inspection: Inspection) -> None:
    """Find out in milliseconds what `report_pdf` would fail for.

    Raises:
        RecordsError: if there is no report, its finding is sealed, or the picture or its map are
            missing or altered.
    """
    require_unsealed(station.records, inspection.id)
    _revision(inspection, None)
    station.files.read(inspection.image.sha256)
    station.files.read(inspection.map_sha256)


def report_pdf(station: Station, inspection: Inspection, number: int | None = None) -> bytes:
    """Print one revision of an inspection's report as a PDF: by default the one that counts.

    Raises:
        RecordsError: if the inspection has no such revision, its finding is sealed, or a stored
            file is missing or altered.
    """
    require_unsealed(station.records, inspection.id)
    now, decoded = datetime.now(UTC), DecodedPictures(station)
    # Without numbers: the map has a scale of its own, and the figures in view are the score's.
    labels = ("review", "fail", "")
    return render_pdf(
        inspection,
        _revision(inspection, number),
        picture_png=encode_png(decoded.of(inspection)),
        overlay_png=overlay_png(station, inspection, opacity=PDF_OVERLAY_OPACITY, decoded=decoded),
        legend_png=legend_png(inspection, labels),
        exemplars_png=[
            (item, exemplar_png_or_none(station, item, inspection.image.reading, decoded))
            for item in inspection.exemplars
        ],
        pairs=compared_pairs(station, inspection, PRINTED_PAIRS, decoded),
        printed_at=now,
        timezone=now.astimezone().tzinfo or UTC,
    )


@dataclass(frozen=True)
class NormalPicture:
    """A normal part, to be drawn upon.

    Attributes:
        png: the picture, small.
        aspect: width over height.
    """

    png: bytes
    aspect: float


def normal_picture(station: Station, product: Product) -> NormalPicture | None:
    """Find a normal part that the active detector was taught with; None: none is stored.

    Raises:
        CheckpointError: if the detector's card is damaged.
    """
    try:
        card = read_card(station.settings, product)
        image = card.images[0]
        pixels = DecodedPictures(station).pixels(image.sha256, image.filename, card.reading)
    except (ProductError, RecordsError):
        return None
    return NormalPicture(thumbnail_png(pixels, NORMAL_SIDE), pixels.shape[1] / pixels.shape[0])


def exemplar_png_or_none(
    station: Station,
    exemplar: Exemplar,
    reading: Reading,
    decoded: DecodedPictures | None = None,
) -> bytes | None:
    """Render its picture, or return None: a report is printed all the same."""
    try:
        return exemplar_png(station, exemplar, reading, decoded)
    except InspectionError:
        return None


def _revision(inspection: Inspection, number: int | None) -> Revision:
    numbered = (each for each in inspection.revisions if each.number == number)
    revision = inspection.revision if number is None else next(numbered, None)
    if revision is None:
        raise RecordsError(
            f"Inspection {inspection.id} has no revision {number or ''} of a report to print. "
            "Open the inspection and save a report first."
        )
    return revision
