"""What the catalogue of report writers says in English, in the console's language.

Names, licences of others and commands stay as they are.
"""

from __future__ import annotations

from core.reporting.catalogue import Model
from pages.texts import t


def writer_title(model: Model) -> str:
    """Name a writer."""
    return t("writers.composer") if model.is_offline else model.title


def licence_text(model: Model) -> str:
    """Name the licence of a writer."""
    names = {
        "as this program": t("writers.licence_own"),
        "that of the model served": t("writers.licence_served"),
    }
    return names.get(model.licence, model.licence)
