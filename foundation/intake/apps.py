from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "foundation.intake"
    label = "intake"

    def ready(self) -> None:
        from foundation.intake import refusals  # noqa: F401  texts are defined once, when apps are ready
