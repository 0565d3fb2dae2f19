"""Whose word counts on an objective: the owner's, and that of whoever leads the owner."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from people.models import User
from people.selectors.leaders import raters_for
from reviews.models import Cycle, Objective, Participant, Side

# For each team its own leader of the day and the nearest one above who is somebody else.
_LEADERS = """
    SELECT team.id, own.user_id, (
        SELECT leadership.user_id
        FROM unnest(string_to_array(trim(both '/' FROM team.path), '/')::bigint[]) WITH ORDINALITY AS step(id, depth)
        JOIN people_leadership AS leadership ON leadership.team_id = step.id AND leadership.valid @> %(day)s::date
        WHERE step.id <> team.id AND leadership.user_id IS DISTINCT FROM own.user_id
        ORDER BY step.depth DESC LIMIT 1
    )
    FROM people_team AS team
    LEFT JOIN people_leadership AS own ON own.team_id = team.id AND own.valid @> %(day)s::date
    WHERE team.id = ANY(%(teams)s::bigint[])
"""


def superiors_of(cycle: Cycle, employee_ids: Iterable[int]) -> dict[int, set[int]]:
    """{employee id: who stands on the other side}: the rater of the cycle, and after a transfer also today's leader.
    Empty where nobody does; HR speaks for them then. Two queries."""
    people = list(employee_ids)
    today = raters_for(people)
    found = {person: {leader} - {None} for person, leader in today.items()}
    frozen = Participant.objects.filter(cycle=cycle, employee__in=people, rater__isnull=False)
    for person, rater in frozen.values_list("employee", "rater"):
        found[person].add(rater)
    return {person: {each for each in ids if each is not None} for person, ids in found.items()}


def leaders_of_teams(team_ids: Iterable[int]) -> dict[int, tuple[int | None, int | None]]:
    """{team id: (its leader of today, the next leader above)}; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_LEADERS, {"teams": list(team_ids), "day": timezone.localdate()})
        return {team: (own, above) for team, own, above in cursor.fetchall()}


def sides_of(user: User, cycle: Cycle, *, employee_id: int | None, team_id: int | None) -> tuple[str, ...]:
    """For whom `user` speaks on objectives of this owner; empty for a bystander. HR speaks for the company, and
    wherever nobody else stands on a side."""
    if employee_id is not None:
        if user.pk == employee_id:
            return (Side.OWNER,)
        superiors = superiors_of(cycle, [employee_id])[employee_id]
        return (Side.SUPERIOR,) if user.pk in superiors or (not superiors and user.is_hr) else ()
    if team_id is not None:
        own, above = leaders_of_teams([team_id]).get(team_id, (None, None))
        found = [Side.OWNER] if user.pk == own or (own is None and user.is_hr) else []
        if user.pk == above or (above is None and user.is_hr and user.pk != own):
            found.append(Side.SUPERIOR)
        return tuple(found)
    return (Side.OWNER,) if user.is_hr else ()


def sides_on(user: User, objective: Objective) -> tuple[str, ...]:
    return sides_of(user, objective.cycle, employee_id=objective.employee_id, team_id=objective.team_id)


def speakers_for(objective: Objective, side: str) -> set[int]:
    """Who may be told that something waits for this side; HR is not told."""
    if objective.employee_id is not None:
        if side == Side.OWNER:
            return {objective.employee_id}
        return superiors_of(objective.cycle, [objective.employee_id])[objective.employee_id]
    if objective.team_id is not None:
        own, above = leaders_of_teams([objective.team_id]).get(objective.team_id, (None, None))
        return {each for each in (own if side == Side.OWNER else above,) if each is not None}
    return set()
