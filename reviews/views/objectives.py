"""One objective: writing it, changing it, ending it, its timeline and versions, check-ins and the assessment."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from metrics.selectors.kpis import versions_on
from people.models import Team
from reviews.forms.objectives import (
    AssessmentForm,
    CheckInForm,
    KeyResultRows,
    ObjectiveForm,
    initial_of,
    show_content_refusal,
)
from reviews.models import Cycle, Objective, ObjectiveAssessment, Participant
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.objective_progress import progress_of
from reviews.selectors.objective_scores import objectives_rule
from reviews.selectors.objective_sides import sides_of
from reviews.selectors.objectives import (
    ASSESSING,
    CHECKING,
    SETTING,
    Owner,
    check_ins_of,
    get_objective_for,
    newest_values,
    versions_of,
    visible_objectives,
    weight_on_table,
)
from reviews.services.check_ins import check_in as note_check_in
from reviews.services.objective_assessments import assess_objective
from reviews.services.objectives import (
    create_objective,
    drop_objective,
    may_know,
    revise_objective,
    undo_change,
)
from reviews.views.goal_words import confidence_of, confidences, difference, hint_texts
from reviews.views.goals import objective_card, owner_url
from reviews.views.presentation import name_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

TIMELINE = 60


@role_required("hr", "manager", "employee")
@require_http_methods(["GET", "HEAD", "POST"])
def objective_new(request: SignedInRequest, code: str) -> HttpResponse:
    """A draft for the owner that the address names: ?employee=ID, ?team=ID or ?company=1."""
    cycle = get_cycle_for(request.user, code)
    owner = _asked_owner(request)
    if owner.employee_id is not None and not (
        owner.employee_id == request.user.pk or may_know(request.user, cycle, owner.employee_id)
    ):
        raise Http404
    form, rows = _forms(request, cycle, owner)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            made = create_objective(
                actor=request.user,
                cycle=cycle,
                content=form.content(rows),
                employee_id=owner.employee_id,
                team_id=owner.team_id,
            )
        except Refusal as refusal:
            show_content_refusal(form, rows, refusal)
        else:
            messages.success(request, _("Saved as a draft. It counts once both sides have agreed to it."))
            return redirect(owner_url(request.user, cycle, owner, made.pk))
    return _form_page(request, cycle, owner, form, rows, None)


@role_required("hr", "manager", "employee")
@require_http_methods(["GET", "HEAD", "POST"])
def objective_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    objective = get_objective_for(request.user, pk)
    cycle, owner = objective.cycle, Owner.of(objective)
    form, rows = _forms(request, cycle, owner, objective)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            revise_objective(
                actor=request.user,
                objective_id=pk,
                seen=form.cleaned_data["seen"],
                content=form.content(rows),
                reason=form.cleaned_data.get("reason", ""),
            )
        except Refusal as refusal:
            show_content_refusal(form, rows, refusal)
        else:
            messages.success(
                request,
                _("Saved. What counts stays as it was until both sides have agreed to the change.")
                if objective.agreed_version_id
                else _("Saved as a draft. It counts once both sides have agreed to it."),
            )
            return redirect("reviews:objective", pk)
    return _form_page(request, cycle, owner, form, rows, objective)


def _forms(
    request: SignedInRequest, cycle: Cycle, owner: Owner, objective: Objective | None = None
) -> tuple[ObjectiveForm, Any]:
    latest = objective.latest_version if objective else None
    initial, results = initial_of(latest) if latest else ({}, [])
    if latest is None:
        left = 100 - weight_on_table(cycle, owner)
        initial = {"weight": max(left, 0) or None, "parent": _number(request.GET.get("parent"))}
    kpis = [
        (version.kpi.code, version.kpi.name)
        for version in versions_on(cycle.last_day)
        if not version.kpi.is_qualitative
    ]
    form = ObjectiveForm(
        request.POST or None,
        initial=initial,
        parents=_parents(request, cycle, owner, objective),
        perspectives=_perspectives(cycle),
        is_change=bool(objective and objective.agreed_version_id),
    )
    rows = KeyResultRows(request.POST or None, initial=results, prefix="results", form_kwargs={"kpis": kpis})
    return form, rows


def _perspectives(cycle: Cycle) -> list[tuple[str, str]] | None:
    """Those of the cycle's scorecard, where it has one with perspectives of its own; else the usual four."""
    for component in cycle.configuration.get("components", []):
        if found := component.get("perspectives"):
            return [(each["code"], name_of(each, each["code"])) for each in found]
    return None


