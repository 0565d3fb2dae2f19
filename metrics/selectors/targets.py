"""The target table as it stands, and as cycles read it."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import Http404

from metrics.models import TargetEdition, TargetRow
from people.models import User
from scoring import targets as scoring_targets

#: How far back the queue of somebody without a record in the period is looked for.
QUEUE_DAYS = 92

_QUEUES = """
    SELECT DISTINCT ON (employee_id) employee_id, queue
    FROM (
        SELECT employee_id, queue, count(*) FILTER (WHERE day >= %(first)s) AS now, count(*) AS ever
        FROM metrics_record
        WHERE employee_id = ANY(%(people)s::bigint[]) AND queue <> '' AND day BETWEEN %(from)s AND %(last)s
        GROUP BY employee_id, queue
    ) AS counted
    ORDER BY employee_id, now DESC, ever DESC, queue
"""


def current_edition() -> TargetEdition | None:
    return TargetEdition.objects.select_related("created_by").order_by("-number").first()


def visible_editions(user: User) -> QuerySet[TargetEdition]:
    """For HR and auditors; a person reads the own target on the own page."""
    if not user.is_authenticated or not user.has_role("hr", "auditor"):
        return TargetEdition.objects.none()
    return TargetEdition.objects.select_related("created_by").order_by("-number")


def get_edition_for(user: User, number: int) -> TargetEdition:
    found = visible_editions(user).filter(number=number).first() if 0 < number < 2**31 else None
    if found is None:
        raise Http404
    return found


def month_text(day: datetime.date | None) -> str | None:
    return f"{day:%Y-%m}" if day else None


def row_document(row: TargetRow) -> dict[str, Any]:
    """A row as a cycle freezes it; scoring_row reads it back."""
    return {
        "job": row.job.code if row.job else "",
        "queue": row.queue,
        "tenure_from": row.tenure_from,
        "tenure_to": row.tenure_to,
        "month_from": month_text(row.month_from),
        "month_to": month_text(row.month_to),
        "target": None if row.target is None else float(row.target),
        "ramp": [float(share) for share in row.ramp],
    }


def scoring_row(document: dict[str, Any]) -> scoring_targets.TargetRow:
    return scoring_targets.TargetRow(**{**document, "ramp": tuple(document["ramp"])})


def target_tables(
    first: datetime.date, last: datetime.date, *, codes: Collection[str] | None = None
) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """(number of the edition in force, {KPI code: its rows that touch first..last}); (0, {}) without any.

    Two queries.
    """
    edition = current_edition()
    if edition is None:
        return 0, {}
    rows = TargetRow.objects.filter(edition=edition).select_related("kpi", "job")
    if codes is not None:
        rows = rows.filter(kpi__code__in=list(codes))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row.month_from is not None and row.month_from > last:
            continue
        if row.month_to is not None and row.month_to < first.replace(day=1):
            continue
        found.setdefault(row.kpi.code, []).append(row_document(row))
    return edition.number, found


def main_queues(employee_ids: Sequence[int], first: datetime.date, last: datetime.date) -> dict[int, str]:
    """{employee id: the queue most of whose records fell to the person in first..last}; whoever has none there yet is
    looked up in the three months before. Of equals the first by name. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _QUEUES,
            {
                "people": list(employee_ids),
                "first": first,
                "from": first - datetime.timedelta(days=QUEUE_DAYS),
                "last": last,
            },
        )
        return dict(cursor.fetchall())


def known_queues() -> list[str]:
    """Queues that the table names; what the editor offers while one types."""
    edition = current_edition()
    if edition is None:
        return []
    rows = TargetRow.objects.filter(edition=edition).exclude(queue="")
    return sorted(set(rows.values_list("queue", flat=True)))
