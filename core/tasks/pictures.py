"""Store the pictures of a job before it is queued."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from core.domain import Frozen
from core.domain.errors import ImageError, RecordsError
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.services.station import Station


class KeptPicture(Frozen):
    """A picture in the file store, or the reason why it could not be stored."""

    filename: str
    sha256: str = ""
    refusal: str = Field("", description="why it could not be stored; empty: it was")

    def file(self, station: Station) -> PictureFile:
        """Return the picture's file; reading it raises ImageError if it could not be stored."""
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
    """Store pictures for a job, which may run hours later and in another process.

    A picture that cannot be read or is too large is recorded with the reason, and refused when the
    job reaches it. All other checks are made by the job.

    Raises:
        RecordsError: if the file store cannot be written.
    """
    return tuple(_kept(station, picture) for picture in pictures)


def _kept(station: Station, picture: PictureFile) -> KeptPicture:
    try:
        data = picture.read()
        if len(data) > station.settings.max_image_bytes:
            # Too large to be stored: this call raises the error that says so.
            checked_image(station.settings, data, picture.filename)
    except ImageError as error:
        return KeptPicture(filename=picture.filename, refusal=str(error))
    return KeptPicture(filename=picture.filename, sha256=station.files.put(data))
