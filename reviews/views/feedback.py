"""Feedback on results: the list, one person's page, whose release waits, and the rules of both."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import number
from foundation.refusals import Refusal
from reviews.forms.feedback import FeedbackForm, FeedbackRuleForm
from reviews.methods.feedback import appeal_rule, feedback_rule
from reviews.methods.kpi import KPIMethod
from reviews.models import Cycle, Participant
from reviews.selectors.conversations import is_open_to_person
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.feedback import (
    FeedbackSheet,
    SuggestedPoint,
    days_to_release,
    feedback_people,
    feedback_sheet,
    get_feedback_participant_for,
    held_up_by,
    hold_of,
    may_write,
    unanswered,
    waiting_holds,
    with_feedback,
)
from reviews.services.feedback import release_held, save_feedback
from reviews.views.configuration import context_of, render_page, save_configuration
from reviews.views.item_words import item_name
from reviews.views.presentation import kpi_value, score_text, unit_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

READERS = ("hr", "auditor", "manager")
SHOWN = 300


@role_required(*READERS, write=("manager", "hr"))
@require_safe
def feedback_list(request: SignedInRequest, code: str) -> HttpResponse:
    """The reader's people: who still lacks what, who waits. HR sees besides who holds it up."""
    cycle = get_cycle_for(request.user, code)
    people: Any = with_feedback(feedback_people(request.user, cycle))
    sees_all = request.user.has_role("hr", "auditor")
    shown = list(people.order_by("-waits", "employee__name_sort", "employee_id")[:SHOWN])
    missing = unanswered(cycle, [part.employee_id for part in shown])
    rows: list[dict[str, Any]] = [
        {
            "participant": part,
            "missing": missing.get(part.employee_id, 0),
            "can_write": may_write(request.user, cycle, part),
        }
        for part in shown
    ]
    # What still has to be done comes first, and stays in the order of names.
    rows.sort(key=lambda row: row["missing"] == 0)
    return render(
        request,
        "reviews/feedback_list.html",
        {
            "cycle": cycle,
            "rule": feedback_rule(cycle.configuration),
            "rows": rows,
            "left": sum(row["missing"] > 0 for row in rows),
            "is_cut": len(shown) == SHOWN,
            "sees_all": sees_all,
            "held_up_by": held_up_by(cycle) if sees_all else [],
            "waiting": waiting_holds(cycle).count() if cycle.released_at else None,
            "days": days_to_release(cycle),
        },
    )


@role_required(*READERS, write=("manager", "hr"))
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    """One person: strengths and weak points with their numbers, and what to do about each."""
    cycle = get_cycle_for(request.user, code)
    participant = get_feedback_participant_for(request.user, cycle, employee_id)
    sheet = feedback_sheet(cycle, participant)
    form = FeedbackForm(request.POST or None, sheet=sheet)
    if request.method == "POST" and form.is_valid():
        was_shut = not is_open_to_person(cycle, participant)
        try:
            save_feedback(
                actor=request.user,
                cycle=cycle,
                employee_id=employee_id,
                points=form.document(),
                words=form.cleaned_data["words"],
                version=form.cleaned_data["version"],
            )
        except Refusal as refusal:
            refusal.field = form.place_of(refusal.field or "")
            show_refusal(form, refusal)
        else:
            messages.success(request, _saved(request, cycle, participant, was_shut=was_shut))
            return redirect("reviews:feedback_list", cycle.code)
    return render(
        request,
        "reviews/feedback.html",
        {
            "cycle": cycle,
            "participant": participant,
            "sheet": sheet,
            "form": form,
            "can_write": may_write(request.user, cycle, participant),
            "strengths": point_rows(cycle, sheet, form, strong=True),
            "weak": point_rows(cycle, sheet, form, strong=False),
            "hold": hold_of(cycle, employee_id),
            "is_open": is_open_to_person(cycle, participant),
        },
        status=422 if form.errors else 200,
    )


def _saved(request: SignedInRequest, cycle: Cycle, participant: Participant, *, was_shut: bool) -> str:
    name = participant.employee.name
    if was_shut and cycle.released_at and is_open_to_person(cycle, participant):
        return _("Saved. %(name)s can read the result now.") % {"name": name}
    left = unanswered(cycle, [participant.employee_id]).get(participant.employee_id, 0)
    if left:
        return ngettext(
            "Saved. %(count)s weak point of %(name)s still needs a suggestion.",
            "Saved. %(count)s weak points of %(name)s still need a suggestion.",
            left,
        ) % {"count": left, "name": name}
    return _("Saved. The feedback on %(name)s is complete.") % {"name": name}


def point_rows(
    cycle: Cycle, sheet: FeedbackSheet, form: FeedbackForm | None, *, strong: bool
) -> list[dict[str, Any]]:
    """Points with their numbers in words, and the fields to say something, where there is a form."""
    return [
        {
            "point": point,
            "name": item_name(cycle.configuration, point.component, point.subject),
            "numbers": point_numbers(cycle, point),
            "fields": form.fields_of(index) if form is not None else [],
        }
        for index, point in enumerate(sheet.points)
        if point.is_strength == strong
    ]


def point_numbers(cycle: Cycle, point: SuggestedPoint) -> str:
    """ "4.21 against 4.60 (n = 132): 91.5 points"."""
    points = _("%(points)s points") % {"points": score_text(point.points)}
    component = next(each for each in cycle.configuration["components"] if each["code"] == point.component)
    if component["method"] != KPIMethod.code or not point.subject or point.value is None:
        return points
    version = next(each["version"] for each in component["kpis"] if each["kpi"] == point.subject)
    value = f"{kpi_value(point.value, version)} {unit_of(version)}".strip()
    if point.target is not None:
        value = _("%(value)s against %(target)s") % {
            "value": value,
            "target": kpi_value(point.target, version),
        }
    return _("%(value)s (n = %(n)s): %(points)s") % {
        "value": value,
        "n": number(point.n, 0),
        "points": points,
    }


@role_required("hr")
@require_POST
def release_one(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    """HR opens a result without the feedback that it waits for."""
    cycle = get_cycle_for(request.user, code)
    participant = get_feedback_participant_for(request.user, cycle, employee_id)
    try:
        release_held(
            actor=request.user, cycle=cycle, employee_id=employee_id, reason=request.POST.get("reason", "")
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(
            request, _("%(name)s can read the result now.") % {"name": participant.employee.name}
        )
    return redirect("reviews:feedback", cycle.code, employee_id)


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def feedback_settings(request: SignedInRequest, code: str) -> HttpResponse:
    """What counts as weak, whether a release waits for a suggestion, and how long appeals may take."""
    cycle = get_cycle_for(request.user, code)
    form = FeedbackRuleForm(
        request.POST or None,
        feedback=feedback_rule(cycle.configuration),
        appeal=appeal_rule(cycle.configuration),
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and save_configuration(request, cycle, lambda document: document.update(form.document()), "")
    ):
        return redirect("reviews:cycle", cycle.code)
    return render_page(request, "reviews/feedback_settings.html", context_of(cycle, form=form), form)
