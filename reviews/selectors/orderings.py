"""The order that a rater makes of the own people in one component: one form per person, kept and read as a whole."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from people.models import User
from reviews.methods.document import component_of
from reviews.methods.ranking import ORDERING, PLACE_ITEM, RankingMethod
from reviews.models import Cycle, Judgement, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.sheets import visible_sheets


@dataclass
class Ordering:
    """`groups` are ids of people at one place each, best first; empty while nothing was saved. `version` rises with
    every change of any place and when the order is submitted or given back."""

    cycle: Cycle
    component: dict[str, Any]
    sheets: list[ScoreSheet]
    groups: list[list[int]]
    unplaced: list[int]
    version: int
    saved_at: datetime.datetime | None
    saved_by: str

    @property
    def people(self) -> list[int]:
        return [sheet.participant.employee_id for sheet in self.sheets]

    @property
    def is_submitted(self) -> bool:
        return all(sheet.state == ScoreSheet.State.SUBMITTED for sheet in self.sheets)

    @property
    def is_open(self) -> bool:
        return self.cycle.phase == Phase.RATING and not self.is_submitted


def is_ordered(component: dict[str, Any] | None) -> bool:
    """Whether a component asks for an order by hand."""
    found = component or {}
    return found.get("method") == RankingMethod.code and found.get("source") == ORDERING


def ordering_of(user: User, cycle: Cycle, code: str) -> Ordering:
    """The rater's own; two queries. Http404 where there is none."""
    component = component_of(cycle.configuration, code) or {}
    sheets = list(
        visible_sheets(user)
        .filter(rater=user, participant__cycle=cycle, component=code)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .order_by("participant__employee__name_sort", "participant__employee_id")
    )
    if not sheets or not is_ordered(component):
        raise Http404
    return ordering_from(cycle, component, sheets)


def ordering_from(cycle: Cycle, component: dict[str, Any], sheets: list[ScoreSheet]) -> Ordering:
    by_sheet = {
        each.sheet_id: each
        for each in Judgement.objects.filter(sheet__in=sheets, item=PLACE_ITEM).select_related("updated_by")
    }
    placed: dict[float, list[int]] = {}
    unplaced = []
    for sheet in sheets:
        judgement = by_sheet.get(sheet.pk)
        if judgement is None or judgement.level is None:
            unplaced.append(sheet.participant.employee_id)
        else:
            placed.setdefault(float(judgement.level), []).append(sheet.participant.employee_id)
    last = max(by_sheet.values(), key=lambda each: each.updated_at, default=None)
    return Ordering(
        cycle=cycle,
        component=component,
        sheets=sheets,
        groups=[placed[place] for place in sorted(placed)],
        unplaced=unplaced,
        version=sum(sheet.version for sheet in sheets) + sum(each.version for each in by_sheet.values()),
        saved_at=last.updated_at if last else None,
        saved_by=last.updated_by.name if last else "",
    )
