"""A payout's whole life under a queue that drops, doubles and reorders, a clock that jumps and workers that die.

Random sequences against the model in memory: never paid twice, the ledger balances, every approved line is paid or
visibly pending, and whatever was disturbed comes to an end once nothing disturbs it any more. Some of the sequences are
done to the product on PostgreSQL as well, step by step, and both must look the same after each step.

TRIAL_SEQUENCES, TRIAL_SEQUENCES_POSTGRES and TRIAL_SEED choose how many and which; the seed is printed.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import DateTimeField, F, Func

from foundation.refusals import Refusal
from foundation.runs import outbox, sweeping, working
from foundation.runs import services as runs
from foundation.runs.models import Run, Shard
from incentives.models import LedgerEntry, PayoutDecision, PayoutRun
from incentives.selectors.facts import participant_slices
from incentives.services import payout_runs
from incentives.services.payout_work import PayoutHandler, payout_of
from incentives.steps import engine
from incentives.steps.configuration import normal
from tests.cast import Cast, build_cast
from tests.incentives.ledger_model import LEASE, Job, Model, Refused
from tests.incentives.world import CONFIGURATION, plan_of, released_cycle, republish

SEQUENCES = int(os.environ.get("TRIAL_SEQUENCES", "500"))
ON_POSTGRES = int(os.environ.get("TRIAL_SEQUENCES_POSTGRES", "10"))
SEED = int(os.environ.get("TRIAL_SEED", "20261124"))
STEPS = 120
SCORES = (40.0, 69.999999, 70.0, 85.5, 100.0, 106.0, 133.333333, 200.0)
PEOPLE = ("agent", "peer", "outsider", "leaver")
SALARY, DAYS = Decimal(6000), {"leaver": 15}


@cache
def price(who: str, score: float) -> Decimal:
    facts = {
        "score": score,
        "salary": SALARY,
        "days_in_role": DAYS.get(who, 31),
        "days_in_period": 31,
    }
    return engine.apply(normal(CONFIGURATION)["steps"], facts).amount.quantize(Decimal("0.01"))


class Product:
    """The same actions done to the product. Messages and workers are in the sequence's hands."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.plan = plan_of(cast)
        people = {getattr(cast, who): 100.0 for who in PEOPLE}
        self.names = {getattr(cast, who).pk: who for who in PEOPLE}
        self.cycle = released_cycle(
            cast, people, days={getattr(cast, who): days for who, days in DAYS.items()}
        )
        self.slices = [
            [self.names[pk] for pk in sorted(self.names) if key["first"] <= pk <= key["last"]]
            for key in participant_slices(self.cycle, 2)
        ]
        self.seen: dict[int, str] = {}
        self.hands: dict[Job, tuple[Run, Shard]] = {}
        self.looked = time.monotonic()

    def payout(self, number: int) -> PayoutRun:
        return PayoutRun.objects.order_by("pk")[number]

    def run(self, number: int) -> Run:
        found = self.payout(number).run
        assert found
        return found

    def attempt(self, call: Callable[..., Any], **arguments: Any) -> Any:
        try:
            with transaction.atomic():
                return call(**arguments)
        except Refusal:
            raise Refused from None

    # As the model has them ------------------------------------------------------------------------------------

    def republish(self, who: str, score: float) -> None:
        republish(self.cycle, {getattr(self.cast, who).pk: score})

    def create(self) -> None:
        self.attempt(payout_runs.create_payout_run, actor=self.cast.hr, plan=self.plan, cycle=self.cycle)

    def correct(self) -> None:
        self.attempt(
            payout_runs.correct_payout, actor=self.cast.hr, plan=self.plan, cycle=self.cycle, reason="Appeal"
        )

    def recompute(self, number: int) -> None:
        self.attempt(payout_runs.recompute_payout, actor=self.cast.hr, payout_run=self.payout(number))

    def decide(self, number: int, who: str, decision: str) -> None:
        self.attempt(
            payout_runs.decide_line,
            actor=self.cast.hr,
            payout_run=self.payout(number),
            employee=getattr(self.cast, who),
            decision=decision,
            reason="Because",
        )

    def look(self, number: int) -> None:
        if self.payout(number).state == PayoutRun.State.COMPUTED:
            self.seen[number] = self.payout(number).content_digest

    def approve(self, number: int, who: str) -> None:
        self.attempt(
            payout_runs.approve_payout,
            actor=getattr(self.cast, who),
            payout_run=self.payout(number),
            seen_digest=self.seen.get(number, ""),
        )

    def reject(self, number: int) -> None:
        self.attempt(
            payout_runs.reject_payout, actor=self.cast.payroll, payout_run=self.payout(number), reason="No"
        )

    def stop(self, number: int) -> None:
        self.attempt(runs.stop_run, actor=self.cast.hr, run=self.run(number))

    def restart(self, number: int) -> None:
        self.attempt(runs.restart_run, actor=self.cast.hr, run=self.run(number))

    def hold_time(self) -> None:
        """What the test itself takes must not count: leases are compared with the clock of the wall."""
        now = time.monotonic()
        gone = timedelta(seconds=now - self.looked)
        Shard.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") + gone)
        self.looked = now

    def tick(self, seconds: int) -> None:
        """The database's clock cannot be moved, so everything that it is compared with is."""
        gone = timedelta(seconds=seconds)
        Shard.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") - gone)
        Run.objects.update(created_at=F("created_at") - gone, woken_at=F("woken_at") - gone)

    def relay(self) -> list[int]:
        sent: list[int] = []
        order = {
            str(key): place
            for place, key in enumerate(PayoutRun.objects.order_by("pk").values_list("run", flat=True))
        }

        def send(name: str, **payload: Any) -> bool:
            if name == runs.ADVANCE:
                sent.append(order[payload["run_id"]])
            return True

        kept, outbox.send_task = outbox.send_task, send
        try:
            outbox.relay_messages()
        finally:
            outbox.send_task = kept
        return sent

    def take(self, number: int, job: Job | None) -> bool:
        run = self.run(number)
        if run.state == Run.State.QUEUED:
            working._begin(run)
            run.refresh_from_db()
        if run.state == Run.State.STOPPING:
            with transaction.atomic():
                working.settle_stopping(working.lock_run(run.pk), PayoutHandler())
        if run.state != Run.State.RUNNING:
            return False
        shard = working._claim(run, "trial")
        if shard is not None and job is not None:
            self.hands[job] = (run, shard)
        return shard is not None

    def finish(self, job: Job) -> bool:
        run, shard = self.hands[job]
        working._work(run, shard)
        return runs.has_claimable(Run.objects.get(pk=run.pk))

    def dies_before_commit(self, job: Job) -> None:
        """All of the shard's work is done, and then the process is gone: the transaction with it."""
        run, shard = self.hands.pop(job)
        with transaction.atomic():
            payout = payout_of(run)
            if payout.state == PayoutRun.State.COMPUTING:
                PayoutHandler().work(run, shard.stage, shard.key)
            transaction.set_rollback(True)

    def sweep(self) -> list[int]:
        order = [payout.run_id for payout in PayoutRun.objects.order_by("pk")]
        sent: list[int] = []
        runs.sweep_runs(lambda run: sent.append(order.index(run.pk)))
        return sorted(sent)

    # What is seen of it ---------------------------------------------------------------------------------------

    def seen_state(self) -> Any:
        payouts = list(PayoutRun.objects.order_by("pk").select_related("run"))
        order = {payout.pk: number for number, payout in enumerate(payouts)}
        shards: dict[Any, list[Any]] = {payout.run_id: [] for payout in payouts}
        for shard in Shard.objects.filter(run__in=shards).order_by("pk"):
            shards[shard.run_id].append((shard.state, shard.attempts))
        return {
            "payouts": [(payout.kind, payout.state) for payout in payouts],
            "runs": [
                (payout.run.state, payout.run.epoch, shards[payout.run_id])
                for payout in payouts
                if payout.run
            ],
            "decisions": sorted(
                (order[found.payout_run_id], self.names[found.employee_id], found.decision)
                for found in PayoutDecision.objects.all()
            ),
            "ledger": sorted(
                (order[entry.payout_run_id], self.names[entry.employee_id], entry.kind, entry.amount)
                for entry in LedgerEntry.objects.all()
            ),
        }


