from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "foundation.runs"
    label = "runs"
