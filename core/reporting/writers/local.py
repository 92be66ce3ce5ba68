"""Local models: one in memory at a time, asked by one operator at a time, in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from core.domain.errors import WriterError
from core.infrastructure.fair_queue import OnWait, Turns
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Answer, OnText, Question, Writer
from core.reporting.writers.memory import check_memory, memory_guard


def cores() -> int:
    """Count the cores that a local model computes on.

    One is left to the station: threads in lockstep wait for the one whose core another program
    has. On two busy cores the same answer took a 270M model 7 s on one thread, above 60 s on two.
    """
    has_affinity = hasattr(os, "sched_getaffinity")
    present = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, present - 1)


class LoadedModel(Protocol):
    """A local model whose weights are in memory; asked by one thread at a time."""

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Ask once; as `Writer.answer`."""
        ...

    def close(self) -> None:
        """Give its memory back; it cannot be asked any more."""
        ...


class LocalModels:
    """The model that is in memory, and the queue of those who want to ask one.

    Example:
        >>> models = LocalModels()
        >>> models.waiting()
        0
    """

    def __init__(self) -> None:
        self._queue = Turns(1)
        self._key: Hashable = None
        self._loaded: LoadedModel | None = None
        self._held_gb = 0.0

    def waiting(self) -> int:
        """Count those who wait for their turn; the one whose turn it is does not."""
        return self._queue.waiting()

    def is_busy(self) -> bool:
        """Tell whether a model is being loaded or asked."""
        return self._queue.is_busy()

    def held_gb(self) -> float:
        """Return the memory that the loaded model holds by its entry; loading another frees it."""
        return self._held_gb

    @contextmanager
    def turn(
        self,
        model: Model,
        settings: Settings,
        load: Callable[[], LoadedModel],
        on_wait: OnWait | None = None,
    ) -> Generator[LoadedModel]:
        """Wait for a turn, then hold the model alone.

        Another model in memory is released before this one is loaded.

        Args:
            model: that is asked.
            settings: that it is loaded with.
            load: loads it, if it is not in memory.
            on_wait: told how many are before; what it raises leaves the queue.

        Raises:
            WriterError: if the model does not fit into memory or cannot be loaded.
        """
        with self._queue.place(on_wait):
            yield self._load(model, settings, load)

    def release(self) -> None:
        """Free the memory of the loaded model, once nobody asks it."""
        with self._queue.place():
            self._release()

    def _load(
        self, model: Model, settings: Settings, load: Callable[[], LoadedModel]
    ) -> LoadedModel:
        key = (model, settings)
        if self._loaded is None or self._key != key:
            self._release()
            check_memory(model, settings)
            with memory_guard(model):
                self._loaded = load()
            self._key, self._held_gb = key, model.memory_gb or 0.0
        return self._loaded

    def _release(self) -> None:
        loaded, self._loaded, self._key, self._held_gb = self._loaded, None, None, 0.0
        if loaded is not None:
            loaded.close()


# One for the process, as memory belongs to the process.
LOCAL_MODELS = LocalModels()


@dataclass(frozen=True)
class LocalWriter:
    """A local model as a `Writer`: loaded when it is first asked, and again after a switch.

    Attributes:
        model: entry of the catalogue.
        settings: weights, device and time limit.
        load: brings it into memory.
        on_wait: told how many are before, while others are.
    """

    model: Model
    settings: Settings
    load: Callable[[], LoadedModel]
    on_wait: OnWait | None = None
    models: LocalModels = LOCAL_MODELS

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Ask once; as `Writer.answer`. Waiting for others does not count as the model's time."""
        self._check_pictures(question)
        with self.models.turn(self.model, self.settings, self.load, self.on_wait) as loaded:
            return loaded.answer(question, on_text)

    def _check_pictures(self, question: Question) -> None:
        if len(question.pictures) > self.model.most_pictures:
            raise WriterError(
                f"{self.model.title} takes at most {self.model.most_pictures} pictures, "
                f"but {len(question.pictures)} were sent. Send fewer, or choose another model."
            )


def telling(writer: Writer, on_wait: OnWait | None) -> Writer:
    """Have a local writer tell how many are before; only local models have a queue."""
    return replace(writer, on_wait=on_wait) if isinstance(writer, LocalWriter) else writer
