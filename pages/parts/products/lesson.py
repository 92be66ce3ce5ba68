"""What a product is to be taught: pictures, a folder, or false alarms of the past."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from core.detection.registry import DEFAULT_DETECTOR, DETECTORS, detector_class
from core.domain import Product
from core.domain.errors import InspectionError, ProductError
from core.imaging.picture_files import PictureFile
from core.infrastructure.named_values import named_values
from core.services.products import unlearned_false_alarms
from core.services.station import Station
from core.tasks.pictures import KeptPicture, keep_pictures
from core.tasks.teaching import Teach
from pages.parts.errors import shown_to_the_operator
from pages.parts.uploads import uploaded
from pages.parts.words import person_of
from pages.texts import number, t, when


def ask_lesson(station: Station, product: Product | None) -> None:
    """Teach a product anew or further, from pictures of good parts.

    Args:
        station: of the station.
        product: that is open on the page; None: nothing was taught yet.
    """
    add = product is not None and (
        st.segmented_control(
            t("products.how"),
            [False, True],
            default=False,
            format_func=lambda add: t("products.add") if add else t("products.anew"),
            required=True,
            key="how",
        )
        is True
    )
    left, right = st.columns([1, 1], gap="medium")
    with right:
        chosen = {} if add else _ask_detector()
    with left, st.form("teach"):
        named = product
        if not add:
            named_by = st.text_input(
                t("products.name"),
                value=product.key if product else "",
                placeholder="Plant-2/bracket",
                help=t("products.name_help"),
            )
            scale = st.number_input(
                t("products.scale"),
                min_value=0.0,
                value=product.mm_per_px if product else None,
                format="%.4f",
                help=t("products.scale_help"),
            )
        uploads = st.file_uploader(t("products.uploads"), accept_multiple_files=True)
        folder = st.text_input(t("products.folder"), placeholder="/data/bracket/good")
        who = st.text_input(t("products.who"), value=person_of(), key="teach-who")
        submitted = st.form_submit_button(
            t("products.teach"), type="primary", icon=":material/school:"
        )
    if submitted:
        with shown_to_the_operator():
            if not add:
                named = Product.from_key(named_by, scale or None)
                chosen |= {"mm_per_px": named.mm_per_px} if named.mm_per_px else {}
            assert named is not None
            pictures = uploaded(uploads)
            given = given_pictures(station, pictures, folder)
            submit_lesson(station, named, {"add": True} if add else chosen, given, who)


def ask_false_alarms(station: Station, product: Product) -> None:
    """Teach a product what it stopped and a person found good."""
    alarms = unlearned_false_alarms(station, product)
    if not alarms:
        st.info(t("products.no_alarms"), icon=":material/task_alt:")
        return
    st.caption(t("products.alarms_help"))
    event = st.dataframe(
        [
            {
                t("products.picture"): alarm.filename,
                t("products.lot"): alarm.lot,
                t("products.score"): alarm.score,
                t("products.reason"): alarm.reason,
                t("products.decided"): when(alarm.decided_at),
                t("products.look"): f"/?inspection={alarm.inspection_id}",
            }
            for alarm in alarms
        ],
        hide_index=True,
        height="content" if len(alarms) <= 8 else 320,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"alarms-{product.key}",
        column_config={
            t("products.score"): st.column_config.NumberColumn(format="localized"),
            t("products.look"): st.column_config.LinkColumn(display_text=t("products.open")),
        },
        alt=t("products.alarms_alt", count=number(len(alarms))),
    )
    chosen = [alarms[row] for row in event.selection.rows]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.text_input(t("products.who"), value=person_of(), key="alarms-who", width=260)
        pressed = st.button(
            t("products.learn", count=number(len(chosen))),
            type="primary",
            icon=":material/school:",
            disabled=not chosen,
        )
    if pressed:
        with shown_to_the_operator():
            kept = [
                KeptPicture(filename=alarm.filename, sha256=alarm.image_sha256) for alarm in chosen
            ]
            submit_lesson(station, product, {"add": True}, {"pictures": kept}, who)


def given_pictures(station: Station, pictures: list[PictureFile], folder: str) -> dict[str, Any]:
    """Gather the pictures of a job: uploads, or a folder of this machine.

    Raises:
        ProductError: if there are none, or both.
    """
    if bool(pictures) == bool(folder.strip()):
        raise ProductError("Choose pictures, or name a folder of them: one of the two.")
    if pictures:
        return {"pictures": keep_pictures(station, pictures)}
    return {"folder": Path(folder.strip())}


def submit_lesson(
    station: Station, product: Product, how: dict[str, Any], given: dict[str, Any], who: str
) -> None:
    """Put a lesson in the queue and run the page anew.

    Raises:
        InspectionError: if it cannot be queued.
    """
    st.session_state["person"] = who
    station.jobs.submit(Teach(product=product.key, **how, **given), product.key, who)
    st.rerun()


def _ask_detector() -> dict[str, Any]:
    """Ask for detector, options and seed; only what differs from the defaults is returned."""
    algorithm = st.segmented_control(
        t("products.detector"),
        list(DETECTORS),
        default=DEFAULT_DETECTOR,
        required=True,
        help=t("products.detector_help"),
        key="detector",
    )
    chosen: dict[str, Any] = {} if algorithm == DEFAULT_DETECTOR else {"detector": algorithm}
    cross_fit = st.toggle(t("products.cross_fit"), help=t("products.cross_fit_help"))
    seed = st.number_input(t("products.seed"), min_value=0, max_value=2**32 - 1, step=1, width=180)
    with st.expander(t("products.options")):
        try:
            options = _ask_options(algorithm)
        except InspectionError as error:
            st.error(str(error), icon=":material/error:")
            options = {}
    if cross_fit:
        chosen["cross_fit"] = True
    if seed:
        chosen["seed"] = int(seed)
    return chosen | ({"options": options} if options else {})


def _ask_options(algorithm: str) -> dict[str, Any]:
    kind = detector_class(algorithm).options_type
    defaults = {name: json.dumps(value) for name, value in kind().model_dump(mode="json").items()}
    edited = st.data_editor(
        [
            {
                "name": name,
                "value": value,
                "help": kind.model_fields[name].description or "",
            }
            for name, value in defaults.items()
        ],
        hide_index=True,
        disabled=("name", "help"),
        column_config={
            "name": st.column_config.TextColumn(t("products.option")),
            "value": st.column_config.TextColumn(t("products.value"), width="small"),
            "help": st.column_config.TextColumn(t("products.meaning"), width="large"),
        },
        key=f"options-{algorithm}",
        alt=t("products.options"),
    )
    pairs = [
        f"{row['name']}={row['value']}" for row in edited if row["value"] != defaults[row["name"]]
    ]
    return named_values(pairs, t("products.option"))
