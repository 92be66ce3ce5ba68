"""Every page with anything in its URL: it works, or says what to choose."""

from __future__ import annotations

import itertools

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import EvidenceChoice, InspectionRequest
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile
from core.services.inspection import inspect
from core.services.station import Station
from core.tasks.exports import Export
from tests.pages.app import PAGES, parameter, press, words
from tests.pages.test_inspect import two_products
from tests.services.jobs.waiting import ended

__all__ = ["two_products"]

BARE = EvidenceChoice(exemplars=False, knowledge=False)
OTHER = "Bracket/steel"
NAMES = sorted(path.stem for path in PAGES.glob("*.py") if path.stem != "console")
# Every parameter that any page reads: a page may be opened with those of another.
PARAMETERS = (
    *("about", "blind", "by-disposition", "by-lot", "by-product", "by-serial", "by-station"),
    *("by-type", "by-verdict", "chart-by", "chart-with-reviews", "comparison", "entry"),
    *("inspection", "job", "kind", "look", "lot", "only", "page", "product", "run", "side-by-side"),
    *("since", "station", "text", "until", "version", "view", "what", "words", "writer"),
)
GARBAGE = ("", "-1", "../x", "균열\u202e\x00", "2026-13-45")


@pytest.fixture(scope="module")
def foreign(demo_station: Station) -> str:
    """Id of a job that is neither a lot nor a comparison nor a run."""
    job = demo_station.jobs.submit(Export(what="csv"), "All inspections")
    return ended(demo_station, job.id).id


def opened(
    name: str, query: dict[str, str] | None = None, state: dict[str, object] | None = None
) -> AppTest:
    """A page with this URL, in a session in which something happened before."""
    app = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=60)
    for key, value in (state or {}).items():
        app.session_state[key] = value
    for key, value in (query or {}).items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, (name, query, app.exception[0])
    return app


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("demo")
def test_a_page_bears_anything_in_its_url(name: str, foreign: str) -> None:
    for value in (*GARBAGE, foreign, DEMO_PRODUCT_KEY):
        # To search by meaning takes the index, which takes long to build.
        app = opened(name, dict.fromkeys({*PARAMETERS} - {"words"}, value))
        assert app.main.children, value


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("demo")
def test_a_page_bears_anything_in_each_parameter(name: str, foreign: str) -> None:
    # Together, one parameter may hide what another one does.
    for asked, value in itertools.product(PARAMETERS, ("garbage", foreign)):
        opened(name, {asked: value})


@pytest.mark.parametrize("name", ["inspect", "products"])
@pytest.mark.usefixtures("demo")
def test_an_unknown_product_is_not_replaced_by_another(name: str) -> None:
    app = opened(name, {"product": "Plant/unknown"})

    assert "There is no product Plant/unknown here. Choose one." in words(app)
    chosen = app.selectbox(key=f"{name}-product")
    assert chosen.value is None
    chosen.set_value(DEMO_PRODUCT_KEY).run()
    assert not app.exception
    assert parameter(app, "product") == DEMO_PRODUCT_KEY


def test_the_product_chosen_stays_chosen_on_every_page(
    two_products: Station, defective_cells: list[PictureFile]
) -> None:
    for product in two_products.taught_products():
        request = InspectionRequest(product=product, evidence=BARE)
        inspect(two_products, request, defective_cells[0])
    app = opened("inspect")
    app.selectbox(key="inspect-product").set_value(DEMO_PRODUCT_KEY).run()
    state = kept(app)

    for name, key in (
        *(("products", "products-product"), ("compare", "compare-product")),
        *(("review", "review-product"), ("history", "by-product"), ("quality", "by-product")),
    ):
        assert opened(name, state=state).selectbox(key=key).value == DEMO_PRODUCT_KEY, name
    # All is what a page can show; a page of one product keeps its own.
    review = opened("review", state=state)
    review.selectbox(key="review-product").set_value(None).run()
    assert opened("history", state=kept(review)).selectbox(key="by-product").value is None
    again = opened("inspect", state=kept(review))
    assert again.selectbox(key="inspect-product").value == DEMO_PRODUCT_KEY


@pytest.mark.usefixtures("two_products")
def test_a_new_tab_begins_with_the_product_chosen_last_in_the_browser() -> None:
    state: dict[str, object] = {"browser-product": DEMO_PRODUCT_KEY}

    assert opened("inspect", state=state).selectbox(key="inspect-product").value == DEMO_PRODUCT_KEY
    linked = opened("inspect", {"product": OTHER}, state)
    assert linked.selectbox(key="inspect-product").value == OTHER


def test_a_product_without_parts_that_wait_does_not_clear_the_queue(
    two_products: Station, defective_cells: list[PictureFile]
) -> None:
    request = InspectionRequest(product=two_products.product(OTHER), evidence=BARE)
    inspect(two_products, request, defective_cells[0])

    app = opened("review", {"product": DEMO_PRODUCT_KEY})

    assert "The queue is clear" not in words(app)
    assert "1 other part does." in words(app)
    press(app, "Show all that wait")
    assert "inspection" in app.query_params
    assert "product" not in app.query_params


def kept(app: AppTest) -> dict[str, object]:
    """What a session keeps from page to page."""
    names = ("products-chosen", "browser-product", "browser-all-products")
    return {name: app.session_state[name] for name in names if name in app.session_state}
