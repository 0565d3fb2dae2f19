"""What a payout goes through, in memory: queue, leases, people and ledger, as the product should do it and no more.

The clock, what becomes of each message, and where a worker dies are chosen from outside (test_ledger_model.py), which
also does the same to the product on PostgreSQL and compares. Rules only; nothing here is imported from the product but
the arithmetic of a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

LEASE, GRACE, RESEND, FRESH, ATTEMPTS = 420, 5, 10, 5, 3
PAYABLE, UNDECIDED = "payable", "undecided"
ACTIVE = ("queued", "running", "stopping")
OPEN = ("computing", "computed")


class Refused(Exception):
    pass


@dataclass
class Shard:
    state: str = "waiting"
    attempts: int = 0
    lease_until: int = 0
    claim: int = 0


@dataclass
class Run:
    payout: int
    created: int
    state: str = "queued"
    stage: int = -1
    epoch: int = 0
    woken: int | None = None
    shards: list[list[Shard]] = field(default_factory=list)  # by stage, from when the stage was opened


@dataclass
class Line:
    status: str
    amount: Decimal
    standing: Decimal


@dataclass
class Payout:
    kind: str
    scores: Mapping[str, float]
    carries: int | None
    state: str = "computing"
    lines: dict[str, Line] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    summed_up: bool = False

    @property
    def digest(self) -> Any:
        return (
            tuple(sorted((who, line.status, line.amount, line.standing) for who, line in self.lines.items())),
            tuple(sorted(self.decisions.items())),
        )

    def booked(self) -> dict[str, Line]:
        return {
            who: line
            for who, line in self.lines.items()
            if (line.status == PAYABLE and self.decisions.get(who) != "withhold")
            or (line.status == UNDECIDED and self.decisions.get(who) == "pay")
        }


@dataclass(frozen=True)
class Entry:
    payout: int
    who: str
    kind: str
    amount: Decimal
    reverses: int | None = None


@dataclass(frozen=True)
class Job:
    """A shard in somebody's hands."""

    run: int
    epoch: int
    stage: int
    shard: int
    claim: int


