"""One tiny question to a report writer: does its key, server or model answer at all?"""

from __future__ import annotations

import re
import time

from pydantic import Field

from core.domain import Evidence, FalseAlarmRate, Frozen, Judgement, Language, Product, Verdict
from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Question, Turn
from core.reporting.writers.registry import open_writer

# Enough for a model that thinks before it writes.
MOST_TOKENS = 512
SHOWN_LETTERS = 300


class Trial(Frozen):
    """What came of a question to a writer."""

    text: str = Field(description="the beginning of the answer")
    is_as_asked: bool = Field(
        description="the one word, as JSON; else all that is known is that something answers"
    )
    is_cut: bool = Field(
        description="it met the token limit; that it answers is known all the same"
    )
    seconds: float
    input_tokens: int | None = Field(description="None: not told")
    output_tokens: int | None
    cost_usd: float | None = Field(description="None: price or tokens are not known")
    attempts: int


def try_writer(model: Model, settings: Settings) -> Trial:
    """Ask a writer one tiny question, the way that reports are asked for.

    Nothing of a product or a part is sent, and nothing is kept. A local model is loaded for it.

    Raises:
        WriterError: if it cannot run here or gives no answer: what happened, what to do.
    """
    started = time.perf_counter()
    answer = open_writer(model, settings).answer(_question(model))
    if answer.finish == "refusal":
        raise WriterError(
            f"{model.title} can be reached, but would not answer: "
            f"{answer.text.strip()[:SHOWN_LETTERS] or 'no reason given'}"
        )
    return Trial(
        text=answer.text.strip()[:SHOWN_LETTERS],
        is_as_asked=_is_as_asked(answer.text),
        is_cut=answer.finish == "length",
        seconds=time.perf_counter() - started,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=model.cost_usd(answer.input_tokens, answer.output_tokens),
        attempts=answer.attempts,
    )


def nothing_found() -> Evidence:
    """Make the least evidence, for a question that is not about an inspection.

    The offline composer writes from evidence alone: a made-up part that passed.
    """
    return Evidence(
        product=Product(dataset="Trial", category="part"),
        judgement=Judgement(
            score=0,
            t_low=1,
            t_high=2,
            map_t_low=1,
            map_t_high=2,
            percentile=0,
            verdict=Verdict.PASS,
            false_alarm=FalseAlarmRate(
                requested=0.05, confidence=0.95, held_out=59, guaranteed=0.05
            ),
        ),
    )


def _is_as_asked(text: str) -> bool:
    """Tell whether an answer holds the object that was asked for, whatever stands around it."""
    return re.search(r'\{\s*"word"\s*:\s*"ready"\s*\}', text) is not None


def _question(model: Model) -> Question:
    return Question(
        evidence=nothing_found(),
        language=Language.ENGLISH,
        system="You answer with one JSON object and nothing else.",
        turns=(Turn("user", 'Answer with {"word": "ready"}.'),),
        pictures=(),
        schema={
            "type": "object",
            "properties": {"word": {"type": "string", "maxLength": 20}},
            "required": ["word"],
            "additionalProperties": False,
        },
        max_tokens=min(MOST_TOKENS, model.max_output),
    )
