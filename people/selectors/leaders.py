"""Who judges whom: the nearest leader above a person."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils import timezone

from people.models import User

_RATERS = """
    SELECT DISTINCT ON (place.user_id) place.user_id, leadership.user_id
    FROM (
        SELECT DISTINCT ON (membership.user_id) membership.user_id, team.path
        FROM people_membership AS membership
        JOIN people_team AS team ON team.id = membership.team_id
        WHERE membership.user_id = ANY(%(people)s) AND lower(membership.valid) <= %(day)s
        ORDER BY membership.user_id, lower(membership.valid) DESC
    ) AS place
    CROSS JOIN LATERAL unnest(string_to_array(trim(both '/' FROM place.path), '/')::bigint[])
        WITH ORDINALITY AS step(id, depth)
    JOIN people_leadership AS leadership
        ON leadership.team_id = step.id AND leadership.valid @> %(day)s AND leadership.user_id <> place.user_id
    ORDER BY place.user_id, step.depth DESC
"""


def raters_for(employee_ids: Iterable[int], on: datetime.date | None = None) -> dict[int, int | None]:
    """{employee id: id of who judges them on the day, or None}; one query for any number of employees.

    That is the leader of the person's team; where the team has none on that day, or the person leads it, the nearest
    leader further up. Someone who has left counts with the team they were in last; nobody judges themself.
    """
    people = list(employee_ids)
    if not people:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RATERS, {"people": people, "day": on or timezone.localdate()})
        found = dict(cursor.fetchall())
    return {person: found.get(person) for person in people}


_LEADERS_OF_PLACES = """
    SELECT DISTINCT ON (place.number) place.number - 1, leadership.user_id
    FROM unnest(%(people)s::bigint[], %(teams)s::bigint[], %(days)s::date[])
        WITH ORDINALITY AS place(user_id, team_id, day, number)
    JOIN people_team AS team ON team.id = place.team_id
    CROSS JOIN LATERAL unnest(string_to_array(trim(both '/' FROM team.path), '/')::bigint[])
        WITH ORDINALITY AS step(id, depth)
    JOIN people_leadership AS leadership
        ON leadership.team_id = step.id AND leadership.valid @> place.day AND leadership.user_id <> place.user_id
    ORDER BY place.number, step.depth DESC
"""


def leaders_of_places(places: Sequence[tuple[int, int, datetime.date]]) -> list[int | None]:
    """Who judges each (employee id, team id, day), as raters_for would for somebody in that team on that day; one
    query for any number of places."""
    if not places:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _LEADERS_OF_PLACES,
            {
                "people": [place[0] for place in places],
                "teams": [place[1] for place in places],
                "days": [place[2] for place in places],
            },
        )
        found = dict(cursor.fetchall())
    return [found.get(number) for number in range(len(places))]


def manager_of(employee: User, on: datetime.date | None = None) -> User | None:
    """Who judges this person on the day (see raters_for)."""
    rater = raters_for([employee.pk], on)[employee.pk]
    return User.objects.get(pk=rater) if rater is not None else None
