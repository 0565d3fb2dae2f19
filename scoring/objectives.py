"""Management by objectives: one score from the progress of agreed objectives."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.arrays import aligned
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
