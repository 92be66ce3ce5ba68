"""Knowledge quoted in a report: it is the entry's word, not a statement about this part."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.domain import Snippet

BLANK = "¦"
# This many words in a row are no coincidence.
LEAST_QUOTED_WORDS = 4
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"[\"“„«「『]([^\"”“„«»「」『』]{2,})[\"”“»」』]")


class Quotable:
    """What the snippets of one evidence say, ready for comparing."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        """Read every snippet once."""
        self._runs = {snippet.id: _runs(_words(snippet.text)) for snippet in snippets}
        self._texts = {snippet.id: _plain(snippet.text) for snippet in snippets}

    def blank(self, text: str, snippets: Sequence[Snippet]) -> str:
        """Blank out every literal quote of the snippets; the text keeps its length."""
        if not snippets:
            return text
        spans = [match.span() for match in _WORD.finditer(text)]
        words = _words(text)
        kept = list(text)
        for first in range(len(words) - LEAST_QUOTED_WORDS + 1):
            run = tuple(words[first : first + LEAST_QUOTED_WORDS])
            if any(run in self._runs[snippet.id] for snippet in snippets):
                _blank(kept, spans[first][0], spans[first + LEAST_QUOTED_WORDS - 1][1])
        for quote in quotations(text):
            plain = _plain(quote[1])
            if any(plain in self._texts[snippet.id] for snippet in snippets):
                _blank(kept, *quote.span(1))
        return "".join(kept)


def quotations(text: str) -> list[re.Match[str]]:
    """Find what stands between quotation marks, as group 1 of each match."""
    return list(_QUOTED.finditer(text))


def is_said(quote: str, snippet: Snippet) -> bool:
    """Tell whether a snippet contains a quotation word by word; " ..." at its end is a cut."""
    return _plain(quote) in _plain(snippet.text)


def _blank(kept: list[str], start: int, end: int) -> None:
    kept[start:end] = BLANK * (end - start)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _plain(text: str) -> str:
    return " ".join(_words(text))


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {
        tuple(words[first : first + LEAST_QUOTED_WORDS])
        for first in range(len(words) - LEAST_QUOTED_WORDS + 1)
    }
