"""The report as a form, with what the grounding check says below each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st
from pydantic import JsonValue

from core.domain import (
    CauseClass,
    Confidence,
    Defect,
    Disposition,
    Finding,
    Hypothesis,
    Remark,
    Report,
    Revision,
    Severity,
)
from pages.parts.words import plain
from pages.texts import t
from pages.texts.labels import disposition_label, label, label_of

Kind = TypeVar("Kind", Severity, Disposition, CauseClass)
CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high")
# More than these are folded, so that the form stays short.
FEW_FINDINGS = 2


class ReportForm:
    """Fields of one revision, each with its marks below it.

    Args:
        revision: that is edited.
        defects: that were measured.
        remarks: of the grounding check.
        key: of the widgets.
        typed: what was typed into fields before, by place.
        keep: called with the place and the value of a field that was changed.
        disabled: whether the fields are only to be read.
    """

    def __init__(
        self,
        revision: Revision,
        defects: Sequence[Defect],
        remarks: Sequence[Remark],
        key: str,
        *,
        typed: Mapping[str, Any],
        keep: Callable[[str, JsonValue], None],
        disabled: bool,
    ) -> None:
        self._report = revision.report
        self._defects = defects
        self._remarks = remarks
        self._key = key
        self._typed = typed
        self._keep = keep
        self._disabled = disabled

    def edited(self) -> Report:
        """Return the report as edited in the form: findings on the left, conclusions beside."""
        report = self._report
        found, follows = st.columns([11, 10], gap="medium")
        with found:
            summary = self._text(t("form.summary"), report.summary, "summary")
            findings = [self._finding(number) for number in range(len(report.findings))]
            not_assessed = self._not_assessed()
        with follows:
            effect = self._text(t("form.effect"), report.effect, "effect")
            containment = self._text(t("form.containment"), report.containment, "containment")
            action = self._text(
                t("form.recommended_action"), report.recommended_action, "recommended_action"
            )
            questions = self._text(
                t("form.open_questions"), "\n".join(report.open_questions), "open_questions"
            )
            severity, disposition, confidence = self._proposals()
        return Report(
            language=report.language,
            summary=summary,
            findings=tuple(findings),
            not_assessed=not_assessed,
            effect=effect,
            proposed_severity=severity,
            containment=containment,
            recommended_action=action,
            proposed_disposition=disposition,
            open_questions=tuple(filter(None, map(str.strip, questions.splitlines()))),
            confidence=confidence,
        )

    def _proposals(self) -> tuple[Severity | None, Disposition | None, Confidence]:
        report = self._report
        left, middle, right = st.columns(3)
        with left:
            severity = self._option(
                t("form.proposed_severity"),
                list(Severity),
                label,
                report.proposed_severity,
                "proposed_severity",
            )
        with middle:
            disposition = self._option(
                t("form.proposed_disposition"),
                list(Disposition),
                disposition_label,
                report.proposed_disposition,
                "proposed_disposition",
            )
        with right:
            confidence = st.selectbox(
                t("form.confidence"),
                CONFIDENCES,
                index=CONFIDENCES.index(self._typed.get("confidence", report.confidence)),
                format_func=lambda code: label_of("Confidence", code),
                **self._common("confidence"),
            )
        return severity, disposition, confidence

    def _finding(self, number: int) -> Finding:
        finding, place = self._report.findings[number], f"findings.{number}"
        name = t("form.finding", number=number + 1, defects=plain(", ".join(finding.defect_ids)))
        if len(self._report.findings) <= FEW_FINDINGS:
            st.markdown(f"**{name}**")
            return self._finding_fields(finding, place)
        marked = any(remark.place.startswith(f"{place}.") for remark in self._remarks)
        with st.expander(name, icon=":material/rule:" if marked else None, expanded=marked):
            return self._finding_fields(finding, place)

    def _finding_fields(self, finding: Finding, place: str) -> Finding:
        self._marks(f"{place}.defect_ids")
        observation = self._text(t("form.observation"), finding.observation, f"{place}.observation")
        kind = self._text(
            t("form.defect_type"), finding.probable_defect_type, f"{place}.probable_defect_type"
        )
        if finding.snippet_ids:
            st.caption(t("form.stands_on", ids=plain(", ".join(finding.snippet_ids))))
        self._marks(f"{place}.snippet_ids")
        hypotheses = [
            self._hypothesis(hypothesis, f"{place}.hypotheses.{index}")
            for index, hypothesis in enumerate(finding.hypotheses)
        ]
        return finding.model_copy(
            update={
                "observation": observation,
                "probable_defect_type": kind,
                "hypotheses": tuple(h for h in hypotheses if h.cause.strip()),
            }
        )

    def _not_assessed(self) -> tuple[str, ...]:
        listed = self._report.not_assessed
        found = [defect.id for defect in self._defects]
        if not (found or listed):
            return ()
        chosen = st.multiselect(
            t("form.not_assessed"),
            list(dict.fromkeys([*found, *listed])),
            default=self._typed.get("not_assessed", listed),
            **self._common("not_assessed"),
        )
        self._marks("not_assessed")
        return tuple(chosen)

    def _hypothesis(self, hypothesis: Hypothesis, place: str) -> Hypothesis:
        text, kind = st.columns([3, 1])
        with text:
            cause = self._text(t("form.cause"), hypothesis.cause, f"{place}.cause")
            cited = ", ".join(hypothesis.snippet_ids)
            stands = t("form.stands_on", ids=plain(cited)) if cited else t("form.cites_nothing")
            confidence = label_of("Confidence", hypothesis.confidence)
            st.caption(f"{t('form.confidence')}: {confidence} · {stands}")
            self._marks(f"{place}.snippet_ids")
        with kind:
            cause_class = self._option(
                t("form.cause_class"),
                list(CauseClass),
                label,
                hypothesis.cause_class,
                f"{place}.cause_class",
            )
        return hypothesis.model_copy(update={"cause": cause, "cause_class": cause_class})

    def _text(self, label: str, text: str, place: str) -> str:
        text = self._typed.get(place, text)
        written = st.text_area(label, text, height="content", max_chars=4000, **self._common(place))
        self._marks(place)
        return written or ""

    def _common(self, place: str) -> dict[str, Any]:
        """Name the arguments that every field has."""
        key = f"{self._key}-{place}"
        return {
            "key": key,
            "disabled": self._disabled,
            "on_change": lambda: self._keep(place, st.session_state[key]),
        }

    def _option(
        self,
        label: str,
        options: list[Kind],
        name: Callable[[Kind], str],
        now: Kind | None,
        place: str,
    ) -> Kind | None:
        typed = self._typed.get(place, now)
        chosen = st.selectbox(
            label,
            options,
            index=None if typed is None else options.index(typed),
            format_func=name,
            placeholder=t("form.none"),
            **self._common(place),
        )
        self._marks(place)
        return chosen

    def _marks(self, place: str) -> None:
        """Show what the check says of a field, or of an item of a list."""
        for remark in self._remarks:
            if remark.place != place and not _is_item(remark.place, place):
                continue
            colour, icon = ("red", "warning") if remark.is_violation else ("orange", "psychology")
            quoted = f"“{plain(remark.sentence)}” " if remark.sentence else ""
            st.markdown(
                f":{colour}[:material/{icon}: **{remark.rule.value}**] {quoted}"
                f"— {plain(remark.message)}"
            )


def _is_item(place: str, of: str) -> bool:
    return place.startswith(f"{of}.") and place[len(of) + 1 :].isdecimal()
