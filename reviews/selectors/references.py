"""What the codes in a cycle's configuration may name, as of a day."""

from __future__ import annotations

import datetime
from typing import Any

from metrics.models import KPIVersion
from metrics.selectors.kpis import versions_on
from metrics.selectors.targets import target_tables
from people.models import Job, Site, Team
from reviews.methods.base import KPIReference, or_none
from reviews.methods.document import References
from reviews.methods.library import CompetencyReference, StrengthReference
from reviews.models import Behaviour, IncidentStrength
from reviews.selectors.competencies import newest_versions


def kpi_reference(version: KPIVersion, targets: dict[str, Any] | None = None) -> KPIReference:
    target = version.target
    return KPIReference(
        code=version.kpi.code,
        name={"zh": version.kpi.name_zh, "en": version.kpi.name_en},
        is_qualitative=version.kpi.is_qualitative,
        version_id=version.pk,
        version_number=version.number,
        formula=version.formula,
        unit=version.unit,
        direction=version.direction,
        target=or_none(None if target is None else float(target)),
        bands=[[float(edge), float(score)] for edge, score in version.bands],
        decimals=version.decimals,
        minimum_sample=version.minimum_sample,
        denominator={"zh": version.denominator_zh, "en": version.denominator_en},
        targets=targets,
        perspective=version.kpi.perspective,
    )


def references_on(day: datetime.date, first_day: datetime.date | None = None) -> References:
    """Nine queries, whatever the number of KPIs and teams. Of the target table come the rows that touch
    first_day..day."""
    first = first_day or day
    edition, tables = target_tables(first, day)
    period = {"edition": edition, "first_day": first.isoformat(), "last_day": day.isoformat()}
    return References(
        kpis={
            version.kpi.code: kpi_reference(
                version,
                {**period, "rows": tables[version.kpi.code]} if version.kpi.code in tables else None,
            )
            for version in versions_on(day)
        },
        competencies={
            version.competency.code: CompetencyReference(
                code=version.competency.code,
                number=version.number,
                name={"zh": version.name_zh, "en": version.name_en},
                anchors=version.anchors,
                is_active=version.competency.is_active,
            )
            for version in newest_versions()
        },
        strengths={
            each.code: StrengthReference(
                code=each.code, name={"zh": each.name_zh, "en": each.name_en}, points=each.points
            )
            for each in IncidentStrength.objects.filter(is_active=True)
        },
        behaviours=set(Behaviour.objects.values_list("code", flat=True)),
        teams=set(Team.objects.values_list("code", flat=True)),
        jobs=set(Job.objects.values_list("code", flat=True)),
        sites=set(Site.objects.values_list("code", flat=True)),
    )
