"""Find the JSON object that is meant in what a model wrote, between thoughts, prose and drafts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """A stretch of a text that begins like a JSON object.

    Attributes:
        length: in characters, as far as it is JSON.
        data: the object; None: it breaks off or is none.
        problem: why it is none.
    """

    length: int
    data: dict[str, Any] | None = None
    problem: str = ""


def find_object(
    text: str, is_accepted: Callable[[dict[str, Any]], bool]
) -> tuple[dict[str, Any] | None, Attempt | None]:
    """Find the object that is meant, whatever stands before, around or after it.

    Of several that are accepted the last counts: a model that thinks and drafts answers at the end.

    Args:
        text: whatever a model wrote.
        is_accepted: tells whether an object is what was asked for.

    Returns:
        The object, None if none is accepted; and the longest attempt at one, None if there is none.

    Example:
        >>> find_object('{a}? {"a": 1} or {"a": 2}.', lambda found: "a" in found)[0]
        {'a': 2}
    """
    # Not strict: models often write a line break in a string as it is.
    decoder = json.JSONDecoder(strict=False)
    accepted: dict[str, Any] | None = None
    longest: Attempt | None = None
    start = text.find("{")
    while start >= 0:
        end, after = start + 1, start
        try:
            data, after = decoder.raw_decode(text, start)
            # Half of a surrogate pair is valid JSON, and can be neither shown nor stored.
            json.dumps(data, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            attempt = Attempt(getattr(error, "pos", after) - start, problem=str(error))
        else:
            attempt = Attempt(after - start, data)
            if is_accepted(data):
                accepted, end = data, after
        if longest is None or attempt.length > longest.length:
            longest = attempt
        start = text.find("{", end)
    return accepted, longest
