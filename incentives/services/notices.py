"""Telling people that their money was approved. The amount stands on their page only, never in a mail."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse

from foundation.delivery.notices import notify
from incentives import topics
from incentives.models import PayoutLine, PayoutRun


@transaction.atomic
def tell_of_payout(payout_run: int) -> int:
    """Everyone with a line in the run. Doing it twice tells nobody twice; a run that is not approved tells nobody."""
    found = (
        PayoutRun.objects.select_related("plan", "cycle")
        .filter(pk=payout_run, state=PayoutRun.State.APPROVED)
        .first()
    )
    if found is None:
        return 0
    cycle = found.cycle
    return notify(
        topic=topics.PAID,
        key=f"payout:{found.pk}",
        recipients=list(PayoutLine.objects.filter(payout_run=found).values_list("employee_id", flat=True)),
        params={
            "cycle": {"zh": cycle.name_zh, "en": cycle.name_en},
            "plan": {"zh": found.plan.name_zh, "en": found.plan.name_en},
        },
        url=reverse("incentives:statement_of_cycle", args=[cycle.code]),
    )
