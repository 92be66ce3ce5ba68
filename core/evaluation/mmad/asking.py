"""Put a question of MMAD to a report writer, and read the letter of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from core.domain import Language
from core.domain.errors import EvaluationError, ImageError
from core.evaluation.mmad.questions import MmadQuestion
from core.imaging.decoding import checked_image
from core.imaging.encoding import thumbnail_png
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import PromptPicture, Question, Turn
from core.reporting.writers.trial import nothing_found

# Includes the tokens that a reasoning model spends before it answers.
MOST_TOKENS = 512
PROMPT_VERSION = "1"
SYSTEM = (
    "You inspect industrial products by their pictures. You answer a multiple-choice question with "
    "one JSON object that names the letter of one option, and nothing else."
)
FENCED = re.compile(r"```\w*(.*)```", re.DOTALL)
# "B", "(B)", "B.", "Answer: B.": a letter alone, and nothing that might be another answer.
LETTER_ALONE = re.compile(r"\W*(?:answer\W*)?([A-Za-z])\W*", re.IGNORECASE)
# "B. No.": the letter before the option's own text.
LETTER_AND_TEXT = re.compile(r"\W*([A-Za-z])[.:)]\s*(.+)", re.DOTALL)


def writers_question(
    question: MmadQuestion,
    model: Model,
    settings: Settings,
    root: Path | None,
    *,
    templates: int,
) -> Question:
    """Build a question for a writer, with the picture and normal parts beside it.

    Args:
        question: of MMAD.
        model: the model asked.
        settings: give the largest picture accepted.
        root: folder of the pictures; None: show none.
        templates: number of pictures of normal parts to show beside it.

    Raises:
        EvaluationError: if a picture cannot be used.
    """
    options = "\n".join(f"{letter}. {text}" for letter, text in question.options.items())
    pictures = _pictures(question, model, settings, root, templates)
    seen = "; ".join(f"picture {n}: {each.name}" for n, each in enumerate(pictures, start=1))
    text = f"{seen}\n\n" if seen else ""
    return Question(
        evidence=nothing_found(),
        language=Language.ENGLISH,
        system=SYSTEM,
        turns=(
            Turn(
                "user",
                f"{text}{question.text}\n{options}\n\n"
                'Answer such as {"answer": "A"}, with the letter of the option that is right.',
            ),
        ),
        pictures=pictures,
        schema={
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": list(question.options)}},
            "required": ["answer"],
            "additionalProperties": False,
        },
        max_tokens=min(MOST_TOKENS, model.max_output),
    )


def letter_of(text: str, options: Mapping[str, str]) -> str | None:
    """Read the option that an answer names; None if it names none, or possibly several.

    Nothing is guessed: accepted are a letter alone, or before the text of its own option, also as
    the "answer" of a JSON object, and within a code fence.

    Example:
        >>> options = {"A": "Yes.", "B": "No."}
        >>> letter_of('{"answer": "B"}', options), letter_of("B. No.", options)
        ('B', 'B')
        >>> letter_of("A or B", options) is None
        True
    """
    answer = _unwrapped_answer(text)
    if alone := LETTER_ALONE.fullmatch(answer):
        letter = alone[1].upper()
        return letter if letter in options else None
    if (pair := LETTER_AND_TEXT.fullmatch(answer)) and pair[1].upper() in options:
        letter = pair[1].upper()
        return letter if _bare(pair[2]) == _bare(options[letter]) else None
    return None


def _unwrapped_answer(text: str) -> str:
    """Take the answer out of a code fence and a JSON object, if it is in one."""
    fenced = FENCED.fullmatch(text.strip())
    answer = (fenced[1] if fenced else text).strip()
    try:
        found = json.loads(answer)
    except ValueError:
        return answer
    answer = found.get("answer") if isinstance(found, dict) else found
    return answer.strip() if isinstance(answer, str) else ""


def _bare(text: str) -> str:
    return text.strip(" .").casefold()


def _pictures(
    question: MmadQuestion, model: Model, settings: Settings, root: Path | None, templates: int
) -> tuple[PromptPicture, ...]:
    if root is None:
        return ()
    shown = [*question.templates[:templates], question.image]
    names = [*["a normal part"] * (len(shown) - 1), "the part that is asked about"]
    return tuple(
        PromptPicture(name, _png(root / image, settings, model.picture_side))
        for name, image in zip(names, shown, strict=True)
    )


def _png(path: Path, settings: Settings, side: int) -> bytes:
    try:
        loaded = checked_image(settings, path.read_bytes(), path.name)
    except (OSError, ImageError) as error:
        raise EvaluationError(f"The picture {path} cannot be used: {error}") from error
    return thumbnail_png(loaded.pixels, side)
