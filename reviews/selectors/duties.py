"""What raters owe, for the daily mail and the list of notices."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Count, QuerySet
from django.urls import reverse

from foundation.delivery.duties import Duty
from reviews import topics
from reviews.methods.document import component_of
from reviews.methods.paired import is_paired, pairs_expected
from reviews.models import Cycle, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, select_of
from reviews.selectors.sheets import SECONDS_PER_ITEM, SECONDS_PER_PAIR


def open_sheets() -> QuerySet[ScoreSheet]:
    """Forms that somebody may fill in today and has not."""
    return ScoreSheet.objects.filter(
        state=ScoreSheet.State.DRAFT, participant__cycle__phase=Phase.RATING
    ).order_by()


def open_forms_by_rater(cycle: Cycle, *, team_ids: Collection[int] | None = None) -> dict[int, int]:
    """{rater id: forms not yet handed in}; of these ratees' teams, or of all."""
    found = open_sheets().filter(participant__cycle=cycle)
    if team_ids is not None:
        found = found.filter(participant__team__in=team_ids)
    return dict(found.values_list("rater").annotate(Count("id")))


def names_of(cycle: Cycle) -> dict[str, str]:
    return {"zh": cycle.name_zh, "en": cycle.name_en}


class SheetDuties(DutySource):
    code: ClassVar[str] = "sheets"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(open_sheets().values_list("rater", flat=True).distinct())

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        rows = open_sheets().filter(rater__in=user_ids).values("rater", "participant__cycle", "component")
        yield select_of(
            rows.annotate(forms=Count("id")), "forms", "rater, participant__cycle, component, forms"
        )

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        """One line per person and cycle."""
        gathered: dict[tuple[int, int], list[DutyRow]] = defaultdict(list)
        for row in rows:
            gathered[row.person, row.cycle].append(row)
        for (rater, cycle_id), parts in gathered.items():
            cycle = cycles[cycle_id]
            seconds = sum(
                _seconds(component_of(cycle.configuration, part.subject) or {}, part.many) for part in parts
            )
            yield (
                rater,
                Duty(
                    topic=topics.FORMS_OWED,
                    params={"count": sum(part.many for part in parts), "cycle": names_of(cycle)},
                    url=reverse("reviews:grid", args=[cycle.code, parts[0].subject]),
                    due_on=cycle.rating_due_on,
                    minutes=max(-(-seconds // 60), 1),
                ),
            )


def _seconds(component: Mapping[str, Any], forms: int) -> int:
    if is_paired(component):
        return int(pairs_expected(component, forms) * SECONDS_PER_PAIR)
    return forms * len(component.get("items", ())) * SECONDS_PER_ITEM
