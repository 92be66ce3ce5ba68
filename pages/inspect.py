"""Inspect: pictures in, verdicts with their evidence and reports out."""

from __future__ import annotations

import logging

import streamlit as st

from core.domain import Inspection
from core.domain.errors import InspectionError
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection
from core.records.search import of_ids
from core.services.station import Station, shared_station
from core.tasks.lot import inspect_later
from core.tasks.report import inspect_now
from pages.parts.errors import shown_to_the_operator
from pages.parts.inspect.disposition import show_disposition
from pages.parts.inspect.facts import (
    show_defects,
    show_failed_steps,
    show_score_among_normals,
    show_snippets,
    show_steps,
    show_verdict,
)
from pages.parts.inspect.intake import Order, Tray, ask_order, ask_pictures, ask_product
from pages.parts.inspect.lot import show_lot, show_strip
from pages.parts.inspect.normals import show_comparisons, show_exemplars
from pages.parts.inspect.report import show_report
from pages.parts.inspect.viewer import show_viewer
from pages.parts.products.teaching import teach_demo_button
from pages.parts.words import person_of, plain, verdict_text
from pages.texts import t

log = logging.getLogger(__name__)

# More pictures go into the background, where a closed tab does not stop them.
MOST_AT_ONCE = 5
STRIP_LENGTH = 50


def is_one_serial_for_many(order: Order, pictures: list[PictureFile]) -> bool:
    """Whether a lot would count as one part: a few pictures may be views of one, more are not."""
    return len(pictures) > MOST_AT_ONCE and bool(order.context.serial)


def take_pictures(station: Station, order: Order, tray: Tray, pictures: list[PictureFile]) -> None:
    """Inspect a few pictures at once, many in the background."""
    who = order.context.inspector or person_of()
    if len(pictures) > MOST_AT_ONCE:
        job = inspect_later(
            station,
            pictures,
            order.product,
            detector=order.detector,
            context=order.context,
            evidence=order.evidence,
            writing=order.writing,
            who=who,
        )
        # Only now: if they cannot be kept, they are still in the uploader.
        tray.given += 1
        st.query_params.pop("inspection", None)
        st.query_params["job"] = job.id
        st.rerun()
    tray.given += 1
    tray.waiting += [(order, picture) for picture in pictures]
    inspect_waiting(station, tray)


def inspect_waiting(station: Station, tray: Tray) -> None:
    """Inspect what waits, one after another; one that cannot be used never stops the rest.

    A click ends this run of the page before all are done: the next run goes on with those that are
    neither on record nor refused.
    """
    count = len(tray.waiting)
    progress = st.progress(0.0) if count > 1 else None
    early = st.empty()
    while tray.waiting:
        order, picture = tray.waiting[0]
        if progress is not None:
            progress.progress(1 - len(tray.waiting) / count, plain(picture.filename))
        early.markdown(t("inspect.judging", filename=plain(picture.filename)))
        try:
            newest = inspect_now(
                station,
                picture,
                order.product,
                detector=order.detector,
                context=order.context,
                evidence=order.evidence,
                writing=order.writing,
                # Evidence and report take longer than the verdict, which need not wait for them.
                on_verdict=lambda judgement, _defects: early.markdown(
                    verdict_text(judgement.verdict)
                ),
            )
        except Exception as error:
            # Whatever it is: it would come again with every run of the page.
            tray.refused.append((order, picture, _sentence(error, picture)))
            tray.waiting.pop(0)
        else:
            tray.inspected.insert(0, newest.id)
            tray.waiting.pop(0)
            st.query_params["inspection"] = newest.id
            st.query_params.pop("job", None)
    st.rerun()


def _sentence(error: Exception, picture: PictureFile) -> str:
    if isinstance(error, InspectionError):
        return str(error)
    log.error("%s could not be inspected", picture.filename, exc_info=error)
    return t(
        "inspect.unforeseen", filename=plain(picture.filename), error=plain(type(error).__name__)
    )


