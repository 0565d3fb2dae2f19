"""What an accepted appeal changes in pay: an adjusting run of the one concerned, approved by a second person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from foundation.refusals import Refusal
from foundation.runs.models import Run
from foundation.runs.services import drain_outbox
from incentives.models import LedgerEntry, PayoutRun
from incentives.services import payout_runs
from incentives.services.differences import foresee_pay, pay_differences
from incentives.services.payout_work import people_of
from incentives.tasks import pay_differences as told
from people.models import User
from reviews.models import Appeal, Correction, Cycle, ReleaseHold, Result
from tests.cast import Cast
from tests.factories import CompensationFactory
from tests.incentives.world import amounts, approved, computed, crowd, plan_of, released_cycle, worked

pytestmark = pytest.mark.django_db

POOL: dict[str, Any] = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {"kind": "curve", "threshold": "0", "accelerator": "1", "cap": "3"},
        {"kind": "pool", "per": "run", "funding": "fixed", "amount": "10000", "reserve": "0.2"},
        {"kind": "rounding"},
    ],
}


def accept(cast: Cast, cycle: Cycle, person: User, score: float) -> None:
    """An accepted appeal of the person and the run of corrections that holds it, written straight into the tables."""
    before = Result.objects.get(run=cycle.published_run, employee=person)
    appeal = Appeal.objects.create(
        cycle=cycle,
        participant=cycle.participants.get(employee=person),
        employee=person,
        run=cycle.published_run,
        component="overall",
        current_score=before.score,
        proposed_score=score,
        reason="The outage",
        answer_due_on=cycle.last_day,
        decider=cast.other_manager,
        assigned_by=cast.hr,
        state="accepted",
        decided_score=score,
        answer="So it was",
        closed_at=cycle.released_at,
    )
    correction = Correction.objects.create(
        cycle=cycle, employee=person, appeal=appeal, component="overall", before=before.score, score=score,
        created_by=cast.other_manager,
    )  # fmt: skip
    run = Run.objects.create(
        kind="correction",
        scope=f"cycle:{cycle.pk}",
        state=Run.State.DONE,
        parameters={"cycle": cycle.pk, "base": str(cycle.published_run_id), "until": correction.pk},
    )
    for result in Result.objects.filter(run=cycle.published_run):
        result.pk, result.run = None, run
        result.score = score if result.employee_id == person.pk else result.score
        result.save()
    Cycle.objects.filter(pk=cycle.pk).update(published_run=run)
    cycle.refresh_from_db()


@pytest.fixture
def people(cast: Cast) -> dict[User, float | None]:
    return {cast.agent: 90.0, **crowd(cast, 3)}


@pytest.fixture
def cycle(cast: Cast, people: dict[User, float | None]) -> Cycle:
    found = released_cycle(cast, people)
    found.released_by = cast.hr
    found.save()
    return found


def test_one_line_changes_and_only_its_entries_are_booked(cast: Cast, cycle: Cycle) -> None:
    plan = plan_of(cast)
    paid = approved(cast, computed(cast, plan, cycle))
    before = amounts(paid)
    accept(cast, cycle, cast.agent, 100.0)
    # Somebody else's salary came in late: that is no business of the appeal.
    other = next(pk for pk in before if pk != cast.agent.pk)
    CompensationFactory._meta.model.objects.filter(user_id=other).update(salary=Decimal("99999.00"))
    [run] = pay_differences(cycle=cycle)
    assert (run.kind, run.created_by) == ("adjusting", cast.hr)
    worked(run)
    after = amounts(run)
    assert after.keys() == before.keys()
    assert {pk for pk in before if before[pk] != after[pk]} == {cast.agent.pk}
    assert run.total == after[cast.agent.pk] - before[cast.agent.pk] > 0
    with pytest.raises(Refusal) as refused:
        payout_runs.approve_payout(actor=cast.hr, payout_run=run, seen_digest=run.content_digest)
    assert refused.value.code == "payout_own"
    approved(cast, run)
    entries = LedgerEntry.objects.filter(payout_run=run).order_by("pk")
    assert [(entry.employee_id, entry.kind, entry.amount) for entry in entries] == [
        (cast.agent.pk, "reversal", -before[cast.agent.pk]),
        (cast.agent.pk, "adjustment", after[cast.agent.pk]),
    ]


def waiting_appeal(cast: Cast, cycle: Cycle, decider: User) -> Appeal:
    return Appeal.objects.create(
        cycle=cycle, participant=cycle.participants.get(employee=cast.agent), employee=cast.agent,
        run=cycle.published_run, component="overall", current_score=90.0, proposed_score=100.0, reason="The outage",
        answer_due_on=cycle.last_day, decider=decider, assigned_by=cast.hr, state="under_review",
    )  # fmt: skip


@pytest.mark.parametrize("pooled", [False, True])
def test_the_decider_sees_what_pay_would_become(cast: Cast, cycle: Cycle, pooled: bool) -> None:
    """Amounts for HR; a manager decides without seeing money that is not a manager's to see."""
    cycle.configuration = {
        "components": [{"code": "kpis", "method": "kpi", "weight": 100, "kpis": []}],
        "rating_bands": [{"code": "B", "from": 0, "name": {"en": "Good"}}],
        "missing_component": "renormalise",
    }
    cycle.save()
    paid = approved(cast, computed(cast, plan_of(cast, POOL if pooled else None), cycle))
    before = amounts(paid)[cast.agent.pk]
    appeal = waiting_appeal(cast, cycle, cast.hr)
    [row] = foresee_pay(actor=cast.hr, appeal_id=appeal.pk)
    assert (row.before, row.moves, row.is_pooled) == (before, True, pooled)
    client = Client()
    client.force_login(cast.hr)
    address = reverse("incentives:foresight_fragment", args=[appeal.pk])
    page = client.get(address, {"score": "100"}).content.decode()
    Appeal.objects.filter(pk=appeal.pk).update(decider=cast.other_manager)
    [blind] = foresee_pay(actor=cast.other_manager, appeal_id=appeal.pk)
    assert (blind.before, blind.after) == (None, None)
    client.force_login(cast.other_manager)
    theirs = client.get(address).content.decode()
    if pooled:
        assert "the reserve of the pool" in page
        return
    assert f"{row.after:,.2f}" in page
    assert f"{row.after:,.2f}" not in theirs
    assert "pay would change by" in theirs
    assert client.get(address, {"score": "ninety"}).status_code == 404
    accept(cast, cycle, cast.agent, 100.0)
    [run] = pay_differences(cycle=cycle)
    assert amounts(worked(run))[cast.agent.pk] == row.after, "what was foreseen is what comes"


