"""What of a folder is taken, and what is named as left out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import ImageError, NoPictureError
from core.imaging.decoding import checked_image
from core.imaging.encoding import encode_jpeg, encode_png
from core.imaging.folder_contents import is_data, readable
from core.imaging.picture_files import PictureFile, pictures_at
from core.infrastructure.settings import Settings

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)


def said_of(folder: Path) -> dict[str, str]:
    """Read every entry; returns what is said of each, empty if its bytes are given."""
    said = {}
    for picture in pictures_at([folder]):
        try:
            picture.read()
            said[picture.filename] = ""
        except ImageError as error:
            said[picture.filename] = f"{type(error).__name__}: {error}"
    return said


def test_pictures_are_known_by_their_content(tmp_path: Path) -> None:
    for name in ("a.jfif", "a.jpg_medium", "a", "a.001", "a.JPG"):
        (tmp_path / name).write_bytes(encode_jpeg(PIXELS))

    pictures = pictures_at([tmp_path])

    assert len(pictures) == 5
    for picture in pictures:
        image = checked_image(Settings(), picture.read(), picture.filename)
        assert (image.info.format, image.info.filename) == ("JPEG", picture.filename)


def test_a_name_that_claims_another_format_is_still_refused() -> None:
    with pytest.raises(ImageError, match=r"holds a JPEG picture but is named \.png"):
        checked_image(Settings(), encode_jpeg(PIXELS), "a.png")


def test_everything_in_a_folder_is_taken_or_named(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(encode_png(PIXELS))
    (tmp_path / "2.raw").write_bytes(b"\0\1\2" * 100)
    (tmp_path / "3.png").write_bytes(b"not a picture, but called one")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("Löhne", "utf-8")
    (tmp_path / "table.csv").write_text("a;b", "utf-16")
    (tmp_path / "cut.md").write_bytes(b"a" * 4095 + "ä".encode())
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "4.png").write_bytes(encode_png(PIXELS))
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "readme").write_text("read me")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe")

    said = said_of(tmp_path)

    assert {name for name, text in said.items() if not text} == {"1.png", "2.raw", "3.png", "empty"}
    texts = ("notes.txt", "table.csv", "cut.md")
    assert {said[name] for name in texts} == {
        f"NoPictureError: {name} holds text, not a picture." for name in texts
    }
    assert said["papers"] == "NoPictureError: papers is a folder without pictures."
    assert said["more"].startswith("ImageError: more is a folder, and only files")
    assert "cannot be read" in said["gone.png"]
    assert "no ordinary file" in said["pipe"]


def test_files_of_programs_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(encode_png(PIXELS))
    for name in ("._1.png", ".DS_Store", "Thumbs.db", "Desktop.ini", ".hidden.jpg", "Icon\r"):
        (tmp_path / name).write_bytes(b"\0\5\26\7")
    for name in (".ipynb_checkpoints", "__MACOSX", "@eaDir"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(encode_png(PIXELS))

    assert said_of(tmp_path) == {"1.png": ""}
    assert not is_data("shop/__MACOSX/1.png")
    assert is_data("shop/1.png")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "1.png").write_bytes(encode_png(PIXELS))
    (tmp_path / "notes.txt").write_text("nothing here")

    with pytest.raises(ImageError, match="holds no picture"):
        pictures_at([tmp_path])


def test_any_name_is_a_text_for_people(tmp_path: Path) -> None:
    names = [b"\xb0\xa1\xb3\xaa.png", "😀.png".encode(), b"a\n\x1bb.png", "균열.png".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(encode_png(PIXELS))

    pictures = pictures_at([tmp_path])

    said = {picture.filename for picture in pictures}
    assert said == {"%B0%A1%B3%AA.png", "😀.png", "a%0A%1Bb.png", "균열.png"}
    for picture in pictures:
        assert checked_image(Settings(), picture.read(), picture.filename).info.width == 40
        picture.filename.encode()


def test_what_turns_the_text_round_is_shown() -> None:
    assert PictureFile.of("a\u202egnp.exe", b"").filename == "a%E2%80%AEgnp.exe"
    assert readable("\ud83d") == "%ED%A0%BD"
    assert issubclass(NoPictureError, ImageError)
