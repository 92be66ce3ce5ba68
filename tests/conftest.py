"""What several tests share: a station in a temporary folder, real pictures, a taught product."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from core.domain import Product
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile, demo_examples, demo_normals
from core.infrastructure.settings import Settings
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.shared_station import open_station

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def knowledge_index(
    model_cache: Path, made_once: Callable[[str, Callable[[Path], object]], Path]
) -> Path:
    """The index of the knowledge that ships: to embed it takes longer than most tests."""

    def make(root: Path) -> None:
        with open_station(Settings(data_dir=root, model_cache=model_cache)) as station:
            station.knowledge.refresh()

    return Settings(data_dir=made_once("knowledge", make)).chroma_dir


@pytest.fixture
def empty_settings(tmp_path: Path, model_cache: Path) -> Settings:
    """Settings of a station whose data folder does not exist yet; nothing is drawn for an audit."""
    return Settings(
        data_dir=tmp_path / "data",
        ad_checkpoint_dir=tmp_path / "checkpoints",
        model_cache=model_cache,
        audit_share=0,
    )


@pytest.fixture
def station_settings(empty_settings: Settings, knowledge_index: Path) -> Settings:
    """The same of a station that has nothing on record, but its knowledge indexed."""
    shutil.copytree(knowledge_index, empty_settings.chroma_dir)
    return empty_settings


@pytest.fixture
def station(station_settings: Settings) -> Generator[Station]:
    """An open station with nothing on record yet."""
    with open_station(station_settings) as station:
        yield station


@pytest.fixture(scope="session")
def demo_station(
    tmp_path_factory: pytest.TempPathFactory,
    model_cache: Path,
    knowledge_index: Path,
    made_once: Callable[[str, Callable[[Path], object]], Path],
) -> Generator[Station]:
    """A station whose demo product was taught; shared by a worker's tests, which only add to it."""

    def settings(root: Path) -> Settings:
        return Settings(
            data_dir=root / "data",
            ad_checkpoint_dir=root / "checkpoints",
            model_cache=model_cache,
            audit_share=0,
        )

    def make(root: Path) -> None:
        with open_station(settings(root)) as station:
            teach(station, Product.from_key(DEMO_PRODUCT_KEY), demo_normals())

    # One process owns the records: each worker has a copy of its own.
    own = shutil.copytree(made_once("demo", make), tmp_path_factory.mktemp("demo") / "own")
    shutil.copytree(knowledge_index, settings(own).chroma_dir, dirs_exist_ok=True)
    with open_station(settings(own)) as station:
        yield station


@pytest.fixture(scope="session")
def demo_product() -> Product:
    """The demo product."""
    return Product.from_key(DEMO_PRODUCT_KEY)


@pytest.fixture(scope="session")
def defective_cells() -> list[PictureFile]:
    """Real defective solar cells; the first one's fault is plain to see."""
    return sorted(demo_examples(), key=lambda cell: cell.filename != "cell0010.png")


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Folder of a set of real inspection images; skips where they are not at hand."""
    root = Path(os.environ.get("INSPECTION_DATA", REPOSITORY.parent / "shared" / "data"))

    def folder(name: str) -> Path:
        path = root / name
        if not path.is_dir():
            pytest.skip(f"no real images at {path} (set INSPECTION_DATA to their folder)")
        return path

    return folder
