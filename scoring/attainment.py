"""How far an actual value meets its target, and points by preset bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from scoring.arrays import band_index, choice, floats, half_open, like_input
from scoring.errors import InvalidInput

DIRECTIONS = ("higher", "lower", "nearest")


def attainment(
    actual: Any,
    target: Any,
    *,
    direction: str = "higher",
    floor: float | None = 0.0,
    cap: float | None = None,
) -> Any:
    """Attainment as a ratio: 1.0 means that the target is met exactly.

    actual, target   numbers or arrays that broadcast, in one unit
    direction        "higher", "lower" (less is better) or "nearest" (any deviation counts against)
    floor, cap       limits of the answer, applied last; None for no limit
    returns          a float for two numbers, otherwise a float64 array

    Formula   higher    1 + (actual - target) / |target|     = actual / target for a positive target
              lower     1 - (actual - target) / |target|     = 2 - actual / target for a positive target
              nearest   1 - |actual - target| / |target|
              With a target of zero no ratio exists; the answer is 1 when it is met (higher: actual >= 0,
              lower: actual <= 0, nearest: actual = 0) and otherwise 0, both before floor and cap.
    Why       "lower" is the linear form: an actual of zero is an attainment of 2, not infinity, a deviation
              costs or earns the same on either side, and twice the target is 0. The inverse ratio target /
              actual, also met in practice, has none of the three.
    Missing   nan in either gives nan.
    Errors    InvalidInput for an unknown direction or a floor above the cap.
    Source    the "achievement", "reduction" and "absolute" target types of SAP Strategy Management (letter
              grade scoring), with the zero-target rule of CAMMS interplan ("less is better").
    """
    choice(direction, "direction", DIRECTIONS)
    if floor is not None and cap is not None and floor > cap:
        raise InvalidInput("floor_above_cap", floor=floor, cap=cap)
    value, goal = floats(actual, "actual"), floats(target, "target")
    better = {"higher": value - goal, "lower": goal - value, "nearest": -np.abs(value - goal)}[direction]
    with np.errstate(all="ignore"):
        ratio = 1.0 + better / np.abs(goal)
        # For the common case the plain quotient is exact where the sum above loses the last digit.
        if direction == "higher":
            ratio = np.where(goal > 0, value / goal, ratio)
    ratio = np.where(goal == 0, np.where(np.isnan(better), np.nan, (better >= 0) * 1.0), ratio)
    # A cap first and a floor last would differ only for floor > cap, which is refused above.
    if floor is not None:
        ratio = np.maximum(ratio, floor)
    if cap is not None:
        ratio = np.minimum(ratio, cap)
    return like_input(np.asarray(ratio, dtype=np.float64), actual, target)


def band_score(value: Any, bands: Sequence[tuple[float, float]], *, below: float = 0.0) -> Any:
    """The score of the preset band that holds each value.

    value    a number or an array
    bands    [(from, score)], ascending in `from`; a band reaches from its edge up to, but not including, the
             next edge, and the last has no upper end. -inf is allowed as the first edge.
    below    the score under the first edge: 0 unless told otherwise. It is not nan, because a missing
             component can be left out of the overall score, and falling short of every standard must not be
             an advantage.
    returns  a float for a number, otherwise a float64 array

    Missing   nan gives nan.
    Errors    BandsError when the edges do not ascend, InvalidInput for no bands or texts.
    Source    the standard-based (absolute) rating of personnel appraisal.
    """
    edges = half_open(bands)
    scores = floats([band[1] for band in bands], "bands", ndim=1)
    values = floats(value, "value")
    result = np.append(scores, below)[band_index(values, edges)]
    result = np.where(np.isnan(values), np.nan, result)
    return like_input(np.asarray(result, dtype=np.float64), value)


def band_error(
    value: Any, standard_error: Any, bands: Sequence[tuple[float, float]], *, below: float = 0.0
) -> Any:
    """Standard error of the points that bands give to an estimated value.

    value, standard_error   numbers or arrays that broadcast, in one unit; errors not negative
    bands, below            as for `band_score`
    returns                 a float for two numbers, otherwise a float64 array

    Formula   With P(k) the probability that a normal variable of this mean and standard error lies in band k, and
              p(k) that band's points:  m = sum P(k) p(k),  error = sqrt(sum P(k) (p(k) - m)^2).
              Far from every edge it is 0, on an edge between two bands half their distance in points.
    Missing   nan in either gives nan: without a standard error nothing is known. An error of 0 gives 0.
    Errors    BandsError when the edges do not ascend, InvalidInput for no bands, texts or a negative error.
    Source    the standard deviation of a discrete random variable; the normal law of the estimate as in
              JCGM 100:2008, 4.3 and G.2.
    """
    edges = half_open(bands)
    points = np.append(below, floats([band[1] for band in bands], "bands", ndim=1))
    values, errors = np.broadcast_arrays(floats(value, "value"), floats(standard_error, "standard_error"))
    if (errors < 0).any():
        raise InvalidInput("negative", name="standard_error")
    with np.errstate(invalid="ignore", divide="ignore"):
        # P(X < edge); the edge itself belongs to the band above, which has no weight in a continuous law.
        under = [
            np.where(errors > 0, ndtr((edge - values) / errors), (values < edge) * 1.0) for edge in edges
        ]
    lower = [np.zeros(values.shape), *under]
    upper = [*under, np.ones(values.shape)]
    shares = [np.maximum(high - low, 0.0) for low, high in zip(lower, upper, strict=True)]
    mean = np.zeros(values.shape)
    for share, score in zip(shares, points, strict=True):
        mean = mean + share * score
    spread = np.zeros(values.shape)
    for share, score in zip(shares, points, strict=True):
        away = score - mean
        spread = spread + share * (away * away)  # not **: for one number that is another operation
    result = np.where(np.isnan(values) | np.isnan(errors), np.nan, np.sqrt(spread))
    return like_input(np.asarray(result, dtype=np.float64), value, standard_error)
