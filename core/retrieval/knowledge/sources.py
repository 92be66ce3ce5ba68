"""Read the sources of knowledge, and follow every change to their files."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import KnowledgeError
from core.retrieval.knowledge.catalogue import Catalogue
from core.retrieval.knowledge.documents import DocumentStore
from core.retrieval.knowledge.entries import Entry, read_entries

# Two changes can share a time stamp where a file system's clock is coarse. A file that changed this
# recently is therefore compared by its contents as well.
RECENT_S = 2.0


@dataclass(frozen=True)
class _Seen:
    stamp: tuple[int, ...]
    sha256: str
    looked_at: float

    @property
    def is_settled(self) -> bool:
        """Whether an equal stamp proves equal contents."""
        changed_at = max(self.stamp[:2]) / 1e9
        return self.looked_at - changed_at > RECENT_S


class Sources:
    """The knowledge file and the documents, read again only after they changed."""

    def __init__(self, knowledge_file: Path, documents: DocumentStore) -> None:
        self._path = knowledge_file
        self._documents = documents
        self._seen: _Seen | None = None
        self._entries: tuple[Entry, ...] = ()
        self._document_stamp: tuple[object, ...] | None = None
        self._catalogue: Catalogue | None = None

    def catalogue(self) -> Catalogue:
        """List all that is known now.

        Raises:
            KnowledgeError: if the knowledge file or a document cannot be used.
        """
        file_changed = self._read_file()
        stamp = self._documents.stamp()
        if self._catalogue is None or file_changed or stamp != self._document_stamp:
            passages = [
                entry for document in self._documents.documents() for entry in document.entries()
            ]
            self._catalogue = Catalogue([*self._entries, *passages])
            self._document_stamp = stamp
        return self._catalogue

    def _read_file(self) -> bool:
        """Read the knowledge file again if it changed, and return whether it did."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            seen = self._seen
            if seen is not None and seen.stamp == stamp and seen.is_settled:
                return False
            looked_at = time.time()
            sha256 = hashlib.sha256(self._path.read_bytes()).hexdigest()
        except OSError as error:
            raise KnowledgeError(
                f"The knowledge file {self._path} cannot be read: {error.strerror}. Restore it or "
                "set KNOWLEDGE_FILE to another file."
            ) from error
        changed = seen is None or seen.sha256 != sha256
        if changed:
            self._entries = read_entries(self._path)
        self._seen = _Seen(stamp, sha256, looked_at)
        return changed
