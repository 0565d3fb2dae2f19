"""The wall, giving recognition, one's own points; HR's kinds, budgets and what to look at."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from incentives.forms.recognition import (
    AwardForm,
    AwardKindForm,
    BudgetForm,
    MonthForm,
    RedeemForm,
    WithdrawForm,
)
from incentives.models import Award, AwardKind, SpotBudget
from incentives.selectors import recognition as selectors
from incentives.services.award_kinds import adopt_shipped_kinds, save_award_kind
from incentives.services.recognition import (
    choose_wall,
    give_award,
    redeem_points,
    run_award_rules,
    set_budget,
    withdraw_award,
)
from incentives.views.shared import SignedInRequest, after, crumbs
from people.models import User
from people.selectors.employees import employees_by_number, find_account

PAGE = 24
# Fields of a kind's form that make up its rule.
RULE_FIELDS = ("rule", "kpi", "years")


def _cards(awards: list[Award]) -> list[dict[str, Any]]:
    return [{"award": award, "text": selectors.citation_of(award)} for award in awards]


@role_required()
@require_safe
def recognition(request: SignedInRequest) -> HttpResponse:
    """The wall, the newest first; beside it what one holds oneself."""
    page = page_of(
        selectors.wall(request.user), ordering=("-id",), cursor=request.GET.get("cursor"), limit=PAGE
    )
    return render(
        request,
        "incentives/recognition.html",
        {
            "page": page,
            "cards": _cards(page.items),
            "badges": selectors.badges_of(request.user),
            "balance": selectors.balance_of(request.user),
            "is_public": selectors.is_public(request.user),
            "can_give": selectors.kinds_to_give(request.user).exists(),
            "has_kinds": AwardKind.objects.exists(),
        },
    )


@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: SignedInRequest) -> HttpResponse:
    form = AwardForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        receiver = _employee(form.cleaned_data["receiver"])
        if receiver is None:
            form.add_error("receiver", _("There is no employee with this number."))
        else:
            try:
                give_award(
                    actor=request.user,
                    kind=form.cleaned_data["kind"],
                    receiver=receiver,
                    citation=form.cleaned_data["citation"],
                )
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                messages.success(request, _("%(name)s hears of it now.") % {"name": receiver.name})
                return redirect("incentives:recognition")
    today = timezone.localdate()
    budget = selectors.budget_of(request.user, today)
    return render(
        request,
        "incentives/recognition_give.html",
        {
            "form": form,
            "crumbs": crumbs(
                (_("Recognition"), reverse("incentives:recognition")), (_("Recognise someone"), "")
            ),
            "chosen": _employee(form["receiver"].value() or ""),
            "budget": budget,
            "budget_left": budget.points - selectors.spent_of(request.user, today) if budget else None,
        },
        status=422 if form.errors else 200,
    )


def _employee(number: str) -> User | None:
    found = employees_by_number([str(number).strip()[:40]])
    return User.objects.filter(pk__in=found.values()).first() if found else None


@role_required()
@require_safe
def receivers(request: SignedInRequest) -> HttpResponse:
    """Colleagues that match what was typed, as buttons."""
    return render(
        request,
        "incentives/_receivers.html",
        {
            "people": selectors.suggested_receivers(request.user, request.GET.get("q", "")),
            "typed": request.GET.get("q", "").strip(),
        },
    )


@role_required()
@require_safe
def points(request: SignedInRequest) -> HttpResponse:
    """What one received and the ledger of one's points."""
    page = page_of(
        selectors.visible_points(request.user).filter(employee=request.user),
        ordering=("-id",),
        cursor=request.GET.get("cursor"),
        limit=PAGE,
    )
    return render(
        request,
        "incentives/points.html",
        {
            "page": page,
            "balance": selectors.balance_of(request.user),
            "crumbs": crumbs((_("Recognition"), reverse("incentives:recognition")), (_("My points"), "")),
        },
    )


@role_required()
@require_POST
def wall_choice(request: SignedInRequest) -> HttpResponse:
    choice = choose_wall(actor=request.user, is_public=request.POST.get("public") == "yes")
    messages.success(
        request,
        _("Your recognitions are on the wall again.")
        if choice.is_public
        else _("Your recognitions are off the wall. You, your manager and HR still see them."),
    )
    return redirect("incentives:recognition")


# HR ------------------------------------------------------------------------------------------------------------


