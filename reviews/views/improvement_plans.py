"""Plans: the list, one plan with all that was said, opening one and changing its terms."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from metrics.selectors.kpis import versions_on
from people.models import User
from people.selectors.employees import search_people
from reviews.forms.improvement_plans import (
    CheckInForm,
    DecisionForm,
    ObjectionForm,
    OutcomeForm,
    PlanFilters,
    PlanTyped,
)
from reviews.models import ImprovementPlan
from reviews.selectors.improvement_evidence import evidence_offered
from reviews.selectors.improvement_plans import (
    current_rule,
    get_plan_for,
    leaders_of,
    may_lead,
    measures_done,
    people_to_plan_for,
    state_of,
    states_of,
    visible_plans,
)
from reviews.selectors.improvement_progress import progress, start_values
from reviews.selectors.improvement_proposals import get_proposal_for, open_proposals
from reviews.services.improvement_plans import open_plan, serve_terms
from reviews.views.improvement_words import (
    changes,
    evidence_text,
    history,
    next_text,
    progress_shown,
    progress_text,
    state_text,
    terms_shown,
    title_of,
)
from reviews.views.presentation import unit_of
from reviews.views.refused import show_refusal
from reviews.views.requests import SignedInRequest

READERS = ("hr", "auditor", "manager", "employee")
LEADERS = ("hr", "manager")
PAGE_SIZE = 40
ORDERING = ("-opened_at", "-id")
Kind = ImprovementPlan.Kind


@role_required(*READERS)
@require_safe
def improvement_plans(request: SignedInRequest) -> HttpResponse:
    """Those that the reader may see, the latest first; for an employee without a team the own ones."""
    filters = PlanFilters(request.GET)
    filters.is_valid()
    asked = filters.cleaned_data
    found = visible_plans(request.user)
    if asked.get("q"):
        found = found.filter(employee__in=search_people(User.objects.all(), asked["q"]).values("pk"))
    if asked.get("kind"):
        found = found.filter(kind=asked["kind"])
    if asked.get("show") != "all":
        found = found.filter(closed_on__isnull=asked.get("show") != "closed")
    page = page_of(found, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    states = states_of(page.items)
    rows = [
        {
            "plan": plan,
            "title": title_of(plan.kind),
            "state": state_text(states[plan.pk], _ending(plan)),
            "next": states[plan.pk].next_check_in,
            "deadline": states[plan.pk].deadline,
            "is_late": (due := states[plan.pk].next_check_in) is not None and due < states[plan.pk].day,
        }
        for plan in _with_outcomes(page.items)
    ]
    sees_all = request.user.has_role("hr", "auditor")
    return render(
        request,
        "reviews/improvement_plans.html",
        {
            "page": page,
            "rows": rows,
            "filters": filters,
            "is_filtered": any(asked.values()),
            "may_open": request.user.has_role(*LEADERS),
            "sees_others": sees_all or request.user.is_manager,
            "sees_all": sees_all,
            "proposed": open_proposals(request.user).count() if sees_all else 0,
        },
    )


def _with_outcomes(plans: list[ImprovementPlan]) -> list[ImprovementPlan]:
    prefetch_related_objects(plans, "outcomes")
    return plans


def _ending(plan: ImprovementPlan) -> Any:
    return next((each for each in plan.outcomes.all() if each.verdict != "extended"), None)


@role_required(*READERS)
@require_safe
def improvement_plan(request: SignedInRequest, pk: int) -> HttpResponse:
    return plan_page(request, get_plan_for(request.user, pk))


def plan_page(
    request: SignedInRequest, plan: ImprovementPlan, *, status: int = 200, **forms: Any
) -> HttpResponse:
    """The page of one plan; `forms` are those that were refused, with what was typed."""
    state = state_of(plan)
    leads = may_lead(request.user, plan)
    is_own = plan.employee_id == request.user.pk
    pending, goes_on = state.pending, plan.closed_on is None
    found = progress(plan, state.shown)
    done = measures_done(plan)
    shown = terms_shown(state.shown.content)
    for measure in shown["measures"]:
        measure["done"] = done.get(measure["code"])
        measure["may_mark"] = (
            state.phase == "open"
            and measure["code"] not in done
            and (leads or (is_own and measure["is_own"]))
        )
    waiting = None
    if pending is not None:
        waiting = {
            "terms": pending,
            "shown": terms_shown(pending.content),
            "changes": changes(state.standing.content, pending.content) if state.standing else [],
            "objection": pending.objection if state.is_objected else None,
        }
    check_ins = [
        {"check_in": each, "progress": [progress_text(row) for row in each.progress]}
        for each in plan.check_ins.select_related("noted_by").order_by("-held_on", "-id")
    ]
    today = timezone.localdate()
    number = {"number": pending.number} if pending else {}
    return render(
        request,
        "reviews/improvement_plan.html",
        {
            "plan": plan,
            "state": state,
            "title": title_of(plan.kind),
            "state_text": state_text(state, _ending(plan)),
            "next_text": next_text(state),
            "is_own": is_own,
            "leads": leads and goes_on,
            "terms": shown,
            "waiting": waiting,
            "may_answer": is_own and waiting is not None and not state.is_objected,
            "may_decide": leads and state.is_objected,
            "progress": [progress_shown(each) for each in found],
            "check_ins": check_ins,
            "may_check_in": leads and state.phase == "open",
            "evidence": [evidence_text(each) for each in plan.evidence],
            "outcome": _ending(plan),
            "outcomes": list(plan.outcomes.select_related("decided_by")),
            "history": history(plan, state),
            "objection_form": forms.get("objection_form") or ObjectionForm(initial=number),
            "decision_form": forms.get("decision_form") or DecisionForm(initial=number),
            "check_in_form": forms.get("check_in_form") or CheckInForm(initial={"held_on": today}),
            "outcome_form": forms.get("outcome_form") or OutcomeForm(),
            "check_in_due": state.next_check_in is not None and state.next_check_in <= today,
        },
        status=status,
    )


# Opening and changing ----------------------------------------------------------------------------------------------


@role_required(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def improvement_plan_new(request: SignedInRequest) -> HttpResponse:
    """First for whom and of which kind, then its terms; from a proposal of the rule both are settled."""
    proposal = None
    if asked := request.GET.get("proposal", ""):
        proposal = get_proposal_for(request.user, int(asked) if asked.isdecimal() and len(asked) < 19 else 0)
        if proposal.decision:
            raise Http404
    person = proposal.employee if proposal else _person(request)
    kind = proposal.kind if proposal else request.GET.get("kind", Kind.IMPROVEMENT)
    if person is None or kind not in Kind.values:
        people = people_to_plan_for(request.user)
        return render(
            request,
            "reviews/improvement_plan_whom.html",
            {"people": people[:500], "kinds": [(each.value, title_of(each.value)) for each in Kind]},
        )
    offered = evidence_offered(person.pk)
    named = {each["key"]: each for each in offered}
    for each in proposal.evidence if proposal else []:
        named.setdefault(each["key"], each)
    typed = PlanTyped(
        request.POST or None,
        kpis=_kpis(person),
        evidence=[(key, evidence_text(each)) for key, each in named.items()],
        owners=_owners(request.user, person),
        initial={
            "form_key": uuid.uuid4(),
            "evidence": [each["key"] for each in proposal.evidence] if proposal else [],
        },
    )
    if request.method == "POST" and typed.is_valid():
        data = typed.form.cleaned_data
        try:
            made = open_plan(
                actor=request.user,
                employee_id=person.pk,
                kind=kind,
                content=typed.content(),
                evidence=data["evidence"],
                owner_id=data.get("owner") or None,
                proposal_id=proposal.pk if proposal else None,
                form_key=data["form_key"],
            )
        except Refusal as refusal:
            typed.show(refusal)
        else:
            messages.success(
                request,
                _("Served. %(name)s has %(days)s days to agree or object.")
                % {"name": person.name, "days": current_rule().answer_days},
            )
            return redirect("reviews:improvement_plan", made.pk)
    context = {"person": person, "kind": kind, "title": title_of(kind), "proposal": proposal}
    return _form_page(request, typed, context)


def _form_page(request: SignedInRequest, typed: PlanTyped, context: dict[str, Any]) -> HttpResponse:
    return render(
        request,
        "reviews/improvement_plan_form.html",
        {"form": typed.form, "tables": typed.tables, "days": current_rule().answer_days, **context},
        status=422 if request.method == "POST" else 200,
    )


def _person(request: SignedInRequest) -> User | None:
    """Whom the address names; one for whom the reader may open no plan is 404."""
    asked = request.GET.get("employee", "")
    if not asked:
        return None
    known = (
        people_to_plan_for(request.user).filter(pk=int(asked)).first()
        if asked.isdecimal() and len(asked) < 19
        else None
    )
    if known is None:
        raise Http404
    return known


def _owners(user: User, person: User) -> list[tuple[int, str]]:
    """The person's leaders, and the one who opens it; the first is chosen."""
    leaders = leaders_of([person.pk], timezone.localdate())[person.pk]
    if not user.is_hr:
        return []
    people = User.objects.filter(pk__in=leaders | {user.pk}).order_by("name_sort", "id")
    return [(0, _("the direct manager")), *((each.pk, each.name) for each in people)]


