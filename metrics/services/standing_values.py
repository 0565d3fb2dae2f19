"""The standing KPI values of every month: computed anew whenever data or a KPI changes, published as a whole.

What is new is seen twice: the news of a change starts a run, and a run that ends looks whether its inputs are still
those it began with. Both look under the lock of the month's row, so that no change falls between them.
"""

from __future__ import annotations

import calendar
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.interface.wording import month as month_in_words
from foundation.refusals import Refusal
from foundation.runs.models import Run
from foundation.runs.outbox import emit
from foundation.runs.registry import RunHandler
from foundation.runs.services import start_run
from metrics.models import Batch, KPIPeriod, KPIValueSet, Source
from metrics.selectors.kpis import versions_on
from metrics.selectors.parts import slices_by_part
from metrics.services.kpi_values import compute_company_values, compute_kpi_values
from people.models import User
from people.selectors.rosters import roster_between

KIND = "kpi_values"


def month_of(day: date) -> tuple[date, date]:
    """First and last day of the month."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_between(first: date, last: date) -> Iterator[tuple[date, date]]:
    begin, end = month_of(first)
    while begin <= last:
        yield begin, end
        begin, end = month_of(date(begin.year + begin.month // 12, begin.month % 12 + 1, 1))


def scope_of(first_day: date) -> str:
    return f"kpi_month:{first_day:%Y-%m}"


def refresh_months(first: date, last: date) -> list[Run]:
    """Start a run for every month of first..last whose published values are not of today's inputs.

    Where one is under way nothing is started: it looks for itself when it ends. Calling this twice does nothing more.
    """
    started = []
    for begin, end in months_between(first, last):
        with transaction.atomic():
            published = _locked_period(begin, end).published_run
            if published is not None and published.fingerprint == fingerprint(begin, end):
                continue
            try:
                with transaction.atomic():
                    started.append(start_month(actor=None, first_day=begin))
            except Refusal as refusal:
                if refusal.code != "run_active":
                    raise
    return started


def start_month(*, actor: User | None, first_day: date) -> Run:
    """Compute the month of `first_day`. Refusal run_active (409) while that is being done."""
    begin, end = month_of(first_day)
    return start_run(
        actor=actor,
        kind=KIND,
        scope=scope_of(begin),
        parameters={"first_day": begin, "last_day": end},
        fingerprint="",
    )


def _locked_period(begin: date, end: date) -> KPIPeriod:
    KPIPeriod.objects.get_or_create(first_day=begin, last_day=end)
    return KPIPeriod.objects.select_for_update().get(first_day=begin, last_day=end)


def fingerprint(first_day: date, last_day: date) -> str:
    """Changes with everything that a month's values are computed from: batches, precedence, versions, people."""
    batches = Batch.objects.filter(state=Batch.State.LIVE, first_day__lte=last_day, last_day__gte=first_day)
    versions = versions_on(last_day).values_list("pk", "formula", "unit", "sample_measure")
    what: list[Any] = [
        sorted(batches.values_list("pk", flat=True)),
        sorted(Source.objects.values_list("pk", "precedence")),
        sorted(versions),
        [row.employee_id for row in roster_between(first_day, last_day)],
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


class StandingValuesHandler(RunHandler):
    kind = KIND
    label = gettext_lazy("KPI values")
    stages = ("values",)
    roles = ("hr",)
    scope = "metrics:write"

    def plan(self, run: Run, stage: str) -> list[dict]:
        first, last = _days(run)
        run.fingerprint = fingerprint(first, last)
        run.save(update_fields=["fingerprint"])
        people = [row.employee_id for row in roster_between(first, last)]
        slices = slices_by_part(people, small=settings.RUN_SHARD_SIZE)
        return [*({"people": each} for each in slices), {"company": True}]

    def work(self, run: Run, stage: str, key: dict) -> None:
        first, last = _days(run)
        versions = versions_on(last)
        if key.get("company"):
            compute_company_values(run=run, kpi_versions=versions, first_day=first, last_day=last)
        else:
            compute_kpi_values(
                run=run, employee_ids=key["people"], kpi_versions=versions, first_day=first, last_day=last
            )

    def finish(self, run: Run) -> None:
        """Readers follow the pointer: one UPDATE shows them the whole month at once."""
        first, last = _days(run)
        period = _locked_period(first, last)
        period.published_run = run
        period.published_at = timezone.now()
        period.save(update_fields=["published_run", "published_at"])
        superseded = Run.objects.filter(kind=KIND, scope=run.scope).exclude(pk=run.pk)
        KPIValueSet.objects.filter(run__in=superseded).delete()
        if fingerprint(first, last) != run.fingerprint:
            emit("observations.changed", first_day=first.isoformat(), last_day=last.isoformat())

    def title(self, run: Run) -> str:
        first, _last = _days(run)
        return _("KPI values of %(month)s") % {"month": month_in_words(first)}


def _days(run: Run) -> tuple[date, date]:
    return date.fromisoformat(run.parameters["first_day"]), date.fromisoformat(run.parameters["last_day"])
