"""How pictures were taken: what a card knows of those taught, and what is unlike them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen


class Measure(StrEnum):
    """A measure of how a picture was taken; the light is that of the picture as a whole."""

    BRIGHTNESS = "brightness"
    CONTRAST = "contrast"
    RED_AGAINST_BLUE = "red against blue"
    GREEN_AGAINST_BOTH = "green against both"
    SHARPNESS = "sharpness"
    TURN = "turn"
    BRIGHTEST = "brightest"
    SPAN = "span"


class TaughtRange(Frozen):
    """What a measure was among the pictures taught, on the scale of that measure."""

    lowest: float
    highest: float
    spread: float = Field(ge=0, description="from the tenth to the ninetieth percentile")


class TaughtConditions(Frozen):
    """How the pictures were taken that a detector was taught with."""

    pictures: int = Field(ge=1)
    ranges: dict[Measure, TaughtRange]
    pose: tuple[float, ...] = Field(description="mean of the pictures, reduced to a few fields")


class Unlikeness(StrEnum):
    """In which way a picture was taken unlike those taught."""

    DARKER = "darker"
    BRIGHTER = "brighter"
    LESS_CONTRAST = "less contrast"
    MORE_CONTRAST = "more contrast"
    COLOURS_SWAPPED = "colours swapped"
    REDDER = "redder"
    BLUER = "bluer"
    GREENER = "greener"
    LESS_GREEN = "less green"
    BLURRED = "blurred"
    SHARPER = "sharper"
    TURNED = "turned"


# What was measured, what was taught, and what to do before the part is blamed.
SENTENCES = {
    Unlikeness.DARKER: "This picture is darker than those taught: mean grey level {measured:.0f}, "
    "those taught {low:.0f} to {high:.0f}. Check lamp and exposure before blaming the part.",
    Unlikeness.BRIGHTER: "This picture is brighter than those taught: mean grey level "
    "{measured:.0f}, those taught {low:.0f} to {high:.0f}. Check lamp and exposure before blaming "
    "the part.",
    Unlikeness.LESS_CONTRAST: "This picture has less contrast than those taught: grey levels vary "
    "by {measured:.0f}, in those taught by {low:.0f} to {high:.0f}. Check lamp, lens and exposure "
    "before blaming the part.",
    Unlikeness.MORE_CONTRAST: "This picture has more contrast than those taught: grey levels vary "
    "by {measured:.0f}, in those taught by {low:.0f} to {high:.0f}. Check lamp and exposure before "
    "blaming the part.",
    Unlikeness.COLOURS_SWAPPED: "Red and blue seem to be swapped: red less blue is "
    "{measured:.0f} % of the light, in the pictures taught {low:.0f} to {high:.0f} %. Check "
    "whether the camera's program writes BGR for RGB before blaming the part.",
    Unlikeness.REDDER: "This picture is redder than those taught: red less blue is "
    "{measured:.0f} % of the light, in the pictures taught {low:.0f} to {high:.0f} %. Check lamp "
    "and white balance before blaming the part.",
    Unlikeness.BLUER: "This picture is bluer than those taught: red less blue is {measured:.0f} % "
    "of the light, in the pictures taught {low:.0f} to {high:.0f} %. Check lamp and white balance "
    "before blaming the part.",
    Unlikeness.GREENER: "This picture is greener than those taught: green beyond red and blue is "
    "{measured:.0f} % of the light, in the pictures taught {low:.0f} to {high:.0f} %. Check lamp "
    "and white balance before blaming the part.",
    Unlikeness.LESS_GREEN: "This picture is less green than those taught: green beyond red and "
    "blue is {measured:.0f} % of the light, in the pictures taught {low:.0f} to {high:.0f} %. "
    "Check lamp and white balance before blaming the part.",
    Unlikeness.BLURRED: "This picture is less sharp than those taught: fine detail {measured:.2f} "
    "of the coarse, in those taught {low:.2f} to {high:.2f}. Check focus, lens and motion before "
    "blaming the part.",
    Unlikeness.SHARPER: "This picture has more fine detail or noise than those taught: "
    "{measured:.2f} of the coarse, in those taught {low:.2f} to {high:.2f}. Check gain and focus "
    "before blaming the part.",
    Unlikeness.TURNED: "This picture seems to be turned or mirrored: it is more like those taught "
    "after a turn ({high:.2f}) than as it is ({measured:.2f}). Check how the part lies and how the "
    "camera is mounted before blaming the part.",
}


class Unlike(Frozen):
    """One way in which a picture was taken unlike those taught, with what was measured.

    Example:
        >>> Unlike(kind=Unlikeness.DARKER, measured=71.6, low=112, high=130.2).sentence()[:76]
        'This picture is darker than those taught: mean grey level 72, those taught 1'
    """

    kind: Unlikeness
    measured: float = Field(description="TURNED: likeness to those taught as the picture is, -1..1")
    low: float = Field(description="of those taught")
    high: float = Field(description="of those taught; TURNED: likeness after a turn")

    def sentence(self) -> str:
        """State it as the record, the command line and REST say it."""
        return SENTENCES[self.kind].format(measured=self.measured, low=self.low, high=self.high)
