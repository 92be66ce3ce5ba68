"""Inspect: pictures in, verdicts with their evidence and reports out."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.domain import Inspection, InspectionRequest, Product, Refusal, RefusalKind, Verdict
from core.domain.errors import InspectionError
from core.imaging.picture_files import PictureFile
from core.records.audits import finding_is_sealed
from core.records.inspections import load_inspection
from core.records.search import of_ids
from core.services.inspection_images import recorded_picture
from core.services.listener import Listener
from core.services.station import Station
from core.tasks.inspect import inspect_later, inspect_now
from core.tasks.shared_station import shared_station
from pages.parts.correction import correct_one, offer_right_product, show_corrections
from pages.parts.errors import shown_to_the_operator
from pages.parts.inspect.disposition import show_disposition
from pages.parts.inspect.facts import (
    show_defects,
    show_failed_steps,
    show_score_among_normals,
    show_snippets,
    show_steps,
    show_unlike,
    show_verdict,
)
from pages.parts.inspect.intake import Refused, Tray, ask_pictures, ask_request
from pages.parts.inspect.lot import show_lot, show_strip, show_unfinished_lots
from pages.parts.inspect.normals import show_comparisons, show_exemplars
from pages.parts.inspect.report import show_report
from pages.parts.inspect.viewer import show_plain_picture, show_viewer
from pages.parts.product_choice import ask_product
from pages.parts.products.teaching import teach_demo_button
from pages.parts.sealed import note_seen, open_finding_button
from pages.parts.words import person_of, plain, verdict_text
from pages.texts import t

# More pictures are inspected in the background, where closing the tab does not stop them.
MOST_AT_ONCE = 5
STRIP_ROWS = 50


def ask_for_pictures(station: Station, product: Product, tray: Tray, main: DeltaGenerator) -> None:
    """Ask what is to be inspected and how, and inspect what is given or waits."""
    request = ask_request(station, product, tray)
    pictures = ask_pictures(station, product, tray)
    if request.is_one_serial_for(len(pictures)):
        main.error(
            t("inspect.one_serial", count=len(pictures), serial=plain(request.context.serial)),
            icon=":material/error:",
        )
    elif pictures:
        take_pictures(station, request, tray, pictures)
    elif tray.waiting:
        inspect_waiting(station, tray)


def take_pictures(
    station: Station, request: InspectionRequest, tray: Tray, pictures: list[PictureFile]
) -> None:
    """Inspect a few pictures at once, many in the background."""
    if len(pictures) > MOST_AT_ONCE:
        job = inspect_later(station, request, pictures, request.context.inspector or person_of())
        # Only now: if they cannot be kept, they are still in the uploader.
        tray.given += 1
        st.query_params.pop("inspection", None)
        st.query_params["job"] = job.id
        st.rerun()
    tray.given += 1
    tray.waiting += [(request, picture) for picture in pictures]
    inspect_waiting(station, tray)


def inspect_waiting(station: Station, tray: Tray) -> None:
    """Inspect what waits, one after another; one that cannot be used never stops the rest.

    A click ends this run of the page before all are done: the next run goes on with those that are
    neither on record nor refused.
    """
    count = len(tray.waiting)
    progress = st.progress(0.0) if count > 1 else None
    early = st.empty()
    # Evidence and report take longer than the verdict, which need not wait for them.
    # One of a part that passed is told when it is known whether it is drawn for an audit.
    listener = Listener(
        on_verdict=lambda judgement, _defects: (
            judgement.verdict is not Verdict.PASS
            and early.markdown(verdict_text(judgement.verdict))
        )
    )
    while tray.waiting:
        request, picture = tray.waiting[0]
        if progress is not None:
            progress.progress(1 - len(tray.waiting) / count, plain(picture.filename))
        early.markdown(t("inspect.judging", filename=plain(picture.filename)))
        try:
            (outcome,) = inspect_now(station, request, [picture], listener=listener)
        except InspectionError as error:
            # It would meet every picture that is asked for alike, and come again with every run.
            alike = tuple(each for asked, each in tray.waiting if asked == request)
            tray.refused.append(Refused(request, alike, str(error)))
            tray.waiting = [item for item in tray.waiting if item[0] != request]
            continue
        if isinstance(outcome, Refusal):
            tray.refused.append(Refused(request, (picture,), _sentence(outcome)))
            tray.waiting.pop(0)
        else:
            tray.inspected.insert(0, outcome.id)
            tray.waiting.pop(0)
            st.query_params["inspection"] = outcome.id
            st.query_params.pop("job", None)
    st.rerun()


def _sentence(refusal: Refusal) -> str:
    if refusal.kind is RefusalKind.UNFORESEEN:
        return t("inspect.unforeseen", filename=plain(refusal.filename), error=refusal.error)
    return refusal.sentence


def show_refusals(station: Station, tray: Tray) -> None:
    """Show pictures that could not be inspected, each with its reason and a retry."""
    for number, refused in enumerate(tray.refused):
        st.error(refused.sentence, icon=":material/broken_image:")
        again, away = st.columns(2)
        if again.button(t("inspect.retry"), key=f"retry-{number}", icon=":material/refresh:"):
            tray.waiting += [(refused.request, picture) for picture in refused.pictures]
            del tray.refused[number]
            inspect_waiting(station, tray)
        if away.button(t("inspect.dismiss"), key=f"dismiss-{number}", icon=":material/close:"):
            del tray.refused[number]
            st.rerun()


def show_inspection(station: Station, inspection: Inspection, tray: Tray) -> None:
    """Show one inspection: the picture beside what was found, report and evidence below."""
    context = inspection.context
    known = [text for text in (context.lot, context.serial, context.station) if text]
    st.markdown(
        " · ".join(
            [f"**{plain(inspection.image.filename)}**", inspection.product.key, *map(plain, known)]
        )
    )
    show_corrections(inspection)
    offer_right_product(
        station, inspection, lambda product: inspect_again(station, inspection, tray, product)
    )
    for sentence in inspection.image.notices:
        st.warning(plain(sentence), icon=":material/info:")
    show_unlike(inspection)
    if finding_is_sealed(station.records, inspection.id):
        show_sealed(station, inspection)
        return
    note_seen(inspection)
    picture, facts = st.columns([11, 10], gap="medium")
    with picture:
        show_viewer(station, inspection)
    with facts:
        show_verdict(inspection.judgement)
        show_disposition(station, inspection)
        correct_one(station, inspection)
        show_defects(inspection)
        show_score_among_normals(station, inspection)
    if show_failed_steps(inspection) and st.button(
        t("inspect.again"), icon=":material/refresh:", help=t("inspect.again_help")
    ):
        inspect_again(station, inspection, tray, inspection.product.key)
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


def show_sealed(station: Station, inspection: Inspection) -> None:
    """Show a part whose finding is hidden for an audit: its picture, and the decision to make."""
    picture, facts = st.columns([11, 10], gap="medium")
    with picture:
        show_plain_picture(station, inspection)
    with facts:
        st.info(t("sealed.notice"), title=t("sealed.title"), icon=":material/visibility_off:")
        show_disposition(station, inspection)
        correct_one(station, inspection)
        open_finding_button(station, inspection, person_of())


def inspect_again(station: Station, inspection: Inspection, tray: Tray, product_key: str) -> None:
    """Inspect a recorded picture again, as this product; the first inspection stays."""
    is_same = product_key == inspection.product.key
    with shown_to_the_operator():
        request = InspectionRequest(
            product=station.product(product_key),
            detector=inspection.detector.algorithm if is_same else None,
            context=inspection.context,
        )
        tray.waiting.append((request, recorded_picture(station, inspection)))
        inspect_waiting(station, tray)


def product_of_what_is_open(station: Station) -> str | None:
    """Find the product of the inspection that the URL names."""
    opened = of_ids(station.records, [st.query_params.get("inspection", "")])
    return opened[0].product_key if opened else None


def say_what_to_do_first(station: Station) -> None:
    """Explain the first steps at a station that has not been taught."""
    st.info(t("inspect.nothing_taught"), title=t("inspect.teach_first"), icon=":material/school:")
    teach_demo_button(station)


tray: Tray = st.session_state.setdefault("tray", Tray())

with shown_to_the_operator():
    station = shared_station()
    products = station.taught_products()
    if products:
        main = st.container()
        with st.sidebar:
            known = {each.key: each for each in products}
            product = ask_product(
                t("inspect.product"),
                list(known),
                "inspect-product",
                opened=product_of_what_is_open(station),
            )
            if product is not None:
                ask_for_pictures(station, known[product], tray, main)
            show_refusals(station, tray)
            if len(tray.inspected) > 1:
                st.caption(t("inspect.this_session"))
                show_strip(
                    of_ids(station.records, tray.inspected[:STRIP_ROWS]),
                    f"strip-{len(tray.inspected)}",
                    180,
                )

    job_id, inspection_id = st.query_params.get("job"), st.query_params.get("inspection")
    show_unfinished_lots(station, but=job_id)
    if job_id:
        with shown_to_the_operator():
            show_lot(station, station.jobs.job(job_id))
    if inspection_id:
        show_inspection(station, load_inspection(station.records, inspection_id), tray)
    elif not products:
        say_what_to_do_first(station)
    elif not job_id and product is not None:
        st.info(
            t("inspect.drop_pictures", product=product),
            title=t("inspect.ready"),
            icon=":material/frame_inspect:",
        )
