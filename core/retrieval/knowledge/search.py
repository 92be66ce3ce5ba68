"""Search knowledge by meaning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from core.domain import Product, Snippet
from core.infrastructure.settings import Settings
from core.retrieval.knowledge.catalogue import Catalogue, Scope
from core.retrieval.knowledge.documents import DocumentStore
from core.retrieval.knowledge.encoders import SentenceEncoder
from core.retrieval.knowledge.entries import Entry
from core.retrieval.knowledge.index import KnowledgeIndex
from core.retrieval.knowledge.sources import Sources


class KnowledgeBase:
    """The knowledge file and the documents, with an index that follows every change to them.

    Example:
        >>> from pathlib import Path
        >>> file = Path("knowledge.json")
        >>> _ = file.write_text('{"Plant": {"lid": {"crack": "A dark line.", "dent": "Bent."}}}')
        >>> settings = Settings(knowledge_file=file)
        >>> base = KnowledgeBase.open(
        ...     settings, lambda: SentenceEncoder.load(settings.model_cache_dir)
        ... )
        >>> base.search("thin dark line", Product(dataset="Plant", category="lid"))[0].defect_type
        'crack'
    """

    def __init__(self, settings: Settings, encoder: Callable[[], SentenceEncoder]) -> None:
        self.file = settings.knowledge_file
        self.documents = DocumentStore(settings.documents_dir)
        self._sources = Sources(self.file, self.documents)
        self._index = KnowledgeIndex(settings, encoder)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings, encoder: Callable[[], SentenceEncoder]) -> KnowledgeBase:
        """Open the index and bring it up to date.

        Args:
            settings: give the places of the knowledge and its index.
            encoder: loads the encoder; called once, at first use.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        base = cls(settings, encoder)
        base.refresh()
        return base

    def refresh(self) -> None:
        """Bring the index up to date now, to spare the next search the wait.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            self._index.follow(self._sources.catalogue())

    def search(
        self, query: str, product: Product, k: int = 3, defect_type: str | None = None
    ) -> tuple[Snippet, ...]:
        """Find the knowledge about defects that is nearest in meaning.

        The search uses the narrowest scope that holds anything: the product's entry for the defect
        type, if given; the entries and documents of the product and of its category in any data
        set; everything. Every scope includes the documents about all products.
        `Snippet.matched_by` names the scope used, and 'category' for another data set's.

        Args:
            query: a description of what is seen.
            product: the inspected product.
            k: how many snippets to find.
            defect_type: the defect type, if known.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            catalogue = self._sources.catalogue()
            self._index.follow(catalogue)
            scope = catalogue.scope(product, defect_type)
            found = self._index.nearest(catalogue, query, scope, k)
            return tuple(
                _snippet(entry, similarity, _matched_by(entry, product, scope))
                for entry, similarity in (
                    (catalogue.entries[entry_id], similarity) for entry_id, similarity in found
                )
            )

    def find(self, query: str, k: int) -> tuple[Snippet, ...]:
        """Find the knowledge about any product that is nearest in meaning.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            catalogue = self._sources.catalogue()
            self._index.follow(catalogue)
            found = self._index.nearest(catalogue, query, catalogue.everything(), k)
            return tuple(
                _snippet(catalogue.entries[entry_id], similarity, "any")
                for entry_id, similarity in found
            )

    def similarities(self, query: str, ids: Sequence[str]) -> dict[str, float]:
        """Measure the cosine of a query and each entry; ids outside the index are left out.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            catalogue = self._sources.catalogue()
            self._index.follow(catalogue)
            known = [entry_id for entry_id in ids if entry_id in catalogue.searched]
            return self._index.similarities(catalogue, query, known) if known else {}

    def entries(self, product: Product | None = None) -> tuple[Entry, ...]:
        """List what is known now.

        Args:
            product: None: everything, including passages of documents and normal characteristics.
                Otherwise only entries about defects: those of its category, its own first, or
                else all.

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        catalogue = self._catalogue()
        return (
            tuple(catalogue.entries.values()) if product is None else catalogue.of_product(product)
        )

    def entry(self, entry_id: str) -> Entry | None:
        """Find the current entry with an id; None if there is none, or no longer.

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        return self._catalogue().entries.get(entry_id)

    def normal_characteristics(self, product: Product) -> Snippet | None:
        """Find what a good part of the product, or else of its category, looks like.

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        found = self._catalogue().normal(product)
        return _snippet(found[1], 1.0, found[0]) if found else None

    def _catalogue(self) -> Catalogue:
        with self._lock:
            return self._sources.catalogue()


def _matched_by(entry: Entry, product: Product, scope: Scope) -> str:
    is_of_others = entry.category and entry.product_key != product.key
    return "category" if scope.step == "product" and is_of_others else scope.step


def _snippet(entry: Entry, similarity: float, matched_by: str) -> Snippet:
    return Snippet(
        id=entry.id,
        dataset=entry.dataset,
        category=entry.category,
        defect_type=entry.defect_type,
        text=entry.text,
        source=entry.source,
        page=entry.page,
        heading=entry.heading,
        similarity=similarity,
        matched_by=matched_by,
    )
