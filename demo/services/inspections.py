"""The demonstration's quality inspection: two teams' calls of this month drawn, most of them scored, some twice."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from demo.people import SEED, Person
from foundation.runs import services as runs
from metrics.models import Inspection, InspectionForm, InspectionSample, Source
from metrics.services.inspection_content import answers_of
from metrics.services.inspection_disputes import decide_dispute, raise_dispute
from metrics.services.inspection_samples import SampleRequest, draw_sample
from metrics.services.inspections import save_answer, submit_inspection
from metrics.services.inspectors import assign_inspector
from people.models import User

ROLES = [("inspector", "inspector"), ("inspector2", "inspector"), ("inspector3", "inspector")]
TEAMS = ["sh-billing", "sh-tech"]
LEFT_TO_SCORE = 5
WHY_LOW = ["客户说完前打断了两次", "没有复述需求，答非所问", "Did not say what happens next"]


def inspect_calls(*, hr: User, company: list[Person], first_day: date, today: date) -> None:
    """Drawn from what has happened so far; the sign-in `inspector` has a few left to score."""
    if InspectionSample.objects.exists():
        return
    assign_inspector(actor=hr, user=User.objects.get(login="inspector3"), is_reviewer=True)
    sample = draw_sample(
        actor=hr,
        request=SampleRequest(
            form=InspectionForm.objects.get(code="service-call"),
            source=Source.objects.get(code="telephone"),
            first_day=first_day,
            last_day=max(first_day, today - timedelta(days=1)),
            per_agent=1,
            needs_measure="answered",
            double_percent=45,
            team_codes=TEAMS,
            due_on=today + timedelta(days=5),
        ),
        seed=SEED,
    )
    persons = {person.number: person for person in company}
    doubled = set(sample.inspections.filter(position=2).values_list("external_id", flat=True))
    left = 0
    for inspection in sample.inspections.select_related("inspector", "employee", "form_version").order_by(
        "pk"
    ):
        kept = inspection.inspector.login == "inspector" and inspection.employee.login not in (
            "agent",
            "agent2",
        )
        if kept and inspection.external_id not in doubled and left < LEFT_TO_SCORE:
            left += 1
            continue
        _score(inspection, persons[inspection.employee.employee_number or ""])
    runs.drain_outbox()
    _disputes(hr, sample)
    runs.drain_outbox()


def _score(inspection: Inspection, person: Person) -> None:
    """Both inspectors of a call hear nearly the same: what the person is like, the call, and a little of themselves."""
    heard = np.random.default_rng([SEED, *inspection.external_id.encode()])
    own = np.random.default_rng([SEED, inspection.inspector_id, *inspection.external_id.encode()])
    mood = 0.55 * person.warmth + 0.45 * person.ability + float(heard.normal(0, 0.8))

    def save(item: str, answer: str, why: str) -> None:
        save_answer(
            actor=inspection.inspector,
            inspection_id=inspection.pk,
            item=item,
            version=0,
            answer=answer,
            **({"comment": why} if why else {}),
        )

    for item in inspection.form_version.items:
        offered = [answer for answer in answers_of(item) if answer != "na"]
        level = 0.72 + 0.2 * mood + float(heard.normal(0, 0.22)) + float(own.normal(0, 0.04))
        place = round((1 - min(1.0, max(0.0, level))) * (len(offered) - 1))
        save(item["code"], offered[place], str(heard.choice(WHY_LOW)) if place == len(offered) - 1 else "")
    if mood < -1.6:
        save("verification", "yes", "未核对身份证后四位即告知余额")
    submit_inspection(actor=inspection.inspector, inspection_id=inspection.pk)


def _disputes(hr: User, sample: InspectionSample) -> None:
    """One waits for a decision, one was decided."""
    scored = sample.inspections.filter(position=1, state=Inspection.State.SUBMITTED).select_related(
        "employee"
    )
    own = scored.filter(employee__login="agent").first()
    if own is not None:
        raise_dispute(
            actor=own.employee,
            inspection_id=own.pk,
            reason="客户当时要求稍后回拨，我在 14 分钟后回拨并已解决，请复听第二段录音。",
            items=["answer"],
        )
    other = scored.exclude(employee__login="agent").filter(scores__answers__greeting__answer="no").first()
    if other is not None:
        raise_dispute(
            actor=other.employee,
            inspection_id=other.pk,
            reason="录音前两秒被截断，问候在其中。",
            items=["greeting"],
        )
        decide_dispute(
            actor=hr,
            inspection_id=other.pk,
            decision="accepted",
            reason="原始录音中有问候，改为“是”。",
            answers={"greeting": {"answer": "yes"}},
        )
