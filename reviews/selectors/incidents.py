"""The behavioural record: who may read an incident, who may note one, and what stands in it for a period.

An incident is read by the person, by whoever noted it, by HR and auditors, and by those who led the team that the
person was in on that day, then or today. After a transfer each manager thus reads those of the own time; nobody else
reads any.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from psycopg2.extras import DateRange

from people.models import Leadership, Membership, User
from people.selectors.employees import employees_led_by, visible_employees
from people.selectors.teams import teams_led
from reviews.models import Incident

SEES_ALL = ("hr", "auditor")
#: Who notes about anybody; managers note about those whom they lead on that day.
NOTES_ALL = ("hr", "inspector")
DAYS_OFFERED = 31
NOTES = (*NOTES_ALL, "manager")


def visible_incidents(user: User) -> QuerySet[Incident]:
    incidents = Incident.objects.select_related(
        "employee", "behaviour_version__behaviour", "strength", "team", "noted_by", "withdrawal", "receipt"
    )
    if not user.is_authenticated or not user.may_sign_in:
        return incidents.none()
    if user.has_role(*SEES_ALL):
        return incidents
    return incidents.filter(noted_for(user))


def noted_for(user: User) -> Q:
    """Which dated notes (with employee, noted_by, team, happened_on) one reads without being HR: about oneself, one's
    own, and those about people of a team that one led on that day or leads today."""
    seen = Q(employee=user) | Q(noted_by=user)
    if user.is_manager:
        led_then = (
            Leadership.objects.filter(user=user, valid__contains=OuterRef("happened_on"))
            .annotate(here=ExpressionWrapper(OuterRef("team__path"), output_field=CharField()))
            .filter(here__startswith=F("team__path"))
        )
        seen |= Q(team__in=teams_led(user).values("pk")) | Q(Exists(led_then))
    return seen


def get_incident_for(user: User, pk: int) -> Incident:
    """Http404 alike for a missing incident and one that `user` may not see."""
    found = visible_incidents(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def record_of(user: User) -> QuerySet[Incident]:
    """The own record, the latest day first, with replies."""
    return (
        visible_incidents(user)
        .filter(employee=user)
        .prefetch_related("replies")
        .order_by("-happened_on", "-id")
    )


def unread_count(user: User) -> int:
    """Incidents about the person that they have not said to have read; withdrawn ones do not ask for it."""
    return Incident.objects.filter(employee=user, receipt__isnull=True, withdrawal__isnull=True).count()


def incidents_in(
    user: User, employee_id: int, first: datetime.date, last: datetime.date
) -> QuerySet[Incident]:
    """Those about a person that `user` may see, dated in the period, not withdrawn, the latest first."""
    return (
        visible_incidents(user)
        .filter(employee=employee_id, happened_on__range=(first, last), withdrawal__isnull=True)
        .order_by("-happened_on", "-id")
    )


def people_to_note(user: User, day: datetime.date | None = None) -> QuerySet[User]:
    """About whom `user` may note an incident of the day (default: today), by name."""
    if not user.is_authenticated or not user.may_sign_in:
        return User.objects.none()
    if user.has_role(*NOTES_ALL):
        on = day or timezone.localdate()
        members = Membership.objects.filter(valid__contains=on)
        people = User.objects.filter(employee_number__isnull=False, pk__in=members.values("user_id"))
        return people.exclude(pk=user.pk).order_by("name_sort", "id")
    if user.is_manager:
        return employees_led_by(user, day).order_by("name_sort", "id")
    return User.objects.none()


def people_offered(user: User) -> QuerySet[User]:
    """Whom a page offers for an incident of the last weeks, by name, also those who moved on or left meanwhile."""
    today = timezone.localdate()
    first = today - datetime.timedelta(days=DAYS_OFFERED)
    if not user.is_authenticated or not user.may_sign_in or not user.has_role(*NOTES):
        return User.objects.none()
    if user.has_role(*NOTES_ALL):
        recent = Membership.objects.filter(valid__overlap=DateRange(first, today, "[]"))
        people = User.objects.filter(employee_number__isnull=False, pk__in=recent.values("user_id"))
    else:
        people = visible_employees(user, first=first, last=today)
    return people.exclude(pk=user.pk).order_by("name_sort", "id")


def is_known_to(user: User, employee_id: int, day: datetime.date) -> bool:
    """Whether `user` may know that this person exists: today, or as somebody who led them on that day."""
    return (
        visible_employees(user).filter(pk=employee_id).exists()
        or people_to_note(user, day).filter(pk=employee_id).exists()
    )


def incident_facts(ids: Iterable[int], last_day: datetime.date) -> dict[int, dict[str, Any]]:
    """{id: what an explanation says about an incident}; one query. age: days from it to the last day of the period."""
    found = Incident.objects.filter(pk__in=list(ids)).select_related(
        "behaviour_version__behaviour", "strength"
    )
    return {
        each.pk: {
            "id": each.pk,
            "happened_on": each.happened_on.isoformat(),
            "behaviour": each.behaviour_version.behaviour.code,
            "behaviour_version": each.behaviour_version.number,
            "name": {"zh": each.behaviour_version.name_zh, "en": each.behaviour_version.name_en},
            "strength": each.strength.code,
            "strength_name": {"zh": each.strength.name_zh, "en": each.strength.name_en},
            "is_good": each.is_good,
            "text": each.text,
            "reference": each.reference,
            "age": (last_day - each.happened_on).days,
        }
        for each in found
    }


def incident_counts(
    employee_ids: Iterable[int],
    first: datetime.date,
    last: datetime.date,
    *,
    is_good: bool | None = False,
    behaviours: Iterable[str] = (),
    strengths: Iterable[str] = (),
    noted_before: datetime.datetime | None = None,
) -> dict[int, int]:
    """{employee id: how many incidents of these kinds}, of the period and not withdrawn; one query.

    For rules that count them; who may read a single one is not asked here. Empty behaviours or strengths: all of them;
    is_good None: good and bad ones.
    """
    found = Incident.objects.filter(
        employee__in=list(employee_ids), happened_on__range=(first, last), withdrawal__isnull=True
    )
    if is_good is not None:
        found = found.filter(is_good=is_good)
    if codes := list(behaviours):
        found = found.filter(behaviour_version__behaviour__code__in=codes)
    if codes := list(strengths):
        found = found.filter(strength__code__in=codes)
    if noted_before is not None:
        found = found.filter(noted_at__lt=noted_before)
    return dict(
        found.values("employee").annotate(count=Count("id")).values_list("employee", "count").order_by()
    )
