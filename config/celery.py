"""The Celery application. How workers behave is in config/settings/workers.py."""

import signal
from typing import Any

from celery import Celery, signals

from config.alive import give_sign
from config.embedded.processes import follow_parent

app = Celery("laurel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.task_received.connect
def _worker_received(**_: Any) -> None:
    give_sign("worker")


@signals.worker_ready.connect
def _worker_ready(sender: Any, **_: Any) -> None:
    """While something is being worked on no further message may come, and that is no silence."""
    from celery.worker import state  # only a worker has it

    give_sign("worker")

    def look() -> None:
        if state.active_requests:
            give_sign("worker")

    sender.timer.call_repeatedly(5.0, look)


@signals.worker_process_init.connect
def _worker_process_started(**_: Any) -> None:
    """A worker that dies without ending its processes would leave them waiting for work for ever."""
    follow_parent(signal.SIGKILL)


@signals.beat_init.connect
def _beat_started(**_: Any) -> None:
    give_sign("beat")
    signals.after_task_publish.connect(_beat_sent)


def _beat_sent(**_: Any) -> None:
    give_sign("beat")
