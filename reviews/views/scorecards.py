"""Scorecards to read: all that a person may see, and one with its strategy map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from reviews.methods.scorecard import OBJECTIVES, is_of_person, line_subject, objectives_name
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.results import visible_results, with_place
from reviews.selectors.scorecards import card_of, card_scores, get_card_component, group_cards
from reviews.views.card_words import card_group, card_sentence
from reviews.views.presentation import kpi_value, language, name_of, score_text, unit_of, weight_text
from reviews.views.requests import SignedInRequest
from reviews.views.strategy_map import strategy_map

PAGE_SIZE = 50
BY_NAME = ("employee__name_sort", "id")


@role_required("hr", "auditor", "manager")
@require_safe
def scorecards(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """A row a person, or a row a team, site or company."""
    cycle = get_cycle_for(request.user, code)
    found = get_card_component(cycle, component)
    page = None
    if is_of_person(found):
        page = page_of(
            with_place(visible_results(request.user, cycle)),
            ordering=BY_NAME,
            cursor=request.GET.get("cursor"),
            limit=PAGE_SIZE,
        )
        scores = card_scores(cycle, found, [result.employee_id for result in page.items])
        rows = [
            {
                "employee_id": result.employee_id,
                "name": result.employee.name,
                "note": result.team_name_zh if language().startswith("zh") else result.team_name_en,
                "score": score_text(scores[result.employee_id][0]),
                "perspectives": [score_text(each) for each in scores[result.employee_id][1]],
            }
            for result in page.items
        ]
    else:
        rows = [
            {
                "employee_id": each.employee_id,
                "name": each.group.name if each.group else "",
                "people": each.people,
                "score": score_text(each.score),
                "perspectives": [score_text(part) for part in each.perspectives],
            }
            for each in group_cards(request.user, cycle, found)
        ]
    return render(
        request,
        "reviews/scorecards.html",
        {
            "cycle": cycle,
            "component": found,
            "component_name": name_of(found, found["code"]),
            "heads": [
                {"name": name_of(each, each["code"]), "weight": weight_text(each["weight"])}
                for each in found["perspectives"]
            ],
            "rows": rows,
            "page": page,
        },
    )


@role_required("hr", "auditor", "manager", "employee")
@require_safe
def scorecard(request: SignedInRequest, code: str, component: str, employee_id: int) -> HttpResponse:
    """One card: what each perspective gives, the KPIs under it, and what causes what."""
    cycle = get_cycle_for(request.user, code)
    found = get_card_component(cycle, component)
    card = card_of(request.user, cycle, found, employee_id)
    part = card["component"]
    return render(
        request,
        "reviews/scorecard.html",
        {
            "cycle": cycle,
            "component_name": name_of(found, found["code"]),
            "employee": card["employee"],
            "is_own": employee_id == request.user.pk,
            "whose": card_sentence(part["card"]),
            "group_name": name_of(part["card"], part["card"]["code"]),
            "subject": part["card"]["subject"],
            "score": score_text(part["score"]),
            "n": part["n"],
            "group": card_group(part, found),
            "map": measured_map(part, found),
        },
    )


def measured_map(part: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy map with what came out."""
    names = {item["kpi"]: name_of(item["version"], item["kpi"]) for item in configured["kpis"]}
    lines = {line["subject"]: line for line in part["lines"]}
    nodes = []
    for item in configured["kpis"]:
        line = lines.get(line_subject(configured, item["kpi"]), {})
        points = line.get("points")
        value = kpi_value(line.get("value"), item["version"])
        unit = unit_of(item["version"])
        nodes.append(
            {
                "key": item["kpi"],
                "perspective": item["perspective"],
                "label": names[item["kpi"]],
                "note": "–"
                if points is None
                else f"{value}{f' {unit}' if unit else ''} → {score_text(points)}",
                "state": "" if points is None else "met" if points >= 100 else "short",
            }
        )
    perspectives = {each["code"]: name_of(each, each["code"]) for each in part["perspectives"]}
    for entry in configured.get("objectives", []):
        subject = f"{OBJECTIVES}:{entry['perspective']}"
        points = lines.get(subject, {}).get("points")
        nodes.append(
            {
                "key": subject,
                "perspective": entry["perspective"],
                "label": objectives_name(perspectives[entry["perspective"]]),
                "note": "–" if points is None else score_text(points),
                "state": "" if points is None else "met" if points >= 100 else "short",
            }
        )
    return strategy_map(
        [
            {"code": each["code"], "label": name_of(each, each["code"]), "note": score_text(each["score"])}
            for each in part["perspectives"]
        ],
        nodes,
        configured.get("links", []),
    )
