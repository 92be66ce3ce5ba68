"""What the catalogue claims of API models, against what the providers' packages say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI

from core.reporting.catalogue import Model, Provider, catalogue

# Only the profile is looked at; no request is sent, so the key is never used.
CHATS: Mapping[Provider, Callable[[str], BaseChatModel]] = {
    "openai": lambda name: ChatOpenAI(model=name, api_key="unused"),
    "anthropic": lambda name: ChatAnthropic(model=name, api_key="unused"),
    "google": lambda name: ChatGoogleGenerativeAI(model=name, api_key="unused"),
}


@pytest.mark.parametrize(
    "model",
    [model for model in catalogue().values() if model.runs == "provider"],
    ids=lambda model: model.key,
)
def test_claims_are_those_of_the_profile(model: Model) -> None:
    profile = CHATS[model.provider](model.model).profile

    assert profile is not None, "not a model that the package knows"
    assert profile.get("image_inputs") is model.images
    assert profile.get("structured_output") is model.schema_native
    assert profile.get("max_input_tokens") == model.context
    assert profile.get("max_output_tokens") == model.max_output
