"""Days in role: who is in a period's population, in which team, for how long."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.selectors.rosters import RosterRow, roster_between
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory, days


def by_name(cast: Cast, rows: list[RosterRow]) -> dict[str, RosterRow]:
    return {cast.name_of(row.employee_id): row for row in rows}


def october(cast: Cast, **narrow: Any) -> dict[str, RosterRow]:
    return by_name(cast, roster_between(cast.first_day, cast.last_day, **narrow))


def test_everyone_of_the_roster_with_their_days(cast: Cast) -> None:
    rows = october(cast)
    assert len(rows) == 10
    assert {row.days_in_period for row in rows.values()} == {31}
    assert rows["agent"].days_in_role == 31
    assert rows["leaver"].days_in_role == 15, "the last day counts"


def test_a_transfer_in_the_period_counts_for_the_last_team_with_all_days(cast: Cast) -> None:
    row = october(cast)["mover"]
    assert (row.team_id, row.days_in_role) == (cast.green.pk, 31)


def test_days_are_half_open_at_both_ends(cast: Cast) -> None:
    one_day = roster_between(datetime.date(2025, 10, 10), datetime.date(2025, 10, 10))
    assert by_name(cast, one_day)["mover"].team_id == cast.blue.pk
    next_day = roster_between(datetime.date(2025, 10, 11), datetime.date(2025, 10, 11))
    assert by_name(cast, next_day)["mover"] == RosterRow(
        cast.mover.pk, cast.green.pk, cast.job_agent.pk, days_in_role=1, days_in_period=1
    )


def test_a_gap_between_two_places_does_not_count(cast: Cast) -> None:
    user = UserFactory()
    for first, until in (("2025-09-01", "2025-10-06"), ("2025-10-21", "2025-10-26")):
        MembershipFactory(user=user, team=cast.blue, job=cast.job_agent, valid=days(first, until))
    row = next(each for each in roster_between(cast.first_day, cast.last_day) if each.employee_id == user.pk)
    assert row.days_in_role == 5 + 5


@pytest.mark.parametrize(
    ("narrow", "names"),
    [
        pytest.param({"teams": ["blue"]}, {"manager", "agent", "peer", "leaver"}, id="a team"),
        pytest.param(
            {"teams": ["shanghai"]},
            {"site_manager", "manager", "agent", "peer", "leaver", "mover", "other_manager", "outsider"},
            id="a team with its subtree",
        ),
        pytest.param(
            {"teams": ["blue", "chengdu"]}, {"manager", "agent", "peer", "leaver", "remote"}, id="two teams"
        ),
        pytest.param(
            {"jobs": ["team_leader"]}, {"director", "site_manager", "manager", "other_manager"}, id="a job"
        ),
        pytest.param({"sites": ["cd"]}, {"remote"}, id="a site"),
        pytest.param(
            {"sites": ["sh"], "jobs": ["agent"]},
            {"agent", "peer", "leaver", "mover", "outsider"},
            id="site and job",
        ),
        pytest.param({"teams": ["blue"], "minimum_days": 16}, {"manager", "agent", "peer"}, id="enough days"),
        pytest.param({"teams": ["nowhere"]}, set(), id="an unknown team is nobody"),
        pytest.param({"sites": ["nowhere"]}, set(), id="an unknown site is nobody"),
    ],
)
def test_narrowed(cast: Cast, narrow: dict[str, Any], names: set[str]) -> None:
    assert set(october(cast, **narrow)) == names


def test_accounts_without_a_number_are_in_no_population(cast: Cast) -> None:
    MembershipFactory(user=cast.hr, team=cast.blue, job=cast.job_agent)
    assert "hr" not in october(cast)


def test_queries_do_not_grow_with_people(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as few:
        roster_between(cast.first_day, cast.last_day, teams=["shanghai"], sites=["sh"], jobs=["agent"])
    MembershipFactory.create_batch(200, team=cast.blue, job=cast.job_agent)
    with CaptureQueriesContext(connection) as many:
        rows = roster_between(cast.first_day, cast.last_day, teams=["shanghai"], sites=["sh"], jobs=["agent"])
    assert len(rows) == 205
    assert len(many) == len(few) <= 5
