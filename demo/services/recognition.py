"""The demonstration's recognition: what can be awarded, budgets, a few thanks, and the rules of the months before."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from incentives.models import Award, AwardKind
from incentives.services.award_kinds import adopt_shipped_kinds
from incentives.services.recognition import give_award, run_award_rules, set_budget
from people.models import User
from people.selectors.employees import employees_led_by

BUDGET = 200
THANKS = [
    ("thanks", "月底帮我顶了两个晚班，还把交接写得清清楚楚"),
    ("good-idea", "Put the refund steps on one page; nobody asks twice now"),
    ("thanks", "客户发火时接过电话，十分钟就把事情说开了"),
    ("thanks", "Explained the new billing screen to the whole team in the break"),
]
SPOT = "大促当天主动留下来，把积压的工单全部清完"


def recognise(*, hr: User, months: list[date]) -> None:
    """Colleagues of the sign-in `agent` thank one another, `manager` gives a spot award, rules award last month."""
    if Award.objects.exists():
        return
    adopt_shipped_kinds(actor=hr)
    kinds = {kind.code: kind for kind in AwardKind.objects.all()}
    managers = [User.objects.get(login=login) for login in ("manager", "manager2")]
    for manager in managers:
        set_budget(actor=hr, manager=manager, month=timezone.localdate(), points=BUDGET)
    agent = User.objects.get(login="agent")
    team = list(employees_led_by(managers[0]).exclude(pk=agent.pk).order_by("pk")[: len(THANKS) + 1])
    for (code, citation), giver, receiver in zip(THANKS, team, [agent, *team[2:]], strict=False):
        give_award(actor=giver, kind=kinds[code], receiver=receiver, citation=citation)
    give_award(actor=managers[0], kind=kinds["spot"], receiver=team[0], citation=SPOT)
    for month in months[:-1]:
        run_award_rules(actor=hr, month=month)
