"""Giving awards, taking them back, points and budgets."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from foundation.trail.services import recording
from incentives import topics
from incentives.models import Award, AwardKind, AwardWithdrawal, PointEntry, SpotBudget, WallChoice
from incentives.selectors import recognition as selectors
from incentives.selectors.award_rules import winners
from incentives.services.rights import checked_reason, require_hr
from metrics.selectors.kpi_values import month_span, period_of
from people.models import User
from people.selectors.employees import employees_led_by

SHORTEST_CITATION = 10
LONGEST_CITATION = 400
MOST_POINTS = 1_000_000
NEEDS_VALUES = ("best_of_kpi", "most_improved")


@transaction.atomic
def give_award(*, actor: User, kind: AwardKind, receiver: User, citation: str) -> Award:
    """A person recognises another, in words.

    A colleague's awards are limited per month, go to one person once a month, and may not come back within WINDOW_DAYS
    directly or round a third person. A manager's go to people led today (HR's to anyone) and are paid from the month's
    budget, which holds however many are given at once.
    Refusals: award_kind_closed, award_self, award_gone, award_citation_short, award_citation_long (422),
    award_not_yours (403), award_limit, award_same_person, award_circle, award_no_budget, award_over_budget (409).
    """
    today = timezone.localdate()
    if not kind.is_active or kind.giver == AwardKind.Giver.RULE:
        raise Refusal("award_kind_closed", field="kind", status=422)
    text = " ".join(citation.split())
    if len(text) < SHORTEST_CITATION:
        raise Refusal("award_citation_short", field="citation", status=422, limit=SHORTEST_CITATION)
    if len(text) > LONGEST_CITATION:
        raise Refusal("award_citation_long", field="citation", status=422, limit=LONGEST_CITATION)
    if receiver.pk == actor.pk:
        raise Refusal("award_self", field="receiver", status=422)
    # Both, in one order: two people who thank each other at once, or three in a round, come one after the other.
    people = {
        person.pk: person
        for person in User.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[actor.pk, receiver.pk])
        .order_by("pk")
    }
    if not people[receiver.pk].employee_number or not people[receiver.pk].may_sign_in:
        raise Refusal("award_gone", field="receiver", status=422)
    if kind.giver == AwardKind.Giver.COLLEAGUE:
        _check_colleague(actor, kind, receiver, today)
    else:
        _check_manager(actor, kind, receiver, today)
    award = Award.objects.create(
        kind=kind, receiver=receiver, giver=actor, citation=text, points=kind.points, day=today
    )
    _book(award, actor)
    notify(
        topic=topics.AWARDED,
        key=f"award:{award.pk}",
        recipients=[receiver.pk],
        params={"giver": actor.name, "kind": _named(kind)},
        url=reverse("incentives:recognition"),
    )
    return award


def _check_colleague(actor: User, kind: AwardKind, receiver: User, today: datetime.date) -> None:
    if not actor.has_role("employee"):
        raise Refusal("award_not_yours", status=403)
    given = selectors.given_in_month(actor, today, kind=kind)
    if given.count() >= kind.monthly_limit:
        raise Refusal("award_limit", status=409, limit=kind.monthly_limit)
    if given.filter(receiver=receiver).exists():
        raise Refusal("award_same_person", field="receiver", status=409)
    if selectors.comes_back(actor, receiver, today) is not None:
        raise Refusal("award_circle", field="receiver", status=409, days=selectors.WINDOW_DAYS)


def _check_manager(actor: User, kind: AwardKind, receiver: User, today: datetime.date) -> None:
    if not actor.is_hr and not (actor.is_manager and employees_led_by(actor).filter(pk=receiver.pk).exists()):
        raise Refusal("award_not_yours", field="receiver", status=403)
    budget = SpotBudget.objects.select_for_update().filter(manager=actor, month=today.replace(day=1)).first()
    if budget is None:
        raise Refusal("award_no_budget", status=409)
    left = budget.points - selectors.spent_of(actor, today)
    if kind.points > left:
        raise Refusal("award_over_budget", status=409, points=kind.points, left=left)


def _book(award: Award, actor: User | None) -> None:
    PointEntry.objects.create(
        employee_id=award.receiver_id,
        kind=PointEntry.Kind.AWARDED,
        award=award,
        points=award.points,
        created_by=actor,
    )


def _named(kind: AwardKind) -> dict[str, str]:
    return {"zh": kind.name_zh, "en": kind.name_en}


@transaction.atomic
def withdraw_award(*, actor: User, award: Award, reason: str) -> AwardWithdrawal:
    """HR takes an award off the wall and its points back, once, with a reason. A balance may thereby fall below zero;
    the next awards fill it up. Refusal: award_withdrawn (409)."""
    require_hr(actor)
    text = checked_reason(reason)
    locked = Award.objects.select_for_update(of=("self",), no_key=True).get(pk=award.pk)
    if AwardWithdrawal.objects.filter(award=locked).exists():
        raise Refusal("award_withdrawn", status=409)
    withdrawal = AwardWithdrawal.objects.create(award=locked, reason=text, withdrawn_by=actor)
    PointEntry.objects.create(
        employee_id=locked.receiver_id,
        kind=PointEntry.Kind.WITHDRAWN,
        award=locked,
        points=-locked.points,
        note=text[:200],
        created_by=actor,
    )
    return withdrawal


@transaction.atomic
def redeem_points(*, actor: User, employee: User, points: int, note: str) -> PointEntry:
    """HR hands something out for points: a day off, a gift. Refusals: points_wrong (422), points_short (409)."""
    require_hr(actor)
    text = checked_reason(note)
    if not 0 < points <= MOST_POINTS:
        raise Refusal("points_wrong", field="points", status=422, limit=MOST_POINTS)
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=employee.pk)
    balance = selectors.balance_of(employee)
    if points > balance:
        raise Refusal("points_short", field="points", status=409, balance=balance)
    return PointEntry.objects.create(
        employee=employee,
        kind=PointEntry.Kind.REDEEMED,
        points=-points,
        note=text[:200],
        created_by=actor,
    )


@transaction.atomic
def set_budget(*, actor: User, manager: User, month: datetime.date, points: int) -> SpotBudget:
    """Points that a manager may give in a month; never below what is spent already. Refusals: budget_wrong,
    budget_below_spent (422), budget_not_a_manager (422)."""
    require_hr(actor)
    if not 0 <= points <= MOST_POINTS:
        raise Refusal("budget_wrong", field="points", status=422, limit=MOST_POINTS)
    if not manager.has_role("manager", "hr"):
        raise Refusal("budget_not_a_manager", field="manager", status=422)
    first = month.replace(day=1)
    SpotBudget.objects.get_or_create(manager=manager, month=first, defaults={"points": 0})
    budget = SpotBudget.objects.select_for_update().get(manager=manager, month=first)
    spent = selectors.spent_of(manager, first)
    if points < spent:
        raise Refusal("budget_below_spent", field="points", status=422, spent=spent)
    budget.points = points
    with recording(actor=actor):
        budget.save(update_fields=["points"])
    return budget


@transaction.atomic
def run_award_rules(*, actor: User | None, month: datetime.date) -> int:
    """Gives what the active rules find in a month that is over; a second time gives nothing twice. Returns how many
    awards were new. `actor` None is the clock. Refusals: award_month_open, award_month_empty (409)."""
    if actor is not None:
        require_hr(actor)
    first, last = month_span(month)
    if last >= timezone.localdate():
        raise Refusal("award_month_open", field="month", status=409)
    kinds = list(AwardKind.objects.filter(giver=AwardKind.Giver.RULE, is_active=True).select_for_update())
    if any(kind.rule["kind"] in NEEDS_VALUES for kind in kinds) and period_of(first) is None:
        raise Refusal("award_month_empty", field="month", status=409)
    return sum(_give_by_rule(kind, first, last) for kind in kinds)


def _give_by_rule(kind: AwardKind, first: datetime.date, last: datetime.date) -> int:
    key = first.strftime("%Y-%m")
    # Who has it keeps it, and nobody is added when late data make another one the best: a correction is HR's to make.
    if kind.rule["kind"] in NEEDS_VALUES and Award.objects.filter(kind=kind, key=key).exists():
        return 0
    had = set(Award.objects.filter(kind=kind, key=key).values_list("receiver_id", flat=True))
    count = 0
    for winner in winners(kind.rule, first):
        if winner.employee_id in had:
            continue
        award = Award.objects.create(
            kind=kind,
            receiver_id=winner.employee_id,
            facts={**winner.facts, "month": first.isoformat()},
            points=kind.points,
            day=last,
            key=key,
        )
        _book(award, None)
        notify(
            topic=topics.AWARDED_BY_RULE,
            key=f"award:{award.pk}",
            recipients=[winner.employee_id],
            params={"kind": _named(kind)},
            url=reverse("incentives:recognition"),
        )
        count += 1
    return count


def choose_wall(*, actor: User, is_public: bool) -> WallChoice:
    choice, _created = WallChoice.objects.update_or_create(user=actor, defaults={"is_public": is_public})
    return choice
