"""A tiny, random GGUF model that takes pictures, in LLaVA's form: two files of llama.cpp."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from tokenizers.pre_tokenizers import ByteLevel

WIDTH, INNER, LAYERS, HEADS = 64, 128, 2, 4
SIDE, PATCH = 28, 14
TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def make(model: Path, mmproj: Path) -> None:
    """Write both files."""
    random = np.random.default_rng(0)
    _language(model, random)
    _eye(mmproj, random)


def _language(path: Path, random: np.random.Generator) -> None:
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, "th", "<s>", "</s>"]
    kinds = [gguf.TokenType.NORMAL] * (len(tokens) - 2) + [gguf.TokenType.CONTROL] * 2
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(len(tokens) - 2)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_chat_template(TEMPLATE)
    shapes = {"token_embd": (len(tokens), WIDTH), "output": (len(tokens), WIDTH)}
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{layer}.{name}"] = (WIDTH, WIDTH)
        shapes[f"blk.{layer}.ffn_gate"] = shapes[f"blk.{layer}.ffn_up"] = (INNER, WIDTH)
        shapes[f"blk.{layer}.ffn_down"] = (WIDTH, INNER)
    _add(writer, shapes, random)
    norms = [f"blk.{layer}.{name}" for layer in range(LAYERS) for name in ("attn_norm", "ffn_norm")]
    for name in ("output_norm", *norms):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    _write(writer)


def _eye(path: Path, random: np.random.Generator) -> None:
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "mlp")
    writer.add_bool("clip.use_gelu", True)
    for name, value in {
        "image_size": SIDE,
        "patch_size": PATCH,
        "embedding_length": WIDTH,
        "feed_forward_length": INNER,
        "projection_dim": WIDTH,
        "block_count": LAYERS,
        "attention.head_count": HEADS,
    }.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    places = (SIDE // PATCH) ** 2 + 1
    writer.add_tensor("v.class_embd", _drawn(random, WIDTH))
    writer.add_tensor("v.patch_embd.weight", _drawn(random, WIDTH, 3, PATCH, PATCH))
    writer.add_tensor("v.position_embd.weight", _drawn(random, places, WIDTH))
    shapes = {"mm.0": (WIDTH, WIDTH), "mm.2": (WIDTH, WIDTH)}
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            shapes[f"v.blk.{layer}.{name}"] = (WIDTH, WIDTH)
        shapes[f"v.blk.{layer}.ffn_up"] = (INNER, WIDTH)
        shapes[f"v.blk.{layer}.ffn_down"] = (WIDTH, INNER)
    _add(writer, shapes, random)
    for name, (outputs, _) in shapes.items():
        writer.add_tensor(f"{name}.bias", np.zeros(outputs, np.float32))
    norms = [f"v.blk.{layer}.{name}" for layer in range(LAYERS) for name in ("ln1", "ln2")]
    for name in ("v.pre_ln", *norms):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
        writer.add_tensor(f"{name}.bias", np.zeros(WIDTH, np.float32))
    _write(writer)


def _add(
    writer: gguf.GGUFWriter, shapes: dict[str, tuple[int, int]], random: np.random.Generator
) -> None:
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", _drawn(random, *shape))


def _drawn(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.normal(0, 0.1, shape).astype(np.float32)


def _write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
