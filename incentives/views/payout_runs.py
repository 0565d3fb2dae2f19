"""Payouts: what is ready to pay, one run from computing to the payroll file, one line with its decision."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.views import conflict
from foundation.interface.wording import money, number
from foundation.keyset import page_of
from foundation.refusals import Refusal
from foundation.runs.presentation import describe
from incentives.forms.payout_runs import BulkDecisionForm, DecisionForm, ExportForm
from incentives.models import PayoutLine, PayoutRun
from incentives.selectors.accounts import held_lines, payout_progress
from incentives.selectors.payout_runs import (
    approvers_of,
    batches_of,
    decided_lines,
    get_payout_run_for,
    lines_of,
    names_of,
    pools_of,
    ready_to_pay,
    search_lines,
    undecided_lines,
    visible_payout_runs,
)
from incentives.selectors.plans import get_plan_for, visible_plans
from incentives.selectors.statements import reason_text, steps_of
from incentives.services.exports import default_columns, export_payout
from incentives.services.payout_runs import (
    approval_refusal,
    approve_payout,
    correct_payout,
    create_payout_run,
    decide_line,
    decide_lines,
    recompute_payout,
    reject_payout,
)
from incentives.services.pools import withheld_from_pools
from incentives.steps.pools import funding_text
from incentives.views.shared import READERS, SignedInRequest, after, crumbs
from reviews.models import Cycle

ORDERINGS = {"amount": ("-amount", "id"), "-amount": ("amount", "id"), "number": ("employee_number", "id")}
LISTED_DECISIONS = 50


@role_required(*READERS, write=("hr",))
@require_safe
def payout_runs(request: SignedInRequest) -> HttpResponse:
    page = page_of(
        visible_payout_runs(request.user),
        ordering=("-created_at", "-id"),
        cursor=request.GET.get("cursor"),
        limit=25,
    )
    context = {
        "page": page,
        "ready": ready_to_pay(request.user),
        "has_plans": visible_plans(request.user).exists(),
    }
    return render(request, "incentives/payout_runs.html", context)


@role_required("hr")
@require_POST
def payout_run_create(request: SignedInRequest) -> HttpResponse:
    plan = get_plan_for(request.user, request.POST.get("plan", ""))
    cycle = Cycle.objects.filter(code=request.POST.get("cycle", "")).first()
    if cycle is None:
        raise Http404
    try:
        created = create_payout_run(actor=request.user, plan=plan, cycle=cycle)
    except Refusal as refusal:
        waiting = (
            visible_payout_runs(request.user).filter(plan=plan, cycle=cycle, state__in=PayoutRun.OPEN).first()
        )
        if refusal.code == "payout_open" and waiting is not None:
            return redirect(
                "incentives:payout_run", pk=waiting.pk
            )  # a second click finds what the first one made
        if refusal.status == 409:
            return conflict(request, str(refusal))
        messages.error(request, str(refusal))
        return redirect("incentives:payout_runs")
    return redirect("incentives:payout_run", pk=created.pk)


@role_required(*READERS, write=("hr",))
@require_safe
def payout_run(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    context: dict[str, Any] = {
        "payout_run": found,
        "crumbs": crumbs((_("Payouts"), reverse("incentives:payout_runs")), (_title(found), "")),
        "title": _title(found),
        "is_open": found.state == PayoutRun.State.COMPUTED,
        "bands": found.cycle.configuration.get("rating_bands", []),
        "back": reverse("incentives:payout_run", args=[found.pk]),
    }
    if found.state in (PayoutRun.State.COMPUTING, PayoutRun.State.FAILED):
        context["progress"] = describe(found.run, request.user) if found.run else None
        return render(request, "incentives/payout_run.html", context)
    context |= _lines(request, found) | _summary(found) | _pools(found) | _approval(request, found)
    context["undecided"] = _with_reasons(
        undecided_lines(found).order_by("employee_number", "id")[:LISTED_DECISIONS]
    )
    context["decided"] = _with_reasons(
        decided_lines(found).order_by("employee_number", "id")[:LISTED_DECISIONS]
    )
    if found.state == PayoutRun.State.APPROVED:
        context["exports"] = found.exports.select_related("exported_by")
        context["export_form"] = ExportForm(initial={"columns": list(default_columns(found))})
        context["progress_of_payment"] = payout_progress(found)
        context["held"] = held_lines(found)
        context["batches"] = batches_of(found)
    return render(request, "incentives/payout_run.html", context)


def _title(found: PayoutRun) -> str:
    return _("%(plan)s for %(cycle)s") % {"plan": found.plan.name, "cycle": found.cycle.name}


def _lines(request: SignedInRequest, found: PayoutRun) -> dict[str, Any]:
    lines = search_lines(lines_of(found), request.GET.get("q", ""))
    status = request.GET.get("status", "")
    if status in PayoutLine.Status.values:
        lines = lines.filter(status=status)
    order = request.GET.get("order", "amount")
    page = page_of(
        lines, ordering=ORDERINGS.get(order, ORDERINGS["amount"]), cursor=request.GET.get("cursor"), limit=50
    )
    _with_reasons(page.items)
    return {
        "page": page,
        "query": request.GET.get("q", ""),
        "status": status,
        "order": order if order in ORDERINGS else "amount",
        "statuses": PayoutLine.Status.choices,
        "is_filtered": bool(request.GET.get("q") or status),
    }


def _with_reasons(lines: Any) -> list[PayoutLine]:
    listed = list(lines)
    for line in listed:
        line.reason = reason_text(line.reason_code)
    return listed


def _summary(found: PayoutRun) -> dict[str, Any]:
    counts = found.summary.get("counts", [])

    def lines_with(*statuses: str) -> int:
        return sum(row["lines"] for row in counts if row["status"] in statuses)

    open_count = sum(
        row["lines"]
        for row in counts
        if row["status"] in ("undecided", "missing_input") and not row["decision"]
    )
    paid = sum(
        row["lines"]
        for row in counts
        if (row["status"] == "payable" and row["decision"] != "withhold")
        or (row["status"] == "undecided" and row["decision"] == "pay")
    )
    previous = found.summary.get("previous") or {}
    ids = [row["employee"] for row in found.summary.get("outliers", []) + previous.get("moved", [])]
    names = names_of(found, ids) if ids else {}
    stats = [
        {"label": _("Payable"), "value": number(paid), "unit": _("people")},
        {"label": _("Still to decide"), "value": number(open_count)},
        {
            "label": _("Held back"),
            "value": number(sum(row["lines"] for row in counts if row["decision"] == "withhold")),
        },
        {"label": _("Not eligible"), "value": number(lines_with("not_eligible"))},
    ]
    if previous:
        stats.append(
            {
                "label": _("Last run: %(cycle)s") % {"cycle": previous["cycle"]},
                "value": money(Decimal(previous.get("before", previous["total"])), found.currency),
                "note": _("%(both)s people in both; %(new)s new, %(gone)s no longer")
                % {
                    "both": number(previous.get("both", 0)),
                    "new": number(previous["new"]),
                    "gone": number(previous["gone"]),
                },
            }
        )
    return {
        "stats": stats,
        "open_count": open_count,
        "change": Decimal(previous["now"]) - Decimal(previous["before"]) if previous.get("both") else None,
        "moved": [_named(row, names) for row in previous.get("moved", [])],
        "outliers": [_named(row, names) for row in found.summary.get("outliers", [])],
        "distribution": _distribution(found),
    }


def _pools(found: PayoutRun) -> dict[str, Any]:
    """Each pool in words, with what was kept back, drawn from the reserve, or reached nobody."""
    rows = pools_of(found)
    if not rows:
        return {}
    return {
        "pools": [
            {
                "row": row,
                "text": funding_text(row.inputs),
                "reserve": min(row.reserve, max(row.left, Decimal(0))),
                "undistributed": max(row.undistributed, Decimal(0)),
            }
            for row in rows
        ],
        "drawn": sum((max(-row.undistributed, Decimal(0)) for row in rows), Decimal(0)),
        "overdrawn": sum((max(-row.left, Decimal(0)) for row in rows), Decimal(0)),
        "withheld": withheld_from_pools(found),
    }


def _named(row: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    found = {key: Decimal(value) if key != "employee" else value for key, value in row.items()}
    return {**found, "name": names.get(row["employee"], "–")}


def _distribution(found: PayoutRun) -> dict[str, Any] | None:
    bins = found.summary.get("distribution", [])
    if len(bins) < 2:
        return None
    return {
        "kind": "histogram",
        "labels": [f"{number(Decimal(row['from']))}–{number(Decimal(row['to']))}" for row in bins],
        "series": [{"name": _("People"), "values": [row["count"] for row in bins]}],
        "decimals": 0,
    }


def _approval(request: SignedInRequest, found: PayoutRun) -> dict[str, Any]:
    if found.state != PayoutRun.State.COMPUTED:
        return {}
    refusal = approval_refusal(request.user, found)
    return {
        "may_approve": refusal is None,
        "why_not": str(refusal) if refusal else "",
        "approvers": [person.name for person in approvers_of(found)],
        "approve_hidden": [("digest", found.content_digest)],
        "approve_title": _("Approve %(amount)s?") % {"amount": money(found.total, found.currency)},
    }


@role_required("hr", "payroll")
@require_POST
def payout_approve(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    seen = request.POST.get("digest", "")
    if found.approved_by_id == request.user.pk and seen == found.content_digest:
        return redirect("incentives:payout_run", pk=found.pk)  # a second click of the same approver
    return after(
        request,
        reverse("incentives:payout_run", args=[found.pk]),
        lambda: approve_payout(actor=request.user, payout_run=found, seen_digest=seen),
        _("Approved and booked: %(amount)s. The payroll file can be made now.")
        % {"amount": money(found.total, found.currency)},
    )


@role_required("hr", "payroll")
@require_POST
def payout_reject(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    return after(
        request,
        reverse("incentives:payout_run", args=[found.pk]),
        lambda: reject_payout(actor=request.user, payout_run=found, reason=request.POST.get("reason", "")),
        _("Rejected. HR can compute it again."),
    )


@role_required("hr")
@require_POST
def payout_recompute(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    return _to_new_run(request, found, lambda: recompute_payout(actor=request.user, payout_run=found))


@role_required("hr")
@require_POST
def payout_correct(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    return _to_new_run(
        request,
        found,
        lambda: correct_payout(
            actor=request.user, plan=found.plan, cycle=found.cycle, reason=request.POST.get("reason", "")
        ),
    )


def _to_new_run(request: SignedInRequest, found: PayoutRun, call: Any) -> HttpResponse:
    try:
        created = call()
    except Refusal as refusal:
        if refusal.status == 409:
            return conflict(request, str(refusal))
        messages.error(request, str(refusal))
        return redirect("incentives:payout_run", pk=found.pk)
    return redirect("incentives:payout_run", pk=created.pk)


@role_required(*READERS, write=("hr",))
@require_safe
def payout_line(request: SignedInRequest, pk: int, employee: int) -> HttpResponse:
    """One line with its steps, and what can be decided about it."""
    return _line_page(request, pk, employee, DecisionForm())


@role_required("hr")
@require_POST
def payout_decide(request: SignedInRequest, pk: int, employee: int) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _line_page(request, pk, employee, form, status=422)
    back = reverse("incentives:payout_run", args=[found.pk])
    try:
        decide_line(actor=request.user, payout_run=found, employee=employee, **form.cleaned_data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise Http404 from None
        if refusal.status == 409:
            return conflict(request, str(refusal))
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _line_page(request, pk, employee, form, status=422)
    left = undecided_lines(found).count()
    messages.success(
        request,
        _("Decided. %(count)s to go.") % {"count": left} if left else _("Decided. Nothing is open any more."),
    )
    return HttpResponseRedirect(back)


def _line_page(
    request: SignedInRequest, pk: int, employee: int, form: DecisionForm, status: int = 200
) -> HttpResponse:
    found = get_payout_run_for(request.user, pk)
    line = lines_of(found).filter(employee_id=employee).first() if employee < 2**63 else None
    if line is None:
        raise Http404
    line.reason = reason_text(line.reason_code)
    title = _title(found)
    back = reverse("incentives:payout_run", args=[found.pk])
    may_decide = (
        request.user.is_hr
        and found.state == PayoutRun.State.COMPUTED
        and line.status != PayoutLine.Status.NOT_ELIGIBLE
    )
    if line.status != PayoutLine.Status.UNDECIDED and not line.decision:
        form.fields["decision"].initial = "withhold"
    context = {
        "payout_run": found,
        "line": line,
        "steps": steps_of(line),
        "form": form,
        "may_decide": may_decide,
        "crumbs": crumbs(
            (_("Payouts"), reverse("incentives:payout_runs")), (title, back), (line.employee_name, "")
        ),
        "back": back,
    }
    return render(request, "incentives/payout_line.html", context, status=status)


@role_required("hr")
@require_POST
def payout_decide_lines(request: SignedInRequest, pk: int) -> HttpResponse:
    """Several open lines decided alike."""
    found = get_payout_run_for(request.user, pk)
    back = reverse("incentives:payout_run", args=[found.pk])
    open_ids = undecided_lines(found).values_list("employee_id", flat=True)
    form = BulkDecisionForm(request.POST, open_ids=open_ids)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return HttpResponseRedirect(back)
    return after(
        request,
        back,
        lambda: decide_lines(actor=request.user, payout_run=found, **form.cleaned_data),
        _("Decided: %(count)s.") % {"count": len(form.cleaned_data["employees"])},
    )


@role_required("hr", "payroll")
@require_POST
def payout_export(request: SignedInRequest, pk: int) -> HttpResponse:
    """The payroll file as a download; each one is recorded, a repeat as such."""
    found = get_payout_run_for(request.user, pk)
    form = ExportForm(request.POST)
    back = redirect("incentives:payout_run", pk=found.pk)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return back
    try:
        made = export_payout(
            actor=request.user,
            payout_run=found,
            file_format=form.cleaned_data["format"],
            columns=form.cleaned_data["columns"],
            headings=form.cleaned_data["headings"],
            batch=form.cleaned_data["batch"],
        )
    except Refusal as refusal:
        if refusal.status == 409:
            return conflict(request, str(refusal))
        messages.error(request, str(refusal))
        return back
    return file_response(made)


def file_response(made: Any) -> HttpResponse:
    response = HttpResponse(made.content, content_type=made.content_type)
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["X-Content-SHA256"] = made.export.sha256
    response["X-Export-Number"] = str(made.export.number)
    response["X-Export-Repeat"] = "true" if made.export.is_repeat else "false"
    return response
