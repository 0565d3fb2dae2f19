"""What a worker does with a run.

A worker claims one shard at a time under a lease by the database's clock, works it in one transaction, and at the
end of that transaction locks the run and the shard and looks again: is the run still in the epoch that was read,
and is the lease still mine? If not, everything is rolled back. So a lost message, a killed worker, a second
delivery or a stolen lease can cost time, but change nothing twice.

Locks are taken in one order, run before shard, and the run's row only at the end of a shard, so that workers
wait for one another for milliseconds. The last shard's transaction plans the next stage or finishes the run.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q

from foundation.refusals import Refusal
from foundation.runs import registry
from foundation.runs.models import Run, Shard
from foundation.runs.states import (
    ClockNow,
    database_clock,
    held_by,
    hold,
    in_name_of,
    jsonable,
    lock_run,
    release_if_stopping,
    settle_stopping,
)

log = logging.getLogger(__name__)

#: How long a worker whose database went away waits for it, in seconds; then the shard is left to its lease.
RECONNECT_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
#: How often one run may lose its database before it counts as failed.
MAXIMUM_INTERRUPTIONS = 50


class LeaseLost(Exception):
    """The run was stopped, restarted or this shard was given to someone else meanwhile: what was done here is void."""


def execute(
    run_id: Any, *, budget_seconds: float | None = None, on_stage: Callable[[Run], None] | None = None
) -> Run | None:
    """Claim and work shards until nothing is left to claim, or for about `budget_seconds`. Returns the run as it then
    stands, None when there is no such run. What tasks call, and tests; any number of processes may do it at once.

    `on_stage` is called after each transaction that has opened a stage of several shards.
    """
    ends_at = None if budget_seconds is None else time.monotonic() + budget_seconds
    worker = f"{socket.gethostname()[:60]}:{os.getpid()}"
    stage_before = None
    while True:
        run = Run.objects.filter(pk=run_id).first()
        if run is None:
            log.info("run %s does not exist (any more)", run_id)
            return None
        if run.state == Run.State.QUEUED:
            if not _begin(run):
                return Run.objects.filter(pk=run_id).first()
            continue
        if run.state == Run.State.STOPPING:
            with transaction.atomic():
                settle_stopping(lock_run(run_id), registry.find(run.kind))
            return Run.objects.get(pk=run_id)
        if run.state != Run.State.RUNNING:
            return run
        if (
            on_stage is not None
            and run.stage != stage_before
            and run.shards_done == 0
            and run.shards_total > 1
        ):
            on_stage(run)
        stage_before = run.stage
        if ends_at is not None and time.monotonic() >= ends_at:
            return run
        shard = _claim(run, worker)
        if shard is None:
            return Run.objects.get(pk=run_id)
        _work(run, shard)


def _begin(run: Run) -> bool:
    """QUEUED becomes RUNNING with its first stage planned; a restarted run goes on in the stage where it was."""
    try:
        with transaction.atomic():
            locked = lock_run(run.pk)
            if locked.state != Run.State.QUEUED:
                return True
            handler = registry.find(locked.kind)
            if handler is None:
                raise Refusal("run_kind_unknown", kind=locked.kind)
            locked.state = Run.State.RUNNING
            locked.started_at = locked.started_at or database_clock()
            with in_name_of(locked):
                if not locked.stage:
                    _open_stage(locked, handler, 0)
                elif locked.shards_done >= locked.shards_total:
                    _open_stage(locked, handler, locked.stages.index(locked.stage) + 1)
                else:
                    locked.save()
        return True
    except Refusal as refusal:
        give_up(run.pk, run.epoch, refusal.code, refusal.params)
        return False
    except Exception as error:
        # The clock sends it again; a plan that cannot be made must not be tried for ever.
        _recover_connection(error)
        attempts = run.attempts + 1
        if attempts >= run.max_attempts and not _is_interruption(error):
            give_up(run.pk, run.epoch, *_reason_of(error, run, attempts))
        else:
            log.warning("run %s could not be planned, attempt %s", run.pk, attempts, exc_info=error)
            Run.objects.filter(pk=run.pk, epoch=run.epoch).update(attempts=F("attempts") + 1)
        return False


def _open_stage(run: Run, handler: registry.RunHandler, index: int) -> None:
    """Plan stage number `index` of the locked run, pass stages without shards, finish after the last. Saves the run."""
    while index < len(run.stages):
        run.stage = run.stages[index]
        run.shards_done = 0
        keys = handler.plan(run, run.stage)
        run.shards_total = len(keys)
        if keys:
            Shard.objects.bulk_create(
                [
                    Shard(run=run, stage=run.stage, number=number, key=jsonable(key), epoch=run.epoch)
                    for number, key in enumerate(keys)
                ],
                batch_size=1_000,
            )
            run.save()
            return
        index += 1
    handler.finish(run)
    run.state = Run.State.DONE
    run.finished_at = database_clock()
    run.save()


def _claim(run: Run, worker: str) -> Shard | None:
    """Lease one waiting shard of the run's stage, or one whose lease has run out. None when there is nothing to take.

    The attempt is counted here, before the work, so that a worker that dies has used one up.
    """
    with transaction.atomic():
        shard = (
            Shard.objects.select_for_update(skip_locked=True)
            .filter(run=run, stage=run.stage, attempts__lt=run.max_attempts)
            .filter(Q(state=Shard.State.WAITING) | Q(state=Shard.State.LEASED, lease_until__lt=ClockNow()))
            .order_by("number")
            .first()
        )
        if shard is None:
            return None
        # Unique per claim, not per process: one process may lose a lease and take the same shard again.
        shard.worker = f"{worker}:{uuid.uuid4().hex}"
        shard.epoch = run.epoch
        shard.state = Shard.State.LEASED
        shard.attempts += 1
        Shard.objects.filter(pk=shard.pk).update(
            worker=shard.worker,
            epoch=shard.epoch,
            state=shard.state,
            attempts=shard.attempts,
            lease_until=ClockNow() + timedelta(seconds=settings.RUN_LEASE_SECONDS),
        )
    return shard


def _work(run: Run, shard: Shard) -> None:
    """One shard in one fenced transaction; whatever goes wrong is recorded on the shard or the run."""
    handler = registry.find(run.kind)
    try:
        if handler is None:
            raise Refusal("run_kind_unknown", kind=run.kind)
        with transaction.atomic(), in_name_of(run):
            hold(shard)
            handler.work(run, shard.stage, shard.key)
            _close(run, shard, handler)
    except LeaseLost:
        log.info("run %s: shard %s/%s was taken over, its work is void", run.pk, shard.stage, shard.number)
        release_if_stopping(run, shard)
    except Refusal as refusal:
        give_up(run.pk, run.epoch, refusal.code, refusal.params, shard=shard)
    except Exception as error:
        _recover_connection(error)
        if _is_interruption(error):
            _release_after_interruption(run, shard)
        elif shard.attempts >= run.max_attempts:
            give_up(run.pk, run.epoch, *_reason_of(error, run, shard.attempts), shard=shard)
        else:
            log.warning(
                "run %s: shard %s/%s failed, attempt %s",
                run.pk,
                shard.stage,
                shard.number,
                shard.attempts,
                exc_info=error,
            )
            held_by(shard).update(
                state=Shard.State.WAITING,
                worker="",
                lease_until=None,
                error=f"{type(error).__name__}: {error}"[:2_000],
            )
            release_if_stopping(run, shard)
        if isinstance(error, SoftTimeLimitExceeded):
            raise  # the task is out of time: the rest is for the next one


def _close(run: Run, shard: Shard, handler: registry.RunHandler) -> None:
    """The fence: lock run and shard, look again, count the shard as done; the last one opens what comes next."""
    locked = lock_run(run.pk)
    if locked.epoch != run.epoch or locked.state != Run.State.RUNNING:
        raise LeaseLost
    if (
        not Shard.objects.select_for_update()
        .filter(pk=shard.pk, state=Shard.State.LEASED, worker=shard.worker)
        .exists()
    ):
        raise LeaseLost
    Shard.objects.filter(pk=shard.pk).update(
        state=Shard.State.DONE, finished_at=ClockNow(), lease_until=None, error=""
    )
    locked.shards_done += 1
    if locked.shards_done < locked.shards_total:
        locked.save(update_fields=["shards_done"])
    else:
        _open_stage(locked, handler, locked.stages.index(locked.stage) + 1)


def give_up(
    run_id: Any, epoch: int, code: str, params: dict[str, Any] | None = None, *, shard: Shard | None = None
) -> None:
    """FAILED, with the reason for people to read. Nothing happens when the run was stopped or restarted meanwhile."""
    with transaction.atomic():
        locked = lock_run(run_id)
        if locked.epoch != epoch or locked.state not in (Run.State.QUEUED, Run.State.RUNNING):
            if shard is not None:
                release_if_stopping(locked, shard)
            return
        if shard is not None and not held_by(shard).update(
            state=Shard.State.FAILED, finished_at=ClockNow(), lease_until=None, error=code
        ):
            return  # someone else has the shard now, and decides
        locked.epoch += 1  # shards that others still work on are void
        locked.state = Run.State.FAILED
        locked.error_code = code
        locked.error_params = jsonable(params or {})
        locked.finished_at = database_clock()
        locked.save()
        locked.shards.filter(state=Shard.State.LEASED).update(
            state=Shard.State.WAITING, worker="", lease_until=None
        )
        handler = registry.find(locked.kind)
        if handler is not None:
            with in_name_of(locked):
                handler.fail(locked)


def _reason_of(error: Exception, run: Run, attempts: int) -> tuple[str, dict[str, Any]]:
    """What a person is told about an exception: time-outs by name, the rest by a reference into the log."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "run_too_slow", {"attempts": attempts}
    if _is_disk_full(error):
        log.error("run %s (%s) failed: the disk is full", run.pk, run.kind, exc_info=error)
        return "run_disk_full", {}
    reference = uuid.uuid4().hex[:8]
    log.error("run %s (%s) failed, reference %s", run.pk, run.kind, reference, exc_info=error)
    return "internal_error", {"reference": reference}


