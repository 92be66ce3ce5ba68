"""All that is known at one moment, and the part of it that is searched for a product."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.domain import Product
from core.retrieval.knowledge.entries import GOOD, Entry

# Stands for a product's names in passages of documents about all products.
ALL = "*"


@dataclass(frozen=True)
class Scope:
    """The part of the knowledge that a search covers.

    Attributes:
        step: its name: 'defect type', 'product' (with its category), 'category' or 'any'.
        where: Chroma's filter on metadata; None: no filter.
        count: number of entries that pass the filter.
    """

    step: str
    where: dict[str, Any] | None
    count: int


class Catalogue:
    """The pieces of knowledge by id, counted by what they are about.

    Normal characteristics are looked up by product, never by meaning, so they are left out of
    `searched` and of the index.
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
        """Hash of the ids of all entries that belong in the index."""
        return hashlib.sha256("\n".join(sorted(self.searched)).encode()).hexdigest()

    def scope(self, product: Product, defect_type: str | None = None) -> Scope:
        """Find the narrowest scope that holds entries of its own.

        A product's own entries add to those of its category in other data sets: the scope holds
        both. Every scope includes the documents about all products, but they do not count as its
        own.
        """
        place = f"{product.key}/{defect_type}"
        if defect_type and self._counts["place", place]:
            return self._scope("defect type", "place", place)
        if self._counts["product", product.key]:
            return self._scope("product", "category", product.category)
        if self._counts["category", product.category]:
            return self._scope("category", "category", product.category)
        return self.everything()

    def _scope(self, step: str, name: str, value: str) -> Scope:
        where = {name: {"$in": [value, ALL]}}
        return Scope(step, where, self._counts[name, value] + self._counts[name, ALL])

    def everything(self) -> Scope:
        """Describe the scope of the whole index."""
        return Scope("any", None, len(self.searched))

    def of_product(self, product: Product) -> tuple[Entry, ...]:
        """List the entries about defects of a product's category, its own first; else all."""
        typed = [entry for entry in self.searched.values() if entry.defect_type]
        category = [entry for entry in typed if entry.category == product.category]
        category.sort(key=lambda entry: entry.dataset != product.dataset)
        return tuple(category or typed)

    def normal(self, product: Product) -> tuple[str, Entry] | None:
        """Find the entry about good parts, and whether it is of the 'product' or 'category'."""
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
    """List the values by which the index can filter an entry."""
    if not entry.category:
        return {"place": ALL, "product": ALL, "category": ALL}
    return {
        "place": f"{entry.product_key}/{entry.defect_type}",
        "product": entry.product_key,
        "category": entry.category,
    }
