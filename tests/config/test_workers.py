"""The queue's settings with a real worker, beat and Valkey, as the application's database role; signs of life."""

import os
import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection
from redis import Redis

from config import alive, serve
from foundation.runs.models import OutboxMessage
from tests.workers import InlineWorker, RealWorkers


def relayed(pk: int) -> bool:
    return OutboxMessage.objects.filter(pk=pk, relayed_at__isnull=False).exists()


@pytest.mark.django_db
def test_inline_worker_relays(worker: InlineWorker) -> None:
    message = OutboxMessage.objects.create(topic="nobody.listens", payload={})
    assert worker.run() == 0
    assert relayed(message.pk)


@pytest.mark.slow
def test_beat_and_worker_relay_also_after_valkey_lost_everything(
    real_workers: RealWorkers, settings: Any
) -> None:
    first = OutboxMessage.objects.create(topic="nobody.listens", payload={})
    real_workers.wait_until(lambda: relayed(first.pk))
    Redis.from_url(settings.REDIS_URL).flushdb()
    second = OutboxMessage.objects.create(topic="nobody.listens", payload={})
    real_workers.wait_until(lambda: relayed(second.pk))

    real_workers.kill("worker")
    third = OutboxMessage.objects.create(topic="nobody.listens", payload={})
    real_workers.start("worker")
    real_workers.wait_until(lambda: relayed(third.pk))


def test_application_role_is_refused_what_is_append_only(application_role: Any, settings: Any) -> None:
    cursor = application_role.cursor()
    existing = [
        name for name in settings.APPEND_ONLY_TABLES if name in connection.introspection.table_names()
    ]
    existing += [name for name in connection.introspection.table_names() if name.endswith("event")]
    assert set(settings.APPEND_ONLY_TABLES) <= set(existing)
    assert len(existing) > len(settings.APPEND_ONLY_TABLES)
    for table in existing:
        cursor.execute(f"SELECT * FROM {table} LIMIT 0")
        column = cursor.description[0].name
        for statement in (
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f'UPDATE {table} SET "{column}" = "{column}"',
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    cursor.execute("DELETE FROM runs_outboxmessage")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("CREATE TABLE of_its_own (n int)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("DELETE FROM django_migrations")


class Running:
    returncode = None

    def poll(self) -> None:
        return None


def test_a_silent_worker_is_in_trouble(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(alive, "VAR", tmp_path)
    program = serve.Program("worker", [], watched=True, process=Running(), started_at=time.time())  # type: ignore[arg-type]
    assert program.trouble() is None  # it has only just begun
    program.started_at -= 100
    assert program.trouble() is None  # a busy machine
    program.started_at -= 100
    assert program.trouble() == "runs, but has done nothing for 120 s"
    alive.give_sign("worker")
    assert program.trouble() is None
    silent_since = time.time() - 60
    os.utime(alive.sign_file("worker"), (silent_since, silent_since))
    assert program.trouble() == "runs, but has done nothing for 40 s"
