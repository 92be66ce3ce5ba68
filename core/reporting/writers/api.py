"""Report writers that are asked over a network: one way of asking for all of them."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Answer, OnText, Question
from core.reporting.writers.failures import (
    Failure,
    Kind,
    failure_of,
    sentence,
    stalled,
    too_slow,
)
from core.reporting.writers.keys import scrubbed
from core.reporting.writers.pacing import SourceFailed, TooSlow, paced
from core.reporting.writers.providers.common import Chat, Incoming, messages_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5


class ApiWriter:
    """A writer over one of LangChain's chat models; safe to use from several threads.

    Example:
        >>> writer = ApiWriter(model, openai.open_chat(model, settings), settings)  # doctest: +SKIP
        >>> writer.answer(question, on_text=print).finish                      # doctest: +SKIP
        'stop'
    """

    def __init__(self, model: Model, chat: Chat, settings: Settings) -> None:
        self.model = model
        self._chat = chat
        self._settings = settings

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Ask, and ask again after a failure that may pass, within one time limit.

        Nothing is asked again once text has been passed on: it would be passed on twice.

        Args:
            question: prompt, pictures, schema and limits.
            on_text: called with each piece of the answer, in the caller's thread.

        Raises:
            WriterError: if no answer could be had; what happened, what to do.
        """
        until = time.monotonic() + self._settings.llm_timeout_s
        attempt = 0
        while True:
            attempt += 1
            incoming = Incoming(self._chat, on_text)
            failure = self._ask(question, incoming, until)
            if failure is None:
                return incoming.answer(attempt)
            pause = failure.retry_after_s or _pause(attempt)
            is_last = attempt > self._settings.llm_retries
            if (
                is_last
                or not failure.is_passing
                or incoming.text
                or time.monotonic() + pause >= until
            ):
                raise self._error(failure, attempt)
            log.warning(
                "%s: %s; request %d follows in %.1f s.",
                self.model.key,
                failure.kind,
                attempt + 1,
                pause,
            )
            time.sleep(pause)

    def _ask(self, question: Question, incoming: Incoming, until: float) -> Failure | None:
        """Send one request and return the failure that it met, or None."""
        pieces = paced(self._request(question), until=until, stall_s=self._settings.llm_stall_s)
        slow: TooSlow | None = None
        try:
            with contextlib.closing(pieces):
                for piece in pieces:
                    incoming.add(piece)
        except SourceFailed as failed:
            # What goes wrong after the end changes nothing, such as OpenAI's SDK raising because
            # the token limit was met.
            return None if incoming.is_complete else failure_of(failed.error)
        except TooSlow as error:
            slow = error
        if slow is not None:
            limits = stalled if slow.is_stall else too_slow
            raise WriterError(limits(self.model, self._settings))
        return None if incoming.is_complete else Failure(Kind.CUT)

    def _request(self, question: Question) -> Callable[[], Generator[AIMessage]]:
        def pieces() -> Generator[AIMessage]:
            bound = self._chat.model.bind(**self._chat.options(question))
            messages = messages_of(question)
            if self.model.streaming:
                yield from bound.stream(messages)
            else:
                yield bound.invoke(messages)

        return pieces

    def _error(self, failure: Failure, attempts: int) -> WriterError:
        """Make an error without the SDK's as its cause: that one may hold the key."""
        told = sentence(failure, self.model, self._chat.host, attempts)
        return WriterError(scrubbed(told, self._settings))


def _pause(attempt: int) -> float:
    """Compute the back-off in seconds: exponential, with jitter to spread the stations."""
    return FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)
