"""360-degree scores: groups of raters, weighted, with small groups protected before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.arrays import Floats, floats, non_negative
from scoring.errors import InvalidInput, NoReportableGroup


@dataclass(frozen=True)
class Group:
    """What may be shown and counted: one named group, or several small ones as one.

    `weight` is its effective share; the weights of all groups of a person add up to 1.
    """

    members: tuple[Any, ...]
    mean: float
    count: int
    weight: float


def combine(means: Any, counts: Any, weights: Any, *, minimum: int, exempt: Collection[Any] = ()) -> Any:
    """The overall 360 score from the means of the groups of raters.

    means     mean rating per group: a mapping by name, or shape (groups,), or (people, groups); nan where
              there is none
    counts    raters per group, in the same form; a group without raters has lost its weight already
    weights   per group: a mapping, or shape (groups,); any scale
    minimum   fewest raters whose mean may count by itself (at least 1)
    exempt    groups that need no minimum because their raters are named anyway (self, superior): names for
              mappings, positions for sequences
    returns   float, or float64 of shape (people,) for two axes

    Formula   1. All groups below the minimum and not exempt become one group: mean weighted by raters,
              weights added.
              2. If that is still below the minimum, it loses its weight.
              3. sum(w m) / sum(w) over what is left.
              What a small group said is thus never computed by itself, and no subtraction recovers it.
    Missing   no group left: NoReportableGroup for one person, nan in an array of people.
    Errors    InvalidInput for unknown groups, unequal lengths, negative weights or counts.
    Source    minimum rater rule of multi-source feedback (commonly 3 to 5); weighted rows as in published 360
              forms.
    """
    m, c, w, names = _read(means, counts, weights)
    share, pooled, _ = _reportable(m, c, w, minimum, _positions(exempt, names))
    values = np.where(share > 0, pooled, 0.0)
    total = share.sum(axis=1)
    with np.errstate(invalid="ignore"):
        score = np.where(total > 0, (share * values).sum(axis=1) / total, np.nan)
    if np.ndim(means) == 2 and not isinstance(means, Mapping):
        return score
    if np.isnan(score[0]):
        raise NoReportableGroup()
    return float(score[0])


def groups(
    means: Any, counts: Any, weights: Any, *, minimum: int, exempt: Collection[Any] = ()
) -> list[Group]:
    """The groups behind one person's `combine`, for its explanation: nothing smaller is ever shown.

    Same arguments for one person; own groups in their order, the merged one last; empty when nothing may be
    shown.
    """
    m, c, w, names = _read(means, counts, weights)
    if len(m) != 1:
        raise InvalidInput("shape", name="means", found=str(m.shape), expected="one person")
    share, pooled, small = _reportable(m, c, w, minimum, _positions(exempt, names))
    total = float(share.sum())
    if total == 0:
        return []
    alone = [
        Group((names[g],), float(m[0, g]), int(c[0, g]), float(share[0, g] / total))
        for g in range(len(names))
        if share[0, g] > 0 and not small[0, g]
    ]
    together = [g for g in range(len(names)) if small[0, g]]
    weight = float(share[0, together].sum()) / total
    if weight == 0:
        return alone
    mean = float(pooled[0, together[0]])
    return [
        *alone,
        Group(tuple(names[g] for g in together), mean, int(sum(c[0, g] for g in together)), weight),
    ]


def reporting_units(
    counts: Mapping[str, int], *, minimum: int, exempt: Collection[str] = (), merge: bool = True
) -> dict[str, tuple[str, ...]]:
    """What of one person may be kept and shown: {group: the unit that it is reported in}; a group that is absent may
    not be kept at all.

    counts    raters per group, in the order in which a merged unit names its members
    minimum   fewest raters of a unit; `exempt` groups are named anyway and need none
    merge     whether the small groups become one unit where together they reach the minimum

    The rule of `combine`, to be applied to the answers themselves before anything is computed from them.
    """
    if minimum < 1:
        raise InvalidInput("out_of_range", name="minimum", found=minimum, low=1, high="infinity")
    there = [group for group, count in counts.items() if count > 0]
    small = tuple(group for group in there if group not in exempt and counts[group] < minimum)
    units: dict[str, tuple[str, ...]] = {group: (group,) for group in there if group not in small}
    if merge and sum(counts[group] for group in small) >= minimum:
        for group in small:
            units[group] = small
    return units


def within_group_agreement(standard_deviation: Any, points: Sequence[float]) -> Any:
    """How far the raters of one group agree: 1 when all say the same, 0 when they answer as if by chance.

    standard_deviation   of the raters' scores, a number or an array
    points               what the levels of the scale are worth
    Formula   r_wg = 1 - s^2 / v, at least 0, where v is the variance of raters who choose every level equally often
    Missing   nan gives nan, and so does a scale that gives the same points everywhere.
    Source    James, Demaree and Wolf, Journal of Applied Psychology 69 (1984) 85-98.
    """
    spread = floats(standard_deviation, "standard_deviation")
    chance = float(np.var(floats(list(points), "points")))
    return np.maximum(1.0 - spread**2 / (chance or np.nan), 0.0)


def _reportable(
    means: Floats, counts: Floats, weights: Floats, minimum: int, exempt: list[int]
) -> tuple[Floats, Floats, Any]:
    """Weights that count, means that count (a merged group's for its members'), and who was merged."""
    if minimum < 1:
        raise InvalidInput("out_of_range", name="minimum", found=minimum, low=1, high="infinity")
    present = (counts > 0) & ~np.isnan(means)
    free = np.zeros(means.shape[1], dtype=bool)
    free[exempt] = True
    small = present & ~free & (counts < minimum)
    raters = np.where(small, counts, 0.0).sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        merged = np.where(small, counts * np.nan_to_num(means), 0.0).sum(axis=1, keepdims=True) / raters
    enough = raters >= minimum
    share = np.where(present & (~small | enough), np.broadcast_to(weights, means.shape), 0.0)
    return share, np.where(small, merged, np.nan_to_num(means)), small


def _read(means: Any, counts: Any, weights: Any) -> tuple[Floats, Floats, Floats, Sequence[Any]]:
    names: Sequence[Any] | None = None
    if isinstance(means, Mapping):
        names = list(means)
        for other, label in ((counts, "counts"), (weights, "weights")):
            odd = sorted(str(key) for key in set(means) ^ set(other))
            if odd:
                allowed = ", ".join(map(str, names))
                raise InvalidInput("unknown_name", name=label, found=odd[0], allowed=allowed)
        means = [means[name] for name in names]
        counts, weights = [counts[name] for name in names], [weights[name] for name in names]
    m = np.atleast_2d(floats(means, "means"))
    c = np.atleast_2d(non_negative(counts, "counts"))
    w = non_negative(weights, "weights", ndim=1)
    if c.shape != m.shape:
        raise InvalidInput("shape", name="counts", found=str(c.shape), expected=str(m.shape))
    if w.shape != m.shape[1:]:
        raise InvalidInput("shape", name="weights", found=str(w.shape), expected=str(m.shape[1:]))
    if w.sum() == 0:
        raise InvalidInput("weights_zero")
    return m, c, w, range(m.shape[1]) if names is None else names


def _positions(exempt: Collection[Any], names: Sequence[Any]) -> list[int]:
    positions = {name: position for position, name in enumerate(names)}
    unknown = [name for name in exempt if name not in positions]
    if unknown:
        allowed = ", ".join(map(str, names))
        raise InvalidInput("unknown_name", name="exempt", found=str(unknown[0]), allowed=allowed)
    return [positions[name] for name in exempt]
