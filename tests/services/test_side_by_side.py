"""Detectors and writers side by side on one real picture."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from core.detection.checkpoints import activate, read_card
from core.domain import Inspection, InspectionRequest, Outcome, Product, RevisionKind
from core.domain.errors import DetectorError, RecordsError, WriterError
from core.evaluation.temporary_station import temporary_station
from core.imaging.picture_files import PictureFile, demo_normals
from core.infrastructure.settings import Settings, settings
from core.interfaces.cli.main import main
from core.records.search import count
from core.records.side_by_side import save_side_by_side, side_by_side, win_rates
from core.services.inspection import inspect
from core.services.side_by_side import choose, detectors_of, put_side_by_side
from core.services.station import Station
from core.services.teaching import teach
from tests.detection.tiny_clip import write_tiny_clip


@pytest.fixture(scope="module")
def two_detectors(
    model_cache: Path, demo_product: Product, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Station]:
    """A station whose demo product two detectors learned, one of them with random weights."""
    weights = tmp_path_factory.mktemp("weights")
    write_tiny_clip(weights)
    settings = Settings(model_cache=model_cache, ad_weights_dir=weights)
    with temporary_station(settings) as station:
        teach(station, demo_product, demo_normals()[:16])
        first = read_card(station.settings, demo_product)
        teach(
            station,
            demo_product,
            demo_normals()[:16],
            algorithm="winclip",
            options={"network": "tiny", "shots": 2},
        )
        activate(station.settings, demo_product, first.detector)
        yield station


def test_every_detector_meets_every_writer(
    two_detectors: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    told: list[tuple[int, int]] = []

    comparison = put_side_by_side(
        two_detectors,
        InspectionRequest(product=demo_product),
        defective_cells[0],
        ["patchcore", "winclip"],
        ["offline", "claude"],
        on_progress=lambda done, of: told.append((done, of)),
    )

    assert [column.name for column in comparison.columns] == [
        "patchcore/offline",
        "patchcore/offline composer; claude failed",
        "winclip/offline",
        "winclip/offline composer; claude failed",
    ]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {c.writing.outcome for c in comparison.columns[1::2]} == {Outcome.FELL_BACK}
    first, _, third, _ = comparison.columns
    assert first.inspection.judgement.t_low != third.inspection.judgement.t_low
    assert count(two_detectors.records) == 0, "nothing is on record as an inspection until chosen"


def test_the_chosen_one_becomes_the_report_of_a_new_inspection(
    two_detectors: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    comparison = put_side_by_side(
        two_detectors,
        InspectionRequest(product=demo_product),
        defective_cells[1],
        ["patchcore", "winclip"],
        ["offline"],
    )

    inspection = choose(two_detectors, comparison.id, 1, "Ana")

    chosen = comparison.columns[1]
    assert inspection.detector.algorithm == "winclip"
    (revision,) = inspection.revisions
    assert (revision.report, revision.kind) == (chosen.report, RevisionKind.DRAFTED)
    assert revision.remarks == chosen.remarks
    assert {rate.name: rate.won for rate in win_rates(two_detectors.records)} == {
        "winclip": 1,
        "patchcore": 0,
    }
    with pytest.raises(RecordsError, match="a choice was made already"):
        choose(two_detectors, comparison.id, 0, "Bo")
    assert count(two_detectors.records) == 1


def test_a_report_joins_the_inspection_that_it_was_asked_about(
    two_detectors: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    recorded: Inspection = inspect(
        two_detectors, InspectionRequest(product=demo_product), defective_cells[2]
    )
    before = count(two_detectors.records)

    comparison = put_side_by_side(
        two_detectors,
        InspectionRequest(product=demo_product),
        defective_cells[2],
        writers=["offline"],
        recorded=recorded,
    )
    inspection = choose(two_detectors, comparison.id, 0, "Ana")

    assert inspection.id == recorded.id
    assert len(inspection.revisions) == len(recorded.revisions) + 1
    assert count(two_detectors.records) == before


def test_a_choice_whose_inspection_is_gone_is_not_made(
    two_detectors: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    """As when the comparison's records were restored and the inspection's were not."""
    request = InspectionRequest(product=demo_product)
    found = put_side_by_side(two_detectors, request, defective_cells[3])
    elsewhere = found.columns[0].inspection.id
    lost = found.model_copy(update={"id": f"{found.id}-lost", "inspection_id": elsewhere})
    save_side_by_side(two_detectors.records, lost)

    with pytest.raises(RecordsError, match="There is no inspection"):
        choose(two_detectors, lost.id, 0, "Ana")

    assert side_by_side(two_detectors.records, lost.id).chosen is None
    assert choose(two_detectors, found.id, 0, "Ana").report is not None


def test_what_is_unknown_is_said_before_anything_runs(
    two_detectors: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    with pytest.raises(DetectorError, match="not taught with anomalydino; it was with patchcore"):
        put_side_by_side(
            two_detectors,
            InspectionRequest(product=demo_product),
            defective_cells[0],
            ["anomalydino"],
        )
    with pytest.raises(WriterError, match="There is no report writer 'gpt-9'"):
        put_side_by_side(
            two_detectors,
            InspectionRequest(product=demo_product),
            defective_cells[0],
            writers=["gpt-9"],
        )
    comparison = put_side_by_side(
        two_detectors, InspectionRequest(product=demo_product), defective_cells[0]
    )
    with pytest.raises(RecordsError, match="there is no number 8"):
        choose(two_detectors, comparison.id, 7, "Ana")


def test_the_active_detector_comes_first(two_detectors: Station, demo_product: Product) -> None:
    assert list(detectors_of(two_detectors, demo_product)) == ["patchcore", "winclip"]


def test_the_command_compares_chooses_and_tells_who_wins(
    two_detectors: Station,
    demo_product: Product,
    defective_cells: list[PictureFile],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command opens a station of its own, on copies of the detectors."""
    station_settings = two_detectors.settings.model_copy(update={"data_dir": tmp_path / "data"})
    monkeypatch.setattr("core.interfaces.cli.compare.settings", lambda: station_settings)
    picture = tmp_path / "cell.png"
    picture.write_bytes(defective_cells[0].read())

    both = ["--detectors", "patchcore,winclip", "--writers", "offline", "--language", "de"]
    assert main(["compare", str(picture), *both, "--maps", str(tmp_path / "maps")]) == 0
    told = capsys.readouterr().out
    assert "ELPV/mono  cell.png" in told
    assert "[1] patchcore/offline" in told
    assert "[2] winclip/offline" in told
    assert len(list((tmp_path / "maps").glob("*.png"))) == 2

    assert main(["compare", str(picture), *both, "--json", "--choose", "2", "--by", "Ana"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["detector"] for one in record["columns"]] == ["patchcore", "winclip"]
    assert record["columns"][0]["report"]["language"] == "de"

    assert main(["compare", "--win-rates"]) == 0
    assert "detector  winclip                  chosen 1 of 1" in capsys.readouterr().out
    assert main(["compare", "--comparison", "C-none"]) == 1
    assert "no comparison 'C-none'" in capsys.readouterr().err
    assert settings() is not station_settings


def test_a_candidate_of_another_detector_waits_too(
    two_detectors: Station, demo_product: Product
) -> None:
    def asked_for() -> str:
        return two_detectors.taught(demo_product, "winclip").card.detector.version

    options = {"network": "tiny", "shots": 1}
    settings, pictures = two_detectors.settings, demo_normals()[:16]
    patchcore, first = read_card(settings, demo_product), asked_for()
    activate(settings, demo_product, two_detectors.taught(demo_product, "winclip").card.detector)
    activate(settings, demo_product, patchcore.detector)

    teach(two_detectors, demo_product, pictures, algorithm="winclip", options=options)

    assert asked_for() == first
