"""A rater orders the own people: the whole order is saved at once, submitted at once, and given back at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from people.models import User
from reviews.methods.document import component_of
from reviews.methods.ranking import PLACE_ITEM
from reviews.models import Cycle, Judgement, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.orderings import Ordering, is_ordered, ordering_from


class StaleOrdering(Refusal):
    """Somebody saved first, in another window perhaps. Carries what stands there now."""

    def __init__(self, current: Ordering) -> None:
        super().__init__("judgement_stale", status=409)
        self.current = current


@transaction.atomic
def save_ordering(*, actor: User, cycle: Cycle, component: str, groups: Any, version: int) -> Ordering:
    """Saves the whole order. Everyone of the rater's people stands in it once; who shares a group shares a place.

    groups    lists of employee ids, the best first
    version   of the order that the rater saw
    Saving again what stands there already is no conflict. Refusals: StaleOrdering (409), sheet_submitted and
    rating_not_open (403), ordering_malformed, ordering_stranger, ordering_twice, ordering_missing (422). An order that
    is not the actor's is Http404.
    """
    current = _locked(actor, cycle, component)
    _check_open(current)
    wanted = _checked(groups, current)
    if wanted == _as_sets(current.groups) and not current.unplaced:
        return current
    if version != current.version:
        raise StaleOrdering(current)
    places = _places(wanted)
    kept = {
        each.sheet_id: each for each in Judgement.objects.filter(sheet__in=current.sheets, item=PLACE_ITEM)
    }
    for sheet in current.sheets:
        place = places[sheet.participant.employee_id]
        judgement = kept.get(sheet.pk) or Judgement(sheet=sheet, item=PLACE_ITEM, version=0)
        if judgement.level == place:
            continue
        judgement.level = place
        judgement.version += 1
        judgement.updated_by = actor
        judgement.save()
    return ordering_from(cycle, current.component, current.sheets)


@transaction.atomic
def submit_ordering(*, actor: User, cycle: Cycle, component: str) -> Ordering:
    """The order as it was saved; the second time changes nothing. Refusals: ordering_untouched (422), rating_not_open
    (403)."""
    current = _locked(actor, cycle, component)
    if current.is_submitted:
        return current
    _check_open(current)
    if current.unplaced:
        raise Refusal("ordering_untouched", status=422, count=len(current.unplaced))
    now = timezone.now()
    for sheet in current.sheets:
        if sheet.state == ScoreSheet.State.DRAFT:
            sheet.state = ScoreSheet.State.SUBMITTED
            sheet.submitted_at = now
            sheet.version += 1
            sheet.save(update_fields=["state", "submitted_at", "version", "updated_at"])
    return ordering_from(cycle, current.component, current.sheets)


def _locked(actor: User, cycle: Cycle, code: str) -> Ordering:
    """The actor's forms of the component, locked: two saves of one order queue up here."""
    component = component_of(cycle.configuration, code) or {}
    sheets = list(
        ScoreSheet.objects.select_for_update(of=("self",))
        .filter(rater=actor, participant__cycle=cycle, component=code)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__employee", "rater")
        .order_by("pk")
    )
    if not sheets or not is_ordered(component):
        raise Http404
    sheets.sort(key=lambda each: (each.participant.employee.name_sort, each.participant.employee_id))
    # The phase as it is now: the cycle given may have been read before somebody closed the rating.
    return ordering_from(Cycle.objects.get(pk=cycle.pk), component, sheets)


def _check_open(current: Ordering) -> None:
    if current.cycle.phase != Phase.RATING:
        raise Refusal("rating_not_open", status=403)
    if current.is_submitted:
        raise Refusal("sheet_submitted", status=403)


def _checked(groups: Any, current: Ordering) -> list[set[int]]:
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise Refusal("ordering_malformed", field="places", status=422)
    people = [person for group in groups for person in group]
    if not all(isinstance(person, int) and not isinstance(person, bool) for person in people):
        raise Refusal("ordering_malformed", field="places", status=422)
    own = set(current.people)
    if set(people) - own:
        raise Refusal("ordering_stranger", field="places", status=422)
    if len(people) != len(set(people)):
        raise Refusal("ordering_twice", field="places", status=422)
    if own - set(people):
        raise Refusal("ordering_missing", field="places", status=422, count=len(own - set(people)))
    return [set(group) for group in groups if group]


def _as_sets(groups: list[list[int]]) -> list[set[int]]:
    return [set(group) for group in groups]


def _places(groups: list[set[int]]) -> dict[int, int]:
    """Competition places: 1, 2, 2, 4."""
    places: dict[int, int] = {}
    for group in groups:
        place = len(places) + 1
        places.update(dict.fromkeys(group, place))
    return places
