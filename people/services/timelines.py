"""What holds from when until when: memberships, leaderships and salaries are lines of segments that never overlap.

Pure functions over segments, and one that stores the difference. Dates are half-open, [first, until); until None is
open.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from psycopg2.extras import DateRange

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Segment:
    """`value` is whatever holds during it, compared as a whole; `pk` is the stored row's, None for a new one."""

    first: datetime.date
    until: datetime.date | None
    value: Any
    pk: int | None = None

    def holds_on(self, day: datetime.date) -> bool:
        return self.first <= day and (self.until is None or day < self.until)


def at(segments: Sequence[Segment], day: datetime.date) -> Segment | None:
    return next((segment for segment in segments if segment.holds_on(day)), None)


def natural_end(segments: Sequence[Segment], first: datetime.date) -> datetime.date | None:
    """Until when something holds that begins on `first` and for which no end was said: as long as what held on that day
    would have, or until the next segment, or openly."""
    here = at(segments, first)
    if here is not None:
        return here.until
    return min((segment.first for segment in segments if segment.first > first), default=None)


def put(
    segments: Sequence[Segment], value: Any, first: datetime.date, until: datetime.date | None
) -> list[Segment]:
    """The line with `value` on [first, until): what stood there is cut, divided or replaced. Sorted by day.

    Where the same value holds from `first` on already, that segment stays as it is but for its end. A stored row keeps
    its pk as long as any part of it stays, so the trail reads as a change and not as a deletion.
    """
    if until is not None and until <= first:
        return sorted(segments, key=lambda segment: segment.first)
    here = at(segments, first)
    begin, pk = first, None
    if here is not None and here.value == value:
        if here.until is None or (until is not None and here.until >= until):
            return sorted(segments, key=lambda segment: segment.first)
        begin, pk = here.first, here.pk
    elif here is not None and here.first == first:
        pk = here.pk
    kept: list[Segment] = []
    for segment in segments:
        if segment is here and segment.value == value:
            continue
        if (until is not None and segment.first >= until) or (
            segment.until is not None and segment.until <= first
        ):
            kept.append(segment)
            continue
        left = segment.first < first
        right = until is not None and (segment.until is None or segment.until > until)
        if left:
            kept.append(replace(segment, until=first))
        if right:
            assert until is not None
            kept.append(replace(segment, first=until, pk=None if left or segment.pk == pk else segment.pk))
    kept.append(Segment(begin, until, value, pk))
    return joined(kept)


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """In order, neighbours of the same value as one: a stored row of them stays, if there is one."""
    line: list[Segment] = []
    for segment in sorted(segments, key=lambda each: each.first):
        last = line[-1] if line else None
        if last is not None and last.until == segment.first and last.value == segment.value:
            pk = segment.pk if last.pk is None else last.pk
            line[-1] = replace(last, until=segment.until, pk=pk)
        else:
            line.append(segment)
    return line


def extend(segments: Sequence[Segment], until: datetime.date) -> list[Segment]:
    """What held last goes on until `until`, if it ended before."""
    if not segments or segments[-1].until is None or segments[-1].until >= until:
        return list(segments)
    return [*segments[:-1], replace(segments[-1], until=until)]


def begin(segments: Sequence[Segment], first: datetime.date) -> list[Segment]:
    """Nothing holds before `first`."""
    return [
        replace(segment, first=max(segment.first, first))
        for segment in segments
        if segment.until is None or segment.until > first
    ]


def end(segments: Sequence[Segment], until: datetime.date) -> list[Segment]:
    """Nothing holds from `until` on."""
    return [
        replace(segment, until=until) if segment.until is None or segment.until > until else segment
        for segment in segments
        if segment.first < until
    ]


def store(
    model: type[models.Model],
    before: Iterable[tuple[Any, Segment]],
    after: Iterable[tuple[Any, Segment]],
    *,
    row: Any,
) -> int:
    """Bring the table from `before` to `after`; pairs are (owner's id, segment). Returns how many rows changed.

    `row(owner, value)` gives the fields beside `valid`. Rows that go are deleted first, then those that shrink or
    change are updated, then those that grow, then new ones come: the exclusion constraint holds at each step.
    """
    old = {segment.pk: (owner, segment) for owner, segment in before}
    new = list(after)
    stay = {segment.pk for _, segment in new if segment.pk is not None}
    gone = [pk for pk in old if pk not in stay]
    changed = [
        (owner, segment) for owner, segment in new if segment.pk in old and old[segment.pk][1] != segment
    ]
    created = [(owner, segment) for owner, segment in new if segment.pk is None]
    manager = model._default_manager
    if gone:
        manager.filter(pk__in=gone).delete()

    def grows(owner: Any, segment: Segment) -> bool:
        was = old[segment.pk][1]
        return segment.first < was.first or (
            was.until is not None and (segment.until is None or segment.until > was.until)
        )

    def built(owner: Any, segment: Segment) -> models.Model:
        return model(
            pk=segment.pk, valid=DateRange(segment.first, segment.until), **row(owner, segment.value)
        )

    for growing in (False, True):
        rows = [built(owner, segment) for owner, segment in changed if grows(owner, segment) is growing]
        if rows:
            fields = ["valid", *row(*_first(changed))]
            manager.bulk_update(rows, fields, batch_size=500)
    if created:
        manager.bulk_create([built(owner, segment) for owner, segment in created], batch_size=1000)
    return len(gone) + len(changed) + len(created)


def _first(changed: list[tuple[Any, Segment]]) -> tuple[Any, Any]:
    owner, segment = changed[0]
    return owner, segment.value
