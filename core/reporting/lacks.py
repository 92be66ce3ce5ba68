"""What a report writer lacks to run here, as a code with its values."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.domain import Frozen


class LackKind(StrEnum):
    """Which thing is lacking."""

    KEY = "key"
    SERVER_URL = "server url"
    SERVER_MODEL = "server model"
    LIBRARY = "library"
    WEIGHTS = "weights"
    MEMORY = "memory"
    SHUT_DOWN = "shut down"


class Lack(Frozen):
    """One thing that keeps a writer from running here."""

    kind: LackKind
    names: tuple[str, ...] = Field(
        (),
        description="settings any of which will do, the command that fetches it, or the day of "
        "shutting down",
    )
    needed_gb: float | None = Field(None, description="of memory")
    free_gb: float | None = Field(None, description="of memory")

    def sentence(self) -> str:
        """Say it in English, without a full stop.

        Example:
            >>> Lack(kind=LackKind.KEY, names=("OPENAI_API_KEY",)).sentence()
            'API key (OPENAI_API_KEY)'
        """
        name = " or ".join(self.names)
        match self.kind:
            case LackKind.KEY:
                return f"API key ({name})"
            case LackKind.SERVER_URL:
                return f"URL of the server ({name})"
            case LackKind.SERVER_MODEL:
                return f"name of its model ({name})"
            case LackKind.LIBRARY:
                return f"library missing: {name}"
            case LackKind.WEIGHTS:
                return f"weights missing: {name}"
            case LackKind.MEMORY:
                return (
                    f"needs about {self.needed_gb:g} GB of memory, {self.free_gb:.1f} GB are free"
                )
            case LackKind.SHUT_DOWN:
                return f"shut down by its provider on {name}"
