"""Which language a text is in: a model may answer in another than was asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from core.domain import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# With fewer letters or a lower likelihood the language is not known.
LEAST_LETTERS = 30
LEAST_LIKELIHOOD = 0.95


def is_in_language(text: str, language: Language) -> bool:
    """Tell whether a text may be in a language; a short or mixed one passes.

    Naive Bayes over byte n-grams: Lui and Baldwin, "langid.py", ACL 2012.
    """
    if sum(letter.isalpha() for letter in text) < LEAST_LETTERS:
        return True
    found, likelihood = _identifier().classify(text)
    return found == language.value or likelihood < LEAST_LIKELIHOOD


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