def _kpis(person: User) -> list[tuple[str, str]]:
    """KPIs that are measured, each with the person's latest value."""
    versions = [
        version
        for version in versions_on(timezone.localdate())
        if version.formula and not version.kpi.is_qualitative
    ]
    values = start_values(person, [version.kpi.code for version in versions])
    made = []
    for version in versions:
        value = values.get(version.kpi.code)
        words = {"kpi": version.kpi.name, "unit": unit_of({"unit": version.unit})}
        name = f"{words['kpi']} ({words['unit']})" if words["unit"] else words["kpi"]
        if value is not None:
            name = _("%(kpi)s – now %(value)s") % {"kpi": name, "value": round(value[1], version.decimals)}
        made.append((version.kpi.code, name))
    return made


@role_required(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def improvement_plan_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """New terms; those that stand go on until the person has answered."""
    plan = get_plan_for(request.user, pk)
    if not may_lead(request.user, plan) or plan.closed_on is not None:
        raise Http404
    state = state_of(plan)
    newest = state.terms[-1]
    typed = PlanTyped(
        request.POST or None,
        kpis=_kpis(plan.employee),
        content=newest.content,
        changing=True,
        initial={"seen": newest.number},
    )
    if request.method == "POST" and typed.is_valid():
        data = typed.form.cleaned_data
        try:
            serve_terms(
                actor=request.user,
                plan_id=plan.pk,
                content=typed.content(),
                reason=data["reason"],
                seen=data["seen"],
            )
        except Refusal as refusal:
            if refusal.field == "reason":
                show_refusal(typed.form, refusal)
            else:
                typed.show(refusal)
        else:
            messages.success(
                request,
                _("Served. %(name)s has %(days)s days to agree or object; what stands goes on meanwhile.")
                % {"name": plan.employee.name, "days": current_rule().answer_days},
            )
            return redirect("reviews:improvement_plan", plan.pk)
    context = {"person": plan.employee, "kind": plan.kind, "title": title_of(plan.kind), "plan": plan}
    return _form_page(request, typed, context)
