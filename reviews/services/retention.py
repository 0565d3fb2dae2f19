"""Runs that nobody reads any more are dropped after a while; released ones stay."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q
from django.utils import timezone

from foundation.runs.models import Run
from metrics.models import GroupValue, KPIValueSet
from reviews.models import ComponentScore, Cycle, RatingGroup, Result, ScoreLineSet
from reviews.selectors.corrections import KIND, base_of

KEPT = timedelta(days=14)
AT_ONCE = 20


def drop_superseded_runs(*, kept: timedelta = KEPT) -> int:
    """Deletes up to AT_ONCE scoring runs and previews with their rows: ended longer than `kept` ago, and no cycle
    points to them; a preview goes as soon as there is a newer one.

    Returns their number. A run that a room above still refers to stays. Raw deletes: a run of 100,000 people has some
    million rows.
    """
    pointed_to = Cycle.objects.filter(published_run__isnull=False).values("published_run")
    # What was released stays, also after appeals have moved the pointer on.
    released = [base_of(run) for run in Run.objects.filter(kind=KIND).only("kind", "parameters")]
    old = Q(finished_at__lt=timezone.now() - kept)
    newer = Run.objects.filter(
        kind="preview", scope=OuterRef("scope"), state=Run.State.DONE, created_at__gt=OuterRef("created_at")
    )
    ended = (
        Run.objects.filter(kind__in=["scoring", "preview"])
        .filter(state__in=[Run.State.DONE, Run.State.FAILED, Run.State.STOPPED])
        # Of the previews of a cycle only the latest is ever looked at.
        .filter(old | Q(kind="preview") & Exists(newer))
        .exclude(pk__in=pointed_to)
        .exclude(pk__in=released)
    )
    dropped = 0
    for run in list(ended.order_by("finished_at")[:AT_ONCE]):
        with suppress(ProtectedError), transaction.atomic():
            # Looked at again under its lock: a stopped run may have been started again meanwhile.
            if not ended.select_for_update(of=("self",)).filter(pk=run.pk).exists():
                continue
            for model in (ScoreLineSet, ComponentScore, Result, RatingGroup, KPIValueSet, GroupValue):
                model.objects.filter(run=run)._raw_delete("default")
            run.delete()
            dropped += 1
    return dropped
