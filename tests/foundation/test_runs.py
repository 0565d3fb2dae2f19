"""Durable runs: the life of one, and everything that may go wrong with its workers."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs import registry, services, working
from foundation.runs.models import OutboxMessage, Run, Shard
from foundation.runs.presentation import describe, problem_of
from foundation.runs.states import database_clock
from people.models import RoleGrant, User
from tests.cast import Cast
from tests.foundation.conftest import CountingHandler, worked

pytestmark = pytest.mark.django_db


def start(actor: Any = None, scope: str = "thing:1", **more: Any) -> Run:
    return services.start_run(actor=actor, kind="counting", scope=scope, **more)


def expire_leases(run: Run) -> None:
    run.shards.filter(state=Shard.State.LEASED).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_run_goes_through_its_stages_and_ends_done(handler: CountingHandler, cast: Cast) -> None:
    run = start(cast.hr, parameters={"on": timezone.localdate()})
    assert run.state == Run.State.QUEUED
    assert OutboxMessage.objects.filter(topic="run.queued", payload={"run_id": str(run.pk)}).count() == 1

    ended = services.execute(run.pk)

    assert ended is not None
    assert ended.state == Run.State.DONE
    assert ended.progress == 1.0
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert worked() == [("gather", 0), ("gather", 1), ("gather", 2), ("rank", 0)]
    assert [call[:2] for call in handler.calls if call[0] in ("plan", "finish")] == [
        ("plan", "gather"),
        ("plan", "rank"),
        ("finish", "rank"),
    ]


def test_a_second_delivery_changes_nothing(handler: CountingHandler) -> None:
    run = start()
    services.execute(run.pk)
    before = list(handler.calls)
    services.execute(run.pk)
    services.execute(run.pk)
    assert handler.calls == before
    assert len(worked()) == 4


def test_stages_without_shards_are_passed(handler: CountingHandler) -> None:
    handler.shards = {"gather": 0, "rank": 0}
    run = services.execute(start().pk)
    assert run is not None
    assert run.state == Run.State.DONE
    assert handler.count("work") == 0
    assert handler.count("finish") == 1


def test_a_run_that_does_not_exist_is_nobodys_business() -> None:
    assert services.execute("00000000-0000-0000-0000-000000000000") is None


def test_one_official_run_at_a_time(handler: CountingHandler) -> None:
    run = start()
    with pytest.raises(Refusal) as refused:
        start()
    assert (refused.value.code, refused.value.status) == ("run_active", 409)
    assert Run.objects.count() == 1
    start(scope="thing:2")
    start(purpose=Run.Purpose.PREVIEW)
    start(purpose=Run.Purpose.PREVIEW)
    services.execute(run.pk)
    assert start().pk != run.pk  # the first one is over


def test_the_database_itself_holds_one_official_run(handler: CountingHandler) -> None:
    start()
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(kind="counting", scope="thing:1", stages=["gather"])


class TestFailure:
    def test_an_error_is_tried_again_and_its_work_is_rolled_back(self, handler: CountingHandler) -> None:
        def once(run: Run, stage: str, key: dict) -> None:
            if key["part"] == 1 and handler.calls.count(("work", "gather", 1)) == 1:
                raise RuntimeError("disk on fire")

        handler.trouble = once
        run = services.execute(start().pk)
        assert run is not None
        assert run.state == Run.State.DONE
        assert sorted(worked()) == [("gather", 0), ("gather", 1), ("gather", 2), ("rank", 0)]
        assert run.shards.get(stage="gather", number=1).attempts == 2

    def test_after_three_attempts_the_run_fails_with_a_reference_into_the_log(
        self, handler: CountingHandler, caplog: pytest.LogCaptureFixture
    ) -> None:
        def always(run: Run, stage: str, key: dict) -> None:
            if key["part"] == 0:
                raise RuntimeError("salary 12345 cannot be read")

        handler.trouble = always
        run = services.execute(start().pk)
        assert run is not None
        assert run.state == Run.State.FAILED
        assert run.error_code == "internal_error"
        assert run.error_params["reference"] in caplog.text
        assert run.error_params["reference"] in problem_of(run)
        assert "12345" not in problem_of(run)
        assert handler.calls.count(("work", "gather", 0)) == 3
        assert handler.count("fail") == 1
        assert handler.count("finish") == 0

    def test_a_refusal_fails_at_once_and_says_why(self, handler: CountingHandler) -> None:
        def refuse(run: Run, stage: str, key: dict) -> None:
            raise Refusal("run_too_slow", attempts=7)

        handler.trouble = refuse
        run = services.execute(start().pk)
        assert run is not None
        assert (run.state, run.error_code, run.error_params) == (
            Run.State.FAILED,
            "run_too_slow",
            {"attempts": 7},
        )
        assert handler.count("work") == 1
        assert worked() == []

    @pytest.mark.parametrize("whose", ["server", "own"])
    def test_a_full_disk_is_named(self, handler: CountingHandler, whose: str) -> None:
        def full(run: Run, stage: str, key: dict) -> None:
            if whose == "own":
                raise OSError(errno.ENOSPC, "No space left on device")
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$")

        handler.trouble = full
        run = services.execute(start().pk)
        assert run is not None
        assert (run.state, run.error_code) == (Run.State.FAILED, "run_disk_full")
        assert "disk is full" in problem_of(run)
        assert handler.count("finish") == 0
        assert worked() == []

    def test_a_plan_that_cannot_be_made_fails_the_run(
        self, handler: CountingHandler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def plan(run: Run, stage: str) -> list[dict]:
            raise RuntimeError("no")

        monkeypatch.setattr(handler, "plan", plan)
        run = start()
        states = [services.execute(run.pk).state for _attempt in range(3)]  # type: ignore[union-attr]
        assert states == [Run.State.QUEUED, Run.State.QUEUED, Run.State.FAILED]
        assert handler.count("fail") == 1

    def test_a_refused_plan_of_a_later_stage_keeps_the_last_shard_open(
        self, handler: CountingHandler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = handler.plan

        def second(run: Run, stage: str) -> list[dict]:
            if stage == "rank":
                raise Refusal("run_too_slow", attempts=1)
            return plan(run, stage)

        monkeypatch.setattr(handler, "plan", second)
        run = services.execute(start().pk)
        assert run is not None
        assert run.state == Run.State.FAILED
        assert worked() == [("gather", 0), ("gather", 1)]

    def test_an_unknown_kind_fails_rather_than_waiting_for_ever(self, handler: CountingHandler) -> None:
        run = start()
        registry.unregister("counting")
        ended = services.execute(run.pk)
        registry.register(handler)
        assert ended is not None
        assert (ended.state, ended.error_code) == (Run.State.FAILED, "run_kind_unknown")

    def test_a_failed_run_starts_again_where_it_ended(self, handler: CountingHandler, cast: Cast) -> None:
        def refuse(run: Run, stage: str, key: dict) -> None:
            if key["part"] == 1:
                raise Refusal("run_too_slow", attempts=1)

        handler.trouble = refuse
        run = services.execute(start(cast.hr).pk)
        assert run is not None
        handler.trouble = None
        again = services.restart_run(actor=cast.hr, run=run)
        assert (again.state, again.error_code) == (Run.State.QUEUED, "")
        ended = services.execute(run.pk)
        assert ended is not None
        assert ended.state == Run.State.DONE
        assert handler.calls.count(("plan", "gather", None)) == 1
        assert handler.calls.count(("work", "gather", 0)) == 1
        assert handler.count("restart") == 1

    def test_a_failed_run_does_not_start_again_beside_a_newer_one(
        self, handler: CountingHandler, cast: Cast
    ) -> None:
        handler.trouble = lambda run, stage, key: (_ for _ in ()).throw(Refusal("run_too_slow", attempts=1))
        failed = services.execute(start(cast.hr).pk)
        start(cast.hr)
        assert failed is not None
        with pytest.raises(Refusal) as refused:
            services.restart_run(actor=cast.hr, run=failed)
        assert refused.value.code == "run_active"
        failed.refresh_from_db()
        assert failed.state == Run.State.FAILED


class TestLeases:
    def test_a_shard_in_work_is_not_given_to_anyone_else(self, handler: CountingHandler) -> None:
        handler.shards = {"gather": 1, "rank": 0}
        run = start()
        seen = []

        def meanwhile(run: Run, stage: str, key: dict) -> None:
            seen.append(working._claim(run, "somebody else"))

        handler.trouble = meanwhile
        services.execute(run.pk)
        assert seen == [None]

    def test_work_under_a_lease_that_was_taken_over_is_void(self, handler: CountingHandler) -> None:
        """While one worker is in the middle of a shard its lease runs out and another takes the shard."""
        handler.shards = {"gather": 1, "rank": 0}
        run = start()
        taken = []

        def lose(run: Run, stage: str, key: dict) -> None:
            if not taken:
                expire_leases(run)
                taken.append(working._claim(run, "thief"))

        handler.trouble = lose
        services.execute(run.pk)
        run.refresh_from_db()
        # The claim was part of the transaction that is void, so the shard is waited for, and done by the next worker.
        assert taken[0] is not None
        assert run.state in (Run.State.RUNNING, Run.State.DONE)
        assert len(worked()) <= 1

    def test_a_lost_worker_costs_one_attempt(self, handler: CountingHandler) -> None:
        run = start()
        working._begin(run)
        run.refresh_from_db()
        dead = working._claim(run, "killed")
        assert dead is not None
        expire_leases(run)
        ended = services.execute(run.pk)
        assert ended is not None
        assert ended.state == Run.State.DONE
        assert run.shards.get(pk=dead.pk).attempts == 2
        assert worked().count(("gather", dead.number)) == 1

    def test_a_worker_lost_three_times_fails_the_run(self, handler: CountingHandler) -> None:
        run = start()
        working._begin(run)
        run.refresh_from_db()
        for _attempt in range(3):
            assert working._claim(run, "killed").number == 0  # type: ignore[union-attr]
            expire_leases(run)
        services.sweep_runs(lambda run: None)
        run.refresh_from_db()
        assert (run.state, run.error_code, run.error_params) == (
            Run.State.FAILED,
            "run_worker_lost",
            {"attempts": 3},
        )
        assert handler.count("fail") == 1
        assert "3" in problem_of(run)

    def test_the_sweep_gives_back_expired_leases_and_sends_the_run_again(
        self, handler: CountingHandler
    ) -> None:
        run = start()
        working._begin(run)
        run.refresh_from_db()
        working._claim(run, "killed")
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=5))
        sent: list[Any] = []
        services.sweep_runs(lambda run: sent.append(run.pk))
        assert sent == []  # somebody is at work

        expire_leases(run)
        services.sweep_runs(lambda run: sent.append(run.pk))
        assert sent == [run.pk]
        assert not run.shards.filter(state=Shard.State.LEASED).exists()

        services.sweep_runs(lambda run: sent.append(run.pk))
        assert sent == [run.pk]  # not again at once: the queue may only be long

    def test_the_sweep_leaves_what_is_over_alone(self, handler: CountingHandler) -> None:
        run = start()
        services.execute(run.pk)
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=5))
        assert services.sweep_runs(lambda run: pytest.fail("sent")) == 0

    def test_a_budget_ends_the_loop_and_leaves_the_rest(self, handler: CountingHandler) -> None:
        run = services.execute(start().pk, budget_seconds=0)
        assert run is not None
        assert run.state == Run.State.RUNNING
        assert services.has_claimable(run)


class TestClocks:
    """Leases are counted by the database's clock, so what a worker believes the time to be does not matter."""

    @pytest.mark.parametrize(
        "believed",
        [
            pytest.param(timedelta(hours=1), id="an hour fast"),
            pytest.param(timedelta(hours=-1), id="an hour slow"),
            pytest.param(datetime(2026, 3, 8, 6, 59, 58, tzinfo=UTC), id="New York goes to summer time"),
            pytest.param(datetime(2026, 11, 1, 5, 59, 58, tzinfo=UTC), id="New York goes back"),
        ],
    )
    def test_no_lease_is_stolen_or_given_back(
        self, handler: CountingHandler, settings: Any, believed: timedelta | datetime
    ) -> None:
        settings.TIME_ZONE = "America/New_York"
        run = start()
        working._begin(run)
        run.refresh_from_db()
        held = working._claim(run, "right clock")
        assert held is not None
        moment = timezone.now() + believed if isinstance(believed, timedelta) else believed
        with time_machine.travel(moment, tick=True), timezone.override("America/New_York"):
            services.sweep_runs(lambda run: None)
            for _shard in range(2):
                taken = working._claim(run, "wrong clock")
                assert taken is not None
                assert taken.number != held.number
            assert working._claim(run, "wrong clock") is None
        seconds = [
            (shard.lease_until - database_clock()).total_seconds()
            for shard in run.shards.filter(state=Shard.State.LEASED)
        ]
        assert len(seconds) == 3
        assert all(abs(left - settings.RUN_LEASE_SECONDS) < 30 for left in seconds)
        assert list(run.shards.values_list("attempts", flat=True)) == [1, 1, 1]


