"""Libraries that an inspecting station does without, missed in a sentence."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from contextlib import contextmanager

from core.domain.errors import LibraryError

# Modules by the extra of pyproject.toml that brings them.
TEACH = ("torch", "torchvision", "anomalib", "timm", "open_clip", "torchmetrics", "transformers")
EXTRAS = {
    **dict.fromkeys(TEACH, "teach"),
    **dict.fromkeys(("xllamacpp", "xgrammar", "bitsandbytes", "accelerate"), "local-models"),
    "playwright": "dev",
}


def not_installed(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some modules that are not installed; none is imported to find out."""
    return tuple(name for name in modules if importlib.util.find_spec(name) is None)


@contextmanager
def library_guard(what: str, otherwise: str = "Do it on a machine that has it") -> Generator[None]:
    """Turn the import of a library that is not installed into an error for the operator.

    Args:
        what: was done, to follow "It takes torch to".
        otherwise: what can be done instead of installing the library.

    Raises:
        LibraryError: if a module of `EXTRAS` was missing; other missing modules pass.

    Example:
        >>> with library_guard("train efficientad"):       # doctest: +SKIP
        ...     EfficientAd.fit(lesson, options)
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        raise LibraryError(
            f"It takes {library} to {what}, and it is not installed on this machine. {otherwise}, "
            f"or install it here: pip install -c requirements.txt '.[{EXTRAS[library]}]'"
        ) from error
