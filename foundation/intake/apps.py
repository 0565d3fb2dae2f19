from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "foundation.intake"
    label = "intake"
