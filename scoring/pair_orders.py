"""What paired comparisons say of an order: expected wins, how sure it is, who contradicts it, what to ask next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import sparse, special
from scipy.sparse import csgraph

from scoring.arrays import Floats, floats, whole
from scoring.errors import InvalidInput
from scoring.pairwise import Strengths, win_matrix

# In logits: two items nearer than this are preferred to one another in at most 62 of 100 comparisons.
INDIFFERENCE = 0.5
# (certainty, pairs a person) as measured by simulation: 5 to 60 people whose strengths are normal with a standard
# deviation of 1 or 2 logits, pairs chosen by most_telling, a prior of 1/4. Both spreads need the same.
_NEEDED = (
    (0.5, 0.3),
    (0.7, 0.55),
    (0.75, 0.78),
    (0.8, 1.22),
    (0.85, 1.85),
    (0.9, 2.8),
    (0.94, 4.5),
    (0.95, 5.6),
)


def expected_wins(found: Strengths) -> tuple[Floats, Floats]:
    """The share of comparisons with all the others that each item would win, and its standard error.

    returns  (share, error), shape (items,), 0 to 1; the shares of all items have the mean 1/2

    Formula   share_i = mean over j of 1 / (1 + exp(s_j - s_i)); the error by the delta method from the covariance.
    Errors    InvalidInput for fewer than two items.
    """
    s = floats(found.strengths, "strengths", ndim=1)
    n = len(s)
    if n < 2:
        raise InvalidInput("out_of_range", name="strengths", found=n, low=2, high="infinity")
    chance = special.expit(s[:, None] - s[None, :])
    slope = chance * (1.0 - chance)
    np.fill_diagonal(chance, 0.0)
    np.fill_diagonal(slope, 0.0)
    gradient = -slope / (n - 1)
    np.fill_diagonal(gradient, slope.sum(axis=1) / (n - 1))
    variance = np.einsum("ij,jk,ik->i", gradient, found.covariance, gradient)
    return chance.sum(axis=1) / (n - 1), np.sqrt(np.maximum(variance, 0.0))


def order_certainty(found: Strengths, *, indifference: float = INDIFFERENCE) -> float:
    """How sure the order is: the mean over all pairs of the probability that the pair stands as it should.

    A pair stands as it should when its order is right, or when the two differ by less than `indifference` logits, so
    that their order does not matter. Without an answer that is little more than one half; 1 is never reached.

    Formula   mean of Phi((|s_i - s_j| + indifference) / standard error of s_i - s_j)
    Errors    InvalidInput for fewer than two items.
    """
    s = floats(found.strengths, "strengths", ndim=1)
    if len(s) < 2:
        raise InvalidInput("out_of_range", name="strengths", found=len(s), low=2, high="infinity")
    first, second = np.triu_indices(len(s), k=1)
    apart = np.abs(s[first] - s[second]) + indifference
    error = np.sqrt(found.differences[first, second])
    with np.errstate(divide="ignore"):
        return float(special.ndtr(apart / error).mean())


def pairs_needed(items: int, certainty: float) -> int:
    """About how many well chosen pairs make an order of so many people so sure; all pairs at most.

    Source   simulation, see _NEEDED: proportional to the number of people within a tenth, for `order_certainty` with a
             prior of 1/4.
    """
    known, each = zip(*_NEEDED, strict=True)
    return int(min(items * (items - 1) // 2, np.ceil(items * np.interp(certainty, known, each))))


def parts(pairs: Iterable[tuple[int, int]], *, items: int) -> list[list[int]]:
    """Items that were compared with one another, directly or over others: each part ascending, the largest first.

    An item that was never compared is a part by itself; one part is what an order of all needs.
    """
    listed = list(pairs)
    if listed:
        wins = win_matrix(listed, None, items)
        number, labels = csgraph.connected_components(sparse.csr_array(wins > 0), directed=False)
    else:
        number, labels = items, np.arange(items)
    found = [np.flatnonzero(labels == label).tolist() for label in range(number)]
    return sorted(found, key=lambda part: (-len(part), part[0]))


def agreement_with(pairs: Iterable[tuple[int, int]], strengths: Any) -> tuple[float, float, float]:
    """How far answers agree with an order that they had no part in.

    pairs      (winner, loser); "no difference" is left out, it contradicts no order
    strengths  of the others' answers, shape (items,), in logits
    returns    (share of pairs whose winner is the stronger one, the share that the strengths let expect,
               their difference in standard errors: below -2 the answers contradict that order); nan without a
               pair. Two of equal strength count one half.

    Formula   expected = mean of max(p, 1 - p), p = 1 / (1 + exp(s_j - s_i)); z = (agreed - expected) n / sqrt(sum
              of p (1 - p))
    """
    s = floats(strengths, "strengths", ndim=1)
    listed = list(pairs)
    if not listed:
        return float("nan"), float("nan"), float("nan")
    table = whole(listed, "pairs", ndim=2)
    apart = s[table[:, 0]] - s[table[:, 1]]
    chance = special.expit(np.abs(apart))
    agreed = np.where(apart == 0, 0.5, apart > 0).astype(np.float64)
    spread = float(np.sqrt((chance * (1.0 - chance)).sum()))
    return float(agreed.mean()), float(chance.mean()), float((agreed - chance).sum() / spread)


def most_telling(found: Strengths, asked: Iterable[tuple[int, int]], *, count: int) -> list[tuple[int, int]]:
    """The pairs whose answers would tell most about the order, as `next_pairs` does with errors alone.

    asked    pairs already put, in either order; they are not put again
    returns  list of (i, j) with i < j, best first; fewer when fewer are left; ties by number

    Formula  gain = log(1 + p (1 - p) v), v the variance of s_i - s_j: two who were compared over a third are asked
             about less, and parts that were never compared are joined first. After each choice the covariance shrinks
             as one answer would shrink it.
    Errors   InvalidInput for pairs of unknown items.
    Source   as `next_pairs`; the covariance after one more answer is the update of recursive least squares.
    """
    s = floats(found.strengths, "strengths", ndim=1)
    n = len(s)
    first, second = np.triu_indices(n, k=1)
    open_ = np.ones(len(first), dtype=bool)
    for i, j in asked:
        low, high = min(i, j), max(i, j)
        if not 0 <= low < high < n:
            raise InvalidInput("out_of_range", name="asked", found=f"({i}, {j})", low=0, high=n - 1)
        open_[low * n - low * (low + 1) // 2 + high - low - 1] = False
    chance = special.expit(s[first] - s[second])
    weight = chance * (1.0 - chance)
    known = floats(found.covariance, "covariance", ndim=2).copy()
    chosen: list[tuple[int, int]] = []
    for _ in range(min(count, int(open_.sum()))):
        spread = np.diag(known)
        variance = spread[first] + spread[second] - 2.0 * known[first, second]
        # Rounded, so that gains that are equal but for the last digit go by number, on every machine.
        gain = np.where(open_, np.round(np.log1p(weight * variance), 9), -1.0)
        best = int(np.argmax(gain))
        i, j = int(first[best]), int(second[best])
        towards = known[:, i] - known[:, j]
        known -= np.outer(towards, towards) * (weight[best] / (1.0 + weight[best] * variance[best]))
        open_[best] = False
        chosen.append((i, j))
    return chosen
