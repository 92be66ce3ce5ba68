"""The offline report writer: the evidence in words, and nothing that the evidence does not hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.domain import (
    Confidence,
    Defect,
    DefectTypeGuess,
    Disposition,
    Evidence,
    Exemplar,
    Finding,
    Hypothesis,
    Judgement,
    Language,
    Likeness,
    Product,
    Report,
    Severity,
    Snippet,
    Verdict,
)

WRITER = "offline"
# Further regions share one finding: a report names the worst one by one.
DESCRIBED_SINGLY = 5
# Below this similarity an entry is about something else.
RELATED = 0.2
# The filter steps that answer with knowledge of the product itself.
OF_THE_PRODUCT = ("defect type", "product")
LABELS = ("Appearance", "Common causes", "Effect", "Recommended action")
QUOTED = 600


def compose(evidence: Evidence, language: Language = Language.ENGLISH) -> Report:
    """Write a report from the evidence: the same evidence gives the same words."""
    judgement, defects, guesses = evidence.judgement, evidence.defects, evidence.defect_types
    related = [snippet for snippet in evidence.snippets if snippet.similarity >= RELATED]
    # A passage of a document names no defect type: it is cited, but is no candidate.
    typed = [snippet for snippet in related if snippet.defect_type]
    best = typed[0] if typed and defects else None
    passed = judgement.verdict is Verdict.PASS
    return Report(
        language=language,
        summary=_summary(evidence.product, judgement, defects),
        findings=_findings(judgement, defects, best, related, guesses),
        effect=_quote(best, "Effect"),
        proposed_severity=worst(defects),
        containment="" if passed else _containment(judgement.verdict),
        recommended_action="" if passed else _action(best),
        proposed_disposition=_proposal(judgement.verdict),
        open_questions=(
            () if passed else _questions(defects, evidence.exemplars, evidence.likeness, best)
        ),
        confidence=_confidence(judgement, best),
    )


def worst(defects: Sequence[Defect]) -> Severity | None:
    """The highest severity among defects; None when there are none."""
    order = list(Severity)
    return min((defect.severity for defect in defects), key=order.index, default=None)


def _summary(product: Product, judgement: Judgement, defects: Sequence[Defect]) -> str:
    score = f"score {judgement.score:.3f}, above {judgement.percentile:.0f} % of held-out normals"
    if judgement.verdict is Verdict.PASS:
        return (
            f"No region of this {product.key} part reaches the review threshold of "
            f"{judgement.t_low:.3f} ({score}). {judgement.false_alarm.sentence()}"
        )
    worst = defects[0]
    counted = "One region deviates" if len(defects) == 1 else f"{len(defects)} regions deviate"
    if judgement.verdict is Verdict.FAIL:
        reached = f"The fail threshold of {judgement.t_high:.3f} is reached"
        next_step = "Hold the part and decide on its disposition."
    else:
        reached = (
            f"The score lies between the review threshold of {judgement.t_low:.3f} "
            f"and the fail threshold of {judgement.t_high:.3f}"
        )
        next_step = "A person must decide."
    return (
        f"{counted} from the normal {product.key} parts; the strongest, {worst.id}, is "
        f"{worst.severity.value} and lies at the {worst.region}. {reached} ({score}). {next_step}"
    )


def _findings(
    judgement: Judgement,
    defects: Sequence[Defect],
    best: Snippet | None,
    related: Sequence[Snippet],
    guesses: Sequence[DefectTypeGuess],
) -> tuple[Finding, ...]:
    cited = tuple(snippet.id for snippet in related)
    described = [
        Finding(
            defect_ids=(defect.id,),
            observation=_observation(defect, judgement),
            probable_defect_type=_ranked(defect, guesses) or _candidate(best),
            hypotheses=(_cause(best, said_of=defects[0].id if number else None),),
            snippet_ids=cited,
        )
        for number, defect in enumerate(defects[:DESCRIBED_SINGLY])
    ]
    rest = defects[DESCRIBED_SINGLY:]
    if rest:
        percent = sum(defect.area_percent for defect in rest)
        described.append(
            Finding(
                defect_ids=tuple(defect.id for defect in rest),
                observation=f"{len(rest)} further regions, together {percent:.2f} % of the "
                f"picture, none with a higher peak than {rest[0].peak:.3f}.",
                hypotheses=(_cause(None),),
            )
        )
    return tuple(described)


def _observation(defect: Defect, judgement: Judgement) -> str:
    area = f"{defect.area_percent:.2f} % of the picture"
    if defect.area_mm2 is not None:
        area += f", {defect.area_mm2:.2f} mm²"
    shape = "Elongated" if defect.elongation >= 3 else "Compact"
    return (
        f"{shape} region at the {defect.region}, {defect.box.width} x {defect.box.height} px "
        f"({area}); peak {defect.peak:.3f}, {defect.peak / judgement.map_t_low:.2f} times the "
        f"map's review threshold; {defect.severity.value}."
    )


def _ranked(defect: Defect, guesses: Sequence[DefectTypeGuess]) -> str:
    """The types that fit, in their order: likeness is no proof, so none is claimed."""
    own = sorted((g for g in guesses if g.defect_id == defect.id), key=lambda guess: guess.rank)
    names = ", ".join(guess.defect_type.replace("_", " ") for guess in own)
    return f"Candidates, the likeliest first: {names}; not confirmed." if own else ""


def _candidate(best: Snippet | None) -> str:
    if best is None:
        return ""
    name = best.defect_type.replace("_", " ")
    other = "" if best.matched_by in OF_THE_PRODUCT else f" of {best.scope}"
    return f"Candidate: {name}{other} ({best.id}, similarity {best.similarity:.2f}); not confirmed."


def _cause(best: Snippet | None, said_of: str | None = None) -> Hypothesis:
    """What is known of the cause; the same knowledge is quoted once, then referred to."""
    if best is None:
        return Hypothesis(cause="Not determined from the picture.")
    named = _part(best.text, "Common causes")
    if said_of is not None:
        text = f"Not determined from the picture. Knowledge {best.id}: see {said_of}."
    elif not named:
        text = f"Not determined from the picture. Knowledge {best.id} names no cause."
    else:
        text = (
            f"Not determined from the picture. Knowledge {best.id} names as common causes: {named}"
        )
    return Hypothesis(cause=text, snippet_ids=(best.id,))


def _quote(best: Snippet | None, label: str) -> str:
    text = _part(best.text, label) if best else ""
    return f"Not assessed. Knowledge {best.id} on this type: {text}" if best and text else ""


def _containment(verdict: Verdict) -> str:
    if verdict is Verdict.FAIL:
        return (
            "Set this part aside and mark it. Look at the parts made just before and after it "
            "before they move on."
        )
    return "Keep this part at the station until a person has decided."


def _action(best: Snippet | None) -> str:
    text = _part(best.text, "Recommended action") if best else ""
    if best and text:
        return f"If the candidate is confirmed, knowledge {best.id} recommends: {text}"
    return "No knowledge entry recommends an action; the quality engineer decides."


def _proposal(verdict: Verdict) -> Disposition | None:
    # What becomes of a bad part depends on cost, customer and repair, which no picture shows.
    return {Verdict.PASS: Disposition.USE_AS_IS, Verdict.REVIEW: Disposition.REINSPECT}.get(verdict)


def _questions(
    defects: Sequence[Defect],
    exemplars: Sequence[Exemplar],
    likeness: Likeness | None,
    best: Snippet | None,
) -> tuple[str, ...]:
    questions = ["Is the deviation a defect, and of which type?", "What caused it?"]
    questions.append("Are further parts of the lot affected?")
    if any(defect.area_mm2 is None for defect in defects):
        questions.append("How large is it in mm? The product has no scale (mm per px).")
    if best is None:
        questions.append("No related knowledge entry was found: should one be written?")
    if not exemplars:
        questions.append("No normal part was compared: does the place look different there?")
    if likeness is not None and likeness.is_far:
        questions.append(
            f"{likeness.sentence()} Is it the right product, in its usual pose and light?"
        )
    return tuple(questions)


def _confidence(judgement: Judgement, best: Snippet | None) -> Confidence:
    """How far the evidence carries.

    High needs a met guarantee and a score that is no borderline case; a met guarantee alone is
    medium. For a part that is not PASS, high also needs knowledge of the product itself.
    """
    if not judgement.false_alarm.is_met:
        return "low"
    if judgement.verdict is Verdict.PASS:
        return "high" if judgement.percentile < 90 else "medium"
    known = best is not None and best.matched_by in OF_THE_PRODUCT
    return "high" if judgement.verdict is Verdict.FAIL and known else "medium"


def _part(text: str, label: str) -> str:
    """What a labelled knowledge text says under one label; empty when it has no such label."""
    others = "|".join(re.escape(other) for other in LABELS if other != label)
    found = re.search(rf"{re.escape(label)}:\s*(.*?)(?=\s*(?:{others}):|$)", text, re.DOTALL)
    part = found[1].strip() if found else ""
    return part if len(part) <= QUOTED else part[:QUOTED].rsplit(" ", 1)[0] + " ..."
