"""Payout runs, their lines and exports: who reads them."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from incentives.models import IncentivePlan, PayoutDecision, PayoutLine, PayoutPool, PayoutRun, PlanVersion
from people.models import User
from reviews.models import Cycle

READERS = ("hr", "payroll", "auditor")
OPEN_STATUSES = (PayoutLine.Status.UNDECIDED, PayoutLine.Status.MISSING_INPUT)


def visible_payout_runs(user: User) -> QuerySet[PayoutRun]:
    """HR, payroll and auditors read every run; nobody else any."""
    runs = PayoutRun.objects.select_related(
        "plan", "plan_version", "cycle", "run", "created_by", "approved_by", "rejected_by"
    )
    return runs if user.has_role(*READERS) else runs.none()


def get_payout_run_for(user: User, pk: Any) -> PayoutRun:
    """Http404 alike for a missing run and one that `user` may not see."""
    number = int(pk) if str(pk).isdecimal() and len(str(pk)) < 19 else 0
    found = visible_payout_runs(user).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def lines_of(payout_run: PayoutRun) -> QuerySet[Any]:
    """PayoutLines with `decision` and `decision_reason` (None where nothing was decided) and `due`."""
    decided = PayoutDecision.objects.filter(payout_run=OuterRef("payout_run"), employee=OuterRef("employee"))
    return PayoutLine.objects.filter(payout_run=payout_run).annotate(
        decision=Subquery(decided.values("decision")[:1]),
        decision_reason=Subquery(decided.values("reason")[:1]),
        due=F("amount") - F("standing"),
    )


def pools_of(payout_run: PayoutRun) -> list[PayoutPool]:
    return list(
        PayoutPool.objects.filter(payout_run=payout_run).select_related("team").order_by("team__code")
    )


def undecided_lines(payout_run: PayoutRun) -> QuerySet[Any]:
    """Lines that keep the run from approval."""
    return lines_of(payout_run).filter(status__in=OPEN_STATUSES, decision__isnull=True)


def decided_lines(payout_run: PayoutRun) -> QuerySet[Any]:
    return lines_of(payout_run).filter(decision__isnull=False)


def search_lines(lines: QuerySet[Any], text: str) -> QuerySet[Any]:
    text = " ".join(text.split())[:80]
    if not text:
        return lines
    return lines.filter(Q(employee_name__icontains=text) | Q(employee_number__icontains=text))


def ready_to_pay(user: User) -> list[tuple[IncentivePlan, Cycle]]:
    """Released cycles for which a plan in use has neither an open nor an approved run, latest first; two queries."""
    if not user.has_role(*READERS):
        return []
    plans = list(IncentivePlan.objects.filter(is_active=True).order_by("code"))
    pairs: list[tuple[IncentivePlan, Cycle]] = []
    for plan in plans:
        taken = PayoutRun.objects.filter(
            plan=plan,
            cycle=OuterRef("pk"),
            kind=PayoutRun.Kind.REGULAR,
            state__in=[*PayoutRun.OPEN, PayoutRun.State.APPROVED],
        )
        valid = PlanVersion.objects.filter(plan=plan, valid_from__lte=OuterRef("last_day"))
        cycles = Cycle.objects.filter(released_at__isnull=False).filter(Exists(valid), ~Exists(taken))
        pairs.extend((plan, cycle) for cycle in cycles.order_by("-last_day", "-id")[:12])
    return sorted(pairs, key=lambda pair: pair[1].last_day, reverse=True)[:24]


def names_of(payout_run: PayoutRun, employee_ids: list[int]) -> dict[int, str]:
    """{employee id: name as it stands in the run}."""
    found = PayoutLine.objects.filter(payout_run=payout_run, employee_id__in=employee_ids)
    return dict(found.values_list("employee_id", "employee_name"))


def approvers_of(payout_run: PayoutRun) -> QuerySet[User]:
    """Who could approve it: HR and payroll who neither computed it nor decided a line of it."""
    decided = PayoutDecision.objects.filter(payout_run=payout_run).values("decided_by")
    return (
        User.objects.filter(role_grants__role__in=("hr", "payroll"), is_active=True)
        .exclude(pk=payout_run.created_by_id)
        .exclude(pk__in=decided)
        .distinct()
        .order_by("name_sort", "pk")[:8]
    )
