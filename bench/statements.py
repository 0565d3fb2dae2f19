"""One employee's statement over 24 months: approved months are laid down for one person, and the page is timed."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.test import Client
from django.utils import timezone

from bench.company import Company
from bench.pages import LIMIT_MS, LIMIT_QUERIES, Page, measure_page
from bench.report import Row
from foundation.runs.models import Run
from incentives.models import LedgerEntry, PayoutLine, PayoutRun, PlanVersion
from incentives.services.payout_steps import StepsOf, store_steps
from incentives.steps import engine
from people.models import User
from reviews.models import Cycle

MONTHS = 24


def measure_statement(company: Company, cycle: str) -> list[Row]:
    """The row, after the months have been written straight into the tables."""
    person = User.objects.get(pk=company.first_agent + company.size // 2)
    latest = Cycle.objects.get(code=cycle)
    for month in range(MONTHS):
        _month(person, latest, month)
    client = Client()
    client.force_login(person, backend="people.authentication.LoginBackend")
    measured = [
        measure_page(client, Page("employee", "statement over 24 months", "/statement/")),
        measure_page(client, Page("employee", "API: statements", "/api/v1/statements/")),
    ]
    slowest = max(measured, key=lambda page: page["p95_ms"])
    most = max(page["queries"] for page in measured)
    return [
        Row(
            company.size,
            "statement over 24 months",
            f"p95 {slowest['p95_ms']:.0f} ms, {most} queries",
            aim="<= 100 ms, <= 15 queries",
            met=slowest["p95_ms"] <= LIMIT_MS and most <= LIMIT_QUERIES,
            detail={"pages": measured},
        )
    ]


def _month(person: User, latest: Cycle, month: int) -> None:
    hr = User.objects.get(login="hr")
    payroll = User.objects.exclude(pk__in=[hr.pk, person.pk]).order_by("pk")[0]
    last_day = latest.first_day - datetime.timedelta(days=1 + 30 * month)
    run = Run.objects.create(kind="scoring", scope=f"bench:{month}", state=Run.State.DONE)
    cycle = Cycle.objects.create(
        code=f"earlier-{month}",
        name_zh=f"第 {month} 期",
        name_en=f"Period {month}",
        first_day=last_day - datetime.timedelta(days=29),
        last_day=last_day,
        phase="closed",
        configuration={"components": []},
        created_by=hr,
        published_run=run,
        released_at=timezone.now(),
    )
    version = PlanVersion.objects.filter(plan__code="eight").get()
    payout = PayoutRun.objects.create(
        plan=version.plan,
        plan_version=version,
        cycle=cycle,
        result_run=run,
        currency="CNY",
        created_by=hr,
        state=PayoutRun.State.COMPUTED,
    )
    facts = {"score": 100.0 + month, "salary": Decimal(8000), "days_in_role": 30, "days_in_period": 30}
    facts |= {need: 1.0 for need in engine.needs(version.configuration["steps"]) if ":" in need}
    answer = engine.apply(version.configuration["steps"], facts)
    PayoutLine.objects.create(
        payout_run=payout, employee=person, employee_name=person.name, amount=answer.amount, currency="CNY"
    )
    store_steps(payout, [StepsOf(person.pk, answer.steps)])
    PayoutRun.objects.filter(pk=payout.pk).update(
        state=PayoutRun.State.APPROVED, approved_by=payroll, approved_at=timezone.now()
    )
    LedgerEntry.objects.create(
        employee=person,
        kind=LedgerEntry.Kind.EARNED,
        plan=version.plan,
        cycle=cycle,
        payout_run=payout,
        amount=answer.amount,
        currency="CNY",
        created_by=payroll,
    )
