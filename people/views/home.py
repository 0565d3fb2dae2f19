"""The front door leads each person to the page they came for."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from people.views.addresses import address_of
from people.views.requests import SignedInRequest

#: The first of a person's roles that has a page decides.
HOMES = (
    ("hr", "reviews:cycles"),
    ("payroll", "incentives:payout_runs"),
    ("manager", "reviews:queue"),
    ("auditor", "trail:list"),
    ("inspector", "metrics:inspection_queue"),
    ("employee", "reviews:standing"),
)


@role_required()
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    for role, name in HOMES:
        if request.user.has_role(role) and (address := address_of(name)):
            return redirect(address)
    return render(request, "people/home.html")
