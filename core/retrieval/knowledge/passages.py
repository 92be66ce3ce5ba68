"""Split the text of a PDF, Markdown or plain text file into passages, by heading and length."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from core.domain import Frozen
from core.domain.errors import KnowledgeError
from core.retrieval.knowledge.entries import one_line

# A passage should fit what an encoder reads: 256 tokens, or 128 for the multilingual one.
MAX_PASSAGE_CHARS = 600
OVERLAP_CHARS = 80
MAX_DOCUMENT_BYTES = 32 * 2**20
# About a thousand pages. Indexing more would keep a station busy for too long.
MAX_TEXT_CHARS = 2_000_000
KINDS = {".pdf": "pdf", ".md": "md", ".markdown": "md", ".txt": "txt"}
HEADINGS: list[tuple[str, str]] = [("#" * level, str(level)) for level in range(1, 7)]


class Passage(Frozen):
    """A piece of a document, short enough to cite.

    Attributes:
        heading: the headings above it, outermost first; empty if there are none.
        page: page number in a PDF, from 1; None in other documents.
        text: the passage on one line.
    """

    heading: str
    page: int | None
    text: str


def document_kind(filename: str, data: bytes) -> str:
    """Determine the kind of a document: pdf, md or txt.

    Raises:
        KnowledgeError: if it is none of these, too large, empty, or does not match its extension.
    """
    kind = KINDS.get(PurePath(filename).suffix.lower())
    if kind is None:
        raise KnowledgeError(
            f"{filename} is not a supported document: expected PDF, Markdown or text "
            f"({', '.join(KINDS)}). Save it as one of these."
        )
    if len(data) > MAX_DOCUMENT_BYTES:
        raise KnowledgeError(
            f"{filename} has {len(data) / 2**20:.0f} MiB; at most {MAX_DOCUMENT_BYTES // 2**20} "
            "MiB are accepted. Split it, or remove its pictures."
        )
    if not data.strip():
        raise KnowledgeError(f"{filename} is empty. Choose another file.")
    if kind == "pdf" and b"%PDF-" not in data[:1024]:
        raise KnowledgeError(f"{filename} is not a PDF, despite its name. Choose another file.")
    return kind


def split_document(filename: str, data: bytes) -> tuple[Passage, ...]:
    """Split a document into passages, in reading order.

    Args:
        filename: used in messages; its extension gives the kind of document.
        data: the document's bytes.

    Raises:
        KnowledgeError: if the document cannot be read or holds no text.
    """
    kind = document_kind(filename, data)
    if kind == "pdf":
        sections = _pdf_sections(filename, data)
    else:
        text = _decoded(filename, data)
        sections = _markdown_sections(text) if kind == "md" else [("", None, text)]
    length = sum(len(text) for _, _, text in sections)
    if length > MAX_TEXT_CHARS:
        raise KnowledgeError(
            f"{filename} holds {length} characters of text; at most {MAX_TEXT_CHARS} are accepted. "
            "Split it into several documents."
        )
    passages = tuple(_split(sections))
    if not passages:
        raise KnowledgeError(
            f"{filename} holds no text: its pages are scans, or empty. Run text recognition "
            "(OCR) on it first, or write its content as an entry."
        )
    return passages


def _split(sections: Iterable[tuple[str, int | None, str]]) -> Iterable[Passage]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=MAX_PASSAGE_CHARS, chunk_overlap=OVERLAP_CHARS
    )
    for heading, page, text in sections:
        for piece in splitter.split_text(text):
            if line := " ".join(one_line(piece).split()):
                yield Passage(heading=one_line(heading), page=page, text=line)


def _markdown_sections(text: str) -> list[tuple[str, int | None, str]]:
    from langchain_text_splitters import MarkdownHeaderTextSplitter

    # The splitter would drop tabs and similar characters, and so join the words around them.
    text = "\n".join(one_line(line) for line in text.splitlines())
    return [
        (" / ".join(part.metadata.values()), None, part.page_content)
        for part in MarkdownHeaderTextSplitter(HEADINGS).split_text(text)
    ]


def _decoded(filename: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KnowledgeError(
            f"{filename} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from error
    if "\0" in text:
        raise KnowledgeError(
            f"{filename} is not text: it contains zero bytes. Choose another file."
        )
    return text


def _pdf_sections(filename: str, data: bytes) -> list[tuple[str, int | None, str]]:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise KnowledgeError(
                f"{filename} is protected by a password. Save it without one, and add it again."
            )
        headings = _bookmarks(reader)
        sections = []
        heading = ""
        for number, page in enumerate(reader.pages, start=1):
            heading = headings.get(number, heading)
            sections.append((heading, number, page.extract_text()))
    except KnowledgeError:
        raise
    # A damaged file can make the reader fail with any error, even RecursionError or MemoryError.
    except Exception as error:
        raise KnowledgeError(
            f"{filename} is a damaged PDF and cannot be read ({type(error).__name__}). "
            "Export it again from its source."
        ) from error
    return sections


def _bookmarks(reader: Any) -> dict[int, str]:  # noqa: ANN401 - pypdf's reader, imported late
    """Map each bookmarked page, from 1, to the title of its first bookmark."""
    found: dict[int, str] = {}

    def walk(items: list[Any]) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item)
            elif (page := reader.get_destination_page_number(item)) is not None:
                found.setdefault(page + 1, str(item.title))

    walk(reader.outline)
    return found
