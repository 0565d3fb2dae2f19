"""Inspections as they are read: the list, one of them with what its score is made of, the dispute and its decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from metrics import inspection_wording as wording
from metrics.models import Inspection, InspectionDispute
from metrics.selectors.inspections import get_inspection_for, scores_of, visible_inspections, with_score
from metrics.selectors.inspectors import is_reviewer
from metrics.selectors.measures import measure_names
from metrics.services.inspection_disputes import decide_dispute, last_dispute_day, raise_dispute
from metrics.views.requests import reader
from people.models import User
from people.selectors.employees import search_people

EVERYONE = ("hr", "auditor", "manager", "inspector", "employee")
#: What of a call's record helps whoever listens to it, in this order.
FACTS = ("talk_seconds", "answer_seconds", "satisfaction", "resolved", "complaints", "nps_points")


@require_GET
@role_required(*EVERYONE)
def inspections(request: HttpRequest) -> HttpResponse:
    """Of everybody, of the team, or one's own; the latest first."""
    user = reader(request)
    asked = request.GET.get("show", "")
    found = with_score(_asked_for(visible_inspections(user), asked))
    query = request.GET.get("q", "").strip()[:80]
    sees_others = user.has_role("hr", "auditor", "manager")
    if query and sees_others:
        found = found.filter(employee__in=search_people(User.objects.all(), query).values("pk"))
    shows = [("", _("All")), ("scored", _("Scored")), ("disputed", _("Disputes to decide"))]
    if user.has_role("hr", "auditor", "inspector"):
        shows.insert(1, ("open", _("To be scored")))
    context = {
        "page": page_of(found, ordering=("-pk",), cursor=request.GET.get("cursor")),
        "shows": shows,
        "asked": asked,
        "query": query,
        "sees_others": sees_others or user.is_inspector,
        "may_search": sees_others,
        "sees_inspectors": user.has_role("hr", "auditor"),
        "may_draw": user.is_hr,
        "disputes": visible_inspections(user).filter(dispute__decision="").count()
        if is_reviewer(user)
        else 0,
    }
    return render(request, "metrics/inspections.html", context)


def _asked_for(found: QuerySet[Inspection], asked: str) -> QuerySet[Inspection]:
    if asked == "open":
        return found.filter(state=Inspection.State.OPEN)
    if asked == "scored":
        return found.filter(state=Inspection.State.SUBMITTED)
    if asked == "disputed":
        return found.filter(dispute__decision="")
    return found


