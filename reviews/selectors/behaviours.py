"""Expected behaviours and strengths of incidents: everyone may know them, HR and auditors also the retired ones."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.http import Http404

from people.models import User
from reviews.models import Behaviour, BehaviourVersion, IncidentStrength

READERS = ("hr", "auditor")


def visible_behaviours(user: User) -> QuerySet[Behaviour]:
    """What is expected is no secret among colleagues."""
    if not user.is_authenticated or not user.may_sign_in:
        return Behaviour.objects.none()
    return Behaviour.objects.all() if user.has_role(*READERS) else Behaviour.objects.filter(is_active=True)


def get_behaviour_for(user: User, code: str) -> Behaviour:
    """Http404 alike for a missing entry and one that `user` may not see."""
    found = visible_behaviours(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def visible_behaviour_versions(user: User) -> QuerySet[BehaviourVersion]:
    """The newest version of each behaviour that `user` may see, by code; one query."""
    return (
        BehaviourVersion.objects.filter(
            number=F("behaviour__version"), behaviour__in=visible_behaviours(user).values("pk")
        )
        .select_related("behaviour")
        .order_by("behaviour__code")
    )


def newest_behaviour_version(behaviour: Behaviour) -> BehaviourVersion:
    return behaviour.versions.select_related("behaviour").get(number=behaviour.version)


def visible_strengths(user: User) -> QuerySet[IncidentStrength]:
    """Weakest first."""
    if not user.is_authenticated or not user.may_sign_in:
        return IncidentStrength.objects.none()
    found = IncidentStrength.objects.order_by("place", "id")
    return found if user.has_role(*READERS) else found.filter(is_active=True)
