"""Before anybody is judged: terms are read, talks are noted, a wrong target is found, somebody stands in."""

from __future__ import annotations

from datetime import date, timedelta

from foundation.trail.services import recording
from people.models import User
from people.selectors.employees import employees_led_by
from reviews.models import Amendment, CoachingNote, Cycle, Delegation, Participant, TermsReceipt
from reviews.selectors.amendments import amendable_lines
from reviews.selectors.terms import asks_for_receipt, digest_of, terms_of
from reviews.services.amendments import propose_amendment
from reviews.services.coaching import note_coaching
from reviews.services.delegations import delegate_scoring
from reviews.services.terms import confirm_terms

TALKS = [
    ("一起听了两通录音：结束前先确认客户问题是否解决，下周再听一次", "coaching"),
    ("旁听半天：转接前能先说明原因，语速偏快", "observation"),
    ("月度面谈：希望多接英文线，先安排两周跟班", "interview"),
]
#: Every third person has yet to read; the sign-in `agent` is among them, so that the page can be tried.
LEFT_OUT = 3


def prepare(*, first_day: date, today: date) -> None:
    """Of the cycle that waits for scores."""
    cycle = Cycle.objects.get(code=f"{first_day:%Y-%m}")
    _read_terms(cycle)
    _talk(today)
    _find_wrong_target(cycle)
    _stand_in(today)


def _read_terms(cycle: Cycle) -> None:
    if not asks_for_receipt(cycle) or TermsReceipt.objects.filter(cycle=cycle).exists():
        return
    parts = Participant.objects.filter(cycle=cycle).select_related(
        "cycle", "employee", "job", "team", "rater"
    )
    for place, part in enumerate(parts.order_by("pk")):
        if place % LEFT_OUT == 0 or part.employee.login == "agent" or not part.employee.may_sign_in:
            continue
        confirm_terms(actor=part.employee, code=cycle.code, digest=digest_of(terms_of(part)))


def _talk(today: date) -> None:
    if CoachingNote.objects.exists():
        return
    manager = User.objects.get(login="manager")
    agent = User.objects.get(login="agent")
    team = [agent, *employees_led_by(manager, today).exclude(pk=agent.pk).order_by("pk")[:2]]
    led = set(employees_led_by(manager, today).values_list("pk", flat=True))
    for place, person in enumerate(each for each in team if each.pk in led):
        text, kind = TALKS[place % len(TALKS)]
        day = max(today - timedelta(days=2 + place), today.replace(day=1))
        note_coaching(actor=manager, employee_id=person.pk, text=text, kind=kind, happened_on=day)


def _find_wrong_target(cycle: Cycle) -> None:
    """Proposed by the second person of HR, so that the first one can decide."""
    if Amendment.objects.filter(cycle=cycle).exists():
        return
    plain = [
        (component, item)
        for component, item in amendable_lines(cycle)
        if item["target"] is not None and not item.get("targets")
    ]
    if not plain:
        return
    component, item = plain[0]
    hr = User.objects.get(login="hr2")
    with recording(actor=hr):
        propose_amendment(
            actor=hr,
            cycle=cycle,
            kind="target",
            details={
                "component": component["code"],
                "kpi": item["kpi"],
                "target": round(item["target"] * 0.95, 2),
            },
            reason="目标按旧口径录入，新口径已于上月公布",
        )


def _stand_in(today: date) -> None:
    if Delegation.objects.exists():
        return
    manager = User.objects.get(login="manager")
    away = (
        User.objects.filter(leaderships__valid__contains=today, is_active=True)
        .exclude(pk=manager.pk)
        .filter(sheets__state="draft")
        .distinct()
        .order_by("pk")
        .first()
    )
    if away is None:
        return
    delegate_scoring(
        actor=away, delegate=manager, first_day=today, last_day=today + timedelta(days=6), reason="年假"
    )
