"""Pictures of a job: kept in the file store before it is put in the queue."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from core.domain import Frozen
from core.domain.errors import ImageError, RecordsError
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.services.station import Station


class KeptPicture(Frozen):
    """A picture in the file store, or why it is not there."""

    filename: str
    sha256: str = ""
    refusal: str = Field("", description="why it could not be kept; empty: it was")

    def file(self, station: Station) -> PictureFile:
        """The picture; reading raises ImageError if it could not be kept."""
        return PictureFile(self.filename, lambda: self._read(station), self.sha256)

    def _read(self, station: Station) -> bytes:
        if self.refusal:
            raise ImageError(self.refusal)
        try:
            return station.files.read(self.sha256)
        except RecordsError as error:
            # One lost file is no reason to leave out the pictures after it.
            raise ImageError(f"{self.filename} cannot be used: {error}") from error


def keep_pictures(station: Station, pictures: Iterable[PictureFile]) -> tuple[KeptPicture, ...]:
    """Keep pictures for a job, which may run hours later and in another process.

    One that cannot be read or is too large is noted with its sentence, and refused when its turn
    comes; all others are looked at only then.

    Raises:
        RecordsError: if the file store cannot be written.
    """
    return tuple(_kept(station, picture) for picture in pictures)


def _kept(station: Station, picture: PictureFile) -> KeptPicture:
    try:
        data = picture.read()
        if len(data) > station.settings.max_image_bytes:
            # Too large to be stored: this is what says so.
            checked_image(station.settings, data, picture.filename)
    except ImageError as error:
        return KeptPicture(filename=picture.filename, refusal=str(error))
    return KeptPicture(filename=picture.filename, sha256=station.files.put(data))
