"""The demonstration's plans: one that goes on with a check-in, one that was met, one for somebody who does well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from metrics.models import KPIVersion
from metrics.selectors.kpis import versions_on
from people.models import User
from people.selectors.employees import employees_led_by
from reviews.models import ImprovementPlan
from reviews.selectors.improvement_evidence import evidence_offered
from reviews.selectors.improvement_progress import start_values
from reviews.services.improvement_course import decide_outcome, mark_measure_done, record_check_in
from reviews.services.improvement_plans import agree_to_terms, open_plan
from reviews.services.improvement_proposals import look_for_proposals
from scoring.improvement import is_met, way_made

DAYS = 60
MEASURES = [
    {"text": "每周旁听两通优秀录音，记下三点做法", "who": "employee"},
    {"text": "Sit beside two calls a week and talk them through", "who": "manager"},
]
CAUSES = [
    {"kind": "skill", "text": "结束通话前没有复述客户的问题"},
    {"kind": "tool", "text": "The knowledge base does not find the refund rules"},
]


def make_plans(*, hr: User, months: list[date]) -> None:
    """By the sign-in `manager`; the plan that goes on is the sign-in `agent`'s where anything lies below a target."""
    if ImprovementPlan.objects.exists():
        return
    look_for_proposals(actor=hr)
    manager = User.objects.get(login="manager")
    agent = User.objects.get(login="agent")
    team = sorted(
        employees_led_by(manager).filter(memberships__job__code="agent").distinct(), key=_order(agent)
    )
    start = f"{months[0]:%Y-%m}"
    used: set[int] = set()
    for ended in (False, True):
        for person in team:
            found = next(_chances(person, start, ended=ended), None)
            if person.pk not in used and found is not None:
                used.add(person.pk)
                _improve(manager, person, start, *found, ended=ended)
                break
    rest = [person for person in team if person.pk not in used]
    if rest:
        _develop(manager, rest[-1])


def _order(first: User) -> Any:
    return lambda person: (person.pk != first.pk, person.pk)


def _chances(person: User, start: str, *, ended: bool) -> Iterator[tuple[str, KPIVersion, float]]:
    """(evidence, KPI, target): what lies below its target and has got better since; met by now where `ended`."""
    versions = {version.kpi.code: version for version in versions_on(timezone.localdate())}
    for each in evidence_offered(person.pk):
        if not each["is_below"] or each["source"] == "score":
            continue
        version = versions[each["kpi"]]
        before = start_values(person, [each["kpi"]], start).get(each["kpi"])
        now = start_values(person, [each["kpi"]]).get(each["kpi"])
        if before is None or now is None or version.direction == "nearest":
            continue
        target = round(now[1], version.decimals) if ended else each["target"]
        if target is None or is_met(before[1], target, version.direction, decimals=version.decimals):
            continue
        share = way_made(before[1], now[1], target, version.direction)
        if share is not None and share > 0.1:
            yield each["key"], version, target


def _improve(
    manager: User, person: User, start: str, evidence: str, version: KPIVersion, target: float, *, ended: bool
) -> None:
    deadline = timezone.localdate() + timedelta(days=DAYS)
    plan = open_plan(
        actor=manager,
        employee_id=person.pk,
        kind="improvement",
        evidence=[evidence],
        content={
            "causes": CAUSES[:1] if ended else CAUSES,
            "targets": [{"kpi": version.kpi.code, "target": target, "start_month": start}],
            "measures": MEASURES,
            "deadline": deadline,
            "every_days": 14,
        },
    )
    agree_to_terms(actor=person, plan_id=plan.pk, number=1)
    mark_measure_done(actor=person, plan_id=plan.pk, measure="m1")
    record_check_in(
        actor=manager,
        plan_id=plan.pk,
        note="听了本周两通录音：复述做得更好了，结束语还可以更短。下次带一通自己满意的。",
    )
    if ended:
        decide_outcome(actor=manager, plan_id=plan.pk, verdict="met", reason="目标已达到，做法也稳定了")


def _develop(manager: User, person: User) -> None:
    plan = open_plan(
        actor=manager,
        employee_id=person.pk,
        kind="development",
        content={
            "goals": [{"text": "独立带一个晚班，并能辅导新同事"}],
            "measures": [
                {"text": "参加班组长基础课程", "who": "hr"},
                {"text": "Coach one new colleague for a month", "who": "employee"},
            ],
            "deadline": timezone.localdate() + timedelta(days=DAYS),
            "every_days": 21,
        },
    )
    agree_to_terms(actor=person, plan_id=plan.pk, number=1)
