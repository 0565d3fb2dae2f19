"""Which teams and sites an inspector is given, and who decides disputes: HR says."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import Inspector
from metrics.services.authority import require_hr
from people.models import Site, Team, User


@transaction.atomic
def assign_inspector(
    *,
    actor: User | None,
    user: User,
    team_codes: Sequence[str] = (),
    site_codes: Sequence[str] = (),
    is_reviewer: bool = False,
) -> Inspector:
    """Codes of teams (each with all below it) and sites whose calls this person inspects; none: everybody's.

    Refusals: metrics_hr_only, inspector_role_missing, inspector_team_unknown, inspector_site_unknown.
    """
    require_hr(actor)
    if not user.is_inspector:
        raise Refusal("inspector_role_missing", field="user", status=422, name=user.name)
    teams = dict(Team.objects.filter(code__in=team_codes).values_list("code", "pk"))
    sites = dict(Site.objects.filter(code__in=site_codes).values_list("code", "pk"))
    for codes, found, code in (
        (team_codes, teams, "inspector_team_unknown"),
        (site_codes, sites, "inspector_site_unknown"),
    ):
        for each in codes:
            if each not in found:
                raise Refusal(code, field="teams" if found is teams else "sites", status=422, name=each[:40])
    assigned = Inspector.objects.select_for_update().filter(user=user).first() or Inspector(user=user)
    assigned.team_ids = sorted(teams.values())
    assigned.site_ids = sorted(sites.values())
    assigned.is_reviewer = is_reviewer
    with recording(actor=actor):
        assigned.save()
    return assigned
