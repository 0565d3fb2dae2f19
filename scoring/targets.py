"""Which target holds for a person: rows of a table by job, queue, tenure and month, with a ramp for new hires."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.arrays import Floats
from scoring.composite import stored
from scoring.errors import InvalidInput

OWN = -1
MOST_MONTHS = 60
Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TargetRow:
    """One row of a target table. "" and None stand for any.

    tenure_from, tenure_to   completed months in the job, half-open: 0 and 3 are the first three months
    month_from, month_to     "2026-01": the first and the last calendar month, both included
    target                   None: the KPI's own target, to which the ramp is applied
    ramp                     share of the target in the first, second, ... month in the job; 1 after the last
    """

    job: str = ""
    queue: str = ""
    tenure_from: int = 0
    tenure_to: int | None = None
    month_from: str | None = None
    month_to: str | None = None
    target: float | None = None
    ramp: tuple[float, ...] = ()

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool]:
        """Compared in this order: naming the job outweighs the queue, the queue the tenure, the tenure the period."""
        return (
            bool(self.job),
            bool(self.queue),
            self.tenure_from > 0 or self.tenure_to is not None,
            self.month_from is not None or self.month_to is not None,
        )


@dataclass(frozen=True)
class Targets:
    """The target of each person and how it came about, a column per calendar month of the period.

    target    shape (people,), nan for none
    months    "2026-01" of each column
    counted   shape (people, months): the person was in the job in that month
    row       index of the row that holds, OWN for the KPI's own target
    base      target before the ramp; share  the ramp's share;  tenure  completed months in the job, -1 unknown
    """

    target: Floats
    months: list[str]
    counted: npt.NDArray[np.bool_]
    row: Ints
    base: Floats
    share: Floats
    tenure: Ints


def overlap(one: TargetRow, other: TargetRow) -> bool:
    """Whether some person could fall under both in some month while neither is more specific."""
    if one.specificity != other.specificity or one.job != other.job or one.queue != other.queue:
        return False
    tenure = one.tenure_from < _above(other.tenure_to) and other.tenure_from < _above(one.tenure_to)
    months = (one.month_from or "") <= (other.month_to or "9999-99") and (other.month_from or "") <= (
        one.month_to or "9999-99"
    )
    return tenure and months


def _above(limit: int | None) -> float:
    return float("inf") if limit is None else limit


def completed_months(since: Any, day: datetime.date) -> Ints:
    """Whole months from each day of `since` to `day`; -1 where `since` is unknown or later than the day.

    From 15 January to 14 February none is complete, to 15 February one is. From the 31st no month of 30 days is
    complete before the next one begins.
    """
    start = np.asarray(since, dtype="datetime64[D]")
    whole = (np.datetime64(day, "M") - start.astype("datetime64[M]")).astype(np.int64)
    into_month = (start - start.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    months = whole - (into_month > day.day - 1)
    return np.where(np.isnat(start) | (start > np.datetime64(day)), -1, months).astype(np.int64)


def resolve(
    rows: Sequence[TargetRow],
    own: float | None,
    *,
    jobs: Any,
    queues: Any,
    since: Any,
    until: Any,
    first: datetime.date,
    last: datetime.date,
) -> Targets:
    """The target of each person over first..last (both included).

    rows          the KPI's rows of the table; of those that fit, the most specific one holds
    own           the KPI's own target, which holds where no row fits; None for none
    jobs, queues  texts, shape (people,); "" is no queue
    since, until  days, shape (people,): the first day in the job, and the day after the last one; NaT is unknown
                  and still there

    Formula   For each calendar month m of the period in which the person was in the job:
              t(m) = base(m) x share(m), the base being the row's target (or the KPI's own) and the share that of
              the month of tenure, counted on the last day of the month within the period.
              target = mean of t(m) over these months, each t(m) and the mean rounded to 6 decimals.
    Missing   A month without any target leaves the person without one (nan): a target of part of a period is
              none. Somebody whose first day is unknown has no tenure: rows that ask for one do not fit, and no
              ramp applies. Who was in the job in none of the months is taken to have been there in all of them.
    Errors    InvalidInput for two rows that overlap without one being more specific, a share that is not
              positive, a period that ends before it begins or has more than 60 months.
    Source    quota setting by role, territory and tenure with a ramp for new hires, as in sales compensation.
    """
    if last < first:
        raise InvalidInput("period_backwards")
    for number, row in enumerate(rows, start=1):
        for above, other in enumerate(rows[: number - 1], start=1):
            if overlap(row, other):
                raise InvalidInput("targets_overlap", first=above, second=number)
        if not all(each > 0 for each in row.ramp):
            raise InvalidInput("ramp_share", row=number)
    job, queue = np.asarray(jobs, dtype=object), np.asarray(queues, dtype=object)
    start, end = np.asarray(since, dtype="datetime64[D]"), np.asarray(until, dtype="datetime64[D]")
    months = _months(first, last)
    shape = (len(job), len(months))
    counted = np.zeros(shape, dtype=bool)
    found = np.full(shape, OWN, dtype=np.int64)
    base = np.full(shape, np.nan if own is None else float(own))
    share = np.ones(shape)
    tenure = np.full(shape, -1, dtype=np.int64)
    # From the least to the most specific: whoever comes last has the last word.
    order = sorted(range(len(rows)), key=lambda index: rows[index].specificity)
    fits = {index: _fits_person(rows[index], job, queue) for index in order}
    for column, (name, opens, closes) in enumerate(months):
        counted[:, column] = ~(start > np.datetime64(closes)) & ~(end <= np.datetime64(opens))
        held = completed_months(start, closes)
        tenure[:, column] = held
        for number in order:
            row = rows[number]
            if (row.month_from or "") > name or (row.month_to or "9999-99") < name:
                continue
            here = fits[number]
            if row.tenure_from > 0 or row.tenure_to is not None:
                here = here & (held >= row.tenure_from) & (held < _above(row.tenure_to)) & (held >= 0)
            goal = own if row.target is None else row.target
            found[here, column] = number
            base[here, column] = np.nan if goal is None else float(goal)
            steps = np.append(np.asarray(row.ramp, dtype=np.float64), 1.0)
            # -1, unknown, takes the last step as well: no ramp.
            place = np.where(held[here] < 0, len(row.ramp), np.minimum(held[here], len(row.ramp)))
            share[here, column] = steps[place]
    counted |= ~counted.any(axis=1, keepdims=True)
    monthly = stored(base * share)
    total = np.zeros(shape[0])
    for column in range(shape[1]):  # in order, so that one person's sum is the same as among all
        total = total + np.where(counted[:, column], monthly[:, column], 0.0)
    target = stored(total / counted.sum(axis=1)) if shape[1] else np.full(shape[0], np.nan)
    return Targets(target, [name for name, _opens, _closes in months], counted, found, base, share, tenure)


def _fits_person(row: TargetRow, job: Any, queue: Any) -> npt.NDArray[np.bool_]:
    fits = np.ones(len(job), dtype=bool)
    if row.job:
        fits &= np.asarray(job == row.job, dtype=bool)
    if row.queue:
        fits &= np.asarray(queue == row.queue, dtype=bool)
    return fits


def _months(first: datetime.date, last: datetime.date) -> list[tuple[str, datetime.date, datetime.date]]:
    """(name, first day, last day) of the calendar months, cut to the period."""
    found: list[tuple[str, datetime.date, datetime.date]] = []
    opens = first
    while opens <= last:
        if len(found) == MOST_MONTHS:
            raise InvalidInput("period_too_long", limit=MOST_MONTHS)
        following = datetime.date(opens.year + opens.month // 12, opens.month % 12 + 1, 1)
        closes = min(last, following - datetime.timedelta(days=1))
        found.append((f"{opens:%Y-%m}", opens, closes))
        opens = following
    return found
