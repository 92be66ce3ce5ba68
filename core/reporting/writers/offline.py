"""The offline composer as a report writer: needs no model, no key and no network."""

from __future__ import annotations

from core.reporting.composer import compose
from core.reporting.writers.contract import Answer, OnText, Question


class OfflineWriter:
    """Writes from the evidence by rule; the same evidence gives the same words."""

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Compose the report; prompt, pictures and schema are not read."""
        report = compose(question.evidence, question.language)
        text = report.model_dump_json(exclude={"schema_version", "language"})
        if on_text is not None:
            on_text(text)
        return Answer(text=text, input_tokens=0, output_tokens=0)
