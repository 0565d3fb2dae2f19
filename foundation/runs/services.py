"""Starting, stopping and working runs.

PostgreSQL owns the truth. A worker claims one shard at a time under a lease by the database's clock, works it in one
transaction, and at the end of that transaction locks the run and the shard and looks again: is the run still in the epoch
that was read, and is the lease still mine? If not, everything is rolled back. So a lost message, a killed worker, a second
delivery or a stolen lease can cost time, but change nothing twice.

Locks are taken in one order, run before shard, and the run's row only at the end of a shard, so that workers wait for one
another for milliseconds. The last shard's transaction plans the next stage or finishes the run.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Exists, F, Func, OuterRef, Q
from django.db.models.functions import Now

from foundation.refusals import Refusal
from foundation.runs import outbox, registry
from foundation.runs.models import OutboxMessage, Run, Shard
from foundation.trail.services import recording

log = logging.getLogger(__name__)

emit = outbox.emit
emit_many = outbox.emit_many

ADVANCE = "foundation.runs.tasks.advance_run"
#: A worker whose database went away waits so long, in seconds, for it to come back before it leaves the shard to its lease.
RECONNECT_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
#: How often one run may lose its database before it counts as failed.
MAXIMUM_INTERRUPTIONS = 50


class LeaseLost(Exception):
    """The run was stopped, restarted or this shard was given to someone else meanwhile: what was done here is void."""


class ClockNow(Func):
    """The database's clock at this very moment; Now() is the clock at the beginning of the transaction."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


# What people do --------------------------------------------------------------------------------------------------------


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
        parameters=_jsonable(parameters or {}),
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
    locked = _locked(run.pk)
    handler = _authorise(actor, locked)
    if locked.state not in (Run.State.QUEUED, Run.State.RUNNING):
        raise Refusal("run_not_active", status=409)
    locked.state = Run.State.STOPPING
    locked.epoch += 1
    locked.save(update_fields=["state", "epoch"])
    _settle_stopping(locked, handler)
    return locked


@transaction.atomic
def restart_run(*, actor: Any, run: Run) -> Run:
    """Queue a failed or stopped run again, with fresh attempts. Shards that are done stay done; to compute from inputs that
    have changed since, start a new run. Refusals: run_not_yours, run_not_restartable, run_active."""
    locked = _locked(run.pk)
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
    roles = handler.roles if handler is not None else ("hr",)
    if actor is not None and actor.pk != run.created_by_id and not actor.has_role(*roles):
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


# What workers do -------------------------------------------------------------------------------------------------------


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
                _settle_stopping(_locked(run_id), registry.find(run.kind))
            return Run.objects.get(pk=run_id)
        if run.state != Run.State.RUNNING:
            return run
        if on_stage is not None and run.stage != stage_before and run.shards_done == 0 and run.shards_total > 1:
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
            locked = _locked(run.pk)
            if locked.state != Run.State.QUEUED:
                return True
            handler = registry.find(locked.kind)
            if handler is None:
                raise Refusal("run_kind_unknown", kind=locked.kind)
            locked.state = Run.State.RUNNING
            locked.started_at = locked.started_at or _clock()
            with _in_name_of(locked):
                if not locked.stage:
                    _open_stage(locked, handler, 0)
                elif locked.shards_done >= locked.shards_total:
                    _open_stage(locked, handler, locked.stages.index(locked.stage) + 1)
                else:
                    locked.save()
        return True
    except Refusal as refusal:
        _give_up(run.pk, run.epoch, refusal.code, refusal.params)
        return False
    except Exception as error:
        # The clock sends it again; a plan that cannot be made must not be tried for ever.
        _recover_connection(error)
        attempts = run.attempts + 1
        if attempts >= run.max_attempts and not _is_interruption(error):
            _give_up(run.pk, run.epoch, *_reason_of(error, run, attempts))
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
                    Shard(run=run, stage=run.stage, number=number, key=_jsonable(key), epoch=run.epoch)
                    for number, key in enumerate(keys)
                ],
                batch_size=1_000,
            )
            run.save()
            return
        index += 1
    handler.finish(run)
    run.state = Run.State.DONE
    run.finished_at = _clock()
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
        with transaction.atomic(), _in_name_of(run):
            handler.work(run, shard.stage, shard.key)
            _close(run, shard, handler)
    except LeaseLost:
        log.info("run %s: shard %s/%s was taken over, its work is void", run.pk, shard.stage, shard.number)
        _release_if_stopping(run, shard)
    except Refusal as refusal:
        _give_up(run.pk, run.epoch, refusal.code, refusal.params, shard=shard)
    except Exception as error:
        _recover_connection(error)
        if _is_interruption(error):
            _release_after_interruption(run, shard)
        elif shard.attempts >= run.max_attempts:
            _give_up(run.pk, run.epoch, *_reason_of(error, run, shard.attempts), shard=shard)
        else:
            log.warning(
                "run %s: shard %s/%s failed, attempt %s", run.pk, shard.stage, shard.number, shard.attempts, exc_info=error
            )
            _mine(shard).update(
                state=Shard.State.WAITING, worker="", lease_until=None, error=f"{type(error).__name__}: {error}"[:2_000]
            )
            _release_if_stopping(run, shard)
        if isinstance(error, SoftTimeLimitExceeded):
            raise  # the task is out of time: the rest is for the next one


