"""News from a transaction to the tasks that consume it. The row is the truth; a message to a worker is only a hint."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from celery import Celery
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from foundation.runs.models import OutboxMessage

log = logging.getLogger(__name__)

RELAY = "foundation.runs.tasks.relay"
BATCH = 200
KEPT = timedelta(days=7)
#: A page must not wait for a broker that is away; the clock relays within seconds in any case.
HINT_SECONDS = 1.0


def emit(topic: str, **payload: Any) -> None:
    """Write news in the transaction that makes it true. Payload: ids only, JSON-able; consumers get it as keywords and
    are named in settings.LAUREL_OUTBOX_CONSUMERS. They may get it more than once, and in any order."""
    emit_many(topic, [payload])


def emit_many(topic: str, payloads: Iterable[Mapping[str, Any]]) -> None:
    """The same for many at once, in one INSERT per thousand."""
    rows = [OutboxMessage(topic=topic, payload=dict(payload)) for payload in payloads]
    if not rows:
        return
    OutboxMessage.objects.bulk_create(rows, batch_size=1_000)
    connection = transaction.get_connection()
    if not any(function is send_hint for _sids, function, _robust in connection.run_on_commit):
        transaction.on_commit(send_hint, robust=True)


def send_hint() -> None:
    """Wake the relay. Whatever goes wrong is logged and forgotten: the clock wakes it anyway."""
    send_task(RELAY)


def send_task(name: str, **payload: Any) -> bool:
    """Send one task by name, with short time-outs and without trying again. False when the broker did not take it."""
    try:
        app = celery_app()
        with app.connection_for_write() as connection:
            connection.transport_options = {
                **(connection.transport_options or {}),
                "socket_connect_timeout": HINT_SECONDS,
                "socket_timeout": HINT_SECONDS,
                "retry_on_timeout": False,
                "max_retries": 0,
            }
            app.send_task(name, kwargs=payload, connection=connection, retry=False)
    except Exception as error:
        log.warning("task %s could not be sent: %s: %s", name, type(error).__name__, error)
        return False
    return True


def celery_app() -> Celery:
    """By name, since it lives above this room. celery.current_app would be an application without our settings in every
    process that happens to import the package config before it knows its settings."""
    return import_string(settings.LAUREL_CELERY_APP)


def relay_messages(limit: int = BATCH) -> int:
    """Send the tasks of waiting rows, oldest first, and mark them in the same transaction. Returns how many
    were relayed.

    A crash between sending and committing sends them again: at least once. Two relays at a time take different rows.
    A broker that takes nothing leaves the row waiting, and ends this round.
    """
    relayed = 0
    with transaction.atomic():
        waiting = OutboxMessage.objects.select_for_update(skip_locked=True).filter(relayed_at__isnull=True)
        for message in waiting.order_by("id")[:limit]:
            if not all(send_task(name, **message.payload) for name in consumers_of(message.topic)):
                OutboxMessage.objects.filter(pk=message.pk).update(attempts=F("attempts") + 1)
                break
            OutboxMessage.objects.filter(pk=message.pk).update(relayed_at=Now(), attempts=F("attempts") + 1)
            relayed += 1
    return relayed


def consumers_of(topic: str) -> list[str]:
    return settings.LAUREL_OUTBOX_CONSUMERS.get(topic, [])


def forget_relayed() -> int:
    """Rows that were relayed a week ago have done their work."""
    deleted, _by_model = OutboxMessage.objects.filter(relayed_at__lt=Now() - KEPT).delete()
    return deleted


def take_waiting() -> list[OutboxMessage]:
    """Waiting rows marked as relayed, for whoever handles them in process (see services.drain_outbox)."""
    with transaction.atomic():
        found = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(relayed_at__isnull=True)
            .order_by("id")[:BATCH]
        )
        OutboxMessage.objects.filter(pk__in=[message.pk for message in found]).update(relayed_at=Now())
    return found


def consumers_in_process(message: OutboxMessage) -> Iterable[partial[Any]]:
    """The message's tasks as plain calls, in this process and without a broker."""
    for name in consumers_of(message.topic):
        yield partial(import_string(name), **message.payload)
