"""What addresses and forms say, checked: a wrong month or cursor is no error of the server."""

from __future__ import annotations

import re
from datetime import date

from django import forms
from django.http import HttpRequest

from foundation.refusals import Refusal
from people.models import User


def month_asked(request: HttpRequest) -> date | None:
    """?month=2025-10 as its first day; None without it or for anything else."""
    found = re.fullmatch(r"(\d{4})-(\d{2})", request.GET.get("month", ""), re.ASCII)
    try:
        return date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        return None


def show_refusal(form: forms.Form, refusal: Refusal) -> None:
    """At its field where the form has it, else above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def reader(request: HttpRequest) -> User:
    """The person who is signed in; role_required has let nobody else in."""
    assert isinstance(request.user, User)
    return request.user
