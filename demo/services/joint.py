"""The demonstration's review of many voices: last month's is released; in this month's each kind of rater finds
something to do: oneself and colleagues to answer about, pairs to compare, objectives to note, a customer's link."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from django.db import transaction

from demo.people import SEED, Person, month_end, month_starts
from demo.services.cycles import due_after
from foundation.runs import services as runs
from foundation.trail.services import recording
from people.models import User
from reviews.models import Confidence, Cycle, Objective, Participant, ScoreSheet, VoiceInvitation, VoiceRound
from reviews.models.cycles import Phase
from reviews.selectors.launch import launch_problems
from reviews.selectors.pairs import Question
from reviews.services import cycles, judgements, phases, scoring
from reviews.services.check_ins import check_in
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objective_assessments import assess_objective
from reviews.services.objectives import create_objective
from reviews.services.pairs import answer_all
from reviews.services.voice_answers import answer_in_bulk
from reviews.services.voice_invitations import approve_all, nominate
from reviews.services.voice_rounds import close_round

TEMPLATE = "many-voices"
ITEMS = ("listening", "solving", "teamwork")
#: Who tries things out in the demonstration: their forms of this month wait for them.
VISITORS = ("manager", "manager2", "agent", "agent2")
CUSTOMERS = 6
SAID = {
    "strengths": [
        "客户再急，他也能一句一句讲清楚。",
        "交接记录写得细，接着办很省心。",
        "Shares what works, without being asked.",
        "新人有问题都愿意去问。",
        "投诉电话也能先把情绪稳下来。",
        "Explains the bill so that one call is enough.",
        "排班有空缺时总会主动补位。",
        "答应回电就一定会回。",
    ],
    "wishes": [
        "忙的时候可以早点求助。",
        "希望多分享排查思路。",
        "结束通话前可以再确认一遍需求。",
        "Could hand over open cases a little earlier.",
        "开场可以再简短一些。",
        "A short note after each call-back would help.",
    ],
}
#: Title, weight, key result, unit, start, target; the second one counts with the team.
GOALS = (
    ("把重复来电率降下来", 60, "整理高频问题的处理要点", "篇", 0, 6),
    ("带好一名新人", 40, "新人独立接线的天数", "天", 0, 10),
)
ENGLISH_GOALS = (
    ("Bring repeat calls down", 60, "Guides for frequent questions", "guides", 0, 6),
    ("Train one newcomer well", 40, "Days on which the newcomer takes calls alone", "days", 0, 10),
)


def run(*, hr: User, company: list[Person], today: date) -> None:
    _first, second, third = month_starts(today)
    cycle = _cycle(hr, second)
    if cycle.phase == Phase.GOALS:
        with transaction.atomic():  # a build that was interrupted goes on from a whole step
            _agree(hr, cycle, company)
            cycle = _to_rating(hr, cycle)
    if cycle.released_at is None:
        _settle(hr, cycle, company)
    cycle = _cycle(hr, third)
    if cycle.phase == Phase.GOALS:
        with transaction.atomic():
            _agree(hr, cycle, company)
            cycle = _to_rating(hr, cycle)
            rng = np.random.default_rng(SEED + cycle.first_day.toordinal())
            _speak(hr, cycle, company, rng, waiting=VISITORS)


def _cycle(hr: User, first_day: date) -> Cycle:
    code = f"voices-{first_day:%Y-%m}"
    found = Cycle.objects.filter(code=code).first()
    if found is None:
        found = cycles.create_cycle(
            actor=hr,
            code=code,
            first_day=first_day,
            last_day=month_end(first_day),
            name_zh=f"{first_day.year}年{first_day.month}月多方联合考核",
            name_en=f"Review of many voices {first_day:%B %Y}",
            template=TEMPLATE,
            rating_due_on=due_after(month_end(first_day)),
        )
    if found.phase == Phase.SETUP:
        errors = [problem.text for problem in launch_problems(found) if problem.severity == "error"]
        if errors:
            raise RuntimeError(f"{code} cannot be launched: {'; '.join(errors)}")
        found = cycles.launch_cycle(actor=hr, cycle=found, to_phase=Phase.GOALS)
    return found


def _participants(cycle: Cycle) -> list[Participant]:
    found = Participant.objects.filter(cycle=cycle).select_related("employee", "rater")
    return list(found.order_by("employee_id"))


def _agree(hr: User, cycle: Cycle, company: list[Person]) -> None:
    """The company's goal, and two objectives of each person under it, signed by both."""
    content = {
        "title": "服务解决率提高到 85%",
        "why": "客户不必为同一件事来电两次",
        "weight": 100,
        "key_results": [
            {"title": "服务解决率", "unit": "%", "start": 75, "target": 85, "kpi": "resolution_rate"}
        ],
    }
    goal = create_objective(actor=hr, cycle=cycle, content=content)
    propose_objectives(actor=hr, cycle=cycle, seen=_seen([goal]))
    for participant in _participants(cycle):
        person, leader = participant.employee, participant.rater
        if leader is None or not person.may_sign_in:
            continue  # who has left agrees to nothing any more
        words = ENGLISH_GOALS if person.locale == User.Language.ENGLISH else GOALS
        written = [
            create_objective(
                actor=person,
                cycle=cycle,
                employee_id=person.pk,
                content={
                    "title": title,
                    "why": "",
                    "weight": weight,
                    "parent": goal.pk,
                    "key_results": [{"title": result, "unit": unit, "start": start, "target": target}],
                },
            )
            for title, weight, result, unit, start, target in words
        ]
        propose_objectives(actor=person, cycle=cycle, employee_id=person.pk, seen=_seen(written))
        agree_objectives(actor=leader, cycle=cycle, employee_id=person.pk, seen=_seen(written))


