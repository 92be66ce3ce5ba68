"""Reading a knowledge entry by its labels, and quoting it at a bounded length."""

from __future__ import annotations

import re
from typing import Literal

from core.domain import CauseClass

Label = Literal["Appearance", "Common causes", "Effect", "Recommended action"]
LABELS: tuple[Label, ...] = ("Appearance", "Common causes", "Effect", "Recommended action")
CUT = " ..."
_CLASS = re.compile(rf"({'|'.join(CauseClass)})\b[^:;]{{0,30}}:\s*", re.IGNORECASE)


def labelled_part(text: str, label: Label) -> str:
    """Read what a knowledge text says under one label; empty when it has no such label.

    Example:
        >>> labelled_part("Common causes: heat. Effect: a gap.", "Common causes")
        'heat.'
    """
    others = "|".join(re.escape(other) for other in LABELS if other != label)
    found = re.search(rf"{re.escape(label)}:\s*(.*?)(?=\s*(?:{others}):|$)", text, re.DOTALL)
    return found[1].strip() if found else ""


def labelled_causes(text: str) -> tuple[tuple[CauseClass | None, str], ...]:
    """Read the common causes that a knowledge text names, each with its 6M class.

    A list without classes is one cause of no class: where one ends and the next begins is not
    known.

    Example:
        >>> labelled_causes("Common causes: Machine: worn die; Man (handling): a knock.")
        ((<CauseClass.MACHINE: 'machine'>, 'worn die'), (<CauseClass.MAN: 'man'>, 'a knock'))
    """
    part = labelled_part(text, "Common causes").removesuffix(".")
    causes: list[tuple[CauseClass | None, str]] = []
    for piece in part.split(";"):
        words = piece.strip()
        named = _CLASS.match(words)
        if named:
            causes.append((CauseClass(named[1].lower()), words[named.end() :]))
        elif not causes:
            return ((None, part),) if part else ()
        else:
            # The semicolon was inside a cause, which goes on.
            cause_class, said = causes.pop()
            causes.append((cause_class, f"{said}; {words}"))
    return tuple(causes)


def cut(text: str, length: int) -> str:
    """Cut a text to at most `length` characters, at a word, with " ..." where it was cut."""
    if len(text) <= length:
        return text
    kept = text[: max(0, length - len(CUT)) + 1]
    # Text without spaces, such as a Korean compound or a long number, is cut where it must be.
    return (kept.rsplit(None, 1)[0] if len(kept.split()) > 1 else kept[:-1]) + CUT
