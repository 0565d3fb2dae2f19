"""The manager's work: what is due, the scoring grid with its autosave, the evidence beside it."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.delivery import duties
from foundation.interface.access import role_required
from foundation.interface.templatetags.laurel import score_beside
from foundation.interface.wording import date_short, number
from foundation.refusals import Refusal
from reviews import topics
from reviews.methods.base import localised
from reviews.methods.document import component_of
from reviews.methods.paired import is_paired
from reviews.methods.rating_scale import COMMENT_ITEM, level_key, level_texts
from reviews.methods.targets import has_targets
from reviews.models import Cycle, Judgement, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.all_duties import SOURCES, ReviewDuties
from reviews.selectors.coaching import coaching_in
from reviews.selectors.cycles import get_cycle_for, visible_cycles
from reviews.selectors.delegations import delegators_of, scored_by
from reviews.selectors.duty_rows import gather
from reviews.selectors.evidence import KPIFact, data_until, kpi_facts, previous_result, weightiest
from reviews.selectors.goal_sheets import led_goal_cycles
from reviews.selectors.incidents import incidents_in
from reviews.selectors.orderings import is_ordered
from reviews.selectors.pace import pace_of
from reviews.selectors.potential import PotentialRows, potentials_owed
from reviews.selectors.results import MANAGERS_READ
from reviews.selectors.sheets import (
    GridRow,
    OwedComponent,
    get_sheet_for,
    grid_of,
    judgements_of,
    progress_of,
    sheet_rows,
    sheets_owed,
)
from reviews.services.judgements import (
    StaleJudgement,
    missing_items,
    save_judgement,
    submit_sheets,
    unexplained_levels,
)
from reviews.views.presentation import band_of, bands_of, kpi_value, language, name_of, unit_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest

# Evidence columns in the grid: more would push the scores out of sight; the panel has them all.
FACTS_IN_GRID = 2
FACTS_IN_PANEL = 30
OTHERS_SHOWN = 12
INCIDENTS_SHOWN = 8
# What stands in a cell whose item could not be observed, and what people type for it.
NOT_OBSERVED = "–"
NOT_OBSERVED_TYPED = (NOT_OBSERVED, "-", "—", "－")


@role_required("manager", "hr")
@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """Everything that waits for the person, across cycles and kinds, the first due first."""
    me = request.user
    pace, today = pace_of(me), timezone.localdate()
    delegations = list(delegators_of(me).select_related("delegator"))
    forms = sheet_rows(me)
    found = gather(
        (*SOURCES, PotentialRows()),
        [me.pk],
        today,
        also_cycles={row["participant__cycle"] for row in forms},
    )
    owed = sheets_owed(
        me,
        pace,
        rows=forms,
        cycles=found.cycles,
        delegators={each.delegator_id: each.delegator for each in delegations},
    )
    open_ = [each for each in owed if each.open]
    # Forms stand there with how far they are; what other parts of the product ask for is listed as it is told.
    told = [
        *found.duties.get(me.pk, []),
        *duties.duties_of([me.pk], today, without=[ReviewDuties.code]).get(me.pk, []),
    ]
    also = sorted(
        (duty for duty in told if duty.topic != topics.FORMS_OWED),
        key=lambda duty: (duty.due_on or datetime.date.max, duty.topic),
    )
    rows = [
        {"entry": each, "name": name_of(each.component, each.component.get("code", "")), "due": _due(each)}
        for each in owed
    ] + [{"duty": duty, "due": duty.due_on} for duty in also]
    rows.sort(key=lambda row: (_is_done(row), row["due"] or datetime.date.max))
    others = [
        {"cycle": cycle, "has_results": cycle.published_run_id and cycle.phase in MANAGERS_READ}
        for cycle in visible_cycles(request.user).exclude(pk__in=[each.cycle.pk for each in owed])[
            :OTHERS_SHOWN
        ]
    ]
    return render(
        request,
        "reviews/queue.html",
        {
            "owed": rows,
            "first": open_[0] if open_ else None,
            "forms_left": sum(each.open for each in open_),
            "minutes_left": sum(each.minutes_left for each in open_)
            + sum(duty.minutes or 0 for duty in also),
            "also": len(also),
            "pace": pace,
            "delegations": delegations,
            "others": others,
            "potentials": potentials_owed(me, found),
            "goal_cycles": led_goal_cycles(request.user) if request.user.is_manager else [],
        },
    )


def _due(entry: OwedComponent) -> datetime.date | None:
    return entry.cycle.rating_due_on


def _is_done(row: dict[str, Any]) -> bool:
    return "entry" in row and not row["entry"].open


def _in_whose_name(request: SignedInRequest) -> int | None:
    """`for` in the address: whose forms a delegate fills in."""
    asked = request.GET.get("for", "")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else None


def _grid_address(code: str, component: str, rater_id: int | None) -> str:
    address = reverse("reviews:grid", args=[code, component])
    return f"{address}?for={rater_id}" if rater_id else address


@role_required("manager", "hr")
@require_http_methods(["GET", "HEAD", "POST"])
def grid(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """People by items. A POST comes from a browser without scripts and saves all inputs at once."""
    cycle = get_cycle_for(request.user, code)
    rater_id = _in_whose_name(request)
    entry = component_of(cycle.configuration, component) or {}
    if is_ordered(entry) or is_paired(entry):
        if rater_id and rater_id != request.user.pk:
            tell_refusal(request, Refusal("delegation_not_of_orders"))
            return redirect("reviews:queue")
        return redirect(
            "reviews:ordering" if is_ordered(entry) else "reviews:comparison", cycle.code, component
        )
    rows = grid_of(request.user, cycle, component, rater_id)
    if request.method == "POST":
        _save_all(request, rows, entry)
        return redirect(_grid_address(cycle.code, component, rater_id))
    rater = rows[0].sheet.rater
    pace = pace_of(request.user)
    facts = kpi_facts(cycle, [row.sheet.participant.employee_id for row in rows])
    is_open = cycle.phase == Phase.RATING
    progress = progress_of(rater, cycle, component, seconds=pace.seconds)
    return render(
        request,
        "reviews/grid.html",
        {
            "cycle": cycle,
            "component": entry,
            "component_name": name_of(entry, component),
            "items": [
                {
                    "code": item["code"],
                    "name": name_of(item, item["code"]),
                    "choices": _choices(entry, item),
                }
                for item in entry["items"]
            ],
            "not_observed": NOT_OBSERVED if entry.get("allow_not_observed") else "",
            "levels": [
                {"key": level_key(level["value"]), "name": name_of(level), "points": level["points"]}
                for level in entry["levels"]
            ],
            "digits": _digits(entry["levels"]),
            "heads": _fact_heads(facts[rows[0].sheet.participant.employee_id]),
            "rows": [
                _grid_row(row, entry, facts[row.sheet.participant.employee_id], is_open) for row in rows
            ],
            "progress": progress,
            "is_open": is_open,
            "drafts": sum(row.is_open for row in rows),
            "seconds": pace.seconds * len(entry["items"]),  # the grid counts people
            "rater": rater if rater.pk != request.user.pk else None,
        },
    )


def _digits(levels: list[dict[str, Any]]) -> dict[str, int] | None:
    """{first, last} where the levels are whole numbers without a gap: they are typed; others are chosen from a list."""
    values = [level["value"] for level in levels]
    if all(value == int(value) for value in values) and len(values) == values[-1] - values[0] + 1:
        return {"first": int(values[0]), "last": int(values[-1])}
    return None


def _choices(entry: dict[str, Any], item: dict[str, Any]) -> list[dict[str, Any]]:
    """The levels of an item with what each looks like, in the reader's language; the highest first, as on a ladder."""
    found = [
        {
            "key": (key := level_key(level["value"])),
            "name": name_of(level),
            "texts": [localised(text, language()) for text in level_texts(item, key)],
        }
        for level in reversed(entry["levels"])
    ]
    if entry.get("allow_not_observed"):
        found.append({"key": NOT_OBSERVED, "name": _("Not observed"), "texts": []})
    return found


