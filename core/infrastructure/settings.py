"""Settings, read from the environment and a `.env` file."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.domain import Language
from core.domain.errors import RecordsError, SettingsError
from core.domain.plant_time import PlantTime, clock_time, clock_times, time_zone

DUCKDB_SCHEME = "duckdb:///"
# Texts, as a person types them and the environment has them, in one form.
ZoneName = Annotated[str, AfterValidator(lambda text: time_zone(text).key)]
ClockTime = Annotated[str, AfterValidator(lambda text: f"{clock_time(text):%H:%M}")]
ClockTimes = Annotated[
    str, AfterValidator(lambda text: ", ".join(f"{at:%H:%M}" for at in clock_times(text)))
]


class Settings(BaseSettings):
    """Every setting of the system; the upper-case field name is the variable's name.

    Example:
        >>> Settings(data_dir="/tmp/line-3").records_path.as_posix()
        '/tmp/line-3/records.duckdb'
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("data"), description="everything that a run makes")
    database_url: str | None = Field(None, description="duckdb:///PATH of the records")
    ad_checkpoint_dir: Path = Field(Path("checkpoints"), description="taught detectors")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="what detectors and local models run on"
    )
    ad_weights_dir: Path | None = Field(None, description="folder of backbone weights")
    model_cache: Path | None = Field(None, description="converted networks; in DATA_DIR if unset")
    knowledge_file: Path = Field(
        Path(__file__).parents[2] / "knowledge" / "domain_knowledge.json",
        description="source of truth of the domain knowledge",
    )
    chroma_url: str | None = Field(None, description="Chroma server that holds the index")
    llm_model: str = Field("offline", description="key of the report writer")
    llm_for_pass: bool = Field(False, description="have a model write of parts that passed too")
    console_language: Language = Field(Language.ENGLISH, description="of the screens: en, ko or de")
    report_language: Language = Field(Language.ENGLISH, description="en, ko or de")
    llm_timeout_s: PositiveFloat = Field(120, description="longest time for a whole answer")
    llm_stall_s: PositiveFloat = Field(30, description="longest pause while an answer arrives")
    llm_retries: NonNegativeInt = Field(2, description="further requests after a temporary failure")
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    google_api_key: SecretStr | None = None
    gemini_api_key: SecretStr | None = Field(None, description="Google's other name for its key")
    google_gemini_base_url: str | None = None
    openai_compatible_url: str | None = Field(None, description="of your own server, with /v1")
    openai_compatible_model: str | None = Field(None, description="as your own server names it")
    openai_compatible_api_key: SecretStr | None = Field(None, description="where it asks for one")
    rag_enabled: bool = Field(True, description="look up similar normal parts")
    domain_rag_enabled: bool = Field(True, description="look up knowledge snippets")
    visual_encoder: Literal["auto", "efficientnet_lite0", "vit_small_patch14_dinov2"] = Field(
        "auto", description="what finds similar normals; auto: DINOv2 where its weights are at hand"
    )
    llm_weights_dir: Path | None = Field(None, description="folder of local models' weights")
    llm_local_timeout_s: PositiveFloat = Field(
        900, description="longest time that a local model may write; waiting for it does not count"
    )
    audit_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="share of passed parts that a person is to look at",
    )
    takt_s: PositiveFloat | None = Field(None, description="time that the line gives a part")
    plant_time_zone: ZoneName | None = Field(
        None,
        description="of the plant's days and shifts, such as Europe/Berlin; unset: the reader's",
    )
    plant_day_start: ClockTime = Field("00:00", description="when the plant's day begins")
    shift_starts: ClockTimes = Field(
        "", description="when shifts begin, such as 06:00, 14:00, 22:00; empty: no shifts"
    )
    jobs_at_once: PositiveInt = Field(1, description="long jobs that run at the same time")
    job_stall_s: PositiveFloat = Field(
        120, description="a job that reports nothing for this long is shown as stalled"
    )
    max_image_bytes: PositiveInt = Field(64 * 2**20, description="largest file accepted")
    max_image_pixels: PositiveInt = Field(50_000_000, description="largest picture accepted")

    @property
    def records_path(self) -> Path:
        """Path of the DuckDB file.

        Raises:
            RecordsError: if DATABASE_URL names another kind of database.
        """
        if self.database_url is None:
            return self.data_dir / "records.duckdb"
        if not self.database_url.startswith(DUCKDB_SCHEME):
            raise RecordsError(
                f"DATABASE_URL must start with {DUCKDB_SCHEME} and name a file, "
                f"but is {self.database_url!r}. Correct it or leave it out."
            )
        return Path(self.database_url.removeprefix(DUCKDB_SCHEME))

    def plant_time(self, reader: tzinfo = UTC) -> PlantTime:
        """Return how the plant divides time; by the reader's clock if its own is not set."""
        return PlantTime(
            zone=time_zone(self.plant_time_zone) if self.plant_time_zone else reader,
            day_start=clock_time(self.plant_day_start),
            shift_starts=clock_times(self.shift_starts),
        )

    @property
    def files_dir(self) -> Path:
        """Folder of the pictures and maps, stored under their SHA-256."""
        return self.data_dir / "files"

    @property
    def chroma_dir(self) -> Path:
        """Folder of the knowledge index."""
        return self.data_dir / "chroma"

    @property
    def exemplars_dir(self) -> Path:
        """Folder of indexes that were built again; can be deleted at any time."""
        return self.data_dir / "exemplars"

    @property
    def exports_dir(self) -> Path:
        """Folder of exported files, which are kept for a while."""
        return self.data_dir / "exports"

    @property
    def documents_dir(self) -> Path:
        """Folder of the documents that were added to the knowledge."""
        return self.data_dir / "documents"

    @property
    def model_cache_dir(self) -> Path:
        """Folder of converted networks (OpenVINO IR); can be deleted at any time."""
        return self.model_cache or self.data_dir / "models"


@cache
def settings() -> Settings:
    """Read the settings of this process, once.

    Raises:
        SettingsError: if one has a value that it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(
            f"The setting {'.'.join(map(str, first['loc'])).upper()} cannot be "
            f"{first['input']!r}: {first['msg']}. Correct it in the environment or in .env."
        ) from error
