from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetricsConfig(AppConfig):
    name = "metrics"
    verbose_name = _("Metrics")

    def ready(self) -> None:
        # Registries of lower rooms, filled once all models are loaded.
        from foundation.intake import kinds
        from foundation.runs import registry
        from metrics import inspection_refusals, refusals  # noqa: F401  define the texts
        from metrics.services.import_kinds import RecordsKind, TotalsKind
        from metrics.services.standing_values import StandingValuesHandler
        from metrics.services.target_files import TargetsKind

        kinds.register(RecordsKind)
        kinds.register(TotalsKind)
        kinds.register(TargetsKind)
        registry.register(StandingValuesHandler)