def _seen(objectives: list[Objective]) -> dict[int, str]:
    found = Objective.objects.filter(pk__in=[each.pk for each in objectives])
    return dict(found.values_list("pk", "latest_version__digest"))


def _to_rating(hr: User, cycle: Cycle) -> Cycle:
    cycle.refresh_from_db()
    phases.advance_phase(actor=hr, cycle=cycle, to_phase=Phase.RATING, reason="已离职的员工不再签目标")
    cycle.refresh_from_db()
    return cycle


def _settle(hr: User, cycle: Cycle, company: list[Person]) -> None:
    """Everybody has spoken: closed, computed, released."""
    rng = np.random.default_rng(SEED + cycle.first_day.toordinal())
    if cycle.phase == Phase.RATING:
        if VoiceRound.objects.get(cycle=cycle, component="voices").is_open:
            with transaction.atomic():
                _speak(hr, cycle, company, rng)
                _lead(cycle, company, rng)
                close_round(actor=hr, cycle=cycle, component="voices")
        scoring.start_scoring(actor=hr, cycle=cycle)
        runs.drain_outbox()
        cycle.refresh_from_db()
        phases.advance_phase(actor=hr, cycle=cycle, to_phase=Phase.CALIBRATION)
        cycle.refresh_from_db()
    phases.release_cycle(actor=hr, cycle=cycle)
    runs.drain_outbox()


def _speak(
    hr: User,
    cycle: Cycle,
    company: list[Person],
    rng: np.random.Generator,
    waiting: tuple[str, ...] = (),
) -> None:
    """360: raters approved, customers of two agents asked by link, answers; and what people note of their objectives.

    waiting   who leaves the own forms for the visitors of the demonstration, and only some of the others answer
    """
    voices = VoiceRound.objects.select_related("cycle").get(cycle=cycle, component="voices")
    for participant in _participants(cycle):
        if participant.employee.login not in ("agent", "agent2") or participant.rater is None:
            continue
        for number in range(1, CUSTOMERS + 1):
            nominate(
                actor=participant.rater,
                voices=voices,
                participant=participant,
                group="customers",
                contact_name=f"客户{number}"
                if participant.employee.login == "agent"
                else f"Customer {number}",
                contact_email=f"customer{number}.{participant.employee.login}@example.com",
                language=participant.employee.locale,
            )
    approve_all(actor=hr, voices=voices)
    persons = {person.number: person for person in company}
    answers = []
    invitations = VoiceInvitation.objects.filter(round=voices, state=VoiceInvitation.State.APPROVED)
    for each in invitations.select_related("participant__employee", "rater").order_by("pk"):
        if waiting and (each.rater is None or each.rater.login in waiting or rng.random() < 0.4):
            continue
        ratee = persons[each.participant.employee.employee_number or ""]
        answers.append((each.pk, _levels(ratee, rng, own=each.group == "self"), _texts(rng)))
    answer_in_bulk(actor=hr, answers=answers)
    for objective in Objective.objects.filter(cycle=cycle, employee__isnull=False).select_related("employee"):
        person = objective.employee
        if person is None or person.login in waiting:
            continue
        like = persons[person.employee_number or ""]
        reached = float(np.clip(np.round(5 + 1.5 * like.ability + rng.normal(0, 1)), 0, 10))
        check_in(
            actor=person,
            objective_id=objective.pk,
            values={1: reached},
            confidence=(Confidence.ON_TRACK if reached >= 5 else Confidence.AT_RISK).value,
            comment="" if reached >= 5 else "进度落后，下周补上",
        )


