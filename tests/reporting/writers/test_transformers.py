from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import jsonschema
import pytest
import torch

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.writers.local import LOCAL_MODELS
from core.reporting.writers.local_weights import missing_for
from core.reporting.writers.transformers_model import TransformersModel, open_transformers
from tests.reporting.writers.local_examples import SHORT_SCHEMA, entry, question
from tests.reporting.writers.tiny_checkpoints import FAMILIES


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Generator[Settings]:
    """Settings whose weights' folder holds a tiny checkpoint of every family."""
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    for name, make in FAMILIES.items():
        make(root / name)
    yield Settings(data_dir=root / "data", llm_weights_dir=root, device="cpu")
    LOCAL_MODELS.release()


@pytest.mark.parametrize("pictures", [0, 2])
@pytest.mark.parametrize("quantisation", ["", "int8", "int4"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_answers_in_the_schema(
    settings: Settings, family: str, quantisation: str, pictures: int
) -> None:
    model = entry(family, quantisation=quantisation)
    assert missing_for(model, settings) == ()
    pieces: list[str] = []

    answer = open_transformers(model, settings).answer(
        question(schema=SHORT_SCHEMA, pictures=pictures, max_tokens=80), pieces.append
    )

    assert answer.finish == "stop"
    jsonschema.validate(json.loads(answer.text), SHORT_SCHEMA)
    assert "".join(pieces) == answer.text
    assert answer.output_tokens is not None
    assert 30 < answer.output_tokens <= 80


@pytest.mark.parametrize("family", FAMILIES)
def test_pictures_reach_the_model(settings: Settings, family: str) -> None:
    writer = open_transformers(entry(family), settings)
    counts = [
        writer.answer(question(schema=SHORT_SCHEMA, pictures=count, max_tokens=1)).input_tokens
        for count in (0, 1, 2)
    ]

    assert None not in counts
    none, one, two = (count or 0 for count in counts)
    # One token for each letter of "Picture P1:", and the picture's own.
    assert one - none > len("Picture P1:")
    assert two - one > len("Picture P2:")


@pytest.mark.parametrize(("quantisation", "dtype"), [("int8", torch.int8), ("int4", torch.uint8)])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_language_model_is_rounded_and_the_eye_is_not(
    settings: Settings, family: str, quantisation: str, dtype: torch.dtype
) -> None:
    root = settings.llm_weights_dir
    assert root is not None
    model = TransformersModel(entry(family, quantisation=quantisation), settings, root / family)

    # No answer shows how the weights are held.
    kinds = {name: weight.dtype for name, weight in model._network.named_parameters()}
    rounded = {name for name, kind in kinds.items() if kind is dtype}
    assert all("language_model.layers" in name for name in rounded)
    # Four projections of attention and three of the perceptron, in two layers.
    assert len(rounded) == 14


def test_the_token_limit_cuts_and_says_so(settings: Settings) -> None:
    answer = open_transformers(entry("llava-1.5"), settings).answer(question(max_tokens=7))

    assert answer.finish == "length"
    assert answer.output_tokens == 7


def test_a_prompt_that_is_too_long_is_refused_with_both_sizes(settings: Settings) -> None:
    model = entry("llava-1.5", context=100)

    with pytest.raises(WriterError, match=r"takes 100 tokens, but the question has \d\d\d"):
        open_transformers(model, settings).answer(question())


def test_a_slow_model_is_stopped(settings: Settings) -> None:
    hurried = settings.model_copy(update={"llm_local_timeout_s": 0.01})

    with pytest.raises(WriterError, match=r"not finished after 0\.01 s.*LLM_LOCAL_TIMEOUT_S"):
        open_transformers(entry("llava-1.5"), hurried).answer(question())


def test_what_the_page_raises_ends_the_answer(settings: Settings) -> None:
    class OperatorLeft(Exception):
        pass

    def leave(piece: str) -> None:
        raise OperatorLeft(piece)

    writer = open_transformers(entry("llava-1.5"), settings)
    with pytest.raises(OperatorLeft):
        writer.answer(question(schema=SHORT_SCHEMA), leave)
    assert writer.answer(question(schema=SHORT_SCHEMA)).finish == "stop"


def test_a_shard_that_is_missing_is_missed(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    FAMILIES["llava-1.5"](folder)
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    own = settings.model_copy(update={"llm_weights_dir": tmp_path})

    with pytest.raises(WriterError, match="`hf download example/sharded`"):
        open_transformers(entry("sharded"), own)
    (lack,) = missing_for(entry("sharded"), own)
    assert lack.sentence() == "weights missing: hf download example/sharded"


def test_damaged_weights_are_refused(settings: Settings, tmp_path: Path) -> None:
    FAMILIES["llava-1.5"](tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"half a file")
    own = settings.model_copy(update={"llm_weights_dir": tmp_path})

    with pytest.raises(WriterError, match="cannot be loaded"):
        open_transformers(entry("broken"), own).answer(question())


def test_weights_of_the_hubs_cache_are_found(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "models--example--cached"
    FAMILIES["llava-1.5"](cache / "snapshots" / "abc")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    own = settings.model_copy(update={"llm_weights_dir": None})

    answer = open_transformers(entry("cached"), own).answer(question(schema=SHORT_SCHEMA))

    assert answer.finish == "stop"
