"""Teaching with progress on the screen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain import Product
from core.sources import DEMO_PRODUCT_KEY, PictureFile, demo_normals
from core.teaching import teach
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator


def teach_demo_button(bench: Workbench) -> None:
    """A button that teaches the demo product."""
    if st.button("Teach the demo product", icon=":material/solar_power:"):
        with shown_to_the_operator():
            teach_on_screen(bench, Product.from_key(DEMO_PRODUCT_KEY), demo_normals())


def teach_on_screen(bench: Workbench, product: Product, pictures: Sequence[PictureFile]) -> None:
    """Teach a product, showing each step, and run the page anew when it is done.

    Raises:
        InspectionError: if the product cannot be taught from these pictures.
    """
    progress = st.progress(0.0, f"Teaching {product.key}")
    card = teach(
        bench,
        product,
        pictures,
        on_progress=lambda step, share: progress.progress(min(share, 1.0), step),
    )
    seconds = sum(card.seconds.values())
    st.session_state["taught"] = (
        f"{product.key} was taught from {len(card.images)} good pictures in {seconds:.0f} s."
    )
    st.rerun()
