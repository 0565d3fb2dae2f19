"""Settings, addresses, workers and the embedded servers."""

import os

# Every Django process needs the Celery application, so that tasks are sent to our broker. The launcher of the embedded
# servers and the supervisor are no Django processes and start without it.
if os.environ.get("DJANGO_SETTINGS_MODULE"):
    from config.celery import app as celery_app

    __all__ = ["celery_app"]
