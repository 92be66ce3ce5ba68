"""Safetensors models of pictures and text through transformers, on the CPU or one GPU."""

from __future__ import annotations

import io
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.domain.errors import WriterError
from core.infrastructure.devices import NO_CUDA, uses_cuda
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Answer, OnText, PromptPicture, Question
from core.reporting.writers.local import LocalWriter, OnWait, cores
from core.reporting.writers.local_weights import safetensors_folder
from core.reporting.writers.memory import memory_guard

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig, PreTrainedModel, TextStreamer

# Not quantised: the output layer and the vision tower. They are a small part of the weights, and no
# language model can make up for what rounding loses there.
# Patterns of transformers match from a name's start to the end of a module's name.
UNROUNDED = ("lm_head", r".*\.vision_tower", r".*\.visual", r".*\.multi_modal_projector")


def open_transformers(
    model: Model, settings: Settings, on_wait: OnWait | None = None
) -> LocalWriter:
    """Open a safetensors model; its weights are found now, loaded when it is first asked.

    Args:
        model: entry of the catalogue with provider "transformers".
        settings: LLM_WEIGHTS_DIR, DEVICE and LLM_LOCAL_TIMEOUT_S.
        on_wait: told how many are before, while others ask a local model.

    Raises:
        WriterError: if weights are not on this machine.
    """
    folder = safetensors_folder(model, settings)
    return LocalWriter(model, settings, lambda: TransformersModel(model, settings, folder), on_wait)


