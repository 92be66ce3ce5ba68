"""The knowledge file: `{dataset: {category: {defect type: text}}}`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from core.errors import KnowledgeError

# The defect type under which a category's normal characteristics stand.
GOOD = "good"
LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Entry:
    """One defect type of one category."""

    dataset: str
    category: str
    defect_type: str
    text: str

    @property
    def id(self) -> str:
        """K- and a hash of all that the entry says: it changes when the text does."""
        whole = "\0".join((self.dataset, self.category, self.defect_type, self.text))
        return f"K-{hashlib.sha256(whole.encode()).hexdigest()[:10]}"


def read_entries(path: Path) -> tuple[Entry, ...]:
    """All entries of a knowledge file.

    Raises:
        KnowledgeError: if the file is missing, empty, no JSON, or of another shape; the message
            says where.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise KnowledgeError(
            f"The knowledge file {path} cannot be read: {error.strerror}. Restore it, or set "
            "KNOWLEDGE_FILE to another."
        ) from error
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"The knowledge file {path} is not UTF-8 text ({error}).") from error
    except json.JSONDecodeError as error:
        raise KnowledgeError(
            f"The knowledge file {path} is no valid JSON at line {error.lineno}, column "
            f"{error.colno}: {error.msg}. Correct it there."
        ) from error
    entries = [
        Entry(dataset, category, defect_type, _checked_text(path, text, *place))
        for dataset, categories in _items(path, content)
        for category, types in _items(path, categories, dataset)
        for defect_type, text in _items(path, types, dataset, category)
        for place in [(dataset, category, defect_type)]
    ]
    if not entries:
        raise KnowledgeError(f"The knowledge file {path} holds no entry.")
    return tuple(entries)


def _items(path: Path, value: object, *place: str) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise KnowledgeError(
            f"The knowledge file {path} must hold an object at {'/'.join(place) or 'its top'}, "
            f"but holds {type(value).__name__}. Its shape is dataset, category, defect type, text."
        )
    return list(value.items())


def _checked_text(path: Path, text: object, *place: str) -> str:
    where = "/".join(place)
    if not isinstance(text, str) or not text.strip():
        raise KnowledgeError(f"The knowledge file {path} must hold a text at {where}.")
    if len(text) > LONGEST_TEXT:
        raise KnowledgeError(
            f"The text at {where} of {path} has {len(text)} characters; at most {LONGEST_TEXT} "
            "are accepted. Split it into several entries."
        )
    # Control characters could forge lines in reports and prompts.
    return "".join(char if char.isprintable() else " " for char in text).strip()
