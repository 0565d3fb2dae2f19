"""How much configuration there is, in the reader's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from incentives.models import IncentivePlan
from metrics.models import KPI, InspectionForm, Measure, Source
from people.models import Job, Site, Team
from reviews.models import Behaviour, Competency, CycleTemplate, IncidentStrength


def section_counts() -> list[dict[str, Any]]:
    """[{code, label, count}] in the order of the document."""
    return [
        {"code": "sites", "label": _("Sites"), "count": Site.objects.count()},
        {"code": "jobs", "label": _("Jobs"), "count": Job.objects.count()},
        {"code": "teams", "label": _("Teams"), "count": Team.objects.count()},
        {"code": "measures", "label": _("Measures"), "count": Measure.objects.count()},
        {"code": "sources", "label": _("Sources"), "count": Source.objects.count()},
        {"code": "kpis", "label": _("KPIs"), "count": KPI.objects.count()},
        {
            "code": "inspection_forms",
            "label": _("Inspection forms"),
            "count": InspectionForm.objects.count(),
        },
        {"code": "competencies", "label": _("Competencies"), "count": Competency.objects.count()},
        {"code": "behaviours", "label": _("Expected behaviours"), "count": Behaviour.objects.count()},
        {
            "code": "incident_strengths",
            "label": _("Strengths of incidents"),
            "count": IncidentStrength.objects.filter(is_active=True).count(),
        },
        {"code": "cycle_templates", "label": _("Cycle templates"), "count": CycleTemplate.objects.count()},
        {"code": "incentive_plans", "label": _("Incentive plans"), "count": IncentivePlan.objects.count()},
    ]
