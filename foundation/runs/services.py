"""Starting and stopping runs, and the names that other rooms use: start_run, stop_run, restart_run, emit, emit_many,
execute, drain_outbox. How a run is worked is in working.py, what the clock does in sweeping.py.

PostgreSQL owns the truth; a message to a worker only says "look at this run".
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from foundation.refusals import Refusal
from foundation.runs import outbox, registry
from foundation.runs.models import OutboxMessage, Run, Shard
from foundation.runs.outbox import emit, emit_many
from foundation.runs.states import jsonable, lock_run, settle_stopping
from foundation.runs.sweeping import has_claimable, sweep_runs
from foundation.runs.working import execute

__all__ = [
    "drain_outbox",
    "emit",
    "emit_many",
    "execute",
    "has_claimable",
    "restart_run",
    "start_run",
    "stop_run",
    "sweep_runs",
    "waiting_messages",
]

ADVANCE = "foundation.runs.tasks.advance_run"


@transaction.atomic
def start_run(
    *,
    actor: Any,
    kind: str,
    scope: str,
    purpose: str = Run.Purpose.OFFICIAL,
    parameters: dict[str, Any] | None = None,
    fingerprint: str = "",
) -> Run:
    """Queue a run and the news of it, in the caller's transaction; workers start it once that is committed.

    `scope` says what it is about, as noun:id. Who may start it is the calling service's business; `actor` None is the
    system. Refusal `run_active` (409) while an official run of the same kind and scope goes on.
    """
    handler = registry.find(kind)
    if handler is None:
        raise Refusal("run_kind_unknown", kind=kind[:40])
    run = Run(
        kind=kind,
        scope=scope,
        purpose=purpose,
        parameters=jsonable(parameters or {}),
        fingerprint=fingerprint,
        stages=list(handler.stages),
        max_attempts=settings.RUN_MAX_ATTEMPTS,
        created_by=actor,
    )
    _save_active(run, force_insert=True)
    emit("run.queued", run_id=str(run.pk))
    return run


@transaction.atomic
def stop_run(*, actor: Any, run: Run) -> Run:
    """What is being worked is thrown away; what is done stays, and restart_run goes on from there.

    The run is STOPPING while a worker still has a shard in hand, then STOPPED. Refusals: run_not_yours, run_not_active.
    """
    locked = lock_run(run.pk)
    handler = _authorise(actor, locked)
    if locked.state not in (Run.State.QUEUED, Run.State.RUNNING):
        raise Refusal("run_not_active", status=409)
    locked.state = Run.State.STOPPING
    locked.epoch += 1
    locked.save(update_fields=["state", "epoch"])
    settle_stopping(locked, handler)
    return locked


@transaction.atomic
def restart_run(*, actor: Any, run: Run) -> Run:
    """Queue a failed or stopped run again, with fresh attempts. Shards that are done stay done; to compute
    from inputs that have changed since, start a new run. Refusals: run_not_yours, run_not_restartable,
    run_active."""
    locked = lock_run(run.pk)
    handler = _authorise(actor, locked)
    if locked.state not in (Run.State.FAILED, Run.State.STOPPED):
        raise Refusal("run_not_restartable", status=409)
    locked.shards.exclude(state=Shard.State.DONE).update(
        state=Shard.State.WAITING, attempts=0, worker="", lease_until=None, error=""
    )
    locked.state = Run.State.QUEUED
    locked.epoch += 1
    locked.attempts = 0
    locked.error_code, locked.error_params = "", {}
    locked.finished_at = locked.woken_at = None
    _save_active(locked)
    if handler is not None:
        handler.restart(locked)
    emit("run.queued", run_id=str(locked.pk))
    return locked


def _authorise(actor: Any, run: Run) -> registry.RunHandler | None:
    handler = registry.find(run.kind)
    if actor is not None and not (handler or registry.RunHandler()).may_steer(run, actor):
        raise Refusal("run_not_yours", status=403)
    return handler


def _save_active(run: Run, **how: Any) -> None:
    try:
        with transaction.atomic():
            run.save(**how)
    except IntegrityError as error:
        if "one_active_official_run" not in str(error):
            raise
        raise Refusal("run_active", status=409) from None


def drain_outbox(*, execute_runs: bool = True, rounds: int = 100) -> int:
    """Do in this process, without broker and workers, what the outbox asks for: call the consuming tasks, and work runs
    until nothing is active. Returns the number of messages handled. For tests and for building the demonstration."""
    handled = 0
    for _round in range(rounds):
        messages = outbox.take_waiting()
        for message in messages:
            handled += 1
            if message.topic == "run.queued":
                continue  # worked below, to the end and without being sent anywhere
            for call in outbox.consumers_in_process(message):
                call()
        worked = False
        if execute_runs:
            for run in Run.objects.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING]).order_by(
                "created_at"
            ):
                execute(run.pk)
                worked = True
        if not messages and not worked:
            break
    return handled


def waiting_messages() -> int:
    return OutboxMessage.objects.filter(relayed_at__isnull=True).count()
