"""Columns that lists and charts read: equal after a save, after changes and after a migration."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from core.domain import NOT_CLASSIFIED, Disposition, Finding, Report, RevisionKind, Verdict
from core.infrastructure.settings import Settings
from core.records import migrations
from core.records.database import Records
from core.records.migration_of_standing import AUDIT_SHARE_BEFORE
from core.records.migrations import MIGRATIONS
from core.records.standing import is_drawn, refresh
from tests.records import examples
from tests.records.conftest import SHARE, Past
from tests.records.oracle import is_audited

COLUMNS = (
    "id, width, height, defect_count, defect_type, is_first, is_audited, disposition, reason, "
    "decided_at, searched"
)
COSTS = "inspection_id, number, writer, model, from_cache, input_tokens, output_tokens, cost_usd"


def naming(*types: str) -> Report:
    return Report(
        summary="ÄNDERUNG at the Rim.",
        findings=tuple(
            Finding(defect_ids=("D1",), observation="x", probable_defect_type=name)
            for name in types
        ),
    )


def fill(records: Records) -> None:
    """Inspections of every kind that the columns tell apart."""
    drawn = next(name for name in map("audit-{}".format, range(1000)) if is_drawn(name, 0.02))
    for number in range(60):
        verdict = (Verdict.PASS, Verdict.REVIEW, Verdict.FAIL)[number % 3]
        # The ninth passes, and is drawn for an audit.
        saved = examples.inspection(drawn if number == 9 else f"2026-{number:03}")
        changes: dict[str, object] = {"judgement": examples.judgement(verdict)}
        if number % 4 == 0:
            changes |= {"defects": (), "defect_types": ()}
        if number % 5 == 0:
            changes |= {"context": saved.context.model_copy(update={"serial": f"S-{number}"})}
        if number % 7 == 0:
            changes |= {"defect_types": ()}
        if number % 6 == 1:
            changes |= {"defect_types": (examples.guess(defect_type="dark_spot"),)}
        records.save_inspection(saved.model_copy(update=changes))
        if number % 2 == 0:
            report = naming("no such", ("Dark-Spot", "CRACK", "?")[number % 3], "crack")
            records.add_revision(saved.id, report, RevisionKind.EDITED, "Ana")
        if number % 10 == 3:
            records.add_revision(
                saved.id,
                examples.report(),
                RevisionKind.DRAFTED,
                "gpt-4o",
                writing=examples.writing(),
            )
        if number % 3 == 1:
            records.add_disposition(saved.id, Disposition.SCRAP, "Too deep", "Ana")
            records.add_disposition(saved.id, Disposition.VOID, "Only DUST", "Bo")


def test_defect_type_follows_what_a_person_writes(station_settings: Settings) -> None:
    with Records.open(station_settings) as records:

        def stands(inspection_id: str) -> str:
            found = next(s for s in records.summaries() if s.id == inspection_id)
            return found.defect_type

        records.save_inspection(examples.inspection("1"))
        assert stands("1") == "crack", "ranked first"
        records.save_inspection(
            examples.inspection("2").model_copy(
                update={"defect_types": (examples.guess(defect_type="dark_spot"),)}
            )
        )
        records.add_revision("1", naming("Dark Spot"), RevisionKind.DRAFTED, "offline")
        assert stands("1") == "crack", "a draft is not a person's word"
        records.add_revision("1", naming("odd", "Dark Spot"), RevisionKind.EDITED, "Ana")
        assert stands("1") == "dark_spot"
        records.add_revision("1", naming("odd"), RevisionKind.SIGNED, "Ana")
        assert stands("1") == "crack"
        records.save_inspection(
            examples.inspection("3").model_copy(update={"defect_types": (), "snippets": ()})
        )
        assert stands("3") == NOT_CLASSIFIED
        records.save_inspection(examples.inspection("4").model_copy(update={"defects": ()}))
        assert stands("4") == ""


def test_migration_fills_the_columns_as_saving_does(
    station_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Records.open(station_settings) as records:
        fill(records)
        before = records.rows(f"SELECT {COLUMNS} FROM inspections ORDER BY id")
        costs = records.rows(f"SELECT {COSTS} FROM revisions ORDER BY ALL")
        types = records.rows("SELECT * FROM known_types ORDER BY ALL")
    assert station_settings.audit_share == AUDIT_SHARE_BEFORE
    old = station_settings.model_copy(update={"data_dir": tmp_path / "old"})
    copy_as_before("add_standing", station_settings, old, monkeypatch)

    with Records.open(old) as records:
        assert records.rows(f"SELECT {COLUMNS} FROM inspections ORDER BY id") == before
        assert records.rows(f"SELECT {COSTS} FROM revisions ORDER BY ALL") == costs
        assert records.rows("SELECT * FROM known_types ORDER BY ALL") == types
    assert {row["defect_type"] for row in before} == {"", "crack", "dark_spot", NOT_CLASSIFIED}
    assert any(row["is_audited"] for row in before)
    assert not all(row["is_first"] for row in before)


def copy_as_before(
    migration: str, station_settings: Settings, old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of a station as a program kept them that had not learned a migration yet."""
    known = [step.__name__ for step in MIGRATIONS].index(migration)
    old.records_path.parent.mkdir(parents=True)
    with duckdb.connect(old.records_path) as connection:
        with monkeypatch.context() as patched:
            patched.setattr(migrations, "MIGRATIONS", MIGRATIONS[:known])
            migrations.migrate(connection)
        connection.execute(f"ATTACH '{station_settings.records_path}' AS present (READ_ONLY)")
        for table in ("inspections", "defects", "evidence", "revisions", "dispositions"):
            described = connection.execute(f"DESCRIBE {table}").fetchall()
            columns = ", ".join(column[0] for column in described)
            connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM present.{table}"
            )