def model_state(model: Model) -> Any:
    return {
        "payouts": [(payout.kind, payout.state) for payout in model.payouts],
        "runs": [
            (run.state, run.epoch, [(shard.state, shard.attempts) for shard in model._shards(run)])
            for run in model.runs
        ],
        "decisions": sorted(
            (number, who, decision)
            for number, payout in enumerate(model.payouts)
            for who, decision in payout.decisions.items()
        ),
        "ledger": sorted((entry.payout, entry.who, entry.kind, entry.amount) for entry in model.ledger),
    }


@dataclass
class Sequence:
    """One random life. `product` is None in memory only."""

    seed: int
    product: Product | None
    counts: Counter[str]

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        slices = self.product.slices if self.product else [["agent", "peer"], ["outsider", "leaver"]]
        statuses = {who: "undecided" if who == "leaver" else "payable" for who in PEOPLE}
        self.model = Model(slices, statuses, price)
        self.queue: list[int] = []
        self.jobs: list[Job] = []
        self.said: list[str] = []

    def go(self) -> None:
        for _step in range(STEPS):
            self.step()
        self.heal()

    def both(self, name: str, *arguments: Any) -> Any:
        """The same to the model and to the product: both do it, or both refuse; both answer alike."""
        self.said.append(f"{name}{arguments}")
        answers = []
        for side in (self.model, self.product):
            if side is None:
                continue
            if isinstance(side, Product):
                side.hold_time()
            try:
                answers.append(getattr(side, name)(*arguments))
            except Refused:
                answers.append(Refused)
        assert len(answers) < 2 or answers[0] == answers[1], f"model and product: {answers}"
        if answers[0] is not Refused:
            self.counts[name] += 1
        return [] if answers[0] is Refused else answers[0]

    def step(self) -> None:
        chosen = self.random.choices(*zip(*self.actions(), strict=True))[0]
        chosen()
        self.model.check()
        if self.product is not None:
            assert self.product.seen_state() == model_state(self.model)

    def actions(self) -> list[tuple[Callable[[], Any], int]]:
        pick, model = self.random, self.model
        always: list[tuple[Callable[[], Any], int]] = [
            (lambda: self.both("create"), 4),
            (lambda: self.both("correct"), 4),
            (lambda: self.both("republish", pick.choice(PEOPLE), pick.choice(SCORES)), 2),
            (lambda: self.tick(pick.choice((1, 6, 11, LEASE + 1))), 4),
            (self.relay, 6),
            (lambda: self.queue.extend(self.both("sweep")), 5),
        ]
        if model.payouts:
            number = len(model.payouts) - 1 if pick.random() < 0.8 else pick.randrange(len(model.payouts))
            always += [
                (lambda: self.both("look", number), 4),
                (
                    lambda: self.both(
                        "decide", number, pick.choice(PEOPLE), pick.choice(("pay", "withhold"))
                    ),
                    3,
                ),
                (lambda: self.both("decide", number, "leaver", pick.choice(("pay", "withhold"))), 3),
                (lambda: self.both("approve", number, pick.choice(("payroll", "payroll", "hr", "agent"))), 4),
                (lambda: self.both("reject", number), 1),
                (lambda: self.both("recompute", number), 1),
                (lambda: self.both("stop", number), 1),
                (lambda: self.both("restart", number), 2),
                (lambda: self.ordinary(number), 8),
            ]
        if self.queue:
            place = pick.randrange(len(self.queue))
            always += [
                (lambda: self.take(place), 14),
                (lambda: self.queue.pop(place), 1),  # dropped
                (lambda: self.queue.append(self.queue[place]), 2),  # doubled
                (lambda: pick.shuffle(self.queue), 1),
            ]
        if self.jobs:
            job = pick.choice(self.jobs)
            always += [(lambda: self.finish(job), 14), (lambda: self.die(job), 3)]
        return always

    def tick(self, seconds: int) -> None:
        self.said.append(f"tick({seconds})")
        self.model.clock += seconds
        if self.product is not None:
            self.product.tick(seconds)

    def relay(self) -> None:
        sent = self.both("relay")
        # A relay that dies after sending sends again; here that is the same message twice.
        self.queue.extend(sent * self.random.choice((1, 1, 2)))

    def take(self, place: int) -> None:
        """A worker takes a message. One that dies before it has acknowledged leaves it in the queue."""
        number = self.queue[place]
        if self.random.random() < 0.8:
            self.queue.pop(place)
        self.said.append(f"take({number})")
        job = self.model.take(number)
        if self.product is not None:
            self.product.hold_time()
            assert self.product.take(number, job) == (job is not None)
        if job is not None:
            self.jobs.append(job)
            self.counts["take"] += 1

    def finish(self, job: Job) -> None:
        self.jobs.remove(job)
        if self.both("finish", job):
            self.queue.append(job.run)
        if self.random.random() < 0.1:
            self.jobs.append(job)  # a twin of the process, as after a pause: it does the same once more

    def die(self, job: Job) -> None:
        self.said.append(f"die({job})")
        self.jobs.remove(job)
        self.counts["die"] += 1
        if self.product is not None and job in self.product.hands:
            self.product.dies_before_commit(job)

    def ordinary(self, number: int) -> None:
        """What people do when nothing is wrong, which random steps alone would seldom find."""
        if self.model.payouts[number].state == "computed":
            self.both("decide", number, "leaver", self.random.choice(("pay", "withhold")))
            self.both("look", number)
            self.both("approve", number, "payroll")

    def heal(self) -> None:
        """Nothing disturbs any more: whatever is active comes to its end, by the clock alone."""
        self.queue.clear()
        self.jobs.clear()
        for _round in range(30):
            if not any(run.state in ("queued", "running", "stopping") for run in self.model.runs):
                break
            self.tick(LEASE + 1)
            self.relay()
            self.queue.extend(self.both("sweep"))
            while self.queue:
                self.take(0) if len(self.jobs) == 0 else self.finish(self.jobs[0])
                if self.jobs:
                    self.finish(self.jobs[0])
        else:
            raise AssertionError("a run goes on for ever")
        assert not any(payout.state == "computing" for payout in self.model.payouts)
        self.model.check()
        if self.product is not None:
            assert self.product.seen_state() == model_state(self.model)


