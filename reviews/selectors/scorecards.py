"""Scorecards as a run left them: of people, teams, sites, the company. Whoever may read a result may read its card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min
from django.http import Http404

from metrics.selectors.observations import COMPANY as EVERYBODY
from people.models import Site, Team, User
from reviews.methods.document import component_of
from reviews.methods.scorecard import COMPANY, PERSPECTIVE, SITE, TEAM, ScorecardMethod
from reviews.models import ComponentScore, Cycle, Participant, ScoreLine
from reviews.selectors.explanations import explanation_of
from reviews.selectors.results import get_result_for, may_see_rank, visible_results

KEYS = {TEAM: "team_id", SITE: "site_id"}


@dataclass(frozen=True)
class CardRow:
    """One card in a list: what each perspective gives and the card's score; employee_id opens it."""

    employee_id: int
    people: int
    group: Team | Site | None
    score: float | None
    perspectives: list[float | None]


def card_components(cycle: Cycle) -> list[dict[str, Any]]:
    return [each for each in cycle.configuration["components"] if each["method"] == ScorecardMethod.code]


def get_card_component(cycle: Cycle, code: str) -> dict[str, Any]:
    found = component_of(cycle.configuration, code)
    if found is None or found["method"] != ScorecardMethod.code or "subject" not in found:
        raise Http404
    return found


def group_cards(user: User, cycle: Cycle, component: dict[str, Any]) -> list[CardRow]:
    """One row per team, site or company of whose people `user` may read the results. Five queries."""
    people = Participant.objects.filter(
        cycle=cycle, employee__in=visible_results(user, cycle).values("employee")
    )
    subject = component["subject"]
    if subject == COMPANY:
        totals = people.aggregate(employee=Min("employee"), people=Count("pk"))
        found = [{"key": EVERYBODY, **totals}] if totals["people"] else []
        groups: dict[int, Any] = {}
    else:
        key = KEYS[subject]
        found = [
            {"key": each[key], **each}
            for each in people.exclude(**{key: None})
            .values(key)
            .annotate(employee=Min("employee"), people=Count("pk"))
            .order_by(key)
        ]
        model: Any = Team if subject == TEAM else Site
        groups = model.objects.in_bulk([each["key"] for each in found])
    scores = card_scores(cycle, component, [each["employee"] for each in found])
    rows = [
        CardRow(each["employee"], each["people"], groups.get(each["key"]), *scores[each["employee"]])
        for each in found
    ]
    return sorted(rows, key=lambda row: row.group.code if row.group else "")


def card_scores(
    cycle: Cycle, component: dict[str, Any], employee_ids: Iterable[int]
) -> dict[int, tuple[float | None, list[float | None]]]:
    """{employee id: (the card's score, those of its perspectives)} of the published run; two queries."""
    ids = list(employee_ids)
    about = {"run": cycle.published_run_id, "component": component["code"], "employee_id__in": ids}
    scores = dict(ComponentScore.objects.filter(**about).values_list("employee_id", "score"))
    parts: dict[int, dict[str, float | None]] = defaultdict(dict)
    lines = ScoreLine.objects.filter(**about, subject__startswith=f"{PERSPECTIVE}:")
    for employee, subject, points in lines.values_list("employee_id", "subject", "points"):
        parts[employee][subject.removeprefix(f"{PERSPECTIVE}:")] = points
    return {
        employee: (
            scores.get(employee),
            [parts[employee].get(each["code"]) for each in component["perspectives"]],
        )
        for employee in ids
    }


def card_of(user: User, cycle: Cycle, component: dict[str, Any], employee_id: int) -> dict[str, Any]:
    """The card behind a result that `user` may read, as the explanation has it: employee, configuration of the card,
    and component {card, score, perspectives, lines, ...}. Http404 alike for none and one that may not be read."""
    result = get_result_for(user, cycle, employee_id)
    explanation = explanation_of(
        result, cycle, show_rank=may_see_rank(user, cycle), own=result.employee_id == user.pk
    )
    return {
        "employee": explanation["employee"],
        "configuration": component,
        "component": next(each for each in explanation["components"] if each["code"] == component["code"]),
    }
