"""Bonus and penalty items and recorded breaches of a cycle: granted by HR, taken back by HR."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from reviews.forms.adjustments import EntryForm
from reviews.methods.bonus import item_of, items_of
from reviews.methods.red_lines import RecordedBreach, red_line_of, red_lines_of
from reviews.models import Cycle, Participant
from reviews.selectors.adjustments import get_adjustment_for, visible_adjustments
from reviews.selectors.cycles import get_cycle_for
from reviews.services.adjustments import NOTABLE, grant_item, record_breach, withdraw_adjustment
from reviews.views.presentation import name_of
from reviews.views.rating_words import band_label, signed
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 50
BREACH = "breach:"


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def entries(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    choices = _choices(cycle)
    form = EntryForm(request.POST or None, choices=choices)
    if request.method == "POST" and form.is_valid():
        try:
            _enter(request, cycle, form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Noted. It takes effect with the next computation."))
            return redirect("reviews:entries", cycle.code)
    found = visible_adjustments(request.user, cycle).exclude(kind="rating").select_related("reversed_by")
    page = page_of(found, ordering=("-id",), cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    context = {
        "cycle": cycle,
        "form": form,
        "page": page,
        "rows": [_row(cycle, entry) for entry in page.items],
        "has_choices": bool(choices),
        "can_enter": request.user.is_hr and cycle.phase in NOTABLE,
    }
    return render(request, "reviews/entries.html", context, status=422 if form.errors else 200)


def _choices(cycle: Cycle) -> list[Any]:
    items = [
        (
            item["code"],
            _("%(name)s (%(low)s to %(high)s)")
            % {
                "name": name_of(item, item["code"]),
                "low": signed(item["minimum"]),
                "high": signed(item["maximum"]),
            },
        )
        for item in items_of(cycle.configuration)
    ]
    lines = [
        (
            BREACH + line["code"],
            _("%(name)s (caps at %(cap)s)")
            % {"name": name_of(line, line["code"]), "cap": band_label(cycle, line["cap"])},
        )
        for line in red_lines_of(cycle.configuration)
        if line["kind"] == RecordedBreach.code
    ]
    groups = ((_("Bonus and penalty items"), items), (_("Red lines"), lines))
    return [(label, found) for label, found in groups if found]


def _enter(request: SignedInRequest, cycle: Cycle, data: dict[str, Any]) -> None:
    participant = Participant.objects.filter(
        cycle=cycle, employee__employee_number=data["employee_number"].strip()
    ).first()
    if participant is None:
        raise Refusal("not_a_participant", field="employee_number", status=422)
    said = {"reason": data["reason"], "evidence": data["evidence"]}
    if data["item"].startswith(BREACH):
        line = data["item"].removeprefix(BREACH)
        record_breach(
            actor=request.user, cycle=cycle, employee_id=participant.employee_id, red_line=line, **said
        )
        return
    points = float("nan") if data["points"] is None else float(data["points"])
    grant_item(
        actor=request.user,
        cycle=cycle,
        employee_id=participant.employee_id,
        item=data["item"],
        points=points,
        **said,
    )


def _row(cycle: Cycle, entry: Any) -> dict[str, Any]:
    if entry.kind == "breach":
        named = name_of(red_line_of(cycle.configuration, entry.item), entry.item)
    else:
        named = name_of(item_of(cycle.configuration, entry.item), entry.item) or _("Points without an item")
    reversed_by = getattr(entry, "reversed_by", None)
    return {
        "entry": entry,
        "name": _("Taken back: %(item)s") % {"item": named} if entry.reverses_id else named,
        "points": signed(entry.points) if entry.points is not None else "",
        "is_standing": entry.reverses_id is None and reversed_by is None,
        "dialog": f"withdraw-{entry.pk}",
    }


@role_required("hr")
@require_POST
def withdraw(request: SignedInRequest, code: str, adjustment_id: int) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    entry = get_adjustment_for(request.user, cycle, adjustment_id)
    try:
        withdraw_adjustment(actor=request.user, adjustment=entry, reason=request.POST.get("reason", ""))
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Taken back. It takes effect with the next computation."))
    return redirect("reviews:entries", cycle.code)
