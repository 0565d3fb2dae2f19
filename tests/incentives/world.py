"""A released cycle with results written straight into the tables: what incentives starts from, no scores computed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
from django.utils import timezone

from foundation.runs import services as runs
from foundation.runs.models import Run
from incentives.models import IncentivePlan, PayoutRun
from incentives.services import payout_runs, plans
from people.models import User
from reviews.models import Cycle, Participant, Result
from reviews.models.results import ScoreLineSet
from reviews.services.score_lines import store_lines
from tests.cast import Cast
from tests.factories import CompensationFactory, MembershipFactory, UserFactory

OCTOBER = (datetime.date(2025, 10, 1), datetime.date(2025, 10, 31))
SEPTEMBER = (datetime.date(2025, 9, 1), datetime.date(2025, 9, 30))

CONFIGURATION: dict[str, Any] = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {"kind": "curve", "threshold": "70", "accelerator": "2", "cap": "2.0"},
        {"kind": "proration"},
        {"kind": "rounding"},
    ],
}


def released_cycle(
    cast: Cast,
    scores: Mapping[User, float | None],
    *,
    code: str = "2025-10",
    period: tuple[datetime.date, datetime.date] = OCTOBER,
    days: Mapping[User, int] | None = None,
    lines: Mapping[User, Mapping[str, tuple[float, float]]] | None = None,
    released: bool = True,
) -> Cycle:
    """A cycle of these people with these scores. `lines`: {user: {kpi: (value, attainment)}}."""
    in_period = (period[1] - period[0]).days + 1
    run = Run.objects.create(kind="scoring", scope=f"cycle:{code}", state=Run.State.DONE)
    kpis = sorted({kpi for found in (lines or {}).values() for kpi in found})
    cycle = Cycle.objects.create(
        code=code,
        name_zh=code,
        name_en=code,
        first_day=period[0],
        last_day=period[1],
        phase="release",
        configuration={
            "components": [{"code": "kpis", "method": "kpi", "kpis": [{"kpi": kpi} for kpi in kpis]}]
        },
        created_by=cast.hr,
        published_run=run,
        released_at=timezone.now() if released else None,
    )
    for user, score in scores.items():
        membership = user.memberships.order_by("-valid").select_related("team", "job").first()
        Participant.objects.create(
            cycle=cycle,
            employee=user,
            team=membership.team,
            job=membership.job,
            rater=cast.manager,
            days_in_role=(days or {}).get(user, in_period),
            days_in_period=in_period,
        )
        Result.objects.create(
            run=run,
            cycle=cycle,
            employee=user,
            team_id=membership.team_id,
            score=score,
            rating="B" if score is not None else "",
            state="scored" if score is not None else "no_data",
        )
        if own := (lines or {}).get(user):
            store_lines(
                run,
                pd.DataFrame(
                    {
                        "employee_id": user.pk,
                        "component": "kpis",
                        "number": range(1, len(own) + 1),
                        "subject": list(own),
                        "value": [value for value, _attainment in own.values()],
                        "attainment": [attainment for _value, attainment in own.values()],
                        "weight": 100.0,
                        "n": 0,
                        "rule": "attainment",
                    }
                ),
            )
    return cycle


def plan_of(cast: Cast, configuration: Any = None, *, code: str = "monthly", **more: Any) -> IncentivePlan:
    return plans.create_plan(
        actor=cast.hr,
        code=code,
        name_zh="月度服务奖",
        name_en="Monthly service bonus",
        valid_from=datetime.date(2025, 1, 1),
        configuration=configuration or CONFIGURATION,
        **more,
    )


def computed(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> PayoutRun:
    """A payout run, worked in this process."""
    payout_run = payout_runs.create_payout_run(actor=cast.hr, plan=plan, cycle=cycle)
    return worked(payout_run)


def worked(payout_run: PayoutRun) -> PayoutRun:
    runs.execute(payout_run.run_id)
    payout_run.refresh_from_db()
    return payout_run


def approved(cast: Cast, payout_run: PayoutRun) -> PayoutRun:
    return payout_runs.approve_payout(
        actor=cast.payroll, payout_run=payout_run, seen_digest=payout_run.content_digest
    )


def amounts(payout_run: PayoutRun) -> dict[int, Decimal]:
    return dict(payout_run.payout_lines.values_list("employee_id", "amount"))


def crowd(cast: Cast, count: int) -> dict[User, float]:
    people = {}
    for _ in range(count):
        user = UserFactory()
        MembershipFactory(user=user, team=cast.blue, job=cast.job_agent)
        CompensationFactory(user=user)
        people[user] = 100.0
    return people


def republish(cycle: Cycle, scores: dict[Any, float]) -> None:
    """Results after an appeal: a new run, and the cycle's pointer on it."""
    run = Run.objects.create(kind="scoring", scope=f"cycle:{cycle.code}", state=Run.State.DONE)
    for old in Result.objects.filter(run=cycle.published_run):
        old.pk = None
        old.run = run
        old.score = scores.get(old.employee_id, old.score)
        old.save(force_insert=True)
    for lines in ScoreLineSet.objects.filter(run=cycle.published_run):
        lines.run = run
        lines.save(force_insert=True)
    Cycle.objects.filter(pk=cycle.pk).update(published_run=run)
    cycle.refresh_from_db()
