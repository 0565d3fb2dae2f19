from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        # Models must be loaded before these.
        from foundation.intake import kinds
        from people import refusals  # noqa: F401
        from people.services.imports import CompensationKind, RosterKind

        kinds.register(RosterKind)
        kinds.register(CompensationKind)
