"""Words that turn a statement around, or make it none, in English, German and Korean."""

from __future__ import annotations

import re

# What a measured deviation is called.
NOUN = (
    r"(?:defects?|regions?|deviations?|anomal(?:y|ies)|areas?|spots?|indications?|marks?|flaws?"
    r"|irregularit(?:y|ies)|blemish(?:es)?|cracks?|scratch(?:es)?|pits?|dents?|holes?|stains?|cuts?"
    r"|fehler|fehlstellen?|bereiche?|stellen?|abweichung(?:en)?|auffälligkeit(?:en)?|anomalien?"
    r"|region(?:en)?|defekte?|flecke?n?|risse?|kratzer)"
)
KOREAN_NOUN = r"(?:이상 ?(?:부위|영역)|결함|영역|부위|이상|불량|균열|흠집)"
_NEGATION = re.compile(
    r"\b(?:not|no|none|nothing|never|neither|nor|without|cannot|\w+n['’]t|nicht|keine?[nrsm]?"
    r"|nichts|ohne|weder)\b",
    re.IGNORECASE,
)
_KOREAN_NEGATION = re.compile(r"없|아니|않|못")
_CLAUSE = re.compile(r"[,;:()]|\b(?:but|and|und|aber|sondern|while|whereas)\b", re.IGNORECASE)
_KOREAN_CLAUSE = re.compile(r"[,;:.()]|(?:며|고|지만|으나|는데)\s")
_CONDITION = re.compile(
    r"\b(?:if|unless|until|till|before|once|only|otherwise|whether|should|could|might|may|when"
    r"|in case|provided|falls|wenn|sofern|bis|bevor|sonst|ob|nur|könnte[n]?|sollte[n]?|erst)\b"
    r"|경우|전까지|때까지|전에|여부|[으하되]면\s",
    re.IGNORECASE,
)
_UNREAL = re.compile(
    r"\b(?:would|had the|had it|were it|were the|wäre[n]?|würde[n]?|hätte[n]?)\b|[었였]다면"
    r"|[했됐]다면",
    re.IGNORECASE,
)
# "The head on the left is fine" says as little of a defect as "no defect on the left".
_SOUND = re.compile(
    r"\b(?:fine|normal|intact|undamaged|unremarkable|unauffällig|unbeschädigt)\b|정상",
    re.IGNORECASE,
)
_CLAUSE_LETTERS = 70


def is_negated(text: str, start: int, end: int, *, behind: bool = False) -> bool:
    """Tell whether the clause around a word negates it.

    In Korean the denial comes behind the word. In English and German it is looked for behind only
    when asked for: "at the top left is no defect", but "it passes without remarks".
    """
    before = _CLAUSE.split(text[max(0, start - _CLAUSE_LETTERS) : start])[-1]
    after = text[end : end + _CLAUSE_LETTERS]
    return bool(
        _NEGATION.search(before)
        or _KOREAN_NEGATION.search(_KOREAN_CLAUSE.split(after)[0])
        or (behind and _NEGATION.search(_CLAUSE.split(after)[0]))
    )


def is_sound(text: str, end: int) -> bool:
    """Tell whether the rest of the clause says that the part is as it should be."""
    return bool(_SOUND.search(_CLAUSE.split(text[end : end + _CLAUSE_LETTERS])[0]))


def is_unreal(text: str) -> bool:
    """Tell whether a sentence is counterfactual."""
    return bool(_UNREAL.search(text))


def is_conditional(text: str) -> bool:
    """Tell whether a sentence is conditional."""
    return bool(_CONDITION.search(text)) or is_unreal(text)
