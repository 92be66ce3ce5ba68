"""How inspections run: time of their steps, cost of their reports, and scores as weeks go by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.records.connection import Database
from core.records.search import NEWEST_FIRST, Filter, where

# Percentiles of so many are steady, and reading more takes longer than a screen may.
TIMED = 20_000


class StepTime(Frozen):
    """How long one step takes."""

    name: str
    count: int = Field(description="times that it was taken")
    failed: int
    median: float = Field(description="seconds")
    p95: float = Field(description="seconds")


class StepTimes(Frozen):
    """How long inspections take, step by step in their order, and over all."""

    inspections: int = Field(description="that were timed: the newest ones of the filter")
    steps: tuple[StepTime, ...]
    median: float | None = Field(description="seconds of all steps together; None: nothing timed")
    p95: float | None
    over_takt: int | None = Field(description="that took longer than the takt; None: no takt")


class WritingCost(Frozen):
    """What one writer's drafts of one day took."""

    day: date = Field(description="UTC")
    writer: str
    drafts: int
    from_cache: int = Field(description="drafts that took no request")
    input_tokens: int
    output_tokens: int
    cost_usd: float = Field(description="of the drafts whose price is known")
    unpriced: int = Field(description="drafts that used tokens at no known price")


@dataclass(frozen=True)
class ScoreWeek:
    """Scores of a week's passed parts.

    Attributes:
        start: Monday, 0:00 UTC.
        scores: float64 (N,), in no order.
    """

    start: datetime
    scores: np.ndarray


def step_times(database: Database, filter: Filter, takt_s: float | None = None) -> StepTimes:
    """Times of the newest `TIMED` inspections of a filter; steps that were off are left out.

    Args:
        database: of the records.
        filter: which inspections.
        takt_s: time that the line gives a part, in seconds.
    """
    condition, values = where(filter)
    newest = f"""
        WITH newest AS (
            SELECT id, from_json(
                steps, '[{{"name": "VARCHAR", "seconds": "DOUBLE", "status": "VARCHAR"}}]'
            ) AS steps
            FROM inspections WHERE {condition} {NEWEST_FIRST} LIMIT {TIMED}
        )
    """
    steps = database.rows(
        f"""
        {newest},
        taken AS (
            SELECT unnest(steps) AS step, unnest(range(len(steps))) AS place FROM newest
        )
        SELECT step.name AS name, count(*) AS count,
            count(*) FILTER (step.status = 'failed') AS failed,
            median(step.seconds) AS median, quantile_cont(step.seconds, 0.95) AS p95
        FROM taken WHERE step.status <> 'off'
        GROUP BY step.name ORDER BY avg(place), name
        """,
        *values,
    )
    whole = database.rows(
        f"""
        {newest},
        timed AS (
            SELECT list_sum(list_transform(steps, lambda step: step.seconds)) AS seconds FROM newest
        )
        SELECT count(*) AS inspections, median(seconds) AS median,
            quantile_cont(seconds, 0.95) AS p95,
            CASE WHEN ?::DOUBLE IS NOT NULL THEN count(*) FILTER (seconds > ?::DOUBLE) END
                AS over_takt
        FROM timed
        """,
        *values,
        takt_s,
        takt_s,
    )
    return StepTimes(steps=tuple(StepTime(**row) for row in steps), **whole[0])


def writing_costs(database: Database, filter: Filter) -> tuple[WritingCost, ...]:
    """Tokens and cost of the drafts of a filter's inspections, by the day and writer of the draft.

    A draft counts for the writer that was asked, also where the composer wrote in its place.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT revisions.created_at::DATE AS day, writer, count(*) AS drafts,
            count(*) FILTER (from_cache) AS from_cache,
            coalesce(sum(input_tokens) FILTER (NOT from_cache), 0)::BIGINT AS input_tokens,
            coalesce(sum(output_tokens) FILTER (NOT from_cache), 0)::BIGINT AS output_tokens,
            coalesce(sum(cost_usd), 0) AS cost_usd,
            count(*) FILTER (input_tokens IS NOT NULL AND cost_usd IS NULL) AS unpriced
        FROM revisions JOIN inspections ON inspections.id = inspection_id
        WHERE writer IS NOT NULL AND {condition}
        GROUP BY ALL ORDER BY day, writer
        """,
        *values,
    )
    return tuple(WritingCost(**row) for row in found)


def passed_scores(
    database: Database, filter: Filter, *, version: str, below: float
) -> tuple[ScoreWeek, ...]:
    """Scores of the parts that one version of a detector passed, week by week.

    Args:
        database: of the records.
        filter: which inspections; of one product.
        version: of the detector: other versions have other scales.
        below: threshold; what passed above it, under an earlier policy, is left out.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT date_trunc('week', created_at)::TIMESTAMP AS start, list(score) AS scores
        FROM inspections
        WHERE verdict = 'PASS' AND version = ? AND score < ? AND {condition}
        GROUP BY ALL ORDER BY start
        """,
        version,
        below,
        *values,
    )
    return tuple(ScoreWeek(row["start"], np.array(row["scores"])) for row in found)
