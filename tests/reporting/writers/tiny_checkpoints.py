"""Checkpoints of every family of local vision models, tiny and random, in their real format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WIDTH = 64
SIDE = 28
STOP = "<stop>"
# What each family's processor asks of its tokenizer.
MARKS = {
    "image_token": "<image>",
    "video_token": "<video>",
    "boi_token": "<boi>",
    "eoi_token": "<eoi>",
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<context>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}
TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}]"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
)
TEXT = {
    "vocab_size": 320,
    "hidden_size": WIDTH,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}
VISION = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": 14,
}
SQUARE = {"height": SIDE, "width": SIDE}


def internvl(folder: Path) -> None:
    tokenizer = _tokenizer()
    config = transformers.InternVLConfig(
        text_config={**TEXT, "model_type": "qwen2"},
        vision_config={**VISION, "image_size": [SIDE, SIDE], "patch_size": [7, 7]},
        image_token_id=_id(tokenizer, "context_image_token"),
        image_seq_length=4,
    )
    processor = transformers.InternVLProcessor(
        transformers.GotOcr2ImageProcessor(size=SQUARE, crop_to_patches=True),
        tokenizer,
        transformers.InternVLVideoProcessor(size=SQUARE),
        image_seq_length=4,
        chat_template=TEMPLATE.replace("IMAGE", MARKS["context_image_token"]),
    )
    _save(transformers.InternVLForConditionalGeneration(config), processor, folder)


def gemma3(folder: Path) -> None:
    tokenizer = _tokenizer()
    config = transformers.Gemma3Config(
        text_config={**TEXT, "head_dim": 16, "sliding_window": 512},
        vision_config=VISION,
        mm_tokens_per_image=4,
        boi_token_index=_id(tokenizer, "boi_token"),
        eoi_token_index=_id(tokenizer, "eoi_token"),
        image_token_index=_id(tokenizer, "image_token"),
    )
    processor = transformers.Gemma3Processor(
        transformers.Gemma3ImageProcessor(size=SQUARE),
        tokenizer,
        image_seq_length=4,
        chat_template=TEMPLATE.replace("IMAGE", MARKS["boi_token"]),
    )
    _save(transformers.Gemma3ForConditionalGeneration(config), processor, folder)


def qwen25(folder: Path) -> None:
    tokenizer = _tokenizer()
    config = transformers.Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_parameters": _mrope()},
        vision_config={**_qwen_vision(), "fullatt_block_indexes": [1], "patch_size": 14},
        **_qwen_ids(tokenizer),
    )
    processor = transformers.Qwen2_5_VLProcessor(
        transformers.Qwen2VLImageProcessor(size=_area(28)),
        tokenizer,
        transformers.Qwen2VLVideoProcessor(size=_area(28)),
        chat_template=_qwen_template(),
    )
    _save(transformers.Qwen2_5_VLForConditionalGeneration(config), processor, folder)


def qwen3(folder: Path) -> None:
    tokenizer = _tokenizer()
    config = transformers.Qwen3VLConfig(
        text_config={**TEXT, "head_dim": 16, "rope_parameters": _mrope()},
        vision_config={
            **_qwen_vision(),
            "patch_size": 16,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        **_qwen_ids(tokenizer),
    )
    processor = transformers.Qwen3VLProcessor(
        transformers.Qwen2VLImageProcessor(size=_area(32), patch_size=16),
        tokenizer,
        transformers.Qwen3VLVideoProcessor(size=_area(32), patch_size=16),
        chat_template=_qwen_template(),
    )
    _save(transformers.Qwen3VLForConditionalGeneration(config), processor, folder)


def llava(folder: Path) -> None:
    tokenizer = _tokenizer()
    config = transformers.LlavaConfig(
        text_config={**TEXT, "model_type": "llama"},
        vision_config={**VISION, "model_type": "clip_vision_model"},
        image_token_index=_id(tokenizer, "image_token"),
        image_seq_length=4,
    )
    processor = transformers.LlavaProcessor(
        transformers.CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=SQUARE),
        tokenizer,
        **_llava_options(),
    )
    _save(transformers.LlavaForConditionalGeneration(config), processor, folder)


def llava_next(folder: Path) -> None:
    tokenizer = _tokenizer()
    grid = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE]]
    config = transformers.LlavaNextConfig(
        text_config={**TEXT, "model_type": "llama"},
        vision_config={**VISION, "model_type": "clip_vision_model"},
        image_token_index=_id(tokenizer, "image_token"),
        image_seq_length=4,
        image_grid_pinpoints=grid,
    )
    processor = transformers.LlavaNextProcessor(
        transformers.LlavaNextImageProcessor(
            size={"shortest_edge": SIDE}, crop_size=SQUARE, image_grid_pinpoints=grid
        ),
        tokenizer,
        **_llava_options(),
    )
    _save(transformers.LlavaNextForConditionalGeneration(config), processor, folder)


FAMILIES: dict[str, Callable[[Path], None]] = {
    "internvl": internvl,
    "gemma3": gemma3,
    "qwen2.5-vl": qwen25,
    "qwen3-vl": qwen3,
    "llava-1.5": llava,
    "llava-1.6": llava_next,
}


def _save(network: Any, processor: Any, folder: Path) -> None:  # noqa: ANN401
    network.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    network.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)


def _tokenizer() -> transformers.PreTrainedTokenizerFast:
    """One token for each byte, and the marks."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[invalid-assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[invalid-assignment]
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=STOP,
        pad_token="<pad>",
        extra_special_tokens=MARKS,
    )


def _id(tokenizer: transformers.PreTrainedTokenizerFast, mark: str) -> int:
    number = tokenizer.convert_tokens_to_ids(MARKS[mark])
    assert isinstance(number, int)
    return number


def _mrope() -> dict[str, Any]:
    return {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}


def _qwen_vision() -> dict[str, Any]:
    return {
        "depth": 2,
        "hidden_size": 64,
        "out_hidden_size": WIDTH,
        "intermediate_size": 128,
        "num_heads": 4,
        "spatial_merge_size": 2,
    }


def _qwen_ids(tokenizer: transformers.PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "image_token_id": _id(tokenizer, "image_token"),
        "video_token_id": _id(tokenizer, "video_token"),
        "vision_start_token_id": _id(tokenizer, "vision_start_token"),
        "vision_end_token_id": _id(tokenizer, "vision_end_token"),
    }


def _area(side: int) -> dict[str, int]:
    return {"shortest_edge": side**2, "longest_edge": (2 * side) ** 2}


def _qwen_template() -> str:
    return TEMPLATE.replace("IMAGE", "<|vision_start|><image><|vision_end|>")


def _llava_options() -> dict[str, Any]:
    return {
        "patch_size": 14,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,
        "chat_template": TEMPLATE.replace("IMAGE", MARKS["image_token"]),
    }
