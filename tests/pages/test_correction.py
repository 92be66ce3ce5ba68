"""What was said of a picture, put right on the pages; the same picture, seen again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import Context, Disposition, Inspection, InspectionRequest, Product
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection
from core.records.products import save_product
from core.services.inspection import inspect
from core.services.station import Station
from tests.pages.app import field, page, press, words


@pytest.fixture
def desk(
    demo_station: Station, station_settings: Settings, console: Callable[[Settings], Station]
) -> Station:
    """The console's own station, empty, with the demo product's detector."""
    return console(
        station_settings.model_copy(
            update={
                "ad_checkpoint_dir": demo_station.settings.ad_checkpoint_dir,
                "rag_enabled": False,
                "domain_rag_enabled": False,
            }
        )
    )


@pytest.fixture
def wrong(desk: Station, demo_product: Product, defective_cells: list[PictureFile]) -> Inspection:
    request = InspectionRequest(product=demo_product, context=Context(lot="L-8", serial="S-1"))
    return inspect(desk, request, defective_cells[0])


def record(app: AppTest, person: str = "Ana", reason: str = "wrong field") -> None:
    field(app, "Reason").set_value(reason)
    field(app, "Your name").set_value(person)
    press(app, "Record the correction")


def test_a_lot_is_corrected_where_the_inspection_is_open(desk: Station, wrong: Inspection) -> None:
    app = page("inspect", inspection=wrong.id)
    assert field(app, "Lot").value == "L-8"

    field(app, "Lot").set_value("L-7")
    record(app, person=" ")
    assert "Name the person who corrects" in words(app)
    record(app)

    assert load_inspection(desk.records, wrong.id).context.lot == "L-7"
    app = page("inspect", inspection=wrong.id)
    assert "Corrected: Lot L-8 → L-7. wrong field (Ana, " in words(app)


def test_a_wrong_product_is_said_and_the_picture_inspected_as_the_right_one(
    desk: Station, wrong: Inspection
) -> None:
    save_product(desk.records, Product.from_key("Plant/lid"))
    app = page("inspect", inspection=wrong.id)
    products = next(box for box in app.selectbox if box.label == "Product" and box.key is None)
    assert products.value == wrong.product.key
    products.set_value("Plant/lid")
    record(app)

    found = load_inspection(desk.records, wrong.id)
    assert found.dispositions[-1].disposition is Disposition.IN_ERROR
    said = words(page("inspect", inspection=wrong.id))
    assert f"shows Plant/lid, but the detector of {wrong.product.key} judged it" in said
    assert page("history").dataframe[0].value["corrected"].tolist() == [True]


def test_all_that_history_finds_is_corrected_at_once(
    desk: Station, wrong: Inspection, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    request = InspectionRequest(product=demo_product, context=Context(lot="L-8"))
    other = inspect(desk, request, defective_cells[1])
    app = page("history", **{"by-lot": "L-8"})

    next(each for each in app.text_input if each.label == "Lot" and not each.key).set_value("L-7")
    record(app)

    lots_now = {load_inspection(desk.records, each.id).context.lot for each in (wrong, other)}
    assert lots_now == {"L-7"}


def test_the_same_picture_again_is_said(
    desk: Station, wrong: Inspection, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    again = inspect(desk, InspectionRequest(product=demo_product), defective_cells[0])

    assert again.seen_before == wrong.created_at
    assert load_inspection(desk.records, again.id) == again
    assert "inspected before" in words(page("inspect", inspection=again.id))
    assert "inspected before" not in words(page("inspect", inspection=wrong.id))
    assert "0 of 1" in words(page("quality")), "one part, one first pass"
