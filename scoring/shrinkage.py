"""Estimates for small samples: each pulled towards the common mean by as much as its noise deserves."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from scoring.arrays import Floats, floats
from scoring.errors import InvalidInput, TooFewValues

MINIMUM = 4
# Below this, squares are the rounding of equal values and their quotients overflow.
_NOTHING = 1e-290


def empirical_bayes(values: Any, variances: Any) -> tuple[Floats, Floats]:
    """James-Stein estimates.

    values     shape (people,): one estimate each, for instance a mean or a rate
    variances  sampling variances of the values: shape (people,), or one number for all
    returns    (shrunken, weights), float64, shape (people,): shrunken = weight x value + (1 - weight) x grand
               mean. Weights lie in [0, 1]: 1 trusts the value, 0 says that the differences are no larger than
               noise makes them.

    Formula   with equal variances v: weight = 1 - (k - 3) v / sum((value - mean)^2), at least 0. In general
              weight = t / (t + v_i), where t >= 0, the variance between people, solves sum((value_i - m)^2 /
              (t + v_i)) = k - 3 and m is the mean weighted by 1 / (t + v_i); t = 0 when no t does. For equal
              variances the two are the same.
    Missing   nan in value or variance gives nan and is not counted.
    Errors    TooFewValues for fewer than four people (k - 3 must be positive), InvalidInput for negative
              variances and unequal lengths.
    Source    Efron and Morris, Scientific American 236 (1977) and JASA 70 (1975); Fay and Herriot, JASA 74
              (1979), for the equation with unequal variances, here with k - 3 for their k - 1.
    """
    observed = floats(values, "values", ndim=1)
    noise = floats(variances, "variances")
    if noise.shape not in ((), observed.shape):
        raise InvalidInput("shape", name="variances", found=str(noise.shape), expected=str(observed.shape))
    noise = np.broadcast_to(noise, observed.shape)
    if (noise < 0).any():
        raise InvalidInput("negative", name="variances")
    if np.isinf(observed).any() or np.isinf(noise).any():
        raise InvalidInput("not_finite", name="values")
    present = ~(np.isnan(observed) | np.isnan(noise))
    y, v = observed[present], noise[present]
    if len(y) < MINIMUM:
        raise TooFewValues(minimum=MINIMUM, found=len(y))
    between = _variance_between(y, v)
    spread = between + v
    # Exact values (variance 0) are kept as they are, even where nothing else varies between people.
    weight = np.divide(between, spread, out=np.ones_like(v), where=spread > 0)
    mean = _grand_mean(y, spread)
    shrunken, weights = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
    shrunken[present], weights[present] = mean + weight * (y - mean), weight
    return shrunken, weights


def _grand_mean(y: Floats, spread: Floats) -> float:
    exact = spread == 0
    if exact.any():
        return float(y[exact].mean())
    # Relative to the smallest, so that the weight of an almost exact value does not overflow.
    weight = spread.min() / spread
    return float((weight @ y) / weight.sum())


def _variance_between(y: Floats, v: Floats) -> float:
    def surplus(t: float) -> float:
        spread = t + v
        return float(((y - _grand_mean(y, spread)) ** 2 / spread).sum()) - (len(y) - 3)

    total = float(((y - y.mean()) ** 2).sum())
    if total < _NOTHING:
        return 0.0
    if np.ptp(v) == 0:
        return max(0.0, total / (len(y) - 3) - float(v[0]))
    # The surplus falls as t grows. At the lower end, as good as zero, it is positive unless noise explains
    # everything; at the upper end it is at most total / t - (k - 3) = 0.
    smallest = total * 1e-12
    largest = total / (len(y) - 3)
    if surplus(smallest) <= 0:
        return 0.0
    if surplus(largest) >= 0:
        # The noise is so small that rounding hides it.
        return largest
    return float(optimize.brentq(surplus, smallest, largest, xtol=total * 1e-15, rtol=1e-13))
