"""The demonstration's goals: of the company, of a team and of its people, proposed and agreed to by both sides, with
check-ins; one change waits for the manager's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from demo.people import SEED, month_end, month_starts
from demo.services.cycles import due_after
from foundation.trail.services import recording
from people.models import Team, User
from reviews.models import Cycle, Objective, Participant
from reviews.models.cycles import Phase
from reviews.selectors.objective_sides import leaders_of_teams, superiors_of
from reviews.services import check_ins, cycles, objective_agreement, objectives, phases

TEAM = "sh-billing"
Wording = Mapping[str, Any]

COMPANY: Wording = {
    "title": "年底前让八成来电一次解决",
    "why": "客户最在意的是不用再打第二次。",
    "weight": 100,
    "perspective": "customer",
    "key_results": [{"title": "一次解决率", "unit": "%", "start": 68, "target": 80}],
}
TEAM_GOALS: Sequence[Wording] = (
    {
        "title": "把平均等待时间压缩到 20 秒以内",
        "why": "午间高峰排队最久，投诉也最多。",
        "weight": 60,
        "perspective": "process",
        "key_results": [
            {"title": "平均等待时间", "unit": "秒", "start": 32, "target": 20, "kpi": "response_time"}
        ],
    },
    {
        "title": "带教 4 名新人，月底前独立接线",
        "weight": 40,
        "perspective": "learning",
        "key_results": [{"title": "可独立接线的新人", "unit": "人", "start": 0, "target": 4}],
    },
)
PEOPLE: Sequence[Sequence[Wording]] = (
    (
        {
            "title": "月底前把客户满意度提升到 4.6 分",
            "why": "支撑公司“一次解决”的目标。",
            "weight": 50,
            "perspective": "customer",
            "key_results": [{"title": "客户满意度", "unit": "分", "target": 4.6, "kpi": "satisfaction"}],
        },
        {
            "title": "整理 12 篇知识库文章，供晚班使用",
            "weight": 30,
            "perspective": "learning",
            "key_results": [
                {"title": "已发布的文章", "unit": "篇", "start": 0, "target": 12, "weight": 70},
                {"title": "文章确实有人在用", "is_judged": True, "weight": 30},
            ],
        },
        {
            "title": "每周回访 5 位投诉客户",
            "weight": 20,
            "perspective": "process",
            "key_results": [{"title": "完成的回访", "unit": "次", "start": 0, "target": 20}],
        },
    ),
    (
        {
            "title": "把通话后处理时间缩短到 45 秒",
            "weight": 60,
            "perspective": "process",
            "key_results": [{"title": "通话后处理时间", "unit": "秒", "start": 70, "target": 45}],
        },
        {
            "title": "本月完成两门产品课程并通过考试",
            "weight": 40,
            "perspective": "learning",
            "key_results": [{"title": "通过的课程", "unit": "门", "start": 0, "target": 2}],
        },
    ),
)
WORDS = {3: "", 2: "午间排班还缺一人，进度有点慢。", 1: "系统升级推迟，本月恐怕完不成。"}


def seen(made: Sequence[Objective]) -> dict[int, str]:
    """{id: digest} of what stands on the table."""
    found = Objective.objects.filter(pk__in=[each.pk for each in made])
    return dict(found.values_list("pk", "latest_version__digest"))


def agree_on(
    *, cycle: Cycle, employee: User, superior: User, wordings: Sequence[Wording], agrees: bool = True
) -> list[Objective]:
    """Written and proposed by the employee; agreed to by the superior, unless that is left for somebody to do."""
    with recording(actor=employee):
        made = [
            objectives.create_objective(actor=employee, cycle=cycle, employee_id=employee.pk, content=wording)
            for wording in wordings
        ]
        objective_agreement.propose_objectives(
            actor=employee, cycle=cycle, employee_id=employee.pk, seen=seen(made)
        )
    if agrees:
        with recording(actor=superior):
            objective_agreement.agree_objectives(
                actor=superior, cycle=cycle, employee_id=employee.pk, seen=seen(made)
            )
    return made


def agree_on_goals(
    *, cycle: Cycle, wordings: Sequence[Wording], left_open: Sequence[str] = ()
) -> dict[int, list[Objective]]:
    """{employee id: goals} of every participant of a cycle in its goals phase, agreed to by whoever leads them; of the
    logins in left_open only proposed."""
    people = list(Participant.objects.filter(cycle=cycle).select_related("employee", "rater"))
    leaders = superiors_of(cycle, [each.employee_id for each in people])
    by_id = User.objects.in_bulk({pk for ids in leaders.values() for pk in ids})
    return {
        each.employee_id: agree_on(
            cycle=cycle,
            employee=each.employee,
            superior=each.rater or by_id[min(leaders[each.employee_id])],
            wordings=wordings,
            agrees=each.employee.login not in left_open,
        )
        for each in people
        if each.employee.may_sign_in and (each.rater is not None or leaders[each.employee_id])
    }


def note_progress(made: Mapping[int, Sequence[Objective]], rng: np.random.Generator) -> None:
    """One check-in per agreed goal by its owner, somewhere on the way."""
    people = User.objects.in_bulk(list(made))
    for employee_id, goals in made.items():
        for goal in goals:
            goal.refresh_from_db()
            if goal.agreed_version is None:
                continue
            share, confidence = float(rng.uniform(0.25, 1.05)), int(rng.choice([3, 3, 3, 2, 2, 1]))
            values = {
                result.key: round(result.start + share * (result.target - result.start))
                for result in goal.agreed_version.key_results.all()
                if not result.is_judged
                and result.kpi_version_id is None
                and result.start is not None
                and result.target is not None
            }
            with recording(actor=people[employee_id]):
                check_ins.check_in(
                    actor=people[employee_id],
                    objective_id=goal.pk,
                    confidence=confidence,
                    values=dict(values),
                    comment=WORDS[confidence],
                )


def run(*, hr: User, today: date) -> None:
    """This month's goals of one team: agreed, under way, with something left for `manager` and `agent` to do."""
    first = month_starts(today)[-1]
    code = f"goals-{first:%Y-%m}"
    if Cycle.objects.filter(code=code, phase__in=[Phase.COLLECTION, Phase.RATING]).exists():
        return
    cycle = _cycle(hr, code, first)
    rng = np.random.default_rng(SEED + 31)
    team = Team.objects.get(code=TEAM)
    own, above = leaders_of_teams([team.pk])[team.pk]
    leader = User.objects.get(pk=own or 0)
    upper = User.objects.filter(pk=above or 0).first() or hr
    company = objectives.create_objective(actor=hr, cycle=cycle, content=COMPANY)
    objective_agreement.propose_objectives(actor=hr, cycle=cycle, seen=seen([company]))
    with recording(actor=leader):
        of_team = [
            objectives.create_objective(
                actor=leader, cycle=cycle, team_id=team.pk, content={**each, "parent": company.pk}
            )
            for each in TEAM_GOALS
        ]
        objective_agreement.propose_objectives(actor=leader, cycle=cycle, team_id=team.pk, seen=seen(of_team))
    with recording(actor=upper):
        objective_agreement.agree_objectives(actor=upper, cycle=cycle, team_id=team.pk, seen=seen(of_team))
    check_ins.check_in(actor=hr, objective_id=company.pk, confidence=2, values={1: 74})
    check_ins.check_in(actor=leader, objective_id=of_team[0].pk, confidence=3, comment="午间已加一个班次。")
    made: dict[int, list[Objective]] = {}
    people = (
        Participant.objects.filter(cycle=cycle).select_related("employee", "rater").order_by("employee_id")
    )
    # Who has left signs nothing any more; who moved agrees with the leader of the new team.
    staying = [each for each in people if each.rater is not None and each.employee.may_sign_in]
    for index, participant in enumerate(staying):
        is_agent = participant.employee.login == "agent"
        wordings = [
            {**each, "parent": (company if each["perspective"] == "customer" else of_team[0]).pk}
            for each in PEOPLE[0 if is_agent else index % 2]
        ]
        made[participant.employee_id] = agree_on(
            cycle=cycle,
            employee=participant.employee,
            superior=participant.rater or leader,
            wordings=wordings,
            # Two proposals are left for the sign-in `manager` to answer.
            agrees=index not in (2, 5) or is_agent,
        )
    phases.advance_phase(actor=hr, cycle=cycle, to_phase=Phase.COLLECTION, reason="其余两人本周内补齐")
    cycle.refresh_from_db()
    note_progress(made, rng)
    _propose_change(cycle)


