"""How one rater uses a scale: spread over the levels, halo across items, weight of the recent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scoring.arrays import Floats, floats
from scoring.errors import InvalidInput

FEWEST_PEOPLE = 3


def level_counts(levels: Any, offered: Sequence[float]) -> list[int]:
    """How often each level of the scale was given.

    levels    any shape; nan where none was given
    offered   the levels of the scale, ascending
    returns   one count per offered level; a level that the scale does not have is not counted
    """
    given = floats(levels, "levels").ravel()
    return [int(np.isclose(given, level, rtol=0, atol=1e-9).sum()) for level in offered]


def halo(levels: Any) -> tuple[float, float]:
    """(share of people with the same level in every item, mean spread within a person).

    levels    shape (people, items), nan where none was given
    returns   the share, 0 to 1; the mean over people of the standard deviation (population) across their items

    Formula   of the people with at least two levels: share of those whose levels are all equal; mean of sd over items.
    Missing   whoever has fewer than two levels is left out; under 3 people, or under two items, (nan, nan).
    Source    Saal, F. E., Downey, R. G. & Lahey, M. A. (1980). Rating the ratings. Psychological Bulletin 88: a small
              spread within people, across items, is the sign of halo.
    """
    table = floats(levels, "levels", ndim=2)
    several = table[(~np.isnan(table)).sum(axis=1) >= 2]
    if table.shape[1] < 2 or len(several) < FEWEST_PEOPLE:
        return float("nan"), float("nan")
    spread = np.nanstd(several, axis=1)
    return float((spread < 1e-9).mean()), float(spread.mean())


def recency(scores: Any, late: Any, early: Any) -> tuple[float, float]:
    """How closely scores follow what was noted late in the period, and what was noted before: two rank correlations.

    scores    shape (people,), the rater's mean level of each person; nan: not scored
    late      shape (people,), good minus bad incidents of the last third of the period
    early     shape (people,), those of the two thirds before
    returns   (correlation with late, correlation with early), Spearman; nan where one side does not vary

    Missing   people without a score, and those of whom nothing was noted, are left out; under 3 of them (nan, nan).
    Errors    InvalidInput for shapes that differ.
    Source    Steiner, D. D. & Rain, J. S. (1989). Immediate and delayed primacy and recency effects in performance
              evaluation. Journal of Applied Psychology 74. The comparison is this product's own.
    """
    given, last, before = (
        floats(values, name, ndim=1)
        for values, name in ((scores, "scores"), (late, "late"), (early, "early"))
    )
    if not len(given) == len(last) == len(before):
        raise InvalidInput("shape", name="late", found=str(len(last)), expected=str(len(given)))
    kept = ~np.isnan(given) & ((last != 0) | (before != 0))
    if kept.sum() < FEWEST_PEOPLE:
        return float("nan"), float("nan")
    return _spearman(given[kept], last[kept]), _spearman(given[kept], before[kept])


def _spearman(left: Floats, right: Floats) -> float:
    """Correlation of mid-ranks; nan where one side is constant."""
    ranks = [_mid_ranks(values) for values in (left, right)]
    if any(np.ptp(each) == 0 for each in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _mid_ranks(values: Floats) -> Floats:
    _sorted, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[place], dtype=np.float64)
