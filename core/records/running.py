"""Measure how inspections run: time of their steps, cost of their reports, scores by the week."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.domain.plant_time import UTC_DAYS, PlantTime
from core.records.periods import PERIODS, starts_within
from core.records.search import Filter, where
from core.records.standing import IS_COUNTED
from core.records.store.database import Database
from core.statistics.counts import ScoreWeek, WritingCost

# Inspections: percentiles of so many are steady, and to read more takes longer than a screen may.
TIMED = 10_000


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


def step_times(database: Database, filter: Filter, takt_s: float | None = None) -> StepTimes:
    """Time the steps of the newest `TIMED` inspections of a filter, without steps that were off.

    Args:
        database: the records.
        filter: which inspections.
        takt_s: time that the line gives a part, in seconds; None: no takt.
    """
    condition, values = where(_newest(database, filter))
    found = database.rows(
        f"""
        WITH newest AS (
            SELECT id, from_json(
                steps, '[{{"name": "VARCHAR", "seconds": "DOUBLE", "status": "VARCHAR"}}]'
            ) AS steps
            FROM inspections WHERE {condition}
        ),
        taken AS MATERIALIZED (
            SELECT id, unnest(steps, recursive := true), unnest(range(len(steps))) AS place
            FROM newest
        ),
        whole AS (SELECT id, sum(seconds) AS seconds FROM taken GROUP BY id)
        SELECT name, count(*) AS count, count(*) FILTER (status = 'failed') AS failed,
            median(seconds) AS median, quantile_cont(seconds, 0.95) AS p95,
            avg(place) AS place, NULL AS over_takt
        FROM taken WHERE status <> 'off' GROUP BY name
        UNION ALL
        SELECT NULL, count(*), 0, median(seconds), quantile_cont(seconds, 0.95), -1,
            count(*) FILTER (seconds > ?::DOUBLE)
        FROM whole
        ORDER BY place, name
        """,
        *values,
        takt_s,
    )
    whole, *steps = found
    return StepTimes(
        inspections=whole["count"],
        steps=tuple(
            StepTime(**{name: row[name] for name in StepTime.model_fields}) for row in steps
        ),
        median=whole["median"],
        p95=whole["p95"],
        over_takt=None if takt_s is None else whole["over_takt"],
    )


def writing_costs(database: Database, filter: Filter) -> tuple[WritingCost, ...]:
    """Sum the tokens and cost of a filter's drafts by day and writer.

    A draft counts for the writer that was asked, also where the composer wrote in its place. Drafts
    that no model was asked for are left out: they cost nothing.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT revisions.created_at::DATE AS day, writer, count(*) AS drafts,
            count(*) FILTER (from_cache) AS from_cache,
            coalesce(sum(input_tokens) FILTER (NOT from_cache), 0)::BIGINT AS input_tokens,
            coalesce(sum(output_tokens) FILTER (NOT from_cache), 0)::BIGINT AS output_tokens,
            coalesce(sum(cost_usd), 0) AS cost_usd,
            count(*) FILTER (cost_usd IS NULL) AS unpriced
        FROM revisions JOIN inspections ON inspections.id = inspection_id
        WHERE model <> '' AND {condition}
        GROUP BY ALL ORDER BY day, writer
        """,
        *values,
    )
    return tuple(WritingCost(**row) for row in found)


def passed_scores(
    database: Database,
    filter: Filter,
    plant: PlantTime = UTC_DAYS,
    *,
    version: str,
    below: float,
) -> tuple[ScoreWeek, ...]:
    """List the scores of the parts that one version of a detector passed, week by week.

    Args:
        database: the records.
        filter: which inspections; of one product.
        plant: whose weeks.
        version: of the detector: other versions have other scales.
        below: threshold; what passed above it, under an earlier policy, is left out.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        WITH {PERIODS}
        SELECT start, list(score) AS scores
        FROM inspections ASOF JOIN periods ON inspections.created_at >= periods.start
        WHERE verdict = 'PASS' AND version = ? AND score < ? AND {IS_COUNTED} AND {condition}
        GROUP BY ALL ORDER BY start
        """,
        starts_within(database, filter, plant.weeks),
        version,
        below,
        *values,
    )
    return tuple(
        ScoreWeek(row["start"].astimezone(plant.zone), np.array(row["scores"])) for row in found
    )


def _newest(database: Database, filter: Filter) -> Filter:
    """Narrow a filter to the time since its newest `TIMED` inspections began.

    Given a time, the database leaves alone what lies before it; given a LIMIT, it would read the
    JSON of all.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT min(created_at) AS start FROM (
            SELECT created_at FROM inspections WHERE {condition}
            ORDER BY created_at DESC LIMIT {TIMED}
        )
        """,
        *values,
    )
    start = found[0]["start"]
    return filter if start is None else filter.model_copy(update={"since": start})
