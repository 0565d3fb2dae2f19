"""Which KPIs cover which duties. Like jobs and KPIs it is no secret; the pages are HR's and auditors'."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404
from django.utils.translation import get_language

from metrics.models import KPI, DutyKPI
from people.models import Job, User
from people.selectors.teams import visible_jobs


@dataclass(frozen=True)
class Duty:
    code: str
    names: Mapping[str, str]
    kpis: list[KPI] = field(default_factory=list)

    @property
    def name(self) -> str:
        order = ("name_zh", "name_en") if (get_language() or "").startswith("zh") else ("name_en", "name_zh")
        return next((self.names[key] for key in order if self.names.get(key)), self.code)


@dataclass(frozen=True)
class JobDuties:
    job: Job
    duties: list[Duty]

    @property
    def uncovered(self) -> list[Duty]:
        return [duty for duty in self.duties if not duty.kpis]

    @property
    def version(self) -> str:
        """Says whether two readers saw the same; no number is counted for it."""
        told = [(duty.code, sorted(kpi.code for kpi in duty.kpis)) for duty in self.duties]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def duties_of(jobs: Collection[Job]) -> list[JobDuties]:
    """In the order of the jobs and of their duties; two queries at most."""
    found: dict[tuple[int, str], list[KPI]] = {}
    rows = DutyKPI.objects.filter(job__in=[job.pk for job in jobs]).select_related("kpi")
    for row in rows.order_by("kpi__code"):
        found.setdefault((row.job_id, row.duty), []).append(row.kpi)
    return [
        JobDuties(
            job,
            [Duty(duty["code"], duty, found.get((job.pk, duty["code"]), [])) for duty in job.duties],
        )
        for job in jobs
    ]


def all_duties(user: User) -> list[JobDuties]:
    """Jobs that have duties, by code."""
    return duties_of([job for job in visible_jobs(user).order_by("code") if job.duties])


def get_job_for(user: User, code: str) -> Job:
    job = visible_jobs(user).filter(code=code).first()
    if job is None:
        raise Http404
    return job


def choosable_kpis() -> list[KPI]:
    """What may cover a duty: KPIs in use that are measured."""
    return list(KPI.objects.filter(is_active=True, is_qualitative=False).order_by("dimension", "code"))


def as_json(found: JobDuties) -> dict[str, Any]:
    return {
        "job": found.job.code,
        "version": found.version,
        "duties": [
            {
                "duty": duty.code,
                "name": {"zh": duty.names.get("name_zh", ""), "en": duty.names.get("name_en", "")},
                "kpis": [kpi.code for kpi in duty.kpis],
            }
            for duty in found.duties
        ],
    }
