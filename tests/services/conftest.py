from __future__ import annotations

from collections import Counter

import pytest
from PIL import Image

from core.imaging import decoding


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a picture of each name was decoded, by the real decoder."""
    times: Counter[str] = Counter()
    decode = decoding._decode

    def counted(opened: Image.Image, data: bytes, name: str) -> object:
        times[name] += 1
        return decode(opened, data, name)

    monkeypatch.setattr(decoding, "_decode", counted)
    return times
