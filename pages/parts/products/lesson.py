"""What a product is to be taught: pictures, a folder, or false alarms of the past."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import streamlit as st

from core.detection.checkpoints import is_taught
from core.detection.registry import (
    DEFAULT_DETECTOR,
    DETECTORS,
    checked_options,
    detector_class,
    require_weights,
)
from core.domain import Product
from core.domain.errors import InspectionError, ProductError
from core.imaging.picture_files import PictureFile
from core.infrastructure.named_values import named_values
from core.infrastructure.settings import Settings
from core.records.decided import FalseAlarm
from core.records.inspections import load_inspection
from core.services.inspection_images import picture_thumbnail
from core.services.products import unlearned_false_alarms
from core.services.relearning import is_unlike_everything
from core.services.station import Station
from core.tasks.pictures import KeptPicture, keep_pictures
from core.tasks.teaching import Teach
from pages.parts.detectors import detector_name, show_lack
from pages.parts.errors import shown_to_the_operator
from pages.parts.numbers import number_field
from pages.parts.products.reading import ask_reading
from pages.parts.tables import localised
from pages.parts.uploads import largest_mb, uploaded
from pages.parts.urls import inspection_link
from pages.parts.words import person_of, plain
from pages.texts import number, t, when

# Pictures to be learned that are shown; all are checked when they are learned.
MOST_SHOWN = 24


class Target(StrEnum):
    """What a lesson makes."""

    NEW = "new"
    FURTHER = "further"
    ADD = "add"


def ask_lesson(station: Station, product: Product | None) -> None:
    """Teach a new product, or the one that is open, anew or further.

    A new product has no name until a person gives it one; that it is one that was taught already
    must be chosen, never typed by accident.

    Args:
        station: of the station.
        product: that is open on the page; None: nothing was taught yet.
    """
    target = Target.NEW if product is None else _ask_target(product)
    left, right = st.columns([1, 1], gap="medium")
    with right:
        chosen = {} if target is Target.ADD else _ask_detector(station.settings)
    with left, st.form(f"teach-{target}"):
        named_by = "" if product is None else product.key
        if target is Target.NEW:
            named_by = st.text_input(
                t("products.name"), placeholder="Plant-2/bracket", help=t("products.name_help")
            )
        read_scale, reading = None, None
        if target is not Target.ADD:
            reading = ask_reading()
            read_scale = number_field(
                t("products.scale"),
                product.mm_per_px if product and target is Target.FURTHER else None,
                least=0,
                help=t("products.scale_help"),
            )
        uploads = st.file_uploader(
            t("products.uploads"),
            accept_multiple_files=True,
            max_upload_size=largest_mb(station.settings),
        )
        folder = st.text_input(t("products.folder"), placeholder="/data/bracket/good")
        confirmed = ""
        if target is Target.ADD:
            confirmed = st.text_input(t("products.confirm"), help=t("products.confirm_help"))
        who = st.text_input(t("products.who"), value=person_of(), key="teach-who")
        submitted = st.form_submit_button(
            t("products.teach"), type="primary", icon=":material/school:"
        )
    if submitted:
        with shown_to_the_operator():
            scale = read_scale() if read_scale else None
            named = Product.from_key(named_by, scale or None)
            if target is Target.NEW and is_taught(station.settings, named):
                st.error(t("products.exists", product=named.key), icon=":material/error:")
                return
            pictures = uploaded(uploads)
            given = given_pictures(station, pictures, folder)
            _require_weights(station.settings, chosen)
            if target is Target.ADD:
                chosen = {"add": True, "confirmed": confirmed}
            elif named.mm_per_px:
                chosen |= {"mm_per_px": named.mm_per_px}
            if reading is not None:
                chosen = {**chosen, **reading.stated()}
            submit_lesson(station, named, chosen, given, who)


def _ask_target(product: Product) -> Target:
    names = {
        Target.NEW: t("products.new_product"),
        Target.FURTHER: t("products.further", product=product.key),
        Target.ADD: t("products.add", product=product.key),
    }
    chosen = st.segmented_control(
        t("products.what_to_teach"),
        list(Target),
        default=Target.NEW,
        format_func=lambda target: names[target],
        required=True,
        key="target",
    )
    target = chosen or Target.NEW
    if target is not Target.NEW:
        st.caption(t("products.becomes_candidate", product=product.key))
    return target


def ask_false_alarms(station: Station, product: Product) -> None:
    """Teach a product what it stopped and a person found good."""
    alarms = unlearned_false_alarms(station, product)
    if not alarms:
        st.info(t("products.no_alarms"), icon=":material/task_alt:")
        return
    st.caption(t("products.alarms_help"))
    event = st.dataframe(
        localised(
            [
                {
                    t("products.picture"): alarm.filename,
                    t("products.lot"): alarm.lot,
                    t("products.score"): alarm.score,
                    t("products.reason"): alarm.reason,
                    t("products.decided"): when(alarm.decided_at),
                    t("products.look"): inspection_link(alarm.inspection_id),
                }
                for alarm in alarms
            ],
            {t("products.score"): 3},
        ),
        hide_index=True,
        height="content" if len(alarms) <= 8 else 320,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"alarms-{product.key}",
        column_config={
            t("products.look"): st.column_config.LinkColumn(display_text=t("products.open")),
        },
        alt=t("products.alarms_alt", count=number(len(alarms))),
    )
    chosen = [alarms[row] for row in event.selection.rows]
    is_unlike = _show_chosen(station, chosen)
    confirmed = ""
    if is_unlike:
        st.error(t("review.lesson_unlike"), icon=":material/gpp_maybe:")
        confirmed = st.text_input(t("products.confirm"), key="alarms-confirm")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.text_input(t("products.who"), value=person_of(), key="alarms-who", width=260)
        pressed = st.button(
            t("products.learn", count=number(len(chosen))),
            type="primary",
            icon=":material/school:",
            disabled=not chosen or (is_unlike and not confirmed.strip()),
        )
    if pressed:
        with shown_to_the_operator():
            kept = [
                KeptPicture(filename=alarm.filename, sha256=alarm.image_sha256) for alarm in chosen
            ]
            how = {"add": True, "confirmed": confirmed}
            submit_lesson(station, product, how, {"pictures": kept}, who)


def _show_chosen(station: Station, alarms: Sequence[FalseAlarm]) -> bool:
    """Show the pictures that are to be learned; return whether one is unlike everything taught."""
    is_unlike = False
    with st.grid(6, min_column_width=120, gap="small"):
        for alarm in alarms[:MOST_SHOWN]:
            seen = load_inspection(station.records, alarm.inspection_id)
            strange = is_unlike_everything(seen.judgement, seen.likeness)
            is_unlike = is_unlike or strange
            sign = ":material/gpp_maybe: " if strange else ""
            with st.container(gap="xsmall"):
                image = seen.image
                st.image(picture_thumbnail(station, image.sha256, image.filename, image.reading))
                st.caption(f"{sign}{plain(alarm.filename)}")
    return is_unlike


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


def _ask_detector(settings: Settings) -> dict[str, Any]:
    """Ask for detector, options and seed; only what differs from the defaults is returned."""
    algorithm = st.segmented_control(
        t("products.detector"),
        list(DETECTORS),
        default=DEFAULT_DETECTOR,
        format_func=lambda name: detector_name(settings, name),
        required=True,
        help=t("products.detector_help"),
        key="detector",
    )
    show_lack(settings, algorithm)
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


def _require_weights(settings: Settings, chosen: dict[str, Any]) -> None:
    """Refuse at once what could not be trained.

    Raises:
        WeightsError: if the detector needs weights that cannot be had.
    """
    algorithm = chosen.get("detector", DEFAULT_DETECTOR)
    options = checked_options(algorithm, chosen.get("options", {}))
    require_weights(algorithm, options, settings)


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
