"""Documents to passages: text of a PDF, Markdown or plain file, split by heading and length."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from core.domain import Frozen
from core.domain.errors import KnowledgeError
from core.retrieval.knowledge.entries import one_line

# A passage should fit what the encoders read: 256 tokens, or 128 of the multilingual one.
LONGEST_PASSAGE = 600
OVERLAP = 80
LARGEST_DOCUMENT = 32 * 2**20
# About a thousand pages: indexing more would keep a station busy for long.
MOST_TEXT = 2_000_000
KINDS = {".pdf": "pdf", ".md": "md", ".markdown": "md", ".txt": "txt"}
HEADINGS: list[tuple[str, str]] = [("#" * level, str(level)) for level in range(1, 7)]


class Passage(Frozen):
    """A piece of a document, short enough to be cited.

    Attributes:
        heading: that it stands under, outer ones first; empty when there is none.
        page: of a PDF, from 1.
        text: one line.
    """

    heading: str
    page: int | None
    text: str


def document_kind(filename: str, data: bytes) -> str:
    """Kind of a document: pdf, md or txt.

    Raises:
        KnowledgeError: if it is none of these, too large, empty, or not what its name says.
    """
    kind = KINDS.get(PurePath(filename).suffix.lower())
    if kind is None:
        raise KnowledgeError(
            f"{filename} is no document that can be read: expected PDF, Markdown or text "
            f"({', '.join(KINDS)}). Save it as one of these."
        )
    if len(data) > LARGEST_DOCUMENT:
        raise KnowledgeError(
            f"{filename} has {len(data) / 2**20:.0f} MiB; at most {LARGEST_DOCUMENT // 2**20} MiB "
            "are accepted. Split it, or leave its pictures out."
        )
    if not data.strip():
        raise KnowledgeError(f"{filename} is empty. Choose another file.")
    if kind == "pdf" and b"%PDF-" not in data[:1024]:
        raise KnowledgeError(f"{filename} is no PDF, whatever its name says. Choose another file.")
    return kind


def split_document(filename: str, data: bytes) -> tuple[Passage, ...]:
    """Passages of a document, in reading order.

    Args:
        filename: for messages; its ending says what the document is.
        data: its bytes.

    Raises:
        KnowledgeError: if it cannot be read, or holds no text.
    """
    kind = document_kind(filename, data)
    if kind == "pdf":
        sections = _pdf_sections(filename, data)
    else:
        text = _decoded(filename, data)
        sections = _markdown_sections(text) if kind == "md" else [("", None, text)]
    length = sum(len(text) for _, _, text in sections)
    if length > MOST_TEXT:
        raise KnowledgeError(
            f"{filename} holds {length} characters of text; at most {MOST_TEXT} are accepted. "
            "Split it into several documents."
        )
    passages = tuple(_split(sections))
    if not passages:
        raise KnowledgeError(
            f"{filename} holds no text: its pages are pictures, or empty. Run text recognition "
            "(OCR) on it first, or write what it says as an entry."
        )
    return passages


def _split(sections: Iterable[tuple[str, int | None, str]]) -> Iterable[Passage]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=LONGEST_PASSAGE, chunk_overlap=OVERLAP)
    for heading, page, text in sections:
        for piece in splitter.split_text(text):
            if line := " ".join(one_line(piece).split()):
                yield Passage(heading=one_line(heading), page=page, text=line)


def _markdown_sections(text: str) -> list[tuple[str, int | None, str]]:
    from langchain_text_splitters import MarkdownHeaderTextSplitter

    # The splitter would drop tabs and the like, and so join the words beside them.
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
        raise KnowledgeError(f"{filename} is no text: it holds zero bytes. Choose another file.")
    return text


def _pdf_sections(filename: str, data: bytes) -> list[tuple[str, int | None, str]]:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise KnowledgeError(
                f"{filename} is protected by a password. Save it without one and add it again."
            )
        headings = _bookmarks(reader)
        sections = []
        heading = ""
        for number, page in enumerate(reader.pages, start=1):
            heading = headings.get(number, heading)
            sections.append((heading, number, page.extract_text()))
    except KnowledgeError:
        raise
    # A damaged file makes the reader fail in ways of every kind, recursion and memory included.
    except Exception as error:
        raise KnowledgeError(
            f"{filename} is a damaged PDF and cannot be read ({type(error).__name__}). "
            "Export it again from its source."
        ) from error
    return sections


def _bookmarks(reader: Any) -> dict[int, str]:  # noqa: ANN401 - pypdf's reader, imported late
    """Titles of the bookmarks by the page, from 1, that they lead to; the first of a page."""
    found: dict[int, str] = {}

    def walk(items: list[Any]) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item)
            elif (page := reader.get_destination_page_number(item)) is not None:
                found.setdefault(page + 1, str(item.title))

    walk(reader.outline)
    return found
