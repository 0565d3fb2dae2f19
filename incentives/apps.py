from django.apps import AppConfig


class IncentivesConfig(AppConfig):
    name = "incentives"

    def ready(self) -> None:
        # Here and not above: models are ready only now.
        from foundation.intake import kinds
        from foundation.runs import registry
        from incentives import refusals  # noqa: F401  texts exist once the app does
        from incentives.selectors.terms import bonus_rules
        from incentives.services.payment_imports import PaymentsKind
        from incentives.services.payout_work import PayoutHandler
        from incentives.services.recovery_imports import RecoveriesKind
        from incentives.topics import register_topics
        from reviews.selectors.terms import register_rules

        kinds.register(PaymentsKind)
        kinds.register(RecoveriesKind)
        registry.register(PayoutHandler)
        register_topics()
        register_rules("incentives", bonus_rules)
