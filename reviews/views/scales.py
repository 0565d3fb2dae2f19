"""The page on which a rating scale or a BARS component is made: levels, items and their words."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from reviews.forms.components import ItemRows, LevelRows, filled
from reviews.methods.bars import BARSMethod
from reviews.methods.library import with_competencies
from reviews.methods.rating_scale import level_key
from reviews.models import Cycle
from reviews.models.cycles import Phase
from reviews.selectors.references import references_on
from reviews.views.configuration import (
    context_of,
    names_of,
    render_page,
    replace_component,
    save_configuration,
    weight_words,
)
from reviews.views.presentation import language, name_of
from reviews.views.requests import SignedInRequest
from reviews.views.voice_settings import VoiceSettings


def edit_scale(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    posted = request.POST or None
    before = found["levels"]
    library = references_on(cycle.last_day).competencies if cycle.phase == Phase.SETUP else {}
    shown = with_competencies(found, library)
    anchored = found["method"] == BARSMethod.code
    used = {item["competency"] for item in found["items"] if item.get("competency")}
    choices = [
        (each.code, f"{name_of({'name': each.name}, each.code)} ({each.number})")
        for each in library.values()
        if each.is_active or each.code in used
    ]
    choices += [(code, code) for code in sorted(used - library.keys())]
    levels = LevelRows(
        posted,
        initial=[{"value": each["value"], "points": each["points"], **names_of(each)} for each in before],
        prefix="levels",
    )
    items = ItemRows(
        posted,
        initial=[
            {
                "code": each["code"],
                "weight": each["weight"],
                "competency": each.get("competency", ""),
                **names_of(each if not each.get("competency") else {}),
                **{words: each[words] for words in ("anchors", "descriptions") if words in each},
            }
            for each in shown["items"]
        ],
        prefix="items",
        form_kwargs={"levels": before, "anchored": anchored, "competencies": choices},
    )
    voices = VoiceSettings(found, posted)
    asking = {level_key(value) for value in found.get("comment_required_at", [])}
    if request.method == "POST" and all([levels.is_valid(), items.is_valid(), voices.is_valid()]):
        new_levels = [row.document() for row in filled(levels)]
        wanted = set(request.POST.getlist("comment_required_at"))
        changed = {
            **found,
            "levels": new_levels,
            "items": [row.document(new_levels) for row in filled(items)],
            "comment_required_at": [
                level["value"] for level in new_levels if level_key(level["value"]) in wanted
            ],
            "allow_not_observed": "allow_not_observed" in request.POST,
        }
        changed = voices.changed(changed)
        if save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
            return redirect("reviews:cycle", cycle.code)
    for row, each in zip(items, shown["items"], strict=False):
        row.shown_name = name_of(each, each["code"])
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        levels=levels,
        items=items,
        anchored=anchored,
        voices=voices if voices.applies else None,
        has_library=bool(choices),
        comment_levels=[
            {
                "key": level_key(each["value"]),
                "name": name_of(each),
                "checked": level_key(each["value"]) in asking,
            }
            for each in before
        ],
        total=weight_words([each["weight"] for each in found["items"]]),
        language=language(),
    )
    return render_page(request, "reviews/component_scale.html", context, levels, items, *voices.forms)
