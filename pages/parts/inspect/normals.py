"""What normal parts show: those most similar to the inspected one, and its places on them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain import ComparedPair, Exemplar, Inspection, StepName
from core.domain.errors import InspectionError
from core.domain.reading import Reading
from core.services.inspection_images import compared_pairs, exemplar_png
from core.services.station import Station
from pages.parts.statements import alignment_text, likeness_text
from pages.parts.words import plain, why_nothing
from pages.texts import number, t

PAIRS_IN_A_ROW = 2
ROWS_AT_ONCE = 1


def show_exemplars(station: Station, inspection: Inspection) -> None:
    """Show the most similar normal parts, and how similar they are."""
    st.markdown(f"##### {t('normals.most_similar')}")
    if not inspection.exemplars:
        st.caption(why_nothing(inspection, StepName.EXEMPLARS))
        return
    reading = inspection.image.reading.model_dump_json()
    for column, exemplar in zip(st.columns(3), inspection.exemplars, strict=False):
        try:
            column.image(
                _exemplar(station, exemplar, exemplar.sha256, reading),
                caption=f"{exemplar.filename} · {number(exemplar.similarity, 3)}",
                width="stretch",
                alt=t("normals.alt", filename=exemplar.filename),
            )
        except InspectionError as error:
            column.caption(plain(f"{exemplar.filename}: {error}"))
    likeness = inspection.likeness
    if likeness is not None and likeness.is_far:
        st.warning(likeness_text(likeness), icon=":material/social_distance:")
    elif likeness is not None:
        st.caption(likeness_text(likeness))


def show_comparisons(station: Station, inspection: Inspection) -> None:
    """Show each defect beside the same place on the nearest normal part."""
    if not inspection.comparisons:
        return
    first = inspection.comparisons[0]
    st.markdown(f"##### {t('normals.same_place')}")
    st.caption(f"{plain(first.filename)} · {alignment_text(first)}")
    pairs = _pairs(station, inspection, inspection.id)
    starts = range(0, len(pairs), PAIRS_IN_A_ROW)
    rows = [pairs[start : start + PAIRS_IN_A_ROW] for start in starts]
    for row in rows[:ROWS_AT_ONCE]:
        _show_row(row)
    if further := rows[ROWS_AT_ONCE:]:
        with st.expander(t("normals.further", count=sum(len(row) for row in further))):
            for row in further:
                _show_row(row)


def _show_row(pairs: Sequence[ComparedPair]) -> None:
    for column, pair in zip(st.columns(len(pairs)), pairs, strict=True):
        name = pair.comparison.defect_id
        if pair.pictures is None:
            column.caption(plain(f"{name}: {pair.problem}"))
            continue
        with column:
            part, normal = st.columns(2, gap="xxsmall")
        part.image(
            pair.pictures[0],
            caption=t("normals.on_part", defect=name),
            width="stretch",
            alt=t("normals.on_part_alt", defect=name),
        )
        normal.image(
            pair.pictures[1],
            caption=t("normals.on_normal"),
            width="stretch",
            alt=t("normals.on_normal_alt", defect=name, filename=pair.comparison.filename),
        )


# What is shown is kept for a minute, so that a choice elsewhere on the page redraws nothing here; a
# file that was missing and is back is seen again soon.
@st.cache_data(max_entries=64, ttl=60, show_spinner=False)
def _pairs(
    _station: Station, _inspection: Inspection, inspection_id: str
) -> tuple[ComparedPair, ...]:
    return compared_pairs(_station, _inspection)


@st.cache_data(max_entries=256, ttl=600, show_spinner=False)
def _exemplar(_station: Station, _exemplar: Exemplar, sha256: str, reading: str) -> bytes:
    return exemplar_png(_station, _exemplar, Reading.model_validate_json(reading))
