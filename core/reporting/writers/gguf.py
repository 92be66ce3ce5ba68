"""GGUF models through llama.cpp, in this process, held to the answer's schema as they write."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Answer, Finish, OnText, PromptPicture, Question
from core.reporting.writers.local import LocalWriter, OnWait, cores
from core.reporting.writers.local_weights import GgufFiles, gguf_files
from core.reporting.writers.memory import llama_cpp, memory_guard

# A small model falls into loops; a larger one is kept from them by the schema's lengths alone,
# because a penalty also falls on the ids and numbers that it must repeat.
BRIEF_PENALTY = 1.15
PENALISED_TOKENS = 256
# llama.cpp sets the memory of its whole context aside at once; no question needs a large model's.
MOST_CONTEXT_TOKENS = 16_384
# Otherwise a grammar allows endless white space, which small models write.
COMPACT = {"x-guidance": {"whitespace_flexible": False}}


def open_gguf(model: Model, settings: Settings, on_wait: OnWait | None = None) -> LocalWriter:
    """Open a GGUF model; its weights are found now and loaded when it is first asked.

    Args:
        model: entry of the catalogue with provider "gguf".
        settings: LLM_WEIGHTS_DIR, MODEL_CACHE, DEVICE and LLM_LOCAL_TIMEOUT_S.
        on_wait: told how many are before, while others ask a local model.

    Raises:
        WriterError: if weights are not on this machine.
    """
    files = gguf_files(model, settings)
    return LocalWriter(model, settings, lambda: GgufModel(model, settings, files), on_wait)


class _Server(Protocol):
    """What is used of llama.cpp's server, which runs on threads of its own."""

    def handle_chat_completions(
        self, request: dict[str, Any], on_chunk: Callable[[dict[str, Any]], bool]
    ) -> object: ...


class GgufModel:
    """A GGUF model in memory.

    Decoding is greedy, so the same question gives the same answer on the same machine.
    """

    def __init__(self, model: Model, settings: Settings, files: GgufFiles) -> None:
        self._model, self._seconds = model, settings.llm_local_timeout_s
        self._server: _Server | None = _serve(model, settings, files)

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Ask once; as `Writer.answer`.

        The time limit is looked at with every token, so the reading of the prompt is not cut.
        """
        if self._server is None:
            raise WriterError(f"{self._model.title} was released from memory. Ask again.")
        stream = _Stream(on_text, time.monotonic() + self._seconds)
        try:
            with memory_guard(self._model):
                self._server.handle_chat_completions(_request(self._model, question), stream)
        except (RuntimeError, ValueError) as error:
            raise WriterError(f"{self._model.title} refused the question: {error}.") from error
        if stream.failure is not None:
            raise stream.failure
        return self._read(stream)

    def close(self) -> None:
        """Give its memory back: llama.cpp frees it with its last reference."""
        self._server = None

    def _read(self, stream: _Stream) -> Answer:
        if stream.error:
            raise WriterError(
                f"{self._model.title} gave no answer: {stream.error}. "
                "Send less evidence, or choose a model with a longer context."
            )
        if stream.is_late:
            raise WriterError(
                f"{self._model.title} had not finished after {self._seconds:g} s. Choose a smaller "
                "model or an API model, or raise the setting LLM_LOCAL_TIMEOUT_S."
            )
        finish: Finish = "length" if stream.finish == "length" else "stop"
        return Answer(
            text="".join(stream.pieces),
            finish=finish,
            input_tokens=stream.usage.get("prompt_tokens"),
            output_tokens=stream.usage.get("completion_tokens"),
        )


class _Stream:
    """What llama.cpp calls with each chunk; true stops it.

    It swallows what a callback raises, so that is kept and raised after it.
    """

    def __init__(self, on_text: OnText | None, deadline: float) -> None:
        self._on_text, self._deadline = on_text, deadline
        self.pieces: list[str] = []
        self.usage: dict[str, int] = {}
        self.finish = ""
        self.error = ""
        self.failure: BaseException | None = None
        self.is_late = False

    def __call__(self, chunk: dict[str, Any]) -> bool:
        try:
            self._take(chunk)
        except BaseException as failure:
            self.failure = failure
        self.is_late = not self.finish and time.monotonic() > self._deadline
        return self.is_late or self.failure is not None

    def _take(self, chunk: dict[str, Any]) -> None:
        self.error = chunk.get("error", {}).get("message", self.error)
        self.usage = chunk.get("usage", self.usage)
        for choice in chunk.get("choices", ()):
            self.finish = choice["finish_reason"] or self.finish
            piece = choice["delta"].get("content")
            if piece:
                self.pieces.append(piece)
                if self._on_text is not None:
                    self._on_text(piece)


def _serve(model: Model, settings: Settings, files: GgufFiles) -> _Server:
    llama = llama_cpp()
    params = llama.CommonParams()
    params.model.path = str(files.model)
    if files.mmproj is not None:
        params.mmproj.path = str(files.mmproj)
    params.n_ctx, params.n_parallel = min(model.context, MOST_CONTEXT_TOKENS), 1
    if settings.device == "cpu":
        params.n_gpu_layers, params.mmproj_use_gpu = 0, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
    # Loading keeps Python's lock, and with it every page; weights are mapped and read when used.
    params.warmup = False
    params.verbosity = -1
    # It also opens a port on this machine, which nobody else is to ask.
    params.api_keys = [secrets.token_urlsafe()]
    try:
        with memory_guard(model):
            return llama.Server(params)
    except RuntimeError as error:
        raise WriterError(
            f"llama.cpp cannot load {files.model.name}: damaged, of a kind that it does not know, "
            "or too big for the memory. Fetch the file anew, or choose another model."
        ) from error


def _request(model: Model, question: Question) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": question.system}]
    messages += [{"role": turn.role, "content": turn.text} for turn in question.turns]
    if question.pictures:
        text = {"type": "text", "text": question.turns[0].text}
        messages[1]["content"] = [*_shown(question.pictures), text]
    return {
        "messages": messages,
        "grammar": llama_cpp().json_schema_to_grammar({**question.schema, **COMPACT}),
        "temperature": 0,
        "seed": 0,
        "repeat_penalty": BRIEF_PENALTY if model.brief else 1.0,
        "repeat_last_n": PENALISED_TOKENS,
        "max_tokens": min(question.max_tokens, model.max_output),
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _shown(pictures: tuple[PromptPicture, ...]) -> list[dict[str, Any]]:
    """List each picture after its name."""
    parts: list[dict[str, Any]] = []
    for picture in pictures:
        url = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
        parts.append({"type": "text", "text": f"Picture {picture.name}:"})
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return parts
