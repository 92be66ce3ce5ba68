"""Store answers line by line in a file, so that an interrupted run can be resumed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from core.domain import Frozen
from core.domain.errors import EvaluationError
from core.infrastructure.atomic_files import write_atomically


class Asked(Frozen):
    """What a run asks of which model: the first line of its file. Each run has its own file."""

    writer: str = Field(description="key of the catalogue")
    model: str = Field(description="the provider's own name, or the weights' repository")
    prompt: str = Field(description="version of the prompt")
    images: str = Field(description="folder of the pictures; empty: none is shown")
    questions_sha256: str = Field(description="of the questions' file")
    limit: int | None = Field(None, description="questions drawn; None: all")
    seed: int = 0
    templates: int = Field(1, ge=0, le=8, description="normal parts beside each picture, at most")


class Answered(Frozen):
    """The outcome of one question."""

    question: str = Field(description="its id")
    letter: str | None = Field(
        None, description="None: the answer does not name exactly one option"
    )
    text: str = Field("", description="the beginning of the raw answer")
    error: str = Field(
        "", description="why there is no answer; the question is repeated once at the end"
    )
    seconds: float = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class AnswerFile:
    """The answers of one run."""

    def __init__(self, path: Path, asked: Asked) -> None:
        """Open the file of a run, or create it.

        Args:
            path: of the file, JSON lines.
            asked: what the run asks.

        Raises:
            EvaluationError: if the file belongs to another run, or cannot be read or written.
        """
        self.path = path
        self.answers: dict[str, Answered] = {}
        try:
            if not path.exists():
                # A run without a first line could never be resumed.
                write_atomically(path, f"{asked.model_dump_json()}\n".encode())
            # Not `splitlines`: an answer may contain other characters that end a line.
            first, *lines = path.read_bytes().split(b"\n")
            if Asked.model_validate_json(first) != asked:
                raise EvaluationError(
                    f"{path} holds the answers of another run ({first.decode()}). "
                    "Name another file."
                )
            if not lines:
                raise EvaluationError(f"{path} is cut off in its first line. Name another file.")
            # The last line is incomplete if the machine stopped while writing it.
            torn = lines.pop()
            for line in lines:
                answered = Answered.model_validate_json(line)
                self.answers[answered.question] = answered
            if torn:
                os.truncate(path, path.stat().st_size - len(torn))
        except (OSError, ValidationError) as error:
            raise EvaluationError(f"The answers in {path} cannot be used: {error}") from error

    def add(self, answered: Answered) -> None:
        """Append one answer.

        Raises:
            EvaluationError: if it cannot be written, such as on a full disk.
        """
        self.answers[answered.question] = answered
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{answered.model_dump_json()}\n")
        except OSError as error:
            raise EvaluationError(
                f"An answer cannot be written to {self.path}: {error.strerror}. "
                "Make room, and start the same run again to go on."
            ) from error

    @property
    def settled(self) -> Mapping[str, Answered]:
        """The answers that need not be asked again, by question."""
        return {key: each for key, each in self.answers.items() if not each.error}
