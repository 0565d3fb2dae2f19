"""Scores of inspections as records like any other: a batch for each sample and day of the calls, replaced as a whole.

The batch holds the score that counts of every submitted first scoring. Storing what is stored already changes nothing,
so news may come twice, late or in any order; a decided dispute stores its day anew, and what depends on it is computed
anew as after any corrected file.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date

import pandas as pd
from django.db import transaction
from django.db.models import OuterRef, Subquery

from metrics.models import Batch, Inspection, InspectionScore, Measure, Source
from metrics.selectors.inspections import RECORD_PREFIX, SOURCE
from metrics.services.batches import store_batch
from metrics.services.places import with_teams

#: What every inspection gives: its score, that it was one, and whether there was a fatal error.
MEASURES = ("inspection_score", "inspections", "inspection_fatal")
_NAMES = {
    "inspection_score": ("质检得分", "Inspection score", "score", 100.0),
    "inspections": ("质检次数", "Inspections", "count", 1.0),
    "inspection_fatal": ("致命错误", "Fatal errors", "count", 1.0),
}


def record_id(inspection_id: int) -> str:
    return f"{RECORD_PREFIX}{inspection_id}"


@transaction.atomic
def store_scores(sample_id: int, day: date) -> Batch | None:
    """Store the scores of the sample's calls of this day; None where there is none yet."""
    # One at a time: two that read at once could store the older reading last. (store_batch takes the same lock.)
    source = Source.objects.select_for_update().get(pk=inspection_source().pk)
    latest = InspectionScore.objects.filter(inspection=OuterRef("pk")).order_by("-number")
    rows = list(
        Inspection.objects.filter(sample_id=sample_id, day=day, position=1, state=Inspection.State.SUBMITTED)
        .annotate(
            score=Subquery(latest.values("score")[:1]), is_fatal=Subquery(latest.values("is_fatal")[:1])
        )
        .order_by("pk")
        .values("pk", "employee_id", "occurred_at", "queue", "score", "is_fatal")
    )
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    accepted = pd.DataFrame(
        {
            "external_id": [record_id(pk) for pk in frame["pk"]],
            "employee_id": frame["employee_id"],
            "day": day,
            "occurred_at": frame["occurred_at"],
            "queue": frame["queue"],
            "inspection_score": frame["score"].astype(float),
            "inspections": 1.0,
            "inspection_fatal": frame["is_fatal"].astype(float),
        }
    )
    accepted["day"] = pd.Series([day] * len(accepted), dtype=object)
    content = json.dumps([sample_id, day, rows], default=str, sort_keys=True)
    batch, _stored = store_batch(
        actor=None,
        source=source,
        name=f"sample-{sample_id} {day.isoformat()}",
        content_digest=hashlib.sha256(content.encode()).hexdigest(),
        accepted=with_teams(accepted),
        measures=list(MEASURES),
    )
    return batch


def inspection_source() -> Source:
    """The source of the product's own inspections, and the measures that it gives; made when they are first needed. It
    comes before an imported tool where both scored the same person and day."""
    for code, (zh, en, unit, maximum) in _NAMES.items():
        Measure.objects.get_or_create(
            code=code,
            defaults={"name_zh": zh, "name_en": en, "unit": unit, "minimum": 0.0, "maximum": maximum},
        )
    source, _made = Source.objects.get_or_create(
        code=SOURCE,
        defaults={
            "name_zh": "质检（本系统）",
            "name_en": "Quality inspection (Laurel)",
            "kind": Source.Kind.RECORDS,
            "precedence": 50,
        },
    )
    return source
