"""Change the knowledge, and record who changed what and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain import Product, Snippet, identifier
from core.domain.errors import KnowledgeError
from core.records.citations import Citation, list_citations, load_cited_snippet
from core.records.events import Event, add_event, add_events, list_events
from core.retrieval.knowledge.documents import Document
from core.retrieval.knowledge.drafts import Change, Draft, open_draft
from core.retrieval.knowledge.entries import Entry
from core.retrieval.knowledge.imports import read_import
from core.services.station import Station


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes:
        added, replaced: number of entries added and replaced.
        kept: number of existing entries that stayed as they were.
        renamed: names of data sets in the file, with their names here.
        refused: a sentence for each entry that was not imported.
    """

    added: int
    replaced: int
    kept: int
    renamed: dict[str, str]
    refused: tuple[str, ...]

    def sentence(self) -> str:
        """Describe the outcome in a sentence."""
        counts = f"{self.added} entries added, {self.replaced} replaced"
        names = ", ".join(f"{old} as {new}" for old, new in self.renamed.items())
        named = f" ({names})" if names else ""
        return f"{counts}, {self.kept} left as they were{named}."


@dataclass(frozen=True)
class Known:
    """An entry to read, as it is now or as it was when last cited.

    Attributes:
        entry: the current entry; None if there is none.
        as_cited: the snippet last retrieved; None if no inspection retrieved it.
        citations: the newest first.
        history: events of its product and defect type, the newest first.
    """

    entry: Entry | None
    as_cited: Snippet | None
    citations: tuple[Citation, ...]
    history: tuple[Event, ...]


def add_entry(
    station: Station, product_key: str, defect_type: str, text: str, *, by: str, reason: str = ""
) -> Entry:
    """Add an entry about a defect type.

    Raises:
        KnowledgeError, ProductError: if the name or text is invalid, or the type has an entry.
        RecordsError: if the change cannot be recorded; the file then stays unchanged.
    """
    (change,) = _changed(
        station, lambda draft: [draft.add(product_key, defect_type, text)], "added", by, reason
    )
    return change.entry


def edit_entry(station: Station, entry_id: str, text: str, *, by: str, reason: str = "") -> Entry:
    """Replace an entry's text; the new entry has a new id.

    Raises:
        KnowledgeError: if the entry was changed since it was read, or the text is invalid.
        RecordsError: if the change cannot be recorded; the file then stays unchanged.
    """
    (change,) = _changed(station, lambda draft: [draft.edit(entry_id, text)], "edited", by, reason)
    return change.entry


def retire_entry(station: Station, entry_id: str, *, by: str, reason: str = "") -> Entry:
    """Take an entry out of use.

    Raises:
        KnowledgeError: if the entry was changed since it was read, or is the last one.
        RecordsError: if the change cannot be recorded; the file then stays unchanged.
    """
    (change,) = _changed(station, lambda draft: [draft.retire(entry_id)], "retired", by, reason)
    return change.entry


def import_file(
    station: Station, name: str, data: bytes, *, by: str, reason: str = "", replace: bool = False
) -> Imported:
    """Import the entries of another knowledge file.

    Args:
        station: gives records and knowledge.
        name: of the file.
        data: its bytes.
        by: a person's name.
        reason: the reason for it.
        replace: whether they replace entries of the same product and defect type.

    Raises:
        KnowledgeError: if the file cannot be used.
        RecordsError: if the change cannot be recorded; nothing is then imported.
    """
    file = read_import(name, data)
    changes = _changed(
        station,
        lambda draft: draft.merge(file.entries, replace=replace),
        "imported",
        by,
        reason or f"Import of {name}",
    )
    replaced = sum(change.before is not None for change in changes)
    return Imported(
        added=len(changes) - replaced,
        replaced=replaced,
        kept=len(file.entries) - len(changes),
        renamed=file.renamed,
        refused=file.refused,
    )


def add_document(
    station: Station,
    filename: str,
    data: bytes,
    product: Product | None,
    *,
    by: str,
    reason: str = "",
) -> Document:
    """Add a document about a product, or about all of them.

    Raises:
        KnowledgeError: if it cannot be read, holds no text, or is stored already.
        RecordsError: if the change cannot be recorded; the document is then not added.
    """
    _require(by)
    store = station.knowledge.documents
    document = store.add(filename, data, product, by.strip())
    try:
        _record_document(station, "knowledge document added", document, by, reason)
    except BaseException:
        store.retire(document.sha256)
        raise
    return document


def retire_document(station: Station, sha256: str, *, by: str, reason: str = "") -> Document:
    """Take a document out of use; its original stays in the folder.

    Raises:
        KnowledgeError: if there is no document with this hash.
        RecordsError: if the change cannot be recorded.
    """
    _require(by)
    store = station.knowledge.documents
    document = store.document(sha256)
    _record_document(station, "knowledge document retired", document, by, reason)
    return store.retire(sha256)


def look_up(station: Station, entry_id: str) -> Known:
    """Look up all that is known about an entry, current or not.

    Raises:
        KnowledgeError: if neither the knowledge nor the records know the id.
        RecordsError: if the records cannot be read.
    """
    entry = station.knowledge.entry(entry_id)
    as_cited = load_cited_snippet(station.records, entry_id)
    known = entry or as_cited
    if known is None:
        raise KnowledgeError(
            f"There is no entry {entry_id!r} here, and no inspection retrieved one. Check the id."
        )
    history = () if not known.defect_type else list_events(station.records, _place_of(known))
    return Known(entry, as_cited, list_citations(station.records, entry_id), history)


def _changed(
    station: Station, make: Callable[[Draft], Sequence[Change]], what: str, by: str, reason: str
) -> Sequence[Change]:
    _require(by)
    with open_draft(station.settings.knowledge_file) as draft:
        changes = make(draft)
        if changes:
            draft.save()
            # Inside the draft: if recording fails, the file is restored.
            add_events(
                station.records,
                f"knowledge {what}",
                [(_place_of(change.entry), _detail(change, reason)) for change in changes],
                by.strip(),
            )
    return changes


def _detail(change: Change, reason: str) -> dict[str, Any]:
    return {
        "before": _described(change.before),
        "after": _described(change.after),
        "reason": reason.strip(),
    }


def _described(entry: Entry | None) -> dict[str, str] | None:
    return None if entry is None else {"id": entry.id, "text": entry.text}


def _place_of(entry: Entry | Snippet) -> str:
    return f"{entry.dataset}/{entry.category}/{entry.defect_type}"


def _record_document(station: Station, kind: str, document: Document, by: str, reason: str) -> None:
    detail = {
        "filename": document.filename,
        "product": document.product_key,
        "passages": len(document.passages),
        "reason": reason.strip(),
    }
    add_event(station.records, kind, document.sha256, detail, by.strip())


def _require(by: str) -> None:
    if not identifier(by, "name"):
        raise KnowledgeError("Name the person who changes the knowledge.")
