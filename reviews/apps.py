from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        from reviews import refusals  # noqa: F401  texts are defined once, when apps are ready
