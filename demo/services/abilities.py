"""The demonstration's review of abilities, which mixes the methods: one cycle released, one in calibration, one whose
forms are due; and the incidents that managers noted meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from demo.people import FRONT_LINE, SEED, Person, month_end, month_starts
from demo.services.cycles import due_after
from foundation.runs import services as runs
from foundation.trail.services import recording
from people.models import User
from reviews.models import Cycle, Incident, Participant, RatingProposal, Result, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.launch import launch_problems
from reviews.selectors.orderings import ordering_of
from reviews.services import adjustments, cycles, judgements, orderings, phases, scoring
from reviews.services.incidents import confirm_incidents, note_incident, reply_to_incident
from reviews.services.potential import save_potential
from reviews.services.proposals import decide_proposal, propose_rating

TEMPLATE = "abilities"
ITEMS = ("solving", "listening", "teamwork")
WHY = {
    5: ["把退费流程写成一页纸，全组在用", "连续两月带教新人", "Other teams ask for these notes"],
    1: ["交接记录缺失，客户三次来电", "未听完即转接，已面谈"],
}


PROMISE = {
    1: "本岗做得扎实，近期没有承担本岗以外的任务",
    2: "独立带过两名新人，能把经验讲清楚",
    3: "代理班组长两周，排班和投诉都处理得当",
}


class Note(NamedTuple):
    behaviour: str
    strength: str
    is_good: bool
    text: str
    reply: str = ""


# fmt: off
NOTES = [
    Note("helps-others", "clear", True, "系统故障当天主动留下，帮晚班接完积压的 23 个来电。",
         "应该的，大家一起扛过来的。"),
    Note("calls-back", "slight", False, "答应 16:00 前回拨，第二天上午才回。",
         "当时系统切换，已向客户致歉并补发短信。"),
    Note("stays-calm", "clear", True, "客户连续辱骂 6 分钟，仍把退款原因讲清，客户最后道歉。"),
    Note("records-cases", "slight", False, "三条工单只写“已处理”，接手同事需重新问客户。",
         "已补全，今后按模板填写。"),
    Note("verifies", "clear", False, "未核对身份证后四位即告知余额。",
         "客户报了订单号，我以为可以代替，已重新学习规定。"),
    Note("helps-others", "slight", True, "整理了宽带报障的排查图，新人照着就能用。"),
    Note("calls-back", "slight", True, "休息日仍按约回拨，客户来信感谢。", "谢谢班长。"),
]
ENGLISH_NOTES = [
    Note("records-cases", "clear", True, "Notes so clear that the night shift settled the case without a call."),
    Note("stays-calm", "slight", False, "Raised the voice when the caller repeated the question.",
         "I have called the customer back and apologised."),
    Note("calls-back", "slight", True, "Called back on a day off, as promised."),
    Note("verifies", "slight", False, "Skipped the second question before changing the address."),
]
# fmt: on


def note_incidents(*, company: list[Person], today: date) -> None:
    """Two or three in every team and month, the leader's word; most people reply, the newest wait to be read."""
    if Incident.objects.exists():
        return
    people = {each.login: each for each in User.objects.exclude(employee_number=None)}
    rng = np.random.default_rng(SEED + 7)
    months = month_starts(today)
    for first in months:
        is_newest = first == months[-1]
        for team in FRONT_LINE:
            leader = people[next(p.login for p in company if p.leads == team)]
            agents = [
                p for p in company if p.job == "agent" and p.team == team and not p.moves and not p.left_on
            ]
            chosen = list(rng.choice(len(agents), size=3, replace=False))
            if agents[0].login in ("agent", "agent2") and 0 not in chosen:
                chosen[0] = 0
            for place in chosen:
                day = first + timedelta(days=int(rng.integers(6, 20)))
                if day >= today or agents[place].hired_on > day:
                    continue
                notes = ENGLISH_NOTES if leader.locale == User.Language.ENGLISH else NOTES
                note = notes[int(rng.integers(len(notes)))]
                about = people[agents[place].login]
                made = note_incident(
                    actor=leader,
                    employee_id=about.pk,
                    behaviour=note.behaviour,
                    strength=note.strength,
                    is_good=note.is_good,
                    text=note.text,
                    happened_on=day,
                )
                if is_newest:
                    continue
                if note.reply:
                    reply_to_incident(actor=about, incident_id=made.pk, text=note.reply)
                else:
                    confirm_incidents(actor=about, incident_ids=[made.pk])


