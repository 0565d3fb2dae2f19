"""Who leads which team; the role "manager" follows from it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction

from foundation.refusals import Refusal
from people.models import Leadership, RoleGrant, Team, User
from people.services import timelines
from people.services.authority import require_hr
from people.services.days import check_day
from people.services.timelines import Segment


@transaction.atomic
def appoint_leader(
    *, actor: User | None, team: Team, user: User | None, from_day: datetime.date
) -> Leadership | None:
    """From `from_day` on `user` leads `team`, or nobody where it is None; the leader before ends on that day.

    Refusals   team_closed; leader_gone for someone who has left; auditor_writes.
    """
    require_hr(actor)
    check_day(from_day, "from_day")
    team = Team.objects.select_for_update().get(pk=team.pk)
    before = segments_of_teams([team.pk]).get(team.pk, [])
    until = timelines.natural_end(before, from_day)
    if user is None:
        here = timelines.at(before, from_day)
        after = [segment for segment in before if segment is not here]
        if here is not None:
            after += timelines.end([here], from_day)
        store_leaderships({team.pk: before}, {team.pk: after})
        return None
    person = User.objects.select_for_update().get(pk=user.pk)
    if not team.is_active:
        raise Refusal("team_closed", field="team", team=team.name)
    if not person.may_sign_in:
        raise Refusal("leader_gone", field="user", name=person.name)
    if RoleGrant.objects.filter(user=person, role=RoleGrant.Role.AUDITOR).exists():
        raise Refusal("auditor_writes", field="user")
    if person.left_on is not None and (until is None or until > person.left_on + timelines.DAY):
        until = person.left_on + timelines.DAY
    after = timelines.put(before, person.pk, from_day, until)
    store_leaderships({team.pk: before}, {team.pk: after})
    user.__dict__.pop("roles", None)
    return Leadership.objects.select_related("team", "user").get(team=team, valid__contains=from_day)


def segments_of_teams(teams: Iterable[int]) -> dict[int, list[Segment]]:
    """{team id: segments of the leader's id} in order."""
    found: dict[int, list[Segment]] = {}
    rows = Leadership.objects.filter(team_id__in=list(teams)).order_by("valid")
    for pk, team_id, user_id, valid in rows.values_list("pk", "team_id", "user_id", "valid"):
        found.setdefault(team_id, []).append(Segment(valid.lower, valid.upper, user_id, pk))
    return found


def store_leaderships(before: dict[int, list[Segment]], after: dict[int, list[Segment]]) -> int:
    return timelines.store(
        Leadership,
        [(team, segment) for team, line in before.items() for segment in line],
        [(team, segment) for team, line in after.items() for segment in line],
        row=lambda team, user: {"team_id": team, "user_id": user},
    )
