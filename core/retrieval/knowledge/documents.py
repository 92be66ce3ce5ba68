"""Store the documents that an engineer adds, under the hash of their contents."""

from __future__ import annotations

import hashlib
import re
import threading
from datetime import UTC, datetime
from pathlib import Path, PurePath

from pydantic import AwareDatetime, Field, ValidationError

from core.domain import Frozen, Product
from core.domain.errors import KnowledgeError
from core.infrastructure.atomic_files import write_atomically
from core.retrieval.knowledge.entries import Entry, one_line
from core.retrieval.knowledge.passages import Passage, document_kind, split_document

MAX_FILENAME_CHARS = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Document(Frozen):
    """A document and its passages."""

    sha256: str = Field(pattern=_SHA256.pattern)
    filename: str
    kind: str = Field(pattern=r"pdf|md|txt")
    product_key: str | None = Field(description="None: about all products")
    added_by: str
    added_at: AwareDatetime
    passages: tuple[Passage, ...]

    def entries(self) -> tuple[Entry, ...]:
        """Convert the passages to pieces of knowledge."""
        dataset, category = self.product_key.split("/") if self.product_key else ("", "")
        return tuple(
            Entry(
                dataset,
                category,
                "",
                passage.text,
                self.filename,
                passage.page,
                passage.heading,
                self.sha256,
                number,
            )
            for number, passage in enumerate(self.passages, start=1)
        )


class DocumentStore:
    """A folder of documents: `<sha256>.json` with the passages, the original beside it.

    Example:
        >>> store = DocumentStore(Path("data/documents"))
        >>> guide = store.add("guide.md", b"# Cracks\\nThin dark lines.", None, "Ana")
        >>> guide.passages[0].heading
        'Cracks'
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[Path, tuple[tuple[int, ...], Document]] = {}
        self._lock = threading.Lock()

    def add(self, filename: str, data: bytes, product: Product | None, added_by: str) -> Document:
        """Split a document into passages and store both.

        Args:
            filename: the original name; only displayed, never part of a path.
            data: the document's bytes.
            product: the product it is about; None: about all products.
            added_by: name of the person who adds it.

        Raises:
            KnowledgeError: if it cannot be read or stored, holds no text, or is stored already.
        """
        name = one_line(PurePath(filename.replace("\\", "/")).name)[-MAX_FILENAME_CHARS:]
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.root / f"{sha256}.json"
        if path.exists():
            known = self._read(path)
            raise KnowledgeError(
                f"{name} was added before: as {known.filename}, about "
                f"{known.product_key or 'all products'}, by {known.added_by}. Retire it first to "
                "add it for another product."
            )
        passages = split_document(name, data)
        document = Document(
            sha256=sha256,
            filename=name,
            kind=document_kind(name, data),
            product_key=product.key if product else None,
            added_by=added_by,
            added_at=datetime.now(UTC),
            passages=passages,
        )
        try:
            write_atomically(self._original(document), data)
            # A document exists as soon as its .json does, so the original must be written first.
            write_atomically(path, document.model_dump_json(indent=1).encode())
        except OSError as error:
            raise KnowledgeError(
                f"{name} cannot be stored in {self.root}: {error.strerror}. Free space or correct "
                "the folder's permissions, and try again."
            ) from error
        return document

    def retire(self, sha256: str) -> Document:
        """Remove a document from the knowledge; its original and recorded citations stay.

        Raises:
            KnowledgeError: if there is no document with this hash, or it is damaged.
        """
        document = self.document(sha256)
        (self.root / f"{sha256}.json").unlink(missing_ok=True)
        return document

    def document(self, sha256: str) -> Document:
        """Read the document with a hash.

        Raises:
            KnowledgeError: if there is no such document, or it is damaged.
        """
        path = self.root / f"{sha256}.json"
        if not _SHA256.fullmatch(sha256) or not path.exists():
            raise KnowledgeError(
                f"There is no document {sha256[:16]}: it was retired or never added. Reload the "
                "list."
            )
        return self._read(path)

    def original(self, document: Document) -> bytes:
        """Read the original file of a document.

        Raises:
            KnowledgeError: if it is missing.
        """
        try:
            return self._original(document).read_bytes()
        except OSError as error:
            raise KnowledgeError(
                f"The original of {document.filename} is missing from {self.root}. Restore the "
                "folder from a backup. The passages read from it are still known."
            ) from error

    def documents(self) -> tuple[Document, ...]:
        """Read all documents, the newest first.

        Raises:
            KnowledgeError: if one is damaged.
        """
        found = [self._read(self.root / f"{sha256}.json") for sha256 in self._hashes()]
        return tuple(sorted(found, key=lambda document: document.added_at, reverse=True))

    def stamp(self) -> tuple[object, ...]:
        """Compute a value that changes whenever a document is added, retired or altered."""
        return tuple((sha256, *_stamp(self.root / f"{sha256}.json")) for sha256 in self._hashes())

    def _hashes(self) -> list[str]:
        if not self.root.is_dir():
            return []
        return sorted(
            path.stem
            for path in self.root.iterdir()
            if path.suffix == ".json" and _SHA256.fullmatch(path.stem)
        )

    def _original(self, document: Document) -> Path:
        return self.root / f"{document.sha256}.{document.kind}"

    def _read(self, path: Path) -> Document:
        try:
            stamp = _stamp(path)
            with self._lock:
                known = self._known.get(path)
            if known is None or known[0] != stamp:
                known = stamp, Document.model_validate_json(path.read_bytes())
                with self._lock:
                    self._known[path] = known
        except (OSError, ValidationError) as error:
            raise KnowledgeError(
                f"The document file {path.name} in {self.root} is damaged. Remove it and add the "
                "document again."
            ) from error
        return known[1]


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
