"""Causes that a report names are supported by knowledge, or marked as the writer's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain import Evidence, Finding, Hypothesis, Remark, Report, Rule, Snippet
from core.reporting.grounding.quotes import is_said, quotations
from core.reporting.grounding.sentences import PLANS, Sentence, snippet_ids, split
from core.reporting.grounding.stems import content_words, shared
from core.reporting.grounding.wording import is_negated

# Share of a cited cause's words that the snippet must contain; the rest may connect them.
LEAST_SHARE = 0.34
# Shorter quotes are marks and names.
_LEAST_QUOTED_WORDS = 3
_UNKNOWN = re.compile(
    r"\b(?:(?:not|never|cannot be|can't be|n't|no cause)\s+(?:\w+\s+){0,3}?(?:determined|known"
    r"|established|identified|clear)"
    r"|undetermined|unknown|unclear|not determined|no cause (?:can|could|is|was)|names no cause"
    r"|(?:nicht|noch nicht)\s+(?:\w+\s+){0,2}?(?:bestimmt|bestimmbar|bekannt|erkennbar"
    r"|feststellbar|ermittelt|geklärt)"
    r"|unbekannt|ungeklärt|unklar|offen|nennt keine Ursache|keine Ursache)\b"
    r"|(?:판단|확인|파악|결정|특정)(?:할 수 없|되지 않|하지 못|불가)|알 수 없|불명|미상"
    r"|원인이 적혀 있지 않",
    re.IGNORECASE,
)
# "See K-1" and "K-1: see D1" point to a cause and name none.
_POINTER = re.compile(r"\b(?:see|siehe|vgl\.?|cf\.?)\b|참조", re.IGNORECASE)
_CAUSAL = re.compile(
    r"\b(?:caused by|due to|because(?: of)?|owing to|result(?:s|ed|ing)? (?:from|of)|stem(?:s"
    r"|med|ming)? from"
    r"|root cause (?:is|was|lies)|the cause (?:is|was|lies)|attribut(?:ed|able) to"
    r"|originat(?:es?|ed|ing) (?:from|in)"
    r"|trace[sd]? (?:back )?to|triggered by|brought about by|as a (?:result|consequence) of"
    r"|produced by"
    r"|verursacht durch|hervorgerufen durch|wegen|aufgrund|auf grund|infolge|bedingt durch"
    r"|ausgelöst durch"
    r"|(?:die )?ursache (?:ist|war|liegt)|zurückzuführen auf|entstanden durch|entsteht durch"
    r"|weil)\b"
    r"|때문|원인은|원인으로|(?:으로|로) 인(?:해|하여|한)|에 의해|에 의한|기인|에서 비롯",
    re.IGNORECASE,
)
# The reason for a verdict or a statement is not the cause of a defect.
_OTHER_EFFECT = re.compile(
    r"\s*(?:the|its|a|an|of|der|die|das|ihre[rn]?|seine[rn]?|dem)?\s*(?:\w+\s+)?(?:score|threshold|limit"
    r"|verdict|guarantee|similarity|size|elongation|schwelle|grenze|urteil|garantie|größe|D\d+)\b",
    re.IGNORECASE,
)
_KOREAN_EFFECT = re.compile(r"(?:점수|임계값|기준|판정|결함 ?D\d|크기)\S*(?:\s+\S+){0,3}\s*$")
_NEARBY_LETTERS = 80


def check_causes(
    report: Report, evidence: Evidence, sentences: Sequence[Sentence]
) -> Iterator[Remark]:
    """Remark on causes that the cited snippet does not support, or that are the writer's own.

    A quotation is looked for in the cited snippets word by word, in a report of any language. A
    cause without one is compared with them by its words, which can be done only where both are
    English: a cause that a German or Korean report tells in its own words counts as supported by
    the snippet that it cites, and a person has to compare them. (Knowledge in another language than
    English is compared only by quotations, too.)
    """
    known = {snippet.id: snippet for snippet in evidence.snippets}
    for number, finding in enumerate(report.findings):
        for index, hypothesis in enumerate(finding.hypotheses):
            place = f"findings.{number}.hypotheses.{index}.cause"
            yield from _hypothesis(place, hypothesis, finding, known)
    for sentence in sentences:
        if sentence.kind != "cause":
            yield from _misquoted(sentence.place, sentence.text, sentence.text, known)
        if sentence.kind not in PLANS and sentence.kind != "cause":
            yield from _asserted(sentence)


def _hypothesis(
    place: str, hypothesis: Hypothesis, finding: Finding, known: dict[str, Snippet]
) -> Iterator[Remark]:
    claims = [text for text in split(hypothesis.cause) if not _names_none(text)]
    if not claims:
        return
    named = [*hypothesis.snippet_ids, *snippet_ids(hypothesis.cause)]
    if not named:
        yield Remark(
            rule=Rule.OWN_HYPOTHESIS,
            place=place,
            sentence=claims[0],
            message="No knowledge is cited for this cause: it is the writer's own hypothesis.",
        )
        return
    cited = [known[id_] for id_ in dict.fromkeys(named) if id_ in known]
    if not cited:
        return
    for text in claims:
        quotes = [quote[1] for quote in quotations(text) if _is_long(quote[1])]
        if quotes:
            supported = all(any(is_said(quote, one) for one in cited) for quote in quotes)
        else:
            supported = _speaks_of(text, cited)
        if not supported:
            ids = ", ".join(one.id for one in cited)
            yield Remark(
                rule=Rule.SUPPORTED,
                place=place,
                sentence=text,
                message=f"The cited knowledge {ids} does not speak of this cause.",
            )


def _misquoted(place: str, text: str, sentence: str, known: dict[str, Snippet]) -> Iterator[Remark]:
    """Find a quotation beside a snippet's id that the snippet does not contain."""
    cited = [known[id_] for id_ in snippet_ids(text) if id_ in known]
    if not cited:
        return
    for quote in quotations(text):
        if _is_long(quote[1]) and not any(is_said(quote[1], one) for one in cited):
            yield Remark(
                rule=Rule.SUPPORTED,
                place=place,
                sentence=sentence,
                message=f"The cited knowledge {', '.join(one.id for one in cited)} does not say "
                f"{quote[1]!r}.",
            )