def _parents(
    request: SignedInRequest, cycle: Cycle, owner: Owner, objective: Objective | None
) -> list[tuple[int, str]]:
    """Company goals, and those of the teams above the owner; what it supports already stays to choose."""
    path: list[int] = []
    if owner.employee_id is not None:
        participant = (
            Participant.objects.filter(cycle=cycle, employee=owner.employee_id).select_related("team").first()
        )
        path = [int(step) for step in participant.team.path.strip("/").split("/")] if participant else []
    elif owner.team_id is not None:
        team = Team.objects.filter(pk=owner.team_id).first()
        path = [int(step) for step in team.path.strip("/").split("/")] if team else []
    goals = (
        visible_objectives(request.user)
        .filter(cycle=cycle, employee__isnull=True, state=Objective.State.AGREED)
        .select_related("agreed_version", "team")
    )
    found = [
        (each.pk, f"{owner_name(each)}: {each.shown_version.title}")
        for each in goals.order_by("team__path", "pk")[:300]
        if (each.team_id is None or each.team_id in path) and (objective is None or each.pk != objective.pk)
    ]
    latest = objective.latest_version if objective else None
    if latest is not None and latest.parent is not None and latest.parent_id not in dict(found):
        found.append((latest.parent.pk, latest.parent.shown_version.title))
    return found


def owner_name(objective: Objective) -> str:
    if objective.employee is not None:
        return objective.employee.name
    return objective.team.name if objective.team is not None else str(_("Company"))


def _form_page(
    request: SignedInRequest,
    cycle: Cycle,
    owner: Owner,
    form: ObjectiveForm,
    rows: Any,
    objective: Objective | None,
) -> HttpResponse:
    failed = request.method == "POST"
    participant = (
        Participant.objects.select_related("employee").filter(cycle=cycle, employee=owner.employee_id).first()
        if owner.employee_id is not None
        else None
    )
    latest = objective.latest_version if objective else None
    context = {
        "cycle": cycle,
        "form": form,
        "rows": rows,
        "objective": objective,
        "participant": participant,
        "is_own": owner.employee_id == request.user.pk,
        "team": Team.objects.filter(pk=owner.team_id).first() if owner.team_id else None,
        "back_url": reverse("reviews:objective", args=[objective.pk])
        if objective
        else owner_url(request.user, cycle, owner),
        "hints": hint_texts(latest, cycle) if latest else [],
        "on_table": weight_on_table(cycle, owner) - (latest.weight if latest else 0),
    }
    return render(request, "reviews/objective_form.html", context, status=422 if failed else 200)


@role_required()
@require_safe
def objective(request: SignedInRequest, pk: int) -> HttpResponse:
    """One objective with everything that was said about it."""
    return _page(request, get_objective_for(request.user, pk))


