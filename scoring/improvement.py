"""Whether somebody lies below or above an absolute standard, and how far they have come towards a target."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.arrays import choice, floats
from scoring.errors import InvalidInput

DIRECTIONS = ("higher", "lower", "nearest")


def below_throughout(points: Any, standard: float) -> npt.NDArray[np.bool_]:
    """Shape (people, periods) -> (people,): below the standard in every period. A period without a value is none."""
    table = _table(points)
    return np.asarray((table < standard).all(axis=1))  # nan compares as false


def above_throughout(points: Any, standard: float) -> npt.NDArray[np.bool_]:
    """Shape (people, periods) -> (people,): at the standard or above it in every period."""
    return np.asarray((_table(points) >= standard).all(axis=1))


def _table(points: Any) -> npt.NDArray[np.float64]:
    table = floats(points, "points", ndim=2)
    if table.shape[1] == 0:
        raise InvalidInput("empty", name="points")
    return table


def is_met(value: float | None, target: float, direction: str, *, decimals: int = 6) -> bool:
    """Whether the value, rounded as people see it, has reached the target; nothing measured has not."""
    choice(direction, "direction", DIRECTIONS)
    if value is None or value != value:
        return False
    seen = round(value, decimals)
    if direction == "lower":
        return seen <= target
    return seen >= target if direction == "higher" else seen == round(target, decimals)


def way_made(start: float | None, value: float | None, target: float, direction: str) -> float | None:
    """Share of the way from the start to the target, 0 to 1; None where there is no start, no value or no way to go.

    (value - start) / (target - start); for "nearest" 1 - |value - target| / |start - target|.
    """
    choice(direction, "direction", DIRECTIONS)
    if start is None or value is None or start != start or value != value or start == target:
        return None
    if direction == "nearest":
        share = 1 - abs(value - target) / abs(start - target)
    else:
        share = (value - start) / (target - start)
    return min(1.0, max(0.0, share))
