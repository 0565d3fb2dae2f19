"""What the clock does: give back what lost its worker, and wake workers for whatever nobody works on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from foundation.runs import registry
from foundation.runs.models import Run, Shard
from foundation.runs.states import ClockNow, held_by, is_held, lock_run, settle_stopping
from foundation.runs.working import give_up

#: Between leasing a shard and locking the claim lies less than this, unless the process is gone.
GRACE = timedelta(seconds=5)


def sweep_runs(send: Callable[[Run], object]) -> int:
    """Give back what lost its worker, and `send` every active run that nobody works on. Returns how many were sent.

    Rarely enough that a busy queue is not flooded: a run is sent again at the earliest RUN_RESEND_SECONDS
    after the last time.
    """
    _give_back_abandoned()
    exhausted = Shard.objects.filter(
        run__state=Run.State.RUNNING,
        run__stage=F("stage"),
        state=Shard.State.LEASED,
        lease_until__lt=ClockNow(),
        attempts__gte=F("run__max_attempts"),
    ).select_related("run")
    for shard in exhausted:
        give_up(shard.run_id, shard.run.epoch, "run_worker_lost", {"attempts": shard.attempts}, shard=shard)
    for run in Run.objects.filter(state=Run.State.STOPPING):
        with transaction.atomic():
            settle_stopping(lock_run(run.pk), registry.find(run.kind))
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


def _give_back_abandoned() -> None:
    """Shards whose worker has died, long before their lease ends.

    A worker locks its claim as the first thing after leasing the shard (see states.hold), so a lease of some seconds
    that nobody has locked belongs to no living process. Should it after all, the fence makes its work void.
    """
    until = ClockNow() + timedelta(seconds=settings.RUN_LEASE_SECONDS) - GRACE
    leased = Shard.objects.filter(
        run__state=Run.State.RUNNING,
        state=Shard.State.LEASED,
        lease_until__gte=ClockNow(),
        lease_until__lt=until,
    )
    for shard in leased.select_related("run"):
        with transaction.atomic():
            if is_held(shard):
                continue
            if shard.attempts < shard.run.max_attempts:
                held_by(shard).update(state=Shard.State.WAITING, worker="", lease_until=None)
                continue
        give_up(shard.run_id, shard.run.epoch, "run_worker_lost", {"attempts": shard.attempts}, shard=shard)


def has_claimable(run: Run) -> bool:
    """Whether a shard of the run's stage waits for a worker."""
    return (
        run.state == Run.State.RUNNING
        and Shard.objects.filter(run=run, stage=run.stage, state=Shard.State.WAITING).exists()
    )
