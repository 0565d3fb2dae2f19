"""People for whom a plan may help: what the rule has found, for HR and auditors."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from people.models import User
from reviews.models import PlanProposal

SEES = ("hr", "auditor")


def visible_proposals(user: User) -> QuerySet[PlanProposal]:
    if not user.is_authenticated or not user.may_sign_in or not user.has_role(*SEES):
        return PlanProposal.objects.none()
    return PlanProposal.objects.select_related("employee", "decided_by")


def get_proposal_for(user: User, pk: int) -> PlanProposal:
    """Http404 alike for a missing proposal and one that `user` may not see."""
    found = visible_proposals(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def open_proposals(user: User) -> QuerySet[PlanProposal]:
    return visible_proposals(user).filter(decision="")
