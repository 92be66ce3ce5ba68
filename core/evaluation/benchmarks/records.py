"""Time lists, charts and writes with very many inspections on record."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count as counter
from pathlib import Path
from statistics import median

from pydantic import Field

from core.domain import Disposition, Frozen, RevisionKind, Verdict
from core.evaluation.benchmarks.environment import machine
from core.evaluation.benchmarks.generated_records import END, PRODUCTS, VERSION, generate
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection, save_inspection
from core.records.quality import defect_places, period_counts, type_counts, verdict_counts
from core.records.queue import next_waiting, previous_waiting, queue, waiting
from core.records.revisions import add_revision
from core.records.running import passed_scores, step_times, writing_costs
from core.records.search import PAGE, Filter, count, search, values_of
from core.records.store.database import Database
from core.statistics.control_charts import Sample, p_chart
from core.statistics.counts import Period
from core.statistics.drift import drift
from core.statistics.quality import agreement, cost_pareto, defect_pareto, rates

REPEATS = 5
EVERYTHING = Filter()
ONE_PRODUCT = Filter(product_key=PRODUCTS[0])
LAST_WEEK = Filter(since=END - timedelta(days=7))
T_LOW = 1.0
COSTS = {key: {Disposition.SCRAP: 12.5, Disposition.REWORK: 3.0} for key in PRODUCTS}

FILTERS = {
    "product": ONE_PRODUCT,
    "lot": Filter(lot="L-2"),
    "serial": Filter(serial="SN-77"),
    "station": Filter(station="ST-2"),
    "verdict": Filter(verdict=Verdict.FAIL),
    "disposition": Filter(disposition=Disposition.SCRAP),
    "open": Filter(disposition="open", verdict=Verdict.FAIL),
    "defect type": Filter(defect_type="dent"),
    "date": LAST_WEEK,
    "text, often": Filter(text="microscope"),
    "text, once": Filter(text="part_77.png"),
    "text, never": Filter(text="no such text"),
}


class Timing(Frozen):
    """How long one operation takes."""

    what: str
    first: float = Field(description="seconds, of the first call after opening the records")
    median: float = Field(description="seconds, of the next five calls")


class ManyRecordsFigures(Frozen):
    """Figures of the benchmark."""

    entries: int
    generated: float = Field(description="seconds that making them took")
    size_bytes: int = Field(description="of the file")
    opened: float = Field(description="seconds")
    timings: tuple[Timing, ...]


def measure_many_records(
    entries: int, settings: Settings, *, on_progress: Callable[[str, float], object]
) -> ManyRecordsFigures:
    """Generate inspections in a temporary folder and time the queries of the screens.

    The file is closed and opened again, but may still be in the operating system's cache.

    Args:
        entries: how many inspections.
        settings: give the share of passed parts drawn for an audit.
        on_progress: called with the step's name and the share of it that is done, 0..1.
    """
    with tempfile.TemporaryDirectory() as folder:
        temporary = settings.model_copy(update={"data_dir": Path(folder), "database_url": None})
        on_progress("Make inspections", 0)
        with Database.open(temporary) as records:
            generated = _seconds(lambda: generate(records, entries, settings.audit_share))
        start = time.perf_counter()
        with Database.open(temporary) as records:
            opened = time.perf_counter() - start
            asked = questions(records) | writes(records)
            timings = []
            for done, (what, ask) in enumerate(asked.items()):
                on_progress("Ask", done / len(asked))
                first, *others = (_seconds(ask) for _ in range(1 + REPEATS))
                timings.append(Timing(what=what, first=first, median=median(others)))
        on_progress("Ask", 1)
        return ManyRecordsFigures(
            entries=entries,
            generated=generated,
            size_bytes=temporary.records_path.stat().st_size,
            opened=opened,
            timings=tuple(timings),
        )


def questions(records: Database) -> dict[str, Callable[[], object]]:
    """List the screens' queries by name; each call includes computing its figures."""
    asked: dict[str, Callable[[], object]] = {
        "History: first page": lambda: search(records, EVERYTHING),
        "History: count": lambda: count(records, EVERYTHING),
        "History: page in the middle": lambda: search(
            records, EVERYTHING, offset=count(records, EVERYTHING) // 2
        ),
    }
    for column in ("station", "defect_type", "lot"):
        asked[f"History: choices of {column}"] = lambda column=column: values_of(
            records, column, EVERYTHING
        )
    for name, filter in FILTERS.items():
        asked[f"History by {name}: page and count"] = lambda filter=filter: (
            search(records, filter),
            count(records, filter),
        )
    middle = queue(records, limit=PAGE)[-1].id
    asked |= {
        "Queue: first page": lambda: queue(records),
        "Queue: count by kind": lambda: waiting(records),
        "Queue: next and previous": lambda: (
            next_waiting(records, middle),
            previous_waiting(records, middle),
        ),
    }
    for name, filter in {"all": EVERYTHING, "one product": ONE_PRODUCT}.items():
        asked |= {f"Quality, {name}: {what}": ask for what, ask in _charts(records, filter).items()}
    return asked | {"Quality, one product: drift by week": lambda: _drift(records)}


