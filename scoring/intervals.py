"""Confidence intervals of proportions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from scoring.arrays import level_of_confidence, like_input, non_negative
from scoring.errors import InvalidInput


def wilson(successes: Any, trials: Any, level: float = 0.95) -> tuple[Any, Any]:
    """Wilson's score interval of a proportion.

    successes, trials   numbers or arrays that broadcast
    returns             (low, high): floats for two numbers, otherwise float64 arrays; always within 0 and 1

    Formula   (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
    No trials  (0, 1): without an answer every proportion is possible.
    Errors    InvalidInput for negative numbers, nan, more successes than trials, a level outside (0, 1).
    Source    Wilson 1927; recommended by Newcombe, Statistics in Medicine 17 (1998) 857-872.
    """
    wins, count = non_negative(successes, "successes"), non_negative(trials, "trials")
    if (wins > count).any():
        raise InvalidInput("successes_above_trials")
    z = float(stats.norm.ppf(0.5 + level_of_confidence(level) / 2.0))
    with np.errstate(all="ignore"):
        share = wins / count
        middle = share + z**2 / (2.0 * count)
        reach = z * np.sqrt(share * (1.0 - share) / count + z**2 / (4.0 * count**2))
        scale = 1.0 + z**2 / count
        low, high = (middle - reach) / scale, (middle + reach) / scale
    # At 0 and n successes the bound is exact in theory; the difference of two equal terms would leave 1e-17.
    low = np.where((wins == 0) | (count == 0), 0.0, np.clip(low, 0.0, 1.0))
    high = np.where((wins == count) | (count == 0), 1.0, np.clip(high, 0.0, 1.0))
    return like_input(np.asarray(low), successes, trials), like_input(np.asarray(high), successes, trials)
