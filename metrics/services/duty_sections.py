"""The section duties of a configuration document.

    duties: [{job, duty, kpis: [code]}]

Of a duty the document names all KPIs; a duty that it does not name keeps its own.
"""

from __future__ import annotations

from typing import Any

from foundation.documents import Path, Problems, Section, items_of, type_name
from foundation.refusals import Refusal
from metrics.selectors.duties import duties_of
from metrics.services.duties import cover_duties
from people.models import Job, User


def load_duties(items: Any, *, actor: User | None, problems: Problems, path: Path) -> None:
    seen: set[tuple[str, str]] = set()
    jobs: dict[str, Job] = {}
    for place, item in items_of(items, problems=problems, path=path):
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("job", str, required=True, default="")
        duty = section.take("duty", str, required=True, default="")
        kpis = _codes(section, problems, (*place, "kpis"))
        section.done()
        if len(problems) > before:
            continue
        if code not in jobs:
            found = Job.objects.filter(code=code).first()
            if found is None:
                problems.add((*place, "job"), "duty_job_unknown", name=code[:40])
                continue
            jobs[code] = found
        if (code, duty) in seen:
            problems.add((*place, "duty"), "duty_twice", name=duty[:40])
            continue
        seen.add((code, duty))
        try:
            cover_duties(actor=actor, job=jobs[code], kpis={duty: kpis})
        except Refusal as refusal:
            inner = {"duty_unknown": ("duty",), "metrics_hr_only": ()}.get(refusal.code, ("kpis",))
            problems.add((*place, *inner), refusal.code, **refusal.params)


def _codes(section: Section, problems: Problems, path: Path) -> list[str]:
    codes = []
    for place, code in items_of(
        section.take("kpis", list, required=True, default=[]), problems=problems, path=path
    ):
        if isinstance(code, str):
            codes.append(code)
        else:
            problems.add(place, "document_type", expected=type_name(str), found=type_name(type(code)))
    return codes


def dump_duties() -> list[dict[str, Any]]:
    return [
        {"job": found.job.code, "duty": duty.code, "kpis": [kpi.code for kpi in duty.kpis]}
        for found in duties_of(list(Job.objects.order_by("code")))
        for duty in found.duties
        if duty.kpis
    ]
