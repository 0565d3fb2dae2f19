"""The behavioural record: noting an incident, lists of them, one with everything that was said about it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from people.models import User
from people.selectors.employees import search_people
from reviews.forms.incidents import (
    BAD,
    GOOD,
    CorrectionForm,
    IncidentFilters,
    IncidentForm,
    ReplyForm,
    WithdrawForm,
)
from reviews.models import Incident
from reviews.selectors.behaviours import visible_behaviour_versions, visible_strengths
from reviews.selectors.coaching import visible_coaching
from reviews.selectors.incidents import (
    NOTES,
    get_incident_for,
    people_offered,
    record_of,
    visible_incidents,
)
from reviews.services.incidents import (
    confirm_incidents,
    correct_incident,
    note_incident,
    reply_to_incident,
    withdraw_incident,
)
from reviews.services.rights import REASON_LIMIT
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 40
ORDERING = ("-happened_on", "-id")
FRAGMENT_ROWS = 5
COACHING_SHOWN = 20


@role_required("hr", "auditor", "manager", "inspector")
@require_safe
def incidents(request: SignedInRequest) -> HttpResponse:
    """What was noted about others, the latest day first."""
    filters = IncidentFilters(request.GET)
    filters.is_valid()
    asked = filters.cleaned_data
    found = visible_incidents(request.user).exclude(employee=request.user)
    if asked.get("q"):
        found = found.filter(employee__in=search_people(User.objects.all(), asked["q"]).values("pk"))
    if asked.get("kind"):
        found = found.filter(is_good=asked["kind"] == GOOD)
    if asked.get("behaviour"):
        found = found.filter(behaviour_version__behaviour__code=asked["behaviour"])
    if asked.get("since"):
        found = found.filter(happened_on__gte=asked["since"])
    if asked.get("until"):
        found = found.filter(happened_on__lte=asked["until"])
    page = page_of(found, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    return render(
        request,
        "reviews/incidents.html",
        {
            "page": page,
            "filters": filters,
            "is_filtered": any(asked.values()),
            "behaviours": _behaviours(request),
            "may_note": request.user.has_role(*NOTES),
        },
    )


@role_required("hr", "manager", "inspector")
@require_http_methods(["GET", "HEAD", "POST"])
def incident_new(request: SignedInRequest) -> HttpResponse:
    """Person, kind, behaviour, strength, one sentence, save."""
    person = _person(request)
    form = IncidentForm(
        request.POST or None,
        people=people_offered(request.user),
        behaviours=_behaviours(request),
        strengths=_strengths(request),
        person=person,
        initial={"happened_on": timezone.localdate(), "form_key": uuid.uuid4()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = note_incident(
                actor=request.user,
                employee_id=person.pk if person else form.cleaned_data["employee"],
                form_key=form.cleaned_data["form_key"],
                **form.content(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("Noted. %(name)s sees it and can reply.") % {"name": made.employee.name}
            )
            return redirect("reviews:incidents")
    context = {"form": form, "person": person, "is_ready": bool(_strengths(request) and _behaviours(request))}
    return render(request, "reviews/incident_new.html", context, status=422 if form.errors else 200)


def _person(request: SignedInRequest) -> User | None:
    """The person whom the address names; one about whom the reader may note nothing is 404."""
    asked = request.GET.get("employee", "")
    if not asked:
        return None
    known = (
        people_offered(request.user).filter(pk=int(asked)) if asked.isdecimal() and len(asked) < 19 else None
    )
    person = known.first() if known is not None else None
    if person is None:
        raise Http404
    return person


@role_required()
@require_safe
def incident(request: SignedInRequest, pk: int) -> HttpResponse:
    """One incident, for the person and for those who may read it."""
    return _incident_page(request, get_incident_for(request.user, pk))


def _incident_page(
    request: SignedInRequest, found: Incident, reply: ReplyForm | None = None, status: int = 200
) -> HttpResponse:
    is_own = found.employee_id == request.user.pk
    changeable = not found.is_withdrawn and (
        request.user.is_hr or (found.noted_by_id == request.user.pk and request.user.has_role(*NOTES))
    )
    following = visible_incidents(request.user).filter(replaces=found).first()
    return render(
        request,
        "reviews/incident.html",
        {
            "incident": found,
            "replies": found.replies.all(),
            "is_own": is_own,
            "may_change": changeable and not is_own,
            "following": following,
            "form": reply or ReplyForm(),
            "reason_limit": REASON_LIMIT,
        },
        status=status,
    )


@role_required("hr", "manager", "inspector")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """What was noted, to be noted anew; the first stays to be read, withdrawn."""
    found = get_incident_for(request.user, pk)
    current = found.behaviour_version
    behaviours = _behaviours(request)
    if current.behaviour.code not in dict(behaviours):
        behaviours.append((current.behaviour.code, current.name))
    strengths = _strengths(request)
    if found.strength.code not in dict(strengths):
        strengths.append((found.strength.code, found.strength.name))
    form = CorrectionForm(
        request.POST or None,
        people=User.objects.none(),
        behaviours=behaviours,
        strengths=strengths,
        person=found.employee,
        initial={
            "is_good": GOOD if found.is_good else BAD,
            "behaviour": current.behaviour.code,
            "strength": found.strength.code,
            "text": found.text,
            "happened_on": found.happened_on,
            "reference": found.reference,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = correct_incident(
                actor=request.user, incident_id=pk, reason=form.cleaned_data["reason"], **form.content()
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Corrected. What stood there before can still be read."))
            return redirect("reviews:incident", made.pk)
    context = {"form": form, "person": found.employee, "incident": found}
    return render(request, "reviews/incident_correct.html", context, status=422 if form.errors else 200)


@role_required("hr", "manager", "inspector")
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    get_incident_for(request.user, pk)
    form = WithdrawForm(request.POST)
    try:
        if not form.is_valid():
            raise Refusal("cycle_reason_required")
        withdraw_incident(actor=request.user, incident_id=pk, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Withdrawn. It counts no more, and can still be read."))
    return redirect("reviews:incident", pk)


@role_required("employee")
@require_POST
def reply(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_incident_for(request.user, pk)
    form = ReplyForm(request.POST)
    if form.is_valid():
        try:
            reply_to_incident(actor=request.user, incident_id=pk, text=form.cleaned_data["text"])
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Your reply stands beside it, for everyone who reads it."))
            return redirect("reviews:incident", pk)
    return _incident_page(request, found, form, status=422)


@role_required("employee")
@require_safe
def record(request: SignedInRequest) -> HttpResponse:
    """What was noted about me."""
    page = page_of(
        record_of(request.user), ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE
    )
    unread = [each for each in page.items if not hasattr(each, "receipt") and not each.is_withdrawn]
    coaching = (
        visible_coaching(request.user).filter(employee=request.user).order_by(*ORDERING)[:COACHING_SHOWN]
    )
    context = {"page": page, "unread": unread, "coaching": coaching}
    return render(request, "reviews/record.html", context)


@role_required("employee")
@require_POST
def record_read(request: SignedInRequest) -> HttpResponse:
    """Reading is a step of its own: opening a page changes nothing."""
    confirm_incidents(actor=request.user)
    messages.success(request, _("Noted that you have read it. That does not mean that you agree."))
    return redirect("reviews:record")


@role_required("hr", "auditor", "manager", "inspector")
@require_safe
def incidents_of(request: SignedInRequest, pk: int) -> HttpResponse:
    """The latest about one person, as a part of that person's page."""
    found = visible_incidents(request.user).filter(employee=pk).exclude(employee=request.user)
    rows = list(found.order_by(*ORDERING)[: FRAGMENT_ROWS + 1]) if 0 < pk < 2**63 else []
    offered = people_offered(request.user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if not rows and offered is None and not request.user.has_role("hr", "auditor"):
        raise Http404
    person = rows[0].employee if rows else offered
    if person is None and not User.objects.filter(pk=pk, employee_number__isnull=False).exists():
        raise Http404
    context: dict[str, Any] = {
        "rows": rows[:FRAGMENT_ROWS],
        "more": len(rows) > FRAGMENT_ROWS,
        "person": person,
        "may_note": offered is not None,
    }
    return render(request, "reviews/_incidents_of.html", context)


def _behaviours(request: SignedInRequest) -> list[tuple[str, str]]:
    return [
        (version.behaviour.code, version.name)
        for version in visible_behaviour_versions(request.user)
        if version.behaviour.is_active
    ]


def _strengths(request: SignedInRequest) -> list[tuple[str, str]]:
    return [(each.code, each.name) for each in visible_strengths(request.user) if each.is_active]
