"""Many operators at once: the real console, and clients that inspect one part after another."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from core.detection.base import OnProgress
from core.domain import Frozen, Product
from core.errors import EvaluationError
from core.evaluation.machine import machine
from core.evaluation.operator_clients import BrowserOperator, Operator, RestOperator
from core.evaluation.running_console import running_console
from core.evaluation.tables import header, line
from core.records.database import Records
from core.settings import Settings
from core.sources import (
    DEMO_PRODUCT_KEY,
    PictureFile,
    demo_examples,
    demo_normals,
    demo_unseen_normals,
)
from core.teaching import teach
from core.workbench import Workbench

# What the console does until it tells the verdict.
TO_VERDICT = ("check", "load detector", "wait", "detect", "measure")
VERDICT = "verdict"
SHOWN_ERRORS = 5
COLUMNS = ("operators", "way", "inspected", "p50", "p95", "longest")

OpenOperator = Callable[[str, str, ExitStack], Operator]


class Waiting(Frozen):
    """How long operators of one kind waited, by their own clocks."""

    way: str = Field(description="REST, or browser: the Inspect page in Chromium")
    operators: int
    inspected: int
    p50: float = Field(description="seconds from sending a picture to verdict and report")
    p95: float
    longest: float


class StepTaken(Frozen):
    """How long one step took inside the console, of the inspections by REST."""

    name: str = Field(description="verdict: the steps up to it together")
    p50: float = Field(description="seconds")
    p95: float


class OperatorsFigures(Frozen):
    """What was measured."""

    seconds: float = Field(description="that they inspected")
    waiting: tuple[Waiting, ...]
    steps: tuple[StepTaken, ...]
    recorded: int = Field(description="inspections on record afterwards, the first ones too")
    errors: tuple[str, ...] = Field(description="sentences of what went wrong")

    @property
    def inspected(self) -> int:
        """Pictures that were answered."""
        return sum(way.inspected for way in self.waiting)


@dataclass
class _Shift:
    """What operators share: how many pictures are left, and what came of the others."""

    left: int
    seconds: float
    waited: dict[str, list[float]] = field(default_factory=dict)
    steps: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float = 0

    def begin(self) -> None:
        """Called once, when everybody is ready."""
        self._until = time.monotonic() + self.seconds

    def next(self) -> int | None:
        """Number of the next picture; None: the shift is over."""
        with self._lock:
            if self.left == 0 or time.monotonic() > self._until:
                return None
            self.left -= 1
            return self.left

    def work(self, operator: Operator, picture: PictureFile) -> None:
        """Have a picture inspected, and note what came of it."""
        start = time.perf_counter()
        try:
            steps = operator.inspect(picture)
        except EvaluationError as error:
            with self._lock:
                self.errors.append(str(error))
            return
        seconds = time.perf_counter() - start
        with self._lock:
            self.waited.setdefault(operator.way, []).append(seconds)
            if steps:
                steps = {VERDICT: sum(steps[name] for name in TO_VERDICT)} | steps
            for name, taken in steps.items():
                self.steps.setdefault(name, []).append(taken)


def measure_operators(
    settings: Settings,
    *,
    operators: int,
    browsers: int,
    pictures: int,
    seconds: float,
    on_progress: OnProgress,
) -> OperatorsFigures:
    """Teach the demo product to a station in a temporary folder, and have it inspected by many.

    Each operator inspects one picture first, which is not counted, and then one after another
    without a pause: functional and defective cells in turn, that nobody was taught with.

    Args:
        settings: where weights and converted networks are.
        operators: that inspect at the same time.
        browsers: how many of them drive the console in a browser; the others call REST.
        pictures: to inspect, together.
        seconds: after which no further picture is begun.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        EvaluationError: if the console does not start, or an operator cannot open it.
    """
    cells = [
        cell for pair in zip(demo_unseen_normals(), demo_examples(), strict=False) for cell in pair
    ]
    with tempfile.TemporaryDirectory() as folder:
        station = settings.model_copy(
            update={
                "data_dir": Path(folder) / "data",
                "ad_checkpoint_dir": Path(folder) / "checkpoints",
                "database_url": None,
                "model_cache": settings.model_cache_dir.absolute(),
            }
        )
        with Workbench(station) as bench:
            teach(
                bench,
                Product.from_key(DEMO_PRODUCT_KEY),
                demo_normals(),
                on_progress=on_progress,
            )
        kinds: list[OpenOperator] = [BrowserOperator] * browsers
        kinds += [RestOperator] * (operators - browsers)
        with running_console(station) as address:
            on_progress("Inspect", 0)
            shift = _Shift(pictures, seconds)
            taken = _worked(shift, kinds, address, cells)
        on_progress("Inspect", 1)
        with Records.open(station) as records:
            recorded = records.count()
    return _figures(shift, kinds, taken, recorded)


def _worked(
    shift: _Shift, kinds: Sequence[OpenOperator], address: str, cells: Sequence[PictureFile]
) -> float:
    """Let everybody work; seconds from the first picture to the last answer."""
    began: list[float] = []

    def begin() -> None:
        shift.begin()
        began.append(time.perf_counter())

    everybody = threading.Barrier(len(kinds), begin)

    def work(number: int) -> None:
        with ExitStack() as stack:
            try:
                operator = kinds[number](address, f"Operator {number + 1}", stack)
                operator.inspect(cells[number % len(cells)])
                everybody.wait()
            except EvaluationError:
                everybody.abort()
                raise
            while (picture := shift.next()) is not None:
                shift.work(operator, cells[picture % len(cells)])

    with ThreadPoolExecutor(len(kinds)) as pool:
        running = [pool.submit(work, number) for number in range(len(kinds))]
    ended = time.perf_counter()
    # Who waited for one that could not open the console only knows that it did not come.
    failures = [error for each in running if (error := each.exception()) is not None]
    for error in sorted(
        failures, key=lambda error: isinstance(error, threading.BrokenBarrierError)
    ):
        raise error
    return ended - began[0]


def _figures(
    shift: _Shift, kinds: Sequence[OpenOperator], taken: float, recorded: int
) -> OperatorsFigures:
    ways = {BrowserOperator.way: BrowserOperator, RestOperator.way: RestOperator}
    return OperatorsFigures(
        seconds=taken,
        waiting=tuple(
            Waiting(
                way=way,
                operators=kinds.count(ways[way]),
                inspected=len(waited),
                p50=float(np.percentile(waited, 50)),
                p95=float(np.percentile(waited, 95)),
                longest=max(waited),
            )
            for way, waited in sorted(shift.waited.items())
        ),
        steps=tuple(
            StepTaken(
                name=name, p50=float(np.percentile(taken, 50)), p95=float(np.percentile(taken, 95))
            )
            for name, taken in shift.steps.items()
        ),
        recorded=recorded,
        errors=tuple(shift.errors),
    )


def operators_table(figures: OperatorsFigures) -> str:
    """The figures as a Markdown table, with the steps and what they were made on under it."""
    rows = [
        line(
            [
                str(way.operators),
                way.way,
                str(way.inspected),
                *(f"{seconds:.2f} s" for seconds in (way.p50, way.p95, way.longest)),
            ]
        )
        for way in figures.waiting
    ]
    steps = ", ".join(f"{step.name} {step.p50:.2f} / {step.p95:.2f}" for step in figures.steps)
    said = "".join(f"\n- {error}" for error in figures.errors[:SHOWN_ERRORS])
    return "\n".join([header(COLUMNS), *rows]) + (
        f"\n\n{figures.inspected} pictures in {figures.seconds:.0f} s, no pause between them, "
        f"{len(figures.errors)} errors, {figures.recorded} inspections on record with each "
        "operator's first. Waited: from sending the picture until verdict, evidence and report "
        "are on record and answered; in a browser, until the page is drawn. Inside the console, "
        f"of those by REST, p50 / p95 in s: {steps}. {machine()}.{said}"
    )
