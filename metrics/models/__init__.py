from metrics.models.batches import Batch
from metrics.models.duties import DutyKPI
from metrics.models.group_values import GroupValue
from metrics.models.inspection_forms import InspectionForm, InspectionFormVersion
from metrics.models.inspection_samples import InspectionSample
from metrics.models.inspections import Inspection, InspectionDispute, InspectionScore
from metrics.models.inspectors import Inspector
from metrics.models.kpi_values import KPIPeriod, KPIValue, KPIValueSet
from metrics.models.kpis import KPI, KPIVersion
from metrics.models.measures import Measure
from metrics.models.observations import Observation, Record
from metrics.models.sources import Source
from metrics.models.targets import TargetEdition, TargetRow

__all__ = [
    "KPI",
    "Batch",
    "DutyKPI",
    "GroupValue",
    "Inspection",
    "InspectionDispute",
    "InspectionForm",
    "InspectionFormVersion",
    "InspectionSample",
    "InspectionScore",
    "Inspector",
    "KPIPeriod",
    "KPIValue",
    "KPIValueSet",
    "KPIVersion",
    "Measure",
    "Observation",
    "Record",
    "Source",
    "TargetEdition",
    "TargetRow",
]
