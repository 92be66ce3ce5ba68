"""MMAD's questions about real pictures, put to a server on loopback that answers as it is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from core.__main__ import main
from core.domain import JobState
from core.errors import EvaluationError, WriterError
from core.evaluation.benchmark_runs import mmad_runs
from core.evaluation.mmad.answered import Answered, Asked
from core.evaluation.mmad.asking import letter_of
from core.evaluation.mmad.figures import MmadFigures, figures_of, mmad_average, mmad_tables
from core.evaluation.mmad.questions import MmadQuestion, drawn, read_questions
from core.evaluation.mmad.run import run_mmad
from core.reporting.catalogue import find_model
from core.settings import Settings
from core.workbench import Workbench
from tests.jobs.waiting import ended
from tests.reporting.writers.stations import KINDS, Station
from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, LoopbackServer, Reply

PICTURES = ("good/000", "good/001", "broken_large/000", "contamination/000")
WRITER = "openai-compatible"


@pytest.fixture
def mmad(real_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """A folder as MMAD's: pictures of bottles, and two questions about each."""
    test, root = real_data("bottle") / "test", tmp_path / "MMAD"
    entries = {}
    for number, name in enumerate(PICTURES):
        kind = name.split("/")[0]
        image = f"DS-MVTec/bottle/image/{name}.jpg"
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sorted((test / kind).iterdir())[number], root / image)
        entries[image] = {
            "random_templates": ["DS-MVTec/bottle/image/good/000.jpg"],
            "conversation": [
                {
                    "Question": "Is there any defect in the object?",
                    "Options": {"A": "Yes.", "B": "No."},
                    "Answer": "B" if kind == "good" else "A",
                    "type": "Anomaly Detection",
                },
                {
                    "Question": "What is seen?",
                    "Options": {"A": "A screw", "B": "A cable", "C": "A bottle", "D": "A pill"},
                    "Answer": "C",
                    "type": "Object Classification",
                },
            ],
        }
    (root / "mmad.json").write_text(json.dumps(entries), "utf-8")
    return root


@pytest.fixture
def server() -> Generator[LoopbackServer]:
    server = LoopbackServer(KINDS[WRITER].wire())
    yield server
    server.close()


def asks(server: LoopbackServer, tmp_path: Path) -> Settings:
    return Station(WRITER, server).settings(data_dir=tmp_path / "data")


def says(*letters: str) -> list[Reply]:
    return [Reply(json.dumps({"answer": letter})) for letter in letters]


def run(mmad: Path, settings: Settings, **choices: object) -> MmadFigures:
    return run_mmad(
        mmad / "mmad.json",
        choices.pop("root", mmad),  # ty: ignore[invalid-argument-type]
        str(choices.pop("writer", WRITER)),
        settings,
        mmad.parent / "answers.jsonl",
        on_progress=lambda step, share: None,
        **choices,  # ty: ignore[invalid-argument-type]
    )


