from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        # The registry of a lower room, filled once all models are loaded.
        from foundation.runs import registry
        from reviews import refusals  # noqa: F401  texts are defined once, when apps are ready
        from reviews.services.scoring import ScoringHandler

        registry.register(ScoringHandler)
