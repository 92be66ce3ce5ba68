"""What a product has beside its versions: a folder, and a policy in it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from core.domain import Product
from core.domain.errors import CheckpointError
from core.domain.policy import Policy
from core.infrastructure.atomic_files import write_atomically
from core.infrastructure.settings import Settings

POLICY_FILE = "policy.json"


def product_folder(settings: Settings, product: Product) -> Path:
    """Name the folder of all versions of a product's detectors."""
    return settings.ad_checkpoint_dir / product.dataset / product.category


def read_policy(settings: Settings, product: Product) -> Policy:
    """Read the product's policy; the defaults where none was written.

    Raises:
        CheckpointError: if the file is damaged; teaching again would not mend it.
    """
    path = _policy_path(settings, product)
    if not path.exists():
        return Policy()
    try:
        return Policy.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CheckpointError(
            f"The policy {path} cannot be used ({_why(error)}). Correct or delete the file, or set "
            f"a value by `python -m core policy --product {product.key} --set NAME=VALUE`, which "
            "starts from the defaults and keeps the damaged file beside it."
        ) from error


def save_policy(settings: Settings, product: Product, policy: Policy) -> None:
    """Write the product's policy in a single step; it judges from the next picture on.

    Raises:
        CheckpointError: if it cannot be written.
    """
    path = _policy_path(settings, product)
    try:
        write_atomically(path, policy.model_dump_json(indent=2).encode())
    except OSError as error:
        raise CheckpointError(
            f"The policy could not be written to {path}: {error.strerror}. Free space or correct "
            "the folder's rights; the policy is what it was."
        ) from error


def set_aside_policy(settings: Settings, product: Product) -> Path:
    """Rename a damaged policy, so that a new one can be written without losing it.

    Raises:
        CheckpointError: if it cannot be renamed.
    """
    path = _policy_path(settings, product)
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise CheckpointError(
            f"The damaged policy {path} could not be renamed: {error.strerror}. Correct the "
            "folder's rights."
        ) from error
    return aside


def _policy_path(settings: Settings, product: Product) -> Path:
    return product_folder(settings, product) / POLICY_FILE


def _why(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or "unreadable"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
