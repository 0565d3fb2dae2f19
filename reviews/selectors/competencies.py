"""The library of competencies, for whoever designs reviews and for the auditor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404

from people.models import User
from reviews.models import Competency, CompetencyVersion, Cycle, CycleTemplate
from reviews.models.cycles import Phase

READERS = ("hr", "auditor")


def visible_competencies(user: User) -> QuerySet[Competency]:
    if user.is_authenticated and user.may_sign_in and user.has_role(*READERS):
        return Competency.objects.all()
    return Competency.objects.none()


def get_competency_for(user: User, code: str) -> Competency:
    """Http404 alike for a missing entry and one that `user` may not see."""
    found = visible_competencies(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def visible_competency_versions(user: User) -> QuerySet[CompetencyVersion]:
    """The newest version of each competency that `user` may see."""
    return newest_versions().filter(competency__in=visible_competencies(user).values("pk"))


def newest_versions() -> QuerySet[CompetencyVersion]:
    """The newest version of each competency, by code; one query."""
    found = CompetencyVersion.objects.filter(number=F("competency__version"))
    return found.select_related("competency").order_by("competency__code")


def newest_version(competency: Competency) -> CompetencyVersion:
    return competency.versions.select_related("competency").get(number=competency.version)


def users_of(code: str) -> list[str]:
    """Names of the drafts and templates that would take their words from this competency; two queries."""
    drafts = Cycle.objects.filter(phase=Phase.SETUP).order_by("code")
    documents: Iterable[Any] = [*drafts, *CycleTemplate.objects.filter(is_active=True).order_by("code")]
    return [
        each.name or each.code
        for each in documents
        if any(
            item.get("competency") == code
            for component in each.configuration.get("components", [])
            for item in component.get("items", [])
        )
    ]
