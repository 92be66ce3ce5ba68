"""Reports: drafted by the writer that was picked, held to the evidence, edited and signed."""

from __future__ import annotations

import time
from functools import partial

from core.domain import (
    Inspection,
    Outcome,
    Remark,
    Report,
    Revision,
    RevisionKind,
    Verdict,
    WriterChoice,
    Writing,
)
from core.domain.errors import WriterError
from core.records.answers import kept_answer, save_answer
from core.records.revisions import add_revision, require_reason
from core.reporting.answers import AnswerError, longest_answer, read_answer
from core.reporting.catalogue import Model, find_model
from core.reporting.composer import WRITER, compose
from core.reporting.degenerate import why_degenerate
from core.reporting.grounding import check
from core.reporting.prompt import PROMPT_VERSION, ask, lengths_of, question_sha256, repaired
from core.reporting.writers.contract import Answer, OnText, Question, Writer
from core.reporting.writers.local import telling
from core.services.decoded_pictures import DecodedPictures
from core.services.listener import SILENT, Listener
from core.services.prompt_images import prompt_pictures
from core.services.station import Station

NOT_ASKED = (
    "The part passed and has no defects: the offline composer writes such reports unless a model "
    "is asked to write again or chosen for a comparison, or LLM_FOR_PASS is on."
)

# An answer this many times as long as the longest report is not going to be one.
ENDLESS = 2


def draft_report(
    station: Station,
    inspection: Inspection,
    choice: WriterChoice | None = None,
    decoded: DecodedPictures | None = None,
    listener: Listener = SILENT,
    *,
    reason: str = "",
) -> Revision:
    """Have a report written, check it, and record it as the inspection's next revision.

    A signed report still counts: a draft takes its place once it is signed.

    Args:
        station, inspection, choice, decoded, listener: as for `write_report`.
        reason: for another report than the signed one.

    Raises:
        WriterError: if the catalogue has no such writer.
        RecordsError: if the inspection is not on record, cannot be added to, or its report was
            signed and no reason is given.
    """
    with station.records.reading() as cursor:
        require_reason(cursor, inspection.id, reason)
    report, writing = write_report(station, inspection, choice, decoded, listener)
    return add_revision(
        station.records,
        inspection.id,
        report,
        RevisionKind.DRAFTED,
        author_of(writing),
        remarks=check(report, inspection.evidence),
        writing=writing,
        reason=reason,
    )


def save_edit(
    station: Station,
    inspection: Inspection,
    report: Report,
    kind: RevisionKind,
    person: str,
    *,
    after: int,
    reason: str = "",
) -> Revision:
    """Check a report that a person has edited, and record it as the next revision.

    Violations do not keep it from being saved or signed: they stand on record beside it.

    Args:
        station: of the records.
        inspection: whose report it is.
        report: as edited.
        kind: edited or signed.
        person: who edits or signs.
        after: number of the newest revision that the person has seen.
        reason: for changing a report that was signed.

    Raises:
        OutdatedError: if somebody has saved a newer revision; nothing is saved then.
        RecordsError: if nobody is named, the inspection is not on record, or the report was signed
            and no reason is given.
    """
    return add_revision(
        station.records,
        inspection.id,
        report,
        kind,
        person,
        remarks=check(report, inspection.evidence),
        after=after,
        reason=reason,
    )


def write_report(
    station: Station,
    inspection: Inspection,
    choice: WriterChoice | None = None,
    decoded: DecodedPictures | None = None,
    listener: Listener = SILENT,
) -> tuple[Report, Writing]:
    """Have a report written, without recording it.

    A broken answer gets one repair turn; then, and when no answer can be had, the offline composer
    writes. What happened is in the Writing.

    Args:
        station: writers and settings.
        inspection: that the report is about.
        choice: writer and language; as the settings say unless it is given.
        decoded: pictures that need not be decoded again.
        listener: who is told of the answer while it comes.

    Raises:
        WriterError: if the catalogue has no such writer.
    """
    choice = choice or WriterChoice()
    model, reason = _picked(station, inspection, choice)
    language = choice.language or station.settings.report_language
    started = time.perf_counter()
    pictures = prompt_pictures(station, inspection, model, decoded)
    question = ask(inspection.evidence, inspection.context, model, language, pictures)
    written = partial(
        Writing,
        writer=model.key,
        model=model.model,
        prompt_version=PROMPT_VERSION,
        prompt_sha256=question_sha256(question, model),
        pictures=len(pictures),
    )
    if model.key == WRITER:
        report = compose(inspection.evidence, language)
        return report, written(
            outcome=Outcome.WRITTEN,
            reason=reason,
            attempts=0,
            input_tokens=0,
            output_tokens=0,
            cost_usd=0,
            seconds=_since(started),
        )
    kept = None if choice.fresh else kept_answer(station.records, question_sha256(question, model))
    if kept is not None:
        again = {"attempts": 0, "cost_usd": 0.0, "seconds": _since(started), "from_cache": True}
        return kept[0], kept[1].model_copy(update=again)
    asking = Asking(model, question, listener)
    try:
        report = asking.report(telling(station.writer(model), listener.on_wait))
    except (WriterError, AnswerError) as error:
        report = compose(inspection.evidence, language)
        outcome, reason = Outcome.FELL_BACK, str(error)
    else:
        outcome, reason = (Outcome.REPAIRED if asking.fault else Outcome.WRITTEN), asking.fault
    writing = written(outcome=outcome, reason=reason, seconds=_since(started), **asking.spent())
    if outcome is not Outcome.FELL_BACK:
        save_answer(station.records, writing.prompt_sha256, report, writing)
    return report, writing


