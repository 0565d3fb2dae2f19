"""A worker that dies is noticed by the database at once, not when its lease ends."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from foundation.runs import services, sweeping, working
from foundation.runs.models import Run, Shard
from tests.foundation.conftest import CountingHandler, worked
from tests.foundation.test_runs_concurrency import PATIENCE, Worker, start

pytestmark = pytest.mark.django_db(transaction=True)


def claimed(run: Run) -> Shard:
    working._begin(run)
    run.refresh_from_db()
    shard = working._claim(run, "killed")
    assert shard is not None
    return shard


def grow_old(run: Run, *, seconds: float = 6) -> None:
    """As if the leases had been taken so long ago; they have minutes to go."""
    until = timezone.now() + timedelta(seconds=settings.RUN_LEASE_SECONDS - seconds)
    run.shards.filter(state=Shard.State.LEASED).update(lease_until=until)


def test_a_claim_that_nobody_holds_is_given_back_before_its_lease_ends(handler: CountingHandler) -> None:
    run = start()
    shard = claimed(run)
    grow_old(run)
    services.sweep_runs(lambda run: None)
    shard.refresh_from_db()
    assert (shard.state, shard.attempts) == (Shard.State.WAITING, 1)
    ended = services.execute(run.pk)
    assert ended is not None
    assert ended.state == Run.State.DONE
    assert worked().count(("gather", shard.number)) == 1


def test_a_fresh_claim_is_left_alone(handler: CountingHandler) -> None:
    run = start()
    shard = claimed(run)
    grow_old(run, seconds=sweeping.GRACE.total_seconds() - 2)
    services.sweep_runs(lambda run: None)
    shard.refresh_from_db()
    assert shard.state == Shard.State.LEASED


def test_work_in_hand_is_left_alone_however_long_it_takes(handler: CountingHandler) -> None:
    handler.shards = {"gather": 1, "rank": 0}
    has_begun, may_end = threading.Event(), threading.Event()

    def slow(run: Run, stage: str, key: dict) -> None:
        has_begun.set()
        assert may_end.wait(PATIENCE)

    handler.trouble = slow
    run = start()
    worker = Worker(lambda: services.execute(run.pk))
    assert has_begun.wait(PATIENCE)
    grow_old(run, seconds=300)
    services.sweep_runs(lambda run: None)
    assert run.shards.get().state == Shard.State.LEASED
    may_end.set()
    worker.result()
    assert (run.shards.get().state, run.shards.get().attempts) == (Shard.State.DONE, 1)


def test_a_worker_that_dies_each_time_fails_the_run_with_a_reason(handler: CountingHandler) -> None:
    run = start()
    claimed(run)
    for _attempt in range(2):
        grow_old(run)
        services.sweep_runs(lambda run: None)
        assert working._claim(run, "killed") is not None
    grow_old(run)
    services.sweep_runs(lambda run: None)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "run_worker_lost")
    assert handler.count("fail") == 1
