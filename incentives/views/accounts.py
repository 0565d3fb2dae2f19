"""One person's account: booked, paid, pending, on hold, asked back. And the decisions that belong to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.views import conflict
from foundation.interface.wording import money
from foundation.keyset import page_of
from foundation.refusals import Refusal
from incentives.forms.payout_runs import ClawbackForm, DeductionsForm
from incentives.models import Clawback
from incentives.selectors.accounts import (
    account_of,
    get_account_for,
    get_clawback_for,
    search_accounts,
    visible_accounts,
    visible_clawbacks,
)
from incentives.selectors.payout_runs import get_payout_run_for
from incentives.selectors.recoveries import deduction_files
from incentives.services.payments import (
    approve_clawback,
    claimable,
    propose_clawback,
    put_hold,
    reject_clawback,
    release_hold,
)
from incentives.services.recoveries import DeductionsFile, export_deductions
from incentives.views.shared import READERS, SignedInRequest, after, crumbs


@role_required(*READERS, write=("hr", "payroll"))
@require_safe
def accounts(request: SignedInRequest) -> HttpResponse:
    query = request.GET.get("q", "")
    found = search_accounts(visible_accounts(request.user), query)
    if held := request.GET.get("held") == "1":
        found = found.filter(on_hold=True)
    page = page_of(found, ordering=("employee_number", "id"), cursor=request.GET.get("cursor"), limit=50)
    context = {
        "page": page,
        "query": query,
        "held": held,
        "has_clawbacks": visible_clawbacks(request.user).filter(state=Clawback.State.APPROVED).exists(),
        "deductions_form": DeductionsForm(initial={"month": timezone.localdate()}),
        "deduction_files": deduction_files(request.user),
        "may_export": request.user.has_role("hr", "payroll"),
        "waiting": visible_clawbacks(request.user).filter(state=Clawback.State.PROPOSED)[:20],
        "crumbs": crumbs((_("Payouts"), reverse("incentives:payout_runs")), (_("Accounts"), "")),
    }
    return render(request, "incentives/accounts.html", context)


@role_required(*READERS, write=("hr", "payroll"))
@require_safe
def account(request: SignedInRequest, employee: int) -> HttpResponse:
    person = get_account_for(request.user, employee)
    found = account_of(person)
    claims: list[dict[str, Any]] = []
    for payment in found.payments:
        most = claimable(person.pk, payment.plan_id, payment.cycle_id) if len(claims) < 12 else None
        claims.append({"payment": payment, "most": most})
    context = {
        "account": found,
        "employee": person,
        "claims": claims,
        "clawbacks": [
            {"clawback": clawback, "schedule": found.schedules[clawback.pk]} for clawback in found.clawbacks
        ],
        "is_own": person.pk == request.user.pk,
        "crumbs": _crumbs((person.name, "")),
    }
    return render(request, "incentives/account.html", context)


def _crumbs(*more: tuple[str, str]) -> list[dict[str, str]]:
    return crumbs(
        (_("Payouts"), reverse("incentives:payout_runs")),
        (_("Accounts"), reverse("incentives:accounts")),
        *more,
    )


@role_required("hr", "payroll")
@require_POST
def hold_put(request: SignedInRequest, employee: int) -> HttpResponse:
    person = get_account_for(request.user, employee)
    return after(
        request,
        reverse("incentives:account", args=[person.pk]),
        lambda: put_hold(actor=request.user, employee=person, reason=request.POST.get("reason", "")),
        _("On hold: the money of %(name)s stays out of the payroll file.") % {"name": person.name},
    )


@role_required("hr", "payroll")
@require_POST
def hold_release(request: SignedInRequest, employee: int) -> HttpResponse:
    person = get_account_for(request.user, employee)
    return after(
        request,
        reverse("incentives:account", args=[person.pk]),
        lambda: release_hold(actor=request.user, employee=person, reason=request.POST.get("reason", "")),
        _("Released: what is pending for %(name)s comes into the next payroll file.") % {"name": person.name},
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def clawback_new(request: SignedInRequest, employee: int, pk: int) -> HttpResponse:
    """Asks back a part of what one run paid to one person."""
    person = get_account_for(request.user, employee)
    run = get_payout_run_for(request.user, pk)
    most = claimable(person.pk, run.plan_id, run.cycle_id)
    form = ClawbackForm(
        request.POST or None, initial={"first_month": timezone.localdate(), "amount": max(most, 0)}
    )
    back = reverse("incentives:account", args=[person.pk])
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        share = values.pop("monthly_percent") / 100
        try:
            propose_clawback(
                actor=request.user, employee=person, payout_run=run, monthly_share=share, **values
            )
        except Refusal as refusal:
            if refusal.status == 409:
                return conflict(request, str(refusal))
            field = "monthly_percent" if refusal.field == "monthly_share" else refusal.field
            form.add_error(field if field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Proposed. Someone else has to approve it."))
            return redirect(back)
    context = {
        "form": form,
        "title": _("Ask back from %(name)s") % {"name": person.name},
        "lead": _("%(plan)s for %(cycle)s: at most %(amount)s can be asked back.")
        % {"plan": run.plan.name, "cycle": run.cycle.name, "amount": money(most, run.currency)},
        "submit": _("Propose clawback"),
        "cancel_url": back,
        "crumbs": _crumbs((person.name, back), (_("Clawback"), "")),
    }
    return render(request, "incentives/form_page.html", context, status=422 if form.errors else 200)


@role_required("hr", "payroll")
@require_POST
def deductions_export(request: SignedInRequest) -> HttpResponse:
    """What payroll is to deduct in a month, as a download."""
    form = DeductionsForm(request.POST)
    back = redirect("incentives:accounts")
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return back
    try:
        made = export_deductions(actor=request.user, **form.cleaned_data)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return back
    return deductions_response(made)


def deductions_response(made: DeductionsFile) -> HttpResponse:
    response = HttpResponse(made.content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["X-Content-SHA256"] = made.sha256
    response["X-Export-Repeat"] = "true" if made.is_repeat else "false"
    return response


@role_required("hr", "payroll")
@require_POST
def clawback_approve(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_clawback_for(request.user, pk)
    return after(
        request,
        reverse("incentives:account", args=[found.employee_id]),
        lambda: approve_clawback(actor=request.user, clawback=found),
        _("Approved and booked: %(amount)s comes back by instalments.")
        % {"amount": money(found.amount, found.currency)},
    )


@role_required("hr", "payroll")
@require_POST
def clawback_reject(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_clawback_for(request.user, pk)
    return after(
        request,
        reverse("incentives:account", args=[found.employee_id]),
        lambda: reject_clawback(actor=request.user, clawback=found, reason=request.POST.get("reason", "")),
        _("Rejected. Nothing was booked."),
    )