def run(*, hr: User, company: list[Person], today: date) -> None:
    """The month before last: released. Last month: in calibration, with a proposal to decide. This month: forms due."""
    first, second, third = month_starts(today)
    cycle = _cycle(hr, first)
    if cycle.released_at is None:
        _judge_and_calibrate(hr, cycle, company)
        _settle(hr, cycle)
        _compute(hr, cycle)
        phases.release_cycle(actor=hr, cycle=cycle)
        runs.drain_outbox()
    cycle = _cycle(hr, second)
    if cycle.phase == Phase.RATING:
        _judge_and_calibrate(hr, cycle, company)
        _propose(cycle)
    cycle = _cycle(hr, third)
    if not ScoreSheet.objects.filter(participant__cycle=cycle, judgements__isnull=False).exists():
        _judge(cycle, company, teams={"sh-evening", "cd-tech"})


def _cycle(hr: User, first_day: date) -> Cycle:
    code = f"abilities-{first_day:%Y-%m}"
    found = Cycle.objects.filter(code=code).first()
    if found is None:
        found = cycles.create_cycle(
            actor=hr,
            code=code,
            first_day=first_day,
            last_day=month_end(first_day),
            name_zh=f"{first_day.year}年{first_day.month}月综合能力考评",
            name_en=f"Review of abilities {first_day:%B %Y}",
            template=TEMPLATE,
            rating_due_on=due_after(month_end(first_day)),
        )
    if found.phase == Phase.SETUP:
        errors = [problem.text for problem in launch_problems(found) if problem.severity == "error"]
        if errors:
            raise RuntimeError(f"{code} cannot be launched: {'; '.join(errors)}")
        found = cycles.launch_cycle(actor=hr, cycle=found)
    return found


def _judge(cycle: Cycle, company: list[Person], teams: set[str] | None = None) -> None:
    """The leaders' forms and orders; of the teams given only, where there are some."""
    persons = {person.number: person for person in company}
    rng = np.random.default_rng(SEED + cycle.first_day.toordinal())
    sheets = list(
        ScoreSheet.objects.filter(participant__cycle=cycle, state=ScoreSheet.State.DRAFT)
        .select_related("participant__employee", "participant__team", "rater")
        .order_by("pk")
    )
    raters: dict[int, User] = {}
    liked: dict[int, list[tuple[float, int]]] = {}
    forms: dict[int, list[int]] = {}
    for sheet in sheets:
        if teams is not None and sheet.participant.team.code not in teams:
            continue
        person = persons[sheet.participant.employee.employee_number or ""]
        raters[sheet.rater_id] = sheet.rater
        if sheet.component == "order":
            place = -0.8 * person.ability - 0.5 * person.warmth + float(rng.normal(0, 0.5))
            liked.setdefault(sheet.rater_id, []).append((place, sheet.participant.employee_id))
            continue
        forms.setdefault(sheet.rater_id, []).append(sheet.pk)
        for item, trait in zip(ITEMS, (person.ability, person.warmth, person.growth * 3), strict=True):
            level = int(np.clip(np.round(3.2 + 0.75 * trait + rng.normal(0, 0.5)), 1, 5))
            judgements.save_judgement(
                actor=sheet.rater,
                sheet_id=sheet.pk,
                item=item,
                version=0,
                level=level,
                comment=str(rng.choice(WHY[level])) if level in WHY else "",
            )
    for rater_id, rater in raters.items():
        with recording(actor=rater):
            if forms.get(rater_id):
                judgements.submit_sheets(actor=rater, sheet_ids=forms[rater_id])
            if rater_id in liked:
                order = ordering_of(rater, cycle, "order")
                groups = [[employee] for _place, employee in sorted(liked[rater_id])]
                if len(groups) > 4:  # two in the middle cannot be told apart
                    groups[2:4] = [groups[2] + groups[3]]
                orderings.save_ordering(
                    actor=rater, cycle=cycle, component="order", groups=groups, version=order.version
                )
                orderings.submit_ordering(actor=rater, cycle=cycle, component="order")


