"""Index the knowledge in Chroma, in the data folder or on a server."""

from __future__ import annotations

import logging
import secrets
import shutil
import socket
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from core.domain.errors import KnowledgeError
from core.infrastructure.atomic_files import write_atomically
from core.infrastructure.settings import Settings
from core.retrieval.knowledge.catalogue import Catalogue, Scope, metadata
from core.retrieval.knowledge.encoders import SentenceEncoder

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from langchain_chroma import Chroma

log = logging.getLogger(__name__)
T = TypeVar("T")

# Increase the number whenever the form of the indexed texts changes: their ids would stay the same.
COLLECTION = "knowledge-2"
# Scopes up to this size are searched exactly, by comparing all vectors. Chroma's graph is faster on
# larger ones, but slow if a filter lets only few entries pass.
MAX_COMPARED_EXACTLY = 20_000
# Vectors of the most recently used scopes stay in memory: 154 MB at most.
MAX_KEPT_VECTORS = 100_000
WRITE_BATCH_SIZE = 2_000
CONNECT_TIMEOUT_S = 3.0


class _Damaged(Exception):
    """The index in the data folder cannot be read, but can be rebuilt from its sources."""


class KnowledgeIndex:
    """The vectors of all that is known, brought up to date by `follow`.

    It is not thread-safe: the owner must hold a lock.
    """

    def __init__(self, settings: Settings, encoder: Callable[[], SentenceEncoder]) -> None:
        self._url = settings.chroma_url
        self._root = settings.chroma_dir
        self._load_encoder = encoder
        self._encoder: SentenceEncoder | None = None
        self._client: ClientAPI | None = None
        self._store: Chroma | None = None
        self._manifest: str | None = None
        self._kept: OrderedDict[str, tuple[list[str], np.ndarray]] = OrderedDict()

    def follow(self, catalogue: Catalogue) -> None:
        """Update the entries that differ from the catalogue.

        Raises:
            KnowledgeError: if the index cannot be opened or changed, or is of another encoder.
        """
        if self._manifest != catalogue.manifest:
            self._with_repair(lambda: self._follow(catalogue), catalogue)

    def nearest(
        self, catalogue: Catalogue, query: str, scope: Scope, k: int
    ) -> list[tuple[str, float]]:
        """Find the ids and cosines of the k nearest entries of a scope, the nearest first.

        Raises:
            KnowledgeError: if the index cannot be read.
        """
        vector = self._encoded(query)

        def search() -> list[tuple[str, float]]:
            if scope.count <= MAX_COMPARED_EXACTLY:
                ids, vectors = self._vectors(scope)
                cosines = vectors @ vector
                best = np.argsort(-cosines, kind="stable")[:k]
                return [(ids[place], float(cosines[place])) for place in best]
            found = self._opened().similarity_search_by_vector_with_relevance_scores(
                vector.tolist(), k, filter=scope.where
            )
            return [(document.id or "", 1 - distance) for document, distance in found]

        return self._with_repair(search, catalogue)

    def similarities(
        self, catalogue: Catalogue, query: str, ids: Sequence[str]
    ) -> dict[str, float]:
        """Measure the cosine of a query and each entry.

        Raises:
            KnowledgeError: if the index cannot be read.
        """
        vector = self._encoded(query)

        def compare() -> dict[str, float]:
            found = self._opened().get(list(ids), include=["embeddings"])
            vectors = np.asarray(found["embeddings"], np.float32).reshape(-1, vector.size)
            return dict(zip(found["ids"], (vectors @ vector).tolist(), strict=True))

        return self._with_repair(compare, catalogue)

    def _with_repair(self, work: Callable[[], T], catalogue: Catalogue) -> T:
        """Do some work; if the index is damaged, rebuild it from its sources and try again."""
        try:
            with self._translated_errors():
                return work()
        except _Damaged as error:
            log.warning("The knowledge index is damaged (%s) and is rebuilt", error)
        folder = self._folder()
        self._forget()
        # Chroma keeps hold of a folder that it failed to open, so the new index needs another one.
        self._new_folder()
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with self._translated_errors():
                self._follow(catalogue)
                return work()
        except _Damaged as error:
            self._forget()
            raise KnowledgeError(
                f"The knowledge index in {self._root} cannot be built ({error}). Free space or "
                "correct the folder's permissions, and try again."
            ) from error

    def _follow(self, catalogue: Catalogue) -> None:
        store = self._opened()
        if self._recorded("manifest") != catalogue.manifest:
            indexed = set(store.get(include=[])["ids"])
            # An interrupted update leaves no manifest: the next start then compares all ids again.
            self._record(manifest="")
            gone = sorted(indexed - catalogue.searched.keys())
            for start in range(0, len(gone), WRITE_BATCH_SIZE):
                store.delete(gone[start : start + WRITE_BATCH_SIZE])
            new = [entry for key, entry in catalogue.searched.items() if key not in indexed]
            for start in range(0, len(new), WRITE_BATCH_SIZE):
                batch = new[start : start + WRITE_BATCH_SIZE]
                store.add_texts(
                    [entry.indexed_text for entry in batch],
                    metadatas=[dict(metadata(entry)) for entry in batch],
                    ids=[entry.id for entry in batch],
                )
            self._record(manifest=catalogue.manifest)
        self._kept.clear()
        self._manifest = catalogue.manifest

    def _vectors(self, scope: Scope) -> tuple[list[str], np.ndarray]:
        """Read the ids and vectors, float32 (n, dimensions), of a scope."""
        key = repr(scope.where)
        if key not in self._kept:
            found = self._opened().get(where=scope.where, include=["embeddings"])
            vectors = np.asarray(found["embeddings"], np.float32)
            self._kept[key] = found["ids"], vectors.reshape(len(found["ids"]), -1)
            while sum(len(ids) for ids, _ in self._kept.values()) > MAX_KEPT_VECTORS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _encoded(self, query: str) -> np.ndarray:
        return self._loaded_encoder().encode([query])[0]

    def _loaded_encoder(self) -> SentenceEncoder:
        if self._encoder is None:
            self._encoder = self._load_encoder()
        return self._encoder

    def _opened(self) -> Chroma:
        if self._store is not None:
            return self._store
        from langchain_chroma import Chroma
        from langchain_core.embeddings import Embeddings

        encoder = self._loaded_encoder()

        class Encoder(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return encoder.encode(texts).tolist()

            def embed_query(self, text: str) -> list[float]:
                return encoder.encode([text])[0].tolist()

        self._client = self._connected()
        self._store = Chroma(
            collection_name=self._name(),
            embedding_function=Encoder(),
            client=self._client,
            collection_metadata={"encoder": encoder.identity, "manifest": ""},
            collection_configuration={"hnsw": {"space": "cosine"}},
        )
        if (made_by := self._recorded("encoder")) != encoder.identity:
            self._forget()
            raise KnowledgeError(
                f"The knowledge index was built with the encoder {made_by}, but this station uses "
                f"{encoder.identity}: their vectors are not comparable. Remove {self._where()} to "
                "have it rebuilt."
            )
        return self._store

    def _connected(self) -> ClientAPI:
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        quiet = ChromaSettings(anonymized_telemetry=False, is_persistent=self._url is None)
        if self._url is None:
            return chromadb.PersistentClient(str(self._folder()), quiet)
        address = urlsplit(self._url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise KnowledgeError(
                f"CHROMA_URL must be the address of a Chroma server, such as "
                f"http://127.0.0.1:8000, but is {self._url!r}. Correct or unset it."
            )
        secure = address.scheme == "https"
        port = address.port or (443 if secure else 80)
        # Chroma's own client has no timeout for connecting.
        socket.create_connection((address.hostname, port), CONNECT_TIMEOUT_S).close()
        return chromadb.HttpClient(address.hostname, port, ssl=secure, settings=quiet)

    def _name(self) -> str:
        """Name the collection; a server may hold the collections of several stations."""
        name = f"{COLLECTION}-{self._loaded_encoder().identity}"
        return name if self._url is None else f"{name}-{self._station()}"

    def _station(self) -> str:
        path = self._root / "station"
        if not path.exists():
            write_atomically(path, secrets.token_hex(8).encode())
        return path.read_text()

    def _recorded(self, name: str) -> Any:  # noqa: ANN401 - Chroma's metadata hold several types
        return (self._collection().metadata or {}).get(name)

    def _record(self, **values: str) -> None:
        collection = self._collection()
        collection.modify(metadata={**(collection.metadata or {}), **values})

    def _collection(self) -> Any:  # noqa: ANN401 - chromadb is imported late
        assert self._client is not None, "the index is open"
        return self._client.get_collection(self._name())

    def _where(self) -> str:
        return f"the collection {self._name()} from {self._url}" if self._url else str(self._root)

    def _folder(self) -> Path:
        numbers = [int(path.name) for path in self._root.glob("[0-9]*") if path.name.isdecimal()]
        return self._root / str(max(numbers, default=1))

    def _new_folder(self) -> None:
        number = int(self._folder().name) + 1
        with suppress(OSError):
            (self._root / str(number)).mkdir(parents=True)

    def _forget(self) -> None:
        self._client = self._store = self._manifest = None
        self._kept.clear()

    @contextmanager
    def _translated_errors(self) -> Generator[None]:
        """Turn Chroma's errors into a KnowledgeError, or into _Damaged for a local index."""
        try:
            yield
        except KnowledgeError:
            raise
        except Exception as error:
            if not _is_chroma_error(error):
                raise
            self._forget()
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            if self._url is None:
                raise _Damaged(first) from error
            raise KnowledgeError(
                f"The Chroma server at {self._url} (CHROMA_URL) does not answer properly: "
                f"{first} Start it, or unset CHROMA_URL to use the index in DATA_DIR."
            ) from error


def _is_chroma_error(error: Exception) -> bool:
    """Tell whether an error comes from Chroma or the connection: they share no base class."""
    import httpx
    from chromadb.errors import ChromaError

    # A server that cannot be reached is a plain ValueError.
    return isinstance(error, ChromaError | httpx.HTTPError | ValueError | OSError)
