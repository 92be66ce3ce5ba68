"""The index of the knowledge in Chroma: under the data folder, or on a server."""

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

# Its number is raised with the form of the indexed texts: ids alone would not tell.
COLLECTION = "knowledge-2"
# Up to here all vectors of a scope are compared, which is exact; Chroma's graph, which is faster on
# more, becomes slow where a filter lets only few of them pass.
COMPARED_EXACTLY = 20_000
# Vectors of the scopes used last stay in memory: 154 MB at most.
KEPT_VECTORS = 100_000
WRITTEN_AT_ONCE = 2_000
CONNECT_SECONDS = 3.0


class _Damaged(Exception):
    """The index under the data folder cannot be read; it can be made again from its sources."""


class KnowledgeIndex:
    """Vectors of all that is known, brought up to date by `follow`.

    Not safe to use from several threads at once: its owner holds a lock.
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
        """Change exactly what differs from the catalogue; nothing when nothing does.

        Raises:
            KnowledgeError: if the index cannot be opened or changed, or another encoder made it.
        """
        if self._manifest != catalogue.manifest:
            self._mended(lambda: self._follow(catalogue), catalogue)

    def nearest(
        self, catalogue: Catalogue, query: str, scope: Scope, k: int
    ) -> list[tuple[str, float]]:
        """Ids of the closest pieces of knowledge with their cosines, the closest first.

        Raises:
            KnowledgeError: if the index cannot be read.
        """
        vector = self._encoded(query)

        def search() -> list[tuple[str, float]]:
            if scope.count <= COMPARED_EXACTLY:
                ids, vectors = self._vectors(scope)
                cosines = vectors @ vector
                best = np.argsort(-cosines, kind="stable")[:k]
                return [(ids[place], float(cosines[place])) for place in best]
            found = self._opened().similarity_search_by_vector_with_relevance_scores(
                vector.tolist(), k, filter=scope.where
            )
            return [(document.id or "", 1 - distance) for document, distance in found]

        return self._mended(search, catalogue)

    def similarities(
        self, catalogue: Catalogue, query: str, ids: Sequence[str]
    ) -> dict[str, float]:
        """Cosine of a query and each of some pieces of knowledge.

        Raises:
            KnowledgeError: if the index cannot be read.
        """
        vector = self._encoded(query)

        def compare() -> dict[str, float]:
            found = self._opened().get(list(ids), include=["embeddings"])
            vectors = np.asarray(found["embeddings"], np.float32).reshape(-1, vector.size)
            return dict(zip(found["ids"], (vectors @ vector).tolist(), strict=True))

        return self._mended(compare, catalogue)

    def _mended(self, work: Callable[[], T], catalogue: Catalogue) -> T:
        """Do the work; where the index is damaged, make it again from its sources first."""
        try:
            with self._sentences():
                return work()
        except _Damaged as error:
            log.warning("The knowledge index is damaged (%s): it is made again", error)
        folder = self._folder()
        self._forget()
        # Chroma holds on to a folder that it could not open: the new index needs another one.
        self._new_folder()
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with self._sentences():
                self._follow(catalogue)
                return work()
        except _Damaged as error:
            self._forget()
            raise KnowledgeError(
                f"The knowledge index in {self._root} cannot be made ({error}). Free space or "
                "correct the folder's rights, then try again."
            ) from error

    def _follow(self, catalogue: Catalogue) -> None:
        store = self._opened()
        if self._recorded("manifest") != catalogue.manifest:
            indexed = set(store.get(include=[])["ids"])
            # A change that is cut off leaves no manifest: the next start compares all ids again.
            self._record(manifest="")
            gone = sorted(indexed - catalogue.searched.keys())
            for start in range(0, len(gone), WRITTEN_AT_ONCE):
                store.delete(gone[start : start + WRITTEN_AT_ONCE])
            new = [entry for key, entry in catalogue.searched.items() if key not in indexed]
            for start in range(0, len(new), WRITTEN_AT_ONCE):
                batch = new[start : start + WRITTEN_AT_ONCE]
                store.add_texts(
                    [entry.indexed_text for entry in batch],
                    metadatas=[dict(metadata(entry)) for entry in batch],
                    ids=[entry.id for entry in batch],
                )
            self._record(manifest=catalogue.manifest)
        self._kept.clear()
        self._manifest = catalogue.manifest

    def _vectors(self, scope: Scope) -> tuple[list[str], np.ndarray]:
        """Ids and vectors, float32 (n, dimensions), of a scope."""
        key = repr(scope.where)
        if key not in self._kept:
            found = self._opened().get(where=scope.where, include=["embeddings"])
            vectors = np.asarray(found["embeddings"], np.float32)
            self._kept[key] = found["ids"], vectors.reshape(len(found["ids"]), -1)
            while sum(len(ids) for ids, _ in self._kept.values()) > KEPT_VECTORS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _encoded(self, query: str) -> np.ndarray:
        return self._the_encoder().encode([query])[0]

    def _the_encoder(self) -> SentenceEncoder:
        if self._encoder is None:
            self._encoder = self._load_encoder()
        return self._encoder

    def _opened(self) -> Chroma:
        if self._store is not None:
            return self._store
        from langchain_chroma import Chroma
        from langchain_core.embeddings import Embeddings

        encoder = self._the_encoder()

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
                f"The knowledge index was made by the encoder {made_by}, but this station has "
                f"{encoder.identity}: their vectors do not compare. Remove {self._where()} to have "
                "it made again."
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
                f"http://127.0.0.1:8000, but is {self._url!r}. Correct it or leave it out."
            )
        secure = address.scheme == "https"
        port = address.port or (443 if secure else 80)
        # Chroma's own client would wait for as long as the system lets it.
        socket.create_connection((address.hostname, port), CONNECT_SECONDS).close()
        return chromadb.HttpClient(address.hostname, port, ssl=secure, settings=quiet)

    def _name(self) -> str:
        """Name of the collection; a server may hold those of several stations."""
        name = f"{COLLECTION}-{self._the_encoder().identity}"
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
    def _sentences(self) -> Generator[None]:
        """Turn what Chroma raises into a sentence, or into the news that the index is damaged."""
        try:
            yield
        except KnowledgeError:
            raise
        except Exception as error:
            if not _is_chromas(error):
                raise
            self._forget()
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            if self._url is None:
                raise _Damaged(first) from error
            raise KnowledgeError(
                f"The Chroma server at {self._url} (CHROMA_URL) does not answer as it should: "
                f"{first} Start it, or leave CHROMA_URL out to use the index under DATA_DIR."
            ) from error


def _is_chromas(error: Exception) -> bool:
    """Whether Chroma, or the way to it, failed: its errors have no base class of their own."""
    import httpx
    from chromadb.errors import ChromaError

    # What cannot be connected to is a plain ValueError.
    return isinstance(error, ChromaError | httpx.HTTPError | ValueError | OSError)
