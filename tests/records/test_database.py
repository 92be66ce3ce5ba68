from __future__ import annotations

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import __version__
from core.domain import Disposition, Product, RevisionKind, Rule, Step
from core.domain.errors import ProductError, RecordsError
from core.infrastructure.settings import Settings
from core.records.answers import kept_answer, save_answer
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.records.inspections import add_step, load_inspection, save_inspection
from core.records.products import load_product, save_product
from core.records.revisions import add_revision
from core.records.search import Filter, count, search
from core.records.store.database import Database
from tests.records import examples


@pytest.fixture
def records(empty_settings: Settings):  # noqa: ANN201
    with Database.open(empty_settings) as opened:
        yield opened


def test_inspection_comes_back_equal_after_reopening(empty_settings: Settings) -> None:
    saved = examples.inspection()
    with Database.open(empty_settings) as records:
        save_inspection(records, saved)
    with Database.open(empty_settings) as records:
        assert load_inspection(records, saved.id) == saved


def test_revisions_and_dispositions_only_grow(records: Database) -> None:
    saved = examples.inspection()
    save_inspection(records, saved)

    edited = add_revision(
        records, saved.id, examples.report("Changed"), RevisionKind.EDITED, " Ana "
    )
    add_disposition(records, saved.id, Disposition.REWORK, "Can be ground", "Ana")
    last = add_disposition(records, saved.id, Disposition.SCRAP, "Too deep", "Bo")

    kept = load_inspection(records, saved.id)
    assert kept.revisions == (saved.revisions[0], edited)
    assert (edited.number, edited.author) == (2, "Ana")
    assert (kept.program_version, kept.revisions[0].program_version) == ("0.0.7", "0.0.7")
    assert edited.program_version == __version__
    assert kept.dispositions[-1] == last
    numbers = records.rows("SELECT number FROM dispositions ORDER BY number")
    assert [row["number"] for row in numbers] == [1, 2]
    assert kept.judgement == saved.judgement
    assert search(records)[0].disposition is Disposition.SCRAP
    kinds = [event.kind for event in list_events(records, saved.id)]
    assert kinds == ["disposition", "disposition", "report edited", "inspected"]


def test_summaries_are_paged_newest_first(records: Database) -> None:
    for number in range(5):
        save_inspection(records, examples.inspection(f"2026-{number}"))

    assert [s.id for s in search(records, limit=2, offset=1)] == ["2026-3", "2026-2"]
    assert search(records)[0].defect_count == 2
    assert count(records) == count(records, Filter(product_key="ELPV/mono")) == 5
    assert count(records, Filter(product_key="No/such")) == 0
    assert search(records, filter=Filter(product_key="No/such")) == ()


def test_products(records: Database) -> None:
    product = Product(dataset="Plant", category="plate")
    save_product(records, product)
    save_product(records, product.model_copy(update={"mm_per_px": 0.2}))

    assert load_product(records, "Plant/plate").mm_per_px == 0.2
    with pytest.raises(ProductError, match=r"no product No/such\. Known: Plant/plate"):
        load_product(records, "No/such")


def test_a_failed_write_leaves_nothing_behind(records: Database) -> None:
    saved = examples.inspection()
    save_inspection(records, saved)

    with pytest.raises(RecordsError, match="could not be read or written"):
        save_inspection(records, saved)

    assert load_inspection(records, saved.id) == saved
    assert len(list_events(records, saved.id)) == 1
    save_inspection(records, examples.inspection("next"))
    assert count(records) == 2


def test_threads_get_numbers_of_their_own(records: Database) -> None:
    saved = examples.inspection()
    save_inspection(records, saved)

    def save(number: int) -> int:
        report = examples.report(str(number))
        return add_revision(records, saved.id, report, RevisionKind.EDITED, "Ana").number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(save, range(40)))

    assert sorted(numbers) == list(range(2, 42))


@pytest.mark.parametrize(("reason", "name"), [("", "Ana"), ("why", "  ")])
def test_a_decision_needs_reason_and_name(records: Database, reason: str, name: str) -> None:
    save_inspection(records, examples.inspection())

    with pytest.raises(RecordsError, match=r"Give a reason|Name the person"):
        add_disposition(
            records, examples.inspection().id, Disposition.SCRAP, reason=reason, decided_by=name
        )


