"""The overall score from component scores, its uncertainty, and points from attainment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.arrays import Floats, choice, floats, like_input, non_negative
from scoring.errors import InvalidInput

MISSING = ("renormalise", "zero", "hold_back")
UNKNOWN = ("propagate", "exact")
# Scores are rounded to this many decimals where they are stored; rank, rating and money use the stored value.
DECIMALS = 6


def stored(values: Any) -> Floats:
    """Scores as they are kept: rounded to 6 decimals, never minus zero, nan for none."""
    return np.round(floats(values, "values"), DECIMALS) + 0.0


def score_from_attainment(attainment: Any, *, at_target: float = 100.0, maximum: float | None = None) -> Any:
    """Points at target scale: an attainment of 1.0 is 100 points, 0.8 is 80, 1.2 is 120.

    attainment   a number or an array of ratios
    at_target    points for meeting the target
    maximum      the most a component gives, or None where over-achievement counts in full
    Missing      nan gives nan.
    """
    points = floats(attainment, "attainment") * at_target
    if maximum is not None:
        points = np.minimum(points, maximum)
    return like_input(points, attainment)


def effective_weights(scores: Any, weights: Any, *, missing: str = "renormalise") -> Floats:
    """What share each component has in each person's overall score.

    scores   shape (people, components), nan for missing
    weights  shape (components,), or (people, components) where people have weights of their own; any scale
    returns  float64, shape (people, components). Rows add up to 1; a row without an overall score is all nan.
    """
    choice(missing, "missing", MISSING)
    values = floats(scores, "scores", ndim=2)
    given = non_negative(weights, "weights")
    if given.shape not in (values.shape, values.shape[1:]):
        raise InvalidInput("shape", name="weights", found=str(given.shape), expected=str(values.shape[1:]))
    given = np.broadcast_to(given, values.shape)
    if values.size and (given.sum(axis=1) == 0).any():
        raise InvalidInput("weights_zero")
    absent = np.isnan(values)
    if missing == "renormalise":
        given = np.where(absent, 0.0, given)
    total = given.sum(axis=1, keepdims=True)
    if missing == "hold_back":
        held = (absent & (given > 0)).any(axis=1, keepdims=True)
        total = np.where(held, np.nan, total)
    with np.errstate(invalid="ignore"):
        return np.asarray(given / np.where(total == 0, np.nan, total), dtype=np.float64)


def weighted_mean(scores: Any, weights: Any, *, missing: str = "renormalise") -> Any:
    """The overall score of each person.

    scores   shape (people, components), or (components,) for one person; nan for a component without a score
    weights  shape (components,) or that of scores; any scale, 40/60 as good as 0.4/0.6
    missing  "renormalise": the other components share the weight; "zero": it counts as 0; "hold_back": no
             overall score until it is there
    returns  float64, shape (people,), or a float for one person

    Formula   sum(w s) / sum(w)
    Missing   as chosen; nan means that there is no overall score: held back, or nothing to average. A
              component of weight zero is never missed.
    Errors    InvalidInput for negative or all-zero weights and shapes that do not fit.
    """
    values = floats(scores, "scores")
    rows = np.atleast_2d(values)
    share = effective_weights(rows, weights, missing=missing)
    result = (share * np.where(np.isnan(rows), 0.0, rows)).sum(axis=1)
    return float(result[0]) if values.ndim == 1 else result


def combined_standard_error(standard_errors: Any, weights: Any, *, unknown: str = "propagate") -> Any:
    """Standard error of a weighted mean of independent components.

    standard_errors  shape (people, components), or (components,) for one person; nan where none is known
    weights          shape (components,), or that of standard_errors, such as `effective_weights` gives; any
                     scale. A component of weight zero does not matter, whatever its error.
    unknown          "propagate": an unknown error makes the combined one nan; "exact": it counts as zero, and
                     the answer is then a lower bound; nan when no error at all is known
    returns          float64, shape (people,), or a float for one person; nan for rows whose weights are nan
                     or zero

    Formula   sqrt(sum((w / sum(w))^2 e^2))
    Errors    InvalidInput for negative errors or weights and shapes that do not fit.
    Source    propagation of uncertainty for uncorrelated inputs (JCGM 100:2008, 5.1.2).
    """
    choice(unknown, "unknown", UNKNOWN)
    values = floats(standard_errors, "standard_errors")
    rows = np.atleast_2d(values)
    given = floats(weights, "weights")
    if given.shape not in (rows.shape, rows.shape[1:]):
        raise InvalidInput("shape", name="weights", found=str(given.shape), expected=str(rows.shape[1:]))
    if (given < 0).any() or (rows < 0).any():
        raise InvalidInput("negative", name="weights" if (given < 0).any() else "standard_errors")
    given = np.broadcast_to(given, rows.shape)
    counted: npt.NDArray[np.bool_] = np.asarray(given > 0)
    if unknown == "exact":
        nothing: Any = np.all(np.isnan(rows) | ~counted, axis=1)
        rows = np.where(np.isnan(rows), 0.0, rows)
        rows = np.where(nothing[:, None], np.nan, rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.where(given == 0, 0.0, given * rows)
        total = np.where(counted.any(axis=1), given.sum(axis=1), np.nan)
        result: Floats = np.sqrt((parts**2).sum(axis=1)) / total
    return float(result[0]) if values.ndim == 1 else result
