"""What everything that touches a run's row has in common: its lock, the database's clock, and how a run stops."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import DateTimeField, Func

from foundation.runs import registry
from foundation.runs.models import Run, Shard
from foundation.trail.services import recording


class ClockNow(Func):
    """The database's clock at this very moment; Now() is the clock at the beginning of the statement."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


def database_clock() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def lock_run(run_id: Any) -> Run:
    return Run.objects.select_for_update().get(pk=run_id)


def held_by(shard: Shard) -> Any:
    """The shard's row, as long as it is still leased under this claim."""
    return Shard.objects.filter(pk=shard.pk, state=Shard.State.LEASED, worker=shard.worker)


def hold(shard: Shard) -> None:
    """Show that somebody works under this claim: a lock that ends with the transaction, and so with the worker's
    process, however that ends. PostgreSQL notices a dead process at once, where a lease has to be waited for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [shard.worker])


def is_held(shard: Shard) -> bool:
    """Whether somebody works under this claim. Takes the lock until the end of the transaction when nobody does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [shard.worker])
        return not cursor.fetchone()[0]


def in_name_of(run: Run) -> Any:
    """What a run changes is recorded as its starter's doing, with the run's id."""
    return recording(actor=run.created_by, run=str(run.pk))


def settle_stopping(locked: Run, handler: registry.RunHandler | None) -> None:
    """STOPPING becomes STOPPED as soon as nobody has a shard in hand (or its lease has run out)."""
    if locked.state != Run.State.STOPPING:
        return
    locked.shards.filter(state=Shard.State.LEASED, lease_until__lt=ClockNow()).update(
        state=Shard.State.WAITING, worker="", lease_until=None
    )
    if locked.shards.filter(state=Shard.State.LEASED).exists():
        return
    locked.state = Run.State.STOPPED
    locked.finished_at = database_clock()
    locked.save(update_fields=["state", "finished_at"])
    if handler is not None:
        handler.stop(locked)


def release_if_stopping(run: Run, shard: Shard) -> None:
    with transaction.atomic():
        locked = lock_run(run.pk)
        if locked.state == Run.State.STOPPING:
            held_by(shard).update(state=Shard.State.WAITING, worker="", lease_until=None)
            settle_stopping(locked, registry.find(locked.kind))


def jsonable(value: Any) -> Any:
    """Dates, decimals and lazy texts as JSON keeps them; whatever else cannot be kept, as text."""
    return json.loads(json.dumps(value, cls=_Encoder))


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        try:
            return super().default(o)
        except TypeError:
            return str(o)
