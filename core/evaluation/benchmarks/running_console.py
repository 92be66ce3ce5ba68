"""Run the real console in a process of its own, reachable from this machine only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.domain.errors import EvaluationError
from core.infrastructure.settings import DUCKDB_SCHEME, Settings

REPOSITORY = Path(__file__).parents[3]
STARTS_WITHIN_S = 120
ENDS_WITHIN_S = 30


@contextmanager
def running_console(settings: Settings, **variables: str) -> Generator[str]:
    """Run `streamlit run app.py` with these folders; its reports are written offline, in English.

    No part that passes is drawn for an audit, unless a further setting says so.

    What the console says goes to `console.log` in the data folder.

    Args:
        settings: of a station that no other process works with; only its folders are taken.
        variables: further settings of the console, as its environment names them.

    Yields:
        The console's address.

    Raises:
        EvaluationError: if the console does not start.
    """
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log_path = settings.data_dir / "console.log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=_environment(settings) | variables, stdout=log, stderr=log
        )
        try:
            _wait_for(f"{address}/api/health", process, log_path)
            yield address
        finally:
            process.terminate()
            process.wait(ENDS_WITHIN_S)


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": f"{DUCKDB_SCHEME}{settings.records_path}",
        "AD_CHECKPOINT_DIR": str(settings.ad_checkpoint_dir),
        "MODEL_CACHE": str(settings.model_cache_dir),
        "LLM_MODEL": "offline",
        "CONSOLE_LANGUAGE": "en",
        "AUDIT_SHARE": "0",
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait_for(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    latest = time.monotonic() + STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < latest:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    output = log_path.read_text("utf-8", errors="replace").strip().splitlines()
    raise EvaluationError(
        f"The console did not start within {STARTS_WITHIN_S} s"
        + (f"; its last output was: {output[-1]}" if output else ".")
    )
