"""What a text is about, as the beginnings of its words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
# Two words are alike when they begin alike: "pressing" and "pressure", "solder" and "soldering".
_STEM_LETTERS = 5
# Function words, and words that occur in the causes of any defect.
_EMPTY = frozenset(
    """
    a about above after again against all also an and any are as at be because been before being
    below between both but by can cannot could did do does due during each few for from further had
    has have having how if in into is it its itself less like likely may maybe might more most much
    must near no nor not of off on once only or other others out over own part parts perhaps
    possible possibly probable probably same shall should so some such than that the their them then
    there these they this those through to too under until up upon very was were what when where
    which while who why will with would yet you your
    cause caused causes causing cause's defect defects damage damaged deviation anomaly region
    reason result results resulting origin originate originates stem stems lead leads knowledge
    entry names named mentions mentioned determined picture image see hypothesis one another
    machine man method material measurement environment handling process production step
    """.split()  # noqa: SIM905
)


def content_words(text: str) -> list[str]:
    """List the content words of an English text, in lower case, each once."""
    words = (word.lower() for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in words if len(word) > 2 and word not in _EMPTY))


def shared(text: str, source: str) -> float:
    """Compute the share of a text's content words that a source contains; 0 without any.

    Example:
        >>> shared("uneven pressure", "pressing unevenly"), shared("rust", "pressing unevenly")
        (1.0, 0.0)
    """
    words = content_words(text)
    known = {_stem(word) for word in content_words(source)}
    return sum(_stem(word) in known for word in words) / len(words) if words else 0.0


def _stem(word: str) -> str:
    # Plurals and the commonest endings first, so that short words meet, too: "dies" and "die".
    for ending in ("ies", "ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:_STEM_LETTERS]
