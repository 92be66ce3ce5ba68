"""Whether a picture was taken as those were that its detector was taught with.

What a card knows of the pictures taught is read from its figures: `width_px_min` and `_max`, the
same of the height, `aspect_min` and `_max` (width over height), `bit_depth_min` and `_max`,
`grey_pictures` and `colour_pictures`. Older cards lack some of them, and say nothing where they do.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.domain import ImageInfo
from core.domain.errors import ProductError
from core.imaging.decoding import CheckedImage

# A line's pictures differ by some pixels where they are cropped around the part.
SIZE_TOLERANCE = 0.05


def condition_notices(
    taught: Mapping[str, float], image: CheckedImage, *, has_scale: bool
) -> tuple[str, ...]:
    """Say where a picture's colour, size, shape or depth differs from those taught.

    Args:
        taught: figures of the detector's card.
        image: to be judged.
        has_scale: whether areas in mm² would be given, were it of the size taught.
    """
    return (
        *_colour_notices(taught, image),
        *_size_notices(taught, image.info, has_scale),
        *_depth_notices(taught, image.info),
    )


def _colour_notices(taught: Mapping[str, float], image: CheckedImage) -> tuple[str, ...]:
    grey, colour = taught.get("grey_pictures", 0), taught.get("colour_pictures", 0)
    if image.in_colour and grey and not colour:
        return (_differs("in colour", "grey"),)
    if not image.in_colour and colour and not grey:
        return (_differs("grey", "in colour"),)
    return ()


def _size_notices(taught: Mapping[str, float], info: ImageInfo, has_scale: bool) -> tuple[str, ...]:
    if is_of_taught_size(taught, info):
        if is_of_one_size(taught) or not has_scale:
            return ()
        return (
            f"No area is given in mm²: the pictures taught have {_sizes(taught)} pixels, and "
            "the product's scale can hold for one size only. Take the scale out of the policy, or "
            "teach the product from pictures of one size.",
        )
    text = (
        f"This picture has {info.width} x {info.height} pixels, but those taught "
        f"{_sizes(taught)}: what it shows is smaller, larger or distorted for the detector."
    )
    if has_scale:
        text += " No area is given in mm², because the product's scale holds for the size taught."
    return (f"{text} Take it as they were, or teach the product from pictures like this one.",)


def _depth_notices(taught: Mapping[str, float], info: ImageInfo) -> tuple[str, ...]:
    bits = info.bit_depth
    low, high = taught.get("bit_depth_min", bits), taught.get("bit_depth_max", bits)
    if low <= bits <= high:
        return ()
    return (
        f"This picture has values of {bits} bits, but those taught of "
        f"{_range(taught, 'bit_depth')}; they are scaled to the same brightness.",
    )


def is_of_taught_size(taught: Mapping[str, float], info: ImageInfo) -> bool:
    """Tell whether width, height and aspect lie within those taught, but for `SIZE_TOLERANCE`."""
    measures = {
        "width_px": info.width,
        "height_px": info.height,
        "aspect": info.width / info.height,
    }
    return all(
        taught.get(f"{name}_min", value) * (1 - SIZE_TOLERANCE)
        <= value
        <= taught.get(f"{name}_max", value) * (1 + SIZE_TOLERANCE)
        for name, value in measures.items()
    )


def is_of_one_size(taught: Mapping[str, float]) -> bool:
    """Tell whether all pictures taught have one size, but for `SIZE_TOLERANCE`."""
    return all(
        taught.get(f"{side}_px_max", 1) <= taught.get(f"{side}_px_min", 1) * (1 + SIZE_TOLERANCE)
        for side in ("width", "height")
    )


def scale_holds(taught: Mapping[str, float], info: ImageInfo) -> bool:
    """Tell whether the scale that was given for the pictures taught holds for this one."""
    return is_of_one_size(taught) and is_of_taught_size(taught, info)


def refuse_scale_of_sizes(mm_per_px: float | None, taught: Mapping[str, float]) -> None:
    """Refuse one scale for pictures of several sizes: it can hold for one of them only.

    Raises:
        ProductError: if there are several sizes and a scale.
    """
    if mm_per_px is not None and not is_of_one_size(taught):
        raise ProductError(
            f"The pictures have {_sizes(taught)} pixels, so {mm_per_px:g} mm per pixel cannot hold "
            "for all of them. Leave the scale out, in the policy too, or teach from pictures of "
            "one size."
        )


def joined(known: Mapping[str, float], added: Mapping[str, float]) -> dict[str, float]:
    """Join the figures of a card's pictures and of added ones; what is unknown stays so.

    Example:
        >>> joined({"width_px_max": 90, "grey_pictures": 3}, {"width_px_max": 80})
        {'width_px_max': 90}
    """
    ways = {"min": min, "max": max, "pictures": sum}
    return {
        name: ways[name.rpartition("_")[2]]((known[name], value))
        for name, value in added.items()
        if name in known
    }


def _sizes(taught: Mapping[str, float]) -> str:
    return " x ".join(_range(taught, f"{side}_px") for side in ("width", "height"))


def _range(taught: Mapping[str, float], name: str) -> str:
    low, high = (taught.get(f"{name}_{end}") for end in ("min", "max"))
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


def _differs(this: str, those: str) -> str:
    return (
        f"This picture is {this}, but those taught are {those}: the score compares what cannot be "
        "compared. Set the camera as it was, or teach the product from pictures like this one."
    )
