"""Payout runs, their lines and exports: who reads them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import Http404

from incentives.models import IncentivePlan, PayoutDecision, PayoutLine, PayoutPool, PayoutRun, PlanVersion
from incentives.selectors.facts import kpi_codes
from incentives.steps import configuration as configurations
from incentives.steps import engine
from people.models import User
from reviews.models import Cycle, Participant

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


def batches_of(payout_run: PayoutRun) -> list[dict[str, Any]]:
    """Parts of the payroll file made so far: batch, people, amount."""
    rows = payout_run.payment_items.order_by("batch").values("batch")
    return [dict(row) for row in rows.annotate(people=Count("pk"), amount=Sum("amount"))]


def undecided_lines(payout_run: PayoutRun) -> QuerySet[Any]:
    """Lines that keep the run from approval."""
    return lines_of(payout_run).filter(status__in=OPEN_STATUSES, decision__isnull=True)


def decided_lines(payout_run: PayoutRun) -> QuerySet[Any]:
    # By the few decisions: asking every line whether it has one would read all of them.
    decided = PayoutDecision.objects.filter(payout_run=payout_run).values("employee")
    return lines_of(payout_run).filter(employee__in=decided)


def search_lines(lines: QuerySet[Any], text: str) -> QuerySet[Any]:
    text = " ".join(text.split())[:80]
    if not text:
        return lines
    return lines.filter(Q(employee_name__icontains=text) | Q(employee_number__icontains=text))


READY_CYCLES = 24


def ready_to_pay(user: User) -> list[tuple[IncentivePlan, Cycle]]:
    """Released cycles for which a plan in use has neither an open nor an approved run, latest first; five queries.

    Only what could be computed is offered: the plan has a version then, pays for cycles of that length, every KPI that
    it looks at stands in the results, and somebody in the cycle has a job that it covers.
    """
    if not user.has_role(*READERS):
        return []
    plans = {plan.pk: plan for plan in IncentivePlan.objects.filter(is_active=True)}
    versions = list(PlanVersion.objects.filter(plan__in=plans).order_by("-valid_from"))
    cycles = list(Cycle.objects.filter(released_at__isnull=False).order_by("-last_day", "-id")[:READY_CYCLES])
    taken = set(
        PayoutRun.objects.filter(
            cycle__in=cycles,
            kind=PayoutRun.Kind.REGULAR,
            state__in=[*PayoutRun.OPEN, PayoutRun.State.APPROVED],
        ).values_list("plan_id", "cycle_id")
    )
    jobs: dict[int, set[str]] = {}
    pairs_of_jobs = (
        Participant.objects.filter(cycle__in=cycles).values_list("cycle_id", "job__code").distinct()
    )
    for cycle_id, job in pairs_of_jobs:
        jobs.setdefault(cycle_id, set()).add(job)
    pairs = []
    for cycle in cycles:
        for plan in sorted(plans.values(), key=lambda each: each.code):
            version = next(
                (each for each in versions if each.plan_id == plan.pk and each.valid_from <= cycle.last_day),
                None,
            )
            if version is None or (plan.pk, cycle.pk) in taken:
                continue
            if applies(version.configuration, cycle, jobs.get(cycle.pk, set())):
                pairs.append((plan, cycle))
    return pairs[:24]


def applies(configuration: dict[str, Any], cycle: Cycle, jobs: set[str]) -> bool:
    """Whether a plan's rules could pay anybody of the cycle."""
    covered = set(configuration.get("eligibility", {}).get("jobs", []))
    wanted = {
        need.partition(":")[2]
        for need in engine.needs(configuration["steps"])
        if need.partition(":")[0] in ("kpi", "value", "carry")
    }
    days = (cycle.last_day - cycle.first_day).days + 1
    return (
        configurations.fits(configuration, days)
        and wanted <= kpi_codes(cycle)
        and (not covered or bool(covered & jobs))
    )


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
