"""What was dropped on a page, as pictures."""

from __future__ import annotations

from collections.abc import Iterable

from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.imaging.folder_contents import is_data
from core.imaging.picture_files import PictureFile


def uploaded(files: Iterable[UploadedFile]) -> list[PictureFile]:
    """List uploads but for files that programs keep beside pictures for themselves.

    The uploaders take every kind of file: the browser would turn away by its name what is a picture
    by its content, and say so for a second only. What is none is refused like any other picture.
    """
    return [PictureFile.of(file.name, file.getvalue()) for file in files if is_data(file.name)]