def _asserted(sentence: Sentence) -> Iterator[Remark]:
    """Find a cause asserted in an observation, summary or effect without citing knowledge."""
    text = sentence.claims
    beside = f"{sentence.before} {sentence.text} {sentence.after}"
    if sentence.is_question or snippet_ids(beside):
        return
    for match in _CAUSAL.finditer(text):
        behind = text[match.end() : match.end() + _NEARBY_LETTERS]
        before = text[max(0, match.start() - _NEARBY_LETTERS) : match.start()]
        is_behind = "\uac00" <= match[0][0] <= "\ud7a3" and not match[0].startswith("원인")
        said = before if is_behind else behind
        if _UNKNOWN.search(text) or _OTHER_EFFECT.match(behind) or _KOREAN_EFFECT.search(before):
            continue
        if is_negated(text, match.start(), match.end()) or _speaks_of(said, sentence.snippets, 0.5):
            continue
        yield Remark(
            rule=Rule.OWN_HYPOTHESIS,
            place=sentence.place,
            sentence=sentence.text,
            message="The text names a cause without citing knowledge: it is the writer's own "
            "hypothesis.",
        )
        return


def _names_none(text: str) -> bool:
    return bool(_UNKNOWN.search(text) or _POINTER.search(text)) or not re.search(r"\w", text)


def _speaks_of(text: str, snippets: Sequence[Snippet], share: float | None = None) -> bool:
    """Tell whether snippets contain enough of a text's words; True where words cannot tell."""
    source = " ".join(f"{one.title} {one.heading} {one.text}" for one in snippets)
    if share is not None:
        return bool(snippets) and shared(text, source) >= share
    if not (_is_english(text) and _is_english(source)) or not content_words(text):
        return True
    return shared(text, source) >= LEAST_SHARE


def _is_long(quote: str) -> bool:
    return len(quote.split()) >= _LEAST_QUOTED_WORDS


_ENGLISH = re.compile(r"\b(?:the|of|and|or|a|an|is|was|by|to|from|with|too|on|in|at|for|may|not)\b")
_GERMAN = re.compile(
    r"\b(?:der|die|das|und|oder|ein|eine|ist|war|wurde|durch|zu|von|mit|beim|im|am|auf|nicht|zum|zur"
    r"|vor|nach|aus|bei|für|weil)\b|[äöüß]",
    re.IGNORECASE,
)


def _is_english(text: str) -> bool:
    """Tell whether a text may be English: Latin letters, and no more German than English words."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter.isascii() for letter in letters)
    if not letters or latin < 0.8 * len(letters):
        return False
    return len(_GERMAN.findall(text)) <= len(_ENGLISH.findall(text.lower()))
