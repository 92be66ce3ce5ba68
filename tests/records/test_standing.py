"""Columns that lists and charts read: right after a save and after changes."""

from __future__ import annotations

import pytest

from core.domain import NOT_CLASSIFIED, Disposition, Finding, Report, RevisionKind, Verdict
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection, save_inspection
from core.records.revisions import add_revision
from core.records.search import search
from core.records.standing import is_drawn, refresh
from core.records.store.database import Database
from tests.records import examples
from tests.records.conftest import SHARE, Past
from tests.records.oracle import is_audited

COLUMNS = (
    "id, width, height, defect_count, defect_type, is_type_confirmed, is_first, is_audited, "
    "disposition, reason, decided_at, is_sealed, blind_disposition, searched"
)
DRAWN_SHARE = 0.02
COSTS = "inspection_id, number, writer, model, from_cache, input_tokens, output_tokens, cost_usd"


def naming(*types: str) -> Report:
    return Report(
        summary="ÄNDERUNG at the Rim.",
        findings=tuple(
            Finding(defect_ids=("D1",), observation="x", probable_defect_type=name)
            for name in types
        ),
    )


def fill(records: Database) -> None:
    """Inspections of every kind that the columns tell apart."""
    drawn = next(
        name for name in map("audit-{}".format, range(1000)) if is_drawn(name, DRAWN_SHARE)
    )
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
        save_inspection(records, saved.model_copy(update=changes))
        if number % 2 == 0:
            report = naming("no such", ("Dark-Spot", "CRACK", "?")[number % 3], "crack")
            add_revision(records, saved.id, report, RevisionKind.EDITED, "Ana")
        if number % 10 == 3:
            add_revision(
                records,
                saved.id,
                examples.report(),
                RevisionKind.DRAFTED,
                "gpt-4o",
                writing=examples.writing(),
            )
        if number % 3 == 1:
            add_disposition(records, saved.id, Disposition.SCRAP, "Too deep", "Ana")
            add_disposition(records, saved.id, Disposition.VOID, "Only DUST", "Bo")


def test_defect_type_follows_what_a_person_writes(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:

        def stands(inspection_id: str) -> str:
            found = next(s for s in search(records) if s.id == inspection_id)
            return found.defect_type

        def is_confirmed(inspection_id: str) -> bool:
            query = "SELECT is_type_confirmed FROM inspections WHERE id = ?"
            return records.rows(query, inspection_id)[0]["is_type_confirmed"]

        save_inspection(records, examples.inspection("1"))
        assert stands("1") == "crack", "ranked first"
        save_inspection(
            records,
            examples.inspection("2").model_copy(
                update={"defect_types": (examples.guess(defect_type="dark_spot"),)}
            ),
        )
        add_revision(records, "1", naming("Dark Spot"), RevisionKind.DRAFTED, "offline")
        assert stands("1") == "crack", "a draft is not a person's word"
        assert not is_confirmed("1")
        add_revision(records, "1", naming("odd", "Dark Spot"), RevisionKind.EDITED, "Ana")
        assert stands("1") == "dark_spot"
        assert is_confirmed("1")
        add_revision(records, "1", naming("odd"), RevisionKind.SIGNED, "Ana")
        assert stands("1") == "crack"
        assert not is_confirmed("1"), "what the person names is unknown, what ranks first a guess"
        save_inspection(
            records,
            examples.inspection("3").model_copy(update={"defect_types": (), "snippets": ()}),
        )
        assert stands("3") == NOT_CLASSIFIED
        save_inspection(records, examples.inspection("4").model_copy(update={"defects": ()}))
        assert stands("4") == ""


def test_columns_say_what_was_saved_written_and_decided(empty_settings: Settings) -> None:
    drawing = empty_settings.model_copy(update={"audit_share": DRAWN_SHARE})
    with Database.open(drawing) as records:
        fill(records)
        standing = records.rows(f"SELECT {COLUMNS} FROM inspections ORDER BY id")
        costs = records.rows(f"SELECT {COSTS} FROM revisions")
        types = records.rows("SELECT name FROM known_types ORDER BY name")
        inspections = {row["id"]: load_inspection(records, row["id"]) for row in standing}

    serials = set()
    for row in standing:
        inspection = inspections[row["id"]]
        decided = inspection.dispositions[-1] if inspection.dispositions else None
        assert (row["width"], row["height"]) == (inspection.image.width, inspection.image.height)
        assert row["defect_count"] == len(inspection.defects)
        assert row["is_audited"] == is_audited(inspection, DRAWN_SHARE)
        assert row["disposition"] == (decided and decided.disposition)
        assert row["reason"] == (decided and decided.reason)
        assert row["decided_at"] == (decided and decided.decided_at)
        if row["is_first"]:
            assert inspection.context.serial not in serials
            serials.add(inspection.context.serial)
    assert serials == {inspection.context.serial for inspection in inspections.values()}
    assert {row["defect_type"] for row in standing} == {"", "crack", "dark_spot", NOT_CLASSIFIED}
    assert any(row["is_audited"] for row in standing)
    assert [row["name"] for row in types] == ["crack", "dark_spot"]
    for row in costs:
        writing = inspections[row["inspection_id"]].revisions[row["number"] - 1].writing
        for name in ("writer", "model", "from_cache", "input_tokens", "output_tokens", "cost_usd"):
            assert row[name] == (writing and getattr(writing, name))
    assert any(row["cost_usd"] for row in costs)


def test_the_draw_is_a_share_of_ids_and_nested() -> None:
    names = [f"20261124-{number:06}-abc123" for number in range(20_000)]

    drawn = {name for name in names if is_drawn(name, 0.02)}

    # 400 expected, standard deviation 20.
    assert 320 <= len(drawn) <= 480
    assert drawn <= {name for name in names if is_drawn(name, 0.05)}


def test_the_share_is_the_stations(empty_settings: Settings) -> None:
    for share, drawn in ((0.0, 0), (1.0, 8)):
        of_it = empty_settings.model_copy(
            update={"audit_share": share, "data_dir": empty_settings.data_dir / str(drawn)}
        )
        with Database.open(of_it) as records:
            for number in range(8):
                part = examples.inspection(f"2026-{number}")
                judged = {"judgement": examples.judgement(Verdict.PASS)}
                save_inspection(records, part.model_copy(update=judged))
            assert sum(s.is_audited for s in search(records)) == drawn


@pytest.mark.parametrize(
    ("verdict", "is_audited"),
    [(Verdict.PASS, True), (Verdict.REVIEW, False), (Verdict.FAIL, False)],
)
def test_only_passed_parts_are_drawn(
    empty_settings: Settings, verdict: Verdict, is_audited: bool
) -> None:
    part = examples.inspection().model_copy(update={"judgement": examples.judgement(verdict)})
    with Database.open(empty_settings.model_copy(update={"audit_share": 1.0})) as records:
        save_inspection(records, part)

        assert search(records)[0].is_audited == is_audited


def test_an_unusual_report_is_searched_by_its_newest_summary(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection("1"))
        add_revision(records, "1", naming(), RevisionKind.EDITED, "Ana")

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
