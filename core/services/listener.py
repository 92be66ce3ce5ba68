"""Who is told of an inspection while it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.domain import Defect, Judgement


@dataclass(frozen=True)
class Listener:
    """What to call as soon as something is known; whatever is left out is told to nobody.

    Attributes:
        on_verdict: called with judgement and defects, before evidence and report are looked up.
        on_answer: called with the text of the report's answer so far, each time that more of it
            has come; it starts anew at a repair turn.
        on_wait: called with how many ask a local model first, while others do.
    """

    on_verdict: Callable[[Judgement, tuple[Defect, ...]], object] | None = None
    on_answer: Callable[[str], object] | None = None
    on_wait: Callable[[int], object] | None = None


SILENT = Listener()
