"""Changing the knowledge file: all of a change, or nothing of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import KnowledgeError
from core.infrastructure.atomic_files import write_atomically
from core.retrieval.knowledge.entries import (
    Entry,
    Shelves,
    checked_entry,
    entries_of,
    read_knowledge,
    shelves_of,
)

# One station's console, REST and command line share a process, because its records allow one only.
_changing = threading.Lock()


@dataclass(frozen=True)
class Change:
    """What became of one entry; before is None when it is new, after when it was retired."""

    before: Entry | None
    after: Entry | None

    @property
    def entry(self) -> Entry:
        """The entry as it is now, or as it last was."""
        entry = self.after or self.before
        assert entry is not None, "a change has a before or an after"
        return entry


class Draft:
    """Contents of the knowledge file while they are being changed."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data
        self._shelves: Shelves = shelves_of(data, path)
        self.is_saved = False

    def add(self, product_key: str, defect_type: str, text: str) -> Change:
        """Write about a defect type that the product has no entry for yet.

        Raises:
            KnowledgeError, ProductError: if it has one, or name or text cannot be used.
        """
        entry = checked_entry(product_key, defect_type, text, self._path.name)
        if entry.defect_type in self._types(entry):
            raise KnowledgeError(
                f"{entry.product_key} has an entry for {entry.defect_type} already. Edit that one, "
                "or choose another name."
            )
        self._put(entry, text)
        return Change(None, entry)

    def edit(self, entry_id: str, text: str) -> Change:
        """Replace the text of an entry; its id changes with it.

        Raises:
            KnowledgeError: if the entry was changed or retired since it was read.
        """
        before = self._current(entry_id)
        after = checked_entry(before.product_key, before.defect_type, text, self._path.name)
        if after.id == before.id:
            raise KnowledgeError(f"The text of {entry_id} is the same as before: nothing to save.")
        self._put(after, text)
        return Change(before, after)

    def retire(self, entry_id: str) -> Change:
        """Take an entry out; reports that cite it keep their text.

        Raises:
            KnowledgeError: if the entry was changed or retired since it was read, or is the last.
        """
        before = self._current(entry_id)
        if len(self._entries()) == 1:
            raise KnowledgeError("The last entry cannot be retired: add another one first.")
        categories = self._shelves[before.dataset]
        del categories[before.category][before.defect_type]
        if not categories[before.category]:
            del categories[before.category]
        if not categories:
            del self._shelves[before.dataset]
        return Change(before, None)

    def merge(self, entries: Sequence[Entry], *, replace: bool) -> list[Change]:
        """Take in entries of another file.

        Args:
            entries: checked ones.
            replace: whether they replace entries of the same product and type; these are kept
                otherwise.

        Returns:
            What changed; entries that were kept, or say the same already, are not among it.
        """
        current = {_place(entry): entry for entry in self._entries()}
        changes = []
        for entry in entries:
            before = current.get(_place(entry))
            if before is None or (replace and before.text != entry.text):
                self._put(entry, entry.text)
                changes.append(Change(before, entry))
        return changes

    def save(self) -> None:
        """Write the file, unless another program changed it meanwhile.

        Raises:
            KnowledgeError: if it did, or the file cannot be written.
        """
        try:
            if self._path.read_bytes() != self._data:
                raise KnowledgeError(
                    f"{self._path.name} was changed by another program just now. Nothing was "
                    "written: look at it and try again."
                )
            text = json.dumps(self._shelves, ensure_ascii=False, indent=2) + "\n"
            write_atomically(self._path, text.encode())
            self.is_saved = True
        except OSError as error:
            raise KnowledgeError(
                f"The knowledge file {self._path} cannot be written: {error.strerror}. Free space "
                "or correct its rights; it is as it was before."
            ) from error

    def _entries(self) -> tuple[Entry, ...]:
        return entries_of(self._shelves, self._path) if self._shelves else ()

    def _types(self, entry: Entry) -> dict[str, str]:
        return self._shelves.get(entry.dataset, {}).get(entry.category, {})

    def _put(self, entry: Entry, text: str) -> None:
        categories = self._shelves.setdefault(entry.dataset, {})
        categories.setdefault(entry.category, {})[entry.defect_type] = text.strip()

    def _current(self, entry_id: str) -> Entry:
        for entry in self._entries():
            if entry.id == entry_id:
                return entry
        raise KnowledgeError(
            f"{entry_id} is no current entry of {self._path.name}: someone changed or retired it "
            "since it was read. Nothing was written; open the entry as it is now and try again."
        )


@contextmanager
def drafted(path: Path) -> Generator[Draft]:
    """A draft of the knowledge file; when anything fails inside, the file is as it was before.

    Raises:
        KnowledgeError: if the file cannot be used.
    """
    with _changing:
        data = read_knowledge(path)
        draft = Draft(path, data)
        try:
            yield draft
        except BaseException:
            if draft.is_saved:
                write_atomically(path, data)
            raise


def _place(entry: Entry) -> tuple[str, str, str]:
    return entry.dataset, entry.category, entry.defect_type