def _close(run: Run, shard: Shard, handler: registry.RunHandler) -> None:
    """The fence: lock run and shard, look again, count the shard as done; the last one opens what comes next."""
    locked = _locked(run.pk)
    if locked.epoch != run.epoch or locked.state != Run.State.RUNNING:
        raise LeaseLost
    if not Shard.objects.select_for_update().filter(pk=shard.pk, state=Shard.State.LEASED, worker=shard.worker).exists():
        raise LeaseLost
    Shard.objects.filter(pk=shard.pk).update(
        state=Shard.State.DONE, finished_at=ClockNow(), lease_until=None, error=""
    )
    locked.shards_done += 1
    if locked.shards_done < locked.shards_total:
        locked.save(update_fields=["shards_done"])
    else:
        _open_stage(locked, handler, locked.stages.index(locked.stage) + 1)


def _mine(shard: Shard) -> Any:
    """The shard's row, as long as it is still leased under this claim."""
    return Shard.objects.filter(pk=shard.pk, state=Shard.State.LEASED, worker=shard.worker)


def _give_up(
    run_id: Any, epoch: int, code: str, params: dict[str, Any] | None = None, *, shard: Shard | None = None
) -> None:
    """FAILED, with the reason for people to read. Nothing happens when the run was stopped or restarted meanwhile."""
    with transaction.atomic():
        locked = _locked(run_id)
        if locked.epoch != epoch or locked.state not in (Run.State.QUEUED, Run.State.RUNNING):
            if shard is not None:
                _release_if_stopping(locked, shard)
            return
        if shard is not None and not _mine(shard).update(
            state=Shard.State.FAILED, finished_at=ClockNow(), lease_until=None, error=code
        ):
            return  # someone else has the shard now, and decides
        locked.epoch += 1  # shards that others still work on are void
        locked.state = Run.State.FAILED
        locked.error_code = code
        locked.error_params = _jsonable(params or {})
        locked.finished_at = _clock()
        locked.save()
        locked.shards.filter(state=Shard.State.LEASED).update(state=Shard.State.WAITING, worker="", lease_until=None)
        handler = registry.find(locked.kind)
        if handler is not None:
            with _in_name_of(locked):
                handler.fail(locked)


