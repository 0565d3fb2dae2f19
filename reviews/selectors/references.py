"""What the codes in a cycle's configuration may name, as of a day."""

from __future__ import annotations

import datetime

from metrics.models import KPIVersion
from metrics.selectors.kpis import versions_on
from people.models import Job, Site, Team
from reviews.methods.base import KPIReference, or_none
from reviews.methods.document import References


def kpi_reference(version: KPIVersion) -> KPIReference:
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
    )


def references_on(day: datetime.date) -> References:
    """Four queries, whatever the number of KPIs and teams."""
    return References(
        kpis={version.kpi.code: kpi_reference(version) for version in versions_on(day)},
        teams=set(Team.objects.values_list("code", flat=True)),
        jobs=set(Job.objects.values_list("code", flat=True)),
        sites=set(Site.objects.values_list("code", flat=True)),
    )
