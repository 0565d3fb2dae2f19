"""What I am appraised by, and HR's list of who has not confirmed it yet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import number
from foundation.keyset import page_of
from foundation.refusals import Refusal
from reviews.methods import METHODS
from reviews.methods.base import localised
from reviews.methods.kpi import BANDS
from reviews.methods.rating_scale import level_key, level_texts
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.terms import (
    ASKED_IN,
    asks_for_receipt,
    confirm_by,
    digest_of,
    get_part_for,
    is_confirmed,
    receipt_of,
    receipts,
    terms_of,
)
from reviews.services.terms import confirm_terms
from reviews.views.presentation import kpi_value, language, name_of, unit_of, weight_text
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 50
ORDERING = ("employee__name_sort", "id")


@role_required("employee")
@require_safe
def terms(request: SignedInRequest, code: str) -> HttpResponse:
    part = get_part_for(request.user, code)
    shown = terms_of(part)
    receipt = receipt_of(part)
    digest = digest_of(shown)
    confirmed = is_confirmed(part, receipt) and receipt is not None and receipt.digest == digest
    return render(
        request,
        "reviews/terms.html",
        {
            "cycle": part.cycle,
            "part": part,
            "digest": digest,
            "components": [_component(each) for each in shown["components"]],
            "bands": [
                {"label": name_of(band, band["code"]), "from": number(band["from"])}
                for band in reversed(shown["rating_bands"])
            ],
            "rules": [
                {
                    "name": localised(rule["name"], language()),
                    "sentences": [localised(each, language()) for each in rule["sentences"]],
                }
                for rule in shown["rules"]
            ],
            "receipt": receipt,
            "is_confirmed": confirmed,
            "is_asked": part.cycle.phase in ASKED_IN and asks_for_receipt(part.cycle),
            "may_confirm": part.cycle.phase in ASKED_IN and not confirmed,
            "confirm_by": confirm_by(part.cycle),
        },
    )


@role_required("employee")
@require_POST
def confirm(request: SignedInRequest, code: str) -> HttpResponse:
    get_part_for(request.user, code)
    try:
        confirm_terms(actor=request.user, code=code, digest=request.POST.get("digest", ""))
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(
            request, _("Noted that you have read this. That does not mean that you agree with every point.")
        )
    return redirect("reviews:terms", code)


@role_required("hr", "auditor", write=("hr",))
@require_safe
def term_receipts(request: SignedInRequest, code: str) -> HttpResponse:
    """Who has confirmed and who has not; those who have not come first when asked for."""
    cycle = get_cycle_for(request.user, code)
    shown = receipts(cycle, confirmed=False if request.GET.get("open") else None)
    page = page_of(shown, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    total = receipts(cycle).count()
    open_ = receipts(cycle, confirmed=False).count()
    return render(
        request,
        "reviews/term_receipts.html",
        {
            "cycle": cycle,
            "page": page,
            "total": total,
            "confirmed": total - open_,
            "open": open_,
            "only_open": bool(request.GET.get("open")),
            "is_asked": asks_for_receipt(cycle),
        },
    )


def _component(component: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name_of(component, component["code"]),
        "weight": weight_text(component["weight"]),
        "method": METHODS[component["method"]].description,
        "kpis": [
            {
                "name": name_of(line, line["code"]),
                "weight": weight_text(line["weight"]),
                "target": kpi_value(line["target"], line),
                "unit": unit_of(line),
                "words": kpi_words(line),
            }
            for line in component["kpis"]
        ],
        "items": [
            {
                "name": name_of(item, item["code"]),
                "weight": weight_text(item["weight"]) if item["weight"] is not None else "",
                "levels": _levels(component, item),
            }
            for item in component["items"]
        ],
    }


def _levels(component: dict[str, Any], item: dict[str, Any]) -> list[dict[str, Any]]:
    """The best first, each with what it looks like and what it gives."""
    words = item["words"]
    as_item = {"anchors" if any(isinstance(each, list) for each in words.values()) else "descriptions": words}
    found = []
    for level in reversed(component["levels"]):
        key = level_key(level["value"])
        texts = [localised(text, language()) for text in level_texts(as_item, key)]
        found.append({"key": key, "name": name_of(level), "points": level["points"], "texts": texts})
    return found


def kpi_words(line: dict[str, Any]) -> str:
    """How a KPI's value becomes points, for this person's target."""
    if line["scoring"] == BANDS:
        bands = [
            _("from %(value)s: %(points)s points") % {"value": number(edge), "points": number(points)}
            for edge, points in reversed(line["bands"])
        ]
        text = _("; ").join(bands)
    elif line["target"] is None:
        text = _(
            "There is no target for you: this indicator does not count, and the others share its weight."
        )
    else:
        target = kpi_value(line["target"], line)
        text = {
            "higher": _("%(target)s gives 100 points; more or less gives points in proportion."),
            "lower": _("%(target)s gives 100 points; each per cent above takes one, each below adds one."),
            "nearest": _("Exactly %(target)s gives 100 points; each per cent away from it takes one."),
        }[line["direction"]] % {"target": target}
        if line["cap"] is not None:
            text += _(" At most %(points)s points.") % {"points": number(line["cap"] * 100)}
        if line["floor"]:
            text += _(" At least %(points)s points.") % {"points": number(line["floor"] * 100)}
    if line["minimum_sample"] > 1:
        text += _(" It counts from %(n)s cases on.") % {"n": number(line["minimum_sample"], 0)}
    return text
