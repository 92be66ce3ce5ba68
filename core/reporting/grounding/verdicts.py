"""What a report says of the verdict agrees with it; no text overrules the detector."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain import Disposition, Evidence, Judgement, Remark, Report, Rule, Verdict
from core.reporting.grounding.sentences import PLANS, Sentence
from core.reporting.grounding.wording import is_conditional, is_negated, is_unreal

_PASS, _REVIEW, _FAIL = frozenset({Verdict.PASS}), frozenset({Verdict.REVIEW}), {Verdict.FAIL}
_STOPPED = frozenset({Verdict.REVIEW, Verdict.FAIL})
_NOT_FAILED = frozenset({Verdict.PASS, Verdict.REVIEW})

_THRESHOLD = r"[\s-]*(?:threshold|limit|band|value|criterion|schwelle|grenze|기준|임계)"
# The verdicts' own names, in capitals, and after "verdict is" in any case.
_NAMED = re.compile(rf"(?<![A-Za-z/])(PASS|REVIEW|FAIL)(?![A-Za-z/])(?!(?i:{_THRESHOLD}))")
_STATED = re.compile(
    r"\b(?:verdict|result|judgement|urteil|ergebnis)\s*(?:is|was|of|:|=|ist|lautet|-)?\s*"
    r"[\"'“„]?(pass|review|fail)(?:ed|s)?\b",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"\b(?:pass(?:es|ed)(?! (?:through|along|over|unnoticed|on\b|by\b|between|across|near|under))"
    r"|(?:is|are|was|be|been|deemed|considered) (?:fully |therefore |thus )?(?:accepted|acceptable"
    r"|conforming|released|approved|defect-free|good enough)|accepted as good|conforming part"
    r"|conforms to|within (?:the )?(?:limits|specification|tolerance)"
    r"|(?:can|may) be (?:accepted|released|shipped|used as is)|release the part|fit for use"
    r"|bestanden|freigegeben|in Ordnung|i\.\s?O\.|gutteil ist|konform|kann (?:ausgeliefert|"
    r"verwendet|freigegeben) werden)\b"
    r"|(?<!불)(?<!부)합격(?! ?(?:기준|임계|여부))|(?<!부)적합(?= ?(?:합니다|판정|입니다|한 부품))"
    r"|통과(?=했|하였|합니다|됩|함)|양품(?=입니다|으로 판정)|정상 부품(?=입니다|으로 판정)",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"\b(?:fail(?:s|ed)(?! to\b)|(?:is|was|be|been|are) (?:therefore |thus |hereby )?(?:rejected"
    r"|scrapped|sorted out)|must be rejected|has to be rejected|(?:must|can) ?not be (?:used"
    r"|accepted"
    r"|shipped)|non-?conforming|nonconformity|defective part|does not (?:meet|pass|conform)"
    r"|not acceptable"
    r"|durchgefallen|abgelehnt|zurückgewiesen|ausschuss(?!grenze|schwelle)|n\.\s?i\.\s?O\."
    r"|nicht (?:in Ordnung|bestanden|konform|freigegeben)|nichtkonform\w*)\b"
    r"|불합격(?! ?(?:기준|임계|여부))|부적합(?! ?(?:기준|여부))|폐기해야|불량품(?=입니다"
    r"|으로 판정)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:borderline|grenzfall|review (?:is )?(?:needed|required)|in the review band)\b"
    r"|재검토 대상"
    r"|neither passes nor fails",
    re.IGNORECASE,
)
# Stands where a denial of passing is itself the statement.
_NOT_GOOD = re.compile(r"합격(?:할|될|하지| 처리할) ?(?:수 없|않)|통과하지 못")
_FAIL_LINE = (
    r"(?:fail(?:ure)?[\s-]*(?:threshold|limit)|fehlerschwelle|ausschussgrenze"
    r"|불합격 (?:기준|임계값))"
)
_REVIEW_LINE = (
    r"(?:review[\s-]*(?:threshold|limit)|prüfschwelle|prüfgrenze|review-schwelle"
    r"|검토 (?:기준|임계값))"
)
# A decimal point does not end a clause.
_NEAR = r"(?:[^.;]|\.\d)"
_OVER = (
    r"\b(?:reach(?:es|ed)|exceed(?:s|ed)?|above|over|greater than|higher than|erreicht"
    r"|überschreitet"
    r"|übersteigt)\b"
)
_UNDER = r"\b(?:below|under|lower than|less than|beneath|unter|unterhalb|unterschreitet)\b"
_LINES: tuple[tuple[re.Pattern[str], frozenset[Verdict]], ...] = (
    (
        re.compile(
            rf"\b(?:between|zwischen)\b{_NEAR}{{0,60}}{_REVIEW_LINE}{_NEAR}{{0,60}}{_FAIL_LINE}"
            rf"|{_REVIEW_LINE}{_NEAR}{{0,40}}{_FAIL_LINE}{_NEAR}{{0,25}}사이",
            re.IGNORECASE,
        ),
        _REVIEW,
    ),
    (re.compile(rf"{_OVER}{_NEAR}{{0,25}}{_FAIL_LINE}", re.IGNORECASE), frozenset(_FAIL)),
    (
        re.compile(
            rf"{_FAIL_LINE}{_NEAR}{{0,25}}(?:is reached|was reached|is exceeded|was exceeded"
            r"|ist erreicht|erreicht|überschritten)|불합격 (?:기준|임계값)[^;]{0,20}?"
            r"(?:이상입니다|도달했|넘|초과)",
            re.IGNORECASE,
        ),
        frozenset(_FAIL),
    ),
    (re.compile(rf"{_UNDER}{_NEAR}{{0,25}}{_REVIEW_LINE}", re.IGNORECASE), _PASS),
    (re.compile(rf"{_UNDER}{_NEAR}{{0,25}}{_FAIL_LINE}", re.IGNORECASE), _NOT_FAILED),
    (re.compile(r"검토 (?:기준|임계값)[^;]{0,20}?(?:낮|미만|미달)"), _PASS),
)
# A defect's own peak has its own lines on the map.
_OF_A_DEFECT = re.compile(r"\bpeak|spitzenwert|최댓값|최대값", re.IGNORECASE)


def check_verdict(
    report: Report, evidence: Evidence, sentences: Sequence[Sentence]
) -> Iterator[Remark]:
    """Remark on statements that contradict the verdict, and on a disposition that it excludes."""
    judgement = evidence.judgement
    yield from _disposition(report, judgement.verdict)
    for sentence in sentences:
        if sentence.is_question or sentence.kind == "cause":
            continue
        for said, allowed in statements(sentence):
            if judgement.verdict not in allowed:
                yield _remark(sentence, said, judgement)
                break


def statements(sentence: Sentence) -> Iterator[tuple[str, frozenset[Verdict] | set[Verdict]]]:
    """Find what a sentence says of the verdict, and the verdicts that this holds for."""
    text = sentence.claims
    if is_unreal(text):
        return
    named = [match for match in _NAMED.finditer(text) if not is_negated(text, *match.span())]
    # Several names side by side explain the three, unless one is said to be the verdict.
    if len({match[1] for match in named}) == 1:
        yield named[0][1], frozenset({Verdict(named[0][1])})
    for match in _STATED.finditer(text):
        # Not every letter that the pattern takes for one of these is one: dotless i, long s.
        if match[1].upper() in set(Verdict):
            yield match[0], frozenset({Verdict(match[1].upper())})
    if sentence.kind in PLANS or is_conditional(text):
        return
    if not _OF_A_DEFECT.search(text):
        yield from _lines(text)
    if _NOT_GOOD.search(text):
        yield _NOT_GOOD.search(text)[0], _STOPPED  # ty: ignore
        return
    match = _OPEN.search(text)
    if match and not is_negated(text, *match.span()):
        yield match[0], _REVIEW
        return
    for pattern, plain, denied in ((_BAD, frozenset(_FAIL), _NOT_FAILED), (_GOOD, _PASS, _STOPPED)):
        bad = [match.span() for match in _BAD.finditer(text)] if pattern is _GOOD else []
        for match in pattern.finditer(text):
            # "does not pass" is one statement, and holds "pass".
            if any(start <= match.start() < end for start, end in bad):
                continue
            if is_negated(text, *match.span()):
                yield f"not {match[0]}", denied
            else:
                yield match[0], plain


def _lines(text: str) -> Iterator[tuple[str, frozenset[Verdict]]]:
    """Find statements on which side of a threshold the score lies."""
    for pattern, verdicts in _LINES:
        if match := pattern.search(text):
            if is_negated(text, *match.span(), behind=True):
                verdicts = frozenset(Verdict) - verdicts
            yield match[0], verdicts
            # "between the review and the fail threshold" would be read again, in part.
            if verdicts == _REVIEW:
                return


def _disposition(report: Report, verdict: Verdict) -> Iterator[Remark]:
    proposed = report.proposed_disposition
    excluded = {
        Verdict.FAIL: (Disposition.ACCEPTED, Disposition.USE_AS_IS),
        Verdict.PASS: (Disposition.SCRAP,),
    }
    if proposed in excluded.get(verdict, ()):
        yield Remark(
            rule=Rule.VERDICT,
            place="proposed_disposition",
            message=f"The report proposes {proposed.value!r}, but the verdict is {verdict.value}.",
        )


def _remark(sentence: Sentence, said: str, judgement: Judgement) -> Remark:
    return Remark(
        rule=Rule.VERDICT,
        place=sentence.place,
        sentence=sentence.text,
        message=f"The text says {said.strip()!r}, but the verdict is {judgement.verdict.value} "
        f"(score {judgement.score:.3f}, review threshold {judgement.t_low:.3f}, fail threshold "
        f"{judgement.t_high:.3f}).",
    )
