"""Ranks, percentiles, and how certain a rank is."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from scoring.arrays import Floats, Ints, choice, floats, level_of_confidence
from scoring.errors import InvalidInput

_TIES = {"min": "min", "max": "max", "mean": "average"}
# Rows of the pairwise comparison held in memory at once: 512 x 20,000 people are 80 MB.
_BLOCK = 512


def rank(scores: Any, *, ties: str = "min", descending: bool = True) -> Floats:
    """Ranks from 1.

    scores      shape (people,); equal scores are ties
    ties        "min": all get the best of their places (1, 2, 2, 4); "max": the worst (1, 3, 3, 4); "mean":
                the middle
    descending  True: the highest score has rank 1
    returns     float64, shape (people,): "mean" has halves, and nan must fit

    Missing   nan has no rank (nan) and counts for nobody else's.
    Errors    InvalidInput for an unknown rule of ties or more than one axis.
    Source    the competition, modified competition and fractional rankings; published cases of R-CS-ranks.
    """
    choice(ties, "ties", tuple(_TIES))
    values = floats(scores, "scores", ndim=1)
    present = ~np.isnan(values)
    result = np.full(values.shape, np.nan)
    ordered = -values[present] if descending else values[present]
    result[present] = stats.rankdata(ordered, method=_TIES[ties])
    return result


def percentile(scores: Any) -> Floats:
    """Percentile rank between 0 and 1: the share strictly below plus half the share equal, oneself included.

    scores   shape (people,)
    returns  float64, shape (people,); their mean is always 1/2

    Missing   nan has none (nan) and is not counted.
    Source    the mid-point percentile rank of educational measurement, PR = (below + equal / 2) / n.
    """
    values = floats(scores, "scores", ndim=1)
    count = int((~np.isnan(values)).sum())
    middle = rank(values, ties="mean", descending=False)
    return (middle - 0.5) / count if count else middle


def rank_interval(scores: Any, standard_errors: Any, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Between which ranks each person may lie, given the uncertainty of all scores (highest score = rank 1).

    scores, standard_errors   shape (people,), errors of independent estimates
    level                     confidence for one person's interval
    returns                   (low, high), float64, shape (people,), ends included

    Formula   j is told apart from i when |s_j - s_i| > z sqrt(e_i^2 + e_j^2), z the normal quantile at 1 - (1
              - level) / (2 (n - 1)), since each person is compared with n - 1 others (Bonferroni). low = 1 +
              number told apart above, high = n - number told apart below. With errors of zero this is (min
              rank, max rank).
    Missing   a nan score has no interval and counts for nobody; a nan error tells nobody apart.
    Errors    InvalidInput for negative errors, unequal lengths, a level outside (0, 1).
    Cost      n^2 / 2 comparisons in blocks; 20,000 people take a few seconds.
    Source    Mogstad, Romano, Shaikh and Wilhelm, "Inference for ranks with applications to mobility across
              neighbourhoods and academic achievement across countries", Review of Economic Studies 91 (2024),
              marginal confidence sets; a Bonferroni quantile here instead of their bootstrap, which is wider
              but needs no draws.
    """
    level_of_confidence(level)
    values = floats(scores, "scores", ndim=1)
    errors = floats(standard_errors, "standard_errors", ndim=1)
    if errors.shape != values.shape:
        raise InvalidInput(
            "shape", name="standard_errors", found=str(errors.shape), expected=str(values.shape)
        )
    if (errors < 0).any():
        raise InvalidInput("negative", name="standard_errors")
    present = ~np.isnan(values)
    s = values[present]
    variance = np.where(np.isnan(errors), np.inf, errors)[present] ** 2
    n = len(s)
    low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    if n == 0:
        return low, high
    z = float(stats.norm.ppf(1.0 - (1.0 - level) / (2.0 * max(n - 1, 1))))
    above, below = np.zeros(n), np.zeros(n)
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        difference = s[None, :] - s[block, None]
        needed = z * np.sqrt(variance[None, :] + variance[block, None])
        above[block] = (difference > needed).sum(axis=1)
        below[block] = (-difference > needed).sum(axis=1)
    low[present], high[present] = 1.0 + above, n - below
    return low, high


