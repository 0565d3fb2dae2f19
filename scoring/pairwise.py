"""Paired comparison: strengths from who was preferred to whom, contradictions, and what to ask next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse, special
from scipy.sparse import csgraph

from scoring.arrays import Floats, Ints, floats, non_negative, whole
from scoring.errors import DisconnectedComparisons, InvalidInput, NoConvergence, SeparatedComparisons

_STEPS = 200
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Strengths:
    """strengths shape (items,), covariance shape (items, items), both in logits."""

    strengths: Floats
    covariance: Floats

    @property
    def errors(self) -> Floats:
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def differences(self) -> Floats:
        """Variance of s_i - s_j, shape (items, items)."""
        spread = np.diag(self.covariance)
        return np.maximum(spread[:, None] + spread[None, :] - 2.0 * self.covariance, 0.0)


def bradley_terry(
    pairs: Iterable[tuple[int, int]],
    *,
    prior: float | None = None,
    weights: Sequence[float] | None = None,
    items: int | None = None,
) -> tuple[Floats, Floats]:
    """Strengths of items from paired comparisons.

    pairs    (winner, loser) as item numbers from 0, repeated as often as they happened; the order does not
             matter
    prior    None for maximum likelihood; otherwise the precision (1 / variance) of a normal prior around 0 on
             every strength, in logits: 1 is moderate, 0.1 weak. It answers where the likelihood cannot.
    weights  one per pair, for instance 0.5 each way for "no difference"; 1 each unless given
    items    how many items there are, when the last ones were never compared (needs a prior)
    returns  (strengths, standard_errors), float64, shape (items,), in logits. Without a prior item 0 is the
             reference with strength and error 0; with a prior the strengths add up to 0 and errors are those
             of the distance from the average.

    Formula   P(i beats j) = 1 / (1 + exp(s_j - s_i)); Newton's method on the log-likelihood, minus prior/2
              times the sum of s^2; errors from the inverse of the observed information.
    Errors    DisconnectedComparisons when parts were never compared with one another; SeparatedComparisons
              when they were, but some only ever won against the rest (no finite maximum); both without a
              prior only. InvalidInput for no pairs, an item against itself, negative or broken item numbers.
    Source    Bradley and Terry, Biometrika 39 (1952); Ford, American Mathematical Monthly 64 (1957) for when
              the maximum exists; Agresti, Categorical Data Analysis, section 10.6, for the baseball example.
    """
    found = strengths_of(pairs, prior=prior, weights=weights, items=items)
    return found.strengths, found.errors


def strengths_of(
    pairs: Iterable[tuple[int, int]],
    *,
    prior: float | None = None,
    weights: Sequence[float] | None = None,
    items: int | None = None,
) -> Strengths:
    """The same as `bradley_terry` with the whole covariance, which says how sure a difference is.

    With a prior and `items` no pair at all is an answer, too: everyone at zero, as unsure as the prior is.
    """
    listed = list(pairs)
    if not listed and prior is not None and items:
        wins = np.zeros((items, items))
    else:
        wins = win_matrix(listed, weights, items)
    if prior is None:
        _require_connected(wins)
    elif not (np.isfinite(prior) and prior > 0):
        raise InvalidInput("out_of_range", name="prior", found=prior, low=0, high="infinity")
    free = slice(1, None) if prior is None else slice(0, None)
    precision = 0.0 if prior is None else float(prior)
    strengths = np.zeros(len(wins))
    for _ in range(_STEPS):
        gradient, information = _derivatives(wins, strengths, precision)
        step = np.linalg.solve(information[free, free], gradient[free])
        # Full Newton steps can overshoot from a start far away; a bound keeps them on the concave slope.
        longest = float(np.abs(step).max(initial=0.0))
        strengths[free] += step * min(1.0, 2.0 / longest) if longest > 0 else 0.0
        if longest < _TOLERANCE:
            break
    else:
        raise NoConvergence(steps=_STEPS)
    if prior is not None:
        strengths -= strengths.mean()
    covariance = np.zeros(wins.shape)
    covariance[free, free] = np.linalg.inv(_derivatives(wins, strengths, precision)[1][free, free])
    if prior is not None:
        # The common level is known from the prior alone; what differs between items is the distance from it.
        covariance = (
            covariance - covariance.mean(axis=0) - covariance.mean(axis=1)[:, None] + covariance.mean()
        )
    return Strengths(strengths, covariance)


def win_matrix(pairs: Iterable[tuple[int, int]], weights: Any, items: int | None) -> Floats:
    """How often row beat column, by weight; what `bradley_terry` refuses is refused here."""
    listed = list(pairs)
    if not listed:
        raise InvalidInput("empty", name="pairs")
    table = whole(listed, "pairs", ndim=2)
    if table.shape[1] != 2:
        raise InvalidInput("shape", name="pairs", found=str(table.shape), expected=f"({len(table)}, 2)")
    selfs = np.flatnonzero(table[:, 0] == table[:, 1])
    if selfs.size:
        raise InvalidInput("comparison_self", item=int(table[selfs[0], 0]))
    given = np.ones(len(table)) if weights is None else non_negative(weights, "weights", ndim=1)
    if len(given) != len(table):
        raise InvalidInput("shape", name="weights", found=str(given.shape), expected=f"({len(table)},)")
    count = int(table.max()) + 1
    if items is not None and items < count:
        raise InvalidInput("out_of_range", name="pairs", found=count - 1, low=0, high=items - 1)
    wins = np.zeros((items or count,) * 2)
    np.add.at(wins, (table[:, 0], table[:, 1]), given)
    return wins


def _require_connected(wins: Floats) -> None:
    graph = sparse.csr_array(wins > 0)
    parts, _ = csgraph.connected_components(graph, directed=False)
    if parts > 1:
        raise DisconnectedComparisons(parts=int(parts))
    strong, _ = csgraph.connected_components(graph, directed=True, connection="strong")
    if strong > 1:
        raise SeparatedComparisons()


def _derivatives(wins: Floats, strengths: Floats, precision: float) -> tuple[Floats, Floats]:
    """Gradient of the (penalised) log-likelihood and its negative second derivative."""
    together = wins + wins.T
    chance = special.expit(strengths[:, None] - strengths[None, :])
    gradient = (wins - together * chance).sum(axis=1) - precision * strengths
    information = -together * chance * (1.0 - chance)
    np.fill_diagonal(information, 0.0)
    np.fill_diagonal(information, precision - information.sum(axis=1))
    return gradient, information


def circular_triads(wins: Any) -> int:
    """How many triples contradict themselves: i beats j, j beats k, and k beats i.

    wins     square 0/1 matrix, wins[i, j] = 1 when i beat j; a pair that was not judged is 0 both ways and
             takes part in no triad
    returns  int; the most possible is n(n^2 - 1) / 24 for odd n and n(n^2 - 4) / 24 for even n

    Formula   trace(W^3) / 3. For a complete set of pairs it equals n(n - 1)(2n - 1) / 12 - sum(wins of i,
              squared) / 2.
    Errors    InvalidInput for anything but 0 and 1, a diagonal entry, or a pair won both ways.
    Source    Kendall and Babington Smith, Biometrika 31 (1940).
    """
    matrix = _checked_wins(wins)
    return int(np.einsum("ij,ji->", matrix @ matrix, matrix)) // 3


def consistence(wins: Any) -> float:
    """Kendall's coefficient of consistence: 1 without circular triads, 0 with as many as possible.

    wins     as for `circular_triads`, every pair judged
    Errors   DisconnectedComparisons when a pair is not judged; InvalidInput for fewer than three items
    Source   Kendall and Babington Smith 1940.
    """
    matrix = _checked_wins(wins)
    n = len(matrix)
    if n < 3:
        raise InvalidInput("out_of_range", name="wins", found=n, low=3, high="infinity")
    if int(matrix.sum()) != n * (n - 1) // 2:
        raise DisconnectedComparisons("pairs_missing", missing=n * (n - 1) // 2 - int(matrix.sum()))
    most = n * (n * n - (1 if n % 2 else 4)) / 24.0
    return 1.0 - circular_triads(wins) / most


def _checked_wins(wins: Any) -> Ints:
    matrix = whole(wins, "wins", ndim=2)
    if matrix.shape[0] != matrix.shape[1]:
        raise InvalidInput("shape", name="wins", found=str(matrix.shape), expected="as many rows as columns")
    if (matrix > 1).any():
        raise InvalidInput("out_of_range", name="wins", found=int(matrix.max()), low=0, high=1)
    if np.diag(matrix).any():
        raise InvalidInput("comparison_self", item=int(np.flatnonzero(np.diag(matrix))[0]))
    both = np.argwhere((matrix == 1) & (matrix.T == 1))
    if len(both):
        raise InvalidInput("comparison_contradiction", first=int(both[0, 0]), second=int(both[0, 1]))
    return matrix


def next_pairs(
    strengths: Any, standard_errors: Any, asked: Iterable[tuple[int, int]], *, count: int
) -> list[tuple[int, int]]:
    """The pairs whose answers would tell most about the order.

    strengths, standard_errors   as from `bradley_terry`, shape (items,); nan for an item not yet estimated:
                                 it counts as average and as uncertain as can be
    asked                        pairs already put, in either order; they are not put again
    count                        how many pairs to return at most
    returns                      list of (i, j) with i < j, best first; fewer when fewer are left; ties by
                                 number

    Formula   gain = log(1 + p (1 - p) (e_i^2 + e_j^2)) / 2, the expected information of one answer about s_i
              - s_j: high where the outcome is open and the strengths are uncertain. After each choice the two
              errors shrink as one answer would shrink them, so that one list does not ask about the same
              person over and over.
    Errors    InvalidInput for negative errors, unequal lengths, pairs of unknown items.
    Source    D-optimal design for a logistic comparison; Glickman and Jensen, Journal of Statistical Planning
              and Inference 127 (2005), for adaptive pairing.
    """
    s, e = floats(strengths, "strengths", ndim=1), floats(standard_errors, "standard_errors", ndim=1)
    if s.shape != e.shape:
        raise InvalidInput("shape", name="standard_errors", found=str(e.shape), expected=str(s.shape))
    if (e < 0).any():
        raise InvalidInput("negative", name="standard_errors")
    n = len(s)
    known = np.isfinite(e)
    unknown_error = 2.0 * max(1.0, float(e[known].max(initial=1.0)))
    middle = float(np.nanmean(s)) if np.isfinite(s).any() else 0.0
    s = np.where(np.isfinite(s), s, middle)
    variance = np.where(known, e, unknown_error) ** 2
    first, second = np.triu_indices(n, k=1)
    open_ = np.ones(len(first), dtype=bool)
    for i, j in asked:
        low, high = min(i, j), max(i, j)
        if not 0 <= low < high < n:
            raise InvalidInput("out_of_range", name="asked", found=f"({i}, {j})", low=0, high=n - 1)
        open_[low * n - low * (low + 1) // 2 + high - low - 1] = False
    chance = special.expit(s[first] - s[second])
    weight = chance * (1.0 - chance)
    chosen: list[tuple[int, int]] = []
    for _ in range(min(count, int(open_.sum()))):
        gain = np.where(open_, np.log1p(weight * (variance[first] + variance[second])), -1.0)
        best = int(np.argmax(gain))
        i, j = int(first[best]), int(second[best])
        scale = weight[best] / (1.0 + weight[best] * (variance[i] + variance[j]))
        variance[i], variance[j] = (v - scale * v * v for v in (variance[i], variance[j]))
        open_[best] = False
        chosen.append((i, j))
    return chosen
