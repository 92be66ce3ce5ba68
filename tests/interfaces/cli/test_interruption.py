"""Teaching that a signal ends, in a process of its own: the version that was active still is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.detection.checkpoints import active_version, product_folder
from core.domain import Product
from core.imaging.picture_files import demo_normals
from core.infrastructure.settings import Settings
from core.services.station import Station
from core.services.teaching import teach

REPOSITORY = Path(__file__).parents[3]
PRODUCT = Product(dataset="Plant", category="cell")
# The process sends the signal to itself, so that it arrives at the step that is meant: from the
# progress of training, or as the operating system is asked to open a file of the version.
PROGRAM = """
import os, sys
from core.domain import Product
from core.infrastructure.settings import Settings
from core.imaging.picture_files import demo_normals
from core.services.teaching import teach
from core.services.station import Station

moment, number = sys.argv[1], int(sys.argv[2])

def on_progress(step, share):
    if step == moment:
        os.kill(os.getpid(), number)

def on_event(event, arguments):
    path = str(arguments[0]) if event == "open" else ""
    if "/.writing-" in path and path.endswith(f"/{moment}"):
        os.kill(os.getpid(), number)

sys.addaudithook(on_event)
with Station(Settings()) as station:
    product = Product(dataset="Plant", category="cell")
    teach(station, product, demo_normals()[8:16], on_progress=on_progress)
"""


def heed_interrupts() -> None:
    """A shell that starts the tests in the background lets its children ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda kind: kind.name)
@pytest.mark.parametrize("moment", ["Build the memory bank", "card.json"])
def test_a_signal_leaves_the_active_version(
    station_settings: Settings, moment: str, number: signal.Signals
) -> None:
    with Station(station_settings) as station:
        card = teach(station, PRODUCT, demo_normals()[:8])
    places = {
        "DATA_DIR": str(station_settings.data_dir),
        "AD_CHECKPOINT_DIR": str(station_settings.ad_checkpoint_dir),
        "MODEL_CACHE": str(station_settings.model_cache),
    }

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, moment, str(int(number))],
        cwd=REPOSITORY,
        env=os.environ | places,
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=heed_interrupts,
    )

    assert done.returncode == -number, done.stderr
    assert active_version(station_settings, PRODUCT).version == card.detector.version
    with Station(station_settings) as station:
        assert station.taught(PRODUCT).card == card
    if number is signal.SIGINT:
        left = product_folder(station_settings, PRODUCT).rglob(".*")
        assert not list(left), "nothing half-written stays behind"
