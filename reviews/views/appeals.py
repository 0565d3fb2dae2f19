"""Appeals: one's own, the board of HR, those to decide, and each with everything that was said and shown."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.intake.uploads import was_too_big
from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from reviews.forms.appeals import AppealForm, AssignForm, CommentForm, DecisionForm, FilesForm
from reviews.models import Appeal, Cycle
from reviews.models.appeals import OPEN_STATES, AppealState
from reviews.selectors.appeals import (
    appeals_until,
    change_by,
    eligible_deciders,
    get_appeal_for,
    get_file_for,
    involved_in,
    items_of,
    may_file,
    visible_appeals,
)
from reviews.selectors.corrected_results import Foresight
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.results import released_result_of
from reviews.services import appeals as services
from reviews.services.evidence_files import FILE_LIMIT, MEGABYTE
from reviews.views.item_words import item_name
from reviews.views.presentation import band_of, score_text
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

EVERYONE = ("hr", "auditor", "manager", "employee")
WRITERS = ("hr", "manager", "employee")
PAGE_SIZE = 50


@role_required(*EVERYONE)
@require_safe
def appeals(request: SignedInRequest, code: str = "") -> HttpResponse:
    """All that the reader may see: open ones first due first, then the closed ones."""
    cycle = get_cycle_for(request.user, code) if code else None
    found = visible_appeals(request.user)
    if cycle is not None:
        found = found.filter(cycle=cycle)
    waiting = found.filter(state__in=OPEN_STATES).order_by("answer_due_on", "pk")
    closed = page_of(
        found.exclude(state__in=OPEN_STATES),
        ordering=("-closed_at", "-id"),
        cursor=request.GET.get("cursor"),
        limit=PAGE_SIZE,
    )
    return render(
        request,
        "reviews/appeals.html",
        {
            "cycle": cycle,
            "waiting": [_row(request, appeal) for appeal in waiting[:PAGE_SIZE]],
            "waiting_count": waiting.count(),
            "closed": [_row(request, appeal) for appeal in closed.items],
            "page": closed,
            "sees_others": request.user.has_role("hr", "auditor", "manager"),
        },
    )


def _row(request: SignedInRequest, appeal: Appeal) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "appeal": appeal,
        "item": item_name(appeal.cycle.configuration, appeal.component, appeal.subject),
        "is_late": appeal.is_open and appeal.answer_due_on < today,
        "is_mine_to_decide": appeal.is_open and appeal.decider_id == request.user.pk,
        "icon": state_icon(appeal.state),
    }


def state_icon(state: str) -> str:
    return {
        AppealState.FILED: "clock",
        AppealState.UNDER_REVIEW: "eye",
        AppealState.WITHDRAWN: "x",
        AppealState.ACCEPTED: "check",
        AppealState.PARTLY: "check",
        AppealState.REJECTED: "ban",
    }[AppealState(state)]


@role_required("employee")
@require_http_methods(["GET", "HEAD", "POST"])
def appeal_new(request: SignedInRequest, code: str) -> HttpResponse:
    """Against an item of one's own open result."""
    cycle = get_cycle_for(request.user, code)
    result = released_result_of(request.user, cycle)
    if result is None:
        raise Http404
    items = [
        (
            item.key,
            f"{item_name(cycle.configuration, item.component, item.subject)} · {score_text(item.score) or '–'}",
        )
        for item in items_of(cycle, result)
    ]
    form = AppealForm(
        request.POST or None,
        request.FILES or None,
        items=items,
        initial={"form_key": uuid.uuid4(), "item": request.GET.get("item", "")},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        component, _colon, subject = data["item"].partition(":")
        try:
            _refuse_what_was_dropped(request)
            appeal = services.file_appeal(
                actor=request.user,
                cycle=cycle,
                component=component,
                subject=subject,
                proposed_score=data["proposed_score"],
                reason=data["reason"],
                files=data["files"],
                form_key=data["form_key"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("Your appeal is filed. HR names somebody who had no hand in the result.")
            )
            return redirect("reviews:appeal", appeal.pk)
    return render(
        request,
        "reviews/appeal_new.html",
        {
            "cycle": cycle,
            "form": form,
            "until": appeals_until(cycle, request.user.pk),
            "is_open": may_file(request.user, cycle),
            "max_bytes": FILE_LIMIT,
        },
        status=422 if form.errors else 200,
    )


def _refuse_what_was_dropped(request: SignedInRequest) -> None:
    """A file so large that it was not even kept while it arrived."""
    if was_too_big(request):
        raise Refusal(
            "evidence_too_big", field="files", status=413, limit=FILE_LIMIT // MEGABYTE, name=_("The file")
        )


@role_required(*EVERYONE)
@require_safe
def appeal(request: SignedInRequest, pk: int) -> HttpResponse:
    return _page(request, get_appeal_for(request.user, pk))


def _page(request: SignedInRequest, found: Appeal, status: int = 200, **forms: Any) -> HttpResponse:
    cycle, user = found.cycle, request.user
    own = found.employee_id == user.pk
    change = change_by(found)
    decides = found.is_open and found.decider_id == user.pk and user.pk not in involved_in(found)
    assigns = found.is_open and user.is_hr and not own
    return render(
        request,
        "reviews/appeal.html",
        {
            "appeal": found,
            "cycle": cycle,
            "own": own,
            "item": item_name(cycle.configuration, found.component, found.subject),
            "icon": state_icon(found.state),
            "is_late": found.is_open and found.answer_due_on < timezone.localdate(),
            "files": found.files.select_related("uploaded_by"),
            "comments": found.comments.select_related("created_by"),
            "correction": getattr(found, "correction", None),
            "change": _change_rows(cycle, change) if change else None,
            "is_computing": change is not None and change.after is None,
            "money_url": _address("incentives:difference_fragment", cycle.code, found.employee_id)
            if change and (own or user.has_role("hr", "payroll", "auditor"))
            else "",
            "can_comment": found.is_open and (not user.is_auditor or user.is_hr or own or decides),
            "comment_form": forms.get("comment") or CommentForm(),
            "files_form": forms.get("files") or (FilesForm() if own and found.is_open else None),
            "max_bytes": FILE_LIMIT,
            "assign_form": forms.get("assign") or (_assign_form(found) if assigns else None),
            "decision_form": forms.get("decision")
            or (DecisionForm(initial={"score": found.proposed_score}) if decides else None),
        },
        status=status,
    )


def _change_rows(cycle: Cycle, change: Any) -> list[dict[str, Any]]:
    before, after = change.before, change.after
    return [
        {
            "label": _("Overall score"),
            "before": score_text(before.score) if before else "",
            "after": score_text(after.score) if after else "",
        },
        {
            "label": _("Rating band"),
            "before": band_of(cycle, before.rating).get("label", "") if before else "",
            "after": band_of(cycle, after.rating).get("label", "") if after else "",
        },
    ]


def _assign_form(found: Appeal, data: Any = None) -> AssignForm:
    people = [(person.pk, person.name) for person in eligible_deciders(found)[:500]]
    return AssignForm(data, deciders=people, initial={"decider": found.decider_id})


def _do(
    request: SignedInRequest, pk: int, work: Callable[[Any], Any], done: str, form: Any = None, name: str = ""
) -> HttpResponse:
    """Calls a service with the form's data; a refusal stands where it was typed, and nothing typed is lost."""
    found = get_appeal_for(request.user, pk)
    if form is not None and not form.is_valid():
        return _page(request, found, 422, **{name: form})
    try:
        _refuse_what_was_dropped(request)
        work(form.cleaned_data if form is not None else {})
    except Refusal as refusal:
        if form is None:
            tell_refusal(request, refusal)
            return redirect("reviews:appeal", pk)
        show_refusal(form, refusal)
        return _page(request, get_appeal_for(request.user, pk), refusal.status, **{name: form})
    messages.success(request, done)
    return redirect("reviews:appeal", pk)


@role_required("employee")
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(
        request,
        pk,
        lambda data: services.withdraw_appeal(actor=request.user, appeal_id=pk),
        _("The appeal is withdrawn."),
    )


@role_required(*WRITERS)
@require_POST
def comment(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(
        request,
        pk,
        lambda data: services.comment_appeal(actor=request.user, appeal_id=pk, text=data["text"]),
        _("Your comment is there for all who read this appeal."),
        CommentForm(request.POST),
        "comment",
    )


@role_required("employee")
@require_POST
def add_files(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(
        request,
        pk,
        lambda data: services.add_files(actor=request.user, appeal_id=pk, files=data["files"]),
        _("The evidence is kept with the appeal."),
        FilesForm(request.POST, request.FILES),
        "files",
    )


@role_required("hr")
@require_POST
def assign(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_appeal_for(request.user, pk)
    return _do(
        request,
        pk,
        lambda data: services.assign_appeal(actor=request.user, appeal_id=pk, decider_id=data["decider"]),
        _("Whoever decides has been told."),
        _assign_form(found, request.POST),
        "assign",
    )


@role_required("hr", "manager")
@require_safe
def foresight(request: SignedInRequest, pk: int) -> HttpResponse:
    """A fragment under the decision: what accepting it at the score that is typed would make of the result."""
    found = get_appeal_for(request.user, pk)
    if found.decider_id != request.user.pk:
        raise Http404
    typed = request.GET.get("score", "").strip()
    context: dict[str, Any] = {}
    try:
        # A fragment has to be 200 to be taken: what cannot be is said in it.
        seen = services.foresee_decision(actor=request.user, appeal_id=pk, score=_typed_score(typed))
    except Refusal as refusal:
        context["refused"] = str(refusal)
    else:
        money = _address("incentives:foresight_fragment", pk)
        context = {
            "change": _foreseen_rows(found.cycle, seen),
            "money_url": f"{money}?{urlencode({'score': typed})}" if money else "",
        }
    return render(request, "reviews/_appeal_foresight.html", context)


def _typed_score(text: str) -> float | None:
    """Empty for as proposed; what is no number is refused as one out of range is."""
    try:
        return float(text) if text else None
    except ValueError:
        return math.nan


def _foreseen_rows(cycle: Cycle, seen: Foresight) -> list[dict[str, Any]]:
    rows = [
        {
            "label": _("Overall score"),
            "before": score_text(seen.before.score),
            "after": score_text(seen.after["score"]),
        },
        {
            "label": _("Rating band"),
            "before": band_of(cycle, seen.before.rating).get("label", ""),
            "after": band_of(cycle, seen.after["rating"]).get("label", ""),
        },
    ]
    if cycle.configuration.get("show_rank"):
        rows.append(
            {
                "label": _("Rank"),
                "before": seen.before.rank,
                "after": seen.after.get("rank", seen.before.rank),
            }
        )
    return rows


@role_required("hr", "manager")
@require_POST
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(
        request,
        pk,
        lambda data: services.decide_appeal(
            actor=request.user,
            appeal_id=pk,
            accept=data["decision"] == "accept",
            score=data["score"],
            reason=data["reason"],
        ),
        _("Decided. The employee has been told."),
        DecisionForm(request.POST),
        "decision",
    )


@role_required(*EVERYONE)
@require_safe
def file(
    request: SignedInRequest, pk: int, file_id: uuid.UUID
) -> Any:  # a stream is no HttpResponse to Django
    """Evidence, to those who may read the appeal: always as a file to keep, never as a page."""
    found = get_file_for(request.user, pk, file_id)
    try:
        content = found.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, as_attachment=True, filename=found.name, content_type=found.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _address(name: str, *args: Any) -> str:
    """A fragment of a room above this one, where it is there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