def _in_grid(facts: list[KPIFact]) -> list[KPIFact]:
    return weightiest(facts, FACTS_IN_GRID)


def _fact_heads(facts: list[KPIFact]) -> list[dict[str, Any]]:
    return [
        {
            "name": name_of(fact.item["version"], fact.item["kpi"]),
            "unit": unit_of(fact.item["version"]),
            "target": kpi_value(fact.item["target"], fact.item["version"]),
            "by_person": has_targets(fact.item),
        }
        for fact in _in_grid(facts)
    ]


def _grid_row(row: GridRow, entry: dict[str, Any], facts: list[KPIFact], is_open: bool) -> dict[str, Any]:
    missing = missing_items(entry, row.judgements)
    return {
        "row": row,
        "sheet": row.sheet,
        "employee": row.sheet.participant.employee,
        "part": part_text(row.sheet),
        "scored_by": _by_others(row),
        "is_open": is_open and row.is_open,
        "facts": [_fact_cell(fact) for fact in _in_grid(facts)],
        "cells": [
            _cell(row, item["code"]) | {"name": name_of(item, item["code"])} for item in entry["items"]
        ],
        "comment": _cell(row, COMMENT_ITEM),
        "is_complete": not missing and not unexplained_levels(entry, row.judgements),
        "needs_comment": bool(unexplained_levels(entry, row.judgements)),
    }


