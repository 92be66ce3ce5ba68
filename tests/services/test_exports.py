"""Tables and PDF packs of what is on record, read again by other programs."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
import pyarrow.parquet as parquet
import pytest

from core.domain import Context, Disposition, Inspection, Verdict
from core.domain.errors import OutputError
from core.imaging.encoding import encode_png
from core.records.dispositions import add_disposition
from core.records.exports import write_table
from core.records.inspections import save_inspection
from core.records.search import Filter
from core.services.exports import (
    NOT_PRINTED,
    export_csv,
    export_parquet,
    export_pdfs,
    export_xlsx,
)
from core.services.station import Station
from tests.records import examples

# How a cell of text says so.
TEXT = "inlineStr"


def record(station: Station, name: str, lot: str = "L-7") -> Inspection:
    """An inspection on record with its picture and map on disk."""
    rng = np.random.default_rng(0)
    picture = encode_png(rng.integers(0, 255, (300, 300, 3), np.uint8))
    saved = examples.inspection(name, lot)
    saved = saved.model_copy(
        update={
            "image": saved.image.model_copy(update={"sha256": station.files.put(picture)}),
            "map_sha256": station.files.put_map(rng.random((300, 300), np.float32)),
        }
    )
    save_inspection(station.records, saved)
    return saved


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def test_csv_has_what_is_on_record(station: Station, tmp_path: Path) -> None:
    saved = record(station, "1")
    record(station, "2", "other")
    add_disposition(station.records, "1", Disposition.REWORK, 'Says "grind",\nthen look', "Ana")
    add_disposition(station.records, "1", Disposition.SCRAP, "Too; deep", "Bo")

    path = tmp_path / "out" / "lot.csv"
    export_csv(station, Filter(lot="L-7"), path)

    (row,) = rows_of(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,created_at_utc,product_key,lot,")
    assert row["id"] == "1"
    assert row["created_at_utc"] == "2026-11-24 09:30:15.123456"
    assert (row["serial"], row["inspector"], row["filename"]) == (
        "균열-1",
        "Zoë Müller",
        "Größe.png",
    )
    assert float(row["score"]) == saved.judgement.score
    assert (row["verdict"], row["disposition"]) == ("FAIL", "scrap")
    assert (row["reason"], row["decided_by"]) == ("Too; deep", "Bo")
    assert (row["version"], row["program_version"]) == ("20261124-080000-000000", "0.0.7")
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
def test_no_text_in_csv_begins_a_formula(station: Station, tmp_path: Path, start: str) -> None:
    evil = f"{start}HYPERLINK(A1)"
    saved = examples.inspection("1")
    context = Context.on_record(dict.fromkeys(Context.model_fields, evil))
    image = saved.image.model_copy(update={"filename": evil})
    save_inspection(station.records, saved.model_copy(update={"context": context, "image": image}))
    add_disposition(
        station.records, "1", Disposition.SCRAP, f"{start.strip()}x", f"{start.strip()}y"
    )

    export_csv(station, Filter(), tmp_path / "all.csv")
    export_parquet(station, Filter(), tmp_path / "all.parquet")

    (row,) = rows_of(tmp_path / "all.csv")
    for column in ("lot", "serial", "station", "inspector", "filename"):
        assert row[column] == f"'{evil}"
    if start.strip():
        assert (row["reason"], row["decided_by"]) == (f"'{start}x", f"'{start}y")
    export_xlsx(station, Filter(), tmp_path / "all.xlsx")
    cells = cells_of(tmp_path / "all.xlsx")
    assert cells["lot"] == cells["serial"] == (TEXT, evil), "text as it was typed, and only text"
    (kept,) = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert kept["lot"] == evil, "Parquet is no spreadsheet"
    assert float(row["score"]) == 1.89


def cells_of(path: Path) -> dict[str, tuple[str, str]]:
    """Read kind and value of the first row's cells by heading; no cell may hold a formula."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with ZipFile(path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{space}f"))
    heading, first = (
        {
            cell.attrib["r"].rstrip("0123456789"): (cell.get("t", "n"), "".join(cell.itertext()))
            for cell in row
        }
        for row in list(sheet.iter(f"{space}row"))[:2]
    )
    return {heading[column][1]: cell for column, cell in first.items()}