@require_GET
@role_required(*EVERYONE)
def inspection(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_inspection_for(reader(request), pk)
    if found.state == Inspection.State.OPEN and found.inspector_id == reader(request).pk:
        return redirect("metrics:inspection_scoring", found.pk)
    return _page(request, found)


def _page(
    request: HttpRequest, found: Inspection, *, typed: dict[str, Any] | None = None, problem: str = ""
) -> HttpResponse:
    user = reader(request)
    scores = scores_of(found) if found.state == Inspection.State.SUBMITTED else []
    current = scores[0] if scores else None
    dispute = dispute_of(found)
    last = last_dispute_day(found)
    is_own = found.employee_id == user.pk
    version = found.form_version
    context = {
        "inspection": found,
        "form": version.form,
        "version": version,
        "current": current,
        "earlier": scores[1:],
        "sections": wording.score_lines(version, current.answers) if current else [],
        "fatal": wording.fatal_lines(version, current.answers) if current else [],
        "fatal_rule": wording.fatal_rule(version),
        "facts": call_facts(found),
        "dispute": dispute,
        "disputed_names": names_of_items(found, dispute.items) if dispute else [],
        "last_day": last,
        "may_dispute": is_own and dispute is None and last is not None and timezone.localdate() <= last,
        "was_disputable": is_own and dispute is None and last is not None,
        "may_decide": dispute is not None and not dispute.decision and may_decide(user, found),
        "sees_inspector": user.has_role("hr", "auditor") or found.inspector_id == user.pk,
        "is_own": is_own,
        "typed": typed or {},
        "problem": problem,
    }
    return render(request, "metrics/inspection.html", context, status=422 if problem else 200)


def dispute_of(found: Inspection) -> InspectionDispute | None:
    try:
        return found.dispute
    except InspectionDispute.DoesNotExist:
        return None


def may_decide(user: User, found: Inspection) -> bool:
    """Whether the page offers it; the service has the last word."""
    if found.employee_id == user.pk or not is_reviewer(user):
        return False
    scorers = Inspection.objects.filter(sample=found.sample_id, external_id=found.external_id)
    return user.pk not in scorers.values_list("inspector_id", flat=True)


def names_of_items(found: Inspection, codes: list[str]) -> list[str]:
    known = {
        entry["code"]: wording.text_of(entry["name"])
        for entry in [*found.form_version.items, *found.form_version.fatal_errors]
    }
    return [known.get(code, code) for code in codes]


def call_facts(found: Inspection) -> list[dict[str, Any]]:
    """What the record said when the call was drawn."""
    names = measure_names()
    return [
        {
            "code": code,
            "name": names.get(code, code),
            "value": found.call[code],
            "is_time": code.endswith("_seconds"),
        }
        for code in FACTS
        if code in found.call
    ]


@require_POST
@role_required("employee")
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """The agent objects, to some items or to the whole."""
    found = get_inspection_for(reader(request), pk)
    items = request.POST.getlist("items")
    reason = request.POST.get("reason", "")
    try:
        raise_dispute(actor=reader(request), inspection_id=found.pk, reason=reason, items=items)
    except Refusal as refusal:
        return _page(request, found, typed={"reason": reason, "items": items}, problem=str(refusal))
    messages.success(request, _("Your objection is in. Somebody who did not score this call decides it."))
    return redirect("metrics:inspection", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr", "inspector")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept with the answers as they should be, or reject; with a reason."""
    user = reader(request)
    found = get_inspection_for(user, pk)
    dispute_ = dispute_of(found)
    if dispute_ is None:
        raise Http404
    version = found.form_version
    typed: dict[str, dict[str, str]] = {
        entry["code"]: {
            "answer": request.POST.get(f"a-{entry['code']}", ""),
            "comment": request.POST.get(f"c-{entry['code']}", ""),
        }
        for entry in [*version.items, *version.fatal_errors]
        if f"c-{entry['code']}" in request.POST
    }
    problem = ""
    if request.method == "POST":
        decision = request.POST.get("decision", "")
        try:
            decide_dispute(
                actor=user,
                inspection_id=found.pk,
                decision=decision,
                reason=request.POST.get("reason", ""),
                answers=typed if decision == InspectionDispute.Decision.ACCEPTED else None,
            )
        except Refusal as refusal:
            if refusal.status == 403:
                messages.error(request, str(refusal))
                return redirect("metrics:inspection", found.pk)
            problem = str(refusal)
        else:
            messages.success(request, _("Decided. The agent sees it at once."))
            return redirect("metrics:inspection", found.pk)
    elif not may_decide(user, found) or dispute_.decision:
        return redirect("metrics:inspection", found.pk)
    answers = typed or dispute_.score.answers
    context = {
        "inspection": found,
        "dispute": dispute_,
        "disputed_names": names_of_items(found, dispute_.items),
        "sections": form_sections(found, answers),
        "fatal_errors": form_fatal(found, answers),
        "fatal_rule": wording.fatal_rule(version),
        "score": dispute_.score,
        "facts": call_facts(found),
        "reason": request.POST.get("reason", ""),
        "problem": problem,
    }
    return render(request, "metrics/inspection_decide.html", context, status=422 if problem else 200)


# The form with what stands in it --------------------------------------------------------------------------------------


def form_sections(found: Inspection, answers: Any) -> list[dict[str, Any]]:
    """Sections with their items as an inspector fills them in."""
    return [
        {
            "name": wording.text_of(section["name"]),
            "lines": [_form_line(item, answers) | {"weight": item["weight"]} for item in section["items"]],
        }
        for section in found.form_version.content["sections"]
    ]


def _form_line(item: dict[str, Any], answers: Any) -> dict[str, Any]:
    entry = answers.get(item["code"], {})
    return {
        "code": item["code"],
        "name": wording.text_of(item["name"]),
        "description": wording.text_of(item.get("description")),
        "choices": wording.choices(item) if "answers" in item else [],
        "answer": str(entry.get("answer") or ""),
        "comment": str(entry.get("comment") or ""),
        "version": entry.get("version", 0),
        "comment_version": entry.get("comment_version", 0),
    }


def form_fatal(found: Inspection, answers: Any) -> list[dict[str, Any]]:
    return [_form_line(error, answers) for error in found.form_version.fatal_errors]
