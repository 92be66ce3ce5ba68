"""MMAD's questions put to a server on loopback: what is asked, kept, asked again and counted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.domain import JobState
from core.domain.errors import EvaluationError, WriterError
from core.evaluation.mmad.figures import mmad_tables
from core.interfaces.cli.main import main
from core.tasks.benchmark_runs import mmad_runs
from core.tasks.registry import task_of
from core.tasks.shared_station import open_station
from tests.evaluation.mmad.runs import WRITER, asks, run, says
from tests.reporting.writers.endpoints import KINDS
from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, LoopbackServer, Reply
from tests.services.jobs.waiting import ended


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

    assert {len(seen.pictures) for seen in server.requests} == {0}
    assert figures.normals_passed is not None
    assert figures.normals_passed.share == 1
    assert "it saw no pictures" in mmad_tables(figures)


def test_a_writer_that_sees_can_be_asked_blind(
    mmad: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    server.replies = says("A")

    figures = run(mmad, asks(server, tmp_path), root=None)

    assert not figures.saw_pictures
    assert {len(seen.pictures) for seen in server.requests} == {0}


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

    with open_station(asks(server, tmp_path)) as station:
        job = ended(station, station.jobs.submit(task_of("mmad", arguments), "MMAD", "Ana").id)
        (found,) = mmad_runs(station)

    assert job.state is JobState.DONE
    assert found.figures is not None
    assert found.figures.right.count == 4
