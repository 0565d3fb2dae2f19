"""Random sequences of all that people and workers can do to a payout, against a ledger kept in a dictionary.

Never paid twice; the ledger balances; every approved line is paid or visibly not paid. Worker messages are lost,
doubled and cut off at any shard; approvals come from the maker, with stale digests, and twice. LAUREL_SEQUENCES raises
the number of sequences.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from foundation.refusals import Refusal
from foundation.runs import services as runs
from incentives.models import LedgerEntry, PayoutDecision, PayoutLine, PayoutRun, PayoutStep
from incentives.selectors.payout_runs import undecided_lines
from incentives.services import lines, payout_runs
from incentives.steps import engine, registry
from tests.cast import Cast, build_cast
from tests.incentives.world import CONFIGURATION, plan_of, released_cycle, republish

SEQUENCES = int(os.environ.get("LAUREL_SEQUENCES", "30"))
State = PayoutRun.State
scores = st.sampled_from([40.0, 69.999999, 70.0, 85.5, 100.0, 106.0, 133.333333, 200.0])


#: Between them every kind of step. What looks at a KPI finds it in everybody's lines.
PLANS: dict[str, dict[str, Any]] = {
    "curve": CONFIGURATION,
    "every kind for oneself": {
        "steps": [
            {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
            {"kind": "fixed", "value": "100"},
            {"kind": "rate", "input": "value:sales", "rate": "0.35"},
            {"kind": "tiers", "input": "score", "mode": "marginal", "tiers": [["0", "1"], ["90", "3.33"]]},
            {"kind": "curve", "threshold": "70", "accelerator": "2", "cap": "2.0"},
            {
                "kind": "gate",
                "input": "kpi:sales",
                "condition": "at_least",
                "limit": "80",
                "otherwise": "0.5",
            },
            {"kind": "occurrences", "input": "value:complaints", "rows": [["1", "0.5"], ["3", "0"]]},
            {"kind": "deduction", "input": "value:complaints", "rate": "7.77"},
            {"kind": "proration"},
            {"kind": "limits", "floor": "50", "cap": "1500"},
            {"kind": "rounding"},
        ]
    },
    "pool": {
        "steps": [
            {"kind": "claim", "by": "points", "input": "score"},
            {"kind": "gate", "input": "score", "condition": "at_least", "limit": "60", "otherwise": "0"},
            {"kind": "pool", "funding": "fixed", "amount": "1000", "reserve": "0.1", "cap": "400"},
            {"kind": "rounding"},
        ]
    },
}


class Crash(Exception):
    pass


class Payouts(RuleBasedStateMachine):
    cast: Cast
    #: Approvals by kind over all sequences: a test that never books anything would prove nothing.
    booked: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.cast = build_cast()
        people = {
            self.cast.agent: 106.0,
            self.cast.peer: 85.0,
            self.cast.outsider: 60.0,
            self.cast.leaver: 100.0,
        }
        self.cycle = released_cycle(
            self.cast,
            people,
            days={self.cast.leaver: 15},
            lines={
                person: {"sales": (100.0 + place, 0.7 + 0.1 * place), "complaints": (float(place), 1.0)}
                for place, person in enumerate(people)
            },
        )
        self.seen: dict[int, str] = {}
        # What each person is owed by the books, and by which run last.
        self.owed: dict[int, Decimal] = defaultdict(Decimal)
        self.approvals = 0

    @initialize(name=st.sampled_from(sorted(PLANS)))
    def write(self, name: str) -> None:
        self.plan = plan_of(self.cast, PLANS[name])
        self.create()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def latest(self, *states: str) -> PayoutRun | None:
        return PayoutRun.objects.filter(state__in=states).order_by("-pk").first()

    def attempt(self, call: Any, **arguments: Any) -> Any:
        """A refusal is an answer; anything else is a failure of the test."""
        try:
            with transaction.atomic():
                return call(**arguments)
        except Refusal:
            return None

    # What people do ---------------------------------------------------------------------------------------------------

    @rule()
    def create(self) -> None:
        had = PayoutRun.objects.filter(state__in=[*PayoutRun.OPEN, State.APPROVED]).exists()
        made = self.attempt(
            payout_runs.create_payout_run, actor=self.cast.hr, plan=self.plan, cycle=self.cycle
        )
        assert (made is None) == had

    @rule()
    def correct(self) -> None:
        possible = bool(self.approvals) and self.latest(*PayoutRun.OPEN) is None
        made = self.attempt(
            payout_runs.correct_payout, actor=self.cast.hr, plan=self.plan, cycle=self.cycle, reason="Appeal"
        )
        assert (made is not None) == possible

    @rule(score=scores, who=st.sampled_from(["agent", "peer", "outsider", "leaver"]))
    def results_change(self, score: float, who: str) -> None:
        republish(self.cycle, {getattr(self.cast, who).pk: score})

    @rule()
    def look(self) -> None:
        payout_run = self.latest(State.COMPUTED)
        if payout_run is not None:
            self.seen[payout_run.pk] = payout_run.content_digest

    @rule(
        decision=st.sampled_from(["pay", "withhold"]),
        who=st.sampled_from(["agent", "leaver", "remote", "outsider"]),
    )
    def decide(self, decision: str, who: str) -> None:
        payout_run = self.latest(State.COMPUTED)
        if payout_run is not None:
            self.attempt(
                payout_runs.decide_line,
                actor=self.cast.hr,
                payout_run=payout_run,
                employee=getattr(self.cast, who),
                decision=decision,
                reason="Because",
            )

    @rule(who=st.sampled_from(["hr", "payroll", "payroll", "payroll", "agent"]))
    def approve(self, who: str) -> None:
        payout_run = self.latest(*State.values)
        if payout_run is None:
            return
        seen = self.seen.get(payout_run.pk, "")
        undecided = lines.open_decisions(payout_run)
        expected = (
            payout_run.state == State.COMPUTED
            and who == "payroll"
            and not undecided
            and seen == payout_run.content_digest != ""
            and payout_run.result_run_id == self.cycle.published_run_id
        )
        done = self.attempt(
            payout_runs.approve_payout, actor=getattr(self.cast, who), payout_run=payout_run, seen_digest=seen
        )
        assert (done is not None) == expected
        if done is not None:
            self.approvals += 1
            self.booked[done.kind] += 1
            self.book(done)

    def book(self, payout_run: PayoutRun) -> None:
        decisions = dict(
            PayoutDecision.objects.filter(payout_run=payout_run).values_list("employee_id", "decision")
        )
        for line in payout_run.payout_lines.all():
            decision = decisions.get(line.employee_id)
            assert line.standing == self.owed[line.employee_id]
            if line.status == PayoutLine.Status.PAYABLE and decision != "withhold":
                self.owed[line.employee_id] = line.amount
            if line.status == PayoutLine.Status.UNDECIDED and decision == "pay":
                self.owed[line.employee_id] = line.amount

    @precondition(lambda self: self.latest(State.COMPUTED) is not None)
    @rule(decision=st.sampled_from(["pay", "withhold"]))
    def decide_all_and_approve(self, decision: str) -> None:
        """The ordinary way, which random steps alone would hardly ever find."""
        payout_run = self.latest(State.COMPUTED)
        assert payout_run is not None
        for line in undecided_lines(payout_run):
            wanted = decision if line.status == PayoutLine.Status.UNDECIDED else "withhold"
            payout_runs.decide_line(
                actor=self.cast.hr,
                payout_run=payout_run,
                employee=line.employee_id,
                decision=wanted,
                reason="Because",
            )
        self.look()
        self.approve("payroll")

    @precondition(lambda self: self.approvals > 0 and self.latest(*PayoutRun.OPEN) is None)
    @rule(score=scores, who=st.sampled_from(["agent", "peer", "outsider", "leaver"]))
    def appeal_is_accepted(self, score: float, who: str) -> None:
        self.results_change(score, who)
        self.correct()
        self.deliver(1)
        self.decide_all_and_approve("pay")

    @rule()
    def reject(self) -> None:
        payout_run = self.latest(State.COMPUTED)
        if payout_run is not None:
            assert self.attempt(
                payout_runs.reject_payout, actor=self.cast.payroll, payout_run=payout_run, reason="No"
            )

    @rule()
    def recompute(self) -> None:
        payout_run = self.latest(*State.values)
        if payout_run is not None:
            self.attempt(payout_runs.recompute_payout, actor=self.cast.hr, payout_run=payout_run)

    # What workers do --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.latest(State.COMPUTING) is not None)
    @rule(deliveries=st.integers(1, 3))
    def deliver(self, deliveries: int) -> None:
        payout_run = self.latest(State.COMPUTING)
        assert payout_run is not None
        for _ in range(deliveries):
            runs.execute(payout_run.run_id)
        payout_run.refresh_from_db()
        assert payout_run.state == State.COMPUTED

    @rule()
    def deliver_an_old_message(self) -> None:
        first = PayoutRun.objects.order_by("pk").first()
        if first is not None and first.state not in PayoutRun.OPEN:
            runs.execute(first.run_id)

    @precondition(lambda self: self.latest(State.COMPUTING) is not None)
    @rule(after_writing=st.booleans())
    def crash(self, after_writing: bool) -> None:
        """A worker dies once within a shard; what it wrote is gone, and the next one goes on."""
        payout_run = self.latest(State.COMPUTING)
        assert payout_run is not None
        real = lines.compute_slice
        crashed = []

        def dies(*args: Any, **kwargs: Any) -> None:
            if crashed:
                return real(*args, **kwargs)
            if after_writing:
                real(*args, **kwargs)
            crashed.append(True)
            raise Crash

        lines.compute_slice = dies
        try:
            for _ in range(4):
                runs.execute(payout_run.run_id)
        finally:
            lines.compute_slice = real
        payout_run.refresh_from_db()
        assert payout_run.state in (State.COMPUTED, State.FAILED)

    # What always holds ------------------------------------------------------------------------------------------------

    @invariant()
    def never_paid_twice_and_the_ledger_balances(self) -> None:
        entries = list(LedgerEntry.objects.order_by("pk"))
        earned: dict[int, int] = defaultdict(int)
        total: dict[int, Decimal] = defaultdict(Decimal)
        by_run: dict[int, Decimal] = defaultdict(Decimal)
        known = {entry.pk: entry for entry in entries}
        for entry in entries:
            earned[entry.employee_id] += entry.kind == LedgerEntry.Kind.EARNED
            total[entry.employee_id] += entry.amount
            by_run[entry.payout_run_id] += entry.amount
            if entry.kind == LedgerEntry.Kind.REVERSAL:
                assert entry.reverses_id is not None
                assert entry.amount == -known[entry.reverses_id].amount
        assert all(count <= 1 for count in earned.values())
        for employee_id, amount in total.items():
            assert amount == self.owed[employee_id]
        for payout_run in PayoutRun.objects.all():
            booked = by_run.get(payout_run.pk, Decimal(0))
            assert booked == (payout_run.total if payout_run.state == State.APPROVED else 0)

    @invariant()
    def approved_lines_recompute(self) -> None:
        payout_run = self.latest(State.APPROVED)
        if payout_run is None:
            return
        assert payout_run.approved_by_id != payout_run.created_by_id
        assert lines.open_decisions(payout_run) == 0
        for line in payout_run.payout_lines.all():
            steps = list(
                PayoutStep.objects.filter(payout_run=payout_run, employee_id=line.employee_id).order_by(
                    "number"
                )
            )
            assert bool(steps) == (line.status in (PayoutLine.Status.PAYABLE, PayoutLine.Status.UNDECIDED))
            for step in steps:
                assert engine.recompute(step.kind, step.inputs) == step.amount
            if steps:
                assert steps[-1].amount == line.amount

    @invariant()
    def at_most_one_open(self) -> None:
        assert PayoutRun.objects.filter(state__in=PayoutRun.OPEN).count() <= 1


def test_the_plans_of_the_sequences_have_every_kind_of_step() -> None:
    assert {step["kind"] for plan in PLANS.values() for step in plan["steps"]} == set(registry.KINDS)


@pytest.mark.slow
@pytest.mark.django_db
def test_sequences() -> None:
    run_state_machine_as_test(
        Payouts,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=40,
            deadline=None,
            # The same sequences each time in the ordinary suite; other ones when somebody asks for more.
            derandomize="LAUREL_SEQUENCES" not in os.environ,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Payouts.booked["regular"] >= 2
    assert Payouts.booked["adjusting"] >= 2
