"""Letting another manager score in one's name: who does, since when, until when."""

from __future__ import annotations

import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.models import Leadership, User
from reviews.forms.delegations import DelegationForm
from reviews.selectors.delegations import get_delegation_for, visible_delegations
from reviews.services.delegations import delegate_scoring, end_delegation
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

SHOWN = 50


@role_required("hr", "manager", "auditor", write=("hr", "manager"))
@require_http_methods(["GET", "HEAD", "POST"])
def delegations(request: SignedInRequest) -> HttpResponse:
    today = timezone.localdate()
    # Managers of today: nobody else could take it over. Whom one may name is no secret inside the company.
    leading = Leadership.objects.filter(valid__contains=today).values("user")
    people = User.objects.filter(pk__in=leading, is_active=True)
    form = DelegationForm(
        request.POST or None,
        people=people,
        for_others=request.user.is_hr,
        initial={"first_day": today, "last_day": today + datetime.timedelta(days=13)},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        named = data.get("delegator")
        giver = people.filter(pk=named).first() if named else request.user
        try:
            delegate_scoring(
                actor=request.user,
                delegator=giver,
                delegate=people.get(pk=data["delegate"]),
                first_day=data["first_day"],
                last_day=data["last_day"],
                reason=data["reason"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Both have been told. It ends by itself."))
            return redirect("reviews:delegations")
    found = list(visible_delegations(request.user)[:SHOWN])
    return render(
        request,
        "reviews/delegations.html",
        {
            "form": form,
            "may_give": request.user.has_role("hr", "manager"),
            "rows": [
                {
                    "delegation": each,
                    "is_on": each.ended_at is None and each.last_day >= today,
                    "may_end": each.ended_at is None
                    and each.last_day >= today
                    and (request.user.is_hr or each.delegator_id == request.user.pk),
                }
                for each in found
            ],
        },
        status=422 if form.errors else 200,
    )


@role_required("hr", "manager")
@require_POST
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    get_delegation_for(request.user, pk)
    try:
        end_delegation(actor=request.user, delegation_id=pk)
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Ended."))
    return redirect("reviews:delegations")