def _reason_of(error: Exception, run: Run, attempts: int) -> tuple[str, dict[str, Any]]:
    """What a person is told about an exception: time-outs by name, the rest by a reference into the log."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "run_too_slow", {"attempts": attempts}
    reference = uuid.uuid4().hex[:8]
    log.error("run %s (%s) failed, reference %s", run.pk, run.kind, reference, exc_info=error)
    return "internal_error", {"reference": reference}


# Stopping --------------------------------------------------------------------------------------------------------------


def _settle_stopping(locked: Run, handler: registry.RunHandler | None) -> None:
    """STOPPING becomes STOPPED as soon as nobody has a shard in hand (or its lease has run out)."""
    if locked.state != Run.State.STOPPING:
        return
    locked.shards.filter(state=Shard.State.LEASED, lease_until__lt=ClockNow()).update(
        state=Shard.State.WAITING, worker="", lease_until=None
    )
    if locked.shards.filter(state=Shard.State.LEASED).exists():
        return
    locked.state = Run.State.STOPPED
    locked.finished_at = _clock()
    locked.save(update_fields=["state", "finished_at"])
    if handler is not None:
        handler.stop(locked)


def _release_if_stopping(run: Run, shard: Shard) -> None:
    with transaction.atomic():
        locked = _locked(run.pk)
        if locked.state == Run.State.STOPPING:
            _mine(shard).update(state=Shard.State.WAITING, worker="", lease_until=None)
            _settle_stopping(locked, registry.find(locked.kind))


# The clock's work ------------------------------------------------------------------------------------------------------


def sweep_runs(send: Callable[[Run], None]) -> int:
    """Give back what lost its worker, and `send` every active run that nobody works on. Returns how many were sent.

    Rarely enough that a busy queue is not flooded: a run is sent again at the earliest RUN_RESEND_SECONDS after the last
    time.
    """
    exhausted = Shard.objects.filter(
        run__state=Run.State.RUNNING,
        run__stage=F("stage"),
        state=Shard.State.LEASED,
        lease_until__lt=ClockNow(),
        attempts__gte=F("run__max_attempts"),
    ).select_related("run")
    for shard in exhausted:
        _give_up(
            shard.run_id, shard.run.epoch, "run_worker_lost", {"attempts": shard.attempts}, shard=shard
        )
    for run in Run.objects.filter(state=Run.State.STOPPING):
        with transaction.atomic():
            _settle_stopping(_locked(run.pk), registry.find(run.kind))
    with transaction.atomic():
        expired = (
            Shard.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=Shard.State.LEASED, lease_until__lt=ClockNow(), attempts__lt=F("run__max_attempts"))
            .filter(run__in=Run.objects.filter(state=Run.State.RUNNING))
        )
        Shard.objects.filter(pk__in=[shard.pk for shard in expired]).update(
            state=Shard.State.WAITING, worker="", lease_until=None
        )
    leased = Shard.objects.filter(run=OuterRef("pk"), state=Shard.State.LEASED, lease_until__gte=ClockNow())
    pause = timedelta(seconds=getattr(settings, "RUN_RESEND_SECONDS", 10))
    idle = Run.objects.filter(
        ~Exists(leased),
        Q(woken_at__isnull=True) | Q(woken_at__lt=Now() - pause),
        state__in=[Run.State.QUEUED, Run.State.RUNNING],
        # The relay sends a new run; only when that was lost is it the sweep's turn.
        created_at__lt=Now() - timedelta(seconds=min(5, pause.total_seconds())),
    )
    sent = 0
    for run in idle:
        Run.objects.filter(pk=run.pk).update(woken_at=Now())
        send(run)
        sent += 1
    return sent


def has_claimable(run: Run) -> bool:
    """Whether a shard of the run's stage waits for a worker."""
    return (
        run.state == Run.State.RUNNING
        and Shard.objects.filter(run=run, stage=run.stage, state=Shard.State.WAITING).exists()
    )


# In process, for tests, commands and the demonstration -------------------------------------------------------------------


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
            for run in Run.objects.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING]).order_by("created_at"):
                execute(run.pk)
                worked = True
        if not messages and not worked:
            break
    return handled


def waiting_messages() -> int:
    return OutboxMessage.objects.filter(relayed_at__isnull=True).count()


# Small things ----------------------------------------------------------------------------------------------------------


def _locked(run_id: Any) -> Run:
    return Run.objects.select_for_update().get(pk=run_id)


def _clock() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _in_name_of(run: Run) -> Any:
    """What a run changes is recorded as its starter's doing, with the run's id."""
    return recording(actor=run.created_by, run=str(run.pk))


def _jsonable(value: Any) -> Any:
    """Dates, decimals and lazy texts as JSON keeps them; whatever else cannot be kept, as text."""
    return json.loads(json.dumps(value, cls=_Encoder))


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        try:
            return super().default(o)
        except TypeError:
            return str(o)


def _is_interruption(error: BaseException) -> bool:
    """The connection is gone: nobody's fault but the database's, so it does not count as an attempt. Such errors have no
    SQLSTATE, or one of the classes "connection" and "operator intervention"; deadlocks and the like have another."""
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
        locked = _locked(run.pk)
        locked.attempts += 1
        locked.save(update_fields=["attempts"])
        _mine(shard).update(
            state=Shard.State.WAITING, worker="", lease_until=None, attempts=F("attempts") - 1, error="interrupted"
        )
    if locked.attempts >= MAXIMUM_INTERRUPTIONS:
        _give_up(run.pk, run.epoch, "run_interrupted")
    _release_if_stopping(run, shard)
