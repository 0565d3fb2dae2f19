"""Whole numbers from shares: seats by largest remainder, and ratings by forced distribution."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from scoring.arrays import Floats, Ints, exact, floats
from scoring.errors import InvalidInput, SharesError, SmallGroup
from scoring.ranking import rank
from scoring.ratings import UNRATED

# What printed percentages may miss by: three times 33.33 is accepted, 99 is not.
_SHARES_TOLERANCE = Fraction(1, 5000)


def largest_remainder(weights: Sequence[Any], seats: int) -> list[int]:
    """`seats` whole units by weight: the whole part of each exact share, then the largest remainders.

    weights  non-negative numbers of any scale; floats are read as the decimals they print as
    seats    a whole number >= 0
    returns  list of ints in the order of the weights, adding up to `seats`

    Ties      of remainders go to the earlier position, so the same input always has the same answer.
    Errors    InvalidInput for no weights, negative ones, only zeros, or seats that are not a whole number.
    Source    Hamilton's method (Hare quota).
    """
    exact_weights = [exact(weight, "weights") for weight in weights]
    if not exact_weights:
        raise InvalidInput("empty", name="weights")
    if min(exact_weights) < 0:
        raise InvalidInput("negative", name="weights")
    if not isinstance(seats, int | np.integer) or isinstance(seats, bool):
        raise InvalidInput("not_whole", name="seats")
    if seats < 0:
        raise InvalidInput("negative", name="seats")
    total = sum(exact_weights, start=Fraction(0))
    if total == 0:
        raise InvalidInput("weights_zero")
    quotas = [weight * int(seats) / total for weight in exact_weights]
    answer = [quota.numerator // quota.denominator for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: (answer[i] - quotas[i], i))
    for position in by_remainder[: int(seats) - sum(answer)]:
        answer[position] += 1
    return answer


def forced_distribution(
    scores: Any, shares: Sequence[Any], *, minimum_group: int = 2, split_ties: bool = False
) -> Ints:
    """The rating band of each person when each band has a fixed share of the group.

    scores         shape (people,); higher is better
    shares         of the bands from best to worst, adding up to 1 or to 100
    minimum_group  fewer scored people than this raise SmallGroup: the caller merges the group or exempts it,
                   and says so. The default only refuses a group of one; five or more is sensible.
    split_ties     False: people with equal scores share one band, the one that the first of their places
                   falls in, so a tie at an edge is decided in their favour and a band may hold more than its
                   share; the places behind them stay where they are. True: the counts are exact and the
                   earlier position wins.
    returns        int64, shape (people,): 0 is the best band, UNRATED (-1) for nan

    Formula   places per band by largest remainder; band of place r = number of bands that end before r.
    Missing   nan is not rated and not counted.
    Errors    SharesError, SmallGroup, InvalidInput for negative shares. A group in which nobody has a score
              is too small.
    Source    forced distribution (vitality curve) as used in personnel appraisal.
    """
    values = floats(scores, "scores", ndim=1)
    parts = _whole(shares)
    present = ~np.isnan(values)
    size = int(present.sum())
    if size < max(minimum_group, 1):
        raise SmallGroup(size=size, minimum=max(minimum_group, 1))
    ends = np.cumsum(largest_remainder(parts, size))
    if split_ties:
        places = np.full(values.shape, np.nan)
        places[np.argsort(-values, kind="stable")[:size]] = np.arange(1, size + 1)
    else:
        places = rank(values, ties="min")
    bands = np.full(values.shape, UNRATED, dtype=np.int64)
    bands[present] = np.searchsorted(ends, places[present] - 1.0, side="right")
    return bands


def places(shares: Sequence[Any], size: int) -> list[int]:
    """How many of `size` people each band has place for; shares from best to worst, adding up to 1 or to 100.

    returns  list of ints in the order of the shares, adding up to `size`
    Errors   SharesError, InvalidInput as largest_remainder.
    """
    return largest_remainder(_whole(shares), size)


def cut_scores(scores: Any, counts: Sequence[int]) -> Floats:
    """The score that stands at the last place of each band, when people fill the places from the top.

    scores   shape (people,); nan is not counted
    counts   places of the bands from best to worst, adding up to the people with a score
    returns  float64, shape (bands,): whoever reaches a band's cut, and none before it, has that band where ties are
             not split. nan for a band that ends before the first place.

    Errors   InvalidInput when the counts do not add up to the people with a score.
    """
    values = floats(scores, "scores", ndim=1)
    ordered = np.sort(values[~np.isnan(values)])[::-1]
    ends = np.cumsum(np.asarray(counts, dtype=np.int64))
    if not len(ends) or ends[-1] != len(ordered):
        raise InvalidInput(
            "shape", name="counts", found=int(ends[-1]) if len(ends) else 0, expected=len(ordered)
        )
    return np.array([ordered[end - 1] if end else np.nan for end in ends], dtype=np.float64)


def merge_small(
    sizes: Mapping[Hashable, int], parents: Mapping[Hashable, Hashable | None], minimum: int
) -> dict[Hashable, Hashable | None]:
    """Where each group goes when groups below `minimum` are merged upwards in a tree.

    sizes    {group: people with a score}
    parents  {group: the one above it}; a group that is not a key, or has None, is at the top. Every chain ends.
    returns  {group: the group under whose name it is counted, itself when it is large enough alone; None where even
             the top of its tree stays below the minimum}

    Rule      from the leaves up: the people of a node are its own and those of the small groups below it. Where they
              are fewer than the minimum, all of them move to the parent. A group that is large enough is never
              touched, so merging changes nobody's place in a large group below.
    """
    depths = {node: _depth(node, parents) for node in {*sizes, *parents}}
    pools: dict[Hashable, list[Hashable]] = {group: [group] for group in sizes}
    answer: dict[Hashable, Hashable | None] = {}
    above = {node for group in sizes for node in _chain(group, parents)}
    for node in sorted(above, key=lambda each: (-depths.get(each, 0), str(each))):
        pool = pools.get(node, [])
        parent = parents.get(node)
        if sum(sizes[group] for group in pool) >= minimum:
            answer.update(dict.fromkeys(pool, node))
        elif parent is None:
            answer.update(dict.fromkeys(pool))
        else:
            pools.setdefault(parent, []).extend(pool)
    return answer


def _chain(node: Hashable, parents: Mapping[Hashable, Hashable | None]) -> list[Hashable]:
    found = [node]
    while (above := parents.get(found[-1])) is not None:
        found.append(above)
        if len(found) > len(parents) + 1:
            raise InvalidInput("shape", name="parents", found="a ring", expected="a tree")
    return found


def _depth(node: Hashable, parents: Mapping[Hashable, Hashable | None]) -> int:
    return len(_chain(node, parents))


def _whole(shares: Sequence[Any]) -> list[Fraction]:
    parts = [exact(share, "shares") for share in shares]
    if any(part < 0 for part in parts):
        raise InvalidInput("negative", name="shares")
    total = sum(parts, start=Fraction(0))
    if min(abs(total - 1), abs(total - 100) / 100) > _SHARES_TOLERANCE:
        raise SharesError(total=f"{float(total):g}")
    return parts
