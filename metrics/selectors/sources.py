"""Sources and batches: HR's business, and auditors read them."""

from __future__ import annotations

from django.db.models import QuerySet
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
