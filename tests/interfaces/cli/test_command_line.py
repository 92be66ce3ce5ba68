"""The command line as a user runs it: in a process of its own, on real pictures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import __version__
from core.domain import Product
from core.imaging.picture_files import PictureFile, demo_examples, demo_normals
from core.infrastructure.settings import Settings
from core.records.store.database import Database
from core.services.station import Station

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def run(
    empty_settings: Settings, demo_station: Station, knowledge_index: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command with records of its own and the demo product's detector."""
    shutil.copytree(knowledge_index, empty_settings.chroma_dir)
    environment = os.environ | {
        "DATA_DIR": str(empty_settings.data_dir),
        "AD_CHECKPOINT_DIR": str(demo_station.settings.ad_checkpoint_dir),
        "MODEL_CACHE": str(demo_station.settings.model_cache),
    }

    def command(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "core", *map(str, arguments)],
            cwd=REPOSITORY,
            env=environment | settings,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return command


@pytest.fixture
def cells(tmp_path: Path, defective_cells: list[PictureFile]) -> Path:
    """A folder of a defective cell, a good cell and a broken file."""
    folder = tmp_path / "cells"
    folder.mkdir()
    (folder / "bad.png").write_bytes(defective_cells[0].read())
    (folder / "good.png").write_bytes(demo_normals()[0].read())
    (folder / "torn.png").write_bytes(defective_cells[1].read()[:3000])
    return folder


def test_folder_as_json_with_maps(run, cells: Path, tmp_path: Path) -> None:  # noqa: ANN001
    done = run("inspect", cells, "--product", "ELPV/mono", "--json", "--maps", tmp_path / "maps")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, "one picture was refused"
    assert [line["file"] for line in lines] == ["bad.png", "good.png", "torn.png"]
    assert [line.get("verdict") for line in lines] == ["FAIL", "PASS", None]
    assert "torn.png" in lines[2]["error"]
    wanted = {"id", "score", "threshold", "percentile", "verdict", "defects", "timing"}
    assert wanted <= lines[0].keys()
    said = (lines[0]["program_version"], lines[0]["report"]["program_version"])
    assert said == (__version__, __version__)
    anomaly_map = np.load(tmp_path / "maps" / "bad.npy")
    assert anomaly_map.dtype == np.float32
    assert anomaly_map.shape == (300, 300)
    peaks = [defect["peak"] for defect in lines[0]["defects"]]
    assert anomaly_map.max() == pytest.approx(max(peaks))


def test_a_batch_ends_with_what_was_left_out(  # noqa: ANN201
    run,  # noqa: ANN001
    cells: Path,
):
    (cells / "bad.png").rename(cells / os.fsdecode(b"\xb0\xa1.jpg_medium"))
    (cells / "good.png").rename(cells / "😀.png")
    (cells / "notes.txt").write_text("a note")
    (cells / "._x.png").write_bytes(b"\0\5")
    switched_off = ("--product", "ELPV/mono", "--no-exemplars", "--no-knowledge")

    # A terminal that knows no such character is no reason to stop.
    done = run("inspect", cells, *switched_off, PYTHONIOENCODING="ascii")

    assert done.returncode == 1, "a picture was refused"
    assert "Traceback" not in done.stderr
    last = done.stdout.splitlines()[-1]
    assert last == "2 inspected (1 PASS, 1 FAIL), 2 left out: notes.txt, torn.png"
    assert "FAIL   %B0%A1.jpg_medium" in done.stdout
    assert "PASS   \\U0001f600.png" in done.stdout
    assert "Note: notes.txt holds text, not a picture." in done.stderr

    (cells / "torn.png").unlink()
    assert run("inspect", cells, *switched_off).returncode == 0, "a text is no part"


def test_pdf_and_timing(run, cells: Path, tmp_path: Path) -> None:  # noqa: ANN001
    pdf = tmp_path / "report.pdf"

    done = run(
        "inspect",
        cells / "bad.png",
        "--product",
        "ELPV/mono",
        "--timing",
        "--pdf",
        pdf,
        "--lot",
        "L-12",
    )

    assert done.returncode == 0, done.stderr
    assert "FAIL" in done.stdout
    assert "detect" in done.stdout
    assert pdf.read_bytes().startswith(b"%PDF")


def test_evidence_is_switched_off(run, cells: Path) -> None:  # noqa: ANN001
    done = run(
        *("inspect", cells / "bad.png", "--product", "ELPV/mono", "--json"),
        *("--no-exemplars", "--knowledge"),
        DOMAIN_RAG_ENABLED="false",
    )

    record = json.loads(done.stdout)
    assert record["off_steps"] == {"exemplars": "switched off for this inspection"}
    assert record["exemplars"] == record["comparisons"] == []
    assert record["snippets"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["inspect", "x.png", "--product", "No/such"], "No/such"),
        (["inspect", "x.png", "--product", "nonsense"], "DATASET/CATEGORY"),
        (["teach", "--product", "A/b", "--images", "/no/folder"], "/no/folder"),
        (["teach", "--product", "A/b"], "--images FOLDER"),
        (["evaluate", "--data", "/no/folder"], "train/good"),
        (["inspect", "/no/folder/x.png", "--product", "ELPV/mono"], "/no/folder/x.png"),
    ],
)
def test_errors_are_sentences_with_status_1(run, arguments, sentence) -> None:  # noqa: ANN001
    done = run(*arguments)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_records_in_use_by_another_process(run, demo_station: Station) -> None:  # noqa: ANN001
    done = run("teach", "--demo", DATA_DIR=str(demo_station.settings.data_dir))

    assert done.returncode == 1
    assert "another process" in done.stderr
    assert "Traceback" not in done.stderr


