"""Potential: HR's settings, a rater's list and form, the nine boxes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.models import User
from reviews.forms.potential import PotentialForm, PotentialSettingsForm
from reviews.methods.base import localised
from reviews.methods.potential import potential_of
from reviews.models import Cycle
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.potential import OPEN, get_participant_for, nine_box, potentials_of, require_part
from reviews.services.potential import save_potential
from reviews.views.configuration import context_of, render_page, save_configuration
from reviews.views.refused import show_refusal
from reviews.views.requests import SignedInRequest

READERS = ("hr", "auditor", "manager")


def _levels(cycle: Cycle) -> list[dict[str, Any]]:
    """[{value, name, description}] in the reader's language, the lowest first."""
    block = potential_of(cycle.configuration) or {"levels": []}
    language = get_language() or ""
    return [
        {
            "value": index + 1,
            "name": localised(level.get("name"), language),
            "description": localised(level.get("description"), language),
        }
        for index, level in enumerate(block["levels"])
    ]


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def potential_settings(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    form = PotentialSettingsForm(request.POST or None, block=potential_of(cycle.configuration))
    if request.method == "POST" and form.is_valid():
        block = form.document()

        def change(document: dict[str, Any]) -> None:
            document.pop("potential", None)
            if block is not None:
                document["potential"] = block

        if save_configuration(request, cycle, change, ""):
            return redirect("reviews:cycle", cycle.code)
    return render_page(request, "reviews/potential_settings.html", context_of(cycle, form=form), form)


@role_required(*READERS, write=("manager",))
@require_safe
def potentials(request: SignedInRequest, code: str) -> HttpResponse:
    """The reader's people with what was said of their potential."""
    cycle = get_cycle_for(request.user, code)
    people = require_part(request.user, cycle)
    found = potentials_of(people)
    names = {level["value"]: level["name"] for level in _levels(cycle)}
    rows = [
        {
            "participant": participant,
            "rating": (rating := found.get(participant.pk)),
            "level": names.get(rating.level, "") if rating else "",
            "can_rate": cycle.phase in OPEN and participant.rater_id == request.user.pk,
        }
        for participant in people.order_by("employee__name_sort", "employee_id")[:500]
    ]
    return render(
        request,
        "reviews/potentials.html",
        {
            "cycle": cycle,
            "rows": rows,
            "left": sum(row["can_rate"] and row["rating"] is None for row in rows),
        },
    )


@role_required("manager")
@require_http_methods(["GET", "HEAD", "POST"])
def potential(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    """One person: three described levels, and by what it was seen."""
    cycle = get_cycle_for(request.user, code)
    participant = get_participant_for(request.user, cycle, employee_id)
    rating = potentials_of(require_part(request.user, cycle).filter(pk=participant.pk)).get(participant.pk)
    initial = (
        {"level": rating.level, "reason": rating.reason, "version": rating.version}
        if rating
        else {"version": 0}
    )
    form = PotentialForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            save_potential(actor=request.user, cycle=cycle, employee_id=employee_id, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _saved(request.user, cycle, participant.employee.name))
            return redirect("reviews:potentials", cycle.code)
    return render(
        request,
        "reviews/potential.html",
        {
            "cycle": cycle,
            "participant": participant,
            "rating": rating,
            "form": form,
            "levels": _levels(cycle),
            "chosen": str(form["level"].value() or ""),
            "can_rate": cycle.phase in OPEN and participant.rater_id == request.user.pk,
        },
        status=422 if form.errors else 200,
    )


def _saved(user: User, cycle: Cycle, name: str) -> str:
    people = require_part(user, cycle)
    left = people.count() - len(potentials_of(people))
    return (
        _("%(name)s is done; %(left)s to go.") % {"name": name, "left": left}
        if left
        else _("%(name)s is done, and so are all your people.") % {"name": name}
    )


#: What each box suggests, [potential][performance]; a start of a conversation, no verdict.
def _hints() -> list[list[str]]:
    return [
        [_("Is this the right job?"), _("Keep and support"), _("Expert: learn from them")],
        [_("What holds them back?"), _("Give a stretch task"), _("Give more to carry")],
        [_("New to it, or misplaced?"), _("Coach towards more"), _("Prepare the next job")],
    ]


@role_required(*READERS, write=())
@require_safe
def nine_boxes(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    found = nine_box(request.user, cycle)
    levels, hints = _levels(cycle), _hints()
    rows = [
        {
            "level": levels[place],
            "boxes": [
                {"people": box, "hint": hints[place][column], "heat": place + column}
                for column, box in enumerate(found.boxes[place])
            ],
        }
        for place in (2, 1, 0)
    ]
    block = potential_of(cycle.configuration) or {"cuts": [0, 0]}
    return render(
        request,
        "reviews/nine_box.html",
        {
            "cycle": cycle,
            "rows": rows,
            "cuts": block["cuts"],
            "unplaced": found.unplaced,
            "placed": found.placed,
        },
    )
