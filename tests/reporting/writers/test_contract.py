"""What every writer promises, whatever runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.domain import Language, Report
from core.infrastructure.settings import Settings
from core.reporting.catalogue import find_model
from core.reporting.composer import compose
from core.reporting.writers.contract import Question, Writer
from core.reporting.writers.local import LOCAL_MODELS
from core.reporting.writers.registry import open_writer
from tests.reporting.writers.endpoints import KINDS, Endpoint, question
from tests.reporting.writers.local_examples import entry, listed, objects, text
from tests.reporting.writers.local_examples import question as local_question
from tests.reporting.writers.tiny_checkpoints import FAMILIES
from tests.reporting.writers.wire.server import LoopbackServer, Reply

REPORT = compose(question().evidence).model_dump_json(exclude={"schema_version", "language"})
REPOSITORY = Path(__file__).parents[3]


# A report so short that a model of two random layers ends it.
SHORTEST = objects(
    summary=text(40, 20),
    findings=listed(
        objects(defect_ids=listed({"enum": ["D1"]}, 1, 1), observation=text(30, 10)), 1, 1
    ),
)


@dataclass(frozen=True)
class Asked:
    """A writer and the question that it is asked."""

    writer: Writer
    question: Question


def offline() -> Generator[Asked]:
    yield Asked(open_writer(find_model("offline"), Settings(_env_file=None)), question())


def on_loopback(name: str) -> Callable[[], Generator[Asked]]:
    def opened() -> Generator[Asked]:
        server = LoopbackServer(KINDS[name].wire())
        server.replies = [Reply(REPORT)]
        yield Asked(Endpoint(name, server).writer(), question())
        server.close()

    return opened


def llama() -> Generator[Asked]:
    """The real small model."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, model_cache=Path(folder))
        writer = open_writer(find_model("gemma3-270m-int4"), settings)
        yield Asked(writer, local_question(schema=SHORTEST))
        LOCAL_MODELS.release()


def safetensors(family: str) -> Callable[[], Generator[Asked]]:
    """A tiny checkpoint of a family."""

    def opened() -> Generator[Asked]:
        with tempfile.TemporaryDirectory() as folder:
            FAMILIES[family](Path(folder) / family)
            settings = Settings(_env_file=None, llm_weights_dir=Path(folder))
            asked = local_question(schema=SHORTEST, pictures=1)
            yield Asked(open_writer(entry(family), settings), asked)
            LOCAL_MODELS.release()

    return opened


# A new writer joins the suite with one line: a generator that opens it and cleans up.
WRITERS: dict[str, Callable[[], Generator[Asked]]] = {
    "offline": offline,
    **{name: on_loopback(name) for name in KINDS},
    "gguf": llama,
    **{f"safetensors {family}": safetensors(family) for family in FAMILIES},
}


@pytest.fixture(params=WRITERS, scope="module")
def asked(request: pytest.FixtureRequest) -> Generator[Asked]:
    """Every writer in turn."""
    yield from WRITERS[request.param]()


def test_answer_is_a_report_of_the_schema(asked: Asked) -> None:
    answer = asked.writer.answer(asked.question)

    assert type(answer.text) is str
    assert answer.finish == "stop"
    assert answer.attempts == 1
    assert answer.input_tokens is not None
    assert answer.output_tokens is not None
    # xgrammar lets control characters into strings; real models hardly write them.
    assert Report(**json.loads(answer.text, strict=False)).findings


def test_pieces_join_to_the_text(asked: Asked) -> None:
    pieces: list[str] = []
    answer = asked.writer.answer(asked.question, pieces.append)

    assert all(type(piece) is str and piece for piece in pieces)
    assert "".join(pieces) == answer.text


def test_two_may_ask_at_once(asked: Asked) -> None:
    heard: list[list[str]] = [[], [], [], []]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda pieces: asked.writer.answer(asked.question, pieces.append), heard)
        )

    assert {answer.text for answer in answers} == {"".join(pieces) for pieces in heard}
    assert len({answer.text for answer in answers}) == 1


def test_what_the_reader_raises_reaches_its_caller(asked: Asked) -> None:
    class Left(Exception):
        """The reader has gone."""

    def leave(_piece: str) -> None:
        raise Left

    with pytest.raises(Left):
        asked.writer.answer(asked.question, leave)


def test_offline_answer_is_the_composers_report() -> None:
    asked = question(Language.KOREAN)
    answer = open_writer(find_model("offline"), Settings(_env_file=None)).answer(asked)

    fields = json.loads(answer.text)
    assert not {"schema_version", "language"} & fields.keys()
    assert Report(**fields, language=Language.KOREAN) == compose(asked.evidence, Language.KOREAN)
    assert (answer.input_tokens, answer.output_tokens) == (0, 0)


def test_libraries_wait_until_a_writer_is_opened() -> None:
    program = (
        "import sys, core.reporting.writers.registry, core.reporting.writers.api\n"
        "heavy = {'langchain_core', 'openai', 'anthropic', 'google.genai', 'httpx2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stdout == "[]\n", done.stderr
