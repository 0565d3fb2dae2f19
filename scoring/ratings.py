"""From a score to a rating by cut-offs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scoring.arrays import Ints, band_index, floats, half_open

UNRATED = -1


def cutoffs(scores: Any, bands: Sequence[tuple[float, Any]]) -> Ints:
    """The index of the band that each score falls in.

    scores   a number or shape (people,)
    bands    [(from, code)], ascending in `from`, half-open: a score equal to an edge belongs to the band that
             starts there. The answer indexes this list; the codes are not looked at.
    returns  int64, shape (people,); UNRATED (-1) for nan and below the first edge, so let the lowest band
             start at 0, or at -inf where penalties can lead below it

    Compare the scores as they are stored (6 decimals): 89.9999996 is stored as 90.
    Errors    BandsError when the edges do not ascend, InvalidInput for no bands.
    Source    the cut-off rating of personnel appraisal.
    """
    edges = half_open(bands)
    return np.asarray(band_index(floats(scores, "scores"), edges), dtype=np.int64)
