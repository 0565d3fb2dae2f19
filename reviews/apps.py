from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        # The registry of a lower room, filled once all models are loaded.
        from foundation.delivery import duties
        from foundation.runs import registry
        from reviews import refusals  # noqa: F401  texts are defined once, when apps are ready
        from reviews.improvement_topics import register_improvement_topics
        from reviews.selectors.appeals import AppealDuties
        from reviews.selectors.conversations import NotesDuties
        from reviews.selectors.duties import SheetDuties
        from reviews.selectors.feedback import FeedbackDuties
        from reviews.selectors.goal_duties import GoalDuties
        from reviews.selectors.improvement_duties import PlanDuties
        from reviews.selectors.second_reviews import SecondReviewDuties
        from reviews.selectors.terms import TermsDuties
        from reviews.selectors.voice_duties import VoiceDuties
        from reviews.services.corrections import CorrectionHandler
        from reviews.services.previews import PreviewHandler
        from reviews.services.scoring import ScoringHandler
        from reviews.topics import register_topics

        registry.register(PreviewHandler)
        registry.register(ScoringHandler)
        register_topics()
        duties.register(SheetDuties())
        register_improvement_topics()
        duties.register(PlanDuties())
        duties.register(TermsDuties())
        duties.register(VoiceDuties())
        registry.register(CorrectionHandler)
        for source in (FeedbackDuties(), NotesDuties(), AppealDuties()):
            duties.register(source)
        duties.register(GoalDuties())
        duties.register(SecondReviewDuties())
