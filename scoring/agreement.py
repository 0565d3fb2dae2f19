"""How far raters agree. Where agreement has no value (one rater, nothing varies) there is a named error."""

from __future__ import annotations

from typing import Any, Literal, cast

import krippendorff
import numpy as np

from scoring.arrays import choice, floats, whole
from scoring.errors import InvalidInput, TooFewRaters, TooFewTargets, ZeroVariance

Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")


def icc(ratings: Any) -> dict[str, float | None]:
    """Intraclass correlations of Shrout and Fleiss.

    ratings  shape (targets, raters)
    returns  mapping with ICC1 ICC2 ICC3 (one rater) and ICC1k ICC2k ICC3k (mean of all k): 1 targets rated by
             different raters, 2 by the same random raters, 3 by these very raters. At most 1; below 0 when
             raters agree less than by chance. None for a form without a value: its denominator is not
             positive, because targets hardly differ.

    Formula   with the mean squares B between targets, W within targets, J between raters, E residual, n
              targets, k raters:
              ICC1  (B - W) / (B + (k-1) W)                     ICC1k (B - W) / B
              ICC2  (B - E) / (B + (k-1) E + k (J - E) / n)     ICC2k (B - E) / (B + (J - E) / n)
              ICC3  (B - E) / (B + (k-1) E)                     ICC3k (B - E) / B
    Missing   a target with any nan is left out.
    Errors    TooFewRaters, TooFewTargets (fewer than two complete ones), ZeroVariance when all ratings are
              equal.
    Source    Shrout and Fleiss, Psychological Bulletin 86 (1979) 420-428.
    """
    table = floats(ratings, "ratings", ndim=2)
    if table.shape[1] < 2:
        raise TooFewRaters(found=table.shape[1])
    table = table[~np.isnan(table).any(axis=1)]
    n, k = table.shape
    if n < 2:
        raise TooFewTargets(found=n)
    # Agreement does not change with origin and unit; this one keeps sums of squares free of cancellation.
    spread = float(np.ptp(table))
    if spread == 0 or not np.isfinite(spread):
        raise ZeroVariance() if spread == 0 else InvalidInput("not_finite", name="ratings")
    table = (table - table.min()) / spread
    grand, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    between = k * float(((rows - grand) ** 2).sum()) / (n - 1)
    within = float(((table - rows[:, None]) ** 2).sum()) / (n * (k - 1))
    raters = n * float(((columns - grand) ** 2).sum()) / (k - 1)
    residual = float(((table - rows[:, None] - columns[None, :] + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    unfair = (raters - residual) / n
    return {
        "ICC1": _share(between - within, between + (k - 1) * within),
        "ICC2": _share(between - residual, between + (k - 1) * residual + k * unfair),
        "ICC3": _share(between - residual, between + (k - 1) * residual),
        "ICC1k": _share(between - within, between),
        "ICC2k": _share(between - residual, between + unfair),
        "ICC3k": _share(between - residual, between),
    }


def _share(above: float, below: float) -> float | None:
    return above / below if below > 1e-15 else None


def cohen_kappa(table: Any, weights: str | None = None) -> float:
    """Cohen's kappa of two raters.

    table    square counts: entry (i, j) says how many objects the first rater put in category i and the
             second in j
    weights  None: any disagreement counts the same; "linear" or "quadratic": by distance between ordered
             categories
    returns  float, at most 1; 0 is agreement by chance

    Formula   1 - sum(v o) / sum(v e): o observed and e expected shares, v the weight of a disagreement
    Errors    ZeroVariance when no disagreement is possible (all in one category), TooFewTargets for an empty
              table, InvalidInput for tables that are not square or not counts.
    Source    Cohen 1960 and 1968.
    """
    counts = whole(table, "table", ndim=2)
    if counts.shape[0] != counts.shape[1]:
        raise InvalidInput("shape", name="table", found=str(counts.shape), expected="as many rows as columns")
    if weights is not None:
        choice(weights, "weights", ("linear", "quadratic"))
    if counts.sum() == 0:
        raise TooFewTargets(found=0)
    observed = counts / counts.sum()
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    distance = np.abs(np.subtract.outer(np.arange(len(counts)), np.arange(len(counts)))).astype(float)
    cost = (distance > 0) * 1.0 if weights is None else distance if weights == "linear" else distance**2
    possible = float((cost * expected).sum())
    if possible == 0:
        raise ZeroVariance()
    return 1.0 - float((cost * observed).sum()) / possible


def fleiss_kappa(counts: Any) -> float:
    """Fleiss' kappa of several raters.

    counts   shape (subjects, categories): how many raters put a subject in a category; the same number of
             raters for every subject, who need not be the same people
    returns  float, at most 1

    Formula   (mean pairwise agreement - chance) / (1 - chance), chance = sum of squared category shares
    Errors    TooFewRaters, TooFewTargets (no subject), ZeroVariance when all ratings are in one category,
              InvalidInput `raters_unequal`.
    Source    Fleiss, Psychological Bulletin 76 (1971) 378-382.
    """
    table = whole(counts, "counts", ndim=2)
    if table.size == 0:
        raise TooFewTargets(found=0)
    raters = table.sum(axis=1)
    if (raters != raters[0]).any():
        raise InvalidInput("raters_unequal")
    k = int(raters[0])
    if k < 2:
        raise TooFewRaters(found=k)
    agreement = float(((table * (table - 1)).sum(axis=1) / (k * (k - 1))).mean())
    chance = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    if (table.sum(axis=0) > 0).sum() == 1:
        raise ZeroVariance()
    return (agreement - chance) / (1.0 - chance)


def krippendorff_alpha(ratings: Any, level: str) -> float:
    """Krippendorff's alpha: any number of raters, any pattern of missing ratings.

    ratings  shape (raters, units), nan where a rater did not rate a unit
    level    "nominal", "ordinal", "interval" or "ratio": how far apart two values are
    returns  float, at most 1; 0 is agreement by chance

    Missing   nan is allowed; a unit with fewer than two ratings says nothing and is left out.
    Errors    TooFewRaters, TooFewTargets `nothing_to_compare` when no unit has two ratings, ZeroVariance when
              all the ratings left are equal, InvalidInput for an unknown level.
    Source    Krippendorff, Content Analysis, chapter on reliability; computed by the `krippendorff` package.
    """
    choice(level, "level", LEVELS)
    table = floats(ratings, "ratings", ndim=2)
    if table.shape[0] < 2:
        raise TooFewRaters(found=table.shape[0])
    table = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    if table.shape[1] == 0:
        raise TooFewTargets("nothing_to_compare")
    if np.nanmin(table) == np.nanmax(table):
        raise ZeroVariance()
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement=cast(Level, level)))
