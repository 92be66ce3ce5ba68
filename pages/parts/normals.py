"""What normal parts show: those most similar to the inspected one, and its places on them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.documents import compared_pairs, exemplar_png
from core.domain import Inspection
from core.errors import InspectionError
from core.reporting.evidence import ComparedPair
from core.workbench import Workbench
from pages.parts.words import why_nothing

PAIRS_IN_A_ROW = 2
ROWS_AT_ONCE = 1


def show_exemplars(bench: Workbench, inspection: Inspection) -> None:
    """The most similar normal parts, and how similar they are."""
    st.markdown("##### Most similar normal parts")
    if not inspection.exemplars:
        st.caption(why_nothing(inspection, "exemplars"))
        return
    for column, exemplar in zip(st.columns(3), inspection.exemplars, strict=False):
        try:
            column.image(
                exemplar_png(bench, exemplar),
                caption=f"{exemplar.filename} · similarity {exemplar.similarity:.3f}",
                alt=f"Normal part {exemplar.filename}",
            )
        except InspectionError as error:
            column.caption(f"{exemplar.filename}: {error}")
    likeness = inspection.likeness
    if likeness is not None and likeness.is_far:
        st.warning(likeness.sentence(), icon=":material/social_distance:")
    elif likeness is not None:
        st.caption(likeness.sentence())


def show_comparisons(bench: Workbench, inspection: Inspection) -> None:
    """Each defect beside the same place on the nearest normal part."""
    if not inspection.comparisons:
        return
    first = inspection.comparisons[0]
    st.markdown("##### The same place on the nearest normal part")
    st.caption(f"{first.filename} · {first.sentence()}")
    pairs = compared_pairs(bench, inspection)
    starts = range(0, len(pairs), PAIRS_IN_A_ROW)
    rows = [pairs[start : start + PAIRS_IN_A_ROW] for start in starts]
    for row in rows[:ROWS_AT_ONCE]:
        _show_row(row)
    if further := rows[ROWS_AT_ONCE:]:
        with st.expander(f"{sum(len(row) for row in further)} further defects"):
            for row in further:
                _show_row(row)


def _show_row(pairs: Sequence[ComparedPair]) -> None:
    for column, pair in zip(st.columns(len(pairs)), pairs, strict=True):
        name = pair.comparison.defect_id
        if pair.pictures is None:
            column.caption(f"{name}: {pair.problem}")
            continue
        with column:
            part, normal = st.columns(2, gap="xxsmall")
        part.image(
            pair.pictures[0],
            caption=f"{name} on this part",
            width="stretch",
            alt=f"Defect {name} on this part, outlined",
        )
        normal.image(
            pair.pictures[1],
            caption="nearest normal, same place",
            width="stretch",
            alt=f"The place of defect {name} on the normal part {pair.comparison.filename}",
        )
