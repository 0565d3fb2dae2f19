from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "foundation.intake"
    label = "intake"

    def ready(self) -> None:
        # Models can be imported from here on.
        from foundation.intake import refusals, runs  # noqa: F401
        from foundation.runs import registry

        registry.register(runs.CheckRun)
        registry.register(runs.ApplyRun)
