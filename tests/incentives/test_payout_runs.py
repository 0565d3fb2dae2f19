"""From released results to the ledger: what is computed, who may approve, and that nobody is paid twice."""

from __future__ import annotations

import datetime
import threading
from decimal import Decimal as D
from typing import Any

import psycopg2
import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.utils import ProgrammingError

from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import OutboxMessage, Run
from incentives.models import (
    IncentivePlan,
    LedgerEntry,
    PayoutDecision,
    PayoutLine,
    PayoutRun,
    PayoutStep,
    PayoutStepSet,
    PlanVersion,
)
from incentives.services import lines, payout_runs, plans
from incentives.services.notices import tell_of_payout
from incentives.steps import engine
from people.models import Compensation
from reviews.models import Cycle, Result
from tests.cast import Cast, build_cast
from tests.factories import RoleGrantFactory, UserFactory
from tests.incentives.world import (
    CONFIGURATION,
    SEPTEMBER,
    approved,
    computed,
    plan_of,
    released_cycle,
    republish,
    worked,
)

pytestmark = pytest.mark.django_db
DATABASE_SAYS_NO = (InternalError, ProgrammingError, IntegrityError)


@pytest.fixture
def plan(cast: Cast) -> IncentivePlan:
    return plan_of(cast)


@pytest.fixture
def cycle(cast: Cast) -> Cycle:
    return released_cycle(
        cast,
        {cast.agent: 106.0, cast.peer: 85.0, cast.outsider: 60.0, cast.mover: 100.0},
        days={cast.mover: 21},
    )


