"""What is to be inspected and how: pictures, where they come from, detector, writer, evidence."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from core.domain import Context, EvidenceChoice, InspectionRequest, Product
from core.imaging.picture_files import (
    DEMO_PRODUCT_KEY,
    PictureFile,
    demo_examples,
    demo_lot,
    has_demo,
)
from core.services.side_by_side import detectors_of
from core.services.station import Station
from pages.parts.uploads import largest_mb, uploaded
from pages.parts.writers import ask_writer
from pages.texts import t
from pages.texts.labels import label_of

SOURCES = ("files", "folder", "camera")


@dataclass(frozen=True)
class Refused:
    """Pictures that were not inspected for one and the same reason.

    Attributes:
        request: how they were to be inspected.
        pictures: one, unless the reason would have met all of them.
        sentence: why, and what to do.
    """

    request: InspectionRequest
    pictures: tuple[PictureFile, ...]
    sentence: str


@dataclass
class Tray:
    """The pictures of one session.

    Whatever the operator clicks ends the present run of the page, at any of its calls of Streamlit,
    `session_state` among them. Nothing here is such a call: a picture is never between two places.

    Attributes:
        given: how often pictures were given; another number is a fresh, empty uploader.
        waiting: to be inspected, each as it was asked for.
        refused: that could not be inspected, each with what was asked and the sentence why.
        inspected: ids, the newest first.
    """

    given: int = 0
    waiting: list[tuple[InspectionRequest, PictureFile]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    inspected: list[str] = field(default_factory=list)


def ask_request(station: Station, product: Product, tray: Tray) -> InspectionRequest:
    """Ask for context, detector, writer and evidence; they are kept over the session."""
    context = _ask_context(tray)
    with st.expander(t("intake.how"), icon=":material/tune:"):
        detector = _ask_detector(station, product)
        writing = ask_writer(station, "inspect")
        evidence = _ask_evidence(station)
    return InspectionRequest(
        product=product, detector=detector, context=context, evidence=evidence, writing=writing
    )


def ask_pictures(station: Station, product: Product, tray: Tray) -> list[PictureFile]:
    """Ask for pictures; empty unless there are new ones."""
    source = st.segmented_control(
        t("intake.source"),
        SOURCES,
        default="files",
        format_func=lambda code: label_of("PictureSource", code),
        required=True,
        key="source",
        persist_state="session",
        width="stretch",
        label_visibility="collapsed",
    )
    key = f"{source}-{tray.given}"
    if source == "camera":
        pictures = _camera(key)
    else:
        pictures = _files(key, largest_mb(station.settings), of_folder=source == "folder")
    if product.key == DEMO_PRODUCT_KEY and has_demo():
        return pictures or _demo()
    return pictures


def _files(key: str, most_mb: int, *, of_folder: bool) -> list[PictureFile]:
    uploads = st.file_uploader(
        t("intake.pictures"),
        accept_multiple_files="directory" if of_folder else True,
        max_upload_size=most_mb,
        key=key,
    )
    return uploaded(uploads)


def _camera(key: str) -> list[PictureFile]:
    shot = st.camera_input(t("intake.take"), key=key, resolution="1080p")
    if shot is None:
        return []
    return [PictureFile.of(f"camera-{datetime.now():%Y%m%d-%H%M%S}.jpg", shot.getvalue())]


def _demo() -> list[PictureFile]:
    if st.button(t("intake.demo_cell"), icon=":material/casino:", width="stretch"):
        return [random.choice(demo_examples())]
    if st.button(t("intake.demo_lot"), icon=":material/grid_view:", width="stretch"):
        return demo_lot()
    return []


def _ask_context(tray: Tray) -> Context:
    """Ask for the context; lot and station stand in the URL, names do not: links are shared."""
    with st.expander(t("intake.context"), icon=":material/label:"):
        lot = _ask_in_url(t("intake.lot"), "lot")
        # A serial belongs to one part: the next part needs its own.
        serial = st.text_input(t("intake.serial"), key=f"context-serial-{tray.given}")
        station = _ask_in_url(t("intake.station"), "station")
        inspector = st.text_input(
            t("intake.inspector"), key="context-inspector", persist_state="session"
        )
    return Context(lot=lot, serial=serial, station=station, inspector=inspector)


def _ask_in_url(label: str, name: str) -> str:
    key = f"context-{name}"
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(name, "")
    said = st.text_input(label, key=key, persist_state="session")
    if not said:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != said:
        st.query_params[name] = said
    return said


def _ask_detector(station: Station, product: Product) -> str | None:
    """Ask for the detector; None: the active one, also after another is activated."""
    known = list(detectors_of(station, product))
    return st.selectbox(
        t("intake.detector"),
        [None, *known[1:]],
        format_func=lambda name: name or t("intake.active", detector=known[0]),
        key=f"detector-{product.key}",
        disabled=len(known) == 1,
        help=t("intake.one_detector") if len(known) == 1 else None,
    )


def _ask_evidence(station: Station) -> EvidenceChoice:
    """Ask what to look up; a switch that equals its setting leaves the choice to it."""
    settings = station.settings
    with st.container(horizontal=True):
        exemplars = st.toggle(
            t("intake.exemplars"),
            value=settings.rag_enabled,
            key="evidence-exemplars",
            persist_state="session",
            help=t("intake.exemplars_help"),
        )
        knowledge = st.toggle(
            t("intake.knowledge"),
            value=settings.domain_rag_enabled,
            key="evidence-knowledge",
            persist_state="session",
            help=t("intake.knowledge_help"),
        )
    return EvidenceChoice(
        exemplars=None if exemplars == settings.rag_enabled else exemplars,
        knowledge=None if knowledge == settings.domain_rag_enabled else knowledge,
    )