def _levels(ratee: Person, rng: np.random.Generator, *, own: bool) -> dict[str, int]:
    """Oneself is a little kinder than the others."""
    traits = (ratee.warmth, ratee.ability, ratee.growth * 3)
    kind = 0.5 if own else 0.0
    return {
        item: int(np.clip(np.round(3.3 + kind + 0.7 * trait + rng.normal(0, 0.6)), 1, 5))
        for item, trait in zip(ITEMS, traits, strict=True)
    }


def _texts(rng: np.random.Generator) -> dict[str, str]:
    return {code: str(rng.choice(texts)) for code, texts in SAID.items() if rng.random() < 0.35}


def _lead(cycle: Cycle, company: list[Person], rng: np.random.Generator) -> None:
    """What the leaders say: forms, pairs, and a word about each objective after the person's own."""
    persons = {person.number: person for person in company}
    worth: dict[int, float] = {}
    raters: dict[int, User] = {}
    forms: dict[int, list[int]] = {}
    sheets = ScoreSheet.objects.filter(participant__cycle=cycle, state=ScoreSheet.State.DRAFT)
    for sheet in sheets.select_related("participant__employee", "rater").order_by("pk"):
        raters[sheet.rater_id] = sheet.rater
        person = persons[sheet.participant.employee.employee_number or ""]
        worth[sheet.participant.employee_id] = person.ability + 0.6 * person.warmth
        if sheet.component != "abilities":
            continue
        forms.setdefault(sheet.rater_id, []).append(sheet.pk)
        for item, trait in (("solving", person.ability), ("teamwork", person.growth * 3)):
            level = int(np.clip(np.round(3.2 + 0.75 * trait + rng.normal(0, 0.5)), 1, 5))
            judgements.save_judgement(
                actor=sheet.rater, sheet_id=sheet.pk, item=item, version=0, level=level, comment=""
            )

    def prefer(question: Question) -> int | None:
        gap = worth[question.left] - worth[question.right] + float(rng.normal(0, 0.4))
        return None if abs(gap) < 0.15 else question.left if gap > 0 else question.right

    for pk, rater in raters.items():
        with recording(actor=rater):
            judgements.submit_sheets(actor=rater, sheet_ids=forms.get(pk, []))
            answer_all(actor=rater, cycle=cycle, component="pairs", prefer=prefer)
    _assess(cycle)


def _assess(cycle: Cycle) -> None:
    leaders: dict[int, Any] = {each.employee_id: each.rater for each in _participants(cycle)}
    for objective in Objective.objects.filter(cycle=cycle, employee__isnull=False).select_related("employee"):
        leader = leaders.get(objective.employee_id or 0)
        if objective.employee is None or leader is None:
            continue
        english = objective.employee.locale == User.Language.ENGLISH
        own = "I could have asked for help earlier." if english else "基本完成，下月继续。"
        answer = "Good work; keep the guides short." if english else "完成得扎实，继续保持。"
        assess_objective(actor=objective.employee, objective_id=objective.pk, comment=own, version=0)
        assess_objective(actor=leader, objective_id=objective.pk, comment=answer, version=0)
