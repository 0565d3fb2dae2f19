"""Real Celery workers and beat, killed in the middle of their work (trials R1, R2, R5)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from foundation.runs import registry, services
from foundation.runs.models import OutboxMessage, Run, Shard
from tests.foundation.slow_runs.handler import GO, PATIENCE, WORKED, SlowHandler
from tests.workers import RealWorkers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize(
        "real_workers",
        [{"DJANGO_SETTINGS_MODULE": "tests.foundation.slow_settings"}],
        indirect=True,
        ids=["short leases"],
    ),
]


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    registry.register(SlowHandler)
    yield
    registry.unregister(SlowHandler.kind)


def start(shards: int = 1) -> Run:
    return services.start_run(actor=None, kind="slow", scope="thing:1", parameters={"shards": shards})


def let_go() -> None:
    OutboxMessage.objects.create(topic=GO)


def leased(run: Run) -> list[Shard]:
    return list(run.shards.filter(state=Shard.State.LEASED))


def state_of(run: Run) -> str:
    return Run.objects.get(pk=run.pk).state


def worked() -> list[tuple[str, int]]:
    return sorted(
        (row.payload["stage"], row.payload["part"]) for row in OutboxMessage.objects.filter(topic=WORKED)
    )


def child_of(shard: Shard) -> int:
    """The process that has the shard, as written in its lease."""
    return int(shard.worker.split(":")[-2])


def test_two_processes_share_a_stage(real_workers: RealWorkers) -> None:
    run = start(shards=4)
    shards = real_workers.wait_until(lambda: len(found := leased(run)) == 2 and found, seconds=PATIENCE)
    assert len({child_of(shard) for shard in shards}) == 2
    let_go()
    real_workers.wait_until(lambda: state_of(run) == Run.State.DONE, seconds=PATIENCE)
    assert worked() == [(stage, part) for stage in ("first", "second") for part in range(4)]


def test_a_killed_pool_child_costs_one_attempt(real_workers: RealWorkers) -> None:
    run = start()
    (shard,) = real_workers.wait_until(lambda: leased(run), seconds=PATIENCE)
    os.kill(child_of(shard), signal.SIGKILL)
    let_go()
    real_workers.wait_until(lambda: state_of(run) == Run.State.DONE, seconds=PATIENCE)
    assert worked() == [("first", 0), ("second", 0)]
    assert run.shards.get(stage="first").attempts == 2


def test_three_killed_children_are_a_failure_that_says_why(real_workers: RealWorkers) -> None:
    run = start()
    killed: set[str] = set()
    for _attempt in range(3):
        (shard,) = real_workers.wait_until(
            lambda: [shard for shard in leased(run) if shard.worker not in killed], seconds=60
        )
        killed.add(shard.worker)
        os.kill(child_of(shard), signal.SIGKILL)
    real_workers.wait_until(lambda: state_of(run) == Run.State.FAILED, seconds=PATIENCE)
    run.refresh_from_db()
    assert (run.error_code, run.error_params) == ("run_worker_lost", {"attempts": 3})
    assert worked() == []


def test_a_worker_that_is_killed_whole_and_a_broker_that_forgets_everything(
    real_workers: RealWorkers,
) -> None:
    from redis import Redis

    run = start()
    real_workers.wait_until(lambda: leased(run), seconds=PATIENCE)
    real_workers.kill("worker")
    Redis.from_url(os.environ["REDIS_URL"]).flushall()
    real_workers.start("worker")
    let_go()
    real_workers.wait_until(lambda: state_of(run) == Run.State.DONE, seconds=PATIENCE)
    assert worked() == [("first", 0), ("second", 0)]