class Model:
    """Payouts of one plan for one cycle. Every method is what one transaction does; Refused leaves all as it was."""

    def __init__(
        self, slices: list[list[str]], statuses: Mapping[str, str], price: Callable[[str, float], Decimal]
    ) -> None:
        self.slices, self.statuses, self.price = slices, statuses, price
        self.clock = self.claims = 0
        self.scores = dict.fromkeys(statuses, 100.0)
        self.runs: list[Run] = []
        self.payouts: list[Payout] = []
        self.ledger: list[Entry] = []
        self.outbox: list[int] = []
        self.seen: dict[int, Any] = {}
        self.approved: list[int] = []  # in the order of approval

    # People ---------------------------------------------------------------------------------------------------

    def republish(self, who: str, score: float) -> None:
        self.scores = {**self.scores, who: score}

    def create(self) -> None:
        if any(payout.kind == "regular" and payout.state == "approved" for payout in self.payouts):
            raise Refused
        self._queue("regular", None)

    def correct(self) -> None:
        if not any(payout.state == "approved" for payout in self.payouts):
            raise Refused
        self._queue("adjusting", None)

    def recompute(self, number: int) -> None:
        old = self.payouts[number]
        if old.state not in ("computed", "failed"):
            raise Refused
        if old.kind == "regular" and any(payout.state == "approved" for payout in self.payouts):
            raise Refused
        before = old.state
        if old.state == "computed":
            old.state = "rejected"
        try:
            self._queue(old.kind, number)
        except Refused:
            old.state = before
            raise

    def _queue(self, kind: str, carries: int | None) -> None:
        if any(payout.state in OPEN for payout in self.payouts):
            raise Refused
        if any(run.state in ACTIVE for run in self.runs):
            raise Refused
        self.payouts.append(Payout(kind, self.scores, carries))
        self.runs.append(Run(len(self.payouts) - 1, self.clock))
        self.outbox.append(len(self.runs) - 1)

    def decide(self, number: int, who: str, decision: str) -> None:
        payout = self.payouts[number]
        if payout.state != "computed":
            raise Refused
        payout.decisions[who] = decision

    def look(self, number: int) -> None:
        if self.payouts[number].state == "computed":
            self.seen[number] = self.payouts[number].digest

    def approve(self, number: int, who: str) -> None:
        payout = self.payouts[number]
        undecided = [
            name
            for name, line in payout.lines.items()
            if line.status == UNDECIDED and name not in payout.decisions
        ]
        if who != "payroll" or payout.state != "computed" or undecided:
            raise Refused
        if payout.scores is not self.scores:
            raise Refused  # computed from results that are no longer those that stand
        if self.seen.get(number) != payout.digest or not payout.lines:
            raise Refused
        if any(self.standing(name) != line.standing for name, line in payout.lines.items()):
            raise Refused  # what was approved is no longer what would be booked
        for name, line in sorted(payout.booked().items()):
            self._book(number, payout, name, line)
        payout.state = "approved"
        self.approved.append(number)

    def _book(self, number: int, payout: Payout, who: str, line: Line) -> None:
        if payout.kind == "regular":
            self.ledger.append(Entry(number, who, "earned", line.amount))
            return
        if line.amount == line.standing:
            return
        had = any(entry.who == who and entry.kind == "earned" for entry in self.ledger)
        for place, entry in self._standing_entries(who):
            self.ledger.append(Entry(number, who, "reversal", -entry.amount, place))
        if line.amount:
            self.ledger.append(Entry(number, who, "adjustment" if had else "earned", line.amount))

    def reject(self, number: int) -> None:
        if self.payouts[number].state != "computed":
            raise Refused
        self.payouts[number].state = "rejected"

    def _standing_entries(self, who: str) -> list[tuple[int, Entry]]:
        reversed_ = {entry.reverses for entry in self.ledger}
        return [
            (place, entry)
            for place, entry in enumerate(self.ledger)
            if entry.who == who and entry.kind != "reversal" and place not in reversed_
        ]

    def standing(self, who: str) -> Decimal:
        return sum((entry.amount for entry in self.ledger if entry.who == who), Decimal(0))

    # Runs -----------------------------------------------------------------------------------------------------

    def stop(self, number: int) -> None:
        run = self.runs[number]
        if run.state not in ("queued", "running"):
            raise Refused
        run.state = "stopping"
        run.epoch += 1
        self._settle(run)

    def restart(self, number: int) -> None:
        run = self.runs[number]
        payout = self.payouts[run.payout]
        if run.state not in ("failed", "stopped") or any(other.state in ACTIVE for other in self.runs):
            raise Refused
        against = OPEN if payout.kind == "adjusting" else (*OPEN, "approved")
        if payout.state != "failed" or any(other.state in against for other in self.payouts):
            raise Refused
        for shard in self._shards(run):
            if shard.state != "done":
                shard.state, shard.attempts, shard.claim, shard.lease_until = "waiting", 0, 0, 0
        run.state, run.woken = "queued", None
        run.epoch += 1
        payout.state = "computing"
        self.outbox.append(number)

    def relay(self) -> list[int]:
        sent, self.outbox = self.outbox, []
        return sent

    def take(self, number: int) -> Job | None:
        """What a worker does with a message up to having a shard in its hands."""
        run = self.runs[number]
        if run.state == "queued":
            run.state = "running"
            if run.stage < 0 or all(shard.state == "done" for shard in run.shards[run.stage]):
                self._open(run, run.stage + 1)
        if run.state == "stopping":
            self._settle(run)
        if run.state != "running":
            return None
        for place, shard in enumerate(run.shards[run.stage]):
            expired = shard.state == "leased" and shard.lease_until < self.clock
            if shard.attempts < ATTEMPTS and (shard.state == "waiting" or expired):
                self.claims += 1
                shard.state, shard.claim = "leased", self.claims
                shard.attempts += 1
                shard.lease_until = self.clock + LEASE
                return Job(number, run.epoch, run.stage, place, self.claims)
        return None

    def finish(self, job: Job) -> bool:
        """The shard's transaction; whether more of the run waits for somebody."""
        run = self.runs[job.run]
        payout = self.payouts[run.payout]
        shard = run.shards[job.stage][job.shard]
        fits = run.epoch == job.epoch and run.state == "running"
        if payout.state != "computing":
            if fits and shard.state == "leased" and shard.claim == job.claim:
                self._give_up(run, shard)
        elif fits and shard.state == "leased" and shard.claim == job.claim:
            self._work(payout, job)
            shard.state = "done"
            if all(other.state == "done" for other in run.shards[job.stage]):
                self._open(run, job.stage + 1)
        if run.state == "stopping":
            if shard.state == "leased" and shard.claim == job.claim:
                shard.state, shard.claim = "waiting", 0
            self._settle(run)
        return run.state == "running" and any(other.state == "waiting" for other in run.shards[run.stage])

    def _work(self, payout: Payout, job: Job) -> None:
        if job.stage == 0:
            for who in self.slices[job.shard]:
                payout.lines[who] = Line(
                    self.statuses[who], self.price(who, payout.scores[who]), self.standing(who)
                )
            return
        if payout.carries is not None:
            for who, decision in self.payouts[payout.carries].decisions.items():
                line = payout.lines[who]
                if who not in payout.decisions and (line.status == UNDECIDED or decision == "withhold"):
                    payout.decisions[who] = decision
        payout.summed_up = True

    def _open(self, run: Run, stage: int) -> None:
        if stage > 1:
            run.state = "done"
            self.payouts[run.payout].state = "computed"
            return
        run.stage = stage
        run.shards.append([Shard() for _slice in (self.slices if stage == 0 else [None])])

    def _shards(self, run: Run) -> list[Shard]:
        return [shard for stage in run.shards for shard in stage]

    def _settle(self, run: Run) -> None:
        for shard in self._shards(run):
            if shard.state == "leased" and shard.lease_until < self.clock:
                shard.state, shard.claim = "waiting", 0
        if not any(shard.state == "leased" for shard in self._shards(run)):
            run.state = "stopped"
            self._fail(run)

    def _fail(self, run: Run) -> None:
        if self.payouts[run.payout].state == "computing":
            self.payouts[run.payout].state = "failed"

    def _give_up(self, run: Run, shard: Shard) -> None:
        shard.state = "failed"
        run.epoch += 1
        run.state = "failed"
        for other in self._shards(run):
            if other.state == "leased":
                other.state, other.claim = "waiting", 0
        self._fail(run)

    def sweep(self) -> list[int]:
        """What lost its worker is given back or given up; which runs are sent again."""
        for run in self.runs:
            for shard in self._shards(run):
                # A claim of some seconds that nobody holds. In these sequences nobody holds one outside `finish`.
                if (
                    run.state == "running"
                    and shard.state == "leased"
                    and shard.lease_until < self.clock + LEASE - GRACE
                ):
                    if shard.attempts >= ATTEMPTS:
                        self._give_up(run, shard)
                    else:
                        shard.state, shard.claim = "waiting", 0
            if run.state == "stopping":
                self._settle(run)
        sent = []
        for number, run in enumerate(self.runs):
            rested = run.woken is None or run.woken < self.clock - RESEND
            leased = any(shard.state == "leased" for shard in self._shards(run))
            if (
                run.state in ("queued", "running")
                and rested
                and not leased
                and run.created < self.clock - FRESH
            ):
                run.woken = self.clock
                sent.append(number)
        return sent

    # What must hold, always -----------------------------------------------------------------------------------

    def check(self) -> None:
        reversed_ = [entry.reverses for entry in self.ledger if entry.reverses is not None]
        assert len(reversed_) == len(set(reversed_)), "one entry is reversed twice"
        for who in self.statuses:
            own = [entry for entry in self.ledger if entry.who == who]
            assert sum(entry.kind == "earned" for entry in own) <= 1, f"{who} earned twice"
            standing = self._standing_entries(who)
            assert len(standing) <= 1, f"{who} is paid twice"
            assert self.standing(who) == sum((entry.amount for _place, entry in standing), Decimal(0))
        owed: dict[str, Decimal] = {}
        for number in self.approved:
            payout = self.payouts[number]
            booked = payout.booked()
            for who, line in payout.lines.items():
                if who in booked:
                    owed[who] = line.amount
                else:
                    pending = line.status == UNDECIDED or payout.decisions.get(who) == "withhold"
                    assert pending, f"{who} is neither paid nor visibly pending"
            found = sum((entry.amount for entry in self.ledger if entry.payout == number), Decimal(0))
            assert found == sum((line.amount - line.standing for line in booked.values()), Decimal(0))
        for who in self.statuses:
            assert self.standing(who) == owed.get(who, Decimal(0)), f"{who} is not paid what was approved"
        for number, payout in enumerate(self.payouts):
            if payout.state != "approved":
                assert not any(entry.payout == number for entry in self.ledger), "booked without approval"
            if payout.state in ("computed", "approved"):
                assert set(payout.lines) == set(self.statuses), "half a run is shown as computed"
                assert payout.summed_up
        assert sum(payout.state in OPEN for payout in self.payouts) <= 1
        assert sum(payout.kind == "regular" and payout.state == "approved" for payout in self.payouts) <= 1
