"""One fault of each kind, planted in a composed report."""

from __future__ import annotations

import random
import re

from core.domain import Hypothesis, Language, Report, Severity, Verdict
from core.reporting.knowledge_labels import labelled_causes
from core.reporting.phrases import phrases
from tests.reporting.grounding.faults import Case, replaced
from tests.reporting.grounding.scenes import knowledge

# Statements that a model or a person might put beside the composed ones.
_SAYS = {
    Language.ENGLISH: {
        Verdict.PASS: ("The part passes inspection.", "Verdict: PASS.", "The part is accepted."),
        Verdict.REVIEW: ("The verdict is REVIEW.", "Result: REVIEW.", "This is a borderline case."),
        Verdict.FAIL: ("The part must be rejected.", "Verdict: FAIL.", "The part failed."),
    },
    Language.GERMAN: {
        Verdict.PASS: ("Das Teil hat bestanden.", "Urteil: PASS.", "Der Prüfling ist in Ordnung."),
        Verdict.REVIEW: ("Das Urteil ist REVIEW.", "Ergebnis: REVIEW.", "Es ist ein Grenzfall."),
        Verdict.FAIL: ("Das Teil ist Ausschuss.", "Urteil: FAIL.", "Das Teil ist durchgefallen."),
    },
    Language.KOREAN: {
        Verdict.PASS: ("이 부품은 합격입니다.", "판정: PASS.", "검사를 통과했습니다."),
        Verdict.REVIEW: ("판정은 REVIEW입니다.", "결과: REVIEW.", "이 부품은 재검토 대상입니다."),
        Verdict.FAIL: ("이 부품은 불합격입니다.", "판정: FAIL.", "부적합 판정을 받았습니다."),
    },
}
_CAUSED = {
    Language.ENGLISH: "It was caused by {cause}.",
    Language.GERMAN: "Das wurde verursacht durch {cause}.",
    Language.KOREAN: "원인은 {cause}입니다.",
}
_FIGURE = re.compile(r"(?<![\w.'-])\d+(?:\.\d+)?(?![\w.]*\d)")


def plant(case: Case, kind: str, rng: random.Random) -> Report | None:
    """The report with one fault of a kind; None where it has nothing to plant it in."""
    return {
        "id": _wrong_id,
        "place": _wrong_place,
        "number": _wrong_number,
        "verdict": _flipped_verdict,
        "severity": _wrong_severity,
        "uncovered": _uncovered,
        "cause": _invented_cause,
        "false cause": _false_cause,
    }[kind](case, rng)


def _wrong_id(case: Case, rng: random.Random) -> Report | None:
    report, defects = case.report, case.evidence.defects
    unknown = f"D{len(defects) + rng.randint(1, 9)}"
    if not defects:
        return _with_summary(report, f"{unknown}.")
    ways = [
        lambda: replaced(report, "D1", unknown),
        lambda: _with_finding(report, defect_ids=(unknown, *report.findings[0].defect_ids)),
        lambda: _with_finding(report, snippet_ids=("K-0123456789",)),
    ]
    cited = [id_ for finding in report.findings for id_ in finding.snippet_ids]
    if cited and cited[0] in report.effect + report.recommended_action:
        ways.append(lambda: replaced(report, cited[0], "K-00ff00ff00"))
    return rng.choice(ways)()


def _wrong_place(case: Case, rng: random.Random) -> Report | None:
    if not case.evidence.defects:
        return None
    words = phrases(case.report.language)
    number = rng.randrange(min(5, len(case.evidence.defects)))
    defect = case.evidence.defects[number]
    hour = re.match(r"(\d+)", defect.region)
    if hour:
        wrong = f"{(int(hour[1]) + rng.randint(3, 8)) % 12 or 12} o'clock"
    else:
        others = [region for region in words.region if region.islower() and "clock" not in region]
        wrong = rng.choice([region for region in others if _differs(region, defect.region)])
    old, new = words.place(defect.region), words.place(wrong)
    if number == 0 and rng.random() < 0.5:
        return _with_summary(case.report, case.report.summary.replace(old, new), whole=True)
    finding = case.report.findings[number]
    changed = finding.model_copy(update={"observation": finding.observation.replace(old, new)})
    findings = list(case.report.findings)
    findings[number] = changed
    return case.report.model_copy(update={"findings": tuple(findings)})


def _differs(region: str, measured: str) -> bool:
    """Whether one place is none of the other's directions: "top" is no fault for "top left"."""
    return region != measured and not set(region.split()) < set(measured.split())


