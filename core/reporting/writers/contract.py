"""What every report writer is asked, what it answers, and what it may raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from core.domain import Evidence, Language

# Text of an answer as it comes, piece by piece; the pieces joined are the answer's text.
OnText = Callable[[str], object]
Finish = Literal["stop", "length", "refusal"]


@dataclass(frozen=True)
class PromptPicture:
    """A picture that goes with a question.

    Attributes:
        name: what the prompt calls it, such as "query" or "overlay".
        png: the file, at the size that the model takes.
    """

    name: str
    png: bytes


@dataclass(frozen=True)
class Turn:
    """One message of the conversation about one report."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Question:
    """Everything that a writer is given for one report.

    Attributes:
        evidence: what the offline composer writes from; for models it is in the prompt already.
        language: of the report.
        system: role and rules.
        turns: the prompt, then, when an answer was broken, that answer and the repair request.
            The first turn is the user's and carries the pictures; the last one is the user's.
        pictures: empty for a model that takes none.
        schema: JSON schema (draft 2020-12) of the answer; `core.reporting.answers` makes it.
        max_tokens: an answer of the schema fits in this many.
    """

    evidence: Evidence
    language: Language
    system: str
    turns: tuple[Turn, ...]
    pictures: tuple[PromptPicture, ...]
    schema: dict[str, Any]
    max_tokens: int


@dataclass(frozen=True)
class Answer:
    """What a writer answered; whether it is a report is for the caller to check.

    Attributes:
        text: as it came, fences and all.
        finish: "length" when the token limit cut it, "refusal" when the model would not answer.
        input_tokens, output_tokens: as the provider counts; None when it does not say.
        attempts: requests that were sent until this answer came, retries included.
    """

    text: str
    finish: Finish = "stop"
    input_tokens: int | None = None
    output_tokens: int | None = None
    attempts: int = 1


class Writer(Protocol):
    """A model that is ready to be asked; safe to use from several threads."""

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Ask once.

        Args:
            question: prompt, pictures, schema and limits.
            on_text: called with each piece of the answer as it comes.

        Raises:
            WriterError: if no answer could be had: no key, no server, refused by it, too slow,
                cut off, out of memory. The sentence says what to do and holds no key.
        """
        ...
