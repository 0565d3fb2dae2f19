"""A draw repeated with the seed that was stored, and compared with what was drawn."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from metrics.models import InspectionSample
from metrics.selectors.inspection_draw import DrawRule, counted_records, drawn_records
from people.models import User
from people.selectors.rosters import roster_between


@dataclass(frozen=True)
class DrawCheck:
    """is_same: the same calls come out; same_population: of the same records. Where records were corrected or people
    moved since, the draw may differ, and population says by how much."""

    is_same: bool
    same_population: bool
    population: int
    drawn: int
    common: int


def check_draw(sample: InspectionSample) -> DrawCheck:
    """Draws again as of the day of the draw. Samples drawn later do not count as drawn yet. Handful of queries."""
    roster = roster_between(sample.first_day, sample.last_day, teams=list(sample.team_codes))
    people = [row.employee_id for row in roster]
    day = timezone.localdate(sample.created_at)
    gone = list(User.objects.filter(pk__in=people, left_on__lt=day).values_list("pk", flat=True))
    rule = DrawRule(
        source_id=sample.source_id,
        form_id=sample.form_version.form_id,
        first_day=sample.first_day,
        last_day=sample.last_day,
        per_agent=sample.per_agent,
        every=sample.every,
        spread=sample.spread,
        needs_measure=sample.needs_measure,
        seed=sample.seed,
        people=people,
        gone=gone,
        before=sample.pk,
    )
    counts = counted_records(rule)
    counts = counts[~counts["employee_id"].isin(gone)]
    again = set(drawn_records(rule)["external_id"])
    then = set(sample.inspections.filter(position=1).values_list("external_id", flat=True))
    return DrawCheck(
        is_same=again == then,
        same_population=str(sum(int(each) for each in counts["digest"])) == sample.population_digest,
        population=int(counts["records"].sum()),
        drawn=len(again),
        common=len(again & then),
    )
