from metrics.models.batches import Batch
from metrics.models.kpi_values import KPIPeriod, KPIValue
from metrics.models.kpis import KPI, KPIVersion
from metrics.models.measures import Measure
from metrics.models.observations import Observation, Record
from metrics.models.sources import Source
from metrics.models.targets import TargetEdition, TargetRow

__all__ = [
    "KPI",
    "Batch",
    "KPIPeriod",
    "KPIValue",
    "KPIVersion",
    "Measure",
    "Observation",
    "Record",
    "Source",
    "TargetEdition",
    "TargetRow",
]
