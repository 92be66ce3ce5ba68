from __future__ import annotations

import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from core.domain import Disposition, Hypothesis, Inspection, Product, RevisionKind, Rule, Step
from core.domain.errors import ProductError, RecordsError
from core.infrastructure.settings import Settings
from core.records import migrations, rows
from core.records.answers import kept_answer, save_answer
from core.records.connection import insert
from core.records.database import Records
from core.records.migrations import MIGRATIONS
from tests.records import examples


@pytest.fixture
def records(station_settings: Settings):  # noqa: ANN201
    with Records.open(station_settings) as opened:
        yield opened


def test_inspection_comes_back_equal_after_reopening(station_settings: Settings) -> None:
    saved = examples.inspection()
    with Records.open(station_settings) as records:
        records.save_inspection(saved)
    with Records.open(station_settings) as records:
        assert records.inspection(saved.id) == saved


def test_revisions_and_dispositions_only_grow(records: Records) -> None:
    saved = examples.inspection()
    records.save_inspection(saved)

    edited = records.add_revision(
        saved.id, examples.report("Changed"), RevisionKind.EDITED, " Ana "
    )
    records.add_disposition(saved.id, Disposition.REWORK, "Can be ground", "Ana")
    last = records.add_disposition(saved.id, Disposition.SCRAP, "Too deep", "Bo")

    kept = records.inspection(saved.id)
    assert kept.revisions == (saved.revisions[0], edited)
    assert (edited.number, edited.author) == (2, "Ana")
    assert kept.dispositions[-1] == last
    numbers = records.rows("SELECT number FROM dispositions ORDER BY number")
    assert [row["number"] for row in numbers] == [1, 2]
    assert kept.judgement == saved.judgement
    assert records.summaries()[0].disposition is Disposition.SCRAP
    kinds = [event.kind for event in records.events(saved.id)]
    assert kinds == ["disposition", "disposition", "report edited", "inspected"]


def test_summaries_are_paged_newest_first(records: Records) -> None:
    for number in range(5):
        records.save_inspection(examples.inspection(f"2026-{number}"))

    assert [s.id for s in records.summaries(limit=2, offset=1)] == ["2026-3", "2026-2"]
    assert records.summaries()[0].defect_count == 2
    assert records.count() == records.count("ELPV/mono") == 5
    assert records.count("No/such") == 0
    assert records.summaries(product_key="No/such") == ()


def test_products(records: Records) -> None:
    product = Product(dataset="Plant", category="plate")
    records.save_product(product)
    records.save_product(product.model_copy(update={"mm_per_px": 0.2}))

    assert records.product("Plant/plate").mm_per_px == 0.2
    with pytest.raises(ProductError, match=r"no product No/such\. Known: Plant/plate"):
        records.product("No/such")


def test_a_failed_write_leaves_nothing_behind(records: Records) -> None:
    saved = examples.inspection()
    records.save_inspection(saved)

    with pytest.raises(RecordsError, match="could not be read or written"):
        records.save_inspection(saved)

    assert records.inspection(saved.id) == saved
    assert len(records.events(saved.id)) == 1
    records.save_inspection(examples.inspection("next"))
    assert records.count() == 2


def test_threads_get_numbers_of_their_own(records: Records) -> None:
    saved = examples.inspection()
    records.save_inspection(saved)

    def save(number: int) -> int:
        report = examples.report(str(number))
        return records.add_revision(saved.id, report, RevisionKind.EDITED, "Ana").number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(save, range(40)))

    assert sorted(numbers) == list(range(2, 42))


@pytest.mark.parametrize(("reason", "name"), [("", "Ana"), ("why", "  ")])
def test_a_decision_needs_reason_and_name(records: Records, reason: str, name: str) -> None:
    records.save_inspection(examples.inspection())

    with pytest.raises(RecordsError, match=r"Give a reason|Name the person"):
        records.add_disposition(
            examples.inspection().id, Disposition.SCRAP, reason=reason, decided_by=name
        )


