"""Channels of 8 bits to upright RGB."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from core.domain.errors import ImageError
from core.domain.reading import BayerPattern
from core.imaging.decoding.opened import Opened

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsProfile

DEMOSAIC: dict[BayerPattern, int] = {
    "RGGB": cv2.COLOR_BayerRGGB2RGB,
    "BGGR": cv2.COLOR_BayerBGGR2RGB,
    "GRBG": cv2.COLOR_BayerGRBG2RGB,
    "GBRG": cv2.COLOR_BayerGBRG2RGB,
}
MODES = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}


def to_rgb(
    channels: np.ndarray, opened: Opened, bayer: BayerPattern | None, name: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Turn channels into RGB: raw pixels are interpolated, profiles converted to sRGB.

    Args:
        channels: uint8 (H, W) or (H, W, C), as `opened` describes them.
        opened: the file that they are of.
        bayer: pattern of the product's raw pictures, where the file does not say.
        name: for messages.

    Returns:
        uint8 (H, W, 3), and notices.

    Raises:
        ImageError: if the picture is raw and its pattern is not known.
    """
    channels = channels.reshape(*channels.shape[:2], -1)
    colours, alpha = channels, None
    if opened.alpha != "none":
        colours, alpha = channels[:, :, :-1], channels[:, :, -1:]
    if opened.inverted:
        colours = 255 - colours
    notices: tuple[str, ...] = ()
    pattern = opened.mosaic or bayer
    if opened.is_raw and pattern is None:
        raise ImageError(
            f"{name} is raw: each pixel holds one colour of a Bayer pattern that it does not name. "
            "State the pattern when teaching (such as RGGB), or have the camera write RGB."
        )
    if pattern is not None and colours.shape[2] == 1:
        rgb = cv2.cvtColor(np.ascontiguousarray(colours[:, :, 0]), DEMOSAIC[pattern])
    else:
        rgb, notices = _in_srgb(colours, opened, name)
    if alpha is None or (alpha == 255).all():
        return rgb, notices
    return _on_white(rgb, alpha, opened.alpha == "multiplied"), (
        *notices,
        "The picture has transparent parts; they are taken as white.",
    )


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored rows and columns as the EXIF orientation, 1 to 8, says."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _in_srgb(colours: np.ndarray, opened: Opened, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if not opened.profile:
        return _without_profile(colours, opened), ()
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(opened.profile))
        if _is_srgb(profile):
            return _without_profile(colours, opened), ()
        converted = ImageCms.profileToProfile(
            _image(colours, opened), profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (OSError, ImageCms.PyCMSError):
        notice = f"{name} has a colour profile that cannot be used; its colours are taken as sRGB."
        return _without_profile(colours, opened), (notice,)
    assert converted is not None
    return np.array(converted), ()


def _is_srgb(profile: ImageCmsProfile) -> bool:
    return "srgb" in (profile.profile.profile_description or "").lower()


def _without_profile(colours: np.ndarray, opened: Opened) -> np.ndarray:
    if opened.colours == "grey":
        return cv2.cvtColor(np.ascontiguousarray(colours[:, :, 0]), cv2.COLOR_GRAY2RGB)
    if opened.colours == "rgb":
        return np.ascontiguousarray(colours)
    return np.array(_image(colours, opened).convert("RGB"))


def _image(colours: np.ndarray, opened: Opened) -> Image.Image:
    grey = opened.colours == "grey"
    stored = np.ascontiguousarray(colours[:, :, 0] if grey else colours)
    return Image.frombytes(MODES[opened.colours], stored.shape[1::-1], stored.tobytes())


def _on_white(rgb: np.ndarray, alpha: np.ndarray, multiplied: bool) -> np.ndarray:
    opacity = alpha.astype(np.float32) / 255
    seen = rgb.astype(np.float32) * (1 if multiplied else opacity)
    return np.clip(np.round(seen + 255 * (1 - opacity)), 0, 255).astype(np.uint8)