def _by_others(row: GridRow) -> str:
    """Names of those who scored in the manager's name."""
    names = {
        each.updated_by.name for each in row.judgements.values() if each.updated_by_id != row.sheet.rater_id
    }
    return _(", ").join(sorted(names))


def part_text(sheet: ScoreSheet) -> str:
    """ "1 to 20 October: 20 days", where others judge the rest of the period."""
    if sheet.days is None or sheet.first_day is None or sheet.last_day is None:
        return ""
    return _("%(first)s – %(last)s, %(days)s days") % {
        "first": date_short(sheet.first_day),
        "last": date_short(sheet.last_day),
        "days": number(sheet.days, 0),
    }


def _cell(row: GridRow, item: str) -> dict[str, Any]:
    judgement = row.judgements.get(item)
    return {
        "item": item,
        "level": (_value(judgement, item) or "") if item != COMMENT_ITEM else "",
        "comment": judgement.comment if judgement else "",
        "version": judgement.version if judgement else 0,
    }


def _fact_cell(fact: KPIFact) -> dict[str, Any]:
    version = fact.item["version"]
    return {
        "name": name_of(version, fact.item["kpi"]),
        "value": kpi_value(fact.value, version),
        "change": fact.change,
        "decimals": version["decimals"],
        "few": fact.is_below_minimum,
        "is_on_target": fact.is_on_target,
    }


def _save_all(request: SignedInRequest, rows: list[GridRow], entry: dict[str, Any]) -> None:
    """What a form without scripts sent: each input that differs from what stood there when the page was made."""
    saved, refused = 0, 0
    for row in rows:
        for item in [*(each["code"] for each in entry["items"]), COMMENT_ITEM]:
            name = f"cell-{row.sheet.pk}-{item}"
            if name not in request.POST:
                continue
            cell = _cell(row, item)
            value = request.POST[name].strip()
            if value == (cell["comment"] if item == COMMENT_ITEM else cell["level"]):
                continue
            change = _change(item, value)
            try:
                save_judgement(
                    actor=request.user,
                    sheet_id=row.sheet.pk,
                    item=item,
                    version=_whole(request.POST.get(f"{name}-version", "")),
                    **change,
                )
                saved += 1
            except Refusal as refusal:
                refused += 1
                messages.error(request, f"{row.sheet.participant.employee.name}: {refusal}")
    if saved:
        messages.success(
            request, ngettext("%(count)s score saved", "%(count)s scores saved", saved) % {"count": saved}
        )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