def _page(
    request: SignedInRequest,
    found: Objective,
    *,
    check_in_form: CheckInForm | None = None,
    assessment_form: AssessmentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    cycle, owner = found.cycle, Owner.of(found)
    sides = sides_of(request.user, cycle, employee_id=owner.employee_id, team_id=owner.team_id)
    values = newest_values([found.pk])
    card = objective_card(
        found,
        progress_of(cycle, [found])[found.pk],
        values,
        sides=sides,
        may_check_in=cycle.phase in CHECKING,
    )
    if check_in_form is not None:
        card["form"] = check_in_form
    versions = list(versions_of(found))
    told = [
        {
            "version": each,
            "changes": difference(versions[index - 1], each) if index else [],
            "signatures": list(each.signatures.all()),
            "counts": each.pk == found.agreed_version_id,
            "is_latest": each.pk == found.latest_version_id,
        }
        for index, each in enumerate(versions)
    ]
    assessments = {each.side: each for each in found.assessments.select_related("assessed_by")}
    own_side = sides[0] if sides else None
    can_assess = own_side is not None and cycle.phase in ASSESSING and found.state == Objective.State.AGREED
    # What the manager says opens with the results, like every judgement.
    shows_superior = own_side != "owner" or cycle.released_at is not None or found.employee_id is None
    if can_assess and assessment_form is None:
        assessment_form = _assessment_form(found, assessments.get(own_side or ""))
    is_live = found.state != Objective.State.CLOSED
    return render(
        request,
        "reviews/objective.html",
        {
            "cycle": cycle,
            "objective": found,
            "card": card,
            "owner_name": owner_name(found),
            "owner": owner,
            "is_own": found.employee_id == request.user.pk,
            "owner_url": owner_url(request.user, cycle, owner)
            if own_side or request.user.has_role("hr", "auditor")
            else reverse("reviews:goal_tree", args=[cycle.code]),
            "timeline": [_entry(each, found) for each in check_ins_of(found)[:TIMELINE]],
            "versions": told[::-1],
            "may_write": bool(sides) and cycle.phase in SETTING and is_live,
            "total": weight_on_table(cycle, owner),
            "sign_url": reverse("reviews:goals_sign", args=[cycle.code]),
            "confidences": confidences(),
            "assessment_form": assessment_form if can_assess else None,
            "own_assessment": assessments.get("owner"),
            "superior_assessment": assessments.get("superior") if shows_superior else None,
            "parent_visible": found.parent_id is not None
            and visible_objectives(request.user).filter(pk=found.parent_id).exists(),
        },
        status=status,
    )


def _entry(entry: Any, objective: Objective) -> dict[str, Any]:
    version = objective.agreed_version or objective.latest_version
    results = {each.key: each for each in version.key_results.all()} if version else {}
    return {
        "entry": entry,
        "confidence": confidence_of(entry),
        "values": [
            {"result": results.get(each.key), "value": each.value}
            for each in entry.values.all()
            if each.key in results
        ],
    }


def _assessment_form(
    objective: Objective, found: ObjectiveAssessment | None, data: Any = None
) -> AssessmentForm:
    rule: Any = objectives_rule(objective.cycle)
    version = objective.agreed_version
    results = [each for each in version.key_results.all() if each.is_judged] if version else []
    initial: dict[str, Any] = {"version": found.version if found else 0}
    if found:
        initial |= {"comment": found.comment}
        initial |= {f"level_{key}": str(level) for key, level in found.levels.items()}
    return AssessmentForm(
        data,
        results=results,
        levels=[(level["value"], name_of(level, str(level["value"]))) for level in rule["levels"]],
        initial=initial,
    )


@role_required("hr", "manager", "employee")
@require_POST
def drop(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_objective_for(request.user, pk)
    try:
        dropped = drop_objective(
            actor=request.user,
            objective_id=pk,
            seen=request.POST.get("seen", ""),
            reason=request.POST.get("reason", ""),
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
        return redirect("reviews:objective", pk)
    messages.success(
        request,
        _("The draft was taken away.")
        if dropped.state == Objective.State.CLOSED
        else _("Its end is drafted. Propose it; it goes on counting until the other side agrees."),
    )
    if dropped.state == Objective.State.CLOSED:
        return redirect(owner_url(request.user, found.cycle, Owner.of(found)))
    return redirect("reviews:objective", pk)


@role_required("hr", "manager", "employee")
@require_POST
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    get_objective_for(request.user, pk)
    try:
        undo_change(actor=request.user, objective_id=pk, seen=request.POST.get("seen", ""))
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The change was taken off the table. What was agreed goes on counting."))
    return redirect("reviews:objective", pk)


@role_required("hr", "manager", "employee")
@require_POST
def check_in(request: SignedInRequest, pk: int) -> HttpResponse:
    """Two taps: open, and how sure one is. Values and a word are welcome."""
    found = get_objective_for(request.user, pk)
    values = {key: value for (_objective, key), value in newest_values([pk]).items()}
    form = CheckInForm(
        request.POST,
        version=found.shown_version,
        values=values,
        initial={"form_key": uuid.uuid4()},
        auto_id=f"id_{pk}_%s",
    )
    if form.is_valid():
        try:
            note_check_in(
                actor=request.user,
                objective_id=pk,
                confidence=form.cleaned_data["confidence"],
                values=form.changed_values(),
                comment=form.cleaned_data["comment"],
                form_key=form.cleaned_data["form_key"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Noted: %(title)s") % {"title": found.shown_version.title})
            if request.POST.get("next") == "sheet":
                return redirect(owner_url(request.user, found.cycle, Owner.of(found), pk))
            return redirect("reviews:objective", pk)
    return _page(request, found, check_in_form=form, status=422)


@role_required("hr", "manager", "employee")
@require_POST
def assess(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_objective_for(request.user, pk)
    form = _assessment_form(found, None, request.POST)
    if form.is_valid():
        try:
            assess_objective(
                actor=request.user,
                objective_id=pk,
                comment=form.cleaned_data["comment"],
                version=form.cleaned_data["version"],
                levels=form.levels(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved. It can be changed while scores are given."))
            return redirect("reviews:objective", pk)
    return _page(request, found, assessment_form=form, status=422)


def _asked_owner(request: SignedInRequest) -> Owner:
    if request.GET.get("company"):
        return Owner()
    team = _number(request.GET.get("team"))
    if team is not None:
        return Owner(team_id=team)
    return Owner(employee_id=_number(request.GET.get("employee")) or request.user.pk)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
