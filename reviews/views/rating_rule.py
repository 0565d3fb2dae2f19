"""How ratings are given, with a preview on the latest results while HR types."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.documents import Problems
from foundation.interface.access import role_required
from reviews.forms.rating_rule import RatingRuleForm
from reviews.methods.document import COHORTS
from reviews.methods.rating_rule import DISTRIBUTION, check_rule, completed_rule, rule_of
from reviews.models import Cycle
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.rating_groups import scored_people
from reviews.selectors.results import previous_released_cycle
from reviews.services.rating_groups import rating_of
from reviews.views.configuration import context_of, render_page, save_configuration
from reviews.views.presentation import bands_of
from reviews.views.requests import SignedInRequest


def _form(cycle: Cycle, data: Any = None) -> RatingRuleForm:
    return RatingRuleForm(data, bands=list(reversed(bands_of(cycle))), rule=rule_of(cycle.configuration))


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def rating_rule(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    form = _form(cycle, request.POST or None)
    rule = rule_of(cycle.configuration)
    if request.method == "POST" and form.is_valid():
        rule = form.document()
        problems = _problems(cycle, rule)
        if problems:
            form.add_error(None, problems)
        elif save_configuration(request, cycle, lambda document: document.update(rating=rule), ""):
            return redirect("reviews:cycle", cycle.code)
    context = context_of(cycle, form=form, preview=preview_of(cycle, rule))
    return render_page(request, "reviews/rating_rule.html", context, form)


@role_required("hr")
@require_POST
def rating_preview(request: SignedInRequest, code: str) -> HttpResponse:
    """The counts that what is typed would give; asked while someone types."""
    cycle = get_cycle_for(request.user, code)
    form = _form(cycle, request.POST)
    preview = (
        preview_of(cycle, form.document()) if form.is_valid() else {"problems": [_("Check what you typed.")]}
    )
    return render(request, "reviews/_rating_preview.html", {"preview": preview})


def _problems(cycle: Cycle, rule: dict[str, Any]) -> list[str]:
    found = Problems()
    check_rule(
        rule,
        cycle.configuration.get("rating_bands", []),
        cohorts=COHORTS,
        problems=found,
        path=("rating",),
        complete=True,
    )
    return [problem.text for problem in found]


def preview_of(cycle: Cycle, rule: dict[str, Any]) -> dict[str, Any]:
    """{problems} or {source, rows, chart, own, merged, exempt}: this cycle's published results, else those of the
    latest released cycle before it."""
    problems = _problems(cycle, rule)
    if problems:
        return {"problems": problems}
    source = cycle if cycle.published_run_id else previous_released_cycle(cycle)
    bands = bands_of(cycle)
    if source is None or not bands:
        return {}
    people = scored_people(source)
    scores = people["score"].to_numpy(dtype=float)
    document = {**cycle.configuration, "rating": completed_rule(rule)}
    rated = rating_of(document, people, scores)
    by_cutoffs = rating_of({**document, "rating": {"by": "cutoffs"}}, people, scores)
    shares = rule.get("shares", {}) if rule["by"] == DISTRIBUTION else {}
    groups = [group for group in rated.groups if group.size]
    return {
        "source": source.name,
        "people": sum(1 for each in rated.rating if each),
        "rows": [
            {
                "band": band["label"],
                "share": shares.get(band["code"], 0) if shares else None,
                "count": rated.rating.count(band["code"]),
                "before": by_cutoffs.rating.count(band["code"]),
            }
            for band in reversed(bands)
        ],
        "by_shares": bool(shares),
        **{
            outcome: {
                "groups": sum(group.outcome == outcome for group in groups),
                "people": sum(group.size for group in groups if group.outcome == outcome),
            }
            for outcome in ("own", "merged", "exempt")
        },
        "chart": {
            "kind": "bar",
            "labels": [band["label"] for band in bands],
            "series": [
                {
                    "name": _("By this rule"),
                    "values": [rated.rating.count(b["code"]) for b in bands],
                    "emphasis": True,
                },
                {"name": _("By cut-offs"), "values": [by_cutoffs.rating.count(b["code"]) for b in bands]},
            ],
            "decimals": 0,
        },
    }
