"""What was changed in a running cycle, and what could be changed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from people.models import User
from reviews.methods.kpi import ATTAINMENT
from reviews.models import Amendment, Cycle, CycleVersion

READERS = ("hr", "auditor")


def amendments_of(user: User, cycle: Cycle) -> QuerySet[Amendment]:
    """The latest first; for HR and auditors. Whom a change concerns hears of it by a notice."""
    found = Amendment.objects.filter(cycle=cycle).select_related("proposed_by", "decided_by").order_by("-id")
    return found if user.has_role(*READERS) else found.none()


def get_amendment_for(user: User, cycle: Cycle, pk: int) -> Amendment:
    found = amendments_of(user, cycle).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def versions_of(user: User, cycle: Cycle) -> QuerySet[CycleVersion]:
    """Every version since the launch, the present one first; none for a cycle that was never amended."""
    found = CycleVersion.objects.filter(cycle=cycle).select_related("amendment").order_by("-number")
    return found if user.has_role(*READERS) else found.none()


def amendable_lines(cycle: Cycle) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(component, frozen KPI line) of those whose target may be mended."""
    return [
        (component, item)
        for component in cycle.configuration["components"]
        for item in component.get("kpis", [])
        if "version" in item and item.get("scoring") == ATTAINMENT
    ]
