"""Which corrections a run of results holds, and from which released run it started."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from foundation.runs.models import Run
from reviews.models import Correction, Cycle

KIND = "correction"


def base_of(run: Run) -> UUID:
    """The id of the run that was released: that of the run itself where it is no run of corrections. Ranks and shares
    of everybody else stay what they were in it."""
    return UUID(run.parameters["base"]) if run.kind == KIND else run.pk


def corrections_until(run: Run | None) -> int:
    """The id of the last correction in a run's results; 0 where there is none."""
    return int(run.parameters["until"]) if run is not None and run.kind == KIND else 0


def latest_correction(cycle: Cycle) -> int:
    return Correction.objects.filter(cycle=cycle).aggregate(latest=Max("id"))["latest"] or 0


def corrections_wait(cycle: Cycle) -> bool:
    """Whether there are corrections that the published results do not hold yet."""
    return latest_correction(cycle) > corrections_until(cycle.published_run)


def corrections_of(
    run: Run, cycle: Cycle, employee_ids: list[int] | None = None
) -> dict[int, list[dict[str, Any]]]:
    """{employee: corrections in the order in which they were made} of those whom this run corrected; one query."""
    until = corrections_until(run)
    if not until:
        return {}
    found = Correction.objects.filter(cycle=cycle, pk__lte=until)
    return _entries(found if employee_ids is None else found.filter(employee__in=employee_ids))


def every_correction_of(cycle: Cycle, employee_id: int) -> list[dict[str, Any]]:
    """All that was decided for one person, also what no run has brought into the results yet."""
    found = Correction.objects.filter(cycle=cycle, employee=employee_id)
    return _entries(found).get(employee_id, [])


def _entries(found: QuerySet[Correction]) -> dict[int, list[dict[str, Any]]]:
    answer: dict[int, list[dict[str, Any]]] = {}
    for each in found.select_related("appeal").order_by("pk"):
        answer.setdefault(each.employee_id, []).append(
            {
                "id": each.pk,
                "appeal": each.appeal_id,
                "component": each.component,
                "subject": each.subject,
                "before": each.before,
                "score": each.score,
                "reason": each.appeal.answer,
                "decided_at": each.created_at.isoformat(),
            }
        )
    return answer


def corrected_between(cycle: Cycle, earlier: Run, later: Run) -> list[int]:
    """Whose results differ by corrections between two runs of a cycle. For the rooms above."""
    rows = Correction.objects.filter(
        cycle=cycle, pk__gt=corrections_until(earlier), pk__lte=corrections_until(later)
    )
    return sorted(set(rows.values_list("employee_id", flat=True)))
