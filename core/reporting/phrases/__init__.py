"""The offline composer's words: one catalogue of phrases per language."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from pathlib import Path

from core.domain import (
    ClockPlace,
    FalseAlarmRate,
    Frozen,
    Language,
    Likeness,
    Severity,
    percent,
    place_of,
)


class Phrases(Frozen):
    """Phrases of one language; numbers keep the decimal point of the record in all of them.

    A figure in a report is compared with the record, by people and by the grounding check: it is
    written as it stands there, not as the language would write it.
    """

    text: dict[str, str]
    severity: dict[Severity, str]
    region: dict[str, str]

    def say(self, key: str, **values: object) -> str:
        """Fill the placeholders of a phrase."""
        return self.text[key].format(**values)

    def place(self, region: str) -> str:
        """Say where a defect lies, on the grid or on the clock."""
        place = place_of(region)
        if isinstance(place, ClockPlace):
            return self.region["clock_rim" if place.is_at_rim else "clock"].format(hour=place.hour)
        return self.region[place]

    def false_alarm(self, rate: FalseAlarmRate) -> str:
        """Say `FalseAlarmRate.sentence()` in this language, with the same figures."""
        bound = _points(rate.guaranteed, 3)
        if rate.is_estimate:
            return self.say("false_alarm_estimate", bound=bound, count=rate.held_out)
        said = self.say(
            "false_alarm_bound",
            bound=bound,
            confidence=_points(rate.confidence),
            count=rate.held_out,
        )
        if rate.is_met:
            return said
        return f"{said} {self.say('false_alarm_short', requested=_points(rate.requested))}"

    def far(self, likeness: Likeness) -> str:
        """Say `Likeness.sentence()` of a picture that no normal is close to, in this language."""
        if likeness.farther_than == 1:
            return self.say("farther_than_any", count=likeness.normals)
        share = math.floor(likeness.farther_than * 100)
        return self.say("farther_than", count=likeness.normals, share=share)


@cache
def phrases(language: Language) -> Phrases:
    """Read the catalogue of a language, `<language>.toml` beside this file."""
    path = Path(__file__).with_name(f"{language.value}.toml")
    return Phrases(**tomllib.loads(path.read_text("utf-8")))


def _points(share: float, digits: int = 10) -> str:
    return percent(share, digits).removesuffix("%")
