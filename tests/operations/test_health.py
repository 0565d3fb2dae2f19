"""/health/ tells an installation that cannot serve from one that serves and does not compute."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from foundation.runs.models import OutboxMessage
from operations.models import Canary
from operations.services.canaries import write_canary

pytestmark = pytest.mark.django_db


def health(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/health/")
    return answer.status_code, answer.json()


def canary_of(**ago: float) -> None:
    write_canary()
    Canary.objects.update(written_at=timezone.now() - timedelta(**ago))


def test_before_the_first_minute_nothing_is_known_and_nothing_is_wrong(client: Client) -> None:
    status, answer = health(client)
    assert (status, answer["status"], answer["workers"], answer["canary_seconds"]) == (
        200,
        "ok",
        "unknown",
        None,
    )


def test_a_canary_sings_each_minute_in_one_row(client: Client) -> None:
    for _minute in range(3):
        write_canary()
    assert Canary.objects.count() == 1
    status, answer = health(client)
    assert (status, answer["status"], answer["workers"]) == (200, "ok", "ok")
    assert 0 <= answer["canary_seconds"] < 60


def test_a_silent_canary_is_degraded_not_dead(client: Client) -> None:
    canary_of(minutes=4)
    status, answer = health(client)
    assert (status, answer["status"], answer["workers"]) == (200, "degraded", "behind")
    assert answer["canary_seconds"] >= 240


def test_news_that_waits_is_degraded(client: Client) -> None:
    write_canary()
    OutboxMessage.objects.create(topic="nobody.listens", payload={})
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert health(client)[1]["workers"] == "behind"


def test_without_its_broker_it_is_degraded(client: Client, settings: Any) -> None:
    write_canary()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    status, answer = health(client)
    assert (status, answer["status"], answer["broker"]) == (200, "degraded", "down")


def test_without_its_database_it_is_down(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    monkeypatch.setattr("operations.selectors.health.connection.cursor", lambda: refuse())
    status, answer = health(client)
    assert (status, answer["status"], answer["database"]) == (503, "down", "down")


def test_the_clock_has_the_canary() -> None:
    from config.celery import app

    app.loader.import_default_modules()
    entry = app.conf.beat_schedule["canary"]
    assert entry["task"] in app.tasks
    assert app.conf.task_routes[entry["task"]] == {"queue": "clock"}
