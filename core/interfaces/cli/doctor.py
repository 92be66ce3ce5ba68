"""doctor: check whether the station can work, and what it lacks."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from core.domain.errors import RecordsError, RecordsInUseError
from core.infrastructure.settings import settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.services.health.condition import Health

MARKS = {"ok": "ok", "note": "note", "missing": "MISSING"}


def add_command(commands: _SubParsersAction) -> None:
    doctor = commands.add_parser("doctor", help="what this station has, and what it lacks")
    doctor.add_argument("--json", action="store_true", help="all of it, as JSON")
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    health = _health()
    if options.json:
        record = health.model_dump(mode="json") | {"is_well": health.is_well}
        print(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        _print(health)
    return 0 if health.is_well else 1


def _health() -> Health:
    from core.services.health import check_health
    from core.services.station import Station

    try:
        station = Station(settings())
    except RecordsInUseError as error:
        return check_health(settings(), None, in_use=str(error))
    except RecordsError as error:
        return check_health(settings(), None, broken=str(error))
    with station:
        return check_health(station.settings, station)


def _print(health: Health) -> None:
    print(f"Version {health.program_version}\n")
    for check in health.checks:
        print(f"{MARKS[check.status]:8} {check.name:14} {check.sentence}")
    print("\nDetectors")
    for one in health.detectors:
        print(
            f"  {one.product}: {one.problem or f'{one.algorithm} {one.version}. {one.false_alarm}'}"
        )
    print("\nWeights")
    for weights in health.weights:
        print(f"  {weights.name}: {'at hand' if weights.at_hand else 'not on this machine'}")
    can_run = [writer.key for writer in health.writers if not writer.missing]
    print(f"\nReport writers that can run: {', '.join(can_run)} (see `models` for the others).")
    about = "about " if health.files.is_estimate else ""
    print(
        f"Records: {health.records_bytes / 2**20:.1f} MiB, schema {health.schema_found or '?'} of "
        f"{health.schema_known}. Files: {about}{health.files.files}, "
        f"{about}{health.files.bytes / 2**20:.1f} MiB."
    )
    print(f"Jobs that run or wait: {len(health.jobs)}.")
    for job in health.jobs:
        print(f"  {job.id} {job.title}: {job.state.value}")
    for trouble in health.troubles:
        print(f"  {trouble.happened_at:%Y-%m-%d %H:%M} {trouble.kind}, {trouble.sentence}")
    versions = (f"{name} {version or 'missing'}" for name, version in health.versions.items())
    print(f"Versions of packages: {', '.join(versions)}.")
