"""Pieces of knowledge, and the knowledge file: `{dataset: {category: {defect type: text}}}`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.domain import Product
from core.domain.errors import KnowledgeError

# The defect type that holds a category's normal characteristics.
GOOD = "good"
MAX_TEXT_CHARS = 20_000
MAX_NAME_CHARS = 100

# The knowledge file's contents: data set, category, defect type, text.
Shelves = dict[str, dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Entry:
    """One defect type of one category, or one passage of a document.

    Attributes:
        dataset, category: of the product it is about; empty in a passage about all products.
        defect_type: empty in a passage.
        text: one line, without control characters.
        source: name of the file it comes from.
        page: page number in a PDF, from 1.
        heading: heading of the passage in its document.
        document: SHA-256 of the document; empty for an entry of the knowledge file.
        number: of the passage in its document, from 1.
    """

    dataset: str
    category: str
    defect_type: str
    text: str
    source: str = ""
    page: int | None = None
    heading: str = ""
    document: str = ""
    number: int = 0

    @cached_property
    def id(self) -> str:
        """K- and a hash of the text and what it is about; it changes when the text does."""
        parts = [self.dataset, self.category, self.defect_type, self.text]
        if self.document:
            parts += [self.document, str(self.number)]
        return f"K-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:10]}"

    @property
    def product_key(self) -> str:
        """Key of the product; empty in a passage about all products."""
        return f"{self.dataset}/{self.category}" if self.category else ""

    @property
    def title(self) -> str:
        """The subject in a few words."""
        return self.defect_type.replace("_", " ") or self.heading or self.source

    @property
    def indexed_text(self) -> str:
        """The text that is encoded for the search; it names the part, as queries do."""
        part = self.category.replace("_", " ")
        return ", ".join(name for name in (part, self.title) if name) + f". {self.text}"


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Read the entries of a knowledge file.

    Raises:
        KnowledgeError: if the file is missing, empty, not JSON or of another shape; the message
            gives the place.
    """
    return entries_of(read_shelves(path), path)


def read_shelves(path: Path) -> Shelves:
    """Read the contents of a knowledge file unchanged.

    Raises:
        KnowledgeError: if the file is missing, empty, not JSON or of another shape.
    """
    return shelves_of(read_knowledge(path), path)


def read_knowledge(path: Path) -> bytes:
    """Read the bytes of a knowledge file.

    Raises:
        KnowledgeError: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise KnowledgeError(
            f"The knowledge file {path} cannot be read: {error.strerror}. Restore it or set "
            "KNOWLEDGE_FILE to another file."
        ) from error


def shelves_of(data: bytes, path: Path) -> Shelves:
    """Parse the bytes of a knowledge file; `path` is named in errors.

    Raises:
        KnowledgeError: if they are not JSON or of another shape.
    """
    if not data.strip():
        raise KnowledgeError(
            f"The knowledge file {path} is empty: expected JSON from line 1, column 1. Restore it "
            "or set KNOWLEDGE_FILE to another file."
        )
    try:
        content = json.loads(data, object_pairs_hook=_without_repeats)
    except UnicodeDecodeError as error:
        raise KnowledgeError(
            f"The knowledge file {path} is not UTF-8 text ({error}). Save it as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise KnowledgeError(
            f"The knowledge file {path} is not valid JSON at line {error.lineno}, column "
            f"{error.colno}: {error.msg}. Correct it there."
        ) from error
    except (_RepeatedName, RecursionError) as error:
        raise KnowledgeError(f"The knowledge file {path} cannot be used: {error}.") from error
    return {
        dataset: {
            category: {
                kind: _text(path, text, dataset, category, kind)
                for kind, text in _items(path, types, dataset, category)
            }
            for category, types in _items(path, categories, dataset)
        }
        for dataset, categories in _items(path, content)
    }


def entries_of(shelves: Shelves, path: Path) -> tuple[Entry, ...]:
    """List the entries of a knowledge file's contents; `path` names their source.

    Raises:
        KnowledgeError: if there are none.
    """
    entries = tuple(
        Entry(dataset, category, kind, one_line(text), path.name)
        for dataset, categories in shelves.items()
        for category, types in categories.items()
        for kind, text in types.items()
    )
    if not entries:
        raise KnowledgeError(
            f"The knowledge file {path} holds no entry. Add one or set KNOWLEDGE_FILE to another "
            "file."
        )
    return entries


def checked_entry(product_key: str, defect_type: str, text: str, source: str) -> Entry:
    """Check an entry that a person wrote.

    Raises:
        ProductError: if the product key is not DATASET/CATEGORY.
        KnowledgeError: if the defect type or the text is missing, too long or not plain text.
    """
    product = Product.from_key(product_key.strip())
    kind = defect_type.strip()
    if not kind or not kind.isprintable() or len(kind) > MAX_NAME_CHARS:
        raise KnowledgeError(
            f"A defect type must be a name of at most {MAX_NAME_CHARS} characters on one line, "
            "such as scratch, or good for normal characteristics."
        )
    where = f"{product.key}/{kind}"
    if not text.strip():
        raise KnowledgeError(f"Write what is known about {where}: the text is empty.")
    if len(text) > MAX_TEXT_CHARS:
        raise KnowledgeError(_too_long(where, len(text)))
    return Entry(product.dataset, product.category, kind, one_line(text), source)


def one_line(text: str) -> str:
    """Replace control characters by spaces: they could forge lines in reports and prompts."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip()


class _RepeatedName(ValueError):
    """A name that occurs twice in one object, of which JSON would keep only the last."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RepeatedName(f"{twice!r} occurs twice in one object; merge the two or rename one")
    return found


def _items(path: Path, value: object, *place: str) -> list[tuple[str, Any]]:
    where = "/".join(place) or "its top"
    if not isinstance(value, dict):
        raise KnowledgeError(
            f"The knowledge file {path} must hold an object at {where}, but holds a "
            f"{type(value).__name__}. Its levels are data set, category, defect type, text."
        )
    for name in value:
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_CHARS:
            raise KnowledgeError(
                f"A name at {where} of {path} must be 1 to {MAX_NAME_CHARS} characters on one "
                f"line, but is {name[:40]!r}. Correct it there."
            )
    return list(value.items())


def _text(path: Path, text: object, *place: str) -> str:
    where = "/".join(place)
    if not isinstance(text, str) or not text.strip():
        raise KnowledgeError(
            f"The knowledge file {path} must hold a text at {where}. Add it there."
        )
    if len(text) > MAX_TEXT_CHARS:
        raise KnowledgeError(_too_long(f"{where} of {path}", len(text)))
    return text


def _too_long(where: str, length: int) -> str:
    return (
        f"The text at {where} has {length} characters; at most {MAX_TEXT_CHARS} are accepted. "
        "Split it into several entries, or add it as a document."
    )
