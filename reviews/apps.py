from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        # The registry of a lower room, filled once all models are loaded.
        from foundation.delivery import duties
        from foundation.runs import registry
        from reviews import refusals  # noqa: F401  texts are defined once, when apps are ready
        from reviews.improvement_topics import register_improvement_topics
        from reviews.selectors.all_duties import ReviewDuties
        from reviews.selectors.improvement_duties import PlanDuties
        from reviews.services.corrections import CorrectionHandler
        from reviews.services.previews import PreviewHandler
        from reviews.services.scoring import ScoringHandler
        from reviews.topics import register_topics

        registry.register(PreviewHandler)
        registry.register(ScoringHandler)
        register_topics()
        duties.register(ReviewDuties())
        register_improvement_topics()
        duties.register(PlanDuties())
        registry.register(CorrectionHandler)
