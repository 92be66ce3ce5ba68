"""Where the weights of local models lie, and what is missing for one to run here."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import threading
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import WriterError
from core.infrastructure.atomic_files import whole_file
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.lacks import Lack, LackKind
from core.reporting.writers.local import LOCAL_MODELS
from core.reporting.writers.memory import why_too_big

# Packages that run the weights of each provider, and that quantise them.
LIBRARIES = {"gguf": "xllamacpp", "transformers": "transformers"}
QUANTISER = "bitsandbytes"

_assembling = threading.Lock()


@dataclass(frozen=True)
class GgufFiles:
    """Files that llama.cpp loads.

    Attributes:
        model: weights of the language model.
        mmproj: weights of the picture encoder; None for a model that takes no pictures.
    """

    model: Path
    mmproj: Path | None


def missing_for(model: Model, settings: Settings) -> tuple[Lack, ...]:
    """Find what keeps a local model from running on this machine, without loading anything.

    Args:
        model: entry of the catalogue with provider "gguf" or "transformers".
        settings: LLM_WEIGHTS_DIR and DEVICE.

    Returns:
        What it lacks; empty when it can run.
    """
    needed = [LIBRARIES[model.provider], *([QUANTISER] if _is_quantised(model) else [])]
    absent = [library for library in needed if importlib.util.find_spec(library) is None]
    if absent:
        return (Lack(kind=LackKind.LIBRARY, names=(f"pip install {' '.join(absent)}",)),)
    weights = Lack(kind=LackKind.WEIGHTS, names=(fetching(model),))
    missing = () if has_weights(model, settings) else (weights,)
    too_big = why_too_big(model, settings, LOCAL_MODELS.held_gb())
    return (*missing, too_big) if too_big else missing


def has_weights(model: Model, settings: Settings) -> bool:
    """Tell whether every file of the weights is on this machine."""
    if model.package:
        return is_installed(model.package)
    if model.provider == "gguf":
        return all(_gguf_file(model, name, settings) for name in _gguf_names(model))
    return _snapshot(model, settings) is not None


def gguf_files(model: Model, settings: Settings) -> GgufFiles:
    """Find the files of a GGUF model: in its package, LLM_WEIGHTS_DIR, or the hub's cache.

    Raises:
        WriterError: if one is not on this machine; it says how to fetch it.
    """
    if model.package:
        if not is_installed(model.package):
            raise _no_weights(model)
        return GgufFiles(assemble(model.package, settings.model_cache_dir), None)
    found = [_gguf_file(model, name, settings) for name in _gguf_names(model)]
    if found[0] is None or None in found:
        raise _no_weights(model)
    return GgufFiles(found[0], found[1] if model.mmproj_file else None)


def safetensors_folder(model: Model, settings: Settings) -> Path:
    """Find the folder of a transformers model: in LLM_WEIGHTS_DIR, or in the hub's cache.

    Raises:
        WriterError: if a file is not on this machine; it says how to fetch it.
    """
    folder = _snapshot(model, settings)
    if folder is None:
        raise _no_weights(model)
    return folder


def fetching(model: Model) -> str:
    """Write the command that brings a model's weights to this machine."""
    if model.package:
        return f"pip install {model.package}"
    return " ".join(["hf download", model.model, *_gguf_names(model)])


def is_installed(package: str) -> bool:
    """Tell whether a package of weights is installed."""
    return importlib.util.find_spec(_module_name(package)) is not None


def assemble(package: str, folder: Path) -> Path:
    """Put the weights' file of a package together, once; it is checked on every call.

    Args:
        package: installed; its module tells MODEL_NAME and EXPECTED_SHA256 and can `assemble`.
        folder: of the file. A reader finds it whole or not at all, whoever else makes it.

    Raises:
        WriterError: if a part is missing or damaged, or the file cannot be written.
    """
    module = importlib.import_module(_module_name(package))
    target = folder / module.MODEL_NAME
    try:
        with _assembling:
            if not _is(target, module.EXPECTED_SHA256):
                with whole_file(target) as scratch:
                    module.assemble(scratch)
    except (OSError, ValueError, ImportError) as error:
        raise WriterError(
            f"The weights of the package {package} cannot be put together in {folder}: {error}. "
            f"Free space, or install it anew: pip install --force-reinstall {package}"
        ) from error
    return target


def _no_weights(model: Model) -> WriterError:
    where = "." if model.package else ", or set LLM_WEIGHTS_DIR to the folder that holds them."
    return WriterError(
        f"The weights of {model.title} are not on this machine, and are never fetched unasked. "
        f"Fetch them with `{fetching(model)}`{where}"
    )


def _is_quantised(model: Model) -> bool:
    return model.provider == "transformers" and bool(model.quantisation)


def _gguf_names(model: Model) -> list[str]:
    return [name for name in (model.gguf_file, model.mmproj_file) if name]


def _gguf_file(model: Model, name: str, settings: Settings) -> Path | None:
    """Find a GGUF file in LLM_WEIGHTS_DIR, its repository's folder there, or the hub's cache."""
    root = settings.llm_weights_dir
    own = [] if root is None else [root / name, root / _folder_name(model) / name]
    return next((path for path in own if path.is_file()), None) or _cached(model, name)


def _snapshot(model: Model, settings: Settings) -> Path | None:
    root = settings.llm_weights_dir
    if root is not None and _is_whole(root / _folder_name(model)):
        return root / _folder_name(model)
    config = _cached(model, "config.json")
    return config.parent if config is not None and _is_whole(config.parent) else None


def _is_whole(folder: Path) -> bool:
    """Tell whether the configuration and every shard of safetensors are there."""
    index = folder / "model.safetensors.index.json"
    shards = {"model.safetensors"}
    if index.is_file():
        shards = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    return all((folder / name).is_file() for name in ("config.json", *shards))


def _folder_name(model: Model) -> str:
    return model.model.rpartition("/")[2]


def _cached(model: Model, name: str) -> Path | None:
    """Find a file in the hub's cache; nothing is fetched."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model.model, name)
    return Path(found) if isinstance(found, str) else None


def _module_name(package: str) -> str:
    return package.replace("-", "_")


def _is(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
