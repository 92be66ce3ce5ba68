"""Knowledge snippets, searched by meaning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from core.domain import Product, Snippet
from core.infrastructure.settings import Settings
from core.retrieval.knowledge.catalogue import Catalogue
from core.retrieval.knowledge.documents import DocumentStore
from core.retrieval.knowledge.encoders import SentenceEncoder
from core.retrieval.knowledge.entries import Entry
from core.retrieval.knowledge.index import KnowledgeIndex
from core.retrieval.knowledge.sources import Sources


class KnowledgeBase:
    """The knowledge file, the documents and their index, which follows every change of them.

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
        """Open the index, brought up to date.

        Args:
            settings: where the knowledge and its index are.
            encoder: called once, when it is needed.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        base = cls(settings, encoder)
        base.refresh()
        return base

    def refresh(self) -> None:
        """Bring the index up to date now, so that the next search need not.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            self._index.follow(self._sources.catalogue())

    def search(
        self, query: str, product: Product, k: int = 3, defect_type: str | None = None
    ) -> tuple[Snippet, ...]:
        """Knowledge about defects that is nearest in meaning.

        The narrowest part that holds anything is asked: the product's entry of the defect type,
        when that is known; the product's entries and documents; those of its category in any data
        set; all. Documents about all products take part at every step. `Snippet.matched_by` says
        which step answered.

        Args:
            query: what is seen, in words.
            product: that is inspected.
            k: how many.
            defect_type: when it is known already.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            catalogue = self._sources.catalogue()
            self._index.follow(catalogue)
            scope = catalogue.scope(product, defect_type)
            found = self._index.nearest(catalogue, query, scope, k)
            return tuple(
                _snippet(catalogue.entries[entry_id], similarity, scope.step)
                for entry_id, similarity in found
            )

    def find(self, query: str, k: int) -> tuple[Snippet, ...]:
        """Knowledge of any product that is nearest in meaning.

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
        """Cosine of a query and each of some entries; ids that are not searched are left out.

        Raises:
            KnowledgeError: if the knowledge or its index cannot be used.
        """
        with self._lock:
            catalogue = self._sources.catalogue()
            self._index.follow(catalogue)
            known = [entry_id for entry_id in ids if entry_id in catalogue.searched]
            return self._index.similarities(catalogue, query, known) if known else {}

    def entries(self, product: Product | None = None) -> tuple[Entry, ...]:
        """What is known now.

        Args:
            product: None for everything, passages of documents and normal characteristics
                included; with a product, entries about defects only: its own, or else those of its
                category, or else all.

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        catalogue = self._catalogue()
        return (
            tuple(catalogue.entries.values()) if product is None else catalogue.of_product(product)
        )

    def entry(self, entry_id: str) -> Entry | None:
        """The current entry of an id; None when there is none (any more).

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        return self._catalogue().entries.get(entry_id)

    def normal_characteristics(self, product: Product) -> Snippet | None:
        """What a good part looks like, for the product or else its category.

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        found = self._catalogue().normal(product)
        return _snippet(found[1], 1.0, found[0]) if found else None

    def _catalogue(self) -> Catalogue:
        with self._lock:
            return self._sources.catalogue()


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
