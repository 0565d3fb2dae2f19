"""KPIs and their versions. What is measured is no secret: everyone reads how the own work is judged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.utils import timezone

from metrics.models import KPI, KPIVersion
from people.models import User


def visible_kpis(user: User) -> QuerySet[KPI]:
    """All, for whoever may sign in."""
    if not user.is_authenticated or not user.may_sign_in:
        return KPI.objects.none()
    return KPI.objects.prefetch_related(
        Prefetch("versions", queryset=KPIVersion.objects.order_by("-valid_from"))
    )


def get_kpi_for(user: User, code: str) -> KPI:
    kpi = visible_kpis(user).filter(code=code).first()
    if kpi is None:
        raise Http404
    return kpi


def versions_on(
    day: date, *, codes: Iterable[str] | None = None, active_only: bool = True
) -> QuerySet[KPIVersion]:
    """The version of each KPI that is valid on `day`, with its KPI; a KPI without one on that day is left out."""
    found = KPIVersion.objects.filter(valid_from__lte=day)
    if codes is not None:
        found = found.filter(kpi__code__in=list(codes))
    if active_only:
        found = found.filter(kpi__is_active=True)
    latest = found.order_by("kpi_id", "-valid_from").distinct("kpi_id")
    return KPIVersion.objects.filter(pk__in=latest.values("pk")).select_related("kpi").order_by("kpi__code")


def current_version(kpi: KPI, on: date | None = None) -> KPIVersion | None:
    """The version valid on the day (default: today); before the first one begins, that first one.

    Reads the versions that visible_kpis has fetched; no query then.
    """
    day = on or timezone.localdate()
    versions = list(kpi.versions.all())
    valid = [version for version in versions if version.valid_from <= day]
    pool = valid or versions
    if not pool:
        return None
    return (
        max(pool, key=lambda found: found.valid_from)
        if valid
        else min(pool, key=lambda found: found.valid_from)
    )


def version_on(kpi: KPI, day: date) -> KPIVersion | None:
    """The version valid on the day; None before the first one begins."""
    valid = [version for version in kpi.versions.all() if version.valid_from <= day]
    return max(valid, key=lambda found: found.valid_from) if valid else None
