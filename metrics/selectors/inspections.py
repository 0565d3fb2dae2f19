"""Who sees which inspection.

An agent sees the own calls as soon as they are scored; a manager those of the people led today; an inspector what was
assigned, open or scored; whoever decides disputes the disputed ones; HR and auditors all. The second scoring of a call
is nobody's business but its inspector's, HR's and the auditor's.

Blind: whoever still has to score a call sees the other scoring of that call nowhere, whatever else they may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import Http404

from metrics.models import (
    Inspection,
    InspectionDispute,
    InspectionForm,
    InspectionSample,
    InspectionScore,
    Record,
)
from metrics.selectors.inspectors import is_reviewer
from people.models import User
from people.selectors.employees import employees_led_by

SEES_ALL = ("hr", "auditor")
#: The source of the product's own inspections; its records are called inspection-<id>.
SOURCE = "quality-inspection"
RECORD_PREFIX = "inspection-"
#: What an inspection takes, for "about 24 minutes left"; HR plans with it, nobody is measured by it.
MINUTES_EACH = 6


def visible_inspections(user: User) -> QuerySet[Inspection]:
    """One query beside the roles."""
    every = Inspection.objects.select_related(
        "employee", "inspector", "form_version__form", "sample", "dispute"
    ).order_by("-pk")
    if not user.is_authenticated or not user.may_sign_in:
        return every.none()
    if user.has_role(*SEES_ALL):
        seen = every
    else:
        scored = Q(state=Inspection.State.SUBMITTED, position=1)
        may = scored & Q(employee=user)
        if user.is_manager:
            # Not visible_employees: payroll sees everybody there, but nobody's calls.
            may |= scored & Q(employee__in=employees_led_by(user).values("pk"))
        if user.is_inspector:
            may |= Q(inspector=user)
            if is_reviewer(user):
                may |= scored & Q(dispute__isnull=False)
        seen = every.filter(may)
    return _blind(seen, user)


def _blind(inspections: QuerySet[Inspection], user: User) -> QuerySet[Inspection]:
    """Without the other scoring of calls that the user has still to score."""
    if not user.is_inspector:
        return inspections
    owed = Inspection.objects.filter(
        inspector=user,
        state=Inspection.State.OPEN,
        sample=OuterRef("sample"),
        external_id=OuterRef("external_id"),
    )
    return inspections.exclude(Q(~Q(inspector=user)) & Exists(owed))


def get_inspection_for(user: User, pk: int) -> Inspection:
    """Http404 alike for a missing inspection and one that `user` may not see."""
    found = visible_inspections(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def get_own_inspection(user: User, pk: int) -> Inspection:
    """One that was assigned to the user."""
    found = (
        Inspection.objects.select_related("form_version__form", "sample", "employee", "inspector")
        .filter(pk=pk, inspector=user)
        .first()
        if 0 < pk < 2**63 and user.is_inspector
        else None
    )
    if found is None:
        raise Http404
    return found


def with_score(inspections: QuerySet[Inspection]) -> QuerySet[Inspection]:
    """Annotates the score that counts: score, is_fatal and its number; null where it is not scored."""
    latest = InspectionScore.objects.filter(inspection=OuterRef("pk")).order_by("-number")
    return inspections.annotate(
        score=Subquery(latest.values("score")[:1]),
        is_fatal=Subquery(latest.values("is_fatal")[:1]),
        score_number=Subquery(latest.values("number")[:1]),
    )


def scores_of(inspection: Inspection) -> list[InspectionScore]:
    """All scores of it, the one that counts first."""
    return list(inspection.scores.select_related("scored_by").order_by("-number"))


def without_unseen_scores(records: QuerySet[Record], user: User) -> QuerySet[Record]:
    """Records without those that would tell an inspector the other score of a call that is still to be scored."""
    if not user.is_inspector:
        return records
    other = Inspection.objects.filter(
        Exists(
            Inspection.objects.filter(
                inspector=user,
                state=Inspection.State.OPEN,
                sample=OuterRef("sample"),
                external_id=OuterRef("external_id"),
            )
        )
    ).annotate(record_id=Concat(Value(RECORD_PREFIX), Cast("pk", CharField())))
    return records.exclude(batch__source__code=SOURCE, external_id__in=other.values("record_id"))


# An inspector's work --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Owed:
    """What an inspector has to do: inspections to go, minutes, what is due first."""

    open: list[Inspection]
    scored: int

    @property
    def total(self) -> int:
        return len(self.open) + self.scored

    @property
    def minutes_left(self) -> int:
        return MINUTES_EACH * len(self.open)


def inspections_owed(user: User) -> Owed:
    """Two queries: the open ones by due day, and how many of their samples are done."""
    open_ = list(
        Inspection.objects.filter(inspector=user, state=Inspection.State.OPEN)
        .select_related("sample", "form_version__form", "employee")
        .order_by("sample__due_on", "sample_id", "pk")
    )
    samples = {each.sample_id for each in open_}
    scored = Inspection.objects.filter(
        inspector=user, state=Inspection.State.SUBMITTED, sample__in=samples
    ).count()
    return Owed(open_, scored)


def next_owed(user: User, after: Inspection) -> Inspection | None:
    """The next open one of the user, behind this one if there is any."""
    open_ = Inspection.objects.filter(inspector=user, state=Inspection.State.OPEN).exclude(pk=after.pk)
    return open_.filter(pk__gt=after.pk).order_by("pk").first() or open_.order_by("pk").first()


# Disputes, samples, forms ---------------------------------------------------------------------------------------------


def visible_disputes(user: User) -> QuerySet[InspectionDispute]:
    """Of the inspections that one may see, the undecided first."""
    return (
        InspectionDispute.objects.filter(inspection__in=visible_inspections(user).values("pk"))
        .select_related(
            "inspection__employee", "inspection__form_version__form", "score", "new_score", "decided_by"
        )
        .order_by("-pk")
    )


def visible_samples(user: User) -> QuerySet[InspectionSample]:
    """HR draws them, auditors look; how they were drawn is no secret, but their lists of people are."""
    if not user.is_authenticated or not user.has_role(*SEES_ALL):
        return InspectionSample.objects.none()
    return InspectionSample.objects.select_related("form_version__form", "source", "created_by").annotate(
        scored=Count("inspections", filter=Q(inspections__state=Inspection.State.SUBMITTED)),
        given=Count("inspections"),
    )


def get_sample_for(user: User, pk: int) -> InspectionSample:
    found = visible_samples(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def visible_forms(user: User) -> QuerySet[InspectionForm]:
    """What is asked is no secret: agents know what their calls are judged by."""
    if not user.is_authenticated or not user.may_sign_in:
        return InspectionForm.objects.none()
    return InspectionForm.objects.prefetch_related("versions")


def get_form_for(user: User, code: str) -> InspectionForm:
    found = visible_forms(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def loads_of(sample: InspectionSample) -> list[dict[str, Any]]:
    """[{inspector, given, scored}] of a sample that the reader may see, by name. One query."""
    found = (
        User.objects.filter(inspections__sample=sample)
        .annotate(
            given=Count("inspections"),
            scored=Count("inspections", filter=Q(inspections__state=Inspection.State.SUBMITTED)),
        )
        .order_by("name_sort", "pk")
    )
    return [{"inspector": each, "given": each.given, "scored": each.scored} for each in found]
