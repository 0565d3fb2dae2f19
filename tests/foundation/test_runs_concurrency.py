"""Several workers at once, each with a connection of its own. Order is made by events, never by waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from foundation.runs import services, working
from foundation.runs.models import OutboxMessage, Run, Shard
from tests.foundation.conftest import CountingHandler, worked

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20  # seconds until a test that hangs is a failed test


def start() -> Run:
    return services.start_run(actor=None, kind="counting", scope="thing:1")


class Worker(threading.Thread):
    """Calls `target` on a connection of its own; join() raises what it raised."""

    def __init__(self, target: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work = target
        self.error: BaseException | None = None
        self.answer: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.work()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def result(self) -> Any:
        self.join(PATIENCE)
        assert not self.is_alive(), "the worker hangs"
        if self.error is not None:
            raise self.error
        return self.answer


def test_two_workers_take_different_shards_and_plan_once(handler: CountingHandler) -> None:
    handler.shards = {"gather": 8, "rank": 2}
    both_at_work = threading.Barrier(2)
    first_calls = set()

    def meet(run: Run, stage: str, key: dict) -> None:
        """Each worker's first shard waits for the other's, so that both really have one at the same time."""
        name = threading.current_thread().name
        if name not in first_calls:
            first_calls.add(name)
            both_at_work.wait(PATIENCE)

    handler.trouble = meet
    run = start()
    for worker in [Worker(lambda: services.execute(run.pk)) for _number in range(2)]:
        worker.result()
    services.execute(run.pk)  # in case one left while the other opened the next stage

    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert len(first_calls) == 2
    assert sorted(worked()) == [*(("gather", part) for part in range(8)), ("rank", 0), ("rank", 1)]
    assert handler.calls.count(("plan", "rank", None)) == 1
    assert handler.count("finish") == 1
    assert set(run.shards.values_list("attempts", flat=True)) == {1}


def test_the_last_two_shards_finish_at_the_same_moment(handler: CountingHandler) -> None:
    """Both transactions have done their work before either is counted: exactly one of them opens the next stage."""
    for _time in range(5):
        OutboxMessage.objects.all().delete()
        handler.calls.clear()
        handler.shards = {"gather": 2, "rank": 1}
        both_done = threading.Barrier(2)

        def meet(run: Run, stage: str, key: dict, barrier: threading.Barrier = both_done) -> None:
            if stage == "gather":
                barrier.wait(PATIENCE)

        handler.trouble = meet
        run = start()
        for worker in [Worker(lambda run_id=run.pk: services.execute(run_id)) for _number in range(2)]:
            worker.result()
        services.execute(run.pk)
        run.refresh_from_db()
        assert run.state == Run.State.DONE
        assert handler.calls.count(("plan", "rank", None)) == 1
        assert handler.calls.count(("work", "rank", 0)) == 1
        assert handler.count("finish") == 1


def test_a_stolen_lease_voids_the_first_workers_writes(handler: CountingHandler) -> None:
    handler.shards = {"gather": 1, "rank": 0}
    slow_has_begun, thief_is_done = threading.Event(), threading.Event()

    def slow(run: Run, stage: str, key: dict) -> None:
        if threading.current_thread() is worker:
            slow_has_begun.set()
            assert thief_is_done.wait(PATIENCE)

    handler.trouble = slow
    run = start()
    worker = Worker(lambda: services.execute(run.pk))
    assert slow_has_begun.wait(PATIENCE)
    run.shards.update(lease_until=timezone.now() - timedelta(seconds=1))
    stolen = services.execute(run.pk)
    thief_is_done.set()
    worker.result()

    assert stolen is not None
    assert stolen.state == Run.State.DONE
    assert worked() == [("gather", 0)]
    assert handler.calls.count(("work", "gather", 0)) == 2  # both worked, one counted
    assert handler.count("finish") == 1
    shard = run.shards.get()
    assert (shard.state, shard.attempts) == (Shard.State.DONE, 2)


def test_stopping_in_the_middle_of_a_shard_voids_it(handler: CountingHandler) -> None:
    handler.shards = {"gather": 2, "rank": 0}
    has_begun, is_stopped = threading.Event(), threading.Event()

    def slow(run: Run, stage: str, key: dict) -> None:
        has_begun.set()
        assert is_stopped.wait(PATIENCE)

    handler.trouble = slow
    run = start()
    worker = Worker(lambda: services.execute(run.pk))
    assert has_begun.wait(PATIENCE)
    stopped = services.stop_run(actor=None, run=run)
    assert stopped.state == Run.State.STOPPING
    is_stopped.set()
    worker.result()

    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert worked() == []
    assert handler.count("stop") == 1
    assert set(run.shards.values_list("state", flat=True)) == {Shard.State.WAITING}

    handler.trouble = None
    services.restart_run(actor=None, run=run)
    services.execute(run.pk)
    assert worked() == [("gather", 0), ("gather", 1)]


def test_a_stop_and_a_restart_before_the_shard_ends_void_it_all_the_same(handler: CountingHandler) -> None:
    """The run is active again when the old worker comes back: only the epoch tells it that its lease is history."""
    handler.shards = {"gather": 1, "rank": 0}
    has_begun, go_on = threading.Event(), threading.Event()

    def slow(run: Run, stage: str, key: dict) -> None:
        if threading.current_thread() is worker:
            has_begun.set()
            assert go_on.wait(PATIENCE)

    handler.trouble = slow
    run = start()
    worker = Worker(lambda: services.execute(run.pk, budget_seconds=None))
    assert has_begun.wait(PATIENCE)
    services.stop_run(actor=None, run=run)
    run.shards.update(lease_until=timezone.now() - timedelta(seconds=1))
    services.sweep_runs(lambda run: None)
    services.restart_run(actor=None, run=run)
    services.execute(run.pk)
    assert worked() == [("gather", 0)]
    go_on.set()
    worker.result()

    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert worked() == [("gather", 0)]
    assert handler.count("finish") == 1


def test_two_starts_at_once_make_one_run(handler: CountingHandler) -> None:
    at_once = threading.Barrier(2)

    def begin() -> str:
        at_once.wait(PATIENCE)
        try:
            return str(start().pk)
        except Exception as error:
            return getattr(error, "code", repr(error))

    answers = [worker.result() for worker in [Worker(begin), Worker(begin)]]
    assert answers.count("run_active") == 1
    assert Run.objects.count() == 1


def test_a_connection_that_is_lost_in_mid_shard_costs_no_attempt(
    handler: CountingHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "RECONNECT_PAUSES", (0.01,))
    handler.shards = {"gather": 1, "rank": 0}

    def cut(run: Run, stage: str, key: dict) -> None:
        if handler.calls.count(("work", "gather", 0)) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    handler.trouble = cut
    run = start()
    ended = Worker(lambda: services.execute(run.pk)).result()
    assert ended.state == Run.State.DONE
    assert worked() == [("gather", 0)]
    assert run.shards.get().attempts == 1
    assert ended.attempts == 1  # interruptions are counted on the run
