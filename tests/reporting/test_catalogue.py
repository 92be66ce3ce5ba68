"""The catalogue of report writers that ships, and what becomes of a damaged one."""

from __future__ import annotations

import math
from datetime import date
from itertools import groupby
from pathlib import Path

import pytest

from core.domain.errors import WriterError
from core.reporting.catalogue import Model, catalogue, find_model

# Keys that people have in their settings and scripts.
PROMISED = (
    *("offline", "gpt-4o", "gpt-4o-mini", "claude", "openai-compatible"),
    *("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"),
    *("internvl", "internvl3.5-1b", "internvl3.5-2b", "internvl3.5-4b", "internvl3.5-8b"),
    *("gemma3", "gemma3-int4", "gemma3-int8"),
    *("gemma3-12b", "gemma3-12b-int4", "gemma3-12b-int8"),
    *("gemma3-27b", "gemma3-27b-int4", "gemma3-27b-int8"),
    *("qwen", "qwen-7b", "llava", "llava-1.6"),
)
# Weights in GB: parameters x 2 bytes; GGUF: both files, as their repositories list them.
WEIGHTS_GB = {
    "internvl": 9.46,
    "internvl3.5-1b": 2.12,
    "internvl3.5-2b": 4.70,
    "internvl3.5-4b": 9.46,
    "internvl3.5-8b": 17.06,
    "gemma3": 8.60,
    "gemma3-int4": 2.49 + 0.85,
    "gemma3-int8": 4.13 + 0.85,
    "gemma3-12b": 24.38,
    "gemma3-12b-int4": 7.30 + 0.86,
    "gemma3-12b-int8": 12.51 + 0.86,
    "gemma3-27b": 54.86,
    "gemma3-27b-int4": 16.5 + 0.86,
    "gemma3-27b-int8": 28.7 + 0.86,
    "qwen": 17.54,
    "qwen-7b": 16.58,
    "llava": 14.12,
    "llava-1.6": 15.14,
}
MODELS = tuple(catalogue().values())
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)


@pytest.mark.parametrize("key", PROMISED)
def test_a_promised_key_is_there(key: str) -> None:
    assert find_model(key).key == key


@every_model
def test_a_provider_says_where_it_runs(model: Model) -> None:
    places = {
        "offline": {"this machine"},
        "openai": {"provider", "your server"},
        "anthropic": {"provider"},
        "google": {"provider"},
        "transformers": {"this machine"},
        "gguf": {"this machine"},
    }

    assert model.runs in places[model.provider]
    # A server's model is named by the settings; every other one but the composer has its own name.
    assert bool(model.model) == (model.provider != "offline" and model.runs != "your server")
    assert bool(model.gguf_file) == (model.provider == "gguf")


@every_model
def test_an_answer_leaves_room_for_the_prompt(model: Model) -> None:
    assert model.context - model.max_output >= 2_500


@every_model
def test_a_short_context_asks_for_brief_answers(model: Model) -> None:
    assert model.brief or model.context >= 16_384


@every_model
def test_a_price_is_whole_and_dated(model: Model) -> None:
    assert (model.price_input is None) == (model.price_output is None)
    if model.price_input:
        assert model.runs == "provider"
        assert date(2025, 1, 1) < date.fromisoformat(model.price_as_of)
    else:
        assert model.price_as_of == ""
    if model.runs == "this machine":
        assert model.cost_usd(1000, 1000) == 0


@every_model
def test_local_models_name_their_memory(model: Model) -> None:
    assert (model.memory_gb is not None) == (model.provider in {"transformers", "gguf"})


@pytest.mark.parametrize(("key", "weights_gb"), WEIGHTS_GB.items())
def test_memory_follows_the_rule_in_the_file(key: str, weights_gb: float) -> None:
    assert find_model(key).memory_gb == math.ceil((1.2 * weights_gb + 1) * 2) / 2


def test_gguf_files_fit_their_quantisation() -> None:
    marks = {"int4": "Q4_K_M", "int8": "Q8_0"}
    gguf = [model for model in MODELS if model.model.startswith("ggml-org/")]

    assert len(gguf) == 6
    for model in gguf:
        assert model.gguf_file == (
            f"{model.model.removeprefix('ggml-org/').removesuffix('-GGUF')}"
            f"-{marks[model.quantisation]}.gguf"
        )
        assert model.mmproj_file


def test_two_keys_of_one_model_claim_the_same() -> None:
    def identity(model: Model) -> tuple[str, str, str]:
        return model.provider, model.model, model.gguf_file

    named = sorted((model for model in MODELS if model.model), key=identity)
    shared = [list(group) for _, group in groupby(named, identity)]
    claims = [
        {model.model_copy(update={"key": "", "title": ""}).model_dump_json() for model in group}
        for group in shared
    ]

    assert all(len(same) == 1 for same in claims)
    assert sorted(len(group) for group in shared)[-2:] == [2, 2], "claude and internvl"


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(WriterError, match=r"'gpt4o'\. Did you mean gpt-4o or gpt-4o-mini\?"):
        find_model("gpt4o")
    with pytest.raises(WriterError, match=r"'xyz'\. `python -m core models` lists all"):
        find_model("xyz")


ENTRY = """
title = "A"
family = "A"
provider = "offline"
runs = "this machine"
images = false
schema_native = true
context = 10
max_output = 5
licence = "MIT"
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a]\n", "title"),
        (f"[a]{ENTRY}most_pictures = 1", "most_pictures"),
        (f"[a]{ENTRY}colour = 1", "colour"),
        (f'["A b"]{ENTRY}', "key"),
        (f"[a]{ENTRY}retires = 'soon'", "retires"),
        ("a = 1", "mapping"),
        ("[a", "end of document"),
    ],
)
def test_a_damaged_catalogue_is_said(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)

    with pytest.raises(WriterError, match=rf"own\.toml cannot be read: [\s\S]*{words}"):
        catalogue(path)


def test_a_catalogue_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(WriterError, match=r"gone\.toml cannot be read"):
        catalogue(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [((4000, 1000), 0.02), ((None, 1000), None), ((4000, None), None)],
)
def test_cost_of_an_answer(tokens: tuple[int | None, int | None], cost: float | None) -> None:
    assert find_model("gpt-4o").cost_usd(*tokens) == pytest.approx(cost)
    assert find_model("openai-compatible").cost_usd(*tokens) is None


@every_model
def test_the_documents_name_it(model: Model) -> None:
    writers = Path(__file__).parents[2] / "docs" / "writers.md"

    assert f"`{model.key}`" in writers.read_text("utf-8")