def refusal_of(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


# Computing ------------------------------------------------------------------------------------------------------------


def test_lines_and_steps(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    assert payout_run.state == PayoutRun.State.COMPUTED
    found = {
        cast.name_of(line.employee_id): (line.amount, line.status) for line in payout_run.payout_lines.all()
    }
    # 20 % of 6,000 = 1,200
    assert found == {
        "agent": (D("1344.00"), "payable"),
        "peer": (D("600.00"), "payable"),
        "outsider": (D("0.00"), "payable"),
        "mover": (D("812.90"), "payable"),
    }
    assert payout_run.total == D("2756.90")
    assert payout_run.lines == 4
    assert len(payout_run.content_digest) == 64
    line = payout_run.payout_lines.get(employee=cast.agent)
    assert (line.employee_number, line.employee_name, line.legal_entity, line.cost_centre, line.job_code) == (
        "E0004",
        "王伟",
        "Laurel Services",
        "CC-100",
        "agent",
    )
    assert PayoutStep.objects.filter(payout_run=payout_run).count() == 16


def test_every_line_recomputes_from_its_steps_to_the_cent(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    payout_run = computed(cast, plan, cycle)
    checked = 0
    for line in payout_run.payout_lines.all():
        running = D(0)
        for step in PayoutStep.objects.filter(payout_run=payout_run, employee_id=line.employee_id).order_by(
            "number"
        ):
            assert D(step.inputs["before"]) == running
            running = engine.recompute(step.kind, step.inputs)
            assert running == step.amount
            checked += 1
        assert running == line.amount
    assert checked == 16


@pytest.mark.parametrize("size", [1, 2, 500])
def test_slices_do_not_matter(
    cast: Cast, plan: IncentivePlan, cycle: Cycle, settings: Any, size: int
) -> None:
    settings.RUN_SHARD_SIZE = size
    payout_run = computed(cast, plan, cycle)
    assert (payout_run.lines, payout_run.total) == (4, D("2756.90"))


def test_working_a_run_again_changes_nothing(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    before = list(PayoutLine.objects.order_by("id").values())
    for _ in range(3):
        runs.execute(payout_run.run_id)
    assert list(PayoutLine.objects.order_by("id").values()) == before
    lines.compute_slice(payout_run, first=0, last=2**62)
    lines.refresh_totals(payout_run)
    again = PayoutRun.objects.get(pk=payout_run.pk)
    assert (again.content_digest, again.total, again.lines) == (
        payout_run.content_digest,
        payout_run.total,
        payout_run.lines,
    )


def test_leaver_is_listed_and_never_dropped(cast: Cast, plan: IncentivePlan) -> None:
    cycle = released_cycle(cast, {cast.agent: 100.0, cast.leaver: 100.0}, days={cast.leaver: 15})
    payout_run = computed(cast, plan, cycle)
    line = payout_run.payout_lines.get(employee=cast.leaver)
    # The salary is the one of the leaver's own last day.
    assert (line.status, line.reason_code, line.amount) == ("undecided", "left", D("580.65"))
    assert payout_run.total == D("1200.00")


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        pytest.param("no_salary", "missing_input", "no_salary", id="no salary"),
        pytest.param("other_currency", "missing_input", "other_currency", id="salary in another currency"),
        pytest.param("no_score", "missing_input", "no_score", id="no score"),
        pytest.param("no_result", "missing_input", "no_score", id="no result at all"),
        pytest.param("held_back", "missing_input", "no_score", id="held back"),
        pytest.param("no_days", "not_eligible", "too_few_days", id="not a day in the role"),
    ],
)
def test_who_cannot_be_paid_is_listed_with_the_reason(
    cast: Cast, plan: IncentivePlan, change: str, status: str, reason: str
) -> None:
    score = None if change == "no_score" else 90.0
    days = {cast.agent: 0} if change == "no_days" else {}
    cycle = released_cycle(cast, {cast.agent: score, cast.peer: 100.0}, days=days)
    if change == "no_salary":
        Compensation.objects.filter(user=cast.agent).delete()
    if change == "other_currency":
        Compensation.objects.filter(user=cast.agent).update(currency="USD")
    if change == "no_result":
        Result.objects.filter(employee=cast.agent).delete()
    if change == "held_back":
        Result.objects.filter(employee=cast.agent).update(state="held_back")
    payout_run = computed(cast, plan, cycle)
    line = payout_run.payout_lines.get(employee=cast.agent)
    assert (line.status, line.reason_code, line.amount) == (status, reason, D("0.00"))
    assert payout_run.payout_lines.count() == 2


def test_jobs_that_a_plan_does_not_cover(cast: Cast) -> None:
    plan = plan_of(cast, CONFIGURATION | {"eligibility": {"minimum_days": 1, "jobs": ["agent"]}})
    cycle = released_cycle(cast, {cast.agent: 100.0, cast.manager: 100.0})
    payout_run = computed(cast, plan, cycle)
    assert payout_run.payout_lines.get(employee=cast.manager).reason_code == "job_not_covered"
    assert payout_run.total == D("1200.00")


def test_kpis_of_the_results_feed_gates_and_rates(cast: Cast) -> None:
    steps = [
        {"kind": "rate", "input": "value:sales", "rate": "12.5"},
        {"kind": "gate", "input": "kpi:csat", "condition": "at_least", "limit": "95", "otherwise": "0.5"},
        {"kind": "rounding"},
    ]
    plan = plan_of(cast, {"steps": steps})
    cycle = released_cycle(
        cast,
        {cast.agent: 100.0, cast.peer: 100.0},
        lines={
            cast.agent: {"sales": (10.0, 1.0), "csat": (4.6, 0.95)},
            cast.peer: {"sales": (10.0, 1.0), "csat": (4.5, 0.949999)},
        },
    )
    payout_run = computed(cast, plan, cycle)
    found = {
        cast.name_of(key): value
        for key, value in payout_run.payout_lines.values_list("employee_id", "amount")
    }
    assert found == {"agent": D("125.00"), "peer": D("62.50")}


def test_the_version_valid_on_the_last_day_is_used_and_then_final(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    later = plans.revise_plan(
        actor=cast.hr,
        plan=plan,
        valid_from=datetime.date(2025, 11, 1),
        configuration={"steps": [{"kind": "fixed", "value": "1"}, {"kind": "rounding"}]},
    )
    payout_run = computed(cast, plan, cycle)
    assert payout_run.plan_version.number == 1
    assert (
        refusal_of(
            plans.revise_plan,
            actor=cast.hr,
            plan=plan,
            valid_from=datetime.date(2025, 1, 1),
            configuration=later.configuration,
        )
        == "plan_version_used"
    )
    with pytest.raises(DATABASE_SAYS_NO), transaction.atomic():
        PlanVersion.objects.filter(pk=payout_run.plan_version_id).update(configuration={})
    assert (
        PlanVersion.objects.get(pk=payout_run.plan_version_id).configuration["steps"][0]["kind"]
        == "target_bonus"
    )


@pytest.mark.parametrize(
    ("who", "setup", "code"),
    [
        pytest.param("payroll", "", "not_hr", id="payroll does not compute"),
        pytest.param("manager", "", "not_hr", id="a manager does not compute"),
        pytest.param("auditor", "", "not_hr", id="an auditor changes nothing"),
        pytest.param("hr", "unreleased", "cycle_not_released", id="results not released"),
        pytest.param("hr", "inactive", "plan_inactive", id="plan out of use"),
        pytest.param("hr", "too_early", "plan_not_valid_then", id="no version that early"),
        pytest.param("hr", "open", "payout_open", id="another run waits"),
        pytest.param("hr", "paid", "payout_already_approved", id="paid already"),
        pytest.param("hr", "empty", "payout_empty", id="nobody took part"),
        pytest.param("hr", "kpi", "payout_kpi_missing", id="a KPI that the cycle does not have"),
    ],
)
def test_when_nothing_is_computed(
    cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str, setup: str, code: str
) -> None:
    if setup == "unreleased":
        Cycle.objects.filter(pk=cycle.pk).update(released_at=None)
    if setup == "inactive":
        plans.update_plan(actor=cast.hr, plan=plan, is_active=False)
    if setup == "too_early":
        Cycle.objects.filter(pk=cycle.pk).update(
            first_day=datetime.date(2024, 1, 1), last_day=datetime.date(2024, 1, 31)
        )
    if setup == "open":
        computed(cast, plan, cycle)
    if setup == "paid":
        approved(cast, computed(cast, plan, cycle))
    if setup == "empty":
        cycle.participants.all().delete()
    if setup == "kpi":
        gate = {"kind": "gate", "input": "value:unheard_of", "condition": "at_most", "limit": "3"}
        plan = plan_of(
            cast, {"steps": [{"kind": "fixed", "value": "1"}, gate, {"kind": "rounding"}]}, code="other"
        )
    count = PayoutRun.objects.count()
    actor = getattr(cast, who)
    assert refusal_of(payout_runs.create_payout_run, actor=actor, plan=plan, cycle=cycle) == code
    assert PayoutRun.objects.count() == count


def test_failed_run_can_be_computed_again(
    cast: Cast, plan: IncentivePlan, cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("disk on fire")

    with monkeypatch.context() as patch:
        patch.setattr(lines, "compute_slice", breaks)
        payout_run = payout_runs.create_payout_run(actor=cast.hr, plan=plan, cycle=cycle)
        for _ in range(10):
            runs.execute(payout_run.run_id)
    payout_run.refresh_from_db()
    assert payout_run.state == PayoutRun.State.FAILED
    assert payout_run.run.state == Run.State.FAILED
    again = worked(payout_runs.recompute_payout(actor=cast.hr, payout_run=payout_run))
    assert (again.state, again.total) == (PayoutRun.State.COMPUTED, D("2756.90"))
    # The old one cannot be woken beside it.
    assert refusal_of(runs.restart_run, actor=cast.hr, run=payout_run.run) == "payout_open"


# Approving ------------------------------------------------------------------------------------------------------------


def test_approval_books_every_line_once(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = approved(cast, computed(cast, plan, cycle))
    assert (payout_run.state, payout_run.approved_by) == (PayoutRun.State.APPROVED, cast.payroll)
    entries = LedgerEntry.objects.filter(payout_run=payout_run)
    assert {(cast.name_of(entry.employee_id), entry.kind, entry.amount) for entry in entries} == {
        ("agent", "earned", D("1344.00")),
        ("peer", "earned", D("600.00")),
        ("outsider", "earned", D("0.00")),
        ("mover", "earned", D("812.90")),
    }
    assert all(entry.created_by_id == cast.payroll.pk for entry in entries)
    news = OutboxMessage.objects.filter(topic="payout.approved")
    assert [message.payload for message in news] == [{"payout_run": payout_run.pk}]


@pytest.mark.parametrize(
    ("who", "code"),
    [
        pytest.param("hr", "payout_own", id="the maker"),
        pytest.param("auditor", "not_approver", id="an auditor"),
        pytest.param("manager", "not_approver", id="a manager"),
        pytest.param("agent", "not_approver", id="someone who is paid by it"),
        pytest.param("outsider", "not_approver", id="an outsider"),
    ],
)
def test_who_may_not_approve(cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str, code: str) -> None:
    payout_run = computed(cast, plan, cycle)
    found = refusal_of(
        payout_runs.approve_payout,
        actor=getattr(cast, who),
        payout_run=payout_run,
        seen_digest=payout_run.content_digest,
    )
    assert found == code
    payout_run.refresh_from_db()
    assert payout_run.state == PayoutRun.State.COMPUTED
    assert not LedgerEntry.objects.exists()


def test_maker_is_not_checker_even_for_the_database(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    with pytest.raises(IntegrityError, match="approver_is_not_maker"), transaction.atomic():
        PayoutRun.objects.filter(pk=payout_run.pk).update(state="approved", approved_by=payout_run.created_by)
    with pytest.raises(IntegrityError, match="approved_has_approver"), transaction.atomic():
        PayoutRun.objects.filter(pk=payout_run.pk).update(state="approved")


@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_approval_names_what_it_saw(cast: Cast, plan: IncentivePlan, cycle: Cycle, seen: str) -> None:
    payout_run = computed(cast, plan, cycle)
    found = refusal_of(
        payout_runs.approve_payout, actor=cast.payroll, payout_run=payout_run, seen_digest=seen
    )
    assert found == "payout_changed"
    assert not LedgerEntry.objects.exists()


def test_a_decision_after_the_look_voids_the_approval(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    seen = payout_run.content_digest
    payout_runs.decide_line(
        actor=cast.hr, payout_run=payout_run, employee=cast.peer, decision="withhold", reason="Open case"
    )
    found = refusal_of(
        payout_runs.approve_payout, actor=cast.payroll, payout_run=payout_run, seen_digest=seen
    )
    assert found == "payout_changed"
    payout_run.refresh_from_db()
    assert payout_run.total == D("2156.90")
    approved(cast, payout_run)
    assert not LedgerEntry.objects.filter(employee=cast.peer).exists()


def test_a_line_changed_behind_the_services_voids_the_approval(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    payout_run = computed(cast, plan, cycle)
    PayoutLine.objects.filter(payout_run=payout_run, employee=cast.agent).update(amount=D("99999"))
    assert refusal_of(approved, cast, payout_run) == "payout_changed"
    assert not LedgerEntry.objects.exists()


def test_approved_is_final_for_the_database(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = approved(cast, computed(cast, plan, cycle))
    line = payout_run.payout_lines.get(employee=cast.agent)
    forbidden: list[Any] = [
        lambda: PayoutLine.objects.filter(pk=line.pk).update(amount=D("1.00")),
        lambda: PayoutLine.objects.filter(pk=line.pk).delete(),
        lambda: PayoutLine.objects.create(
            payout_run=payout_run, employee=cast.remote, amount=D("5.00"), currency="CNY"
        ),
        lambda: PayoutStepSet.objects.filter(payout_run=payout_run).update(amounts=[D(0)] * 4),
        lambda: PayoutStepSet.objects.filter(payout_run=payout_run).delete(),
        lambda: PayoutStepSet.objects.create(
            payout_run=payout_run,
            employee_id=cast.agent.pk,
            first=9,
            kinds=["fixed"],
            inputs=[{}],
            factors=[None],
            amounts=[D(0)],
        ),
        lambda: PayoutDecision.objects.create(
            payout_run=payout_run, employee=cast.agent, decision="withhold", reason="x", decided_by=cast.hr
        ),
        lambda: PayoutRun.objects.filter(pk=payout_run.pk).update(state="computed", approved_by=None),
        lambda: PayoutRun.objects.filter(pk=payout_run.pk).update(total=0),
        lambda: LedgerEntry.objects.filter(payout_run=payout_run).update(amount=0),
        lambda: LedgerEntry.objects.filter(payout_run=payout_run).delete(),
    ]
    before = list(PayoutLine.objects.order_by("pk").values())
    for attempt in forbidden:
        with pytest.raises(DATABASE_SAYS_NO), transaction.atomic():
            attempt()
    assert list(PayoutLine.objects.order_by("pk").values()) == before
    assert LedgerEntry.objects.count() == 4


def test_a_line_cannot_be_moved_into_an_approved_run(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    first = approved(cast, computed(cast, plan, cycle))
    other_cycle = released_cycle(cast, {cast.remote: 100.0}, code="2025-09", period=SEPTEMBER)
    second = computed(cast, plan, other_cycle)
    with pytest.raises(DATABASE_SAYS_NO), transaction.atomic():
        PayoutLine.objects.filter(payout_run=second).update(payout_run=first)


# Paid once ------------------------------------------------------------------------------------------------------------


def test_earned_twice_is_impossible_in_the_database(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = approved(cast, computed(cast, plan, cycle))
    with pytest.raises(IntegrityError, match="earned_once"), transaction.atomic():
        LedgerEntry.objects.create(
            employee=cast.agent,
            kind="earned",
            plan=plan,
            cycle=cycle,
            payout_run=payout_run,
            amount=D("1.00"),
            currency="CNY",
            created_by=cast.payroll,
        )


def test_a_second_run_that_slipped_past_the_services_books_nothing(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    first = computed(cast, plan, cycle)
    LedgerEntry.objects.create(
        employee=cast.agent,
        kind="earned",
        plan=plan,
        cycle=cycle,
        payout_run=first,
        amount=D("1344.00"),
        currency="CNY",
        created_by=cast.payroll,
    )
    assert refusal_of(approved, cast, first) == "payout_already_earned"
    first.refresh_from_db()
    assert first.state == PayoutRun.State.COMPUTED
    assert LedgerEntry.objects.count() == 1


def test_two_regular_runs_are_impossible_in_the_database(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    payout_run = computed(cast, plan, cycle)
    with pytest.raises(IntegrityError, match=r"one_(regular|open)_payout_run"), transaction.atomic():
        PayoutRun.objects.create(
            plan=plan,
            plan_version=payout_run.plan_version,
            cycle=cycle,
            result_run=payout_run.result_run,
            currency="CNY",
            created_by=cast.hr,
        )


def test_approving_twice_is_refused(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = approved(cast, computed(cast, plan, cycle))
    assert refusal_of(approved, cast, payout_run) == "payout_not_computed"
    assert LedgerEntry.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_approvers_at_a_barrier_one_wins() -> None:
    cast = build_cast()
    plan = plan_of(cast)
    cycle = released_cycle(cast, {cast.agent: 106.0, cast.peer: 85.0})
    payout_run = computed(cast, plan, cycle)
    barrier = threading.Barrier(4)
    outcomes: list[str] = []

    def approve() -> None:
        try:
            barrier.wait(timeout=20)
            approved(cast, PayoutRun.objects.get(pk=payout_run.pk))
            outcomes.append("approved")
        except Refusal as refusal:
            outcomes.append(f"{refusal.status} {refusal.code}")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["409 payout_not_computed"] * 3 + ["approved"]
    assert LedgerEntry.objects.count() == 2
    assert OutboxMessage.objects.filter(topic="payout.approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_makers_at_a_barrier_one_run() -> None:
    cast = build_cast()
    plan = plan_of(cast)
    cycle = released_cycle(cast, {cast.agent: 106.0})
    barrier = threading.Barrier(3)
    outcomes: list[str] = []

    def create() -> None:
        try:
            barrier.wait(timeout=20)
            payout_runs.create_payout_run(actor=cast.hr, plan=plan, cycle=cycle)
            outcomes.append("created")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["created", "payout_open", "payout_open"]


# Deciding and rejecting ----------------------------------------------------------------------------------------------


def test_open_lines_keep_a_run_from_approval(cast: Cast, plan: IncentivePlan) -> None:
    Compensation.objects.filter(user=cast.peer).delete()
    cycle = released_cycle(
        cast, {cast.agent: 100.0, cast.leaver: 100.0, cast.peer: 100.0}, days={cast.leaver: 15}
    )
    payout_run = computed(cast, plan, cycle)
    assert refusal_of(approved, cast, payout_run) == "payout_undecided"
    decide = payout_runs.decide_line
    found = refusal_of(
        decide, actor=cast.hr, payout_run=payout_run, employee=cast.peer, decision="pay", reason="because"
    )
    assert found == "line_cannot_pay"
    decide(
        actor=cast.hr,
        payout_run=payout_run,
        employee=cast.peer,
        decision="withhold",
        reason="No salary agreed",
    )
    decide(actor=cast.hr, payout_run=payout_run, employee=cast.leaver, decision="pay", reason="Contract § 4")
    payout_run.refresh_from_db()
    approved(cast, payout_run)
    found_entries = {cast.name_of(entry.employee_id): entry.amount for entry in LedgerEntry.objects.all()}
    assert found_entries == {"agent": D("1200.00"), "leaver": D("580.65")}


@pytest.mark.parametrize(
    ("who", "employee", "decision", "reason", "code"),
    [
        pytest.param("payroll", "leaver", "pay", "x", "not_hr", id="payroll does not decide"),
        pytest.param("auditor", "leaver", "pay", "x", "not_hr", id="an auditor does not decide"),
        pytest.param("hr", "leaver", "maybe", "x", "decision_unknown", id="neither pay nor withhold"),
        pytest.param("hr", "leaver", "pay", "  ", "payout_reason", id="no reason"),
        pytest.param("hr", "leaver", "pay", "x" * 401, "payout_reason_long", id="a reason too long"),
        pytest.param("hr", "remote", "pay", "x", "line_not_open", id="someone who is not in the run"),
    ],
)
def test_decisions_that_are_refused(
    cast: Cast, plan: IncentivePlan, who: str, employee: str, decision: str, reason: str, code: str
) -> None:
    cycle = released_cycle(cast, {cast.leaver: 100.0}, days={cast.leaver: 15})
    payout_run = computed(cast, plan, cycle)
    found = refusal_of(
        payout_runs.decide_line,
        actor=getattr(cast, who),
        payout_run=payout_run,
        employee=getattr(cast, employee),
        decision=decision,
        reason=reason,
    )
    assert found == code
    assert not PayoutDecision.objects.exists()


def test_who_decided_a_line_does_not_approve(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    second_hr = RoleGrantFactory(user=UserFactory(employee_number=None), role="hr").user
    payout_run = computed(cast, plan, cycle)
    payout_runs.decide_line(
        actor=second_hr, payout_run=payout_run, employee=cast.peer, decision="withhold", reason="Open case"
    )
    payout_run.refresh_from_db()
    found = refusal_of(
        payout_runs.approve_payout,
        actor=second_hr,
        payout_run=payout_run,
        seen_digest=payout_run.content_digest,
    )
    assert found == "payout_decided_own"


def test_rejected_run_makes_room_for_a_new_one(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    assert (
        refusal_of(payout_runs.reject_payout, actor=cast.manager, payout_run=payout_run, reason="x")
        == "not_approver"
    )
    assert (
        refusal_of(payout_runs.reject_payout, actor=cast.payroll, payout_run=payout_run, reason="")
        == "payout_reason"
    )
    payout_runs.reject_payout(actor=cast.payroll, payout_run=payout_run, reason="Salaries of May are missing")
    payout_run.refresh_from_db()
    assert (payout_run.state, payout_run.rejection) == ("rejected", "Salaries of May are missing")
    assert refusal_of(approved, cast, payout_run) == "payout_not_computed"
    assert computed(cast, plan, cycle).state == PayoutRun.State.COMPUTED


def test_computing_again_after_a_salary_came_carries_decisions(cast: Cast, plan: IncentivePlan) -> None:
    salary = Compensation.objects.get(user=cast.peer)
    Compensation.objects.filter(user=cast.peer).delete()
    cycle = released_cycle(cast, {cast.peer: 100.0, cast.leaver: 100.0}, days={cast.leaver: 15})
    first = computed(cast, plan, cycle)
    payout_runs.decide_line(
        actor=cast.hr, payout_run=first, employee=cast.leaver, decision="pay", reason="Contract § 4"
    )
    salary.pk = None
    salary.save(force_insert=True)
    second = worked(payout_runs.recompute_payout(actor=cast.hr, payout_run=first))
    first.refresh_from_db()
    assert first.state == PayoutRun.State.REJECTED
    assert second.payout_lines.get(employee=cast.peer).status == "payable"
    assert second.total == D("1780.65")
    assert lines.open_decisions(second) == 0


# Correcting -----------------------------------------------------------------------------------------------------------


def test_correction_reverses_and_books_anew(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    approved(cast, computed(cast, plan, cycle))
    republish(cycle, {cast.peer.pk: 100.0})
    correction = worked(
        payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Appeal of Li Na accepted")
    )
    assert correction.total == D("600.00")
    approved(cast, correction)
    entries = LedgerEntry.objects.filter(payout_run=correction).order_by("id")
    assert [(entry.kind, entry.amount) for entry in entries] == [
        ("reversal", D("-600.00")),
        ("adjustment", D("1200.00")),
    ]
    assert entries[0].reverses.kind == "earned"
    # A second correction starts from what stands now.
    republish(cycle, {cast.peer.pk: 85.0})
    again = worked(
        payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Decided otherwise")
    )
    assert again.total == D("-600.00")
    approved(cast, again)
    total = sum(LedgerEntry.objects.filter(employee=cast.peer).values_list("amount", flat=True))
    assert total == D("600.00")


def test_correction_pays_who_was_withheld(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    payout_runs.decide_line(
        actor=cast.hr, payout_run=payout_run, employee=cast.peer, decision="withhold", reason="Open case"
    )
    payout_run.refresh_from_db()
    approved(cast, payout_run)
    correction = worked(
        payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Case closed")
    )
    assert correction.total == D("600.00")
    approved(cast, correction)
    entry = LedgerEntry.objects.get(employee=cast.peer)
    assert (entry.kind, entry.amount) == ("earned", D("600.00"))


def test_correction_needs_something_paid_and_a_reason(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    correct = payout_runs.correct_payout
    assert (
        refusal_of(correct, actor=cast.hr, plan=plan, cycle=cycle, reason="x") == "payout_nothing_to_correct"
    )
    approved(cast, computed(cast, plan, cycle))
    assert refusal_of(correct, actor=cast.hr, plan=plan, cycle=cycle, reason=" ") == "payout_reason"
    assert refusal_of(correct, actor=cast.payroll, plan=plan, cycle=cycle, reason="x") == "not_hr"


# The database role of the application --------------------------------------------------------------------------------


def test_the_application_cannot_touch_the_ledger(application_role: Any) -> None:
    for statement in (
        "UPDATE incentives_ledgerentry SET amount = 0",
        "DELETE FROM incentives_ledgerentry",
        "TRUNCATE incentives_ledgerentry",
    ):
        with application_role.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)


def test_everyone_with_a_line_hears_that_it_was_approved(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    payout_run = computed(cast, plan, cycle)
    assert tell_of_payout(payout_run.pk) == 0, "not before it is approved"
    approved(cast, payout_run)
    assert tell_of_payout(payout_run.pk) == PayoutLine.objects.filter(payout_run=payout_run).count() > 0
    assert tell_of_payout(payout_run.pk) == 0
    assert not Notice.objects.filter(params__has_key="amount").exists(), "no sum leaves the page"