def test_teach_from_a_folder(run, tmp_path: Path) -> None:  # noqa: ANN001
    folder = tmp_path / "normals"
    folder.mkdir()
    for number, cell in enumerate(demo_normals()[:8]):
        (folder / f"{number}.png").write_bytes(cell.read())
    checkpoints = str(tmp_path / "checkpoints")

    done = run(
        "teach", "--product", "Plant/cell", "--images", folder, AD_CHECKPOINT_DIR=checkpoints
    )

    assert done.returncode == 0, done.stderr
    assert "Plant/cell taught from 8 good pictures" in done.stdout
    assert "cannot be guaranteed" in done.stdout
    assert (tmp_path / "checkpoints" / "Plant" / "cell" / "active.json").exists()


def test_a_product_is_taught_extended_and_given_a_policy(run, tmp_path: Path) -> None:  # noqa: ANN001
    from core.records.events import list_events

    first, further = tmp_path / "first", tmp_path / "further"
    for folder, cells in ((first, demo_normals()[:12]), (further, demo_normals()[12:14])):
        folder.mkdir()
        for number, cell in enumerate(cells):
            (folder / f"{folder.name}{number}.png").write_bytes(cell.read())
    own = {"AD_CHECKPOINT_DIR": str(tmp_path / "checkpoints")}
    named = ("--product", "Plant/cell")

    taught = run(
        "teach", *named, "--images", first, "--option", "bank_size=500", **own, LOGNAME="ci"
    )
    extended = run("teach", *named, "--images", further, "--add", "--by", "Bo", **own)
    changed = run(
        *("policy", *named, "--set", "location=clock", "--set", "severity.major_peak=1.2"),
        *("--by", "Ana", "--reason", "round parts"),
        **own,
    )
    unexplained = run("policy", *named, "--set", "location=grid", **own)
    impossible = run("policy", *named, "--set", "confidence=7", "--by", "A", "--reason", "b", **own)

    assert taught.returncode == 0, taught.stderr
    assert "Plant/cell taught from 14 good pictures" in extended.stdout, extended.stderr
    assert "It is a candidate: version" in extended.stdout
    assert "known defects found" in extended.stdout
    assert "Nothing of this product was inspected yet" in extended.stdout
    offered = extended.stdout.splitlines()[-1].split("python -m core ")[1]
    assert "--version " in offered
    half = run(*offered.replace(" --reason TEXT", "").split(), **own)
    assert "needs both" in half.stderr
    activated = run(*offered.split(), **own)
    assert "of Plant/cell judges now." in activated.stdout, activated.stderr
    assert '"location": "clock"' in changed.stdout, changed.stderr
    assert '"major_peak": 1.2' in changed.stdout
    assert "needs a name and a reason" in unexplained.stderr
    assert impossible.stderr.startswith("Error: confidence cannot be 7")
    station_settings = Settings(data_dir=tmp_path / "data")
    with Database.open(station_settings) as records:
        told = [(event.kind, event.actor) for event in list_events(records, "Plant/cell")]
    assert told == [
        ("version activated", "NAME"),
        ("policy changed", "Ana"),
        ("normals added", "Bo"),
        ("product taught", "ci"),
    ]
    shown = run("policy", *named, **own)
    assert '"location": "clock"' in shown.stdout


def test_defects_are_labelled_from_a_folder(
    run,  # noqa: ANN001
    tmp_path: Path,
    demo_station: Station,
    demo_product: Product,
) -> None:
    picture, mask = demo_examples()[0].read(), np.zeros((300, 300), np.uint8)
    mask[100:200, 100:200] = 255
    for folder in ("test/crack", "test/good", "ground_truth/crack"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    (tmp_path / "set/test/crack/1.png").write_bytes(picture)
    (tmp_path / "set/test/good/2.png").write_bytes(demo_normals()[0].read())
    (tmp_path / "set/ground_truth/crack/1_mask.png").write_bytes(
        cv2.imencode(".png", mask)[1].tobytes()
    )
    data = ("--product", "ELPV/mono", "--data", tmp_path / "set")

    try:
        done = run("label", *data, "--by", "Ana")
        nobody = run("label", *data)
    finally:
        # The demo product's checkpoints are shared with other tests.
        demo_station.labelled_path(demo_product).unlink(missing_ok=True)

    assert done.returncode == 0, done.stderr
    assert "pictures by type now: crack on 1." in done.stdout
    assert "ranked without a probability" in done.stdout
    assert nobody.stderr.startswith("Error: Labels need a person who vouches for them")