def test_unknown_inspection(records: Records) -> None:
    with pytest.raises(RecordsError, match="no inspection 'nothing'"):
        records.inspection("nothing")
    with pytest.raises(RecordsError, match="no inspection 'nothing'"):
        records.add_revision("nothing", examples.report(), RevisionKind.EDITED, "Ana")


def test_one_process_holds_the_records(station_settings: Settings, records: Records) -> None:
    program = f"""
from core.domain.errors import RecordsError
from core.records import migrations, rows
from core.records.answers import kept_answer, save_answer
from core.records.connection import insert
from core.records.database import Records
from core.infrastructure.settings import Settings
try:
    Records.open(Settings(data_dir={str(station_settings.data_dir)!r}))
except RecordsError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert "in use by another process" in done.stdout
    assert done.returncode == 0, done.stderr


def test_a_damaged_file_is_left_as_it_is(station_settings: Settings) -> None:
    station_settings.records_path.parent.mkdir(parents=True)
    station_settings.records_path.write_bytes(b"not a database" * 1000)

    with pytest.raises(RecordsError, match="cannot be opened"):
        Records.open(station_settings)

    assert station_settings.records_path.read_bytes() == b"not a database" * 1000


def test_records_of_a_newer_program_are_refused(station_settings: Settings) -> None:
    Records.open(station_settings).close()
    with duckdb.connect(station_settings.records_path) as connection:
        connection.execute("INSERT INTO migrations VALUES (999, 'later', NULL)")

    with pytest.raises(RecordsError, match="written by a newer version"):
        Records.open(station_settings)


def test_every_migration_is_applied_once(station_settings: Settings) -> None:
    for _ in range(2):
        Records.open(station_settings).close()

    with duckdb.connect(station_settings.records_path) as connection:
        names = connection.execute("SELECT name FROM migrations ORDER BY number").fetchall()
    assert [name for (name,) in names] == [step.__name__ for step in MIGRATIONS]


def test_an_inspection_from_before_likeness_still_opens(station_settings: Settings) -> None:
    saved = examples.inspection()
    with Records.open(station_settings) as records:
        records.save_inspection(saved)
    with duckdb.connect(station_settings.records_path) as connection:
        # What the migration leaves of rows that were there before it.
        connection.execute("UPDATE inspections SET likeness = NULL")
        connection.execute("DELETE FROM evidence WHERE kind = 'comparison'")

    with Records.open(station_settings) as records:
        kept = records.inspection(saved.id)

    assert kept == saved.model_copy(update={"likeness": None, "comparisons": ()})


def saved_before(
    migration: str, saved: Inspection, station_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> duckdb.DuckDBPyConnection:
    """Save an inspection as a program did that had not learned a migration yet."""
    names = [step.__name__ for step in MIGRATIONS]
    station_settings.records_path.parent.mkdir(parents=True)
    connection = duckdb.connect(station_settings.records_path)
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", MIGRATIONS[: names.index(migration)])
        migrations.migrate(connection)
    tables = {
        "inspections": [rows.inspection_row(saved)],
        "defects": [rows.defect_row(saved.id, n, defect) for n, defect in enumerate(saved.defects)],
        "evidence": [
            rows.evidence_row(saved.id, position, item)
            for items in (saved.exemplars, saved.comparisons, saved.snippets)
            for position, item in enumerate(items)
        ],
        "revisions": [rows.revision_row(saved.id, revision) for revision in saved.revisions],
    }
    for table, values in tables.items():
        described = connection.execute(f"DESCRIBE {table}").fetchall()
        known = {column[0] for column in described}
        insert(
            connection,
            table,
            [{name: row[name] for name in row if name in known} for row in values],
        )
    return connection


def test_inspections_from_before_defect_types_load(
    station_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = examples.inspection()
    saved_before("add_defect_types", saved, station_settings, monkeypatch).close()

    with Records.open(station_settings) as records:
        assert records.inspection(saved.id) == saved.model_copy(update={"defect_types": ()})


def test_reports_of_the_first_schema_are_read_with_their_cause_as_a_hypothesis(
    station_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = examples.inspection()
    finding = {
        "defect_ids": ["D1"],
        "observation": "A line.",
        "probable_defect_type": "crack",
        "cause": "Pressing.",
        "snippet_ids": ["K-0123456789"],
    }
    first = {
        **saved.revisions[0].report.model_dump(mode="json", exclude={"not_assessed"}),
        "schema_version": 1,
        "findings": [finding, {**finding, "cause": ""}],
    }
    del first["proposed_severity"]
    with saved_before("add_writings", saved, station_settings, monkeypatch) as connection:
        connection.execute("UPDATE revisions SET report = ?", [json.dumps(first)])

    with Records.open(station_settings) as records:
        read = records.inspection(saved.id).revisions[0]

    assert read.report.schema_version == 1
    assert [finding.hypotheses for finding in read.report.findings] == [
        (Hypothesis(cause="Pressing.", snippet_ids=("K-0123456789",)),),
        (),
    ]
    assert (read.writing, read.remarks) == (None, None)
    assert read.sha256 == saved.revisions[0].sha256, "what was signed is not signed anew"


def test_a_draft_comes_back_with_its_writing_and_its_remarks(records: Records) -> None:
    saved = examples.inspection()
    records.save_inspection(saved)
    remarks = (examples.remark(Rule.NUMBER), examples.remark(Rule.OWN_HYPOTHESIS))

    revision = records.add_revision(
        saved.id,
        examples.report(),
        RevisionKind.DRAFTED,
        "gpt-4o",
        remarks=remarks,
        writing=examples.writing(),
    )

    assert records.inspection(saved.id).revisions[-1] == revision
    assert revision.violations == remarks[:1], "an own hypothesis is marked, and no violation"
    detail = records.events(saved.id)[0].detail
    assert (detail["violations"], detail["writer"], detail["outcome"]) == (1, "gpt-4o", "repaired")


def test_a_step_that_came_later_is_added(records: Records) -> None:
    saved = examples.inspection()
    records.save_inspection(saved)
    step = Step(name="report", seconds=2.5, status="failed", reason='"quoted" and 균열')

    records.add_step(saved.id, step)

    assert records.inspection(saved.id).steps == (*saved.steps, step)


def test_an_answer_is_kept_and_the_newest_counts(records: Records) -> None:
    assert kept_answer(records, "a" * 64) is None
    for summary in ("First.", "Second."):
        save_answer(records, "a" * 64, examples.report(summary), examples.writing())

    assert kept_answer(records, "a" * 64) == (examples.report("Second."), examples.writing())
    assert kept_answer(records, "b" * 64) is None


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(RecordsError, match="must start with duckdb:///"):
        Records.open(Settings(database_url="postgresql://x"))


def test_a_full_disk_is_said_and_loses_nothing(station_settings: Settings) -> None:
    """The operating system refuses to let files grow, as a full disk does."""
    saved = examples.inspection()
    with Records.open(station_settings) as records:
        records.save_inspection(saved)

    program = f"""
import resource, signal
from core.domain.errors import RecordsError
from core.records import migrations, rows
from core.records.answers import kept_answer, save_answer
from core.records.connection import insert
from core.records.database import Records
from core.infrastructure.settings import Settings
from tests.records import examples
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
records = Records.open(Settings(data_dir={str(station_settings.data_dir)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, {resource.RLIM_INFINITY}))
try:
    records.save_inspection(examples.inspection("later"))
except RecordsError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )

    assert "free space and try again" in done.stdout, done.stderr
    with Records.open(station_settings) as records:
        assert records.inspection(saved.id) == saved
