"""What every writer promises, whatever runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.domain import Language, Report
from core.reporting.catalogue import find_model
from core.reporting.composer import compose
from core.reporting.writers.contract import Writer
from core.reporting.writers.opening import open_writer
from core.settings import Settings
from tests.reporting.writers.stations import KINDS, Station, question
from tests.reporting.writers.wire.server import LoopbackServer, Reply

REPORT = compose(question().evidence).model_dump_json(exclude={"schema_version", "language"})
REPOSITORY = Path(__file__).parents[3]


def offline() -> Generator[Writer]:
    yield open_writer(find_model("offline"), Settings(_env_file=None))


def on_loopback(name: str) -> Callable[[], Generator[Writer]]:
    def opened() -> Generator[Writer]:
        server = LoopbackServer(KINDS[name].wire())
        server.replies = [Reply(REPORT)]
        yield Station(name, server).writer()
        server.close()

    return opened


# A new writer joins the suite with one line: a generator that opens it and cleans up.
WRITERS: dict[str, Callable[[], Generator[Writer]]] = {
    "offline": offline,
    **{name: on_loopback(name) for name in KINDS},
}


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> Generator[Writer]:
    """Every writer in turn."""
    yield from WRITERS[request.param]()


def test_answer_is_a_report_of_the_schema(writer: Writer) -> None:
    answer = writer.answer(question())

    assert type(answer.text) is str
    assert answer.finish == "stop"
    assert answer.attempts == 1
    assert answer.input_tokens is not None
    assert answer.output_tokens is not None
    assert Report(**json.loads(answer.text)).findings


def test_pieces_join_to_the_text(writer: Writer) -> None:
    pieces: list[str] = []
    answer = writer.answer(question(), pieces.append)

    assert all(type(piece) is str and piece for piece in pieces)
    assert "".join(pieces) == answer.text


def test_two_may_ask_at_once(writer: Writer) -> None:
    heard: list[list[str]] = [[], [], [], []]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pieces: writer.answer(question(), pieces.append), heard))

    assert {answer.text for answer in answers} == {"".join(pieces) for pieces in heard}
    assert len({answer.text for answer in answers}) == 1


def test_what_the_reader_raises_reaches_its_caller(writer: Writer) -> None:
    class Left(Exception):
        """The reader has gone."""

    def leave(_piece: str) -> None:
        raise Left

    with pytest.raises(Left):
        writer.answer(question(), leave)


def test_offline_answer_is_the_composers_report() -> None:
    asked = question(Language.KOREAN)
    answer = open_writer(find_model("offline"), Settings(_env_file=None)).answer(asked)

    fields = json.loads(answer.text)
    assert not {"schema_version", "language"} & fields.keys()
    assert Report(**fields, language=Language.KOREAN) == compose(asked.evidence, Language.KOREAN)
    assert (answer.input_tokens, answer.output_tokens) == (0, 0)


def test_libraries_wait_until_a_writer_is_opened() -> None:
    program = (
        "import sys, core.reporting.writers.opening, core.reporting.writers.api\n"
        "heavy = {'langchain_core', 'openai', 'anthropic', 'google.genai', 'httpx2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stdout == "[]\n", done.stderr
