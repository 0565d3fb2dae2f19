"""Whether stored results still say what the judgements and the data say."""

from __future__ import annotations

from django.db.models import Count, Max, Sum

from metrics.models import Batch, Source
from reviews.methods.document import fingerprint
from reviews.models import Cycle, Judgement, Participant, ResultAdjustment, ScoreSheet


def inputs_mark(cycle: Cycle) -> str:
    """A digest of all that enters a scoring run of the cycle; another mark means that another answer is possible.

    Batches are compared by their ids, not by time: one that was being stored when a run began and counts now is a
    difference, whatever its timestamp. Versions only rise, so their sum sees every save. Six queries.
    """
    sheets = ScoreSheet.objects.filter(participant__cycle=cycle)
    judgements = Judgement.objects.filter(sheet__participant__cycle=cycle)
    batches = Batch.objects.filter(
        state=Batch.State.LIVE, first_day__lte=cycle.last_day, last_day__gte=cycle.first_day
    )
    return fingerprint(
        {
            "configuration": cycle.fingerprint,
            "participants": list(
                Participant.objects.filter(cycle=cycle).aggregate(Count("id"), Max("id")).values()
            ),
            "sheets": list(sheets.aggregate(Count("id"), Sum("version")).values()),
            "judgements": list(judgements.aggregate(Count("id"), Sum("version")).values()),
            "adjustments": list(
                ResultAdjustment.objects.filter(cycle=cycle).aggregate(Count("id"), Max("id")).values()
            ),
            # Which of two sources counts where both give one measure of one day.
            "precedence": sorted(Source.objects.values_list("id", "precedence")),
            "batches": list(batches.order_by("id").values_list("id", flat=True)),
        }
    )


def results_are_stale(cycle: Cycle) -> bool:
    """True when something that enters the published results changed after their run began."""
    return cycle.published_run is not None and cycle.published_run.fingerprint != inputs_mark(cycle)
