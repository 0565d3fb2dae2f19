"""The Celery application. How workers behave is in config/settings/workers.py."""

from celery import Celery

app = Celery("laurel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
