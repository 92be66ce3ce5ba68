"""Whether a picture was taken as those were that its detector was taught with."""

from __future__ import annotations

from collections.abc import Mapping

from core.images import CheckedImage


def colour_notices(taught: Mapping[str, float], image: CheckedImage) -> tuple[str, ...]:
    """What to know of a picture that is grey where those taught are in colour, or the reverse.

    Args:
        taught: figures of the detector's card; one of before these were kept says nothing.
        image: to be judged.
    """
    grey, colour = taught.get("grey_pictures", 0), taught.get("colour_pictures", 0)
    if image.in_colour and grey and not colour:
        return (_differs("in colour", "grey"),)
    if not image.in_colour and colour and not grey:
        return (_differs("grey", "in colour"),)
    return ()


def joined(known: Mapping[str, float], added: Mapping[str, float]) -> dict[str, float]:
    """Figures of the pictures that a card knows and of added ones; what it does not know stays so.

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


def _differs(this: str, those: str) -> str:
    return (
        f"This picture is {this}, but those taught are {those}: the score compares what cannot be "
        "compared. Set the camera as it was, or teach the product from pictures like this one."
    )