def _charts(records: Database, filter: Filter) -> dict[str, Callable[[], object]]:
    def chart(by: Period) -> object:
        samples = [
            Sample(label=each.label, inspected=each.inspected, nonconforming=each.failed)
            for each in period_counts(records, filter, by)
        ]
        return p_chart(samples)

    return {
        "rates": lambda: rates(verdict_counts(records, filter)),
        "agreement": lambda: agreement(verdict_counts(records, filter)),
        "p-chart by hour": lambda: chart(Period.HOUR),
        "p-chart by day": lambda: chart(Period.DAY),
        "p-chart by lot": lambda: chart(Period.LOT),
        "Pareto by type": lambda: defect_pareto(type_counts(records, filter)),
        "Pareto by cost": lambda: cost_pareto(type_counts(records, filter), COSTS),
        "defect places": lambda: defect_places(records, filter),
        "time of steps": lambda: step_times(records, filter, 1.0),
        "cost of reports": lambda: writing_costs(records, filter),
    }


def _drift(records: Database) -> object:
    normals = [0.2 + 0.004 * number for number in range(200)]
    weeks = passed_scores(records, ONE_PRODUCT, version=VERSION, below=T_LOW)
    return drift(normals, T_LOW, weeks)


def writes(records: Database) -> dict[str, Callable[[], object]]:
    """List the writes that happen while persons work, by name."""
    known = load_inspection(records, queue(records, limit=1)[0].id)
    numbers = counter()
    report = known.revisions[0].report

    def save() -> None:
        name = f"{known.id}-{next(numbers)}"
        save_inspection(records, known.model_copy(update={"id": name, "dispositions": ()}))

    return {
        "Save an inspection": save,
        "Save a report": lambda: add_revision(records, known.id, report, RevisionKind.EDITED, "A"),
        "Save a disposition": lambda: add_disposition(
            records, known.id, Disposition.REWORK, "Ground", "A"
        ),
    }


def _seconds(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def many_records_table(figures: ManyRecordsFigures) -> str:
    """Render the figures as a Markdown table, with the machine and the data below it."""
    lines = ["| what | first time | median of 5 more |", "|---|---|---|"]
    lines += [
        f"| {timing.what} | {1000 * timing.first:.0f} ms | {1000 * timing.median:.0f} ms |"
        for timing in figures.timings
    ]
    slowest = max(figures.timings, key=lambda timing: timing.median)
    return "\n".join(lines) + (
        f"\n\n{figures.entries:,} made-up inspections, made in {figures.generated:.0f} s, "
        f"{figures.size_bytes / 2**20:.0f} MiB on disk, opened in {figures.opened:.2f} s. Slowest: "
        f"{slowest.what}, {1000 * slowest.median:.0f} ms. {machine()}."
    )
