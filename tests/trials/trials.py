"""The trials themselves: disturb a run at a named point, let it heal, compare the outcome with an undisturbed run's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db import connection

from config.alive import LIMITS
from foundation.refusals import Refusal, refusal_text
from foundation.runs import outbox
from foundation.runs import services as runs
from foundation.runs.models import Run, Shard
from foundation.runs.states import database_clock
from incentives.models import LedgerEntry, PayoutRun
from incentives.services.payout_runs import approve_payout
from operations.models import Canary
from reviews.models import Judgement, ScoreSheet
from reviews.services.judgements import save_judgement, submit_sheets
from tests.trials.stage import ROOT, Stage, patience
from tests.trials.world import SIZE, World

KINDS = ("scoring", "import", "payout")
POINTS = ("planned", "claimed", "worked", "closed", "committed")
#: The lease of the trials and a minute, as the trials' pass mark says.
HEALED_SECONDS = 67.0
CANARY_SECONDS = 30.0
WATCHDOG_SECONDS = 120.0


@dataclass
class Outcome:
    trial: str
    what: str
    seconds: float = 0.0
    error: str = ""


class Trials:
    """`run(names, reduced)` yields one Outcome a disturbance. The worker and beat run throughout, and are replaced when
    a trial has ended them."""

    def __init__(self, stage: Stage, world: World, seed: int = 0) -> None:
        self.seed = seed
        self.stage = stage
        self.world = world
        self.expected: dict[str, str] = {}

    def prepare(self) -> None:
        """Undisturbed runs: their outcomes are what every other is compared with."""
        self.stage.start("worker")
        self.stage.start("beat")
        run = runs.start_run(
            actor=self.world.hr,
            kind="scoring",
            scope=f"cycle:{self.world.paid.pk}",
            parameters={"cycle": self.world.paid.pk, "configuration": self.world.paid.fingerprint},
            fingerprint=_mark(self.world.paid),
        )
        self._done(run)
        self.world.release_paid()
        for kind in KINDS:
            first = self._undisturbed(kind)
            assert self._undisturbed(kind) == first, f"two undisturbed runs of {kind} differ"
            self.expected[kind] = first

    def _undisturbed(self, kind: str) -> str:
        run = self.world.start(kind)
        self._done(run)
        assert self.world.attempts(run) == 1
        return self.world.outcome(kind, run)

    def run(self, names: list[str], *, reduced: bool) -> Iterator[Outcome]:
        for name in names:
            for what, trial in getattr(self, f"trial_{name}")(reduced):
                self.stage.clear()
                outcome = Outcome(name, what)
                began, read = time.monotonic(), self.stage.log("worker").stat().st_size
                try:
                    trial()
                except (AssertionError, Refusal, OSError) as error:
                    trouble = self.stage.troubles("worker", after=read)
                    outcome.error = f"{type(error).__name__}: {error}\n{trouble}"
                outcome.seconds = time.monotonic() - began
                self._mend()
                yield outcome

    # What trials are made of ----------------------------------------------------------------------------------

    def _done(self, run: Run, seconds: float = HEALED_SECONDS, state: str = Run.State.DONE) -> Run:
        found: list[Run] = []

        def over() -> bool:
            with patience():
                seen = Run.objects.get(pk=run.pk)
                found[:] = [seen]
                return not seen.is_active
            return False

        self.stage.until(over, seconds, f"the run of {run.kind} is over")
        assert found[0].state == state, (
            f"{found[0].state}, not {state}: {found[0].error_code} {found[0].error_params}"
        )
        return found[0]

    def _same(self, kind: str, run: Run, *, attempts: int = 3) -> None:
        self._done(run)
        found = self.world.attempts(run)
        assert found <= attempts, f"a shard was tried {found} times"
        outcome = self.world.outcome(kind, run)
        assert outcome == self.expected[kind], f"{outcome}, not {self.expected[kind]}"

    def _mend(self) -> None:
        """Whatever a trial has broken, for the next one."""
        self.stage.clear()
        self.stage.servers.revive()
        with patience(), contextlib.suppress(Refusal):
            for run in Run.objects.filter(kind__in=KINDS, state__in=Run.ACTIVE):  # only after a failed trial
                runs.stop_run(actor=None, run=run)
        if "worker" not in self.stage.processes or self.stage.has_ended("worker"):
            self.stage.restart_worker()
        if "beat" not in self.stage.processes or self.stage.has_ended("beat"):
            self.stage.processes.pop("beat", None)
            self.stage.start("beat")

    def _disturbed(self, kind: str, point: str, action: str, then: Callable[[], None] | None = None) -> None:
        self.stage.at(point, action, kind)
        run = self.world.start(kind)
        if then:
            then()
        self._same(kind, run)
        assert self.stage.was_reached(point), f"nobody came to {point}"

    # R: runs and workers --------------------------------------------------------------------------------------

    def trial_R1(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """A process of the pool is killed at each step."""
        cases = [(kind, point) for kind in KINDS for point in POINTS]
        for kind, point in [("scoring", "closed")] if reduced else cases:
            yield f"{kind}: kill at {point}", lambda k=kind, p=point: self._disturbed(k, p, "kill")
        if not reduced:
            yield "killed each time: fails, says why, starts again", self._killed_for_ever

    def _killed_for_ever(self) -> None:
        self.stage.at("worked", "kill-always", "scoring")
        run = self.world.start("scoring")
        failed = self._done(run, 3 * HEALED_SECONDS, Run.State.FAILED)
        text = refusal_text(failed.error_code, failed.error_params)
        assert failed.error_code == "run_worker_lost", failed.error_code
        assert text, "nothing for a person to read"
        assert text != failed.error_code, "a code is no sentence"
        self.stage.clear()
        runs.restart_run(actor=self.world.hr, run=failed)
        self._same("scoring", run)

    def trial_R2(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """The worker's main process is killed; whoever supervises it starts another."""

        def trial(kind: str, point: str) -> None:
            self._disturbed(kind, point, "kill-parent", then=self._replace_worker)

        for kind, point in (
            [("scoring", "worked")] if reduced else [(k, p) for k in KINDS for p in ("claimed", "closed")]
        ):
            yield f"{kind}: main process killed at {point}", lambda k=kind, p=point: trial(k, p)

    def _replace_worker(self) -> None:
        self.stage.until(lambda: self.stage.has_ended("worker"), 60, "the main process is gone")
        self.stage.restart_worker()

    def trial_R3(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """The task outlives the broker's visibility timeout and is delivered again while it runs."""

        def trial() -> None:
            # Its other limits as in operation, or they would end the task first.
            limits = {"TRIAL_LEASE_SECONDS": "120", "TRIAL_TASK_SECONDS": "30"}
            self.stage.restart_worker(TRIAL_VISIBILITY_SECONDS="2", TRIAL_SLOW="1.5", **limits)
            try:
                run = self.world.start("scoring")
                self._same("scoring", run, attempts=1)
            finally:
                self.stage.restart_worker()

        def killed() -> None:
            self.stage.restart_worker(TRIAL_LEASE_SECONDS="420")
            try:
                self._disturbed("scoring", "worked", "kill")
            finally:
                self.stage.restart_worker()

        if not reduced:
            yield "scoring of 10 s, visibility timeout of 2 s", trial
            yield "scoring: a process killed under a lease of seven minutes", killed

    def trial_R4(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Connections to Valkey are cut, and Valkey is restarted empty, while a run is computed."""
        random = Random(self.seed)

        def trial(kind: str, disturb: Callable[[], object]) -> None:
            run = self.world.start(kind)
            self.stage.until(lambda: _has_begun(run), CANARY_SECONDS, "the run has begun")
            disturb()
            self._sings()
            self._same(kind, run)

        cuts, restarts = (2, 1) if reduced else (50, 20)
        for number in range(1, cuts + 1):
            kind = KINDS[number % 3]
            yield (
                f"{kind}: CLIENT KILL of whoever it hits ({number})",
                lambda k=kind: trial(k, lambda: self.stage.kill_client(random)),
            )
        for number in range(1, restarts + 1):
            kind = KINDS[number % 3]
            yield (
                f"{kind}: Valkey killed and started empty ({number})",
                lambda k=kind: trial(k, self.stage.restart_valkey),
            )

    def _sings(self) -> None:
        """The canary that is asked for now writes its row within half a minute; else the watchdog, which knows the
        worker by its signs of life alone, must have started another within two."""
        asked = database_clock()
        self.stage.until(
            lambda: outbox.send_task("operations.tasks.canary"), CANARY_SECONDS, "Valkey takes a task again"
        )

        def sung() -> bool:
            return Canary.objects.filter(written_at__gt=asked).exists()

        try:
            self.stage.until(sung, CANARY_SECONDS, "the canary has sung")
        except AssertionError:
            self.stage.until(
                lambda: self.stage.silence("worker") > LIMITS["worker"],
                WATCHDOG_SECONDS,
                "silence is noticed",
            )
            self.stage.restart_worker()
            outbox.send_task("operations.tasks.canary")
            self.stage.until(sung, CANARY_SECONDS, "the canary sings after a restart")

    def trial_R5(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Valkey loses everything in mid-run."""

        def trial(kind: str) -> None:
            self.stage.at("claimed", "hold", kind)
            run = self.world.start(kind)
            self.stage.wait_held("claimed")
            self.stage.flush_valkey()
            self.stage.release("claimed")
            self._same(kind, run)

        def before_anybody_looked() -> None:
            os.kill(self.stage.processes["worker"].pid, signal.SIGSTOP)
            try:
                run = self.world.start("scoring")
                self.stage.flush_valkey()
            finally:
                os.kill(self.stage.processes["worker"].pid, signal.SIGCONT)
            self._same("scoring", run)

        for kind in ("scoring",) if reduced else KINDS:
            yield f"{kind}: FLUSHALL while a shard is worked", lambda k=kind: trial(k)
        if not reduced:
            yield "scoring: FLUSHALL before anybody took the message", before_anybody_looked

    def trial_R6(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """A shard hangs until the soft limit, and one that does not listen until the hard limit."""
        if not reduced:
            yield "scoring: soft time limit", lambda: self._disturbed("scoring", "worked", "sleep")
            yield "scoring: hard time limit", lambda: self._disturbed("scoring", "worked", "deaf")
            yield "import: soft time limit", lambda: self._disturbed("import", "worked", "sleep")
            yield "payout: hard time limit", lambda: self._disturbed("payout", "closed", "deaf")

    def trial_R7(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Two beats at once: every job is sent twice at the same moment."""

        def trial(kind: str) -> None:
            self.stage.start("beat2")
            try:
                self.stage.until(
                    lambda: b"Sending due task" in self.stage.log("beat2").read_bytes(), 120, "a second beat"
                )
                before = Run.objects.filter(kind=kind).count()
                for _time in range(1 if reduced else 4):
                    run = self.world.start(kind)
                    self._same(kind, run, attempts=1)
                    before += 1
                assert Run.objects.filter(kind=kind).count() == before, "a run more than was asked for"
                assert Canary.objects.count() <= 1
            finally:
                self.stage.end("beat2")

        for kind in ("payout",) if reduced else KINDS:
            yield f"{kind}: under two beats", lambda k=kind: trial(k)

    def trial_R8(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """A crash between COMMIT and the message: nobody is told, only the row says so."""

        def unsent(kind: str) -> None:
            hint, outbox.send_hint = outbox.send_hint, lambda: None
            try:
                run = self.world.start(kind)
            finally:
                outbox.send_hint = hint
            self._same(kind, run, attempts=1)

        for kind in ("payout",) if reduced else KINDS:
            yield f"{kind}: the server dies after COMMIT, before sending", lambda k=kind: unsent(k)
        if not reduced:
            yield (
                "scoring: the relay dies after sending, before COMMIT",
                lambda: self._disturbed("scoring", "relaying", "kill"),
            )

    def trial_R9(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """PostgreSQL is stopped at once; no worker is restarted."""

        def trial(kind: str, point: str) -> None:
            worker = self.stage.processes["worker"].pid
            self.stage.at(point, "hold", kind)
            run = self.world.start(kind)
            self.stage.wait_held(point)
            connection.close()
            self.stage.crash_postgres()
            with patience():
                published = self.world.cycle.__class__.objects.get(pk=self.world.cycle.pk).published_run_id
                assert published != run.pk, "half a run is published"
            self.stage.release(point)
            self._same(kind, run)
            assert self.stage.processes["worker"].pid == worker
            assert not self.stage.has_ended("worker"), "the worker had to be restarted"

        full = [
            (KINDS[number % 3], ("claimed", "worked", "closed", "committed")[number // 3 % 4])
            for number in range(20)
        ]
        for number, (kind, point) in enumerate([("scoring", "closed")] if reduced else full, 1):
            yield f"{kind}: PostgreSQL stopped at {point} ({number})", lambda k=kind, p=point: trial(k, p)

    def trial_R10(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every task comes twice."""

        def trial(kind: str, how: str) -> None:
            (self.stage.points / f"every-task-{how}").touch()
            before = Run.objects.exclude(kind="kpi_values").count()
            run = self.world.start(kind)
            self._same(kind, run, attempts=1)
            time.sleep(1.0)  # what came twice may still be under way
            others = Run.objects.exclude(kind="kpi_values").count()
            assert others <= before + 1, "a second run was made"
            assert not Shard.objects.filter(run=run).exclude(state=Shard.State.DONE).exists()

        for how in ("parallel",) if reduced else ("parallel", "series"):
            for kind in ("scoring",) if reduced else KINDS:
                yield f"{kind}: every task twice, in {how}", lambda k=kind, h=how: trial(k, h)

    def trial_R12(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """The worker's clock is an hour off: leases are the database's business, so none is stolen or given back."""

        def trial(kind: str, seconds: int) -> None:
            # A lease that a busy machine cannot outlast while the shard is held.
            self.stage.restart_worker(TRIAL_CLOCK_SECONDS=str(seconds), TRIAL_LEASE_SECONDS="90")
            try:
                self.stage.at("worked", "hold", kind)
                run = self.world.start(kind)
                self.stage.wait_held("worked")
                # The other process has the same clock and looks for work all the while, and so does this one, whose
                # clock is right.
                ends = time.monotonic() + 4
                while time.monotonic() < ends:
                    outbox.send_task(runs.ADVANCE, run_id=str(run.pk))
                    outbox.send_task("foundation.runs.tasks.sweep")
                    runs.sweep_runs(lambda _run: None)
                    time.sleep(0.5)
                self.stage.release("worked")
                self._same(kind, run, attempts=1)
            finally:
                self.stage.restart_worker()

        cases = [(kind, seconds) for kind in KINDS for seconds in (3600, -3600)]
        for kind, seconds in [] if reduced else cases:
            yield (
                f"{kind}: the worker's clock is an hour {'fast' if seconds > 0 else 'slow'}",
                lambda k=kind, s=seconds: trial(k, s),
            )

    def trial_stolen(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """A process stands still past its lease, wakes up and goes on: its work must be void."""

        def trial(kind: str) -> None:
            self.stage.at("worked", "hold", kind)
            run = self.world.start(kind)
            process = self.stage.wait_held("worked")
            os.kill(process, signal.SIGSTOP)
            other = threading.Thread(target=_work, args=(run,))
            try:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE runs_shard SET lease_until = clock_timestamp() - interval '1 s'"
                        " WHERE run_id = %s AND state = 'leased'",
                        [run.pk],
                    )
                other.start()
                self.stage.until(
                    lambda: Shard.objects.filter(run=run, attempts__gt=1).exists(),
                    30,
                    "another takes the shard",
                )
            finally:
                self.stage.release("worked")
                os.kill(process, signal.SIGCONT)
            other.join()
            self._same(kind, run)

        for kind in ("scoring",) if reduced else ("scoring", "payout"):
            yield f"{kind}: a process sleeps through its lease and goes on", lambda k=kind: trial(k)

    def trial_stopped(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Somebody presses stop while the last shard is worked: nothing of it may be published afterwards."""

        def trial(kind: str, stage: str) -> None:
            point = f"worked-{stage}"
            self.stage.at(point, "hold", kind)
            run = self.world.start(kind)
            self.stage.wait_held(point)
            runs.stop_run(actor=self.world.hr, run=run)
            self.stage.release(point)
            stopped = self._done(run, state=Run.State.STOPPED)
            runs.restart_run(actor=self.world.hr, run=stopped)
            self._same(kind, run)

        stages = [
            ("scoring", "overall"),
            ("payout", "summary"),
            ("import", "store"),
            ("scoring", "components"),
        ]
        for kind, stage in stages[:1] if reduced else stages:
            yield (
                f"{kind}: stopped while {stage} is worked, then started again",
                lambda k=kind, s=stage: trial(k, s),
            )

    # F: money and people at once ------------------------------------------------------------------------------

    def trial_F2(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Exit before and after each COMMIT of a task."""

        def trial(kind: str, point: str) -> None:
            self.stage.at(point, "exit", kind)
            run = self.world.start(kind)
            self._same(kind, run)

        numbers = {"scoring": 12, "payout": 10, "import": 3}
        cases = [
            (k, f"commit-{n}{when}")
            for k, most in numbers.items()
            for n in range(1, most + 1)
            for when in ("", "-done")
        ]
        for kind, point in [("payout", "commit-3-done")] if reduced else cases:
            yield f"{kind}: exit at {point}", lambda k=kind, p=point: trial(k, p)

    def trial_F3(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Two at a barrier: two approvers of one payout run, two people who start the same computation."""

        def approvers() -> None:
            run = self._done(self.world.start("payout"))
            payout = PayoutRun.objects.get(run=run)
            answers = _at_once(
                lambda: approve_payout(
                    actor=self.world.payroll, payout_run=payout, seen_digest=payout.content_digest
                ),
                lambda: approve_payout(
                    actor=self.world.second_payroll, payout_run=payout, seen_digest=payout.content_digest
                ),
            )
            _one_wins(answers)
            assert LedgerEntry.objects.filter(payout_run=payout).count() == SIZE, "booked twice"

        def starters() -> None:
            answers = _at_once(lambda: self.world.start("scoring"), lambda: self.world.start("scoring"))
            _one_wins(answers)
            run = next(answer for answer in answers if isinstance(answer, Run))
            self._same("scoring", run)

        for number in range(1, (2 if reduced else 50) + 1):
            yield f"two approvers at once ({number})", approvers
        for number in range(1, (1 if reduced else 10) + 1):
            yield f"two start the same computation ({number})", starters

    def trial_F5(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Two tabs, and an autosave that comes after the form was handed in."""

        def trial() -> None:
            sheet = ScoreSheet.objects.filter(participant__cycle=self.world.cycle, state="draft").order_by(
                "pk"
            )[0]
            before = Judgement.objects.filter(sheet=sheet).values_list("version", flat=True).first() or 0

            def save(level: int) -> Any:
                return save_judgement(
                    actor=sheet.rater, sheet_id=sheet.pk, item="courtesy", version=before, level=level
                )

            answers = _at_once(lambda: save(2), lambda: save(3))
            _one_wins(answers)
            kept = Judgement.objects.get(sheet=sheet)
            assert kept.version == before + 1
            submit_sheets(actor=sheet.rater, sheet_ids=[sheet.pk])
            late = _answer(
                lambda: save_judgement(
                    actor=sheet.rater, sheet_id=sheet.pk, item="courtesy", version=kept.version, level=5
                )
            )
            assert isinstance(late, Refusal), "a late autosave changed a form that was handed in"
            assert Judgement.objects.get(sheet=sheet).level == kept.level
            # The cycle as it was, for the trials that compare scores.
            Judgement.objects.filter(sheet=sheet).delete()
            ScoreSheet.objects.filter(pk=sheet.pk).update(state="draft", submitted_at=None)

        for number in range(1, (2 if reduced else 50) + 1):
            yield f"two tabs, then a late autosave ({number})", trial

    # What a person sees, and the payout as a model -----------------------------------------------------------------

    def trial_F1(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """Random lives of a payout: in memory, and some of them on PostgreSQL in step with the model."""

        def lives(which: str) -> None:
            chosen = {
                "TRIAL_SEED": str(self.seed),
                "TRIAL_SEQUENCES": "2000",
                "TRIAL_SEQUENCES_POSTGRES": "200",
            }
            own = (
                "DATABASE_URL",
                "MIGRATION_DATABASE_URL",
                "REDIS_URL",
                "DJANGO_SETTINGS_MODULE",
                "MEDIA_ROOT",
            )
            environment = {name: value for name, value in os.environ.items() if name not in own}
            answer = subprocess.run(
                [sys.executable, "-m", "pytest", f"tests/incentives/test_ledger_model.py::{which}", "-q"],
                env=environment | chosen,
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-1000:]

        if not reduced:
            yield "2,000 sequences in memory", lambda: lives("test_in_memory")
            yield "200 of them on PostgreSQL, step by step", lambda: lives("test_on_postgresql")

    def trial_browser(self, reduced: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """`make demo`, a person at a browser, and somebody who kills its processes one after the other."""
        if reduced:
            return
        from tests.trials import healing

        # Playwright runs an event loop in this thread, in which Django would refuse to ask the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        with healing.watched() as (demonstration, watching):
            for number, victim in enumerate(healing.VICTIMS):
                kind = tuple(healing.GATES)[number % 2]
                yield (
                    f"{kind}: {victim} is killed",
                    lambda v=victim, k=kind: healing.kill(v, k, demonstration, watching),
                )
            yield (
                "scoring: given up, started again",
                lambda: healing.give_up("scoring", demonstration, watching),
            )
            yield "payout: stopped, started again", lambda: healing.stop("payout", demonstration, watching)


def _has_begun(run: Run) -> bool:
    return Run.objects.filter(pk=run.pk).exclude(state=Run.State.QUEUED).exists()


def _work(run: Run) -> None:
    """As one more worker would, on a connection of its own."""
    try:
        runs.execute(run.pk)
    finally:
        connection.close()


def _mark(cycle: Any) -> str:
    from reviews.selectors.freshness import inputs_mark

    return inputs_mark(cycle)


def _answer(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Refusal as refusal:
        return refusal


def _at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call answers, or the refusal; they start at the same moment on connections of their own."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def work(place: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            answers[place] = _answer(call)
        except Exception as error:
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _one_wins(answers: list[Any]) -> None:
    others = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(others) == len(answers) - 1, f"{len(answers) - len(others)} won: {answers}"
    assert all(isinstance(other, Refusal) and other.status == 409 for other in others), others


NAMES = [name.removeprefix("trial_") for name in vars(Trials) if name.startswith("trial_")]
