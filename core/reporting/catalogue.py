"""The catalogue of report writers: `models.toml`, where a new model is a new entry."""

from __future__ import annotations

import tomllib
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.domain import Frozen
from core.domain.errors import WriterError

CATALOGUE_FILE = Path(__file__).with_name("models.toml")

Provider = Literal["offline", "openai", "anthropic", "google", "transformers", "gguf"]


class Model(Frozen):
    """One report writer of the catalogue: what it is and what it can do."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str = Field(description="for the operator")
    family: str = Field(description="GPT, Claude, Gemini, InternVL, Gemma 3, ...")
    provider: Provider = Field(description="which code runs it")
    model: str = Field("", description="the provider's own name, or the weights' repository")
    runs: Literal["this machine", "provider", "your server"]
    images: bool = Field(description="takes pictures")
    schema_native: bool = Field(description="holds an answer to a JSON schema by itself")
    streaming: bool = True
    context: int = Field(gt=0, description="tokens of prompt and answer together")
    max_output: int = Field(gt=0, description="tokens of an answer")
    most_pictures: int = Field(0, ge=0)
    picture_side: int = Field(1024, gt=0, description="longer side of a picture sent, pixels")
    brief: bool = Field(False, description="a small model: fewer and shorter answers are asked for")
    price_input: float | None = Field(None, ge=0, description="USD per million tokens")
    price_output: float | None = Field(None, ge=0, description="USD per million tokens")
    price_as_of: str = Field("", description="date of the price, YYYY-MM-DD")
    retires: date | None = Field(None, description="its provider shuts it down on that day")
    licence: str
    quantisation: Literal["", "int4", "int8"] = ""
    memory_gb: float | None = Field(None, gt=0, description="needed to run it on this machine")
    package: str = Field("", description="Python package that ships the weights")
    gguf_file: str = Field("", description="name of the weights' file in their repository")
    mmproj_file: str = Field("", description="GGUF file of the picture encoder")

    @model_validator(mode="after")
    def _pictures_are_consistent(self) -> Self:
        if self.images != (self.most_pictures > 0):
            raise ValueError("most_pictures is above 0 exactly when images is true")
        return self

    @property
    def is_offline(self) -> bool:
        """Whether it is the composer, which asks no language model."""
        return self.provider == "offline"

    @property
    def is_own_server(self) -> bool:
        """Whether the operator's own server runs it, at an address of the settings."""
        return self.runs == "your server"

    def cost_usd(self, input_tokens: int | None, output_tokens: int | None) -> float | None:
        """Price one answer; None when price or token counts are not known."""
        if self.price_input is None or self.price_output is None:
            return None
        if input_tokens is None or output_tokens is None:
            return None
        return (input_tokens * self.price_input + output_tokens * self.price_output) / 1e6


@cache
def catalogue(path: Path = CATALOGUE_FILE) -> dict[str, Model]:
    """List every report writer by key, in the order of the file.

    Raises:
        WriterError: if the file is damaged.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
        return {key: Model(key=key, **entry) for key, entry in entries.items()}
    except (OSError, tomllib.TOMLDecodeError, ValidationError, TypeError) as error:
        raise WriterError(
            f"The catalogue of report writers {path.name} cannot be read: {error}. "
            "Correct the entry, or restore the file."
        ) from error


def find_model(key: str) -> Model:
    """Find the catalogue's entry of a key.

    Raises:
        WriterError: if there is none.
    """
    known = catalogue()
    if key not in known:
        alike = " or ".join(get_close_matches(key.lower(), known))
        raise WriterError(
            f"There is no report writer {key!r}. "
            f"{f'Did you mean {alike}? ' if alike else ''}"
            "`python -m core models` lists all of them."
        )
    return known[key]
