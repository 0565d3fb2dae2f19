"""Is the installation able to work: the database, the broker, and whether work is being taken up."""

from __future__ import annotations

from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from foundation.runs.models import OutboxMessage

# The relay looks every few seconds; news older than this means that no worker or no beat is there.
STALE_AFTER = timedelta(seconds=60)


def installation_health() -> dict[str, str]:
    """status: ok (everything works), degraded (pages work, computing waits), down (no database)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        waiting = OutboxMessage.objects.filter(
            relayed_at__isnull=True, created_at__lt=timezone.now() - STALE_AFTER
        ).exists()
    except DatabaseError:
        return {"status": "down", "database": "down", "broker": "unknown", "workers": "unknown"}
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        client.ping()
        broker = "ok"
    except redis.RedisError:
        broker = "down"
    workers = "behind" if waiting else "ok"
    status = "ok" if broker == "ok" and workers == "ok" else "degraded"
    return {"status": status, "database": "ok", "broker": broker, "workers": workers}