def test_a_workbook_keeps_what_was_typed_and_what_was_measured(
    station: Station, tmp_path: Path
) -> None:
    saved = examples.inspection("1")
    context = Context(lot="0007", serial="1E5" + "7" * 180, station="01.02", inspector="Zoë")
    save_inspection(station.records, saved.model_copy(update={"context": context}))

    export_xlsx(station, Filter(), tmp_path / "all.xlsx")

    cells = cells_of(tmp_path / "all.xlsx")
    assert cells["lot"] == (TEXT, "0007")
    assert cells["serial"] == (TEXT, context.serial)
    assert cells["score"] == ("n", "1.89")
    assert cells["created_at_utc"][0] == "n"
    assert "disposition" not in cells


def test_negative_numbers_stay_numbers(station: Station, tmp_path: Path) -> None:
    saved = examples.inspection("1")
    low = examples.judgement(Verdict.PASS, score=-0.25)
    save_inspection(station.records, saved.model_copy(update={"judgement": low}))

    export_csv(station, Filter(), tmp_path / "all.csv")

    assert rows_of(tmp_path / "all.csv")[0]["score"] == "-0.25"


def test_parquet_has_types(station: Station, tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        save_inspection(station.records, examples.inspection(name))

    export_parquet(station, Filter(), tmp_path / "all.parquet")

    table = parquet.read_table(tmp_path / "all.parquet")
    assert table.column("id").to_pylist() == ["3", "2", "1"]
    assert table.column("program_version").to_pylist() == ["0.0.7"] * 3
    assert str(table.schema.field("created_at_utc").type) == "timestamp[us]"
    assert str(table.schema.field("score").type) == "double"
    assert table.column("disposition").null_count == 3


def test_of_nothing_there_is_a_table_with_its_heading(station: Station, tmp_path: Path) -> None:
    export_csv(station, Filter(), tmp_path / "none.csv")
    export_parquet(station, Filter(), tmp_path / "none.parquet")

    assert (tmp_path / "none.csv").read_text("utf-8-sig").startswith("id,")
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_one_bad_inspection_does_not_stop_the_pack(station: Station, tmp_path: Path) -> None:
    record(station, "good-1")
    record(station, "good-2")
    save_inspection(station.records, examples.inspection("no-picture"))
    no_report = record(station, "elsewhere", "L-8").model_copy(
        update={"id": "no-report", "revisions": (), "context": Context(lot="L-7")}
    )
    save_inspection(station.records, no_report)
    seen: list[tuple[int, int]] = []

    pack = export_pdfs(
        station,
        Filter(lot="L-7"),
        tmp_path / "lot.zip",
        on_printed=lambda done, count: seen.append((done, count)),
    )

    assert pack.printed == 2
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with ZipFile(tmp_path / "lot.zip") as kept:
        assert kept.testzip() is None
        assert set(kept.namelist()) == {"good-1.pdf", "good-2.pdf", NOT_PRINTED}
        assert kept.read("good-1.pdf").startswith(b"%PDF")
        problems = kept.read(NOT_PRINTED).decode().splitlines()
        kept.extract("good-2.pdf", tmp_path)
    assert tuple(problems) == pack.missing
    assert "no-picture: The stored file aaaaaaaaaaaaaaaa is missing" in "\n".join(problems)
    assert "no-report: Inspection no-report has no revision" in "\n".join(problems)
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", tmp_path / "good-2.pdf", "-"], capture_output=True, text=True, check=True
        )
        assert "good-2" in text.stdout


def test_a_pack_without_problems_says_nothing_of_them(station: Station, tmp_path: Path) -> None:
    record(station, "good-1")

    assert export_pdfs(station, Filter(), tmp_path / "all.zip").missing == ()
    assert ZipFile(tmp_path / "all.zip").namelist() == ["good-1.pdf"]


def test_an_export_that_is_stopped_leaves_the_one_before(station: Station, tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(b"the one before")
    record(station, "good-1")

    def stop(done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_pdfs(station, Filter(), path, on_printed=stop)

    assert path.read_bytes() == b"the one before"
    assert [p for p in tmp_path.iterdir() if p.name.startswith(".writing")] == []


def test_a_place_that_cannot_be_written_is_a_sentence(station: Station, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for export in (export_csv, export_parquet, export_pdfs):
        with pytest.raises(OutputError, match="could not be written"):
            export(station, Filter(), tmp_path / "file" / "x")
    with pytest.raises(OutputError, match="table could not be written"):
        write_table(station.records, Filter(), tmp_path / "no" / "such.csv", "csv")
