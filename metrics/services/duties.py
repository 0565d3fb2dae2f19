"""Which KPIs cover the duties of a job: HR says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import KPI, DutyKPI
from metrics.selectors.duties import JobDuties, duties_of
from metrics.services.authority import require_hr
from people.models import Job, User


@transaction.atomic
def cover_duties(
    *, actor: User | None, job: Job, kpis: Mapping[str, Sequence[str]], version: str | None = None
) -> JobDuties:
    """kpis: {duty: codes of the KPIs that cover it}; a duty that is not named keeps what it has.

    version   what the editor saw (JobDuties.version); None looks at nothing
    Refusals  metrics_hr_only (403), duties_stale (409), duty_unknown, kpi_unknown and duty_kpi_qualitative (422), the
              last three with the duty as their field.
    """
    require_hr(actor)
    # Two who save at once queue here; the second then finds what it did not see.
    job = Job.objects.select_for_update().get(pk=job.pk)
    [before] = duties_of([job])
    if version is not None and version != before.version:
        raise Refusal("duties_stale", field="version", status=409)
    held = {duty.code: {kpi.code for kpi in duty.kpis} for duty in before.duties}
    known = KPI.objects.in_bulk({code for codes in kpis.values() for code in codes}, field_name="code")
    added, removed = [], []
    for duty, codes in kpis.items():
        if duty not in held:
            raise Refusal("duty_unknown", field=duty[:40], status=422, job=job.name, name=duty[:40])
        for code in dict.fromkeys(codes):
            if code not in known:
                raise Refusal("kpi_unknown", field=duty, status=422, name=code[:60])
            if known[code].is_qualitative:
                raise Refusal("duty_kpi_qualitative", field=duty, status=422, name=known[code].name)
            if code not in held[duty]:
                added.append(DutyKPI(job=job, duty=duty, kpi=known[code]))
        removed += [(duty, code) for code in held[duty] - set(codes)]
    with recording(actor=actor):
        for duty, code in removed:
            DutyKPI.objects.filter(job=job, duty=duty, kpi__code=code).delete()
        DutyKPI.objects.bulk_create(added)
    return duties_of([job])[0]