# What `against_mean` answers, best first; the words are the interface's.
WORDS = ("significantly_above", "above", "about", "below", "significantly_below")
SIGNIFICANTLY_ABOVE, ABOVE, ABOUT, BELOW, SIGNIFICANTLY_BELOW = 2, 1, 0, -1, -2


def mean_error(standard_errors: Any) -> float:
    """Standard error of the mean of independent estimates: sqrt(sum e^2) / n.

    standard_errors  shape (people,); nan for unknown: it counts as the root mean square of the known ones
    returns          nan when no error is known

    Source    propagation of uncertainty (JCGM 100:2008, 5.1.2).
    """
    errors = floats(standard_errors, "standard_errors", ndim=1)
    known = errors[~np.isnan(errors)]
    if (known < 0).any():
        raise InvalidInput("negative", name="standard_errors")
    if not len(known):
        return float("nan")
    return float(np.sqrt((known**2).mean() / len(errors)))


def against_mean(
    scores: Any,
    standard_errors: Any,
    percentiles: Any,
    *,
    mean: Any,
    error_of_mean: Any,
    size: Any,
    level: float = 0.95,
) -> Ints:
    """In five words where each person lies against the mean of the cohort: 2 significantly above, 1 above, 0 about
    average, -1 below, -2 significantly below.

    scores, standard_errors, percentiles   shape (people,); nan error: unknown
    mean, error_of_mean, size              of the cohort, oneself included: numbers, or shape (people,)
    level                                  confidence of the whole statement

    Formula   d = s - mean, variance of d = e^2 (1 - 2 / n) + (error of the mean)^2, since the mean holds the person's
              own score as one part in n. |d| above z(1 - (1 - level) / 2n) times its error is significant:
              Bonferroni over the n people of the cohort, so that with probability `level` nobody of an even cohort is
              called so. |d| above z(1 - (1 - level) / 2), the test of one person alone, is above or below.
    Unknown   without an error of one's own nothing can be tested: the upper third of the cohort by percentile is above,
              the lower third below, and nobody is significantly either.
    Missing   a nan score is 0; do not show it.
    Errors    InvalidInput for negative errors, unequal lengths, a level outside (0, 1).
    Source    the analysis of means (Nelson, Wludyka and Copeland, 2005) with Bonferroni limits.
    """
    level_of_confidence(level)
    values = floats(scores, "scores", ndim=1)
    errors = floats(standard_errors, "standard_errors", ndim=1)
    places = floats(percentiles, "percentiles", ndim=1)
    for name, each in (("standard_errors", errors), ("percentiles", places)):
        if each.shape != values.shape:
            raise InvalidInput("shape", name=name, found=str(each.shape), expected=str(values.shape))
    if (errors < 0).any():
        raise InvalidInput("negative", name="standard_errors")
    n = np.maximum(np.broadcast_to(floats(size, "size"), values.shape), 1.0)
    difference = values - np.broadcast_to(floats(mean, "mean"), values.shape)
    of_mean = np.nan_to_num(np.broadcast_to(floats(error_of_mean, "error_of_mean"), values.shape))
    spread = np.sqrt(np.maximum(errors**2 * (1.0 - 2.0 / n) + of_mean**2, 0.0))
    one, all_ = stats.norm.ppf(1.0 - (1.0 - level) / 2.0), stats.norm.ppf(1.0 - (1.0 - level) / (2.0 * n))
    steps = (np.abs(difference) > one * spread).astype(np.int64) + (np.abs(difference) > all_ * spread)
    tested = np.sign(difference) * steps
    by_thirds = np.where(places > 2.0 / 3.0, ABOVE, np.where(places < 1.0 / 3.0, BELOW, ABOUT))
    found = np.where(np.isnan(errors), by_thirds, np.nan_to_num(tested))
    return np.where(np.isnan(values), ABOUT, found).astype(np.int64)
