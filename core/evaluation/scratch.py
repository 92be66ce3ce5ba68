"""A workbench that leaves no trace: what is taught for a measurement is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.settings import Settings
from core.workbench import Workbench


@contextmanager
def scratch_workbench(settings: Settings) -> Generator[Workbench]:
    """A workbench with records and checkpoints of its own, removed at the end.

    Args:
        settings: whose weights and converted networks are used; its records and checkpoints stay
            as they are.
    """
    with tempfile.TemporaryDirectory() as scratch:
        aside = settings.model_copy(
            update={
                "data_dir": Path(scratch),
                "database_url": None,
                "ad_checkpoint_dir": Path(scratch) / "checkpoints",
                "model_cache": settings.model_cache_dir,
            }
        )
        with Workbench(aside) as bench:
            yield bench