def test_unknown_inspection(records: Database) -> None:
    with pytest.raises(RecordsError, match="no inspection 'nothing'"):
        load_inspection(records, "nothing")
    with pytest.raises(RecordsError, match="no inspection 'nothing'"):
        add_revision(records, "nothing", examples.report(), RevisionKind.EDITED, "Ana")


def test_one_process_holds_the_records(empty_settings: Settings, records: Database) -> None:
    program = f"""
from core.domain.errors import RecordsError
from core.records.store.database import Database
from core.infrastructure.settings import Settings
try:
    Database.open(Settings(data_dir={str(empty_settings.data_dir)!r}))
except RecordsError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert "in use by another process" in done.stdout
    assert done.returncode == 0, done.stderr


def test_a_damaged_file_is_left_as_it_is(empty_settings: Settings) -> None:
    empty_settings.records_path.parent.mkdir(parents=True)
    empty_settings.records_path.write_bytes(b"not a database" * 1000)

    with pytest.raises(RecordsError, match="cannot be opened"):
        Database.open(empty_settings)

    assert empty_settings.records_path.read_bytes() == b"not a database" * 1000


def test_an_inspection_without_evidence_comes_back_equal(records: Database) -> None:
    saved = examples.inspection().model_copy(
        update={"likeness": None, "comparisons": (), "snippets": (), "defect_types": ()}
    )
    save_inspection(records, saved)

    assert load_inspection(records, saved.id) == saved


def test_a_draft_comes_back_with_its_writing_and_its_remarks(records: Database) -> None:
    saved = examples.inspection()
    save_inspection(records, saved)
    remarks = (examples.remark(Rule.NUMBER), examples.remark(Rule.OWN_HYPOTHESIS))

    revision = add_revision(
        records,
        saved.id,
        examples.report(),
        RevisionKind.DRAFTED,
        "gpt-4o",
        remarks=remarks,
        writing=examples.writing(),
    )

    assert load_inspection(records, saved.id).revisions[-1] == revision
    assert revision.violations == remarks[:1], "an own hypothesis is marked, and no violation"
    detail = list_events(records, saved.id)[0].detail
    assert (detail["violations"], detail["writer"], detail["outcome"]) == (1, "gpt-4o", "repaired")


def test_a_step_that_came_later_is_added(records: Database) -> None:
    saved = examples.inspection()
    save_inspection(records, saved)
    step = Step(name="report", seconds=2.5, status="failed", reason='"quoted" and 균열')

    add_step(records, saved.id, step)

    assert load_inspection(records, saved.id).steps == (*saved.steps, step)


def test_an_answer_is_kept_and_the_newest_counts(records: Database) -> None:
    assert kept_answer(records, "a" * 64) is None
    for summary in ("First.", "Second."):
        save_answer(records, "a" * 64, examples.report(summary), examples.writing())

    assert kept_answer(records, "a" * 64) == (examples.report("Second."), examples.writing())
    assert kept_answer(records, "b" * 64) is None


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(RecordsError, match="must start with duckdb:///"):
        Database.open(Settings(database_url="postgresql://x"))


def test_a_full_disk_is_said_and_loses_nothing(empty_settings: Settings) -> None:
    """The operating system refuses to let files grow, as a full disk does."""
    saved = examples.inspection()
    with Database.open(empty_settings) as records:
        save_inspection(records, saved)

    program = f"""
import resource, signal
from core.domain.errors import RecordsError
from core.records.inspections import save_inspection
from core.records.inspections import save_inspection
from core.records.store.database import Database
from core.infrastructure.settings import Settings
from tests.records import examples
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
records = Database.open(Settings(data_dir={str(empty_settings.data_dir)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, {resource.RLIM_INFINITY}))
try:
    save_inspection(records, examples.inspection("later"))
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
    with Database.open(empty_settings) as records:
        assert load_inspection(records, saved.id) == saved
