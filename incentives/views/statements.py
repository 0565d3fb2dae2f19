"""Statements: one's own, the fragment on the standing page, and what HR reads about someone."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from incentives.models import PayoutRun
from incentives.selectors.differences import pay_change_for
from incentives.selectors.statements import Statement, cycles_with_statement, get_statement_for, statement_of
from incentives.services.differences import foresee_pay
from incentives.services.statement_pdf import draw_statement
from incentives.views.shared import READERS, SignedInRequest, address_of, crumbs
from people.models import User
from reviews.models import Cycle


@role_required("employee")
@require_safe
def statement(request: SignedInRequest, code: str = "") -> HttpResponse:
    """The latest of one's own, or the one of a cycle."""
    cycles = cycles_with_statement(request.user)
    if code:
        cycle = cycles.filter(code=code).first()
        if cycle is None:
            raise Http404
    else:
        cycle = cycles.first()
    if cycle is None:
        return render(
            request, "incentives/statement_none.html", {"standing_url": address_of("reviews:standing")}
        )
    return _statement_page(request, request.user, cycle, own=True)


@role_required(*READERS, "employee", write=())
@require_safe
def statement_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Any line that the reader may see leads to the whole statement of that person and cycle."""
    line = get_statement_for(request.user, pk)
    return _statement_page(
        request, line.employee, line.payout_run.cycle, own=line.employee_id == request.user.pk, pk=pk
    )


def _statement_page(
    request: SignedInRequest, employee: User, cycle: Cycle, *, own: bool, pk: int | None = None
) -> HttpResponse:
    found = statement_of(employee, cycle)
    if found is None:
        raise Http404
    here = (
        reverse("incentives:statement_of_cycle", args=[cycle.code])
        if own and pk is None
        else reverse("incentives:statement_detail", args=[pk or found.lines[0].line.pk])
    )
    context: dict[str, Any] = {
        "statement": found,
        "employee": employee,
        "cycle": cycle,
        "own": own,
        "here": here,
        "print_url": f"{here}?print=1",
        "pdf_url": f"{here}pdf/",
        "history_chart": _history_chart(found),
        "standing_url": address_of("reviews:standing") if own else "",
        "crumbs": crumbs((_("My statement"), "")) if own else _crumbs_of(found),
    }
    template = "incentives/statement_print.html" if request.GET.get("print") else "incentives/statement.html"
    return render(request, template, context)


def _history_chart(found: Statement) -> dict[str, Any] | None:
    """Oldest first, for people who were paid in one currency."""
    rows = found.history[::-1]
    if len(rows) < 3 or {row["currency"] for row in rows if row["currency"]} != {found.currency}:
        return None
    return {
        "kind": "bar",
        "labels": [str(row["cycle"].name) for row in rows],
        "series": [{"name": _("Bonus"), "values": [float(row["amount"]) for row in rows]}],
        "unit": found.currency,
        "decimals": 2,
    }


@role_required("employee")
@require_safe
def statement_pdf_of_cycle(request: SignedInRequest, code: str) -> HttpResponse:
    """One's own statement of a cycle as a file."""
    cycle = cycles_with_statement(request.user).filter(code=code).first()
    if cycle is None:
        raise Http404
    return _pdf(request.user, cycle)


@role_required(*READERS, "employee", write=())
@require_safe
def statement_pdf(request: SignedInRequest, pk: int) -> HttpResponse:
    line = get_statement_for(request.user, pk)
    return _pdf(line.employee, line.payout_run.cycle)


def _pdf(employee: User, cycle: Cycle) -> HttpResponse:
    found = statement_of(employee, cycle)
    if found is None:
        raise Http404
    return pdf_response(found)


def pdf_response(found: Statement) -> HttpResponse:
    response = HttpResponse(draw_statement(found), content_type="application/pdf")
    number = found.employee.employee_number or found.employee.pk
    response["Content-Disposition"] = content_disposition_header(
        True, f"statement-{number}-{found.cycle.code}.pdf"
    )
    return response


def _crumbs_of(found: Any) -> list[dict[str, str]]:
    run = found.lines[0].line.payout_run
    return crumbs(
        (_("Payouts"), reverse("incentives:payout_runs")),
        (
            _("%(plan)s for %(cycle)s") % {"plan": run.plan.name, "cycle": run.cycle.name},
            reverse("incentives:payout_run", args=[run.pk]),
        ),
        (found.employee.name, ""),
    )


@role_required("employee")
@require_safe
def money_fragment(request: SignedInRequest, code: str) -> HttpResponse:
    """For the employee's standing page: what this result pays and what one more point would have paid."""
    cycle = Cycle.objects.filter(
        code=code, released_at__isnull=False, participants__employee=request.user
    ).first()
    if cycle is None:
        raise Http404
    found = statement_of(request.user, cycle)
    context = {
        "statement": found,
        "cycle": cycle,
        "is_coming": found is None
        and PayoutRun.objects.filter(cycle=cycle, state__in=PayoutRun.OPEN).exists(),
    }
    return render(request, "incentives/_money.html", context)


@role_required("hr", "payroll", "auditor", "employee")
@require_safe
def difference_fragment(request: SignedInRequest, code: str, employee: int) -> HttpResponse:
    """For the page of an accepted appeal: what the corrected result changes in pay, before and after."""
    cycle = Cycle.objects.filter(code=code, released_at__isnull=False).first()
    person = (
        User.objects.filter(pk=employee, participations__cycle=cycle).first()
        if cycle is not None and employee < 2**63
        else None
    )
    if cycle is None or person is None:
        raise Http404
    return render(
        request,
        "incentives/_difference.html",
        {
            "change": pay_change_for(request.user, cycle, person),
            "sees_all": request.user.has_role(*READERS),
            "cycle": cycle,
        },
    )


@role_required("hr", "manager", write=())
@require_safe
def foresight_fragment(request: SignedInRequest, pk: int) -> HttpResponse:
    """For whom decides an appeal: what accepting it would change in pay. Amounts where the reader sees pay at all."""
    typed = request.GET.get("score", "").strip()
    try:
        score = float(typed) if typed else None
    except ValueError:
        raise Http404 from None
    try:
        found = foresee_pay(actor=request.user, appeal_id=pk, score=score)
    except Refusal as refusal:
        raise Http404 from refusal
    return render(
        request,
        "incentives/_foresight.html",
        {"rows": found, "sees_money": request.user.has_role(*READERS)},
    )