def _judge_and_calibrate(hr: User, cycle: Cycle, company: list[Person]) -> None:
    if cycle.phase == Phase.RATING:
        _judge(cycle, company)
        _rate_potential(cycle, company)
        _compute(hr, cycle)
        phases.advance_phase(actor=hr, cycle=cycle, to_phase=Phase.CALIBRATION)
        cycle.refresh_from_db()


def _rate_potential(cycle: Cycle, company: list[Person]) -> None:
    """What the leaders think each of the own people could grow into; those who joined last are not judged yet."""
    persons = {person.number: person for person in company}
    rng = np.random.default_rng(SEED + 11 + cycle.first_day.toordinal())
    for participant in (
        Participant.objects.filter(cycle=cycle).exclude(rater=None).select_related("employee", "rater")
    ).order_by("pk"):
        person = persons[participant.employee.employee_number or ""]
        if participant.rater is None or (cycle.last_day - person.hired_on).days < 60:
            continue
        promise = 0.6 * person.ability + 3 * person.growth + 0.3 * person.warmth + float(rng.normal(0, 0.5))
        level = 1 + int(promise > -0.2) + int(promise > 0.9)
        save_potential(
            actor=participant.rater,
            cycle=cycle,
            employee_id=participant.employee_id,
            level=level,
            reason=PROMISE[level],
            version=0,
        )


def _compute(hr: User, cycle: Cycle) -> None:
    scoring.start_scoring(actor=hr, cycle=cycle)
    runs.drain_outbox()
    cycle.refresh_from_db()


def _settle(hr: User, cycle: Cycle) -> None:
    """Points with evidence, a red line, a move that HR made and one that a leader proposed."""
    found = list(
        Result.objects.filter(run=cycle.published_run_id)
        .exclude(rating="")
        .exclude(employee__login__in=("agent", "agent2"))
        .select_related("employee")
        .order_by("-score", "employee_id")
    )
    agent = User.objects.get(login="agent")
    adjustments.grant_item(
        actor=hr,
        cycle=cycle,
        employee_id=agent.pk,
        item="idea",
        points=2,
        reason="“首句报姓名和工号”已在全中心推行",
        evidence="改进单 KZ-0417，运营会议纪要",
    )
    adjustments.grant_item(
        actor=hr,
        cycle=cycle,
        employee_id=found[len(found) // 2].employee_id,
        item="late",
        points=-1,
        reason="当月两次迟到，未提前告知",
        evidence="考勤系统导出",
    )
    adjustments.record_breach(
        actor=hr,
        cycle=cycle,
        employee_id=found[len(found) // 3].employee_id,
        red_line="data",
        reason="向非本人告知收货地址",
        evidence="通话录音，质检复核单",
    )
    upward = next(
        each
        for each in found
        if each.rating == "B" and each.employee_id != found[len(found) // 3].employee_id
    )
    adjustments.move_rating(
        actor=hr,
        cycle=cycle,
        employee_id=upward.employee_id,
        rating="A",
        reason="与 A 档末位相差不到 0.5 分，且承担全组新人带教",
        is_shared=True,
    )
    proposal = _propose(cycle)
    decide_proposal(
        actor=hr, proposal=proposal, accept=False, reason="与同职场同分员工相比，依据不足，维持原评级"
    )


def _propose(cycle: Cycle) -> RatingProposal:
    """The sign-in `manager` asks for somebody of the own team to be rated one band higher."""
    manager = User.objects.get(login="manager")
    own = Participant.objects.filter(cycle=cycle, rater=manager).values("employee_id")
    wished = (
        Result.objects.filter(run=cycle.published_run_id, rating__in=("B", "C"), employee__in=own)
        .exclude(employee__login="agent")
        .order_by("-score", "employee_id")
    )
    wish = list(wished)[-1]
    return propose_rating(
        actor=manager,
        cycle=cycle,
        employee_id=wish.employee_id,
        rating="A" if wish.rating == "B" else "B",
        reason="本月一直支援晚班高峰，指标因此偏低，请综合考虑",
    )
