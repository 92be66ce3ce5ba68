"""What every noun is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable model that rejects unknown fields, and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def percent(share: float, digits: int = 10) -> str:
    """A share in percent, with as many digits as it needs up to a number.

    Example:
        >>> percent(0.05), percent(0.9999), percent(0.046417, 3)
        ('5%', '99.99%', '4.64%')
    """
    return f"{100 * share:.{digits}g}%"
