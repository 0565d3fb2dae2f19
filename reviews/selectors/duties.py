"""What raters owe, for the daily mail and the list of notices."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import Count, QuerySet
from django.urls import reverse

from foundation.delivery.duties import Duty
from reviews import topics
from reviews.methods.document import component_of
from reviews.methods.paired import is_paired, pairs_expected
from reviews.models import Cycle, ScoreSheet
from reviews.models.cycles import Phase
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


class SheetDuties:
    code: ClassVar[str] = "sheets"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(open_sheets().values_list("rater", flat=True).distinct())

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        """One line per cycle; two queries."""
        rows = list(
            open_sheets()
            .filter(rater__in=user_ids)
            .values("rater", "participant__cycle", "component")
            .annotate(forms=Count("id"))
        )
        cycles = Cycle.objects.in_bulk({row["participant__cycle"] for row in rows})
        gathered: dict[tuple[int, int], dict[str, Any]] = defaultdict(
            lambda: {"forms": 0, "seconds": 0, "component": ""}
        )
        for row in rows:
            entry = gathered[row["rater"], row["participant__cycle"]]
            component = component_of(cycles[row["participant__cycle"]].configuration, row["component"]) or {}
            entry["forms"] += row["forms"]
            entry["seconds"] += (
                pairs_expected(component, row["forms"]) * SECONDS_PER_PAIR
                if is_paired(component)
                else row["forms"] * len(component.get("items", ())) * SECONDS_PER_ITEM
            )
            entry["component"] = entry["component"] or row["component"]
        found: dict[int, list[Duty]] = defaultdict(list)
        for (rater, cycle_id), entry in gathered.items():
            cycle = cycles[cycle_id]
            found[rater].append(
                Duty(
                    topic=topics.FORMS_OWED,
                    params={"count": entry["forms"], "cycle": names_of(cycle)},
                    url=reverse("reviews:grid", args=[cycle.code, entry["component"]]),
                    due_on=cycle.rating_due_on,
                    minutes=max(-(-entry["seconds"] // 60), 1),
                )
            )
        return found
