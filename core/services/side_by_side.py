"""Detectors and writers side by side on one picture; a person chooses which becomes the report."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import product as pairs

from core.detection.checkpoints import Active, newest_versions
from core.domain import (
    Contest,
    Contestant,
    Context,
    EvidenceChoice,
    Inspection,
    Product,
    RevisionKind,
)
from core.domain.errors import DetectorError, RecordsError
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection, save_inspection
from core.records.revisions import add_revision
from core.records.side_by_side import contest as recorded_contest
from core.records.side_by_side import save_choice, save_contest
from core.reporting.catalogue import find_model
from core.reporting.grounding import check
from core.services.inspection import examine
from core.services.reports import WriterChoice, author_of, write_report
from core.services.station import Station

AT_ONCE = 8

# Called with how many reports are written, of how many.
OnProgress = Callable[[int, int], object]


def detectors_of(station: Station, product: Product) -> dict[str, Active]:
    """The newest version of each algorithm that the product was taught with, the active one first.

    Raises:
        ProductError: if the product has no detector.
    """
    return newest_versions(station.settings, product)


def hold_contest(
    station: Station,
    picture: PictureFile,
    product: Product,
    detectors: Sequence[str] = (),
    writers: Sequence[str] = (),
    *,
    choice: WriterChoice | None = None,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    recorded: Inspection | None = None,
    on_progress: OnProgress | None = None,
) -> Contest:
    """Run every detector, and every writer on what each of them found, and record all of it.

    Detectors run at the same time, and then writers; a local model is asked once at a time.

    Args:
        station: records, detectors and writers.
        picture: any accepted file.
        product: that the picture shows.
        detectors: algorithms that the product was taught with; none: its active one.
        writers: keys of the catalogue, each asked also if the part passed; none: as LLM_MODEL and
            LLM_FOR_PASS say.
        choice: language, and whether to ask anew what was asked before.
        context: lot, serial, station and inspector.
        evidence: which evidence to look up.
        recorded: the inspection whose report is in question; its own findings are not made anew.
        on_progress: called in this thread each time that a report is written.

    Raises:
        ImageError: if the picture cannot be used.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        DetectorError: if the product was not taught with one of the detectors.
        WriterError: if the catalogue has no such writer.
    """
    choice = choice or WriterChoice()
    # Columns that all come from the composer would compare nothing.
    choice = replace(choice, of_pass=choice.of_pass or bool(writers))
    models = [find_model(key) for key in writers or (station.settings.llm_model,)]
    chosen = _chosen_versions(station, product, detectors)

    def found_by(version: Active) -> Inspection:
        if recorded is not None and recorded.detector.algorithm == version.algorithm:
            return recorded
        return examine(
            station,
            picture,
            product,
            detector=version.algorithm,
            context=context,
            evidence=evidence,
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(found_by, chosen))
        combinations = list(pairs(found, dict.fromkeys(model.key for model in models)))
        running = [
            pool.submit(partial(_contestant, station, inspection, key, choice))
            for inspection, key in combinations
        ]
        for done, _ in enumerate(as_completed(running), start=1):
            if on_progress is not None:
                on_progress(done, len(running))
    now = datetime.now(UTC)
    contest = Contest(
        id=f"C{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        created_at=now,
        product_key=product.key,
        image_sha256=found[0].image.sha256,
        inspection_id=None if recorded is None else recorded.id,
        contestants=tuple(job.result() for job in running),
    )
    save_contest(station.records, contest)
    return contest


def choose(station: Station, contest_id: str, position: int, person: str) -> Inspection:
    """Make one contestant's report that of the inspection, and put the choice on record.

    The report joins the inspection that it was asked about; findings of another detector, or of a
    picture that was not inspected before, become an inspection of their own.

    Args:
        station: records.
        contest_id: of a contest in which nothing was chosen yet.
        position: of the contestant, from 0.
        person: who chooses.

    Returns:
        The inspection as it is on record then.

    Raises:
        RecordsError: if there is no such contest or contestant, a choice was made, or nobody is
            named.
    """
    contest = recorded_contest(station.records, contest_id)
    if not 0 <= position < len(contest.contestants):
        raise RecordsError(
            f"Comparison {contest_id} has {len(contest.contestants)} reports; "
            f"there is no number {position + 1}."
        )
    # First of all, so that a report is chosen once even if two people choose at the same time.
    save_choice(station.records, contest_id, position, person)
    chosen = contest.contestants[position]
    inspection = chosen.inspection
    if inspection.id != contest.inspection_id:
        save_inspection(station.records, inspection)
    add_revision(
        station.records,
        inspection.id,
        chosen.report,
        RevisionKind.DRAFTED,
        author_of(chosen.writing),
        remarks=chosen.remarks,
        writing=chosen.writing,
    )
    return load_inspection(station.records, inspection.id)


def _chosen_versions(
    station: Station, product: Product, detectors: Sequence[str]
) -> tuple[Active, ...]:
    known = detectors_of(station, product)
    if missing := [name for name in detectors if name not in known]:
        raise DetectorError(
            f"{product.key} was not taught with {', '.join(missing)}; it was with "
            f"{', '.join(known)}. Teach it with --detector first, or leave it out."
        )
    wanted = dict.fromkeys(detectors) if detectors else [next(iter(known))]
    return tuple(known[name] for name in wanted)


def _contestant(
    station: Station, inspection: Inspection, key: str, choice: WriterChoice
) -> Contestant:
    asked = WriterChoice(key, choice.language, fresh=choice.fresh, of_pass=choice.of_pass)
    report, writing = write_report(station, inspection, asked)
    return Contestant(
        inspection=inspection.model_copy(update={"revisions": (), "dispositions": ()}),
        report=report,
        writing=writing,
        remarks=check(report, inspection.evidence),
    )
