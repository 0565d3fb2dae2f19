"""`celery -A tests.trials.worker worker`: the product's worker, with points at which a trial can disturb it.

Nothing of this is in the product: functions are wrapped in the processes of this worker only. Faults can be planted
here as well, to prove that the trials notice them.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from celery import signals

from config.celery import app
from tests.trials import points

__all__ = ["app"]


@signals.worker_process_init.connect
def _install(**_: Any) -> None:
    points.install(os.environ.get("TRIAL_PLANT", ""))
    with contextlib.suppress(OSError):
        (points.folder() / f"child-{os.getpid()}").touch()
