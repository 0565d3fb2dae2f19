"""Sources and batches: HR's business, and auditors read them."""

from __future__ import annotations

from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404

from metrics.models import Batch, Source
from people.models import User


def visible_sources(user: User) -> QuerySet[Source]:
    if not user.is_authenticated or not user.has_role("hr", "auditor"):
        return Source.objects.none()
    return Source.objects.all()


def get_source_for(user: User, code: str) -> Source:
    source = visible_sources(user).filter(code=code).first()
    if source is None:
        raise Http404
    return source


def visible_batches(user: User) -> QuerySet[Batch]:
    return Batch.objects.filter(source__in=visible_sources(user)).select_related(
        "source", "replaced_by", "created_by"
    )


def with_latest_batch(sources: QuerySet[Source]) -> QuerySet[Source]:
    """Annotates batch_count, last_day and latest_at of what counts; no further query a source."""
    live = Q(batches__state=Batch.State.LIVE)
    return sources.annotate(
        batch_count=Count("batches", filter=live),
        last_day=Max("batches__last_day", filter=live),
        latest_at=Max("batches__created_at", filter=live),
    )