class TestStopping:
    def test_a_waiting_run_stops_at_once(self, handler: CountingHandler, cast: Cast) -> None:
        run = services.stop_run(actor=cast.hr, run=start(cast.hr))
        assert run.state == Run.State.STOPPED
        assert handler.count("stop") == 1
        services.execute(run.pk)
        assert handler.count("work") == 0

    def test_what_is_in_work_while_it_is_stopped_is_thrown_away(
        self, handler: CountingHandler, cast: Cast
    ) -> None:
        run = start(cast.hr)

        def stop(run: Run, stage: str, key: dict) -> None:
            if key["part"] == 1:
                services.stop_run(actor=cast.hr, run=run)

        handler.trouble = stop
        services.execute(run.pk)
        run.refresh_from_db()
        # In this test the stop is part of the shard's own transaction and is rolled back with it; the committed case is
        # test_runs_concurrency.py.
        assert ("gather", 1) not in worked()

    def test_stopping_waits_for_the_shard_in_hand(self, handler: CountingHandler, cast: Cast) -> None:
        run = start(cast.hr)
        working._begin(run)
        run.refresh_from_db()
        working._claim(run, "busy")
        stopped = services.stop_run(actor=cast.hr, run=run)
        assert stopped.state == Run.State.STOPPING
        with pytest.raises(Refusal, match="nothing to stop"):
            services.stop_run(actor=cast.hr, run=run)
        expire_leases(run)
        services.sweep_runs(lambda run: None)
        run.refresh_from_db()
        assert run.state == Run.State.STOPPED
        assert handler.count("stop") == 1

    @pytest.mark.parametrize("who", ["agent", "manager", "auditor", "payroll"])
    def test_others_may_neither_stop_nor_restart(
        self, handler: CountingHandler, cast: Cast, who: str
    ) -> None:
        run = start(cast.hr)
        with pytest.raises(Refusal) as refused:
            services.stop_run(actor=getattr(cast, who), run=run)
        assert (refused.value.code, refused.value.status) == ("run_not_yours", 403)
        run.refresh_from_db()
        assert (run.state, run.epoch) == (Run.State.QUEUED, 0)

    def test_who_started_it_needs_the_role_still(self, handler: CountingHandler, cast: Cast) -> None:
        run = start(cast.hr)
        RoleGrant.objects.filter(user=cast.hr).delete()
        starter = User.objects.get(pk=cast.hr.pk)
        with pytest.raises(Refusal) as refused:
            services.stop_run(actor=starter, run=run)
        assert (refused.value.code, refused.value.status) == ("run_not_yours", 403)
        assert not describe(run, starter)["may_stop"]
        run.refresh_from_db()
        assert (run.state, run.epoch) == (Run.State.QUEUED, 0)
        stopped = services.stop_run(actor=None, run=run)
        with pytest.raises(Refusal, match="responsible"):
            services.restart_run(actor=starter, run=stopped)
        assert not describe(stopped, starter)["may_restart"]

    def test_a_stopped_run_goes_on_after_a_restart(self, handler: CountingHandler, cast: Cast) -> None:
        run = services.stop_run(actor=cast.hr, run=start(cast.hr))
        services.restart_run(actor=cast.hr, run=run)
        ended = services.execute(run.pk)
        assert ended is not None
        assert ended.state == Run.State.DONE

    def test_a_finished_run_can_be_neither_stopped_nor_restarted(
        self, handler: CountingHandler, cast: Cast
    ) -> None:
        run = services.execute(start(cast.hr).pk)
        assert run is not None
        for service, code in (
            (services.stop_run, "run_not_active"),
            (services.restart_run, "run_not_restartable"),
        ):
            with pytest.raises(Refusal) as refused:
                service(actor=cast.hr, run=run)
            assert refused.value.code == code


def test_drain_does_the_workers_work_in_this_process(handler: CountingHandler) -> None:
    run = start()
    services.drain_outbox()
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert services.waiting_messages() == 0
