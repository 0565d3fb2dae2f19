"""What a run found out about teams, sites and the company."""

from __future__ import annotations

from uuid import UUID

from metrics.models import GroupValue
from metrics.selectors.observations import COMPANY as EVERYBODY
from reviews.methods.scorecard import COMPANY, SITE, TEAM
from reviews.models import Participant

SUBJECT_TYPES = {
    TEAM: GroupValue.SubjectType.TEAM,
    SITE: GroupValue.SubjectType.SITE,
    COMPANY: GroupValue.SubjectType.COMPANY,
}


def group_of(participant: Participant, subject: str) -> int | None:
    """The team, site or company that a participant's scorecard speaks of; None without a site."""
    if subject == COMPANY:
        return EVERYBODY
    return participant.team_id if subject == TEAM else participant.site_id


def group_values(run_id: UUID, subject: str, group: int | None) -> dict[int, GroupValue]:
    """{KPI version id: value} of one team, site or the company in a run; one query."""
    if group is None:
        return {}
    found = GroupValue.objects.filter(run=run_id, subject_type=SUBJECT_TYPES[subject], subject_id=group)
    return {value.kpi_version_id: value for value in found}
