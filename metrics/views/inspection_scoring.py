"""The inspector's work: what is due, and the form of one call with its autosave."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from foundation.interface.access import role_required
from foundation.interface.wording import number
from foundation.refusals import Refusal
from metrics import inspection_wording as wording
from metrics.models import Inspection
from metrics.selectors.inspections import get_own_inspection, inspections_owed, next_owed, visible_disputes
from metrics.selectors.inspectors import is_reviewer
from metrics.services.inspections import (
    StaleAnswer,
    compute,
    given,
    missing_items,
    save_answer,
    submit_inspection,
)
from metrics.views.inspections import call_facts, form_fatal, form_sections
from metrics.views.requests import reader


@require_GET
@role_required("inspector")
def queue(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    owed = inspections_owed(user)
    rows = [
        {
            "inspection": each,
            "done": len(each.form_version.items) - len(missing_items(each.form_version, each.answers)),
            "total": len(each.form_version.items),
        }
        for each in owed.open
    ]
    disputes = [
        each
        for each in (visible_disputes(user).filter(decision="") if is_reviewer(user) else [])
        if each.inspection.inspector_id != user.pk
    ]
    context = {"owed": owed, "rows": rows, "first": owed.open[0] if owed.open else None, "disputes": disputes}
    return render(request, "metrics/inspection_queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("inspector")
def scoring(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one call. A POST saves what differs, for browsers without scripts, and submits where asked to."""
    user = reader(request)
    found = get_own_inspection(user, pk)
    if found.state == Inspection.State.SUBMITTED:
        return redirect("metrics:inspection", found.pk)
    problem: Refusal | None = None
    if request.method == "POST":
        problem = _save_all(request, found)
        if problem is None and request.POST.get("submit"):
            try:
                submit_inspection(actor=user, inspection_id=found.pk)
            except Refusal as refusal:
                problem = refusal
            else:
                return _after_submission(request, found)
        elif problem is None:
            return redirect("metrics:inspection_scoring", found.pk)
        found = get_own_inspection(user, pk)
    live = _live(found)
    context = {
        "inspection": found,
        "form": found.form_version.form,
        "version": found.form_version,
        "sections": form_sections(found, found.answers),
        "fatal_errors": form_fatal(found, found.answers),
        "fatal_rule": wording.fatal_rule(found.form_version),
        "facts": call_facts(found),
        "live": live,
        "problem": problem,
        "wrong_item": problem.field if problem else "",
        "owed": inspections_owed(user),
    }
    return render(request, "metrics/inspection_scoring.html", context, status=422 if problem else 200)


def _save_all(request: HttpRequest, found: Inspection) -> Refusal | None:
    """Each field that differs from what stands there; the first refusal is told."""
    for entry in [*found.form_version.items, *found.form_version.fatal_errors]:
        code = entry["code"]
        current = found.answers.get(code, {})
        for prefix, name in (("a", "answer"), ("c", "comment")):
            field = f"{prefix}-{code}"
            if field not in request.POST and f"{field}-there" not in request.POST:
                continue
            value = request.POST.get(field, "")
            if value == str(current.get(name) or ""):
                continue
            version = request.POST.get(f"{prefix}-{code}-version", "")
            change: dict[str, Any] = {name: value}
            try:
                save_answer(
                    actor=reader(request),
                    inspection_id=found.pk,
                    item=code,
                    version=int(version)
                    if version.isascii() and version.isdigit() and len(version) < 9
                    else -1,
                    **change,
                )
            except Refusal as refusal:
                return refusal
    return None


def _after_submission(request: HttpRequest, found: Inspection) -> HttpResponse:
    owed = inspections_owed(reader(request))
    if not owed.open:
        messages.success(request, _("All your inspections are in. Thank you."))
        return redirect("metrics:inspection_queue")
    left = len(owed.open)
    messages.success(
        request,
        ngettext("%(count)s inspection to go", "%(count)s inspections to go", left) % {"count": number(left)},
    )
    following = next_owed(reader(request), found)
    return redirect("metrics:inspection_scoring", following.pk if following else found.pk)


@require_http_methods(["PUT"])
@role_required("inspector")
def answer(request: HttpRequest, pk: int, item: str) -> JsonResponse:
    return _autosave(request, pk, item, "answer")


@require_http_methods(["PUT"])
@role_required("inspector")
def comment(request: HttpRequest, pk: int, item: str) -> JsonResponse:
    return _autosave(request, pk, item, "comment")


def _autosave(request: HttpRequest, pk: int, item: str, name: str) -> JsonResponse:
    """As the scoring grid's contract has it (templates/components/README.md), with the score as it stands now."""
    try:
        body = json.loads(request.body)
        value, version = body["value"], int(body["version"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return JsonResponse({"detail": str(Refusal("inspection_answer_malformed"))}, status=400)
    change: dict[str, Any] = {name: value}
    try:
        found, entry = save_answer(
            actor=reader(request), inspection_id=pk, item=item, version=version, **change
        )
    except StaleAnswer as stale:
        current = {"version": stale.version, "value": stale.current.get(name) or None, "detail": str(stale)}
        return JsonResponse(current, status=409)
    except Refusal as refusal:
        return JsonResponse({"detail": str(refusal)}, status=refusal.status)
    except Http404:
        return JsonResponse({"detail": _("This inspection is not there any more.")}, status=404)
    own = "version" if name == "answer" else "comment_version"
    return JsonResponse(
        {
            "version": entry.get(own, 0),
            "value": entry.get(name) or None,
            "saved_at": timezone.localtime(found.updated_at).isoformat(),
            **_live(found),
        }
    )


def _live(found: Inspection) -> dict[str, Any]:
    """What the head of the form shows: how far it is, and the score of what is answered so far."""
    version, answers = found.form_version, found.answers
    done = sum(1 for item in version.items if given(answers, item["code"]))
    computed = compute(version, answers)
    note = ""
    if computed["is_fatal"]:
        note = _("Fatal error: %(before)s without it. %(rule)s") % {
            "before": number(computed["before_fatal"], 1) or "–",
            "rule": wording.fatal_rule(version),
        }
    return {
        "progress": {"done": done, "total": len(version.items)},
        "score": number(computed["score"], 1) or "–",
        "note": note,
    }
