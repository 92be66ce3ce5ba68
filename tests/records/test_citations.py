from __future__ import annotations

import pytest

from core.domain import Finding, RevisionKind
from core.infrastructure.settings import Settings
from core.records.citations import list_citations, load_cited_snippet
from core.records.inspections import save_inspection
from core.records.revisions import add_revision
from core.records.store.database import Database
from tests.records import examples

CITED = examples.snippet().id


@pytest.fixture
def records(empty_settings: Settings):  # noqa: ANN201
    with Database.open(empty_settings) as opened:
        yield opened


def citing(*ids: str):  # noqa: ANN201
    finding = Finding(defect_ids=("D1",), observation="A line.", snippet_ids=ids)
    return examples.report().model_copy(update={"findings": (finding, finding)})


def test_a_cited_snippet_is_found_as_it_was(records: Database) -> None:
    save_inspection(records, examples.inspection())

    assert load_cited_snippet(records, CITED) == examples.snippet()
    assert load_cited_snippet(records, "K-unknown") is None


def test_citations_count_the_findings_of_the_newest_revision(records: Database) -> None:
    save_inspection(records, examples.inspection("20261124-1"))
    save_inspection(records, examples.inspection("20261124-2"))
    add_revision(records, "20261124-1", citing(CITED, "K-other"), RevisionKind.EDITED, "Ana")
    add_revision(records, "20261124-2", citing(CITED), RevisionKind.EDITED, "Ana")
    add_revision(records, "20261124-2", citing("K-other"), RevisionKind.EDITED, "Ben")

    second, first = list_citations(records, CITED)

    assert (first.inspection_id, first.findings, first.ever_cited) == ("20261124-1", 2, True)
    assert (second.inspection_id, second.findings, second.ever_cited) == ("20261124-2", 0, True)
    assert (first.product_key, first.filename) == ("ELPV/mono", "Größe.png")
    assert list_citations(records, "K-other") == ()


def test_a_snippet_that_was_only_retrieved_is_not_called_cited(records: Database) -> None:
    save_inspection(records, examples.inspection())

    (use,) = list_citations(records, CITED)

    assert (use.findings, use.ever_cited) == (0, False)


def test_a_rows_older_than_pages_and_headings_are_read(records: Database) -> None:
    save_inspection(records, examples.inspection())
    old = '{"id":"K-0123456789","dataset":"ELPV","category":"mono","defect_type":"crack","text":"A '
    old += 'line.","source":"domain_knowledge.json","similarity":0.5,"matched_by":"product"}'
    records._connection.execute("UPDATE evidence SET content = ? WHERE kind = 'snippet'", [old])

    snippet = load_cited_snippet(records, CITED)

    assert snippet is not None
    assert (snippet.page, snippet.heading, snippet.text) == (None, "", "A line.")