class TransformersModel:
    """A model of pictures and text in memory.

    Weights are bfloat16, or int8 or int4 (NF4) by bitsandbytes, which runs both on CPU and CUDA.
    Decoding is greedy and held to the answer's schema by xgrammar.
    """

    def __init__(self, model: Model, settings: Settings, folder: Path) -> None:
        import torch
        import xgrammar
        from safetensors import SafetensorError
        from transformers import AutoModelForImageTextToText, AutoProcessor

        _quieten()
        self._model, self._seconds = model, settings.llm_local_timeout_s
        try:
            with memory_guard(model):
                self._processor: Any = AutoProcessor.from_pretrained(folder, local_files_only=True)
                # Any: transformers' types do not know that what it loads can generate.
                network: Any = AutoModelForImageTextToText.from_pretrained(
                    folder,
                    local_files_only=True,
                    use_safetensors=True,
                    dtype=torch.bfloat16,
                    device_map={"": _device(settings)},
                    quantization_config=_quantisation(model),
                ).eval()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise WriterError(
                f"The weights of {model.title} in {folder} cannot be loaded: {error}. "
                "Fetch them anew, or choose another model."
            ) from error
        self._network: Any = network
        self._stops = _stop_tokens(network, self._processor.tokenizer)
        self._grammars = xgrammar.GrammarCompiler(
            xgrammar.TokenizerInfo.from_huggingface(
                self._processor.tokenizer,
                vocab_size=network.config.get_text_config().vocab_size,
                stop_token_ids=self._stops,
            )
        )

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Ask once; as `Writer.answer`.

        The time limit is looked at with every token, so the reading of the prompt is not cut.
        """
        if self._network is None:
            raise WriterError(f"{self._model.title} was released from memory. Ask again.")
        with memory_guard(self._model), _on_threads(cores()):
            return self._generate(self._network, question, on_text)

    def close(self) -> None:
        """Give its memory back, the GPU's too."""
        import gc

        import torch

        self._network = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _generate(self, network: Any, question: Question, on_text: OnText | None) -> Answer:  # noqa: ANN401
        import torch

        inputs = self._processor.apply_chat_template(
            _messages(question),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(network.device, dtype=network.dtype)
        taken = inputs["input_ids"].shape[1]
        limit = min(question.max_tokens, self._model.max_output, self._model.context - taken)
        if limit < 1:
            raise WriterError(
                f"{self._model.title} takes {self._model.context} tokens, but the question has "
                f"{taken}. Send less evidence or fewer pictures, or choose another model."
            )
        pieces: list[str] = []
        with torch.inference_mode():
            output = network.generate(
                **inputs,
                max_new_tokens=limit,
                max_time=self._seconds,
                do_sample=False,
                # A checkpoint may bring sampling options, which greedy decoding has no use for.
                temperature=None,
                top_p=None,
                top_k=None,
                eos_token_id=self._stops,
                pad_token_id=self._stops[0],
                logits_processor=self._held_to(question.schema),
                streamer=_streamer(self._processor.tokenizer, pieces, on_text),
            )
        return self._read(output[0, taken:].tolist(), limit, taken, "".join(pieces))

    def _read(self, tokens: list[int], limit: int, taken: int, text: str) -> Answer:
        has_stopped = bool(tokens) and tokens[-1] in self._stops
        if not has_stopped and len(tokens) < limit:
            raise WriterError(
                f"{self._model.title} had not finished after {self._seconds:g} s. Choose a smaller "
                "model or an API model, or raise the setting LLM_LOCAL_TIMEOUT_S."
            )
        finish = "stop" if has_stopped else "length"
        return Answer(text, finish, input_tokens=taken, output_tokens=len(tokens))

    def _held_to(self, schema: dict[str, Any]) -> list[Any]:
        """Make what masks every token that would break the schema; good for one answer."""
        from xgrammar.contrib.hf import LogitsProcessor

        grammar = self._grammars.compile_json_schema(schema, any_whitespace=False)
        return [LogitsProcessor(grammar)]


@contextmanager
def _on_threads(most: int) -> Generator[None]:
    """Compute on this many threads at most, then on as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(before, most))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _quieten() -> None:
    """Keep bitsandbytes from a line of log for every layer of every token."""
    import logging

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def _device(settings: Settings) -> str:
    if uses_cuda(settings):
        return "cuda"
    if settings.device == "cuda":
        raise WriterError(NO_CUDA)
    return "cpu"


def _quantisation(model: Model) -> BitsAndBytesConfig | None:
    import torch
    from transformers import BitsAndBytesConfig

    unrounded = list(UNROUNDED)
    if model.quantisation == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=unrounded)
    if model.quantisation == "int4":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16,
            llm_int8_skip_modules=unrounded,
        )
    return None


def _stop_tokens(network: PreTrainedModel, tokenizer: Any) -> list[int]:  # noqa: ANN401
    """Find the ids that end an answer: the checkpoint's list, else the tokenizer's one."""
    stops = network.generation_config.eos_token_id if network.generation_config else None
    if stops is None:
        stops = tokenizer.eos_token_id
    return stops if isinstance(stops, list) else [stops]


def _messages(question: Question) -> list[dict[str, Any]]:
    """Put the conversation into transformers' form; each picture follows its name."""
    messages = [{"role": "system", "content": [_said(question.system)]}]
    messages += [{"role": turn.role, "content": [_said(turn.text)]} for turn in question.turns]
    messages[1]["content"] = [*_shown(question.pictures), _said(question.turns[0].text)]
    return messages


def _said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _shown(pictures: Sequence[PromptPicture]) -> list[dict[str, Any]]:
    from PIL import Image

    parts: list[dict[str, Any]] = []
    for picture in pictures:
        image = Image.open(io.BytesIO(picture.png)).convert("RGB")
        parts += [_said(f"Picture {picture.name}:"), {"type": "image", "image": image}]
    return parts


def _streamer(tokenizer: Any, pieces: list[str], on_text: OnText | None) -> TextStreamer:  # noqa: ANN401
    """Collect the answer's pieces as they come; what on_text raises ends the writing."""
    from transformers import TextStreamer

    class Streamer(TextStreamer):
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                pieces.append(text)
                if on_text is not None:
                    on_text(text)

    return Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
