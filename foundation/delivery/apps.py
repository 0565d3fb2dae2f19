from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "foundation.delivery"
    label = "delivery"

    def ready(self) -> None:
        from foundation.delivery import refusals  # noqa: F401  texts are defined once, when apps are ready
