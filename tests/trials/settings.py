"""The product's settings with what takes minutes in operation taking seconds; the order of time-outs is kept."""

import os

from config.settings import base

base.RUN_LEASE_SECONDS = float(os.environ.get("TRIAL_LEASE_SECONDS", "7"))  # type: ignore[assignment]

from config.settings.test import *  # noqa: E402, F403

RUN_SHARD_SIZE = 10
RUN_RESEND_SECONDS = 2
RUN_TASK_SECONDS = float(os.environ.get("TRIAL_TASK_SECONDS", "2"))
LOGGING["root"]["level"] = "INFO"  # type: ignore[index]  # noqa: F405

if visibility := os.environ.get("TRIAL_VISIBILITY_SECONDS"):
    for options in (CELERY_BROKER_TRANSPORT_OPTIONS, CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS):  # noqa: F405
        options["visibility_timeout"] = float(visibility)
    CELERY_VISIBILITY_TIMEOUT = float(visibility)
