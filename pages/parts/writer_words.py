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
    if model.is_offline:
        return t("writers.licence_own")
    return t("writers.licence_served") if model.is_own_server else model.licence