def test_news_that_comes_twice_makes_one_run(cast: Cast, cycle: Cycle) -> None:
    approved(cast, computed(cast, plan_of(cast), cycle))
    told(cycle.pk)
    assert PayoutRun.objects.count() == 1, "nothing was corrected"
    accept(cast, cycle, cast.agent, 100.0)
    for _delivery in range(3):
        told(cycle.pk)
    assert PayoutRun.objects.filter(kind="adjusting").count() == 1
    run = worked(PayoutRun.objects.get(kind="adjusting"))
    told(cycle.pk)
    approved(cast, run)
    drain_outbox()
    told(cycle.pk)
    assert PayoutRun.objects.filter(kind="adjusting").count() == 1


def test_a_second_appeal_before_the_approval_makes_a_new_run(cast: Cast, cycle: Cycle) -> None:
    approved(cast, computed(cast, plan_of(cast), cycle))
    accept(cast, cycle, cast.agent, 100.0)
    [first] = pay_differences(cycle=cycle)
    worked(first)
    other = Result.objects.filter(run=cycle.published_run).exclude(employee=cast.agent)[0].employee
    accept(cast, cycle, other, 110.0)
    [second] = pay_differences(cycle=cycle)
    worked(second)
    first.refresh_from_db()
    assert first.state == "rejected"
    assert people_of(second) == sorted([cast.agent.pk, other.pk])
    approved(cast, second)
    assert {entry.employee_id for entry in LedgerEntry.objects.filter(payout_run=second)} == {
        cast.agent.pk,
        other.pk,
    }


