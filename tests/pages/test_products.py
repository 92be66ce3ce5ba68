"""The Products page as a script, on the demo product with records of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.detection.checkpoints import active_version
from core.detection.product_files import read_policy
from core.domain import Disposition, InspectionRequest, Product
from core.imaging.picture_files import (
    DEMO_PRODUCT_KEY,
    PictureFile,
    demo_normals,
    demo_unseen_normals,
)
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.services.inspection import inspect
from core.services.known_defects import score_known_defects
from core.services.products import activate_version
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.version_comparison import comparison_job
from tests.pages.app import field, page, press, words
from tests.services.jobs.waiting import ended

PRODUCT = Product.from_key(DEMO_PRODUCT_KEY)


@pytest.fixture
def station(
    station_settings: Settings, demo_station: Station, console: Callable[[Settings], Station]
) -> Station:
    """The console's own station, with a copy of the demo product's detector and its pictures."""
    shutil.copytree(demo_station.settings.ad_checkpoint_dir, station_settings.ad_checkpoint_dir)
    shutil.copytree(demo_station.settings.files_dir, station_settings.files_dir)
    return console(station_settings)


@pytest.mark.usefixtures("station")
def test_thresholds_in_words() -> None:
    app = page("products")

    said = words(app)
    assert "Of 100 good parts about **1.6** stop the line; guaranteed at most **4.87**" in said
    assert "No defect is known and scored yet" in said
    assert next(b for b in app.button if b.label == "Set these thresholds").disabled


def test_moved_thresholds_say_what_they_mean_and_are_set_with_a_reason(
    station: Station, defective_cells: list[PictureFile]
) -> None:
    score_known_defects(station, PRODUCT, defective_cells[:20], by="Ana")
    before = station.taught(PRODUCT).calibration
    app = page("products")
    assert "Known defects: **20**" in words(app)

    app.select_slider[0].set_value(before.normals.scores[-4]).run()
    assert "held-out normals stopped: 4 of 60" in words(app)
    assert station.taught(PRODUCT).calibration == before
    press(app, "Set these thresholds")
    assert "needs a name and a reason" in app.error[0].value
    app.text_input(key="set-who").set_value("Ana")
    app.text_input(key="set-reason").set_value("two cracks passed")
    press(app, "Set these thresholds")

    after = station.taught(PRODUCT).calibration
    assert after.t_low == before.normals.scores[-4]
    assert read_policy(station.settings, PRODUCT).fail_margin == 0.5
    event = list_events(station.records, PRODUCT.key)[0]
    assert (event.kind, event.actor) == ("policy changed", "Ana")
    assert event.detail["reason"] == "two cracks passed"
    assert "The thresholds of ELPV/mono were set" in words(app)
    assert app.select_slider[0].value == after.t_low


def test_the_fail_threshold_is_typed(station: Station) -> None:
    app = page("products")

    field(app, "Fail from").set_value("2,0").run()
    app.text_input(key="set-who").set_value("Ana")
    app.text_input(key="set-reason").set_value("fewer rejects")
    press(app, "Set these thresholds")

    calibration = station.taught(PRODUCT).calibration
    assert calibration.t_high == pytest.approx(2.0)
    assert read_policy(station.settings, PRODUCT).false_alarm_rate == 0.05


def test_a_fail_threshold_below_review_is_said_and_not_set(station: Station) -> None:
    before = station.taught(PRODUCT).calibration
    app = page("products")

    field(app, "Fail from").set_value(str(before.t_low - 0.5)).run()

    assert "must be at least Review from" in app.error[0].value
    assert next(b for b in app.button if b.label == "Set these thresholds").disabled
    field(app, "Fail from").set_value(str(before.t_low + 0.5)).run()
    assert not app.error
    assert not next(b for b in app.button if b.label == "Set these thresholds").disabled
    field(app, "Fail from").set_value("1,234").run()
    assert "can be read as two numbers" in app.error[0].value
    assert next(b for b in app.button if b.label == "Set these thresholds").disabled


def test_figures_of_the_line_make_counts_of_shares(station: Station) -> None:
    app = page("products")
    app.number_input[0].set_value(20_000)
    field(app, "Bad parts, %").set_value("1,5")
    field(app, "scrap").set_value("12,5 EUR")
    app.text_input(key="line-who").set_value("Ana")
    app.text_input(key="line-reason").set_value("line 3")
    press(app, "Save these figures")
    assert 'scrap: "12,5 EUR" is not a number.' in app.error[0].value
    assert not read_policy(station.settings, PRODUCT).disposition_costs
    field(app, "scrap").set_value("12,5")
    press(app, "Save these figures")

    policy = read_policy(station.settings, PRODUCT)
    line = policy.line
    assert policy.disposition_costs == {Disposition.SCRAP: 12.5}
    assert (line.parts_per_day, line.defect_share) == (20_000, 0.015)
    table = app.table[0].value
    assert "323, at most 959" in set(table["Now"])


def test_a_version_is_rolled_back_with_a_reason(station: Station) -> None:
    first = active_version(station.settings, PRODUCT)
    second = add_normals(station, PRODUCT, demo_unseen_normals()[:2]).version
    activate_version(station, PRODUCT, second, by="Bo", reason="fewer false alarms")
    app = page("products", view="versions")
    assert "This version judges" in words(app)
    assert [each.label for each in app.expander if "Go back" in each.label] == [
        f"Go back to {first.version}"
    ]

    app.selectbox(key="version").select(first.version).run()
    assert "that is not in use" in words(app)
    press(app, "Roll back to this version")
    assert "needs a name and a reason" in app.error[0].value
    field(app, "Your name").set_value("Ana")
    field(app, "Reason").set_value("worse on lot 7")
    press(app, "Roll back to this version")

    assert active_version(station.settings, PRODUCT) == first
    assert station.taught(PRODUCT).card.detector.version == first.version
    assert f"Version {first.version} judges now" in words(app)
    chosen = app.selectbox(key="version")
    assert chosen.value == first.version
    assert [option.endswith("· judges") for option in chosen.options] == [False, True]
    assert "worse on lot 7" in set(app.dataframe[-1].value["Reason"])


def test_a_candidate_judges_once_it_was_compared_and_a_person_lets_it(
    empty: Station, defective_cells: list[PictureFile]
) -> None:
    station = empty
    teach(station, PRODUCT, demo_normals()[:12], options={"bank_size": 300})
    first = active_version(station.settings, PRODUCT)
    score_known_defects(station, PRODUCT, defective_cells[:1], by="Ana")
    inspect(station, InspectionRequest(product=PRODUCT), defective_cells[1])
    learned = [*defective_cells[:2], *demo_unseen_normals()[:1]]
    second = add_normals(station, PRODUCT, learned, by="Bo", confirmed="a trial").version
    app = page("products", view="versions", version=second.version)
    assert "Let this version judge" not in {button.label for button in app.button}
    assert "It can judge once it has been compared" in words(app)

    press(app, "Compare with the version that judges")
    job = comparison_job(station, second)
    assert job is not None
    assert ended(station, job.id).error == ""
    app = page("products", view="versions", version=second.version)

    assert "It finds fewer known defects: 0 instead of 1 of 1." in words(app)
    table = app.table[-1].value
    assert list(table["Judges now"])[2] == "1 of 1"
    assert list(table["Would judge"])[2] == "0 of 1"
    assert "→ PASS: **1**" in words(app)
    assert active_version(station.settings, PRODUCT) == first
    field(app, "Your name").set_value("Ana")
    field(app, "Reason").set_value("tried on lot 7")
    press(app, "Let this version judge")
    assert active_version(station.settings, PRODUCT) == second


def test_a_name_that_was_taught_already_is_no_new_product(station: Station) -> None:
    app = page("products", view="teach")
    assert field(app, "Product, as DATASET/CATEGORY").value == ""

    field(app, "Product, as DATASET/CATEGORY").set_value(PRODUCT.key)
    field(app, "or a folder on this station").set_value("/data/other")
    press(app, "Teach in the background")

    assert "ELPV/mono was taught already" in words(app)
    assert station.jobs.recent() == ()
    app.segmented_control(key="target").set_value("further").run()
    assert "becomes a candidate" in words(app)


@pytest.mark.usefixtures("station")
def test_a_detector_without_weights_says_what_it_lacks() -> None:
    app = page("products", view="teach")
    assert "needs the weights" not in words(app)

    detectors = app.segmented_control(key="detector")
    assert list(detectors.options) == [
        "patchcore",
        "efficientad",
        "winclip · unavailable: no weights",
        "anomalydino · unavailable: no weights",
    ]
    detectors.set_value("winclip").run()

    assert "winclip needs the weights ViT-B-16-plus-240" in words(app)


def test_a_lesson_is_a_job(station: Station, tmp_path: Path) -> None:
    folder = tmp_path / "good"
    folder.mkdir()
    for number, cell in enumerate(demo_normals()[:8]):
        (folder / f"{number}.png").write_bytes(cell.read())
    app = page("products", view="teach")

    field(app, "Product, as DATASET/CATEGORY").set_value("Plant-2/cell")
    field(app, "or a folder on this station").set_value(str(folder))
    field(app, "Your name").set_value("Ana")
    press(app, "Teach in the background")

    (job,) = station.jobs.recent()
    assert (job.kind, job.who, job.title) == ("teach", "Ana", "Plant-2/cell")
    assert ended(station, job.id).error == ""
    assert "Plant-2/cell" in {product.key for product in station.taught_products()}
    assert "was taught from 8 good pictures" in words(page("products", view="teach"))
    changes = page("products", product="Plant-2/cell", view="versions").dataframe[-1].value
    assert list(changes["By"]) == ["Ana"]


@pytest.mark.usefixtures("station")
@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("no spaces please/x", "/tmp", "A product is named DATASET/CATEGORY"),
        ("Plant/plate", "", "Choose pictures, or name a folder"),
    ],
)
def test_teaching_says_what_is_missing(name: str, folder: str, said: str) -> None:
    app = page("products", view="teach")

    field(app, "Product, as DATASET/CATEGORY").set_value(name)
    field(app, "or a folder on this station").set_value(folder)
    press(app, "Teach in the background")

    assert said in app.error[0].value


def test_a_lesson_that_fails_says_why_and_can_be_started_again(station: Station) -> None:
    app = page("products", view="teach")
    field(app, "Product, as DATASET/CATEGORY").set_value("Plant/plate")
    field(app, "or a folder on this station").set_value("/no/such/folder")
    press(app, "Teach in the background")
    ended(station, station.jobs.recent()[0].id)

    app = page("products", view="teach")

    assert "There is no file or folder /no/such/folder" in app.error[0].value
    assert "Start again" in [button.label for button in app.button]


def test_false_alarms_of_the_past_are_offered(
    station: Station, defective_cells: list[PictureFile]
) -> None:
    assert "No false alarm is waiting" in words(page("products", view="alarms"))
    seen = inspect(station, InspectionRequest(product=PRODUCT), defective_cells[0])
    add_disposition(station.records, seen.id, Disposition.VOID, "dust", "Ana")

    app = page("products", view="alarms")

    assert list(app.dataframe[0].value["Reason"]) == ["dust"]
    assert next(b for b in app.button if b.label == "Learn 0 as normal").disabled


def test_an_empty_station_teaches_the_demo(empty: Station) -> None:
    app = page("products")
    assert "at least 5, ideally 200" in words(app)

    press(app, "Teach the demo product")

    (job,) = empty.jobs.recent()
    assert (job.kind, job.title) == ("teach", "ELPV/mono")
    assert next(b for b in app.button if b.label == "Teach the demo product").disabled
    press(app, "Cancel")
    ended(empty, job.id)
