from django.apps import AppConfig


class SlowRunsConfig(AppConfig):
    name = "tests.foundation.slow_runs"
    label = "slow_runs"

    def ready(self) -> None:
        from foundation.runs import registry
        from tests.foundation.slow_runs.handler import SlowHandler

        registry.register(SlowHandler)
