"""Places that a report names agree with the measured regions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain import Defect, Evidence, Remark, Rule
from core.reporting.grounding.place_words import PlaceWord, place_words
from core.reporting.grounding.sentences import PLANS, Sentence
from core.reporting.grounding.subjects import DEFECT_ID, all_defects, bound
from core.reporting.grounding.wording import KOREAN_NOUN, NOUN, is_negated, is_sound

_DEFECT = re.compile(rf"\b{NOUN}\b|{KOREAN_NOUN}|{DEFECT_ID.pattern}", re.IGNORECASE)


def check_places(evidence: Evidence, sentences: Sequence[Sentence]) -> Iterator[Remark]:
    """Remark on sentences that put a defect where it was not measured.

    A plan, a question or a cause speaks of many places; there, only a sentence that names a defect
    by its id is held to its place.
    """
    for sentence in sentences:
        words = place_words(sentence.claims)
        if not words or not _is_about_a_defect(sentence, evidence.defects):
            continue
        groups = bound(sentence, evidence.defects, [word.start for word in words])
        for word, group in zip(words, groups, strict=True):
            text = sentence.claims
            if is_negated(text, word.start, word.end, behind=True) or is_sound(text, word.end):
                continue
            measured = all_defects(group)
            # Ids that nothing measured has are another rule's.
            if not measured and any(subject.is_named for subject in group):
                continue
            if not any(word.fits(defect.region) for defect in measured):
                yield _remark(sentence, word, measured)


def _is_about_a_defect(sentence: Sentence, defects: Sequence[Defect]) -> bool:
    if sentence.kind in PLANS or sentence.kind == "cause" or sentence.is_question:
        return bool(DEFECT_ID.search(sentence.claims))
    # Where nothing was measured, a place is only wrong for a defect.
    return bool(defects) or bool(_DEFECT.search(sentence.claims))


def _remark(sentence: Sentence, word: PlaceWord, measured: Sequence[Defect]) -> Remark:
    said = sentence.claims[word.start : word.end].strip(" ,;:()")
    where = "; ".join(f"{defect.id}: {defect.region}" for defect in measured[:8])
    return Remark(
        rule=Rule.PLACE,
        place=sentence.place,
        sentence=sentence.text,
        message=f"The text says {said!r}, but measured was {where or 'no defect'}.",
    )
