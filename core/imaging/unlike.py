"""Whether a picture was taken as those were that a detector was taught with.

A measure is unlike those taught if it lies beyond the lowest or the highest of them by their spread
(from the tenth to the ninetieth percentile), by more where few were taught, and never by less than
a difference that matters. No label takes part in it. What varies among the pictures taught, such as
the pose of parts that lie in any direction, is therefore not unlike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from core.domain.conditions import Measure, TaughtConditions, TaughtRange, Unlike, Unlikeness
from core.imaging.conditions import POSE_SIDE, Measured

# Of 5 pictures the spread counts three times, of 100 hardly more than once.
FEW = 10
DIGITS_KEPT = 4


class _Scale(NamedTuple):
    """What it means to be below or above those taught, and how a value is told.

    Attributes:
        least: difference from the middle of those taught that is worth a word.
    """

    below: Unlikeness
    above: Unlikeness
    least: float
    told: Callable[[float], float]


def _grey_levels(value: float) -> float:
    return 2**value - 1


def _percent(value: float) -> float:
    return 100 * value


def _ratio(value: float) -> float:
    return 2**value


SCALES = {
    Measure.BRIGHTNESS: _Scale(Unlikeness.DARKER, Unlikeness.BRIGHTER, 0.2, _grey_levels),
    Measure.CONTRAST: _Scale(
        Unlikeness.LESS_CONTRAST, Unlikeness.MORE_CONTRAST, 0.35, _grey_levels
    ),
    Measure.RED_AGAINST_BLUE: _Scale(Unlikeness.BLUER, Unlikeness.REDDER, 0.015, _percent),
    Measure.GREEN_AGAINST_BOTH: _Scale(Unlikeness.LESS_GREEN, Unlikeness.GREENER, 0.015, _percent),
    Measure.SHARPNESS: _Scale(Unlikeness.BLURRED, Unlikeness.SHARPER, 0.25, _ratio),
}
LEAST_TURN = 0.15


def taught_conditions(pictures: Sequence[Measured]) -> TaughtConditions:
    """Sum up how pictures were taken that a detector is taught with, one at least."""
    poses = np.stack([picture.pose for picture in pictures])
    total = poses.sum(axis=0)
    # Each is compared with the others: itself it would be like in any case.
    others = total - poses if len(poses) > 1 else poses
    turns = [_turn(pose, usual) for pose, usual in zip(poses, others, strict=True)]
    values = _columns(pictures) | {Measure.TURN: [turned - as_is for as_is, turned in turns]}
    return TaughtConditions(
        pictures=len(pictures),
        ranges={
            name: TaughtRange(
                lowest=min(column),
                highest=max(column),
                spread=float(np.subtract(*np.percentile(column, (90, 10)))),
            )
            for name, column in values.items()
        },
        pose=_kept(total / len(pictures)),
    )


def extended(known: TaughtConditions, added: Sequence[Measured]) -> TaughtConditions:
    """Take further pictures into what is known; how much they usually differ stays as it was."""
    usual = _usual_pose(known)
    turns = [_turn(picture.pose, usual) for picture in added]
    values = _columns(added) | {Measure.TURN: [turned - as_is for as_is, turned in turns]}
    total = known.pictures + len(added)
    pose = usual * known.pictures + np.sum([picture.pose for picture in added], axis=0)
    return TaughtConditions(
        pictures=total,
        ranges={
            name: TaughtRange(
                lowest=min(taught.lowest, *values[name]),
                highest=max(taught.highest, *values[name]),
                spread=taught.spread,
            )
            for name, taught in known.ranges.items()
        },
        pose=_kept(pose / total),
    )


def unlike(
    taught: TaughtConditions, picture: Measured, *, of_taught_size: bool
) -> tuple[Unlike, ...]:
    """List in which ways a picture was taken unlike those taught.

    Args:
        taught: of the detector's card.
        picture: to be judged.
        of_taught_size: False: its detail cannot be compared.
    """
    found = {
        name: _unlike(taught, name, picture.values[name])
        for name in SCALES
        if (of_taught_size or name is not Measure.SHARPNESS)
        and _is_outside(taught, name, picture.values[name])
    }
    if Measure.BRIGHTNESS in found:
        found.pop(Measure.CONTRAST, None)  # it follows the light
    if Measure.RED_AGAINST_BLUE in found:
        found.pop(Measure.GREEN_AGAINST_BOTH, None)  # one word of colour is enough
    as_is, turned = _turn(picture.pose, _usual_pose(taught))
    if _is_turned(taught, turned - as_is):
        found[Measure.TURN] = Unlike(kind=Unlikeness.TURNED, measured=as_is, low=as_is, high=turned)
    return tuple(found.values())


def _unlike(taught: TaughtConditions, name: Measure, value: float) -> Unlike:
    scale, among = SCALES[name], taught.ranges[name]
    kind = scale.below if value < among.lowest else scale.above
    if name is Measure.RED_AGAINST_BLUE and not _is_outside(taught, name, -value):
        kind = Unlikeness.COLOURS_SWAPPED
    told = scale.told
    return Unlike(kind=kind, measured=told(value), low=told(among.lowest), high=told(among.highest))


def _is_outside(taught: TaughtConditions, name: Measure, value: float) -> bool:
    among, least = taught.ranges[name], SCALES[name].least
    margin, middle = _margin(taught, name), (among.lowest + among.highest) / 2
    low = min(among.lowest - margin, middle - least)
    high = max(among.highest + margin, middle + least)
    return not low <= value <= high


def _is_turned(taught: TaughtConditions, gain: float) -> bool:
    highest = taught.ranges[Measure.TURN].highest
    return gain > highest + max(_margin(taught, Measure.TURN), LEAST_TURN)


def _margin(taught: TaughtConditions, name: Measure) -> float:
    return taught.ranges[name].spread * (1 + FEW / taught.pictures)


def _turn(pose: np.ndarray, usual: np.ndarray) -> tuple[float, float]:
    """Return the likeness of a pose to the usual one: as it is, and after the best turn or flip."""
    usual = usual / max(float(np.linalg.norm(usual)), 1e-6)
    flipped = pose[:, ::-1]
    ways = [np.rot90(each, turns) for each in (pose, flipped) for turns in range(4)]
    as_is, *others = (float((way * usual).sum()) for way in ways)
    return as_is, max(others)


def _columns(pictures: Sequence[Measured]) -> dict[Measure, list[float]]:
    return {name: [each.values[name] for each in pictures] for name in pictures[0].values}


def _kept(pose: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS_KEPT) for value in pose.ravel())


def _usual_pose(taught: TaughtConditions) -> np.ndarray:
    return np.array(taught.pose, np.float32).reshape(POSE_SIDE, POSE_SIDE)