def show_refusals(station: Station, tray: Tray) -> None:
    """Pictures that could not be inspected, each with its sentence and a retry."""
    for number, (order, picture, sentence) in enumerate(tray.refused):
        st.error(sentence, icon=":material/broken_image:")
        again, away = st.columns(2)
        if again.button(t("inspect.retry"), key=f"retry-{number}", icon=":material/refresh:"):
            tray.waiting.append((order, picture))
            del tray.refused[number]
            inspect_waiting(station, tray)
        if away.button(t("inspect.dismiss"), key=f"dismiss-{number}", icon=":material/close:"):
            del tray.refused[number]
            st.rerun()


def show_inspection(station: Station, inspection: Inspection, tray: Tray) -> None:
    """One inspection: the picture beside what was found, and below it report and evidence."""
    context = inspection.context
    known = [text for text in (context.lot, context.serial, context.station) if text]
    st.markdown(
        " · ".join(
            [f"**{plain(inspection.image.filename)}**", inspection.product.key, *map(plain, known)]
        )
    )
    for sentence in inspection.image.notices:
        st.warning(plain(sentence), icon=":material/info:")
    picture, facts = st.columns([11, 10], gap="medium")
    with picture:
        show_viewer(station, inspection)
    with facts:
        show_verdict(inspection.judgement)
        show_disposition(station, inspection)
        show_defects(inspection)
        show_score_among_normals(station, inspection)
    if show_failed_steps(inspection) and st.button(
        t("inspect.again"), icon=":material/refresh:", help=t("inspect.again_help")
    ):
        inspect_again(station, inspection, tray)
    report, evidence, steps = st.tabs(
        [t("inspect.report"), t("inspect.evidence"), t("inspect.record")]
    )
    with report:
        show_report(station, inspection)
    with evidence:
        normals, knowledge = st.columns([11, 10], gap="medium")
        with normals:
            show_exemplars(station, inspection)
            show_comparisons(station, inspection)
        with knowledge:
            show_snippets(inspection)
    with steps:
        show_steps(inspection)


def inspect_again(station: Station, inspection: Inspection, tray: Tray) -> None:
    """Take a recorded picture down the same road again; the first inspection stays."""
    picture = PictureFile(
        inspection.image.filename, lambda: station.files.read(inspection.image.sha256)
    )
    with shown_to_the_operator():
        again = inspect_now(
            station,
            picture,
            station.product(inspection.product.key),
            detector=inspection.detector.algorithm,
            context=inspection.context,
        )
        tray.inspected.insert(0, again.id)
        st.query_params["inspection"] = again.id
        st.rerun()


def product_of_what_is_open(station: Station) -> str | None:
    """Key of the product of the inspection that the URL names."""
    opened = of_ids(station.records, [st.query_params.get("inspection", "")])
    return opened[0].product_key if opened else None


def say_what_to_do_first(station: Station) -> None:
    """The first steps at a station that has not been taught."""
    st.info(t("inspect.nothing_taught"), title=t("inspect.teach_first"), icon=":material/school:")
    teach_demo_button(station)


tray: Tray = st.session_state.setdefault("tray", Tray())

with shown_to_the_operator():
    station = shared_station()
    products = station.taught_products()
    if products:
        main = st.container()
        with st.sidebar:
            product = ask_product(products, product_of_what_is_open(station))
            order = ask_order(station, product, tray)
            pictures = ask_pictures(product, tray)
            if is_one_serial_for_many(order, pictures):
                main.error(
                    t(
                        "inspect.one_serial",
                        count=len(pictures),
                        serial=plain(order.context.serial),
                    ),
                    icon=":material/error:",
                )
            elif pictures:
                take_pictures(station, order, tray, pictures)
            elif tray.waiting:
                inspect_waiting(station, tray)
            show_refusals(station, tray)
            if len(tray.inspected) > 1:
                st.caption(t("inspect.this_session"))
                show_strip(
                    of_ids(station.records, tray.inspected[:STRIP_LENGTH]),
                    f"strip-{len(tray.inspected)}",
                    180,
                )

    job_id, inspection_id = st.query_params.get("job"), st.query_params.get("inspection")
    if job_id:
        with shown_to_the_operator():
            show_lot(station, station.jobs.job(job_id))
    if inspection_id:
        show_inspection(station, load_inspection(station.records, inspection_id), tray)
    elif not products:
        say_what_to_do_first(station)
    elif not job_id:
        st.info(
            t("inspect.drop_pictures", product=product.key),
            title=t("inspect.ready"),
            icon=":material/frame_inspect:",
        )
