"""Which target holds: specificity, tenure, months, the ramp, and what is refused."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput
from scoring.targets import OWN, TargetRow, completed_months, overlap, resolve

SEPTEMBER = (datetime.date(2026, 9, 1), datetime.date(2026, 9, 30))


def one(rows: list[TargetRow], own: float | None = 90, **person: Any) -> Any:
    first, last = person.pop("period", SEPTEMBER)
    told = {"job": "agent", "queue": "", "since": "2020-01-01", "until": "NaT"} | person
    return resolve(
        rows,
        own,
        jobs=[told["job"]],
        queues=[told["queue"]],
        since=[told["since"]],
        until=[told["until"]],
        first=first,
        last=last,
    )


@pytest.mark.parametrize(
    ("since", "day", "months"),
    [
        ("2026-01-15", "2026-02-14", 0),
        ("2026-01-15", "2026-02-15", 1),
        ("2026-01-31", "2026-02-28", 0),
        ("2026-01-31", "2026-03-01", 1),
        ("2026-09-01", "2026-09-30", 0),
        ("2026-08-31", "2026-09-30", 0),
        ("2026-08-30", "2026-09-30", 1),
        ("2024-09-30", "2026-09-30", 24),
        ("2026-10-01", "2026-09-30", -1),
        ("NaT", "2026-09-30", -1),
    ],
)
def test_completed_months(since: str, day: str, months: int) -> None:
    assert completed_months([since], datetime.date.fromisoformat(day)).tolist() == [months]


def test_without_a_row_the_own_target_holds() -> None:
    found = one([TargetRow(job="leader", target=70)])
    assert (found.target.tolist(), found.row.tolist()) == ([90.0], [[OWN]])


def test_without_any_target_there_is_none() -> None:
    assert math.isnan(one([TargetRow(job="leader", target=70)], None).target[0])


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (
            TargetRow(job="agent", target=1),
            TargetRow(queue="vip", tenure_to=900, month_to="2026-12", target=2),
        ),
        (TargetRow(queue="vip", target=1), TargetRow(tenure_to=900, month_to="2026-12", target=2)),
        (TargetRow(tenure_from=1, target=1), TargetRow(month_from="2026-09", target=2)),
        (TargetRow(month_from="2026-09", target=1), TargetRow(target=2)),
        (TargetRow(job="agent", queue="vip", target=1), TargetRow(job="agent", tenure_from=1, target=2)),
    ],
)
def test_the_more_specific_row_holds_wherever_it_stands(winner: TargetRow, loser: TargetRow) -> None:
    assert one([winner, loser], queue="vip").target.tolist() == [1.0]
    assert one([loser, winner], queue="vip").target.tolist() == [1.0]


@pytest.mark.parametrize(("since", "target"), [("2026-07-01", 60), ("2026-06-30", 80), ("2026-08-01", 60)])
def test_tenure_is_half_open(since: str, target: float) -> None:
    rows = [TargetRow(tenure_from=0, tenure_to=3, target=60), TargetRow(tenure_from=3, target=80)]
    assert one(rows, since=since).target.tolist() == [target]


@pytest.mark.parametrize(("since", "share"), [("2026-09-01", 0.6), ("2026-08-20", 0.85), ("2026-06-01", 1)])
def test_the_ramp_is_a_share_by_month_of_tenure(since: str, share: float) -> None:
    found = one([TargetRow(target=100, ramp=(0.6, 0.85, 0.95))], since=since)
    assert found.target.tolist() == [100 * share]


def test_a_row_without_target_ramps_up_to_the_own_one() -> None:
    assert one([TargetRow(ramp=(0.5,))], since="2026-09-10").target.tolist() == [45.0]
    assert math.isnan(one([TargetRow(ramp=(0.5,))], None, since="2026-09-10").target[0])


def test_whoever_has_no_first_day_has_no_ramp_and_no_tenure() -> None:
    assert one([TargetRow(target=100, ramp=(0.5,))], since="NaT").target.tolist() == [100.0]
    assert one([TargetRow(tenure_from=0, tenure_to=3, target=60)], since="NaT").target.tolist() == [90.0]


def test_a_quarter_is_the_mean_of_the_months_in_the_job() -> None:
    rows = [
        TargetRow(month_from="2026-08", month_to="2026-08", target=60),
        TargetRow(target=100, ramp=(0.5,)),
    ]
    quarter = (datetime.date(2026, 7, 1), datetime.date(2026, 9, 30))
    assert one(rows, period=quarter).target.tolist() == [round((100 + 60 + 100) / 3, 6)]
    joined = one(rows, period=quarter, since="2026-08-10")
    assert joined.counted.tolist() == [[False, True, True]]
    assert joined.target.tolist() == [80.0]
    left = one(rows, period=quarter, until="2026-08-01")
    assert left.target.tolist() == [100.0]


def test_a_month_without_target_leaves_the_quarter_without_one() -> None:
    quarter = (datetime.date(2026, 7, 1), datetime.date(2026, 9, 30))
    assert math.isnan(one([TargetRow(month_to="2026-08", target=60)], None, period=quarter).target[0])


@pytest.mark.parametrize(
    ("one_row", "other", "expected"),
    [
        ({}, {}, True),
        ({"job": "a"}, {"job": "b"}, False),
        ({"job": "a"}, {"queue": "q"}, False),
        ({"tenure_from": 0, "tenure_to": 3}, {"tenure_from": 3}, False),
        ({"tenure_from": 0, "tenure_to": 4}, {"tenure_from": 3}, True),
        ({"month_to": "2026-08"}, {"month_from": "2026-09"}, False),
        ({"month_to": "2026-09"}, {"month_from": "2026-09"}, True),
        ({"tenure_to": 3, "month_to": "2026-09"}, {"tenure_to": 2, "month_from": "2026-09"}, True),
        ({"tenure_to": 3}, {"tenure_to": 2, "month_from": "2026-09"}, False),
    ],
)
def test_overlap(one_row: dict[str, Any], other: dict[str, Any], expected: bool) -> None:
    assert overlap(TargetRow(**one_row), TargetRow(**other)) is expected
    assert overlap(TargetRow(**other), TargetRow(**one_row)) is expected


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([TargetRow(target=1), TargetRow(target=2)], "targets_overlap"),
        ([TargetRow(target=1, ramp=(0.0,))], "ramp_share"),
        ([TargetRow(target=1, ramp=(float("nan"),))], "ramp_share"),
    ],
)
def test_what_is_refused(rows: list[TargetRow], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        one(rows)
    assert refused.value.code == code


def test_periods_that_are_refused() -> None:
    with pytest.raises(InvalidInput, match="before it begins"):
        one([], period=(datetime.date(2026, 2, 1), datetime.date(2026, 1, 1)))
    with pytest.raises(InvalidInput, match="60 months"):
        one([], period=(datetime.date(2000, 1, 1), datetime.date(2026, 1, 1)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["agent", "leader"]), st.sampled_from(["", "vip"]), st.integers(0, 900)),
        min_size=1,
        max_size=20,
    )
)
def test_one_person_alone_gets_what_one_gets_among_all(people: list[tuple[str, str, int]]) -> None:
    """What an explanation recomputes for one is what the run computed for a hundred thousand."""
    rows = [
        TargetRow(job="agent", target=97.3, ramp=(0.61, 0.83)),
        TargetRow(queue="vip", tenure_from=2, tenure_to=9, target=71.7),
        TargetRow(job="agent", queue="vip", month_from="2026-08", target=88.1),
    ]
    since = [np.datetime64("2026-09-30") - days for _job, _queue, days in people]
    quarter = {"first": datetime.date(2026, 7, 1), "last": datetime.date(2026, 9, 30)}
    until = np.array(["NaT"] * len(people), dtype="datetime64[D]")
    together = resolve(
        rows,
        80,
        jobs=[p[0] for p in people],
        queues=[p[1] for p in people],
        since=since,
        until=until,
        **quarter,
    )
    for place, (job, queue, _days) in enumerate(people):
        alone = resolve(
            rows, 80, jobs=[job], queues=[queue], since=[since[place]], until=until[:1], **quarter
        )
        assert alone.target[0] == together.target[place]
