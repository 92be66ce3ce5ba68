"""Load the real console with many operators that inspect one part after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from pydantic import Field

from core.domain import Frozen, Product, Step
from core.domain.errors import EvaluationError
from core.evaluation.benchmarks.environment import machine
from core.evaluation.benchmarks.operator_clients import (
    Answered,
    BrowserOperator,
    Operator,
    SessionOperator,
)
from core.evaluation.benchmarks.running_console import running_console
from core.evaluation.detection.tables import header, line
from core.evaluation.temporary_station import temporary_settings
from core.imaging.picture_files import (
    DEMO_PRODUCT_KEY,
    PictureFile,
    demo_examples,
    demo_normals,
    demo_unseen_normals,
)
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection
from core.records.search import count
from core.records.store.database import Database
from core.services.station import Station
from core.services.teaching import teach

# The steps of the console up to the verdict.
TO_VERDICT = ("check", "load detector", "wait", "detect", "measure")
VERDICT = "verdict"
MAX_SHOWN_ERRORS = 5
COLUMNS = (
    "operators",
    "way",
    "inspected",
    "verdict p50",
    "verdict p95",
    "longest",
    "drawn p50",
    "drawn p95",
    "longest",
)

OpenOperator = Callable[[str, str, ExitStack], Operator]


class Spread(Frozen):
    """How long something took, in seconds."""

    p50: float
    p95: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Compute the spread of one or more durations."""
        p50, p95 = np.percentile(seconds, [50, 95])
        return cls(p50=float(p50), p95=float(p95), longest=max(seconds))


class Waiting(Frozen):
    """How long operators of one kind waited, by their own clocks."""

    way: str = Field(description="session: Streamlit's protocol, scripted; browser: Chromium")
    operators: int
    inspected: int
    verdict: Spread = Field(description="from the start of an upload")
    drawn: Spread = Field(description="from the start of an upload")


class StepTaken(Frozen):
    """How long one step took inside the console, according to the records."""

    name: str = Field(description="verdict: all steps up to it together")
    taken: Spread


class OperatorsFigures(Frozen):
    """Figures of the benchmark."""

    seconds: float = Field(description="that they inspected")
    takt: float = Field(
        description="seconds from the start of one picture to the next; 0: no pause"
    )
    waiting: tuple[Waiting, ...]
    steps: tuple[StepTaken, ...]
    recorded: int = Field(description="inspections on record afterwards, the first ones too")
    errors: tuple[str, ...] = Field(description="a sentence for each failure")

    @property
    def inspected(self) -> int:
        """Number of pictures answered."""
        return sum(way.inspected for way in self.waiting)


