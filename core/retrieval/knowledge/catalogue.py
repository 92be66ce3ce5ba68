"""All that is known at one moment, and which of it is asked about a product."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.domain import Product
from core.retrieval.knowledge.entries import GOOD, Entry

# What passages of documents for all products have in place of a product's names.
ALL = "*"


@dataclass(frozen=True)
class Scope:
    """Which part of the knowledge a search looks at.

    Attributes:
        step: that answers: 'defect type', 'product', 'category' or 'any'.
        where: Chroma's filter on metadata; None: everything.
        count: how many pieces of knowledge pass the filter.
    """

    step: str
    where: dict[str, Any] | None
    count: int


class Catalogue:
    """Pieces of knowledge by id, counted by what they are about.

    Normal characteristics are looked up by product, never by meaning: they are kept apart from
    `searched`, and so out of the index.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self.searched = {
            entry.id: entry for entry in self.entries.values() if entry.defect_type != GOOD
        }
        self._counts = Counter(
            value for entry in self.searched.values() for value in metadata(entry).items()
        )

    @cached_property
    def manifest(self) -> str:
        """Hash of the ids of all that belongs into the index."""
        return hashlib.sha256("\n".join(sorted(self.searched)).encode()).hexdigest()

    def scope(self, product: Product, defect_type: str | None = None) -> Scope:
        """The narrowest part that holds anything of its own.

        Documents about all products take part at every step, but are nobody's own.
        """
        for step, name, value in (
            ("defect type", "place", f"{product.key}/{defect_type}" if defect_type else None),
            ("product", "product", product.key),
            ("category", "category", product.category),
        ):
            if value is not None and (own := self._counts[name, value]):
                where = {name: {"$in": [value, ALL]}}
                return Scope(step, where, own + self._counts[name, ALL])
        return self.everything()

    def everything(self) -> Scope:
        """All that is searched."""
        return Scope("any", None, len(self.searched))

    def of_product(self, product: Product) -> tuple[Entry, ...]:
        """Entries about defects of a product: its own, or else its category's, or else all."""
        typed = [entry for entry in self.searched.values() if entry.defect_type]
        category = [entry for entry in typed if entry.category == product.category]
        own = [entry for entry in category if entry.dataset == product.dataset]
        return tuple(own or category or typed)

    def normal(self, product: Product) -> tuple[str, Entry] | None:
        """What a good part looks like, and whether 'product' or 'category' says so."""
        good = [
            entry
            for entry in self.entries.values()
            if entry.defect_type == GOOD and entry.category == product.category
        ]
        own = [entry for entry in good if entry.dataset == product.dataset]
        if not good:
            return None
        return ("product", own[0]) if own else ("category", good[0])


def metadata(entry: Entry) -> dict[str, str]:
    """What the index can filter an entry by."""
    if not entry.category:
        return {"place": ALL, "product": ALL, "category": ALL}
    return {
        "place": f"{entry.product_key}/{entry.defect_type}",
        "product": entry.product_key,
        "category": entry.category,
    }
