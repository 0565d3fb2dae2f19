"""The demonstration's cycles: what its managers think of their people, and what that pays."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from demo.people import Person, month_end
from demo.services import appeals
from foundation.runs import services as runs
from foundation.trail.services import recording
from incentives.models import IncentivePlan, PayoutLine, PayoutRun
from incentives.services import payout_runs
from people.models import User
from reviews.models import Cycle, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.launch import launch_problems
from reviews.services import cycles, judgements, phases, scoring

TEMPLATE = "monthly-agents"
PLAN = "monthly_service_bonus"
REMARKS = {
    5: ["客户多次点名表扬", "主动跟进，直到客户满意", "Goes out of the way for the customer"],
    1: ["多次打断客户，需辅导", "与客户争执，已当面沟通"],
}


def _cycle(hr: User, first_day: date, *, asks_for_feedback: bool = False) -> Cycle:
    code = f"{first_day:%Y-%m}"
    found = Cycle.objects.filter(code=code).first()
    if found is None:
        last_day = month_end(first_day)
        found = cycles.create_cycle(
            actor=hr,
            code=code,
            first_day=first_day,
            last_day=last_day,
            name_zh=f"{first_day.year}年{first_day.month}月客服考核",
            name_en=f"Agent review {first_day:%B %Y}",
            template=TEMPLATE,
            rating_due_on=due_after(last_day),
        )
    if found.phase == Phase.SETUP:
        if asks_for_feedback:
            found = cycles.edit_configuration(
                actor=hr,
                cycle=found,
                configuration={**found.configuration, **appeals.BLOCKS},
                version=found.version,
            )
        problems = [problem for problem in launch_problems(found) if problem.severity == "error"]
        if problems:
            raise RuntimeError(
                f"{code} cannot be launched: " + "; ".join(problem.text for problem in problems)
            )
        found = cycles.launch_cycle(actor=hr, cycle=found)
    return found


def due_after(last_day: date) -> date:
    """Three days after the end of the month, never on a weekend."""
    due = date.fromordinal(last_day.toordinal() + 3)
    while due.weekday() >= 5:
        due = date.fromordinal(due.toordinal() + 1)
    return due


def run_to_payment(
    *,
    hr: User,
    payroll: User,
    company: list[Person],
    first_day: date,
    rng: np.random.Generator,
    asks_for_feedback: bool = False,
) -> None:
    cycle = _cycle(hr, first_day, asks_for_feedback=asks_for_feedback)
    if cycle.phase == Phase.RATING:
        _score(cycle, company, rng)
        _submit(cycle)
        scoring.start_scoring(actor=hr, cycle=cycle)
        runs.drain_outbox()
        cycle.refresh_from_db()
        phases.advance_phase(actor=hr, cycle=cycle, to_phase=Phase.CALIBRATION)
        cycle.refresh_from_db()
    if asks_for_feedback and cycle.released_at is None:
        appeals.write_feedback(hr, cycle)
    if cycle.released_at is None:
        phases.release_cycle(actor=hr, cycle=cycle)
        runs.drain_outbox()
        cycle.refresh_from_db()
    plan = IncentivePlan.objects.get(code=PLAN)
    payout = PayoutRun.objects.filter(cycle=cycle, state__in=["computed", "approved"]).first()
    if payout is None:
        payout = payout_runs.create_payout_run(actor=hr, plan=plan, cycle=cycle)
        runs.drain_outbox()
        payout.refresh_from_db()
    if payout.state == PayoutRun.State.COMPUTED:
        for line in payout.payout_lines.filter(status=PayoutLine.Status.UNDECIDED):
            payout_runs.decide_line(
                actor=hr,
                payout_run=payout,
                employee=line.employee_id,
                decision="pay",
                reason="在职期间已完成全部工作，按天数发放",
            )
        payout.refresh_from_db()
        with recording(actor=payroll):
            payout_runs.approve_payout(actor=payroll, payout_run=payout, seen_digest=payout.content_digest)
        runs.drain_outbox()
    if asks_for_feedback:
        appeals.speak_up(hr=hr, payroll=payroll, cycle=cycle)


def open_for_scoring(*, hr: User, company: list[Person], first_day: date, rng: np.random.Generator) -> None:
    """This month: one team is done, two are half-way, the others have not begun."""
    cycle = _cycle(hr, first_day)
    if ScoreSheet.objects.filter(participant__cycle=cycle, judgements__isnull=False).exists():
        return
    _score(cycle, company, rng, only={"cd-billing": 1.0, "sh-billing": 0.45, "cd-chat": 0.5})
    _submit(cycle, only="cd-billing")


def _score(
    cycle: Cycle, company: list[Person], rng: np.random.Generator, only: dict[str, float] | None = None
) -> None:
    """Every rater fills in the forms; each is a little kinder or stricter than the others."""
    persons = {person.number: person for person in company}
    sheets = (
        ScoreSheet.objects.filter(participant__cycle=cycle, state=ScoreSheet.State.DRAFT)
        .select_related("participant__employee", "participant__team", "rater")
        .prefetch_related("judgements")
        .order_by("pk")
    )
    configuration: dict[str, Any] = {part["code"]: part for part in cycle.configuration["components"]}
    kindness: dict[int, float] = {}
    for sheet in sheets:
        if only is not None and rng.random() >= only.get(sheet.participant.team.code, 0.0):
            continue
        if sheet.judgements.all():
            continue
        lean = kindness.setdefault(sheet.rater_id, float(rng.normal(0, 0.25)))
        person = persons[sheet.participant.employee.employee_number or ""]
        component = configuration[sheet.component]
        levels = sorted(float(level["value"]) for level in component["levels"])
        for position, item in enumerate(component["items"]):
            trait = (person.warmth, person.ability, person.pace)[position % 3]
            mark = 3.35 + lean + 0.62 * trait + float(rng.normal(0, 0.45))
            level = min(levels, key=lambda value: abs(value - mark))
            remark = str(rng.choice(REMARKS[int(level)])) if int(level) in REMARKS else ""
            judgements.save_judgement(
                actor=sheet.rater,
                sheet_id=sheet.pk,
                item=item["code"],
                version=0,
                level=level,
                comment=remark,
            )


def _submit(cycle: Cycle, only: str | None = None) -> None:
    sheets = ScoreSheet.objects.filter(participant__cycle=cycle, state=ScoreSheet.State.DRAFT)
    if only:
        sheets = sheets.filter(participant__team__code=only)
    by_rater: dict[int, list[int]] = {}
    for pk, rater in sheets.values_list("pk", "rater_id"):
        by_rater.setdefault(rater, []).append(pk)
    raters = User.objects.in_bulk(by_rater)
    for rater, ids in by_rater.items():
        with recording(actor=raters[rater]):
            judgements.submit_sheets(actor=raters[rater], sheet_ids=ids)
