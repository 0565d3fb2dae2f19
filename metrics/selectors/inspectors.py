"""Inspectors: who holds the role, whose calls they may be given, who decides disputes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from metrics.models import Inspector
from people.models import Site, Team, User
from people.selectors.teams import sites_of_teams

READERS = ("hr", "auditor")


@dataclass
class Assigned:
    """An inspector with what was assigned; empty means everybody."""

    user: User
    team_ids: list[int] = field(default_factory=list)
    site_ids: list[int] = field(default_factory=list)
    is_reviewer: bool = False
    teams: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)


def inspectors() -> list[Assigned]:
    """All who hold the role today and may sign in, by name. Three queries."""
    people = [
        user
        for user in User.objects.filter(role_grants__role="inspector").order_by("name_sort", "pk")
        if user.may_sign_in
    ]
    rows = {row.user_id: row for row in Inspector.objects.filter(user__in=people)}
    return [_assigned(user, rows.get(user.pk)) for user in people]


def _assigned(user: User, row: Inspector | None) -> Assigned:
    if row is None:
        return Assigned(user)
    return Assigned(user, list(row.team_ids), list(row.site_ids), row.is_reviewer)


def with_codes(found: list[Assigned]) -> list[Assigned]:
    """Fills teams and sites with codes. Two queries."""
    teams = dict(Team.objects.values_list("pk", "code"))
    sites = dict(Site.objects.values_list("pk", "code"))
    for each in found:
        each.teams = [teams[pk] for pk in each.team_ids if pk in teams]
        each.sites = [sites[pk] for pk in each.site_ids if pk in sites]
    return found


def visible_inspectors(user: User) -> QuerySet[User]:
    """HR and auditors see who inspects; inspectors need not know each other, or the second scoring were less blind."""
    if not user.is_authenticated or not user.has_role(*READERS):
        return User.objects.none()
    return User.objects.filter(role_grants__role="inspector").order_by("name_sort", "pk")


def get_inspector_for(user: User, pk: int) -> User:
    found = visible_inspectors(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def assignment_of(user: User) -> Assigned:
    """What was assigned to this person. One query."""
    return _assigned(user, Inspector.objects.filter(user=user).first())


def is_reviewer(user: User) -> bool:
    """HR decides disputes, and inspectors whom HR named."""
    if user.is_hr:
        return True
    return user.is_inspector and Inspector.objects.filter(user=user, is_reviewer=True).exists()


_LED = """
    SELECT DISTINCT membership.user_id, leadership.user_id
    FROM people_membership AS membership
    JOIN people_team AS team ON team.id = membership.team_id
    CROSS JOIN LATERAL unnest(string_to_array(trim(both '/' FROM team.path), '/')::bigint[]) AS above(id)
    JOIN people_leadership AS leadership ON leadership.team_id = above.id AND leadership.valid @> %(day)s::date
    WHERE membership.user_id = ANY(%(people)s) AND membership.valid @> %(day)s::date
        AND leadership.user_id = ANY(%(leaders)s)
"""


def leads_of(employee_ids: Collection[int], leaders: Collection[int]) -> set[tuple[int, int]]:
    """(employee, leader) of those leaders who lead the employee's team or one above it today. One query."""
    if not employee_ids or not leaders:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            _LED, {"people": list(employee_ids), "leaders": list(leaders), "day": timezone.localdate()}
        )
        return {(employee, leader) for employee, leader in cursor.fetchall()}


class Eligibility:
    """Who may inspect whose calls: never one's own, never those of people one leads, only of what is assigned. With
    `blind`, nobody who sees scores of everybody anyway. A handful of queries, whatever the number of calls."""

    def __init__(self, workers: list[Assigned], teams: dict[int, int]) -> None:
        """teams   {employee id: team id} of those whose calls are drawn"""
        self.workers = workers
        self.teams = teams
        ids = [each.user.pk for each in workers]
        self.led = leads_of(list(teams), ids)
        wanted = {pk for each in workers for pk in each.team_ids}
        paths = dict(Team.objects.values_list("pk", "path"))
        self.below = {
            top: {pk for pk, path in paths.items() if path.startswith(paths.get(top, "?"))} for top in wanted
        }
        self.sites = sites_of_teams(set(teams.values()) - {0})
        self.open_eyes = {each.user.pk for each in workers if each.user.has_role("hr", "payroll", "auditor")}

    def may(self, worker: Assigned, employee_id: int, *, blind: bool = False) -> bool:
        user = worker.user
        if user.pk == employee_id or (employee_id, user.pk) in self.led:
            return False
        if blind and user.pk in self.open_eyes:
            return False
        if not worker.team_ids and not worker.site_ids:
            return True
        team = self.teams.get(employee_id, 0)
        return any(team in self.below[top] for top in worker.team_ids) or (
            self.sites.get(team) in worker.site_ids
        )
