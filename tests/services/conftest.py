from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from core.imaging import decoding
from core.imaging.decoding.opened import Opened


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a picture of each name was decoded, by the real decoder."""
    times: Counter[str] = Counter()
    decode = decoding._loaded

    def counted(opened: Opened, name: str) -> np.ndarray:
        times[name] += 1
        return decode(opened, name)

    monkeypatch.setattr(decoding, "_loaded", counted)
    return times
