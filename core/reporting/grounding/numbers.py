"""Numbers that a report says agree with the measured figures, within their rounding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain import Defect, Evidence, Remark, Rule
from core.reporting.grounding.counts import check_counts
from core.reporting.grounding.figures import Figures
from core.reporting.grounding.number_words import NUMBER, Said, said_numbers
from core.reporting.grounding.sentences import PLANS, Sentence
from core.reporting.grounding.subjects import DEFECT_ID, Subject, all_defects, bound

# Whole numbers up to this, without a unit, count or order things that nobody measures.
_LARGEST_ORDINAL = 10


def check_numbers(evidence: Evidence, sentences: Sequence[Sentence]) -> Iterator[Remark]:
    """Remark on numbers that were not measured."""
    figures = Figures(evidence)
    names = own_names(evidence)
    quoted = {
        snippet.id: {match[1] for match in NUMBER.finditer(snippet.text)}
        for snippet in evidence.snippets
    }
    for sentence in sentences:
        yield from check_counts(evidence.defects, sentence)
        numbers = said_numbers(sentence.claims, names)
        groups = bound(sentence, evidence.defects, [number.start for number in numbers])
        for number, group in zip(numbers, groups, strict=True):
            text = sentence.claims[number.start : number.end].strip()
            if any(text.startswith(q) for s in sentence.snippets for q in quoted[s.id]):
                continue
            if is_checked(number, sentence) and not _is_measured(number, group, figures, evidence):
                yield Remark(
                    rule=Rule.NUMBER,
                    place=sentence.place,
                    sentence=sentence.text,
                    message=_message(text, number, all_defects(group), figures),
                )


def is_checked(number: Said, sentence: Sentence) -> bool:
    """Tell whether a number states a fact; plans and questions say what is to be done."""
    if sentence.kind in PLANS and number.kind is None and not DEFECT_ID.search(sentence.claims):
        return False
    if number.kind is not None or not number.is_whole:
        return True
    return number.ranges[0][0] > _LARGEST_ORDINAL and sentence.kind not in PLANS


def _is_measured(
    number: Said, group: Sequence[Subject], figures: Figures, evidence: Evidence
) -> bool:
    if number.unit is None or not number.ranges:
        return number.unit is not None
    defects = all_defects(group)
    if number.kind is None:
        return any(figures.holds(number.unit, defects, *limits) for limits in number.ranges)
    known = figures.of_kind(number.kind, defects or evidence.defects)
    return any(low <= value <= high for low, high in number.ranges for value in known)


def own_names(evidence: Evidence) -> tuple[str, ...]:
    """Collect names with digits in them, which are not figures."""
    names = [evidence.product.key, evidence.product.category, evidence.product.dataset]
    names += [exemplar.filename for exemplar in evidence.exemplars]
    names += [snippet.title for snippet in evidence.snippets]
    return tuple(name for name in names if any(letter.isdigit() for letter in name))


def _message(text: str, number: Said, defects: Sequence[Defect], figures: Figures) -> str:
    if number.kind is None:
        return f"Nothing that was measured is {text!r}, and no cited knowledge says it."
    known = ", ".join(f"{value:.3f}" for value in figures.of_kind(number.kind, defects)[:6])
    return f"The text says {number.kind.value} {text}, but measured was {known or 'none'}."