def lived(seed: int, counts: Counter[str], product: Product | None = None) -> None:
    sequence = Sequence(seed, product, counts)
    try:
        sequence.go()
    except AssertionError as error:
        last = "\n  ".join(sequence.said[-25:])
        raise AssertionError(f"seed {seed}: {error}\n  {last}") from error


def many(sequences: int, counts: Counter[str]) -> None:
    for number in range(sequences):
        lived(SEED + number, counts)


def test_in_memory() -> None:
    counts: Counter[str] = Counter()
    print(f"seed {SEED}, {SEQUENCES} sequences")
    many(SEQUENCES, counts)
    assert (
        min(counts[name] for name in ("approve", "correct", "die", "finish", "restart", "stop"))
        > SEQUENCES // 20
    )
    print(dict(counts))


class TransactionNow(Func):
    template = "transaction_timestamp()"
    output_field = DateTimeField()


@pytest.mark.slow
@pytest.mark.django_db
def test_on_postgresql(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RUN_SHARD_SIZE = 2
    settings.RUN_LEASE_SECONDS = LEASE
    settings.RUN_RESEND_SECONDS = 10
    counts: Counter[str] = Counter()
    print(f"seed {SEED}, {ON_POSTGRES} sequences")
    # However long a busy machine takes: runs age by the clock of the sequence alone. Now() would be the statement's.
    monkeypatch.setattr(sweeping, "Now", TransactionNow)
    for number in range(ON_POSTGRES):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT transaction_timestamp()")
                (began,) = cursor.fetchone()
            with time_machine.travel(began, tick=False):
                lived(SEED + number, counts, Product(build_cast()))
            connection.run_on_commit.clear()
            transaction.set_rollback(True)
    print(dict(counts))


@pytest.mark.parametrize("rule", ["fence", "lease", "standing", "earned once"])
def test_a_rule_that_is_left_out_is_missed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks bite: without each of these rules some sequence pays wrongly."""
    if rule == "fence":

        def unfenced(self: Model, job: Job) -> bool:
            run = self.runs[job.run]
            self._work(self.payouts[run.payout], job)
            run.shards[job.stage][job.shard].state = "done"
            if all(other.state == "done" for other in run.shards[job.stage]):
                self._open(run, job.stage + 1)
            return True

        monkeypatch.setattr(Model, "finish", unfenced)
    elif rule == "lease":
        taken = Model.take

        def take(self: Model, number: int) -> Job | None:
            for shard in self._shards(self.runs[number]):
                shard.state = "waiting" if shard.state in ("leased", "done") else shard.state
            return taken(self, number)

        monkeypatch.setattr(Model, "take", take)
    elif rule == "standing":
        monkeypatch.setattr(Model, "_standing_entries", lambda self, who: [])
    else:

        def create(self: Model) -> None:
            self._queue("regular", None)

        monkeypatch.setattr(Model, "create", create)
    with pytest.raises((AssertionError, IndexError)):
        many(400, Counter())
