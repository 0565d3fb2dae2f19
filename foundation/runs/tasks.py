"""What workers are told: ids only. Losing any of these messages, or getting it twice, changes nothing."""

from __future__ import annotations

import uuid

from celery import shared_task
from django.conf import settings

from foundation.runs import outbox, services
from foundation.runs.models import Run

#: Messages sent at once when a stage opens, so that idle processes share its shards.
WAKE_WORKERS = 3


@shared_task(name="foundation.runs.tasks.advance_run")
def advance_run(run_id: str) -> None:
    """Work on the run for a while. What is left after that goes to the back of the queue, so that no run keeps others
    from starting and no task comes near its time limit."""
    budget = getattr(settings, "RUN_TASK_SECONDS", min(60.0, settings.RUN_LEASE_SECONDS / 7))
    try:
        uuid.UUID(str(run_id))
    except ValueError:
        return
    run = services.execute(run_id, budget_seconds=budget, on_stage=wake_others)
    if run is not None and services.has_claimable(run):
        outbox.send_task(services.ADVANCE, run_id=str(run.pk))


def wake_others(run: Run) -> None:
    for _message in range(min(run.shards_total - 1, WAKE_WORKERS)):
        outbox.send_task(services.ADVANCE, run_id=str(run.pk))


@shared_task(name="foundation.runs.tasks.relay")
def relay() -> None:
    while outbox.relay_messages() == outbox.BATCH:
        pass


@shared_task(name="foundation.runs.tasks.sweep")
def sweep() -> None:
    services.sweep_runs(lambda run: outbox.send_task(services.ADVANCE, run_id=str(run.pk)))
    outbox.forget_relayed()
