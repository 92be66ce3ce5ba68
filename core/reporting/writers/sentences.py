"""The sentences that tell an operator why a model gave no answer, and what to do."""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.failures import Failure, Kind
from core.reporting.writers.keys import key_variables


def sentence(failure: Failure, model: Model, base_url: str, attempts: int) -> str:
    """What happened and what to do; may still hold a key that the server repeated."""
    variable = " or ".join(key_variables(model))
    server = _server(model, base_url)
    status = "" if failure.status in {None, 200} else f" ({failure.status})"
    said = f" It says: {failure.words}" if failure.words else ""
    tries = f" {attempts} times" if attempts > 1 else ""
    match failure.kind:
        case Kind.KEY:
            return (
                f"{server} refused the key for {model.title}{status}: correct {variable} and "
                f"start again, or choose another writer.{said}"
            )
        case Kind.FORBIDDEN:
            return (
                f"{server} does not let this key use {model.title}{status}: ask for access, or "
                f"choose another writer.{said}"
            )
        case Kind.UNKNOWN:
            return (
                f"{server} knows no model {_name(model)}{status}: correct the model's name or the "
                f"server's address, or choose another writer.{said}"
            )
        case Kind.REQUEST:
            return (
                f"{server} did not take the request for {model.title}{status}: choose another "
                f"writer.{said}"
            )
        case Kind.QUOTA:
            return (
                f"The quota for {model.title} is used up{status}: look at the plan and the bill "
                f"of the key in {variable}, or choose another writer.{said}"
            )
        case Kind.BUSY:
            wait = (
                "in a minute"
                if failure.retry_after_s is None
                else f"in {math.ceil(failure.retry_after_s)} s"
            )
            return (
                f"{server} asked to send fewer requests to {model.title}{status}{tries}: write "
                f"again {wait}, or choose another writer.{said}"
            )
        case Kind.SERVER:
            return (
                f"{server} failed{tries} while {model.title} was asked{status}: write again "
                f"later, or choose another writer.{said}"
            )
        case Kind.NO_NAME:
            return (
                f"{server} was not found: check this machine's network and the address, or choose "
                f"a writer that runs on this machine.{said}"
            )
        case Kind.NO_SERVER:
            return (
                f"{server} could not be reached: check that it runs and that this machine's "
                f"network lets it through, or choose a writer that runs on this machine.{said}"
            )
        case Kind.CUT:
            return (
                f"{server} cut the connection before the answer of {model.title} was whole: write "
                "again, or choose another writer."
            )
        case Kind.UNREADABLE:
            return (
                f"What {server} answered for {model.title} could not be read: check that its "
                f"address speaks the provider's protocol, or choose another writer.{said}"
            )


def too_slow(model: Model, settings: Settings) -> str:
    """The time limit of an answer passed."""
    return (
        f"{model.title} gave no whole answer within {settings.llm_timeout_s:g} s: write again, "
        "raise LLM_TIMEOUT_S, or choose a faster writer."
    )


def stalled(model: Model, settings: Settings) -> str:
    """The time limit of a silence passed."""
    return (
        f"{model.title} fell silent for {settings.llm_stall_s:g} s in the middle of its answer: "
        "write again, raise LLM_STALL_S, or choose another writer."
    )


def _server(model: Model, base_url: str) -> str:
    """Who was asked: the host, without what else an address may hold, such as a password."""
    if not base_url:
        return f"The provider of {model.family}"
    parts = urlsplit(base_url)
    return f"The server at {parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _name(model: Model) -> str:
    return "OPENAI_COMPATIBLE_MODEL" if model.runs == "your server" else repr(model.model)
