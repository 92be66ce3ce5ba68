"""Read and check the questions of MMAD's file `mmad.json`, and sample them at random."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice, zip_longest
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError, model_validator

from core.domain import Frozen
from core.domain.errors import EvaluationError

DETECTION = "Anomaly Detection"
# The folder of defect-free pictures in each of MMAD's data sets.
NORMAL = "good"
# MMAD counts both under one name.
SUBTASKS = {"Object Structure": "Object Analysis", "Object Details": "Object Analysis"}
DATASETS = {"DS-MVTec": "MVTec-AD"}
MAX_LISTED_MISSING = 3
# Names of data sets and subtasks appear in Markdown tables, so they may not contain a |.
NAME = r"[\w .&()+-]+"


class MmadQuestion(Frozen):
    """One question about one picture."""

    id: str = Field(
        description="the picture's path, # and its number among the picture's questions"
    )
    image: str = Field(
        pattern=f"^{NAME}/.", description="below the folder of pictures: DS-MVTec/bottle/..."
    )
    subtask: str = Field(
        pattern=f"^{NAME}$", description="such as 'Anomaly Detection' or 'Defect Localization'"
    )
    text: str
    options: dict[str, str] = Field(min_length=2, description="texts by letter")
    answer: str = Field(description="letter of the right option")
    templates: tuple[str, ...] = Field(description="pictures of normal parts, as MMAD drew them")

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> MmadQuestion:
        if self.answer not in self.options:
            raise ValueError(f"the answer {self.answer!r} is none of {', '.join(self.options)}")
        return self

    @property
    def dataset(self) -> str:
        """The picture's data set, by the name under which MMAD counts it."""
        folder = PurePosixPath(self.image).parts[0]
        return DATASETS.get(folder, folder)

    @property
    def is_defective(self) -> bool:
        """Whether the part has a defect, according to its folder."""
        return NORMAL not in PurePosixPath(self.image).parts


def read_questions(file: Path) -> tuple[MmadQuestion, ...]:
    """Read every question of a file, in its order.

    Args:
        file: `{picture: {"conversation": [{"Question", "Options", "Answer", "type"}, ...],
            "random_templates": [...]}}`, as MMAD publishes it.

    Raises:
        EvaluationError: if it cannot be read or a question is incomplete; names it and the reason.
    """
    try:
        entries = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise EvaluationError(
            f"The questions {file} cannot be read: {error.strerror}. Download mmad.json of MMAD."
        ) from error
    except ValueError as error:
        raise EvaluationError(f"{file} is not JSON: {error}") from error
    if not isinstance(entries, dict) or not entries:
        raise EvaluationError(
            f"{file} holds no questions: expected an object with a picture's path for each key."
        )
    questions = tuple(
        _question(image, number, asked, entry.get("random_templates", ()))
        for image, entry in entries.items()
        for number, asked in enumerate(_conversation(image, entry), start=1)
    )
    if not questions:
        raise EvaluationError(f"{file} asks nothing: each picture's 'conversation' is empty.")
    return questions


def sample_questions(
    questions: Sequence[MmadQuestion], limit: int | None, seed: int
) -> tuple[MmadQuestion, ...]:
    """Sample questions at random; a limit of None selects all.

    The sample is spread evenly over subtasks, data sets, and good and defective parts. The same

    seed selects the same questions, and a larger limit includes those of a smaller one.
    """
    if limit is None or limit >= len(questions):
        return tuple(questions)
    groups: dict[tuple[str, str, bool], list[MmadQuestion]] = defaultdict(list)
    for question in questions:
        groups[question.dataset, question.subtask, question.is_defective].append(question)
    chance = random.Random(seed)
    for group in groups.values():
        chance.shuffle(group)
    # Take one question of each group in turn, until the groups are exhausted.
    turns = zip_longest(*groups.values())
    in_turn = (question for turn in turns for question in turn if question is not None)
    return tuple(islice(in_turn, limit))


def check_pictures(root: Path, images: Iterable[str]) -> None:
    """Check before the first question that every picture exists.

    Raises:
        EvaluationError: if some are missing, or lie outside the folder.
    """
    wanted = dict.fromkeys(images)
    # Check the name, not the resolved path: data sets may be linked into the folder.
    outside = [name for name in wanted if _leads_out(PurePosixPath(name))]
    if outside:
        raise EvaluationError(f"{outside[0]} leads out of the folder of pictures {root}.")
    missing = [name for name in wanted if not (root / name).is_file()]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of {len(wanted)} pictures are not in {root}, such as "
            f"{', '.join(missing[:MAX_LISTED_MISSING])}. Name the folder that holds MMAD's data "
            "sets."
        )


def _leads_out(path: PurePosixPath) -> bool:
    return path.is_absolute() or ".." in path.parts


def _conversation(image: str, entry: object) -> list[object]:
    conversation = entry.get("conversation") if isinstance(entry, dict) else None
    if not isinstance(conversation, list):
        raise EvaluationError(f"{image} has no list 'conversation' of questions.")
    return conversation


def _question(image: str, number: int, asked: object, templates: Sequence[str]) -> MmadQuestion:
    found = asked if isinstance(asked, dict) else {}
    subtask = found.get("type")
    try:
        return MmadQuestion.model_validate(
            {
                "id": f"{image}#{number}",
                "image": image,
                "subtask": SUBTASKS.get(subtask, subtask) if isinstance(subtask, str) else subtask,
                "text": found.get("Question"),
                "options": found.get("Options"),
                "answer": found.get("Answer"),
                "templates": templates,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise EvaluationError(
            f"Question {number} about {image} is not whole ({place}: {first['msg']})."
        ) from error
