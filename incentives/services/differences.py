"""What changed results change in pay: an adjusting run of exactly the people concerned, made from the news. Nobody
else's line is computed again, and a second person approves it as any other."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.refusals import Refusal
from incentives.models import IncentivePlan, PayoutLine, PayoutRun
from incentives.selectors.differences import READERS
from incentives.services import lines, payout_runs
from incentives.services.payout_work import people_of
from incentives.steps import engine
from people.models import User
from reviews.models import Appeal, Cycle
from reviews.selectors.corrections import corrected_between
from reviews.selectors.results import shut_results
from reviews.services.appeals import foresee_decision

LOG = logging.getLogger(__name__)
State = PayoutRun.State


def pay_differences(*, cycle: Cycle) -> list[PayoutRun]:
    """An adjusting run for each plan that paid this cycle before results were corrected or opened late; twice the same
    news makes none twice. A plan that cannot be computed now is left for a person to look at."""
    made = []
    for plan in (
        IncentivePlan.objects.filter(
            payout_runs__cycle=cycle, payout_runs__state=State.APPROVED, is_active=True
        )
        .distinct()
        .order_by("code")
    ):
        try:
            run = _pay_plan(plan, cycle)
        except Refusal as refusal:
            LOG.warning(
                "payout_differences_refused plan=%s cycle=%s code=%s", plan.code, cycle.code, refusal.code
            )
            continue
        if run is not None:
            made.append(run)
    return made


@transaction.atomic
def _pay_plan(plan: IncentivePlan, cycle: Cycle) -> PayoutRun | None:
    plan, cycle = payout_runs.locked_subject(plan, cycle)
    last = latest_approved(plan, cycle)
    if last is None or cycle.published_run is None:
        return None
    people = people_concerned(last, cycle)
    if not people:
        return None
    maker = maker_for(cycle, people)
    if maker is None:
        return None
    waiting = PayoutRun.objects.filter(plan=plan, cycle=cycle, state__in=PayoutRun.OPEN).first()
    if waiting is not None:
        if waiting.result_run_id == cycle.published_run_id and set(people) <= set(people_of(waiting)):
            return None
        if waiting.kind != PayoutRun.Kind.ADJUSTING or waiting.state != State.COMPUTED:
            return None  # it is looked at again when that one is approved
        payout_runs.reject_for_newer(waiting, actor=maker)
    return payout_runs.queue_run(
        actor=maker,
        plan=plan,
        cycle=cycle,
        kind=PayoutRun.Kind.ADJUSTING,
        reason=_("Results that were corrected or opened after the payout"),
        carries=last.pk,
        people=people,
    )


@dataclass(frozen=True)
class PayForesight:
    """What one plan would pay if an appeal were accepted. Amounts for whom money is to see; for all others `share`
    alone, by how much pay would change as a part of what stands, None where nothing stands.

    after is None where a pool decides: then the reserve pays the difference, and nobody knows it before it is computed.
    """

    plan: IncentivePlan
    currency: str
    moves: bool
    share: Decimal | None
    before: Decimal | None = None
    after: Decimal | None = None
    is_pooled: bool = False


def foresee_pay(*, actor: User, appeal_id: int, score: float | None = None) -> list[PayForesight]:
    """For whom decides the appeal, plan by plan that paid the cycle; nothing is stored. The refusals of
    foresee_decision."""
    foresight = foresee_decision(actor=actor, appeal_id=appeal_id, score=score)
    result = foresight.before
    paid = PayoutRun.objects.filter(cycle=result.cycle_id, state=State.APPROVED)
    newest = paid.order_by("plan_id", "-approved_at", "-pk").distinct("plan_id").values("pk")
    sees_money = actor.has_role(*READERS)
    found = []
    for run in (
        PayoutRun.objects.filter(pk__in=newest, plan__is_active=True)
        .select_related("plan", "plan_version", "cycle", "run")
        .order_by("plan__code")
    ):
        line = PayoutLine.objects.filter(payout_run=run, employee=result.employee_id).first()
        before = line.amount if line is not None else Decimal(0)
        if engine.pool_of(run.plan_version.configuration["steps"]) is not None:
            found.append(
                PayForesight(
                    run.plan, run.currency, True, None, before=before if sees_money else None, is_pooled=True
                )
            )
            continue
        after, _status = lines.line_if(
            run,
            result.employee_id,
            score=foresight.after["score"],
            rating=foresight.after["rating"],
            attainments=foresight.attainments(),
        )
        share = (after - before) / before if before else None
        found.append(
            PayForesight(
                run.plan,
                run.currency,
                after != before,
                share,
                before=before if sees_money else None,
                after=after if sees_money else None,
            )
        )
    return found


def latest_approved(plan: IncentivePlan, cycle: Cycle) -> PayoutRun | None:
    return (
        PayoutRun.objects.filter(plan=plan, cycle=cycle, state=State.APPROVED)
        .select_related("result_run")
        .order_by("-approved_at", "-pk")
        .first()
    )


def people_concerned(last: PayoutRun, cycle: Cycle) -> list[int]:
    """Whose result was corrected after that run, or was shut in it and is open now."""
    assert cycle.published_run is not None
    corrected = corrected_between(cycle, last.result_run, cycle.published_run)
    shut = shut_results(cycle=cycle).values("employee")
    opened = PayoutLine.objects.filter(payout_run=last, reason_code=lines.NOT_OPEN).exclude(employee__in=shut)
    return sorted({*corrected, *opened.values_list("employee_id", flat=True)})


def maker_for(cycle: Cycle, people: list[int]) -> User | None:
    """Who answers for the run, and may not approve it: whoever named the decider of the latest accepted appeal, else
    whoever released the cycle."""
    appeal = (
        Appeal.objects.filter(cycle=cycle, employee__in=people, correction__isnull=False)
        .order_by("-closed_at")
        .select_related("assigned_by")
        .first()
    )
    return appeal.assigned_by if appeal is not None and appeal.assigned_by else cycle.released_by