def test_right_answers_are_counted_by_subtask_and_data_set(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    # Everything is called defective; of the objects one is taken for a pill, one is not named.
    server.replies = [*says("A", "C", "A", "D", "A", "C"), *says("A"), Reply("A bottle or a pill")]

    figures = run(mmad, asks(server, tmp_path))

    assert (figures.right.count, figures.right.out_of) == (4, 8)
    assert {part.name: (part.right.count, part.chance) for part in figures.subtasks} == {
        "Anomaly Detection": (2, 0.5),
        "Object Classification": (2, 0.25),
    }
    assert [part.name for part in figures.datasets] == ["MVTec-AD"]
    assert figures.average == 0.5
    assert figures.chance == figures.average_by_chance == 0.375
    assert figures.normals_passed is not None
    assert figures.defects_found is not None
    assert (figures.normals_passed.count, figures.defects_found.count) == (0, 2)
    assert (figures.unreadable, figures.failed) == (1, 0)
    assert figures.tokens == 8 * (INPUT_TOKENS + OUTPUT_TOKENS)
    assert figures.cost_usd is None
    assert "| Anomaly Detection | 2/4 = 50.0% [6.8, 93.2] | 50.0% |" in mmad_tables(figures)


def test_a_question_goes_with_its_picture_a_normal_part_and_its_letters(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    server.replies = says("A")

    run(mmad, asks(server, tmp_path), limit=1)

    (seen,) = server.requests
    assert len(seen.pictures) == 2
    assert seen.schema is not None
    assert seen.schema["properties"]["answer"]["enum"] == ["A", "B"]
    assert "Is there any defect in the object?\nA. Yes.\nB. No." in "\n".join(seen.texts)


def test_a_run_that_stopped_goes_on_with_what_is_left(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    settings = asks(server, tmp_path)
    server.replies = [*says("A", "C", "A"), Reply(status=400)]

    with pytest.raises(WriterError, match=r"failed 5 times .* 3 answers are kept"):
        run(mmad, settings)
    before = len(server.requests)
    with (mmad.parent / "answers.jsonl").open("a") as file:
        file.write('{"question": "torn')
    server.replies = says("C")
    run(mmad, settings)
    figures = run(mmad, settings)

    assert len(server.requests) == before + 5, "the third time nothing is left to ask"
    assert figures.failed == 0
    assert figures.right.count == 1 + 3
    with pytest.raises(EvaluationError, match="answers of another run"):
        run(mmad, settings, templates=0)


def test_what_cannot_answer_is_refused(mmad: Path, server: LoopbackServer, tmp_path: Path) -> None:
    settings = asks(server, tmp_path)

    with pytest.raises(EvaluationError, match="answers no questions"):
        run(mmad, settings, writer="offline")
    with pytest.raises(EvaluationError, match="takes no pictures"):
        run(mmad, settings, writer="openai-compatible-text")
    assert server.requests == []


def test_a_blind_writer_sees_nothing_and_the_table_says_so(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    server.replies = says("B")
    shutil.rmtree(mmad / "DS-MVTec")

    figures = run(mmad, asks(server, tmp_path), writer="openai-compatible-text", root=None)

    assert all(seen.pictures == [] for seen in server.requests)
    assert figures.normals_passed is not None
    assert figures.normals_passed.share == 1
    assert "it saw no pictures" in mmad_tables(figures)


def test_a_writer_that_sees_can_be_asked_blind(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    server.replies = says("A")

    figures = run(mmad, asks(server, tmp_path), root=None)

    assert not figures.saw_pictures
    assert all(seen.pictures == [] for seen in server.requests)


def test_one_answer_to_everything_gets_a_half() -> None:
    def asked(number: int, folder: str) -> MmadQuestion:
        return MmadQuestion(
            id=f"{number}",
            image=f"VisA/candle/{folder}/{number}.jpg",
            subtask="Anomaly Detection",
            text="?",
            options={"A": "Yes.", "B": "No."},
            answer="B" if folder == "good" else "A",
            templates=(),
        )

    questions = [asked(0, "good"), *(asked(number, "bad") for number in range(1, 10))]

    assert mmad_average(questions, [False, *[True] * 9]) == 0.5


def test_chance_of_the_average_weighs_as_the_average_does(mmad: Path) -> None:
    detection, kind, *_ = read_questions(mmad / "mmad.json")

    shares = [1 / len(each.options) for each in (detection, kind, kind, kind)]

    assert mmad_average([detection, kind, kind, kind], shares) == pytest.approx((0.5 + 0.25) / 2)


def test_what_failed_is_asked_once_more_at_the_end(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    server.replies = [Reply(status=400), Reply(status=400), *says("C")]

    figures = run(mmad, asks(server, tmp_path))

    assert len(server.requests) == 8 + 2
    assert figures.failed == 0


def test_what_fails_again_and_again_does_not_stop_the_rest(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    settings = asks(server, tmp_path)
    good = "DS-MVTec/bottle/image/good"
    for name in ("000", "001"):
        (mmad / good / f"{name}.jpg").write_bytes(b"torn")
    server.replies = says("C")

    first, second = run(mmad, settings, templates=0), run(mmad, settings, templates=0)

    assert (second.failed, second.right) == (first.failed, first.right)
    assert (first.failed, first.right.count, first.right.out_of) == (4, 2, 8)
    assert first.cost_usd is None


def test_a_priced_run_knows_its_cost_though_a_question_failed(mmad: Path) -> None:
    questions = read_questions(mmad / "mmad.json")
    given = {
        each.id: Answered(
            question=each.id, letter="A", input_tokens=9, output_tokens=2, cost_usd=0.5
        )
        for each in questions[1:]
    }
    given[questions[0].id] = Answered(question=questions[0].id, error="refused")
    asked = Asked(writer=WRITER, model="m", prompt="1", images="", questions_sha256="0" * 64)

    figures = figures_of(questions, given, asked, find_model(WRITER))

    assert (figures.cost_usd, figures.tokens) == (3.5, 77)


@pytest.mark.parametrize("content", [b'{"a": 1}', b"notes\nof a person", b"\x89PNG\r\n\x1a\n\xff"])
def test_another_file_than_answers_stays_as_it_is(
    content: bytes, mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    answers = mmad.parent / "answers.jsonl"
    answers.write_bytes(content)

    with pytest.raises(EvaluationError, match=r"answers.jsonl cannot be used"):
        run(mmad, asks(server, tmp_path))

    assert answers.read_bytes() == content


def test_an_answer_of_any_characters_is_read_again(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    settings = asks(server, tmp_path)
    server.replies = [Reply("one\u2028two\x85three"), *says("A")]

    first = run(mmad, settings)
    before = len(server.requests)

    assert run(mmad, settings) == first
    assert len(server.requests) == before
    assert first.unreadable == 1


def test_linked_data_sets_are_taken(mmad: Path, server: LoopbackServer, tmp_path: Path) -> None:
    elsewhere = (mmad / "DS-MVTec").rename(tmp_path / "elsewhere")
    (mmad / "DS-MVTec").symlink_to(elsewhere)
    server.replies = says("C")

    assert run(mmad, asks(server, tmp_path)).failed == 0


def test_more_pictures_than_a_writer_takes_are_refused(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    with pytest.raises(EvaluationError, match="takes 4 pictures at most: ask with 3"):
        run(mmad, asks(server, tmp_path), templates=4)


def test_missing_pictures_are_named_before_anything_is_asked(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    (mmad / "DS-MVTec/bottle/image/broken_large/000.jpg").unlink()

    with pytest.raises(EvaluationError, match=r"1 of 4 pictures .*broken_large/000.jpg"):
        run(mmad, asks(server, tmp_path))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "holds no questions"),
        ("{", "is not JSON"),
        ('{"a/good/1.png": {}}', "has no list 'conversation'"),
        ('{"a/good/1.png": {"conversation": []}}', "asks nothing"),
        ('{"": {"conversation": [{}]}}', r"\(image: "),
        ('{"![a](b)/1.png": {"conversation": [{}]}}', r"\(image: "),
        (
            '{"a/good/1.png": {"conversation": [{"Question": "?"}]}}',
            "Question 1 about a/good/1.png",
        ),
        (
            '{"a/good/1.png": {"conversation": [{"Question": "?", "Options": {"A": "x", "B": "y"}, '
            '"Answer": "C", "type": "t"}]}}',
            "the answer 'C' is none of A, B",
        ),
    ],
)
def test_broken_questions_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mmad.json"
    file.write_text(text)

    with pytest.raises(EvaluationError, match=sentence):
        read_questions(file)


def test_a_draw_is_even_and_the_same_for_a_seed(mmad: Path) -> None:
    questions = read_questions(mmad / "mmad.json")

    four = drawn(questions, 4, seed=1)

    assert (
        sorted(each.subtask for each in four)
        == ["Anomaly Detection"] * 2 + ["Object Classification"] * 2
    )
    assert drawn(questions, 6, seed=1)[:4] == four
    assert drawn(questions, 4, seed=2) != four
    assert drawn(questions, None, seed=1) == questions


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ('{"answer": "B"}', "B"),
        ('```json\n{"answer": "b"}\n```', "B"),
        ("B", "B"),
        ("(B).", "B"),
        ("Answer: B.", "B"),
        ("B. No.", "B"),
        ('{"answer": "(B)"}', "B"),
        ('```JSON\n{"answer": "C) a screw"}\n```', "C"),
        ('"D"', "D"),
        ("B. Yes.", None),
        ("A. Yes, or B. No.", None),
        ("A or B", None),
        ("It is broken", None),
        ('{"answer": "E"}', None),
        ('{"answer": ["A", "B"]}', None),
        ("", None),
    ],
)
def test_only_one_letter_alone_is_an_answer(text: str, letter: str | None) -> None:
    assert letter_of(text, {"A": "Yes.", "B": "No.", "C": "A screw", "D": "A pill"}) == letter


def test_the_command_prints_the_tables(
    mmad: Path,
    server: LoopbackServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.replies = says("C")
    monkeypatch.setenv("OPENAI_COMPATIBLE_URL", KINDS[WRITER].url(server))
    monkeypatch.setenv("OPENAI_COMPATIBLE_MODEL", "our-model")
    command = ["mmad", "--questions", str(mmad / "mmad.json"), "--images", str(mmad)]
    command += ["--writer", WRITER, "--answers", str(tmp_path / "a.jsonl")]

    assert main(command) == 0
    assert (
        "| Object Classification | 4/4 = 100.0% [39.8, 100.0] | 25.0% |" in capsys.readouterr().out
    )
    assert main([*command, "--limit", "0"]) == 1
    assert "--limit must be 1 or more" in capsys.readouterr().err


def test_a_job_asks_in_the_background(mmad: Path, server: LoopbackServer, tmp_path: Path) -> None:
    server.replies = says("C")
    arguments = {"questions": str(mmad / "mmad.json"), "images": str(mmad), "writer": WRITER}

    with Workbench(asks(server, tmp_path)) as bench:
        job = ended(bench, bench.jobs.submit("mmad", "MMAD", arguments, "Ana").id)
        (found,) = mmad_runs(bench)

    assert job.state is JobState.DONE
    assert found.figures is not None
    assert found.figures.right.count == 4
