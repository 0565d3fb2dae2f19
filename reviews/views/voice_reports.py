"""The 360 of one person: what the groups see, where oneself sees something else, and what they wrote."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import number
from reviews.methods.document import component_of
from reviews.methods.multisource import MultisourceMethod
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.results import get_result_for
from reviews.selectors.voice_reports import OPEN_AREA, ItemView, VoiceReport, voice_report
from reviews.views.presentation import name_of, score_text
from reviews.views.requests import SignedInRequest
from reviews.views.voice_words import quadrant_text, unit_rows, unit_text


@role_required("employee", "manager", "hr", "auditor", write=())
@require_safe
def voice_result(request: SignedInRequest, code: str, component: str, employee_id: int) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    result = get_result_for(request.user, cycle, employee_id)
    entry = component_of(cycle.configuration, component)
    if entry is None or entry["method"] != MultisourceMethod.code:
        raise Http404
    report = voice_report(result, cycle, entry)
    names = {item["code"]: name_of(item, item["code"]) for item in entry["items"]}
    return render(
        request,
        "reviews/voice_result.html",
        {
            "cycle": cycle,
            "employee": result.employee,
            "is_own": result.employee_id == request.user.pk,
            "component_name": name_of(entry, component),
            "report": report,
            "score": score_text(report.score),
            "error": number(report.standard_error, 1) if report.standard_error is not None else "",
            "units": unit_rows(report.units),
            "items": [_item_row(each, names, report) for each in report.items],
            "unit_heads": [unit_text(each["unit"]) for each in report.units],
            "chart": _chart(report, names),
            "chart_answer": _chart_answer(report),
            "strengths": [_told(each, names) for each in report.strengths],
            # That both see it alike well is no comfort under this head.
            "growth": [
                {**_told(each, names), **({"sentence": ""} if each.quadrant == OPEN_AREA else {})}
                for each in report.growth
            ],
            "comments": _comments(report, entry),
        },
    )


def _item_row(item: ItemView, names: dict[str, str], report: VoiceReport) -> dict[str, Any]:
    gap = item.gap
    return {
        "name": names[item.code],
        "cells": [
            {"head": unit_text(each["unit"]), "value": _points(item.by_unit.get(each["unit"]))}
            for each in report.units
        ],
        "gap": "" if gap is None else f"{'+' if gap > 0 else '−' if gap < 0 else ''}{number(abs(gap), 0)}",
        "sentence": quadrant_text(item),
        "quadrant": item.quadrant,
    }


def _points(value: float | None) -> str:
    return "" if value is None else number(value, 0)


def _told(item: ItemView, names: dict[str, str]) -> dict[str, str]:
    return {"name": names[item.code], "others": _points(item.others), "sentence": quadrant_text(item)}


def _chart(report: VoiceReport, names: dict[str, str]) -> dict[str, Any] | None:
    """Oneself beside the others, item by item."""
    if all(each.others is None for each in report.items):
        return None
    series = [{"name": _("The others"), "values": [each.others for each in report.items], "emphasis": True}]
    if any(each.own is not None for each in report.items):
        series.append({"name": _("Self"), "values": [each.own for each in report.items], "emphasis": False})
    return {
        "kind": "bar",
        "labels": [names[each.code] for each in report.items],
        "series": series,
        "decimals": 0,
        "horizontal": len(report.items) > 4,
    }


def _chart_answer(report: VoiceReport) -> str:
    blind = sum(each.quadrant == "blind" for each in report.items)
    hidden = sum(each.quadrant == "hidden" for each in report.items)
    if not any(each.gap is not None for each in report.items):
        return ""
    if not blind and not hidden:
        return _("Self and the others see the same everywhere.")
    return _("%(blind)s blind spots and %(hidden)s hidden strengths: gaps of 10 points and more.") % {
        "blind": number(blind, 0),
        "hidden": number(hidden, 0),
    }


def _comments(report: VoiceReport, entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "question": name_of(each, each["code"]),
            "units": [
                {"name": unit_text(unit["unit"]), "texts": report.comments[each["code"]][unit["unit"]]}
                for unit in report.units
                if unit["unit"] in report.comments.get(each["code"], {})
            ],
        }
        for each in entry.get("questions", [])
        if report.comments.get(each["code"])
    ]
