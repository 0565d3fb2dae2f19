"""Scores of quality inspections: weighted items of which some do not apply, and fatal errors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scoring.arrays import Floats, floats, non_negative
from scoring.errors import InvalidInput


class InspectionScores(NamedTuple):
    """score: what counts; before_fatal: what the items alone give; weights: effective, each row adding up to 100."""

    score: Floats
    before_fatal: Floats
    weights: Floats


def inspection_scores(weights: Any, shares: Any, *, fatal: Any = None, cap: float = 0.0) -> InspectionScores:
    """Scores 0-100 of inspections.

    weights  shape (items,), not negative: what an item is worth
    shares   shape (inspections, items): how much of an item was done, 0 to 1; nan where it does not apply
    fatal    shape (inspections,): whether any fatal error was found; default: none
    cap      the most that an inspection with a fatal error may score; 0 makes it zero
    returns  score and before_fatal of shape (inspections,), weights of shape (inspections, items)

    Formula   w'_j = 100 w_j / (sum of w over the items that apply), 0 for the others
              before_fatal = sum(w'_j s_j); score = min(before_fatal, cap) with a fatal error, else before_fatal
    Missing   an item that does not apply gives its weight to the others in proportion; where nothing applies (or only
              items of weight 0) both scores are nan
    Errors    InvalidInput for shapes that do not fit, shares or cap out of range, negative weights.
    Source    Weighted scorecards with auto-fail items, as contact centres use them; the redistribution of the weight of
              what does not apply is the weighted mean over what does.
    """
    given = non_negative(weights, "weights", ndim=1)
    table = floats(shares, "shares", ndim=2)
    if table.shape[1] != given.shape[0]:
        raise InvalidInput(
            "shape", name="shares", found=str(table.shape), expected=f"{given.shape[0]} columns"
        )
    applies = ~np.isnan(table)
    if ((table[applies] < 0) | (table[applies] > 1)).any():
        bad = table[applies][(table[applies] < 0) | (table[applies] > 1)][0]
        raise InvalidInput("out_of_range", name="shares", found=float(bad), low=0, high=1)
    if not 0.0 <= cap <= 100.0:
        raise InvalidInput("out_of_range", name="cap", found=cap, low=0, high=100)
    hit = np.zeros(len(table), dtype=bool) if fatal is None else np.asarray(fatal, dtype=bool)
    if hit.shape != (len(table),):
        raise InvalidInput("shape", name="fatal", found=str(hit.shape), expected=f"({len(table)},)")
    worth = np.where(applies, given[None, :], 0.0)
    total = worth.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(total > 0, 100.0 * worth / total, np.nan)
    before = (effective * np.where(applies, table, 0.0)).sum(axis=1)
    score = np.where(hit, np.minimum(before, cap), before)
    return InspectionScores(score, before, effective)
