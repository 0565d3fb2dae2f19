"""Is the installation able to work: the database, the broker, and whether work is being done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import ExpressionWrapper, F, fields
from django.db.models.functions import Now

from foundation.runs.models import OutboxMessage
from operations.models import Canary

# The relay looks every few seconds; news older than this means that no worker or no beat is there.
STALE_AFTER = timedelta(seconds=60)
# The canary comes each minute; three in a row may be late in a queue, not lost.
CANARY_AFTER = timedelta(seconds=180)


def installation_health() -> dict[str, Any]:
    """status: ok (everything works), degraded (pages work, computing waits), down (no database).

    workers           ok; behind: news waits, or the canary's row is old; unknown: nothing has been heard of them yet
    canary_seconds    age of the row that a task writes each minute, by the database's clock; None before the first one
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        waiting = OutboxMessage.objects.filter(
            relayed_at__isnull=True, created_at__lt=Now() - STALE_AFTER
        ).exists()
        age = _canary_age()
    except DatabaseError:
        return {
            "status": "down",
            "database": "down",
            "broker": "unknown",
            "workers": "unknown",
            "canary_seconds": None,
        }
    broker = _broker()
    if waiting or (age is not None and age > CANARY_AFTER):
        workers = "behind"
    else:
        workers = "unknown" if age is None else "ok"
    return {
        "status": "degraded" if broker == "down" or workers == "behind" else "ok",
        "database": "ok",
        "broker": broker,
        "workers": workers,
        "canary_seconds": None if age is None else round(age.total_seconds()),
    }


def _canary_age() -> timedelta | None:
    age = ExpressionWrapper(Now() - F("written_at"), output_field=fields.DurationField())
    found: timedelta | None = Canary.objects.annotate(age=age).values_list("age", flat=True).first()
    return found


def _broker() -> str:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        client.ping()
    except redis.RedisError:
        return "down"
    return "ok"
