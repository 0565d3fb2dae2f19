from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        # Models must be loaded before these.
        from foundation.delivery import calendars
        from foundation.intake import kinds
        from people import refusals  # noqa: F401
        from people.selectors.teams import time_zones_of
        from people.services.imports import CompensationKind, RosterKind

        calendars.register_zones(time_zones_of)
        kinds.register(RosterKind)
        kinds.register(CompensationKind)