@role_required("hr", "auditor", write=("hr",))
@require_safe
def manage(request: SignedInRequest) -> HttpResponse:
    """Kinds, this month's budgets, recognition that goes round in circles."""
    today = timezone.localdate()
    month = today.replace(day=1)
    last_month = (month - datetime.timedelta(days=1)).replace(day=1)
    budgets = SpotBudget.objects.filter(month=month).select_related("manager").order_by("manager__name_sort")
    spent = selectors.spent_by_manager(month)
    return render(
        request,
        "incentives/recognition_manage.html",
        {
            "kinds": AwardKind.objects.all(),
            "budgets": [(budget, spent.get(budget.manager_id, 0)) for budget in budgets],
            "rings": selectors.rings(),
            "ring_days": selectors.RING_DAYS,
            "budget_form": BudgetForm(initial={"month": month}),
            "redeem_form": RedeemForm(),
            "month_form": MonthForm(initial={"month": last_month}),
            "crumbs": crumbs(
                (_("Recognition"), reverse("incentives:recognition")), (_("Rules of recognition"), "")
            ),
        },
    )


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def kind_edit(request: SignedInRequest, code: str = "") -> HttpResponse:
    found = get_object_or_404(AwardKind, code=code) if code else None
    form = AwardKindForm(
        request.POST or None, user=request.user, initial=_of(found) if found else {"points": 10}
    )
    if found is not None:
        for name in ("code", "giver"):
            form.fields[name].disabled = True
    if request.method == "POST" and form.is_valid():
        data = {key: value for key, value in form.cleaned_data.items() if key not in RULE_FIELDS}
        try:
            save_award_kind(actor=request.user, rule=form.rule_document(), **data)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Saved. Awards that were given keep their points."))
            return redirect("incentives:recognition_manage")
    return render(
        request,
        "incentives/award_kind.html",
        {
            "form": form,
            "kind": found,
            "crumbs": crumbs(
                (_("Recognition"), reverse("incentives:recognition")),
                (_("Rules of recognition"), reverse("incentives:recognition_manage")),
                (found.name if found else _("New kind"), ""),
            ),
        },
        status=422 if form.errors else 200,
    )


def _first_error(form: Form) -> str:
    return str(next(iter(form.errors.values()))[0])


def _of(kind: AwardKind) -> dict[str, Any]:
    return {
        "code": kind.code, "name_zh": kind.name_zh, "name_en": kind.name_en, "giver": kind.giver, "icon": kind.icon,
        "points": kind.points, "monthly_limit": kind.monthly_limit, "is_active": kind.is_active,
        "rule": kind.rule.get("kind", ""), "kpi": kind.rule.get("kpi", ""),
        "years": ", ".join(str(each) for each in kind.rule.get("years", [])),
    }  # fmt: skip


@role_required("hr")
@require_POST
def adopt_kinds(request: SignedInRequest) -> HttpResponse:
    return after(
        request,
        reverse("incentives:recognition_manage"),
        lambda: adopt_shipped_kinds(actor=request.user),
        _("The shipped kinds are there. Change them as you like."),
    )


@role_required("hr")
@require_POST
def budget(request: SignedInRequest) -> HttpResponse:
    form = BudgetForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("incentives:recognition_manage")
    manager = find_account(form.cleaned_data["manager"])
    if manager is None:
        messages.error(request, _("There is no account with this number or login."))
        return redirect("incentives:recognition_manage")
    return after(
        request,
        reverse("incentives:recognition_manage"),
        lambda: set_budget(
            actor=request.user,
            manager=manager,
            month=form.cleaned_data["month"],
            points=form.cleaned_data["points"],
        ),
        _("%(name)s may give %(points)s points in this month.")
        % {"name": manager.name, "points": form.cleaned_data["points"]},
    )


@role_required("hr")
@require_POST
def redeem(request: SignedInRequest) -> HttpResponse:
    form = RedeemForm(request.POST)
    employee = _employee(request.POST.get("employee", ""))
    if not form.is_valid() or employee is None:
        messages.error(
            request,
            _("There is no employee with this number.") if form.is_valid() else _first_error(form),
        )
        return redirect("incentives:recognition_manage")
    return after(
        request,
        reverse("incentives:recognition_manage"),
        lambda: redeem_points(
            actor=request.user,
            employee=employee,
            points=form.cleaned_data["points"],
            note=form.cleaned_data["note"],
        ),
        _("Booked."),
    )


@role_required("hr")
@require_POST
def run_rules(request: SignedInRequest) -> HttpResponse:
    form = MonthForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("incentives:recognition_manage")
    try:
        count = run_award_rules(actor=request.user, month=form.cleaned_data["month"])
    except Refusal as refusal:
        if refusal.status == 403:
            raise PermissionDenied(str(refusal)) from refusal
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            ngettext("%(count)s award given by rules.", "%(count)s awards given by rules.", count)
            % {"count": count},
        )
    return redirect("incentives:recognition_manage")


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    award = selectors.get_award_for(request.user, pk)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return after(
            request,
            reverse("incentives:recognition"),
            lambda: withdraw_award(actor=request.user, award=award, reason=form.cleaned_data["reason"]),
            _("Taken back, with its points."),
        )
    return render(
        request,
        "incentives/award_withdraw.html",
        {
            "form": form,
            "card": _cards([award])[0],
            "crumbs": crumbs((_("Recognition"), reverse("incentives:recognition")), (_("Take back"), "")),
        },
        status=422 if form.errors else 200,
    )
