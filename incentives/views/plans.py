"""Incentive plans: listed, read as sentences, composed in the browser with a live preview."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.documents import Problem
from foundation.interface.access import role_required
from foundation.refusals import Refusal
from incentives.forms.plans import PlanDetailsForm, PlanForm, StepsForm, VersionForm, starting_steps
from incentives.models import IncentivePlan, PlanVersion
from incentives.selectors.payout_runs import visible_payout_runs
from incentives.selectors.plans import (
    get_plan_for,
    latest_version,
    versions_of,
    visible_plans,
    with_current_version,
)
from incentives.selectors.preview import SAMPLE_SALARY, curve_chart, samples
from incentives.services.plans import PlanInvalid, create_plan, revise_plan, update_plan
from incentives.steps import configuration as configurations
from incentives.steps import engine, registry
from incentives.steps.fields import decimal_text
from incentives.views.shared import READERS, SignedInRequest, crumbs


@role_required(*READERS, write=("hr",))
@require_safe
def plans(request: SignedInRequest) -> HttpResponse:
    listed = with_current_version(visible_plans(request.user), timezone.localdate())
    rows = [
        {
            "plan": plan,
            "current": current,
            "sentences": configurations.describe(current.configuration, currency=plan.currency)
            if current
            else [],
        }
        for plan, current in listed
    ]
    return render(request, "incentives/plans.html", {"rows": rows})


@role_required(*READERS, write=("hr",))
@require_safe
def plan(request: SignedInRequest, code: str) -> HttpResponse:
    found = get_plan_for(request.user, code)
    versions = list(versions_of(found))
    today = timezone.localdate()
    current = next((version for version in versions if version.valid_from <= today), None)
    shown = _chosen(versions, request.GET.get("version")) or current or (versions[-1] if versions else None)
    payout_runs = visible_payout_runs(request.user).filter(plan=found)[:6]
    context: dict[str, Any] = {
        "plan": found,
        "versions": versions,
        "current": current,
        "shown": shown,
        "payout_runs": payout_runs,
        "crumbs": crumbs((_("Incentive plans"), reverse("incentives:plans")), (found.name, "")),
    }
    if shown is not None:
        context |= _preview(shown.configuration, found.currency, SAMPLE_SALARY)
        context["eligibility"] = shown.configuration.get("eligibility", {})
        context["frequency"] = configurations.frequency_text(shown.configuration)
    return render(request, "incentives/plan.html", context)


def _chosen(versions: list[PlanVersion], number: str | None) -> PlanVersion | None:
    return next((version for version in versions if str(version.number) == number), None)


@role_required("hr")
@require_http_methods(["GET", "POST"])
def plan_new(request: SignedInRequest) -> HttpResponse:
    posted = request.method == "POST"
    head = PlanForm(request.POST if posted else None)
    currency = _currency(request.POST.get("currency", "CNY"))
    return _compose(request, plan=None, head=head, currency=currency)


@role_required("hr")
@require_http_methods(["GET", "POST"])
def plan_edit(request: SignedInRequest, code: str) -> HttpResponse:
    found = get_plan_for(request.user, code)
    return _compose(request, plan=found, head=None, currency=found.currency)


def _compose(
    request: SignedInRequest, *, plan: IncentivePlan | None, head: PlanForm | None, currency: str
) -> HttpResponse:
    """One page for both: the head of a new plan or a new version of an old one, and its steps.

    Buttons that only rearrange steps post the whole form and get it back; nothing typed is lost and nothing is stored.
    """
    latest = latest_version(plan) if plan else None
    if request.method == "POST":
        version = VersionForm(request.POST)
        steps = StepsForm.from_post(request.POST, currency=currency)
    else:
        stored: dict[str, Any] = (
            latest.configuration if latest else {"steps": starting_steps(), "eligibility": {}}
        )
        version = VersionForm(
            initial={
                "valid_from": timezone.localdate().replace(day=1),
                "minimum_days": stored.get("eligibility", {}).get("minimum_days", 1),
                "jobs": stored.get("eligibility", {}).get("jobs", []),
                "frequency": stored.get("frequency", "cycle"),
            }
        )
        steps = StepsForm([dict(step) for step in stored["steps"]], currency=currency)
    saving = request.method == "POST" and request.POST.get("action") == "save"
    forms_sound = version.is_valid() and (head is None or head.is_valid()) if saving else False
    configuration = steps.configuration(_eligibility(version, latest), _frequency(version, latest))
    problems = configurations.problems(configuration, currency=currency)
    if saving and forms_sound and not problems:
        try:
            saved = _save(request, plan, head, version, configuration)
        except PlanInvalid as refusal:
            problems = refusal.problems
        except Refusal as refusal:
            _show(refusal, head, version)
        else:
            messages.success(
                request,
                _("The rules hold from %(day)s on.")
                % {"day": version.cleaned_data["valid_from"].isoformat()},
            )
            return redirect("incentives:plan", code=saved.code)
    failed = saving
    shown = problems if request.method == "POST" else []
    back = reverse("incentives:plan", args=[plan.code]) if plan else reverse("incentives:plans")
    context = {
        "plan": plan,
        "head": head if request.method != "POST" or saving else _unjudged(head),
        "version": version if saving or request.method == "GET" else _unjudged(version),
        "seen_number": request.POST.get("seen_number") or (latest.number if latest else 0),
        "cards": steps.cards(shown if saving else []),
        "step_errors": steps.general_errors(shown) if saving else [],
        "problem_count": len(problems) if saving else 0,
        "kinds": [(kind.kind, kind.label, kind.help) for kind in registry.KINDS.values()],
        "cancel_url": back,
        "crumbs": crumbs(
            (_("Incentive plans"), reverse("incentives:plans")),
            *([(plan.name, back), (_("New version"), "")] if plan else [(_("New plan"), "")]),
        ),
        **_preview(configuration, currency, _salary(request)),
    }
    return render(request, "incentives/plan_edit.html", context, status=422 if failed else 200)


def _unjudged(form: Any) -> Any:
    """The same form as typed, without complaints: pressing "up" is no attempt to save."""
    if form is None:
        return None
    shown = type(form)(initial={name: form.data.get(name) for name in form.fields})
    for name in form.fields:
        if hasattr(form.data, "getlist") and len(form.data.getlist(name)) > 1:
            shown.initial[name] = form.data.getlist(name)
    return shown


def _eligibility(version: VersionForm, latest: PlanVersion | None) -> dict[str, Any]:
    if version.is_bound:
        version.is_valid()
        return version.eligibility()
    return latest.configuration.get("eligibility", {}) if latest else {"minimum_days": 1}


def _frequency(version: VersionForm, latest: PlanVersion | None) -> str:
    if version.is_bound:
        return str(version.cleaned_data.get("frequency", "")) if version.is_valid() else ""
    return str(latest.configuration.get("frequency", "")) if latest else ""


def _save(
    request: SignedInRequest,
    plan: IncentivePlan | None,
    head: PlanForm | None,
    version: VersionForm,
    configuration: dict[str, Any],
) -> IncentivePlan:
    valid_from = version.cleaned_data["valid_from"]
    if plan is None:
        assert head is not None
        return create_plan(
            actor=request.user, valid_from=valid_from, configuration=configuration, **head.cleaned_data
        )
    seen = request.POST.get("seen_number", "")
    revise_plan(
        actor=request.user,
        plan=plan,
        valid_from=valid_from,
        configuration=configuration,
        seen_number=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
    )
    return plan


def _show(refusal: Refusal, head: PlanForm | None, version: VersionForm) -> None:
    for form in (head, version):
        if form is not None and refusal.field in form.fields:
            form.add_error(refusal.field, str(refusal))
            return
    version.add_error(None, str(refusal))


@role_required("hr")
@require_POST
def plan_preview(request: SignedInRequest) -> HttpResponse:
    """The fragment beside the composer: what the steps as typed now say and pay. Stores nothing."""
    currency = _currency(request.POST.get("currency", "CNY"))
    steps = StepsForm.from_post(request.POST, currency=currency)
    configuration = steps.configuration({"minimum_days": 1})
    return render(
        request, "incentives/_plan_preview.html", _preview(configuration, currency, _salary(request))
    )


def _preview(configuration: dict[str, Any], currency: str, salary: Decimal) -> dict[str, Any]:
    problems: list[Problem] = configurations.problems(configuration, currency=currency)
    if problems:
        return {
            "preview_problems": [{"text": _place(problem) + problem.text} for problem in problems],
            "currency": currency,
            "sample_salary": salary,
        }
    chart = curve_chart(configuration, salary)
    chart["series"][0]["name"] = _("Amount")
    is_pool = engine.pool_of(configuration["steps"]) is not None
    if is_pool:
        chart["series"][0]["name"] = _("Claim")
    else:
        chart["unit"] = currency
    return {
        "sentences": configurations.describe(configuration, currency=currency),
        "samples": samples(configuration, salary),
        "chart": chart,
        "sample_salary": salary,
        "currency": currency,
        "is_pool": is_pool,
        "looks_at_kpis": any(str(step.get("input", "")).partition(":")[1] for step in configuration["steps"]),
    }


def _place(problem: Problem) -> str:
    """Step 2: ..."""
    if len(problem.path) > 1 and problem.path[0] == "steps" and isinstance(problem.path[1], int):
        return _("Step %(number)s: ") % {"number": problem.path[1] + 1}
    return ""


def _currency(text: str) -> str:
    return text if len(text) == 3 and text.isascii() and text.isupper() else "CNY"


def _salary(request: SignedInRequest) -> Decimal:
    text = decimal_text(request.POST.get("sample_salary", ""))
    return Decimal(text) if text is not None and 0 <= Decimal(text) <= 10_000_000 else SAMPLE_SALARY


@role_required("hr")
@require_http_methods(["GET", "POST"])
def plan_details(request: SignedInRequest, code: str) -> HttpResponse:
    found = get_plan_for(request.user, code)
    form = PlanDetailsForm(
        request.POST or None,
        initial={"name_zh": found.name_zh, "name_en": found.name_en, "is_active": found.is_active},
    )
    if request.method == "POST" and form.is_valid():
        try:
            update_plan(actor=request.user, plan=found, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The plan is kept."))
            return redirect("incentives:plan", code=found.code)
    back = reverse("incentives:plan", args=[found.code])
    context = {
        "form": form,
        "title": _("Details of %(plan)s") % {"plan": found.name},
        "submit": _("Save plan"),
        "cancel_url": back,
        "crumbs": crumbs(
            (_("Incentive plans"), reverse("incentives:plans")), (found.name, back), (_("Details"), "")
        ),
    }
    return render(request, "incentives/form_page.html", context, status=422 if form.errors else 200)