@dataclass
class _Shift:
    """State shared by the operators: the number of pictures left, and the answers so far."""

    left: int
    seconds: float
    answers: dict[str, list[Answered]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    began: float = 0
    ended: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float = 0

    def begin(self) -> None:
        """Start the shift; called once, when all operators are ready."""
        self._until = time.monotonic() + self.seconds
        self.began = self.ended = time.perf_counter()

    def next(self) -> int | None:
        """Take the number of the next picture; None: the shift is over."""
        with self._lock:
            if self.left == 0 or time.monotonic() > self._until:
                return None
            self.left -= 1
            return self.left

    def work(self, operator: Operator, picture: PictureFile) -> None:
        """Have a picture inspected, and record the outcome."""
        try:
            answered = operator.inspect(picture)
        except EvaluationError as error:
            with self._lock:
                self.errors.append(str(error))
        else:
            with self._lock:
                self.answers.setdefault(operator.way, []).append(answered)
        with self._lock:
            self.ended = time.perf_counter()


def measure_operators(
    settings: Settings,
    *,
    operators: int,
    browsers: int,
    pictures: int,
    seconds: float,
    takt: float,
    on_progress: Callable[[str, float], object],
) -> OperatorsFigures:
    """Teach the demo product to a temporary station and let many operators inspect parts.

    Each operator first inspects one picture that is not counted, and then one after another,
    alternating functional and defective cells that were not used in teaching.

    Args:
        settings: name the weights and converted networks.
        operators: number of operators inspecting at the same time.
        browsers: number of them that use a browser; the others are scripted sessions.
        pictures: total number of pictures to inspect.
        seconds: time after which no further picture is started.
        takt: seconds from the start of an operator's picture to the start of the next one, or
            longer if an answer takes longer; starts are spread over the first takt. 0: no pause.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        EvaluationError: if the console does not start, or an operator cannot open it.
    """
    cells = [
        cell for pair in zip(demo_unseen_normals(), demo_examples(), strict=False) for cell in pair
    ]
    with temporary_settings(settings) as aside:
        with Station(aside) as station:
            teach(
                station,
                Product.from_key(DEMO_PRODUCT_KEY),
                demo_normals(),
                on_progress=on_progress,
            )
        kinds: list[OpenOperator] = [BrowserOperator] * browsers
        kinds += [SessionOperator] * (operators - browsers)
        with running_console(aside) as address:
            on_progress("Inspect", 0)
            shift = _Shift(pictures, seconds)
            taken = _worked(shift, kinds, address, cells, takt)
        on_progress("Inspect", 1)
        with Database.open(aside) as records:
            recorded = count(records)
            answers = [answer for way in shift.answers.values() for answer in way]
            steps = [load_inspection(records, answer.inspection).steps for answer in answers]
    failed = [
        f"{step.name}: {step.reason}" for each in steps for step in each if step.status == "failed"
    ]
    return OperatorsFigures(
        seconds=taken,
        takt=takt,
        waiting=_waiting(shift, kinds),
        steps=_steps_taken(steps),
        recorded=recorded,
        errors=(*shift.errors, *failed),
    )


def _worked(
    shift: _Shift,
    kinds: Sequence[OpenOperator],
    address: str,
    cells: Sequence[PictureFile],
    takt: float,
) -> float:
    """Run all operators; return the seconds from the first picture to the last answer."""
    everybody = threading.Barrier(len(kinds), shift.begin)
    # Real lines are neither synchronised nor evenly staggered.
    pauses = np.random.default_rng(0).uniform(0, takt, len(kinds))

    def work(number: int) -> None:
        with ExitStack() as stack:
            try:
                operator = kinds[number](address, f"Operator {number + 1}", stack)
                operator.inspect(cells[number % len(cells)])
                everybody.wait()
            except BaseException:
                # Abort on any error: the others would wait forever for this operator.
                everybody.abort()
                raise
            beat = time.monotonic() + float(pauses[number])
            time.sleep(max(0.0, beat - time.monotonic()))
            while (picture := shift.next()) is not None:
                shift.work(operator, cells[picture % len(cells)])
                beat = max(beat + takt, time.monotonic())
                time.sleep(max(0.0, beat - time.monotonic()))

    with ThreadPoolExecutor(len(kinds)) as pool:
        running = [pool.submit(work, number) for number in range(len(kinds))]
    # Operators that waited for a failed one report only a broken barrier: find the cause.
    failures = [error for each in running if (error := each.exception()) is not None]
    for error in sorted(
        failures, key=lambda error: isinstance(error, threading.BrokenBarrierError)
    ):
        raise error
    return shift.ended - shift.began


def _waiting(shift: _Shift, kinds: Sequence[OpenOperator]) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(
            way=kind.way,
            operators=kinds.count(kind),
            inspected=len(answers),
            verdict=Spread.of([answer.verdict for answer in answers]),
            drawn=Spread.of([answer.drawn for answer in answers]),
        )
        for kind in (SessionOperator, BrowserOperator)
        if (answers := shift.answers.get(kind.way))
    )


def _steps_taken(inspections: Sequence[Sequence[Step]]) -> tuple[StepTaken, ...]:
    taken: dict[str, list[float]] = {VERDICT: []}
    for steps in inspections:
        taken[VERDICT].append(sum(step.seconds for step in steps if step.name in TO_VERDICT))
        for step in steps:
            taken.setdefault(step.name, []).append(step.seconds)
    return tuple(
        StepTaken(name=name, taken=Spread.of(seconds)) for name, seconds in taken.items() if seconds
    )


def operators_table(figures: OperatorsFigures) -> str:
    """Render the figures as a Markdown table, with the steps and the machine below it."""
    rows = [
        line(
            [
                str(way.operators),
                way.way,
                str(way.inspected),
                *(
                    f"{seconds:.2f} s"
                    for spread in (way.verdict, way.drawn)
                    for seconds in (spread.p50, spread.p95, spread.longest)
                ),
            ]
        )
        for way in figures.waiting
    ]
    steps = ", ".join(
        f"{step.name} {step.taken.p50:.2f} / {step.taken.p95:.2f}" for step in figures.steps
    )
    pace = f"one each {figures.takt:g} s or later" if figures.takt else "no pause between them"
    listed_errors = "".join(f"\n- {error}" for error in figures.errors[:MAX_SHOWN_ERRORS])
    return "\n".join([header(COLUMNS), *rows]) + (
        f"\n\n{figures.inspected} pictures in {figures.seconds:.0f} s, {pace}, "
        f"{len(figures.errors)} errors, {figures.recorded} inspections on record with each "
        "operator's first. From the start of an upload until the page shows the verdict, and "
        "until the whole inspection is drawn with report, evidence and pictures. Steps inside the "
        f"console, p50 / p95 in s: {steps}. {machine()}.{listed_errors}"
    )