def test_a_payout_on_old_results_is_not_approved(cast: Cast, cycle: Cycle) -> None:
    run = computed(cast, plan_of(cast), cycle)
    accept(cast, cycle, cast.agent, 100.0)
    with pytest.raises(Refusal) as refused:
        approved(cast, run)
    assert refused.value.code == "payout_results_corrected"
    again = worked(payout_runs.recompute_payout(actor=cast.hr, payout_run=run))
    approved(cast, again)
    assert pay_differences(cycle=cycle) == []


def test_the_reserve_pays_where_the_plan_has_a_pool(cast: Cast, cycle: Cycle) -> None:
    paid = approved(cast, computed(cast, plan_of(cast, POOL), cycle))
    before, pool = amounts(paid), paid.pools.get()
    assert (pool.distributed, pool.left) == (Decimal("8000.00"), Decimal("2000.00"))
    accept(cast, cycle, cast.agent, 110.0)
    [run] = pay_differences(cycle=cycle)
    worked(run)
    after = amounts(run)
    assert {pk for pk in before if before[pk] != after[pk]} == {cast.agent.pk}
    gain = after[cast.agent.pk] - before[cast.agent.pk]
    assert gain > 0
    drawn = run.pools.get()
    assert (drawn.gross, drawn.distributed) == (Decimal("10000.00"), Decimal("8000.00") + gain)
    assert drawn.left == Decimal("2000.00") - gain
    approved(cast, run)
    assert LedgerEntry.objects.filter(payout_run=run).count() == 2


def test_who_waits_for_feedback_is_not_paid_and_then_is(cast: Cast, cycle: Cycle) -> None:
    hold = ReleaseHold.objects.create(
        participant=cycle.participants.get(employee=cast.agent), cycle=cycle, employee=cast.agent, missing=1,
        held_at=cycle.released_at,
    )  # fmt: skip
    run = computed(cast, plan_of(cast), cycle)
    line = run.payout_lines.get(employee=cast.agent)
    assert (line.status, line.reason_code, line.amount) == ("missing_input", "result_not_open", 0)
    payout_runs.decide_line(
        actor=cast.hr, payout_run=run, employee=cast.agent, decision="withhold", reason="Not open yet"
    )
    run.refresh_from_db()
    approved(cast, run)
    assert pay_differences(cycle=cycle) == []
    hold.released_at, hold.released_by = cycle.released_at, cast.hr
    hold.save()
    [later] = pay_differences(cycle=cycle)
    worked(later)
    assert later.payout_lines.get(employee=cast.agent).amount > 0
    assert not later.decisions.exists(), "what was withheld for waiting is not withheld any more"
    approved(cast, later)
    assert [entry.kind for entry in LedgerEntry.objects.filter(employee=cast.agent)] == ["earned"]
    assert pay_differences(cycle=cycle) == []


def test_who_sees_the_difference(cast: Cast, cycle: Cycle) -> None:
    approved(cast, computed(cast, plan_of(cast), cycle))
    accept(cast, cycle, cast.agent, 100.0)
    [run] = pay_differences(cycle=cycle)
    worked(run)
    address = reverse("incentives:difference_fragment", args=[cycle.code, cast.agent.pk])

    def seen(user: User) -> tuple[int, str]:
        client = Client()
        client.force_login(user)
        answer = client.get(address)
        return answer.status_code, answer.content.decode()

    assert "second person" in seen(cast.hr)[1]
    status, page = seen(cast.agent)
    assert (status, "being computed and checked" in page, "¥" in page) == (200, True, False)
    assert seen(cast.peer)[0] == 404
    assert seen(cast.manager)[0] == 404
    approved(cast, run)
    assert "Approved and booked" in seen(cast.agent)[1]
