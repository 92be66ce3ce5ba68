"""Knowledge snippets, searched by meaning in Chroma."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.domain import Product, Snippet
from core.errors import KnowledgeError
from core.retrieval.encoders import SentenceEncoder
from core.retrieval.entries import GOOD, Entry, read_entries
from core.settings import Settings

if TYPE_CHECKING:
    from langchain_chroma import Chroma

COLLECTION = "knowledge"
Filter = dict[str, Any]


class KnowledgeBase:
    """The knowledge file and its index, which follows every change of the file.

    Example:
        >>> base = KnowledgeBase.open(settings(), encoder)          # doctest: +SKIP
        >>> base.search("thin dark line", product)[0].defect_type   # doctest: +SKIP
        'crack'
    """

    def __init__(self, settings: Settings, encoder: Callable[[], SentenceEncoder]) -> None:
        self._path = settings.knowledge_file
        self._chroma_dir = settings.chroma_dir
        self._encoder = encoder
        self._store: Chroma | None = None
        self._read_at: int | None = None
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings, encoder: Callable[[], SentenceEncoder]) -> KnowledgeBase:
        """Open the index.

        Args:
            settings: where the knowledge file and the index are.
            encoder: called once, when the first text is encoded.

        Raises:
            KnowledgeError: if the knowledge file cannot be used.
        """
        base = cls(settings, encoder)
        with base._lock:
            base._refresh()
        return base

    def search(self, query: str, product: Product, k: int = 3) -> tuple[Snippet, ...]:
        """Entries about defects that are nearest in meaning.

        The product's own entries are asked first; when it has none, those of its category in any
        data set; when there are none either, all. `Snippet.matched_by` says which answered.

        Args:
            query: what is seen, in words.
            product: that is inspected.
            k: how many.

        Raises:
            KnowledgeError: if the knowledge file was changed into one that cannot be used.
        """
        with self._lock:
            store = self._refresh()
            matched_by, where = self._narrowest(product)
            found = store.similarity_search_with_score(query, k=k, filter=where)
            return tuple(
                self._snippet(document.metadata["entry"], 1 - distance, matched_by)
                for document, distance in found
            )

    def normal_characteristics(self, product: Product) -> Snippet | None:
        """What a good part looks like, for the product or else its category."""
        with self._lock:
            self._refresh()
            good = [
                entry
                for entry in self._entries.values()
                if entry.defect_type == GOOD and entry.category == product.category
            ]
            own = [entry for entry in good if entry.dataset == product.dataset]
            if not good:
                return None
            return self._snippet((own or good)[0].id, 1.0, "product" if own else "category")

    def _narrowest(self, product: Product) -> tuple[str, Filter]:
        defects = [entry for entry in self._entries.values() if entry.defect_type != GOOD]
        same_category = [entry for entry in defects if entry.category == product.category]
        not_good: Filter = {"defect_type": {"$ne": GOOD}}
        category: Filter = {"category": product.category}
        if any(entry.dataset == product.dataset for entry in same_category):
            return "product", {"$and": [not_good, category, {"dataset": product.dataset}]}
        if same_category:
            return "category", {"$and": [not_good, category]}
        return "any", not_good

    def _snippet(self, entry_id: str, similarity: float, matched_by: str) -> Snippet:
        entry = self._entries[entry_id]
        return Snippet(
            id=entry.id,
            dataset=entry.dataset,
            category=entry.category,
            defect_type=entry.defect_type,
            text=entry.text,
            source=self._path.name,
            similarity=similarity,
            matched_by=matched_by,
        )

    def _refresh(self) -> Chroma:
        """Read the file again if it changed, and change exactly what differs in the index."""
        try:
            changed_at = self._path.stat().st_mtime_ns
        except OSError as error:
            raise KnowledgeError(
                f"The knowledge file {self._path} cannot be read: {error.strerror}. Restore it."
            ) from error
        if self._store is not None and changed_at == self._read_at:
            return self._store
        entries = {entry.id: entry for entry in read_entries(self._path)}
        store = self._store or self._open_store()
        indexed = set(store.get(include=[])["ids"])
        if gone := sorted(indexed - entries.keys()):
            store.delete(gone)
        if new := [entry for key, entry in entries.items() if key not in indexed]:
            store.add_texts(
                [f"{entry.defect_type.replace('_', ' ')}. {entry.text}" for entry in new],
                metadatas=[
                    {
                        "entry": entry.id,
                        "dataset": entry.dataset,
                        "category": entry.category,
                        "defect_type": entry.defect_type,
                    }
                    for entry in new
                ],
                ids=[entry.id for entry in new],
            )
        self._store, self._read_at, self._entries = store, changed_at, entries
        return store

    def _open_store(self) -> Chroma:
        from chromadb.config import Settings as ChromaSettings
        from langchain_chroma import Chroma
        from langchain_core.embeddings import Embeddings

        encoder = self._encoder()

        class Encoder(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return encoder.encode(texts).tolist()

            def embed_query(self, text: str) -> list[float]:
                return encoder.encode([text])[0].tolist()

        self._chroma_dir.mkdir(parents=True, exist_ok=True)
        # Vectors of different encoders do not compare: each has a collection of its own.
        return Chroma(
            collection_name=f"{COLLECTION}-{encoder.name}",
            embedding_function=Encoder(),
            persist_directory=str(self._chroma_dir),
            client_settings=ChromaSettings(anonymized_telemetry=False, is_persistent=True),
            collection_configuration={"hnsw": {"space": "cosine"}},
        )
