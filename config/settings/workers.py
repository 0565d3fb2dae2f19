"""How workers and beat behave. PostgreSQL owns the truth; a message only says "look at this id".

So every message may be lost, come twice or come late: it is acknowledged after the work, the database counts the
attempts, and the four time-outs stand in this order, each with room for the one before:

    soft limit < hard limit < lease of a shard (RUN_LEASE_SECONDS) < visibility timeout of the broker
"""

from datetime import timedelta
from typing import Any

from celery.schedules import crontab
from kombu import Queue

from .base import REDIS_URL, RUN_LEASE_SECONDS

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_EVENT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

# Acknowledge after the work and take one message at a time, so that a killed worker holds back one shard only. A task
# whose process was lost goes back to the queue without end; the cap is the number of attempts in the database.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

# In proportion, so that a test that shortens the lease gets the same order.
CELERY_TASK_SOFT_TIME_LIMIT = RUN_LEASE_SECONDS * 5 / 7
CELERY_TASK_TIME_LIMIT = RUN_LEASE_SECONDS * 6 / 7
BROKER_VISIBILITY_TIMEOUT = RUN_LEASE_SECONDS * 10 / 7

# A broker that stops answering must be noticed within half a minute, also when no packet says so.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": BROKER_VISIBILITY_TIMEOUT,
    "socket_keepalive": True,
    "socket_connect_timeout": 5,
    "socket_timeout": 30,
    "health_check_interval": 20,
    "retry_on_timeout": True,
    "max_retries": 3,
}
# The transport reads the timeout above; the result backend and Celery's own requeueing read these two.
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS: dict[str, Any] = {"visibility_timeout": BROKER_VISIBILITY_TIMEOUT}
CELERY_VISIBILITY_TIMEOUT = BROKER_VISIBILITY_TIMEOUT
CELERY_REDIS_SOCKET_KEEPALIVE = True
CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 5
CELERY_REDIS_SOCKET_TIMEOUT = 30
CELERY_REDIS_BACKEND_HEALTH_CHECK_INTERVAL = 20

CELERY_BROKER_CONNECTION_RETRY = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A page must not hang while the broker is away: the sweep sends again what could not be sent.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0.1,
    "interval_step": 0.1,
    "interval_max": 0.2,
}

# On SIGTERM a worker finishes what it has within this time and gives the rest back. When only the connection was lost
# it works on: its writes are fenced by the run's epoch, and a second delivery finds the shard leased or done.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 15.0
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 2_000_000  # KiB; checked between tasks
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_TRACK_STARTED = False

# The clock's tasks have a queue of their own, which every worker serves in turn with the other: a click is not to wait
# behind ten thousand shards.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_QUEUES = [Queue("celery"), Queue("clock")]
CELERY_TASK_ROUTES = {
    "foundation.runs.tasks.relay": {"queue": "clock"},
    "foundation.runs.tasks.sweep": {"queue": "clock"},
    "operations.tasks.canary": {"queue": "clock"},
    "foundation.delivery.tasks.send_mails": {"queue": "clock"},
}

# The schedule is this dictionary and nothing else, so beat keeps no file that could break; what must happen once per
# day is made unique by the database, not by beat's memory.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "relay": {"task": "foundation.runs.tasks.relay", "schedule": timedelta(seconds=3)},
    "sweep": {"task": "foundation.runs.tasks.sweep", "schedule": timedelta(seconds=5)},
    "canary": {"task": "operations.tasks.canary", "schedule": timedelta(seconds=60)},
    "uploads": {
        "task": "foundation.intake.tasks.forget_unused_uploads",
        "schedule": crontab(hour=3, minute=40),
    },
    "write_mails": {"task": "foundation.delivery.tasks.write_mails", "schedule": crontab(minute="*/10")},
    "send_mails": {"task": "foundation.delivery.tasks.send_mails", "schedule": timedelta(seconds=60)},
    "escalate": {"task": "reviews.tasks.escalate_late_raters", "schedule": crontab(minute=15)},
    "settle_plans": {"task": "reviews.tasks.settle_plans", "schedule": crontab(minute=5)},
    "propose_plans": {"task": "reviews.tasks.propose_plans", "schedule": crontab(hour=4, minute=10)},
    "escalate_appeals": {"task": "reviews.tasks.escalate_late_appeals", "schedule": crontab(minute=25)},
    "retention": {"task": "reviews.tasks.drop_superseded_runs", "schedule": crontab(hour=3, minute=20)},
}
