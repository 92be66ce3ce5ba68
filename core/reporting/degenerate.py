"""Whether an answer is no prose at all: loops, blanks and gibberish, as small models write them.

It says nothing about whether an answer is true; the grounding check does that.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

# A report must say something in these fields.
NEVER_BLANK = ("summary", "observation")
# Fields of prose; ids, types and choices are not.
PROSE = (
    *NEVER_BLANK,
    "cause",
    "effect",
    "containment",
    "recommended_action",
    "open_questions",
)
# Letters of the shortest statement, such as "burr".
FEWEST_LETTERS = 4
# Share of letters, digits and spaces below which a text is rather code or symbols.
LEAST_PLAIN_SHARE = 0.75
MOST_WORD_LETTERS = 60
LEAST_RUN_LETTERS = 12
# The same phrase over and over: up to this many words, this often in a row.
MOST_PHRASE_WORDS = 12
LEAST_REPEATS = 3
# Of three-word groups in one text, counted from this many on.
FEWEST_GROUPS = 20
LEAST_DISTINCT_SHARE = 0.5
# A sentence of this many words that stands in this many kinds of field.
ECHO_WORDS = 5
ECHO_FIELDS = 3


def why_degenerate(text: str) -> str:
    """Say why a text is no report; empty when nothing speaks against it.

    Each field is looked at by itself, because several defects that are alike may well be described
    alike. Found are: a summary or an observation that says nothing; one character, phrase or group
    of three words over and over (share of distinct three-word groups, as the distinct-n measure of
    Li et al., "A Diversity-Promoting Objective Function", 2016); one sentence in three kinds of
    field; and mostly symbols or endless words.

    Args:
        text: a report's JSON without fences, or any prose.

    Returns:
        A sentence for the operator, such as "The summary repeats 'the part' over and over.".

    Example:
        >>> why_degenerate("the part the part the part the part")
        "The text repeats 'the part' over and over."
    """
    fields = list(_fields(text))
    if not fields:
        return "The answer holds no text."
    for name, said in fields:
        if reason := _why_one(name, said):
            return f"The {name} {reason}"
    return _echo(fields)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and words of every field that a person reads; other text is one field."""
    try:
        yield from _of_json("", json.loads(text))
    except ValueError:
        yield "text", text


def _of_json(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _of_json(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _of_json(name, inner)
    elif isinstance(value, str) and name in PROSE and (value.strip() or name in NEVER_BLANK):
        yield name.replace("_", " ").removesuffix("s"), value


def _why_one(name: str, said: str) -> str:
    # A Hangul syllable is two or three letters, and decomposed it counts as such.
    letters = sum(character.isalpha() for character in unicodedata.normalize("NFD", said))
    if letters < FEWEST_LETTERS:
        return f"says nothing: {_quote(said)}."
    if run := re.search(rf"(\S)\1{{{LEAST_RUN_LETTERS - 1},}}", said):
        return f"repeats the character {run[1]!r}."
    words = re.findall(r"\w+", said.casefold())
    if any(len(word) > MOST_WORD_LETTERS for word in words):
        return f"holds a word of more than {MOST_WORD_LETTERS} letters."
    plain = sum(character.isalnum() or character.isspace() for character in said)
    if plain < LEAST_PLAIN_SHARE * len(said):
        return f"is mostly symbols: {_quote(said)}."
    return _loop(words)


def _loop(words: list[str]) -> str:
    """Find a phrase repeated too often in a row, or too few distinct groups of three words."""
    for size in range(1, MOST_PHRASE_WORDS + 1):
        # Words that equal the one a phrase before: n phrases in a row make n - 1 times size.
        alike = 0
        for place in range(size, len(words)):
            alike = alike + 1 if words[place] == words[place - size] else 0
            if alike >= LEAST_REPEATS * size:
                phrase = " ".join(words[place - size + 1 : place + 1])
                return f"repeats {phrase!r} over and over."
    groups = Counter(zip(words, words[1:], words[2:], strict=False))
    if groups.total() >= FEWEST_GROUPS and len(groups) < LEAST_DISTINCT_SHARE * groups.total():
        phrase = " ".join(groups.most_common(1)[0][0])
        return f"turns in a circle, {phrase!r} most often."
    return ""


def _echo(fields: list[tuple[str, str]]) -> str:
    """Find one sentence repeated in fields of different meaning."""
    places: dict[str, set[str]] = {}
    for name, said in fields:
        for sentence in re.split(r"(?<=[.!?])\s+", said):
            words = re.findall(r"\w+", sentence.casefold())
            if len(words) >= ECHO_WORDS:
                places.setdefault(" ".join(words), set()).add(name)
    for sentence, names in places.items():
        if len(names) >= ECHO_FIELDS:
            return f"{_quote(sentence)} stands in {', '.join(sorted(names))} alike."
    return ""


def _quote(said: str) -> str:
    return repr(said if len(said) <= 60 else f"{said[:60]}...")
