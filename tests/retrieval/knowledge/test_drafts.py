from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain.errors import KnowledgeError, ProductError
from core.retrieval.knowledge.drafts import open_draft
from core.retrieval.knowledge.entries import Entry, read_entries
from core.retrieval.knowledge.imports import read_import

KNOWLEDGE = {"ELPV": {"mono": {"good": "Even.", "crack": "A line."}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "knowledge.json"
    path.write_text(json.dumps(KNOWLEDGE))
    return path


def entry(file: Path, kind: str) -> Entry:
    return next(item for item in read_entries(file) if item.defect_type == kind)


def test_add_edit_retire(file: Path) -> None:
    before = entry(file, "crack")

    with open_draft(file) as draft:
        added = draft.add("Plant/bottle", "broken", "Notch, 균열.")
        edited = draft.edit(before.id, "A dark line.\nAcross.")
        retired = draft.retire(entry(file, "good").id)
        draft.save()

    assert json.loads(file.read_text()) == {
        "ELPV": {"mono": {"crack": "A dark line.\nAcross."}},
        "Plant": {"bottle": {"broken": "Notch, 균열."}},
    }
    assert (added.before, edited.before, retired.after) == (None, before, None)
    assert edited.after == entry(file, "crack")
    assert edited.entry.text == "A dark line. Across."
    assert edited.entry.id != before.id


def test_nothing_is_written_before_saving(file: Path) -> None:
    with open_draft(file) as draft:
        draft.add("Plant/bottle", "broken", "Notch.")

    assert json.loads(file.read_text()) == KNOWLEDGE


def test_a_failure_after_saving_takes_the_change_back(file: Path) -> None:
    def fail_late() -> None:
        with open_draft(file) as draft:
            draft.add("Plant/bottle", "broken", "Notch.")
            draft.save()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()

    assert json.loads(file.read_text()) == KNOWLEDGE
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_stale_edit_is_refused(file: Path) -> None:
    seen = entry(file, "crack")
    with open_draft(file) as draft:
        draft.edit(seen.id, "First.")
        draft.save()

    for change in ("edit", "retire"):
        with (
            pytest.raises(KnowledgeError, match="someone changed or retired it"),
            open_draft(file) as draft,
        ):
            draft.edit(seen.id, "Second.") if change == "edit" else draft.retire(seen.id)

    assert entry(file, "crack").text == "First."


def test_a_change_by_another_program_meanwhile_is_not_overwritten(file: Path) -> None:
    other = {"ELPV": {"mono": {"crack": "By hand."}}}

    with open_draft(file) as draft:
        draft.add("Plant/bottle", "broken", "Notch.")
        file.write_text(json.dumps(other))
        with pytest.raises(KnowledgeError, match="changed by another program"):
            draft.save()

    assert json.loads(file.read_text()) == other


@pytest.mark.parametrize(
    ("key", "kind", "text", "sentence"),
    [
        ("ELPV", "crack", "A line.", "DATASET/CATEGORY"),
        ("ELPV/../mono", "crack", "A line.", "DATASET/CATEGORY"),
        ("ELPV/mono", " ", "A line.", "A defect type must be a name"),
        ("ELPV/mono", "a\nb", "A line.", "A defect type must be a name"),
        ("ELPV/mono", "dent", " \n", "the text is empty"),
        ("ELPV/mono", "dent", "x" * 1_000_000, "has 1000000 characters"),
        ("ELPV/mono", "crack", "A line.", "has an entry for crack already"),
    ],
)
def test_what_cannot_be_added_is_said(
    file: Path, key: str, kind: str, text: str, sentence: str
) -> None:
    with pytest.raises((KnowledgeError, ProductError), match=sentence), open_draft(file) as draft:
        draft.add(key, kind, text)


def test_the_last_entry_and_an_unchanged_text_are_refused(file: Path) -> None:
    with open_draft(file) as draft:
        draft.retire(entry(file, "good").id)
        draft.save()
    last = entry(file, "crack")

    with pytest.raises(KnowledgeError, match="last entry"), open_draft(file) as draft:
        draft.retire(last.id)
    with pytest.raises(KnowledgeError, match="same as before"), open_draft(file) as draft:
        draft.edit(last.id, "  A line. ")


MMAD_LIKE = {
    "MVTec": {
        "bottle": {
            "good": " <Normal Characteristics>\n Description: Round.",
            "broken_large": " <Broken>\n Description: A notch.",
        }
    },
    "MVTec_LOCO": {"pushpins": {"missing": "None there."}},
    "VisA": {"candle": {"wax": "Dents."}},
    "GoodsAD": {"drink can": {"dent": "Dented."}},
}


def test_mmad_names_are_mapped() -> None:
    file = read_import("mmad.json", json.dumps(MMAD_LIKE).encode())

    assert [entry.product_key for entry in file.entries] == [
        "MVTec-AD/bottle",
        "MVTec-AD/bottle",
        "MVTec-LOCO/pushpins",
        "VisA/candle",
        "GoodsAD/drink_can",
    ]
    assert file.entries[1].text == "<Broken> Description: A notch."
    assert file.renamed == {"MVTec": "MVTec-AD", "MVTec_LOCO": "MVTec-LOCO"}
    assert file.refused == ()


def test_entries_that_cannot_be_taken_are_named_and_the_rest_is_taken() -> None:
    content = {
        "MVTec": {"bottle": {"dent": "First."}},
        "DS-MVTec": {"bottle": {"dent": "Second."}},
        "Bad name!": {"part": {"dent": "Dented."}},
    }

    file = read_import("mixed.json", json.dumps(content).encode())

    assert [entry.text for entry in file.entries] == ["First."]
    assert len(file.refused) == 2
    assert "occurs twice" in file.refused[0]
    assert "'Bad_name!/part'" in file.refused[1]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b'{"A": {"b": {"c" 1}}}', "line 1, column 18"),
        (b'{"A": {}}', "holds no entry that can be imported"),
        (b'{"A": {"b": "text"}}', "must hold an object at A/b"),
        (b'{"A": {"b": {"c": "1", "c": "2"}}}', "'c' occurs twice"),
        (b'{"A": {"b\\u0000": {"c": "1"}}}', "must be 1 to 100 characters on one line"),
        (b"[" * 200_000, "cannot be used"),
    ],
)
def test_what_is_wrong_with_an_import_is_said(data: bytes, sentence: str) -> None:
    with pytest.raises(KnowledgeError, match=sentence):
        read_import("file.json", data)


@pytest.mark.parametrize(("replace", "text", "changed"), [(False, "A line.", 1), (True, "New.", 2)])
def test_merging_keeps_what_is_here_unless_told(
    file: Path, replace: bool, text: str, changed: int
) -> None:
    content = {"ELPV": {"mono": {"good": "Even.", "crack": "New.", "dent": "Round."}}}
    taken = read_import("other.json", json.dumps(content).encode())

    with open_draft(file) as draft:
        changes = draft.merge(taken.entries, replace=replace)
        draft.save()

    assert len(changes) == changed
    assert entry(file, "crack").text == text
    assert entry(file, "dent").text == "Round."
