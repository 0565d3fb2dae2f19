"""What the pages of incentives have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse

from foundation.interface.views import conflict
from foundation.refusals import Refusal
from people.models import User

READERS = ("hr", "payroll", "auditor")


class SignedInRequest(HttpRequest):
    """What a view behind role_required receives. Only a type: Django makes the request."""

    user: User


def crumbs(*items: tuple[str, str]) -> list[dict[str, str]]:
    return [{"label": label, "url": url} for label, url in items]


def address_of(name: str, *args: Any) -> str:
    """A page of another room by its name, "" where it is not there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def after(request: HttpRequest, back: str, call: Callable[[], Any], done: str) -> HttpResponse:
    """Calls a service and goes back to a page that says how it went. A conflict is a page of its own: what stood on the
    reader's screen is no longer so."""
    try:
        call()
    except Refusal as refusal:
        if refusal.status == 409:
            return conflict(request, str(refusal))
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(back)
