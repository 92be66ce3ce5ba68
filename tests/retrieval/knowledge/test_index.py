"""The index in Chroma: what it follows, what answers, and what it survives."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest

from core.domain import Product
from core.domain.errors import KnowledgeError
from core.infrastructure.settings import Settings
from core.retrieval.knowledge import index
from core.retrieval.knowledge.encoders import SentenceEncoder
from core.retrieval.knowledge.index import COLLECTION
from core.retrieval.knowledge.search import KnowledgeBase

MONO = Product(dataset="ELPV", category="mono")
GEAR = Product(dataset="Other", category="gear")
KNOWLEDGE = {
    "ELPV": {
        "mono": {
            "good": "Appearance: an even bright cell.",
            "crack": "Appearance: a thin dark line across the cell.",
            "dark_spot": "Appearance: a round dark blot.",
        }
    },
    "Plant": {
        "bottle": {"broken": "Appearance: a notch in the glass rim."},
        "mono": {"dent": "Appearance: a shallow dent."},
    },
}


@pytest.fixture(scope="session")
def encoder(model_cache: Path) -> SentenceEncoder:
    return SentenceEncoder.load(model_cache)


@pytest.fixture
def settings(empty_settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "knowledge.json"
    path.write_text(json.dumps(KNOWLEDGE))
    return empty_settings.model_copy(update={"knowledge_file": path})


@pytest.fixture
def base(settings: Settings, encoder: SentenceEncoder) -> KnowledgeBase:
    return KnowledgeBase.open(settings, lambda: encoder)


def kinds(base: KnowledgeBase, query: str = "dark", product: Product = MONO) -> set[str]:
    return {snippet.defect_type for snippet in base.search(query, product, k=9)}


def test_the_known_defect_type_is_asked_first(base: KnowledgeBase) -> None:
    known = base.search("round blot", MONO, defect_type="crack")
    unknown = base.search("round blot", MONO, defect_type="rust")

    assert [(s.defect_type, s.matched_by) for s in known] == [("crack", "defect type")]
    assert {s.matched_by for s in unknown} == {"product", "category"}
    assert unknown[0].defect_type == "dark_spot"


def test_documents_take_part_where_they_belong(base: KnowledgeBase) -> None:
    base.documents.add("all.md", b"# Light\n\nCheck the lamp first.", None, "Ana")
    base.documents.add("cells.txt", b"Busbars are printed twice.", MONO, "Ana")

    of_product = base.search("lamp", MONO, k=9)
    of_type = base.search("lamp", MONO, k=9, defect_type="crack")
    of_category = base.search("lamp", Product(dataset="New", category="mono"), k=9)
    of_any = base.search("lamp", GEAR, k=9)

    assert of_product[0].source == "all.md"
    assert (of_product[0].heading, of_product[0].scope) == ("Light", "all products")
    assert {s.source for s in of_product} == {"all.md", "cells.txt", "knowledge.json"}
    assert {s.source for s in of_type} == {"all.md", "knowledge.json"}
    assert {s.matched_by for s in of_category} == {"category"}
    assert {s.title for s in of_category} == {"Light", "crack", "dark spot", "dent", "cells.txt"}
    assert {s.matched_by for s in of_any} == {"any"}


def test_a_retired_document_is_not_found_any_more(base: KnowledgeBase) -> None:
    document = base.documents.add("all.md", b"Check the lamp first.", None, "Ana")
    assert "all.md" in {s.source for s in base.search("lamp", MONO)}

    base.documents.retire(document.sha256)

    assert {s.source for s in base.search("lamp", MONO)} == {"knowledge.json"}


def test_an_edit_with_the_same_time_and_size_is_seen(
    base: KnowledgeBase, settings: Settings
) -> None:
    file = settings.knowledge_file
    before = file.stat()
    assert kinds(base) == {"crack", "dark_spot", "dent"}

    file.write_text(file.read_text().replace('"crack"', '"cleft"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert kinds(base) == {"cleft", "dark_spot", "dent"}


def test_a_broken_edit_is_said_and_mended(base: KnowledgeBase, settings: Settings) -> None:
    whole = settings.knowledge_file.read_text()
    settings.knowledge_file.write_text(whole[:-20])
    with pytest.raises(KnowledgeError, match="line 1, column"):
        base.search("dark", MONO)

    settings.knowledge_file.write_text(whole)

    assert kinds(base) == {"crack", "dark_spot", "dent"}


def test_exactly_what_changed_is_encoded(settings: Settings, encoder: SentenceEncoder) -> None:
    encoded: list[str] = []

    class Counting(SentenceEncoder):
        def encode(self, texts):  # noqa: ANN001, ANN202 - the parent's
            encoded.extend(texts)
            return encoder.encode(texts)

    counting = Counting(encoder._program, encoder._tokenizer, encoder.name, encoder.identity)
    KnowledgeBase.open(settings, lambda: counting)
    assert len(encoded) == 4, "all that is searched, which normal characteristics are not"
    encoded.clear()

    edited = json.loads(settings.knowledge_file.read_text())
    edited["Plant"]["mono"]["dent"] = "Appearance: a deep dent."
    settings.knowledge_file.write_text(json.dumps(edited))
    KnowledgeBase.open(settings, lambda: counting)

    assert encoded == ["mono, dent. Appearance: a deep dent."]


def test_a_cut_off_change_is_completed(settings: Settings, encoder: SentenceEncoder) -> None:
    class Failing(SentenceEncoder):
        def encode(self, texts):  # noqa: ANN001, ANN202 - the parent's
            raise MemoryError

    base = KnowledgeBase.open(settings, lambda: encoder)
    edited = json.loads(settings.knowledge_file.read_text())
    edited["ELPV"]["mono"]["crack"] = "Appearance: a branching fracture."
    settings.knowledge_file.write_text(json.dumps(edited))
    failing = Failing(encoder._program, encoder._tokenizer, encoder.name, encoder.identity)
    with pytest.raises(MemoryError):
        KnowledgeBase.open(settings, lambda: failing)

    again = KnowledgeBase.open(settings, lambda: encoder)

    assert kinds(again) == {"crack", "dark_spot", "dent"}
    assert kinds(base) == {"crack", "dark_spot", "dent"}


def test_similarities_of_given_entries(base: KnowledgeBase) -> None:
    found = {snippet.id: snippet.similarity for snippet in base.search("a dark line", MONO)}

    assert base.similarities("a dark line", [*found, "K-unknown"]) == pytest.approx(found)
    assert base.similarities("a dark line", []) == {}


def test_graph_and_comparison_agree(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = [base.search("a notch", product, k=2) for product in (MONO, GEAR)]

    monkeypatch.setattr(index, "MAX_COMPARED_EXACTLY", 0)
    from_graph = [base.search("a notch", product, k=2) for product in (MONO, GEAR)]

    for one, other in zip(compared, from_graph, strict=True):
        assert [snippet.id for snippet in one] == [snippet.id for snippet in other]
        assert [snippet.similarity for snippet in one] == pytest.approx(
            [snippet.similarity for snippet in other], abs=1e-4
        )


def test_entries_of_a_product_step_by_step(base: KnowledgeBase) -> None:
    def of(product: Product) -> set[str]:
        return {entry.defect_type for entry in base.entries(product)}

    assert of(MONO) == {"crack", "dark_spot", "dent"}
    assert of(Product(dataset="New", category="mono")) == {"crack", "dark_spot", "dent"}
    assert of(GEAR) == {"crack", "dark_spot", "dent", "broken"}
    assert len(base.entries()) == 5


def test_another_encoders_index_is_refused(
    base: KnowledgeBase, settings: Settings, encoder: SentenceEncoder
) -> None:
    import chromadb

    folder = settings.chroma_dir / "1"
    client = chromadb.PersistentClient(
        str(folder), chromadb.Settings(anonymized_telemetry=False, is_persistent=True)
    )
    collection = client.get_collection(f"{COLLECTION}-{encoder.identity}")
    collection.modify(metadata={"encoder": "someone-elses", "manifest": ""})

    with pytest.raises(KnowledgeError, match="built with the encoder someone-elses"):
        KnowledgeBase.open(settings, lambda: encoder)


PROGRAM = """
import sys
from pathlib import Path
from core.domain import Product
from core.retrieval.knowledge.encoders import SentenceEncoder
from core.retrieval.knowledge.search import KnowledgeBase
from core.infrastructure.settings import Settings
data, file, models = map(Path, sys.argv[1:])
settings = Settings(data_dir=data, knowledge_file=file, model_cache=models)
base = KnowledgeBase.open(settings, lambda: SentenceEncoder.load(models))
found = base.search("a round dark blot", Product(dataset="ELPV", category="mono"))
print(found[0].defect_type, sorted(path.name for path in settings.chroma_dir.iterdir()))
"""


def in_a_new_process(settings: Settings) -> subprocess.CompletedProcess[str]:
    """Search there: Chroma keeps what it opened for as long as a process lives."""
    paths = [settings.data_dir, settings.knowledge_file, settings.model_cache_dir]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, paths)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
    )


def garble_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def cut_database(folder: Path) -> None:
    path = folder / "chroma.sqlite3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replace_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"x")


@pytest.mark.parametrize(
    "damage",
    [
        garble_database,
        pytest.param(cut_database, marks=pytest.mark.slow),
        pytest.param(replace_by_a_file, marks=pytest.mark.slow),
    ],
)
def test_a_damaged_index_is_made_again(settings: Settings, damage) -> None:  # noqa: ANN001
    first = in_a_new_process(settings)
    assert first.stdout == "dark_spot ['1']\n", first.stderr

    damage(settings.chroma_dir / "1")

    mended = in_a_new_process(settings)
    assert mended.stdout.startswith("dark_spot"), mended.stderr
    assert "'2'" in mended.stdout
    assert "The knowledge index is damaged" in mended.stderr
    assert "damaged" not in in_a_new_process(settings).stderr


@pytest.fixture
def chroma_server(tmp_path: Path) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Chroma server on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "from chromadb.cli.cli import app; app()"
    command = [sys.executable, "-c", program, "run", "--path", str(tmp_path / "server")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {"ANONYMIZED_TELEMETRY": "False"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    try:
        while True:
            try:
                with urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=5):
                    break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield url, process
    finally:
        process.kill()
        process.wait(20)


def test_a_chroma_server_holds_the_index(
    settings: Settings, encoder: SentenceEncoder, chroma_server: tuple, tmp_path: Path
) -> None:
    url, process = chroma_server
    there = settings.model_copy(update={"chroma_url": url})
    base = KnowledgeBase.open(there, lambda: encoder)
    assert base.search("a round dark blot", MONO)[0].defect_type == "dark_spot"
    edited = json.loads(settings.knowledge_file.read_text())
    edited["ELPV"]["mono"]["crack"] = "Appearance: a branching fracture."
    settings.knowledge_file.write_text(json.dumps(edited))
    assert kinds(base) == {"crack", "dark_spot", "dent"}
    assert not (settings.chroma_dir / "1").exists()

    # Another station on the same server knows other things, and takes none of these away.
    other_file = tmp_path / "other.json"
    other_file.write_text(json.dumps({"Plant": {"gear": {"chip": "A chip."}}}))
    other = there.model_copy(update={"data_dir": tmp_path / "other", "knowledge_file": other_file})
    assert kinds(KnowledgeBase.open(other, lambda: encoder), product=GEAR) == {"chip"}
    again = KnowledgeBase.open(there, lambda: encoder)
    assert kinds(again) == {"crack", "dark_spot", "dent"}

    process.kill()
    process.wait(20)
    with pytest.raises(KnowledgeError, match=r"CHROMA_URL\) does not answer"):
        KnowledgeBase.open(there, lambda: encoder)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1", "does not answer properly"),
        ("localhost:8000", "must be the address of a Chroma server"),
        ("http://", "must be the address of a Chroma server"),
    ],
)
def test_a_server_that_cannot_be_had_is_said(
    settings: Settings, encoder: SentenceEncoder, url: str, sentence: str
) -> None:
    there = settings.model_copy(update={"chroma_url": url})

    with pytest.raises(KnowledgeError, match=sentence):
        KnowledgeBase.open(there, lambda: encoder)
