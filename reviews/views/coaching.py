"""The coaching log: a talk or an observation noted on the day, and lists of them."""

from __future__ import annotations

import uuid

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
from reviews.forms.coaching import CoachingForm
from reviews.selectors.coaching import get_coaching_for, visible_coaching
from reviews.selectors.incidents import NOTES, people_offered
from reviews.services.coaching import note_coaching, withdraw_coaching
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 40
ORDERING = ("-happened_on", "-id")


@role_required("hr", "auditor", "manager", "inspector")
@require_safe
def coaching(request: SignedInRequest) -> HttpResponse:
    """What was noted about others, the latest day first."""
    query = request.GET.get("q", "").strip()[:80]
    found = visible_coaching(request.user).exclude(employee=request.user)
    if query:
        found = found.filter(employee__in=search_people(User.objects.all(), query).values("pk"))
    page = page_of(found, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    return render(
        request,
        "reviews/coaching.html",
        {
            "page": page,
            "query": query,
            "may_note": request.user.has_role(*NOTES),
            "rows": [
                {
                    "note": note,
                    "may_withdraw": not note.is_withdrawn
                    and (request.user.is_hr or note.noted_by_id == request.user.pk)
                    and request.user.has_role(*NOTES),
                }
                for note in page.items
            ],
        },
    )


@role_required("hr", "manager", "inspector")
@require_http_methods(["GET", "HEAD", "POST"])
def coaching_new(request: SignedInRequest) -> HttpResponse:
    person = _person(request)
    form = CoachingForm(
        request.POST or None,
        people=people_offered(request.user),
        person=person,
        initial={"happened_on": timezone.localdate(), "form_key": uuid.uuid4()},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = note_coaching(
                actor=request.user,
                employee_id=person.pk if person else data["employee"],
                kind=data["kind"],
                happened_on=data["happened_on"],
                text=data["text"],
                form_key=data["form_key"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Noted. %(name)s can read it now.") % {"name": made.employee.name})
            return redirect("reviews:coaching")
    context = {"form": form, "person": person}
    return render(request, "reviews/coaching_new.html", context, status=422 if form.errors else 200)


@role_required("hr", "manager", "inspector")
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    get_coaching_for(request.user, pk)
    try:
        withdraw_coaching(actor=request.user, note_id=pk, reason=request.POST.get("reason", ""))
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Withdrawn. It can still be read."))
    return redirect("reviews:coaching")


def _person(request: SignedInRequest) -> User | None:
    """The person whom the address names; one about whom the reader may note nothing is 404."""
    asked = request.GET.get("employee", "")
    if not asked:
        return None
    known = asked.isascii() and asked.isdecimal() and len(asked) < 19
    person = people_offered(request.user).filter(pk=int(asked)).first() if known else None
    if person is None:
        raise Http404
    return person
