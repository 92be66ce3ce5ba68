"""A server that answers MMAD's questions, and runs that ask it."""

from __future__ import annotations

import json
from pathlib import Path

from core.evaluation.mmad.figures import MmadFigures
from core.evaluation.mmad.run import run_mmad
from core.infrastructure.settings import Settings
from tests.reporting.writers.endpoints import Endpoint
from tests.reporting.writers.wire.server import LoopbackServer, Reply

PICTURES = ("good/000", "good/001", "broken_large/000", "contamination/000")
WRITER = "openai-compatible"


def asks(server: LoopbackServer, tmp_path: Path) -> Settings:
    return Endpoint(WRITER, server).settings(data_dir=tmp_path / "data")


def says(*letters: str) -> list[Reply]:
    return [Reply(json.dumps({"answer": letter})) for letter in letters]


def run(mmad: Path, settings: Settings, **choices: object) -> MmadFigures:
    return run_mmad(
        mmad / "mmad.json",
        choices.pop("root", mmad),  # ty: ignore[invalid-argument-type]
        str(choices.pop("writer", WRITER)),
        settings,
        mmad.parent / "answers.jsonl",
        on_progress=lambda step, share: None,
        **choices,  # ty: ignore[invalid-argument-type]
    )
