"""The audit trail as a page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from foundation.interface.access import role_required
from foundation.trail.forms import TrailFilter
from foundation.trail.selectors import READERS, Entries, visible_events

NOBODY = 0


@require_GET
@role_required(*READERS)
def trail(request: HttpRequest) -> HttpResponse:
    form = TrailFilter(request.GET)
    entries = Entries([], "")
    if form.is_valid():
        since, until = form.bounds()
        entries = visible_events(
            request.user,
            model=form.cleaned_data["model"] or None,
            actor=_actor(form.cleaned_data["actor"]),
            since=since,
            until=until,
            object_id=form.cleaned_data["object_id"] or None,
            cursor=request.GET.get("cursor"),
        )
    is_filtered = any(request.GET.get(name) for name in form.fields)
    context: dict[str, Any] = {"form": form, "entries": entries, "is_filtered": is_filtered}
    return render(request, "trail/list.html", context)


def _actor(text: str) -> int | None:
    """A person's id by login or employee number; NOBODY when there is no such person, so that nothing is found."""
    if not text:
        return None
    user_model = get_user_model()
    query = Q(**{user_model.USERNAME_FIELD: text}) | Q(employee_number=text)
    if text.isdigit() and len(text) < 10:
        query |= Q(pk=int(text))
    found = user_model.objects.filter(query).values_list("pk", flat=True).first()
    return NOBODY if found is None else found
