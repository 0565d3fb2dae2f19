"""The pages on which a cycle's configuration is edited, each a part of the one document."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.forms.components import (
    BandRows,
    ComponentRows,
    KPIRows,
    NewComponentForm,
    filled,
)
from reviews.forms.cycles import CycleForm, PopulationForm, RulesForm
from reviews.methods.base import plain, weight_total
from reviews.models import Cycle
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.population import population_of
from reviews.selectors.references import references_on
from reviews.services.cycles import edit_configuration, edit_cycle
from reviews.views.presentation import kpi_value, language, name_of, unit_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest


def _editable(request: SignedInRequest, code: str) -> Cycle:
    return get_cycle_for(request.user, code)


def _version(request: SignedInRequest) -> int:
    """What the page was made from; nonsense is a version that never was, so the save is refused as stale."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def save_configuration(
    request: SignedInRequest, cycle: Cycle, change: Callable[[dict[str, Any]], None], success: str
) -> bool:
    document = deepcopy(cycle.configuration)
    change(document)
    try:
        edit_configuration(actor=request.user, cycle=cycle, configuration=document, version=_version(request))
    except Refusal as refusal:
        tell_refusal(request, refusal)
        return False
    if success:
        messages.success(request, success)
    return True


def context_of(cycle: Cycle, **more: Any) -> dict[str, Any]:
    return {"cycle": cycle, "is_frozen": cycle.phase != Phase.SETUP, **more}


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest, code: str) -> HttpResponse:
    """Names and period, and the rules of the overall score."""
    cycle = _editable(request, code)
    document = cycle.configuration
    fields = ("name_zh", "name_en", "first_day", "last_day", "rating_due_on")
    form = CycleForm(request.POST or None, initial={name: getattr(cycle, name) for name in fields})
    rules = RulesForm(
        request.POST or None,
        initial=RulesForm.of(document),
    )
    if request.method == "POST" and form.is_valid() and rules.is_valid():
        try:
            with transaction.atomic():  # both or neither
                edited = edit_cycle(
                    actor=request.user, cycle=cycle, version=_version(request), **form.cleaned_data
                )
                edit_configuration(
                    actor=request.user,
                    cycle=edited,
                    configuration=rules.document(document),
                    version=edited.version,
                )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("reviews:cycle", cycle.code)
    return render_page(
        request, "reviews/settings.html", context_of(cycle, form=form, rules=rules), form, rules
    )


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def population(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = _editable(request, code)
    form = PopulationForm(request.POST or None, initial=cycle.configuration.get("population", {}))
    if request.method == "POST" and form.is_valid():
        chosen = form.document()
        if save_configuration(request, cycle, lambda document: document.update(population=chosen), ""):
            people = population_of({"population": chosen}, cycle.first_day, cycle.last_day)
            messages.success(request, _("%(count)s people belong to the cycle.") % {"count": len(people)})
            return redirect("reviews:cycle", cycle.code)
    people = population_of(cycle.configuration, cycle.first_day, cycle.last_day)
    return render_page(
        request, "reviews/population.html", context_of(cycle, form=form, people=len(people)), form
    )


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def components(request: SignedInRequest, code: str) -> HttpResponse:
    """Which components, with which weights; adding and removing them."""
    cycle = _editable(request, code)
    found = cycle.configuration.get("components", [])
    adding = request.POST.get("step") == "add"
    initial = [
        {
            "code": each["code"],
            "name_zh": each.get("name", {}).get("zh", ""),
            "name_en": each.get("name", {}).get("en", ""),
            "weight": each["weight"],
        }
        for each in found
    ]
    posted = request.method == "POST"
    rows = ComponentRows(
        request.POST if posted and not adding else None, initial=initial, prefix="components"
    )
    form = NewComponentForm(
        request.POST if posted and adding else None, prefix="new", initial=_next_component(found)
    )
    if posted and adding and form.is_valid():
        new = form.document()
        if save_configuration(request, cycle, lambda document: document["components"].append(new), ""):
            return redirect("reviews:component", cycle.code, new["code"])
    elif posted and not adding and rows.is_valid():
        typed = {row.cleaned_data["code"]: row.cleaned_data for row in rows}
        if save_configuration(request, cycle, lambda document: _reweigh(document, typed), ""):
            return redirect("reviews:components", cycle.code)
    details = [
        {"row": row, "component": each, "name": name_of(each, each["code"])}
        for row, each in zip(rows, found, strict=False)
    ]
    context = context_of(
        cycle, rows=rows, details=details, form=form, total=weight_words([each["weight"] for each in found])
    )
    return render_page(request, "reviews/components.html", context, form if adding else rows)


def _next_component(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What most cycles begin with, and the weight that is still to be given."""
    left = max(100 - weight_total([each["weight"] for each in found]), Decimal(0))
    methods = {each["method"] for each in found}
    method, code, zh, en = ("kpi", "kpis", "关键绩效指标", "Key indicators")
    if "kpi" in methods:
        method, code, zh, en = ("rating_scale", "conduct", "服务行为", "Service conduct")
    taken = {each["code"] for each in found}
    if code in taken:
        code, zh, en = "", "", ""
    return {"method": method, "code": code, "name_zh": zh, "name_en": en, "weight": left}


def _reweigh(document: dict[str, Any], typed: dict[str, dict[str, Any]]) -> None:
    kept = []
    for each in document["components"]:
        data = typed.get(each["code"])
        if data is None:
            kept.append(each)
        elif not data["remove"]:
            weight = data["weight"] or Decimal(0)
            kept.append(
                {
                    **each,
                    "name": {"zh": data["name_zh"], "en": data["name_en"]},
                    "weight": int(weight) if weight == int(weight) else float(weight),
                }
            )
    document["components"] = kept


def edit_kpis(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    references = references_on(cycle.last_day).kpis
    chosen = {item["kpi"]: item for item in found["kpis"]}
    # Those in use first, in their order; then what else could be chosen.
    codes = list(chosen)
    if cycle.phase == Phase.SETUP:
        codes += [code for code, each in references.items() if code not in chosen and not each.is_qualitative]
    initial = [
        {
            "kpi": code,
            "weight": (item := chosen.get(code, {})).get("weight"),
            "target": item.get("target"),
            "scoring": item.get("scoring", "attainment"),
            "bands": item.get("bands") or [],
            "floor": 100 * item["floor"] if item.get("floor") else None,
            "cap": 100 * item["cap"] if item.get("cap") is not None else (None if item else 120),
        }
        for code in codes
    ]
    rows = KPIRows(request.POST or None, initial=initial, prefix="kpis")
    if request.method == "POST" and rows.is_valid():
        items = [row.document(chosen.get(row.cleaned_data["kpi"], {})) for row in filled(rows)]
        if save_configuration(
            request, cycle, lambda document: replace_component(document, {**found, "kpis": items}), ""
        ):
            return redirect("reviews:cycle", cycle.code)
    for row, code in zip(rows, codes, strict=False):
        row.reference = references.get(code)
    details = [kpi_detail(row) for row in rows]
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        rows=rows,
        details=details,
        total=weight_words([i["weight"] for i in found["kpis"]]),
    )
    return render_page(request, "reviews/component_kpi.html", context, rows)


def kpi_detail(row: Any) -> dict[str, Any]:
    """What a row of KPIs says of its KPI beside the controls."""
    reference = row.reference
    code = row["kpi"].value()
    if reference is None:
        return {"row": row, "name": code, "is_gone": True}
    version = {"unit": reference.unit, "decimals": reference.decimals}
    return {
        "row": row,
        "name": name_of({"name": reference.name}, code),
        "unit": unit_of(version),
        "own_target": kpi_value(reference.target, version),
        "has_bands": bool(reference.bands),
        "is_lower_better": reference.direction == "lower",
        "is_nearest_best": reference.direction == "nearest",
        "code": code,
        "has_table": bool(reference.targets),
    }


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def bands(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = _editable(request, code)
    initial = [
        {"code": each["code"], "from_score": each["from"], **names_of(each)}
        for each in cycle.configuration.get("rating_bands", [])
    ]
    rows = BandRows(request.POST or None, initial=initial, prefix="bands")
    if request.method == "POST" and rows.is_valid():
        new = [row.document() for row in filled(rows)]
        if save_configuration(request, cycle, lambda document: document.update(rating_bands=new), ""):
            return redirect("reviews:cycle", cycle.code)
    return render_page(request, "reviews/bands.html", context_of(cycle, rows=rows), rows)


@role_required("hr")
@require_POST
def weight_total_fragment(request: SignedInRequest, code: str) -> HttpResponse:
    """What the weights typed so far add up to; asked while someone types."""
    _editable(request, code)
    typed = []
    # Where a page has several tables with weights: the prefix of the one that asks.
    table = request.POST.get("table", "")
    for name, value in request.POST.items():
        if name.endswith("-weight") and name.startswith(table) and not name.startswith("new-"):
            try:
                number = Decimal(str(value)) if len(value) <= 12 else Decimal(0)
            except InvalidOperation:
                continue
            if number.is_finite() and abs(number.adjusted()) <= 6:  # a huge exponent cannot be added
                typed.append(number)
    return render(request, "reviews/_weight_total.html", {"total": weight_words(typed)})


def weight_words(weights: list[Any]) -> dict[str, Any]:
    """{sum, is_whole, left, over}: what the page says beside a column of weights."""
    total = weight_total(weights)
    return {
        "sum": plain(total.normalize() if total else Decimal(0)),
        "is_whole": total == 100,
        "left": plain(100 - total) if total < 100 else "",
        "over": plain(total - 100) if total > 100 else "",
    }


def names_of(entry: dict[str, Any]) -> dict[str, str]:
    name = entry.get("name", {})
    return {"name_zh": name.get("zh", ""), "name_en": name.get("en", "")}


def replace_component(document: dict[str, Any], changed: dict[str, Any]) -> None:
    document["components"] = [
        changed if each["code"] == changed["code"] else each for each in document["components"]
    ]


def render_page(
    request: SignedInRequest, template: str, context: dict[str, Any], *forms: Any
) -> HttpResponse:
    wrong = any(
        any(form.errors) if isinstance(form.errors, list) else form.errors for form in forms if form.is_bound
    )
    return render(request, template, {**context, "language": language()}, status=422 if wrong else 200)