def _cycle(hr: User, code: str, first: date) -> Cycle:
    found = Cycle.objects.filter(code=code).first()
    if found is None:
        found = cycles.create_cycle(
            actor=hr,
            code=code,
            first_day=first,
            last_day=month_end(first),
            name_zh=f"{first.year}年{first.month}月目标考核",
            name_en=f"Goals of {first:%B %Y}",
            template="goals",
            rating_due_on=due_after(month_end(first)),
        )
    if found.phase == Phase.SETUP:
        found = cycles.launch_cycle(actor=hr, cycle=found, to_phase=Phase.GOALS)
    return found


def _propose_change(cycle: Cycle) -> None:
    """The sign-in `agent` asks for a lower target, with a reason; what was agreed goes on counting."""
    agent = User.objects.get(login="agent")
    goal = Objective.objects.filter(cycle=cycle, employee=agent, state=Objective.State.AGREED).order_by("pk")[
        1
    ]
    wording = dict(PEOPLE[0][1])
    wording["parent"] = goal.parent_id
    wording["key_results"] = [{**wording["key_results"][0], "target": 9}, wording["key_results"][1]]
    with recording(actor=agent):
        changed = objectives.revise_objective(
            actor=agent,
            objective_id=goal.pk,
            seen=seen([goal])[goal.pk],
            content=wording,
            reason="晚班人手抽调支援两周，写作时间减少",
        )
        objective_agreement.propose_objectives(
            actor=agent, cycle=cycle, employee_id=agent.pk, seen=seen([changed])
        )
