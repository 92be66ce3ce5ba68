"""Pictures that one piece of work looks at several times, each decoded once."""

from __future__ import annotations

import threading

import numpy as np

from core.domain import Inspection
from core.domain.reading import Reading
from core.imaging.decoding import CheckedImage, checked_image
from core.services.station import Station


class DecodedPictures:
    """Pictures of the file store, read and decoded at first use; safe to use from several threads.

    They live as long as the work that they are made for: what is altered on disk is noticed by the
    next one.

    Example:
        >>> decoded = DecodedPictures(station)                              # doctest: +SKIP
        >>> decoded.of(inspection) is decoded.of(inspection)                # doctest: +SKIP
        True
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._lock = threading.Lock()
        self._pixels: dict[tuple[str, Reading], np.ndarray] = {}

    def add(self, image: CheckedImage) -> None:
        """Take in a picture that was decoded already."""
        with self._lock:
            self._pixels[image.info.sha256, image.info.reading] = _read_only(image.pixels)

    def of(self, inspection: Inspection) -> np.ndarray:
        """Read the inspected picture as it was judged; as for `pixels`."""
        image = inspection.image
        return self.pixels(image.sha256, image.filename, image.reading)

    def pixels(self, sha256: str, filename: str, reading: Reading) -> np.ndarray:
        """Read a picture of the file store: uint8 (H, W, 3), RGB, read-only.

        Args:
            sha256: of the picture.
            filename: for messages.
            reading: of the detector that it is looked at for.

        Raises:
            RecordsError: if the stored file is missing or altered.
            ImageError: if the detector's pictures are read in a way that this one cannot be.
        """
        key = (sha256, reading)
        with self._lock:
            if key not in self._pixels:
                data = self._station.files.read(sha256)
                image = checked_image(self._station.settings, data, filename, sha256, reading)
                self._pixels[key] = _read_only(image.pixels)
            return self._pixels[key]


def _read_only(pixels: np.ndarray) -> np.ndarray:
    view = pixels.view()
    view.flags.writeable = False
    return view
