from django.apps import AppConfig


class IncentivesConfig(AppConfig):
    name = "incentives"

    def ready(self) -> None:
        # Here and not above: models are ready only now.
        from foundation.intake import kinds
        from foundation.runs import registry
        from incentives import refusals  # noqa: F401  texts exist once the app does
        from incentives.services.imports import PaymentsKind
        from incentives.services.payout_runs import PayoutHandler
        from incentives.topics import register_topics

        kinds.register(PaymentsKind)
        registry.register(PayoutHandler)
        register_topics()
