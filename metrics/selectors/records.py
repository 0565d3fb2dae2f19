"""Single records: those of the people whom one may see."""

from __future__ import annotations

from django.db.models import QuerySet

from metrics.models import Record
from metrics.selectors.inspections import without_unseen_scores
from people.models import User
from people.selectors.employees import visible_employees


def visible_records(user: User) -> QuerySet[Record]:
    """Of oneself, of the people one leads today, or of everybody."""
    records = Record.objects.filter(employee_id__in=visible_employees(user).values("pk"))
    return without_unseen_scores(records, user).select_related("batch__source")
