"""Whether chosen indicators tell people apart, and whether they say the same thing twice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scoring.arrays import floats
from scoring.errors import InvalidInput


class Repeat(NamedTuple):
    """Columns `first` and `second` go together: correlation r over n people who have both."""

    first: int
    second: int
    r: float
    n: int


def varies(values: Any) -> bool:
    """Whether at least two of the values differ; nan is no value."""
    found = floats(values, "values", ndim=1)
    found = found[~np.isnan(found)]
    return bool(len(found) > 1 and found.max() > found.min())


def repeats(values: Any, *, threshold: float = 0.9, minimum: int = 10) -> list[Repeat]:
    """Pairs of indicators that repeat each other, the closest first.

    values      shape (people, indicators), nan where somebody has none
    threshold   |r| from which a pair is named, 0-1
    minimum     people who must have both; of fewer nothing is said

    Formula   Pearson's r over the people who have both values. Its sign does not matter: of two indicators of which
              one is better when it rises and the other when it falls, r near -1 repeats just as well.
    Missing   pairwise: a person counts for the pairs of which both values are there.
    Errors    InvalidInput for a threshold outside 0-1 and for a minimum below 3.
    Source    Pearson 1895; a correlation of 0.9 or more as a sign of redundancy is the usual rule of item analysis.
    """
    if not 0 <= threshold <= 1:
        raise InvalidInput("correlation_threshold", found=threshold)
    if minimum < 3:
        raise InvalidInput("correlation_minimum", found=minimum)
    table = floats(values, "values", ndim=2)
    found = []
    for first in range(table.shape[1]):
        for second in range(first + 1, table.shape[1]):
            both = table[:, [first, second]]
            both = both[~np.isnan(both).any(axis=1)]
            if len(both) < minimum or not (varies(both[:, 0]) and varies(both[:, 1])):
                continue
            r = float(np.clip(np.corrcoef(both[:, 0], both[:, 1])[0, 1], -1.0, 1.0))
            if abs(r) >= threshold - 1e-12:
                found.append(Repeat(first, second, round(r, 6), len(both)))
    return sorted(found, key=lambda pair: -abs(pair.r))
