"""`python -m core knowledge`: what it prints, changes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.infrastructure.settings import Settings
from core.interfaces.cli import knowledge
from core.interfaces.cli.main import main
from core.records.store.database import Database

KNOWLEDGE = {"ELPV": {"mono": {"crack": "A thin dark line.", "dark_spot": "A round blot."}}}


@pytest.fixture
def there(station_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "knowledge.json"
    file.write_text(json.dumps(KNOWLEDGE))
    chosen = station_settings.model_copy(update={"knowledge_file": file})
    monkeypatch.setattr(knowledge, "settings", lambda: chosen)
    return chosen


def test_import_list_and_search(
    there: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.records.events import list_events

    other = tmp_path / "mmad.json"
    other.write_text(json.dumps({"MVTec": {"bottle": {"dent": "Shallow.", "good": "Round."}}}))

    assert main(["knowledge", "import", str(other), "--by", "Ana", "--reason", "try"]) == 0
    assert "2 entries added" in capsys.readouterr().out
    assert main(["knowledge", "list", "--product", "MVTec-AD/bottle"]) == 0
    assert "MVTec-AD/bottle  dent  Shallow." in capsys.readouterr().out
    assert main(["knowledge", "search", "round blot", "--product", "ELPV/mono", "-k", "1"]) == 0
    assert "dark spot  (knowledge.json, found by product)" in capsys.readouterr().out
    with Database.open(there) as records:
        (event,) = list_events(records, "MVTec-AD/bottle/dent")
    assert (event.actor, event.detail["reason"]) == ("Ana", "try")


def test_a_document_is_added(
    there: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text("# Lamp\n\nCheck the lamp first.")

    assert main(["knowledge", "add-document", str(guide), "--by", "Ana"]) == 0
    assert "about all products: 1 passages." in capsys.readouterr().out
    assert main(["knowledge", "search", "lamp", "-k", "1"]) == 0
    assert "all products  Lamp  (guide.md, found by any)" in capsys.readouterr().out


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read"), (b"", "is empty"), (b'{"A" 1}', "line 1, column 6")],
)
def test_what_cannot_be_imported_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "import.json"
    if content is not None:
        file.write_bytes(content)

    assert main(["knowledge", "import", str(file)]) == 1
    assert sentence in capsys.readouterr().err
