"""Steps of an inspection: timed, switched off, or failed without taking the rest with them."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager

from core.domain import Step
from core.domain.errors import InspectionError

log = logging.getLogger(__name__)


def why_off(asked: bool | None, setting: bool, name: str) -> str:
    """Say why a step is not taken; empty when it is.

    Args:
        asked: what the request says of it; None: as the setting says.
        setting: whether it is on unless a request says otherwise.
        name: of the setting.
    """
    if asked is None:
        return "" if setting else f"{name} is off"
    return "" if asked else "switched off for this inspection"


@contextmanager
def timed(steps: list[Step], name: str) -> Generator[None]:
    """Time a step without which there is no inspection."""
    start = time.perf_counter()
    yield
    steps.append(Step(name=name, seconds=time.perf_counter() - start))


@contextmanager
def optional(steps: list[Step], name: str) -> Generator[list[str]]:
    """Time a step without which an inspection still stands; its failure is recorded, not raised.

    Yields:
        A list for sentences that the record should say of the step.
    """
    start = time.perf_counter()
    notices: list[str] = []
    try:
        yield notices
    except Exception as error:
        if not isinstance(error, InspectionError):
            log.exception("The step %s failed", name)
        steps.append(
            Step(
                name=name,
                seconds=time.perf_counter() - start,
                status="failed",
                reason=str(error) or type(error).__name__,
            )
        )
    else:
        seconds = time.perf_counter() - start
        steps.append(Step(name=name, seconds=seconds, reason=" ".join(notices)))
