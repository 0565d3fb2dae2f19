"""What is posted from the page of a plan: answers, decisions, check-ins, measures done, the outcome."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.forms.improvement_plans import (
    AgreementForm,
    CheckInForm,
    DecisionForm,
    ObjectionForm,
    OutcomeForm,
)
from reviews.selectors.improvement_plans import get_plan_for
from reviews.services.improvement_course import decide_outcome, mark_measure_done, record_check_in
from reviews.services.improvement_plans import agree_to_terms, decide_objection, object_to_terms
from reviews.views.improvement_plans import LEADERS, plan_page
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest


@role_required("employee")
@require_POST
def agree(request: SignedInRequest, pk: int) -> HttpResponse:
    get_plan_for(request.user, pk)
    form = AgreementForm(request.POST)
    try:
        if not form.is_valid():
            raise Refusal("improvement_nothing_to_answer", status=409)
        agree_to_terms(actor=request.user, plan_id=pk, number=form.cleaned_data["number"])
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Agreed. These terms stand from today."))
    return redirect("reviews:improvement_plan", pk)


@role_required("employee")
@require_POST
def object_(request: SignedInRequest, pk: int) -> HttpResponse:
    plan = get_plan_for(request.user, pk)
    form = ObjectionForm(request.POST)
    if form.is_valid():
        try:
            object_to_terms(actor=request.user, plan_id=pk, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Your objection is with your manager and HR. One of them decides."))
            return redirect("reviews:improvement_plan", pk)
    return plan_page(request, plan, status=422, objection_form=form)


@role_required(*LEADERS)
@require_POST
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    plan = get_plan_for(request.user, pk)
    form = DecisionForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            decide_objection(
                actor=request.user,
                plan_id=pk,
                number=data["number"],
                stands=data["decision"] == "stand",
                reason=data["reason"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("Decided. %(name)s is told, with your reason.") % {"name": plan.employee.name}
            )
            return redirect("reviews:improvement_plan", pk)
    return plan_page(request, plan, status=422, decision_form=form)


@role_required(*LEADERS)
@require_POST
def check_in(request: SignedInRequest, pk: int) -> HttpResponse:
    plan = get_plan_for(request.user, pk)
    form = CheckInForm(request.POST)
    if form.is_valid():
        try:
            record_check_in(actor=request.user, plan_id=pk, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Noted, with the progress as it stands today."))
            return redirect("reviews:improvement_plan", pk)
    return plan_page(request, plan, status=422, check_in_form=form)


@role_required(*LEADERS, "employee")
@require_POST
def measure_done(request: SignedInRequest, pk: int, measure: str) -> HttpResponse:
    get_plan_for(request.user, pk)
    try:
        mark_measure_done(actor=request.user, plan_id=pk, measure=measure)
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Noted as done."))
    return redirect("reviews:improvement_plan", pk)


@role_required(*LEADERS)
@require_POST
def outcome(request: SignedInRequest, pk: int) -> HttpResponse:
    plan = get_plan_for(request.user, pk)
    form = OutcomeForm(request.POST)
    if form.is_valid():
        try:
            decide_outcome(actor=request.user, plan_id=pk, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("Decided. %(name)s is told, with your reason.") % {"name": plan.employee.name}
            )
            return redirect("reviews:improvement_plan", pk)
    return plan_page(request, plan, status=422, outcome_form=form)
