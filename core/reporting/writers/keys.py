"""API keys: where each provider's is looked for, and that none of them is ever shown."""

from __future__ import annotations

from pydantic import SecretStr

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model

# A message that asks for a key names the first variable first.
KEY_VARIABLES = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
}
OWN_SERVER_KEY_VARIABLES = ("OPENAI_COMPATIBLE_API_KEY",)
# Sent to an own server that asks for no key: the SDK insists on one.
NO_KEY = SecretStr("none")


def key_variables(model: Model) -> tuple[str, ...]:
    """Name the variables that may hold a model's key; empty: it needs none."""
    if model.is_own_server:
        return OWN_SERVER_KEY_VARIABLES
    return KEY_VARIABLES.get(model.provider, ())


def find_key(model: Model, settings: Settings) -> SecretStr | None:
    """Find a model's key; None where none is set. An empty variable is not set."""
    for variable in key_variables(model):
        key: SecretStr | None = getattr(settings, variable.lower())
        if key is not None and key.get_secret_value().strip():
            return SecretStr(key.get_secret_value().strip())
    return None


def require_key(model: Model, settings: Settings) -> SecretStr:
    """Find a model's key, or refuse.

    Raises:
        WriterError: if a provider's key is not set.
    """
    key = find_key(model, settings)
    if key is not None:
        return key
    if model.is_own_server:
        return NO_KEY
    raise WriterError(
        f"{model.title} needs an API key: set {' or '.join(key_variables(model))} in the "
        "environment, in .env or in Streamlit's secrets, and start again; or choose another writer."
    )


def scrubbed(text: str, settings: Settings) -> str:
    """Blot out every key of the settings in a text.

    A server may repeat the key that it was sent in its error message.
    """
    variables = [name for names in KEY_VARIABLES.values() for name in names]
    for variable in (*variables, *OWN_SERVER_KEY_VARIABLES):
        key: SecretStr | None = getattr(settings, variable.lower())
        if key is not None and key.get_secret_value().strip():
            text = text.replace(key.get_secret_value().strip(), "[key]")
    return text