def _is_disk_full(error: BaseException) -> bool:
    """The server's (SQLSTATE disk_full) or our own."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return getattr(error.__cause__, "pgcode", None) == "53100"


def _is_interruption(error: BaseException) -> bool:
    """The connection is gone: nobody's fault but the database's, so it does not count as an attempt. Such
    errors have no SQLSTATE, or one of the classes "connection" and "operator intervention"; deadlocks and the
    like have another."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code.startswith(("08", "57P"))


def _recover_connection(error: Exception) -> None:
    """After an error that has cost the connection, wait for the database and connect anew."""
    if not _is_interruption(error) or connection.in_atomic_block:
        return
    for pause in RECONNECT_PAUSES:
        with suppress(DatabaseError, InterfaceError):
            connection.close_if_unusable_or_obsolete()
            connection.ensure_connection()
            if connection.is_usable():
                return
            connection.close()
        time.sleep(pause)
    raise error  # still away: the lease and the sweep take over


def _release_after_interruption(run: Run, shard: Shard) -> None:
    with transaction.atomic():
        locked = lock_run(run.pk)
        locked.attempts += 1
        locked.save(update_fields=["attempts"])
        held_by(shard).update(
            state=Shard.State.WAITING,
            worker="",
            lease_until=None,
            attempts=F("attempts") - 1,
            error="interrupted",
        )
    if locked.attempts >= MAXIMUM_INTERRUPTIONS:
        give_up(run.pk, run.epoch, "run_interrupted")
    release_if_stopping(run, shard)