@role_required("manager", "hr")
@require_POST
def submit(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """Submits the forms that are complete; says how many are left."""
    cycle = get_cycle_for(request.user, code)
    rater_id = _in_whose_name(request)
    rows = grid_of(request.user, cycle, component, rater_id)
    entry = component_of(cycle.configuration, component) or {}
    ready = [
        row
        for row in rows
        if row.is_open
        and not missing_items(entry, row.judgements)
        and not unexplained_levels(entry, row.judgements)
    ]
    try:
        submit_sheets(actor=request.user, sheet_ids=[row.sheet.pk for row in ready])
    except Refusal as refusal:
        tell_refusal(request, refusal)
        return redirect(_grid_address(cycle.code, component, rater_id))
    left = sum(row.is_open for row in rows) - len(ready)
    if left:
        messages.success(
            request, ngettext("%(count)s form to go", "%(count)s forms to go", left) % {"count": number(left)}
        )
        return redirect(_grid_address(cycle.code, component, rater_id))
    messages.success(request, _("All forms of this component are in. Thank you."))
    return redirect("reviews:queue")


@role_required("manager", "hr")
@require_http_methods(["PUT"])
def judgement(request: SignedInRequest, sheet_id: int, item: str) -> JsonResponse:
    """Autosave of one cell, as the scoring grid's contract has it; see templates/components/README.md."""
    try:
        body = json.loads(request.body)
        value, version = body["value"], int(body["version"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return JsonResponse({"detail": str(Refusal("cycle_value_malformed"))}, status=400)
    change = _change(item, value)
    try:
        saved = save_judgement(actor=request.user, sheet_id=sheet_id, item=item, version=version, **change)
    except StaleJudgement as stale:
        return JsonResponse(_conflict(stale, item), status=409)
    except Refusal as refusal:
        return JsonResponse({"detail": str(refusal)}, status=refusal.status)
    except Http404:
        return JsonResponse({"detail": _("This form is not there any more.")}, status=404)
    sheet = get_sheet_for(request.user, sheet_id)
    return JsonResponse(
        {
            "version": saved.version,
            "value": _value(saved, item),
            "saved_at": timezone.localtime(saved.updated_at).isoformat(),
            # Answers may overtake each other on the way back; the page shows the one that was counted last.
            "progress": {
                "as_of": time.time(),
                **progress_of(sheet.rater, sheet.participant.cycle, sheet.component),
            },
        }
    )


def _change(item: str, value: Any) -> dict[str, Any]:
    if item == COMMENT_ITEM:
        return {"comment": value}
    return {"not_observed": True} if value in NOT_OBSERVED_TYPED else {"level": value}


def _value(saved: Judgement | None, item: str) -> str | None:
    if saved is None:
        return None
    if item == COMMENT_ITEM:
        return saved.comment
    if saved.not_observed:
        return NOT_OBSERVED
    return level_key(saved.level) if saved.level is not None else None


def _conflict(stale: StaleJudgement, item: str) -> dict[str, Any]:
    current = stale.current
    return {
        "version": stale.version,
        "value": _value(current, item),
        "saved_by": current.updated_by.name if current else "",
        "detail": str(stale),
    }


def _is_open(request: SignedInRequest, sheet: ScoreSheet) -> bool:
    return (
        ScoreSheet.objects.filter(scored_by(request.user), pk=sheet.pk).exists()
        and sheet.state == ScoreSheet.State.DRAFT
        and sheet.participant.cycle.phase == Phase.RATING
    )


@role_required("manager", "hr")
@require_safe
def evidence(request: SignedInRequest, sheet_id: int, item: str) -> HttpResponse:
    """What is known about the person of the focused cell: KPIs, the item's levels in words, the previous rating."""
    sheet: ScoreSheet = get_sheet_for(request.user, sheet_id)
    cycle: Cycle = sheet.participant.cycle
    entry = component_of(cycle.configuration, sheet.component) or {}
    described = next((each for each in entry.get("items", []) if each["code"] == item), None)
    employee = sheet.participant.employee
    earlier = previous_result(cycle, employee)
    return render(
        request,
        "reviews/_evidence.html",
        {
            "employee": employee,
            "cycle": cycle,
            "part": part_text(sheet),
            "item_name": name_of(described) if described else "",
            "choices": _choices(entry, described) if described else [],
            "chosen": _value(judgements_of(sheet).get(item), item) if described else "",
            "is_open": _is_open(request, sheet),
            "facts": [
                {
                    **_fact_cell(fact),
                    "unit": unit_of(fact.item["version"]),
                    "target": kpi_value(fact.target, fact.item["version"]),
                    "n": fact.n,
                }
                for fact in weightiest(kpi_facts(cycle, [employee.pk])[employee.pk], FACTS_IN_PANEL)
            ],
            "data_until": data_until(cycle),
            "incidents": list(
                incidents_in(request.user, employee.pk, cycle.first_day, cycle.last_day)[:INCIDENTS_SHOWN]
            ),
            "coaching": list(
                coaching_in(request.user, employee.pk, cycle.first_day, cycle.last_day)[:INCIDENTS_SHOWN]
            ),
            "previous": {
                "cycle": earlier[0],
                "score": score_beside(earlier[1].score, bands_of(earlier[0])),
                "band": band_of(earlier[0], earlier[1].rating),
            }
            if earlier
            else None,
        },
    )