class Asking:
    """One report asked for, in at most two turns, with what was spent on it.

    Attributes:
        fault: what was wrong with the first answer; empty when it was a report.
    """

    def __init__(self, model: Model, question: Question, listener: Listener) -> None:
        self.fault = ""
        self._model = model
        self._question = question
        self._listener = listener
        self._answers: list[Answer] = []

    def report(self, writer: Writer) -> Report:
        """Have the writer answer with a report.

        Raises:
            WriterError: if no answer can be had, or the model refuses.
            AnswerError: if the second answer is broken too.
        """
        answer = self._ask(writer, self._question)
        try:
            return self._read(answer)
        except AnswerError as error:
            self.fault = str(error)
        return self._read(self._ask(writer, repaired(self._question, answer.text, self.fault)))

    def spent(self) -> dict[str, int | float | None]:
        """Sum requests, tokens and cost of all answers; None where one of them was not counted."""
        read = _sum([answer.input_tokens for answer in self._answers])
        written = _sum([answer.output_tokens for answer in self._answers])
        return {
            "attempts": sum(answer.attempts for answer in self._answers),
            "input_tokens": read,
            "output_tokens": written,
            "cost_usd": self._model.cost_usd(read, written),
        }

    def _ask(self, writer: Writer, question: Question) -> Answer:
        answer = writer.answer(question, self._on_text())
        self._answers.append(answer)
        if answer.finish == "refusal":
            said = answer.text.strip()[:200] or "no reason given"
            raise WriterError(f"{self._model.title} would not write this report: {said}")
        return answer

    def _on_text(self) -> OnText:
        pieces: list[str] = []
        length = 0
        most = ENDLESS * longest_answer(self._question.schema)

        def gather(piece: str) -> None:
            nonlocal length
            pieces.append(piece)
            length += len(piece)
            if length > most:
                raise WriterError(
                    f"{self._model.title} wrote more than {most} characters, where a report has "
                    f"at most {most // ENDLESS}; it was stopped. Choose another writer."
                )
            if self._listener.on_answer is not None:
                self._listener.on_answer("".join(pieces))

        return gather

    def _read(self, answer: Answer) -> Report:
        if answer.finish == "length":
            raise AnswerError("The answer was cut at its token limit: write shorter texts.")
        report = read_answer(answer.text, lengths_of(self._model), self._question.language)
        if problem := why_degenerate(report.model_dump_json()):
            raise AnswerError(f"The answer is no prose: {problem}")
        return report


def author_of(writing: Writing) -> str:
    """Name who wrote in the end: the writer that was asked, or the offline composer."""
    return WRITER if writing.fell_back else writing.writer


def remarks_of(revision: Revision, inspection: Inspection) -> tuple[Remark, ...]:
    """Return the remarks of the grounding check, made now if none are on record."""
    if revision.remarks is not None:
        return revision.remarks
    return check(revision.report, inspection.evidence)


def _picked(station: Station, inspection: Inspection, choice: WriterChoice) -> tuple[Model, str]:
    """Pick the model that is to write, and say why it is another than the one asked for."""
    asked = find_model(choice.writer or station.settings.llm_model)
    if asked.is_own_server:
        # The catalogue cannot know which model that is; the record and the cache must.
        asked = asked.model_copy(update={"model": station.settings.openai_compatible_model or ""})
    passed = inspection.judgement.verdict is Verdict.PASS and not inspection.defects
    is_wanted = choice.fresh or choice.of_pass or station.settings.llm_for_pass
    if asked.key == WRITER or is_wanted or not passed:
        return asked, ""
    return find_model(WRITER), NOT_ASKED


def _since(started: float) -> float:
    return time.perf_counter() - started


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
