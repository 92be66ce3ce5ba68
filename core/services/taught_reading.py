"""How the pictures of a product are read: told by all those that it is taught with."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.errors import ImageError
from core.domain.reading import UNSTATED, Reading
from core.imaging.decoding import survey
from core.imaging.decoding.depth import learned_reading
from core.imaging.picture_files import PictureFile
from core.services.station import Station


def learn_reading(
    station: Station, pictures: Sequence[PictureFile], stated: Reading = UNSTATED
) -> Reading:
    """Find out how pictures are read, before one of them is.

    Args:
        station: its settings limit what is looked at.
        pictures: to be taught; those that cannot be used are left to the check that follows.
        stated: what a person says who knows the camera.

    Raises:
        ImageError: if the files contradict each other.
    """
    peaks: list[int] = []
    spans: list[tuple[float, float]] = []
    for picture in pictures:
        try:
            seen = survey(station.settings, picture.read(), picture.filename)
        except ImageError:
            continue
        if seen.peak is not None:
            peaks.append(seen.peak)
        if seen.span is not None:
            spans.append(seen.span)
    return learned_reading(peaks, spans, stated)
