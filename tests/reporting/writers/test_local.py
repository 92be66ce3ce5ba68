from __future__ import annotations

import threading
import time
import weakref

import pytest
import torch

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.local import LoadedModel, LocalModels, LocalWriter
from core.reporting.writers.local_weights import missing_for
from core.reporting.writers.memory import free_gb, why_too_big
from core.reporting.writers.transformers_model import TransformersModel
from tests.reporting.writers.local_examples import SHORT_SCHEMA, entry, question
from tests.reporting.writers.tiny_checkpoints import FAMILIES

FIRST, SECOND = entry("llava-1.5"), entry("gemma3")
ASKED = question(schema=SHORT_SCHEMA)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("weights")
    for model in (FIRST, SECOND):
        FAMILIES[model.key](root / model.key)
    return Settings(data_dir=root / "data", llm_weights_dir=root, device="cpu")


@pytest.fixture
def models() -> LocalModels:
    return LocalModels()


def load(model: Model, settings: Settings) -> TransformersModel:
    assert settings.llm_weights_dir is not None
    return TransformersModel(model, settings, settings.llm_weights_dir / model.key)


class Asking:
    """An operator who asks on a thread, and whose answer is held until it is let go."""

    def __init__(self, models: LocalModels, model: Model, settings: Settings) -> None:
        self._let_go, self.is_answered, self.before = threading.Event(), threading.Event(), []
        self._writer = LocalWriter(
            model, settings, lambda: load(model, settings), self.before.append, models
        )
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        self._writer.answer(ASKED, self._hold)
        self.finished = time.monotonic()

    def _hold(self, piece: str) -> None:
        self.is_answered.set()
        assert self._let_go.wait(30)

    def let_go(self) -> None:
        self._let_go.set()
        self.thread.join(30)


def test_operators_wait_in_order_and_are_told_who_is_before(
    models: LocalModels, settings: Settings
) -> None:
    first = Asking(models, FIRST, settings)
    assert first.is_answered.wait(30)
    second = Asking(models, FIRST, settings)
    until(lambda: models.waiting() == 1)
    third = Asking(models, SECOND, settings)
    until(lambda: models.waiting() == 2)
    until(lambda: third.before)

    assert models.is_busy()
    assert not second.is_answered.is_set()
    for asking in (first, second, third):
        asking.let_go()

    assert first.before == []
    assert set(second.before) == {1}
    assert third.before[0] == 2
    assert first.finished < second.finished < third.finished
    assert models.waiting() == 0
    assert not models.is_busy()


def test_waiting_does_not_count_as_the_models_time(models: LocalModels, settings: Settings) -> None:
    hurried = settings.model_copy(update={"llm_local_timeout_s": 2.0})
    first = Asking(models, FIRST, settings)
    assert first.is_answered.wait(30)
    answers: list[str] = []
    writer = LocalWriter(FIRST, hurried, lambda: load(FIRST, hurried), None, models)
    second = threading.Thread(target=lambda: answers.append(writer.answer(ASKED).text))
    second.start()
    until(lambda: models.waiting() == 1)

    time.sleep(2.5)
    first.let_go()
    second.join(30)

    assert len(answers) == 1


def test_who_stops_waiting_leaves_the_queue(models: LocalModels, settings: Settings) -> None:
    class OperatorLeft(Exception):
        pass

    def leave(before: int) -> None:
        raise OperatorLeft(before)

    first = Asking(models, FIRST, settings)
    assert first.is_answered.wait(30)
    writer = LocalWriter(SECOND, settings, lambda: load(SECOND, settings), leave, models)

    with pytest.raises(OperatorLeft, match="1"):
        writer.answer(ASKED)

    assert models.waiting() == 0
    first.let_go()


def test_one_model_is_in_memory_at_a_time(models: LocalModels, settings: Settings) -> None:
    with models.turn(FIRST, settings, lambda: load(FIRST, settings)) as loaded:
        first = _network_of(loaded)
    with models.turn(FIRST, settings, lambda: load(FIRST, settings)) as loaded:
        assert _network_of(loaded)() is first()
    del loaded

    with models.turn(SECOND, settings, lambda: load(SECOND, settings)) as loaded:
        assert first() is None
        second = _network_of(loaded)
    del loaded
    assert second() is not None
    models.release()
    assert second() is None


def test_a_model_that_is_too_big_is_refused_before_it_is_loaded(
    models: LocalModels, settings: Settings
) -> None:
    giant = entry("llava-1.5", memory_gb=1_000_000)

    def never() -> LoadedModel:
        raise AssertionError("a model was loaded that does not fit")

    with (
        pytest.raises(WriterError, match=r"needs about 1e\+06 GB of memory, [\d.]+ GB are free"),
        models.turn(giant, settings, never),
    ):
        pass
    assert missing_for(giant, settings) == (why_too_big(giant, settings),)
    assert not models.is_busy()


def test_memory_that_is_given_back_counts(settings: Settings) -> None:
    free = free_gb(FIRST, settings)
    model = entry("llava-1.5", memory_gb=free + 5)

    assert why_too_big(model, settings)
    assert not why_too_big(model, settings, held_gb=10)


def test_memory_that_runs_out_is_said_in_a_sentence(
    models: LocalModels, settings: Settings
) -> None:
    def too_much() -> LoadedModel:
        torch.empty(2**60, dtype=torch.uint8)
        raise AssertionError("this machine has a lot of memory")

    with (
        pytest.raises(WriterError, match=r"memory is too small for llava-1\.5"),
        models.turn(FIRST, settings, too_much),
    ):
        pass
    with models.turn(FIRST, settings, lambda: load(FIRST, settings)) as loaded:
        assert loaded.answer(ASKED).finish == "stop"


def _network_of(loaded: LoadedModel) -> weakref.ref[torch.nn.Module]:
    assert isinstance(loaded, TransformersModel)
    return weakref.ref(loaded._network)


def until(holds) -> None:  # noqa: ANN001
    """Wait for something that another thread does."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