def test_the_draw_is_a_share_of_ids_and_nested() -> None:
    names = [f"20261124-{number:06}-abc123" for number in range(20_000)]

    drawn = {name for name in names if is_drawn(name, 0.02)}

    # 400 expected, standard deviation 20.
    assert 320 <= len(drawn) <= 480
    assert drawn <= {name for name in names if is_drawn(name, 0.05)}


def test_migrated_draw_is_the_one_of_python(station_settings: Settings) -> None:
    ids = [f"part-{number}" for number in range(500)]
    with duckdb.connect() as connection:
        drawn = connection.execute(
            "SELECT id FROM (SELECT unnest(?) AS id) "
            "WHERE ('0x' || sha256(id)[:13])::UBIGINT / (1::UBIGINT << 52) < 0.3",
            [ids],
        ).fetchall()

    assert {name for (name,) in drawn} == {name for name in ids if is_drawn(name, 0.3)}


def test_the_share_is_the_stations(station_settings: Settings) -> None:
    for share, drawn in ((0.0, 0), (1.0, 8)):
        of_it = station_settings.model_copy(
            update={"audit_share": share, "data_dir": station_settings.data_dir / str(drawn)}
        )
        with Records.open(of_it) as records:
            for number in range(8):
                part = examples.inspection(f"2026-{number}")
                judged = {"judgement": examples.judgement(Verdict.PASS)}
                records.save_inspection(part.model_copy(update=judged))
            assert sum(s.is_audited for s in records.summaries()) == drawn


@pytest.mark.parametrize(
    ("verdict", "is_audited"),
    [(Verdict.PASS, True), (Verdict.REVIEW, False), (Verdict.FAIL, False)],
)
def test_only_passed_parts_are_drawn(
    station_settings: Settings, verdict: Verdict, is_audited: bool
) -> None:
    part = examples.inspection().model_copy(update={"judgement": examples.judgement(verdict)})
    with Records.open(station_settings.model_copy(update={"audit_share": 1.0})) as records:
        records.save_inspection(part)

        assert records.summaries()[0].is_audited == is_audited


def test_an_unusual_report_is_searched_by_its_newest_summary(station_settings: Settings) -> None:
    with Records.open(station_settings) as records:
        records.save_inspection(examples.inspection("1"))
        records.add_revision("1", naming(), RevisionKind.EDITED, "Ana")

        searched = records.rows("SELECT searched FROM inspections")[0]["searched"]

    assert searched.split("\x1f") == [
        "größe.png",
        "l-7",
        "균열-1",
        "1",
        "zoë müller",
        "crack",
        "",
        "änderung at the rim.",
    ]


def test_generated_records_stand_as_saved_ones_would(past: Past) -> None:
    columns = f"SELECT {COLUMNS} FROM inspections ORDER BY id"
    before = past.records.rows(columns)
    with past.records.transaction() as cursor:
        for inspection in past.inspections[::10]:
            refresh(cursor, inspection.id)

    assert past.records.rows(columns) == before
    for row, inspection in zip(before, sorted(past.inspections, key=lambda i: i.id), strict=True):
        assert row["is_audited"] == is_audited(inspection, SHARE)
        assert row["defect_count"] == len(inspection.defects)
