"""What was dropped on a page, as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable

from streamlit import config
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.imaging.folder_contents import is_data
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings

MB = 2**20
# What a browser wraps around the file it sends counts too.
ENVELOPE_MB = 1


def largest_mb(settings: Settings) -> int:
    """Return the largest picture that an uploader takes and names, in whole MB."""
    return math.ceil(settings.max_image_bytes / MB)


def accept_uploads(settings: Settings) -> None:
    """Let this server receive files as large as the largest picture."""
    config.set_option("server.maxUploadSize", largest_mb(settings) + ENVELOPE_MB)


def uploaded(files: Iterable[UploadedFile]) -> list[PictureFile]:
    """List uploads but for files that programs keep beside pictures for themselves.

    The uploaders take every kind of file: the browser would turn away by its name what is a picture
    by its content, and say so for a second only. What is none is refused like any other picture.
    """
    return [PictureFile.of(file.name, file.getvalue()) for file in files if is_data(file.name)]
