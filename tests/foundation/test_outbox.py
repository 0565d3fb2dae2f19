"""News reaches its consumers at least once, and a broker that is away disturbs nobody."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from foundation.runs import outbox, services, tasks
from foundation.runs.models import OutboxMessage
from tests.foundation.test_runs_concurrency import PATIENCE, Worker

CONSUMERS = {"thing.happened": ["first.task", "second.task"], "nobody.cares": []}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[str, dict[str, Any]]]:
    settings.LAUREL_OUTBOX_CONSUMERS = CONSUMERS
    found: list[tuple[str, dict[str, Any]]] = []

    def send(name: str, **payload: Any) -> bool:
        found.append((name, payload))
        return True

    monkeypatch.setattr(outbox, "send_task", send)
    return found


@pytest.mark.django_db
def test_every_consumer_of_a_topic_is_sent_and_the_row_is_marked(sent: list[Any]) -> None:
    services.emit("thing.happened", thing_id=7)
    services.emit("nobody.cares", thing_id=8)
    services.emit("unknown.topic", thing_id=9)
    assert outbox.relay_messages() == 3
    assert sent == [("first.task", {"thing_id": 7}), ("second.task", {"thing_id": 7})]
    assert outbox.relay_messages() == 0
    assert services.waiting_messages() == 0


@pytest.mark.django_db
def test_a_broker_that_takes_nothing_leaves_the_rows_waiting(
    sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "send_task", lambda name, **payload: False)
    services.emit("thing.happened", thing_id=7)
    services.emit("thing.happened", thing_id=8)
    assert outbox.relay_messages() == 0
    assert services.waiting_messages() == 2
    assert list(OutboxMessage.objects.order_by("id").values_list("attempts", flat=True)) == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_sending_sends_again(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between sending and COMMIT: the row is still waiting, so it is sent a second time."""
    services.emit("thing.happened", thing_id=7)
    honest = outbox.send_task

    def die(name: str, **payload: Any) -> bool:
        honest(name, **payload)
        raise SystemExit

    monkeypatch.setattr(outbox, "send_task", die)
    with pytest.raises(SystemExit):
        outbox.relay_messages()
    assert services.waiting_messages() == 1
    monkeypatch.setattr(outbox, "send_task", honest)
    assert outbox.relay_messages() == 1
    assert [name for name, _payload in sent if name != outbox.RELAY] == [
        "first.task",
        "first.task",
        "second.task",
    ]


@pytest.mark.django_db(transaction=True)
def test_two_relays_take_different_rows(sent: list[Any]) -> None:
    services.emit("thing.happened", thing_id=1)
    other_has_looked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(OutboxMessage.objects.select_for_update().filter(relayed_at__isnull=True))
            other_has_looked.set()
            assert release.wait(PATIENCE)

    holder = Worker(hold)
    assert other_has_looked.wait(PATIENCE)
    assert outbox.relay_messages() == 0  # and it does not wait for the other
    release.set()
    holder.result()
    assert outbox.relay_messages() == 1


@pytest.mark.django_db(transaction=True)
def test_one_hint_a_transaction_and_only_after_it_is_committed(sent: list[Any]) -> None:
    with transaction.atomic():
        services.emit("thing.happened", thing_id=1)
        services.emit_many("thing.happened", [{"thing_id": 2}, {"thing_id": 3}])
        assert sent == []
    assert sent == [(outbox.RELAY, {})]
    with transaction.atomic():
        services.emit("thing.happened", thing_id=4)
        transaction.set_rollback(True)
    assert len(sent) == 1
    assert OutboxMessage.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_does_not_disturb_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    app = outbox.celery_app()
    monkeypatch.setattr(app, "connection_for_write", lambda: app.connection("redis://127.0.0.1:1/0"))
    with transaction.atomic():
        services.emit("thing.happened", thing_id=1)
    assert services.waiting_messages() == 1
    assert outbox.send_task("first.task") is False


def test_a_task_arrives_in_the_queue_that_workers_listen_to() -> None:
    app = outbox.celery_app()
    assert outbox.send_task("foundation.runs.tasks.nothing", thing_id=1) is True
    with app.connection_for_read() as broker:
        queue, task = broker.SimpleQueue("celery"), ""
        while task != "foundation.runs.tasks.nothing":  # other tests may have left theirs
            message = queue.get(timeout=PATIENCE)
            message.ack()
            task = message.headers["task"]


@pytest.mark.django_db
def test_what_was_relayed_a_week_ago_is_forgotten() -> None:
    now = timezone.now()
    for days in (1, 8):
        OutboxMessage.objects.create(topic="old", relayed_at=now - timedelta(days=days))
    waiting = OutboxMessage.objects.create(topic="old")
    OutboxMessage.objects.update(created_at=now - timedelta(days=30))
    assert outbox.forget_relayed() == 1
    assert OutboxMessage.objects.filter(pk=waiting.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("run_id", ["", "no-uuid", "00000000-0000-0000-0000-000000000000"])
def test_a_message_that_names_no_run_is_dropped(run_id: str) -> None:
    tasks.advance_run(run_id)


@pytest.mark.django_db
def test_relay_goes_on_until_everything_is_sent(sent: list[Any]) -> None:
    services.emit_many("nobody.cares", [{"thing_id": number} for number in range(outbox.BATCH + 5)])
    tasks.relay()
    assert services.waiting_messages() == 0
    assert connection.in_atomic_block
