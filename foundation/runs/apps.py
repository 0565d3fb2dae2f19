from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "foundation.runs"
    label = "runs"

    def ready(self) -> None:
        from foundation.runs import refusals  # noqa: F401  texts are defined once, when apps are ready