def _wrong_number(case: Case, rng: random.Random) -> Report | None:
    """One figure of the summary or of an observation with one of its digits changed."""
    report = case.report
    texts = [(None, report.summary), *enumerate(f.observation for f in report.findings)]
    number, text = rng.choice(texts)
    plain = text.replace(case.evidence.product.key, "#" * len(case.evidence.product.key))
    figures = [
        match
        for match in _FIGURE.finditer(plain)
        if not re.match(r"(?: o'clock| Uhr|시 방향)", plain[match.end() :])
    ]
    match = rng.choice(figures)
    digits = match[0]
    # The last digit of a long figure is rounding to a reader: an earlier one is changed.
    at = rng.choice([i for i, digit in enumerate(digits[:3]) if digit != "."])
    other = rng.choice([digit for digit in "123456789" if digit != digits[at]])
    wrong = digits[:at] + other + digits[at + 1 :]
    changed = text[: match.start()] + wrong + text[match.end() :]
    if number is None:
        return _with_summary(report, changed, whole=True)
    findings = list(report.findings)
    findings[number] = findings[number].model_copy(update={"observation": changed})
    return report.model_copy(update={"findings": tuple(findings)})


def _flipped_verdict(case: Case, rng: random.Random) -> Report | None:
    verdict, report = case.evidence.judgement.verdict, case.report
    wrong = rng.choice([other for other in Verdict if other is not verdict])
    words, judgement = phrases(report.language), case.evidence.judgement
    lines = {"t_low": f"{judgement.t_low:.3f}", "t_high": f"{judgement.t_high:.3f}"}
    if verdict is not Verdict.PASS and wrong is not Verdict.PASS and rng.random() < 0.5:
        keys = {Verdict.FAIL: "fail_reached", Verdict.REVIEW: "review_reached"}
        old, new = words.say(keys[verdict], **lines), words.say(keys[wrong], **lines)
        return _with_summary(report, report.summary.replace(old, new), whole=True)
    return _with_summary(report, rng.choice(_SAYS[report.language][wrong]))


def _wrong_severity(case: Case, rng: random.Random) -> Report | None:
    report = case.report
    if not case.evidence.defects:
        return report.model_copy(update={"proposed_severity": rng.choice(list(Severity))})
    words = phrases(report.language).severity
    number = rng.randrange(min(5, len(case.evidence.defects)))
    measured = case.evidence.defects[number].severity
    wrong = rng.choice([severity for severity in Severity if severity is not measured])
    if rng.random() < 0.3 and report.proposed_severity is not None:
        others = [severity for severity in Severity if severity is not report.proposed_severity]
        return report.model_copy(update={"proposed_severity": rng.choice(others)})
    findings = list(report.findings)
    observation = findings[number].observation.replace(words[measured], words[wrong])
    findings[number] = findings[number].model_copy(update={"observation": observation})
    return report.model_copy(update={"findings": tuple(findings)})


def _uncovered(case: Case, rng: random.Random) -> Report | None:
    if not case.evidence.defects:
        return None
    findings = list(case.report.findings)
    del findings[rng.randrange(len(findings))]
    return case.report.model_copy(update={"findings": tuple(findings)})


def _invented_cause(case: Case, rng: random.Random) -> Report | None:
    """A cause of another product, told without a citation."""
    cause = _cause_of_another_product(case, rng)
    if case.report.findings and rng.random() < 0.5:
        return _with_finding(case.report, hypotheses=(Hypothesis(cause=cause),))
    return _with_summary(case.report, _CAUSED[case.report.language].format(cause=cause))


def _false_cause(case: Case, rng: random.Random) -> Report | None:
    """A cause of another product, told as if a cited entry named it.

    In German and Korean reports it is told as a quotation, as the composer tells causes: the check
    cannot compare words of two languages.
    """
    if not case.report.findings:
        return None
    cited = [id_ for h in case.report.findings[0].hypotheses for id_ in h.snippet_ids]
    if not cited:
        return None
    cause = _cause_of_another_product(case, rng)
    if case.report.language is not Language.ENGLISH or rng.random() < 0.5:
        cause = phrases(case.report.language).say("possible_cause", id=cited[0], quote=cause)
    return _with_finding(
        case.report, hypotheses=(Hypothesis(cause=cause, snippet_ids=(cited[0],)),)
    )


def _cause_of_another_product(case: Case, rng: random.Random) -> str:
    product = case.evidence.product
    others = [
        cause
        for dataset, names in knowledge().items()
        for category, texts in names.items()
        for text in texts.values()
        for _, cause in labelled_causes(text)
        if (dataset, category) != (product.dataset, product.category) and len(cause.split()) >= 4
    ]
    return rng.choice(others)


def _with_summary(report: Report, text: str, *, whole: bool = False) -> Report:
    return report.model_copy(update={"summary": text if whole else f"{report.summary} {text}"})


def _with_finding(report: Report, **changes: object) -> Report:
    first = report.findings[0].model_copy(update=changes)
    return report.model_copy(update={"findings": (first, *report.findings[1:])})
