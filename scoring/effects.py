"""What something that only some people had has changed: difference in differences, against matched others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from scoring.arrays import Floats, Ints, finite, level_of_confidence
from scoring.errors import InvalidInput

#: Fewer people than this on either side, and a mean says more about who they are than about what they had.
LEAST = 5


def difference_in_differences(
    treated_before: float, treated_after: float, control_before: float, control_after: float
) -> float:
    """(treated after - before) - (control after - before), from four means."""
    means = finite([treated_before, treated_after, control_before, control_after], "means")
    return float((means[1] - means[0]) - (means[3] - means[2]))


def error_of_difference(treated: float, control: float) -> float:
    """Standard error of the difference of two independent changes, from the error of each."""
    errors = finite([treated, control], "errors")
    if (errors < 0).any():
        raise InvalidInput("negative", name="errors")
    return float(math.hypot(errors[0], errors[1]))


@dataclass(frozen=True)
class Effect:
    """estimate, standard_error, low and high are None where too few people were left to compare.

    treated, controls    people compared; a control may stand beside several treated
    unmatched            treated without anybody to compare with
    treated_before ...   the four means, over the treated that were matched and over their matches by weight
    """

    estimate: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    treated: int
    controls: int
    unmatched: int
    treated_before: float | None = None
    treated_after: float | None = None
    control_before: float | None = None
    control_after: float | None = None


def matched_effect(
    before: Any,
    after: Any,
    treated: Any,
    *,
    groups: Sequence[str],
    tenure: Any,
    people: Any = None,
    neighbours: int = 3,
    least: int = LEAST,
    level: float = 0.95,
) -> Effect:
    """Mean change of the treated less that of their nearest neighbours among the others.

    before, after   shape (rows,), the value before and after, nobody without one
    treated         shape (rows,), whether the row is one of the treated
    groups          what must be alike exactly: job, month
    tenure          shape (rows,), months in the job
    people          shape (rows,), who it is: the rows of one person are one cluster; default: each row somebody else

    Each treated row is compared with the `neighbours` untreated rows of the same group that are nearest by the value
    before and tenure, each divided by its standard deviation over all rows, and with those that are exactly as near
    as the last of them. A row may be taken several times; where a group has fewer, all of them. Other rows of a
    person who is treated in the row's group are never taken.

        estimate = sum of w x (after - before);  w = 1 / treated rows, or minus the share of a control in its matches

    The standard error is clustered by person: the square root of the sum over people of (sum of w x deviation from
    the mean change of the side)^2, each side's times g / (g - 1) for its g people. Interval: t with the smaller g -
    1 degrees of freedom.
    """
    values = [finite(each, name, ndim=1) for each, name in ((before, "before"), (after, "after"))]
    months = finite(tenure, "tenure", ndim=1)
    has_it = np.asarray(treated, dtype=bool)
    rows = len(values[0])
    persons: Ints = np.arange(rows) if people is None else np.asarray(people, dtype=np.int64)
    for array, name in ((values[1], "after"), (months, "tenure"), (has_it, "treated"), (persons, "people")):
        if array.shape != (rows,):
            raise InvalidInput("shape", name=name, found=str(array.shape), expected=f"({rows},)")
    if len(groups) != rows:
        raise InvalidInput("shape", name="groups", found=str(len(groups)), expected=str(rows))
    if neighbours < 1:
        raise InvalidInput("out_of_range", name="neighbours", found=neighbours, low=1, high=rows)
    confidence = level_of_confidence(level)
    weights, matched, unmatched = _weights(values[0], months, has_it, groups, persons, neighbours)
    controls = (weights < 0) & ~has_it
    treated_people = len(np.unique(persons[matched]))
    control_people = len(np.unique(persons[controls]))
    if min(treated_people, control_people) < max(least, 2):
        return Effect(None, None, None, None, treated_people, control_people, unmatched)
    change = values[1] - values[0]
    estimate = float(weights @ change)
    variance = 0.0
    for side, count in ((matched, treated_people), (controls, control_people)):
        share = np.abs(weights[side])
        deviation = weights[side] * (change[side] - np.average(change[side], weights=share))
        _who, place = np.unique(persons[side], return_inverse=True)
        variance += float((np.bincount(place, weights=deviation) ** 2).sum()) * count / (count - 1)
    error = math.sqrt(variance)
    reach = float(stats.t.ppf(0.5 + confidence / 2, min(treated_people, control_people) - 1)) * error
    means = [
        float(np.average(each[side], weights=np.abs(weights[side])))
        for side in (matched, controls)
        for each in values
    ]
    return Effect(
        estimate, error, estimate - reach, estimate + reach, treated_people, control_people, unmatched, *means
    )


def _weights(
    before: Floats, months: Floats, treated: Any, groups: Sequence[str], persons: Ints, neighbours: int
) -> tuple[Floats, Any, int]:
    """(weight of each row, which treated rows were matched, how many were not)."""
    scaled = [
        each / spread if (spread := float(each.std())) > 0 else np.zeros_like(each)
        for each in (before, months)
    ]
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    taken: dict[int, list[int]] = {}
    for places in members.values():
        inside = np.array(places)
        having = set(persons[inside[treated[inside]]].tolist())
        others = np.array(
            [place for place in places if not treated[place] and int(persons[place]) not in having], dtype=int
        )
        for place in inside[treated[inside]]:
            if len(others):
                distance = sum((each[others] - each[place]) ** 2 for each in scaled)
                reach = np.sort(distance)[:neighbours][-1]
                taken[int(place)] = others[distance <= reach + 1e-12].tolist()
    weights = np.zeros(len(before))
    matched = np.zeros(len(before), dtype=bool)
    for place, found in taken.items():
        matched[place] = True
        weights[place] += 1 / len(taken)
        for other in found:
            weights[other] -= 1 / len(taken) / len(found)
    return weights, matched, int(treated.sum()) - len(taken)
