"""The own scores in a mirror, before they are handed in. Computed on demand, kept nowhere, for the rater alone."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np

from people.models import User
from reviews.methods.rating_scale import level_key
from reviews.models import Cycle
from reviews.selectors.incidents import incident_counts
from reviews.selectors.sheets import grid_of
from scoring.habits import halo, level_counts, recency

#: Beyond these the note speaks up; see docs/methods/rater-habits.md.
ONE_LEVEL, SAME_IN_ALL, RECENT = 0.5, 0.5, 0.3


@dataclass(frozen=True)
class Habits:
    """counts: [(level's key, how often)], ascending; the rest as scoring.habits has it, None where it says nothing."""

    counts: list[tuple[str, int]]
    same_in_all: float | None
    spread: float | None
    late: float | None
    early: float | None

    @property
    def scored(self) -> int:
        return sum(count for _level, count in self.counts)

    @property
    def favourite(self) -> tuple[str, int] | None:
        """The level that more than half of all scores are; None where there is none."""
        top = max(self.counts, key=lambda each: each[1], default=None)
        return top if top and self.scored >= 5 and top[1] > ONE_LEVEL * self.scored else None

    @property
    def has_halo(self) -> bool:
        return self.same_in_all is not None and self.same_in_all >= SAME_IN_ALL

    @property
    def follows_the_recent(self) -> bool:
        return self.late is not None and self.late - (self.early or 0.0) > RECENT


def habits_of(user: User, cycle: Cycle, component: dict[str, Any], rater_id: int | None = None) -> Habits:
    """Of the forms that the person may fill in; Http404 where there are none. Six queries."""
    rows = grid_of(user, cycle, component["code"], rater_id)
    codes = [item["code"] for item in component["items"]]
    levels = np.array(
        [
            [
                float(found.level)
                if (found := row.judgements.get(code)) is not None and found.level is not None
                else np.nan
                for code in codes
            ]
            for row in rows
        ],
        dtype=np.float64,
    ).reshape(len(rows), len(codes))
    offered = [float(level["value"]) for level in component["levels"]]
    people = [row.sheet.participant.employee_id for row in rows]
    # The last third of the period, and what came before it.
    days = (cycle.last_day - cycle.first_day).days + 1
    turn = cycle.last_day - datetime.timedelta(days=max(days // 3, 1) - 1)
    late = _balance(people, turn, cycle.last_day)
    early = _balance(people, cycle.first_day, turn - datetime.timedelta(days=1))
    counted = (~np.isnan(levels)).sum(axis=1)
    means = np.where(counted > 0, np.nansum(levels, axis=1) / np.maximum(counted, 1), np.nan)
    same, spread = halo(levels)
    with_late, with_early = recency(means, late, early)
    return Habits(
        counts=[
            (level_key(level), count)
            for level, count in zip(offered, level_counts(levels, offered), strict=True)
        ],
        same_in_all=_known(same),
        spread=_known(spread),
        late=_known(with_late),
        early=_known(with_early),
    )


def _balance(people: list[int], first: datetime.date, last: datetime.date) -> list[float]:
    """Good minus bad incidents of each; two queries."""
    if last < first:
        return [0.0] * len(people)
    good = incident_counts(people, first, last, is_good=True)
    bad = incident_counts(people, first, last, is_good=False)
    return [float(good.get(each, 0) - bad.get(each, 0)) for each in people]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
