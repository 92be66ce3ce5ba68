"""What the catalogue of report writers says in English, in the console's language.

Names, licences of others and commands stay as they are.
"""

from __future__ import annotations

import re

from core.reporting.catalogue import Model
from pages.texts import number, t


def writer_title(model: Model) -> str:
    """A writer's name."""
    return t("writers.composer") if model.provider == "offline" else model.title


def licence_text(model: Model) -> str:
    """The licence of a writer."""
    names = {
        "as this program": t("writers.licence_own"),
        "that of the model served": t("writers.licence_served"),
    }
    return names.get(model.licence, model.licence)


def lack_text(phrase: str) -> str:
    """What keeps a writer from running here; `availability.missing` has it in English."""
    if found := re.fullmatch(r"needs about (\S+) GB of memory, (\S+) GB are free", phrase):
        needed, free = map(float, found.groups())
        return t("writers.lacks_memory", needed=number(needed, 1), free=number(free, 1))
    if found := re.fullmatch(r"(.+?)(?: \(| on |: )(.+?)\)?", phrase):
        kind, name = found.groups()
        return _lacks(name).get(kind, phrase)
    return phrase


def _lacks(name: str) -> dict[str, str]:
    return {
        "API key": t("writers.lacks_key", name=name.replace(" or ", " / ")),
        "URL of the server": t("writers.lacks_url", name=name),
        "name of its model": t("writers.lacks_model", name=name),
        "library missing": t("writers.lacks_library", name=name),
        "weights missing": t("writers.lacks_weights", name=name),
        "shut down by its provider": t("writers.shut_down", name=name),
    }
