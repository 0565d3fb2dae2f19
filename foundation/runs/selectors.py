"""Who sees which runs."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from foundation.runs.models import Run

SEES_ALL = ("hr", "payroll", "auditor")


def visible_runs(user: Any) -> QuerySet[Run]:
    """HR, payroll and auditors see every run, everyone else the ones they started."""
    runs = Run.objects.select_related("created_by")
    return runs if user.has_role(*SEES_ALL) else runs.filter(created_by=user)


def get_run_for(user: Any, key: Any) -> Run:
    """Http404 for a missing and for a foreign id alike."""
    try:
        return visible_runs(user).get(pk=uuid.UUID(str(key)))
    except (Run.DoesNotExist, ValueError):
        raise Http404 from None


def latest_run(kind: str, scope: str, *, purpose: str = Run.Purpose.OFFICIAL) -> Run | None:
    """The newest run about `scope`, whatever its state; for pages that show its progress."""
    return Run.objects.filter(kind=kind, scope=scope, purpose=purpose).order_by("-created_at").first()
