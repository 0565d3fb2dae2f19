"""Management by objectives: one score from the progress of agreed objectives."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.arrays import aligned, floats
from scoring.attainment import attainment
from scoring.errors import InvalidInput, NothingScored


def score(progress: Any, weights: Any) -> float:
    """The weighted mean of progress.

    progress  per objective, in any one unit (0-1 or 0-100): a sequence or a mapping by name; may exceed the
              full mark where over-achievement counts, and is not capped here
    weights   agreed weights in the same form; any scale
    returns   float in the unit of progress

    Formula   sum(w p) / sum(w)
    Missing   nan (withdrawn, or not due yet) leaves its weight to the others. Not started is 0, not nan.
    Errors    NothingScored when no objective with a weight has progress; InvalidInput for negative or
              all-zero weights, unequal lengths, different names.
    Source    Drucker 1954 (management by objectives); the mean of key results of OKR practice.
    """
    return weighted(progress, weights, "progress")


def progress(
    value: Any, target: Any, *, start: Any = np.nan, lower: Any = False, cap: float | None = None
) -> Any:
    """How much of the way to its target a key result has gone: 1.0 means that the target is reached.

    value, target  numbers or arrays that broadcast, in one unit
    start          where the way began; nan where there is no start and the value is measured against the target alone
    lower          True where less is better; with a start its place says so by itself
    cap            the most that over-achievement counts, None for no limit; nothing counts less than 0
    returns        float64 array

    Formula   with a start     (value - start) / (target - start)
              without a start  scoring.attainment.attainment of the value
    Missing   nan in value or target gives nan.
    Errors    InvalidInput where a start equals its target: there is no way to go.
    Source    the key results of OKR practice (Grove 1983; Doerr 2018).
    """
    values, goals, starts, less = np.broadcast_arrays(
        floats(value, "value"),
        floats(target, "target"),
        floats(start, "start"),
        np.asarray(lower, dtype=bool),
    )
    if (starts == goals).any():
        raise InvalidInput("target_is_start")
    with np.errstate(invalid="ignore", divide="ignore"):
        gone = (values - starts) / (goals - starts)
        alone = np.where(
            less,
            attainment(values, goals, direction="lower", floor=None),
            attainment(values, goals, direction="higher", floor=None),
        )
        ratio = np.maximum(np.where(np.isnan(starts), alone, gone), 0.0)
        return np.asarray(ratio if cap is None else np.minimum(ratio, cap), dtype=np.float64)


def weighted(values: Any, weights: Any, name: str) -> float:
    """The weighted mean of what is not missing; shared by the methods that give one float."""
    points, given = aligned(values, weights, (name, "weights"))
    if not np.isfinite(given).all():
        raise InvalidInput("not_finite", name="weights")
    if (given < 0).any():
        raise InvalidInput("negative", name="weights")
    if given.sum() == 0:
        raise InvalidInput("weights_zero")
    if np.isinf(points).any():
        raise InvalidInput("not_finite", name=name)
    counted = ~np.isnan(points) & (given > 0)
    if not counted.any():
        raise NothingScored()
    return float(given[counted] @ points[counted] / given[counted].sum())
