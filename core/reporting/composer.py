"""The offline report writer: the evidence in words, and nothing that the evidence does not hold."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import (
    Confidence,
    Defect,
    DefectTypeGuess,
    Disposition,
    Evidence,
    Finding,
    Hypothesis,
    Judgement,
    Language,
    Report,
    Severity,
    Snippet,
    Verdict,
)
from core.reporting.answers import FULL
from core.reporting.knowledge_labels import Label, cut, labelled_causes, labelled_part
from core.reporting.phrases import Phrases, phrases

WRITER = "offline"
# Further regions share one finding: a report names the worst one by one.
MOST_FINDINGS = 5
# Below this similarity an entry is about something else.
LEAST_SIMILARITY = 0.2
# The filter steps that answer with knowledge of the product itself.
OF_THE_PRODUCT = ("defect type", "product")


def compose(evidence: Evidence, language: Language = Language.ENGLISH) -> Report:
    """Write a report from the evidence: the same evidence gives the same words.

    Knowledge is quoted in its own language, between quotation marks and with its id.
    """
    words = phrases(language)
    judgement, defects = evidence.judgement, evidence.defects
    related = [snippet for snippet in evidence.snippets if snippet.similarity >= LEAST_SIMILARITY]
    # A passage of a document names no defect type: it is cited, but is no candidate.
    typed = [snippet for snippet in related if snippet.defect_type]
    best = typed[0] if typed and defects else None
    passed = judgement.verdict is Verdict.PASS
    return Report(
        language=language,
        summary=_summary(words, evidence),
        findings=_findings(words, evidence, best, related),
        effect=_quoted(words, "effect", best, "Effect", FULL.effect),
        proposed_severity=worst(defects),
        containment="" if passed else _containment(words, judgement.verdict),
        recommended_action="" if passed else _action(words, best),
        proposed_disposition=_proposal(judgement.verdict),
        open_questions=() if passed else _questions(words, evidence, best),
        confidence=_confidence(judgement),
    )


def worst(defects: Sequence[Defect]) -> Severity | None:
    """Find the highest severity among defects; None when there are none."""
    order = list(Severity)
    return min((defect.severity for defect in defects), key=order.index, default=None)


def _summary(words: Phrases, evidence: Evidence) -> str:
    judgement, defects = evidence.judgement, evidence.defects
    product = evidence.product.key
    t_low, t_high = f"{judgement.t_low:.3f}", f"{judgement.t_high:.3f}"
    score = words.say("score", score=f"{judgement.score:.3f}", percentile=judgement.percent_below)
    if judgement.verdict is Verdict.PASS:
        false_alarm = words.false_alarm(judgement.false_alarm)
        return words.say(
            "passed", product=product, t_low=t_low, score=score, false_alarm=false_alarm
        )
    outcome = "fail" if judgement.verdict is Verdict.FAIL else "review"
    strongest = defects[0]
    return words.say(
        "one_deviates" if len(defects) == 1 else "some_deviate",
        count=len(defects),
        product=product,
        id=strongest.id,
        severity=words.severity[strongest.severity],
        region=words.place(strongest.region),
        reached=words.say(f"{outcome}_reached", t_low=t_low, t_high=t_high),
        score=score,
        next_step=words.say(f"{outcome}_next"),
    )


def _findings(
    words: Phrases, evidence: Evidence, best: Snippet | None, related: Sequence[Snippet]
) -> tuple[Finding, ...]:
    defects = evidence.defects
    cited = tuple(snippet.id for snippet in related[: FULL.citations])
    described = [
        Finding(
            defect_ids=(defect.id,),
            observation=_observation(words, defect, evidence.judgement),
            probable_defect_type=_ranked(words, defect, evidence.defect_types)
            or _candidate(words, best),
            hypotheses=_referred(words, best, defects[0]) if number else _hypotheses(words, best),
            snippet_ids=cited,
        )
        for number, defect in enumerate(defects[:MOST_FINDINGS])
    ]
    rest = defects[MOST_FINDINGS:]
    if rest:
        described.append(
            Finding(
                defect_ids=tuple(defect.id for defect in rest),
                observation=words.say(
                    "one_further_region" if len(rest) == 1 else "further_regions",
                    count=len(rest),
                    percent=f"{sum(defect.area_percent for defect in rest):.2f}",
                    peak=f"{rest[0].peak:.3f}",
                ),
                hypotheses=_hypotheses(words, None),
            )
        )
    return tuple(described)


def _observation(words: Phrases, defect: Defect, judgement: Judgement) -> str:
    percent = f"{defect.area_percent:.2f}"
    if defect.area_mm2 is None:
        area = words.say("area", percent=percent)
    else:
        area = words.say("area_mm2", percent=percent, mm2=f"{defect.area_mm2:.2f}")
    return words.say(
        "observation",
        shape=words.say("elongated" if defect.elongation >= 3 else "compact"),
        region=words.place(defect.region),
        width=defect.box.width,
        height=defect.box.height,
        area=area,
        peak=f"{defect.peak:.3f}",
        times=f"{defect.peak / judgement.map_t_low:.2f}",
        severity=words.severity[defect.severity],
    )


def _ranked(words: Phrases, defect: Defect, guesses: Sequence[DefectTypeGuess]) -> str:
    """Rank the types that fit; none is claimed, because likeness is no proof."""
    own = sorted((g for g in guesses if g.defect_id == defect.id), key=lambda guess: guess.rank)
    if not own:
        return ""
    names = ", ".join(guess.defect_type.replace("_", " ") for guess in own)
    return words.say(
        "ranked", types=cut(names, FULL.defect_type - len(words.say("ranked", types="")))
    )


def _candidate(words: Phrases, best: Snippet | None) -> str:
    if best is None:
        return ""
    known = {"id": best.id, "similarity": f"{best.similarity:.2f}"}
    key = "candidate"
    if best.matched_by not in OF_THE_PRODUCT:
        key, known["scope"] = "candidate_of_other", best.scope
    room = FULL.defect_type - len(words.say(key, type="", **known))
    return words.say(key, type=cut(best.defect_type.replace("_", " "), room), **known)


def _hypotheses(words: Phrases, best: Snippet | None) -> tuple[Hypothesis, ...]:
    """State what is known of the cause, one hypothesis each, after saying that it is not known."""
    unknown = words.say("not_determined")
    if best is None:
        return (Hypothesis(cause=unknown),)
    causes = labelled_causes(best.text)[: FULL.hypotheses]
    if not causes:
        nothing = words.say("no_cause_named", id=best.id)
        return (Hypothesis(cause=f"{unknown} {nothing}", snippet_ids=(best.id,)),)
    # Each has the same room, though only the first one says that the cause is unknown.
    room = FULL.cause - len(unknown) - 1
    room -= len(words.say("possible_cause", id=best.id, quote=""))
    said = [words.say("possible_cause", id=best.id, quote=cut(text, room)) for _, text in causes]
    said[0] = f"{unknown} {said[0]}"
    return tuple(
        Hypothesis(cause=text, cause_class=cause_class, snippet_ids=(best.id,))
        for text, (cause_class, _) in zip(said, causes, strict=True)
    )


def _referred(words: Phrases, best: Snippet | None, first: Defect) -> tuple[Hypothesis, ...]:
    """Quote the same knowledge once, then refer to it."""
    if best is None:
        return _hypotheses(words, None)
    where = words.say("causes_above", id=best.id, defect=first.id)
    cause = f"{words.say('not_determined')} {where}"
    return (Hypothesis(cause=cause, snippet_ids=(best.id,)),)


def _quoted(words: Phrases, key: str, best: Snippet | None, label: Label, limit: int) -> str:
    text = labelled_part(best.text, label) if best else ""
    if not best or not text:
        return ""
    return words.say(
        key, id=best.id, quote=cut(text, limit - len(words.say(key, id=best.id, quote="")))
    )


def _containment(words: Phrases, verdict: Verdict) -> str:
    return words.say("contain_fail" if verdict is Verdict.FAIL else "contain_review")


def _action(words: Phrases, best: Snippet | None) -> str:
    quoted = _quoted(words, "action", best, "Recommended action", FULL.action)
    return quoted or words.say("no_action")


def _proposal(verdict: Verdict) -> Disposition | None:
    # What becomes of a bad part depends on cost, customer and repair, which no picture shows.
    return {Verdict.PASS: Disposition.ACCEPTED, Verdict.REVIEW: Disposition.REINSPECT}.get(verdict)


def _questions(words: Phrases, evidence: Evidence, best: Snippet | None) -> tuple[str, ...]:
    questions = [words.say(key) for key in ("ask_type", "ask_cause", "ask_lot")]
    if any(defect.area_mm2 is None for defect in evidence.defects):
        questions.append(words.say("ask_scale"))
    if best is None and evidence.snippets:
        found = ", ".join(snippet.id for snippet in evidence.snippets)
        questions.append(words.say("ask_other_knowledge", ids=found))
    elif best is None:
        questions.append(words.say("ask_knowledge"))
    if not evidence.exemplars:
        questions.append(words.say("ask_normal"))
    likeness = evidence.likeness
    if likeness is not None and likeness.is_far:
        questions.append(words.say("ask_pose", likeness=words.far(likeness)))
    return tuple(questions)


def _confidence(judgement: Judgement) -> Confidence:
    """Rate how far the evidence supports the whole report.

    High needs a met guarantee and a part that passed without being a borderline case. What is said
    of a part that was stopped is never more than medium: the type of its defect, and with it cause
    and effect, is the likeliest by rank, which nobody has confirmed.
    """
    if not judgement.false_alarm.is_met:
        return "low"
    is_plain = judgement.verdict is Verdict.PASS and judgement.percentile < 90
    return "high" if is_plain else "medium"
