"""Do plans help? The estimate with its interval, in a chart and in words, and what it does not prove."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from metrics.models import KPIVersion
from metrics.selectors.kpis import versions_on
from metrics.wording import value_text
from reviews.selectors.improvement_effects import (
    MONTHS_AFTER,
    NEIGHBOURS,
    PlanEffect,
    kpis_of_plans,
    plan_effect,
)
from reviews.views.requests import SignedInRequest
from scoring.effects import LEAST


@role_required("hr", "auditor")
@require_safe
def plan_effect_page(request: SignedInRequest) -> HttpResponse:
    kpis = kpis_of_plans()
    chosen = next((kpi for kpi in kpis if kpi.code == request.GET.get("kpi")), kpis[0] if kpis else None)
    asked = request.GET.get("months", "")
    months = int(asked) if asked in {str(each) for each in MONTHS_AFTER} else MONTHS_AFTER[1]
    found = plan_effect(chosen, months) if chosen else None
    version = versions_on(timezone.localdate(), codes=[chosen.code]).first() if chosen else None
    return render(
        request,
        "reviews/plan_effect.html",
        {
            "kpis": kpis,
            "chosen": chosen,
            "months": months,
            "months_offered": MONTHS_AFTER,
            "found": found,
            "neighbours": NEIGHBOURS,
            "sentences": effect_sentences(found, version) if found and version else [],
            "chart": _chart(found, version) if found and version else None,
            "least": LEAST,
        },
    )


def effect_sentences(found: PlanEffect, version: KPIVersion) -> list[str]:
    """What it says, and for how many people; or why it says nothing."""
    effect = found.effect
    people = effect.treated if effect else 0
    if effect is None or effect.estimate is None or effect.low is None or effect.high is None:
        counts = {"treated": people, "controls": effect.controls if effect else 0, "least": LEAST}
        return [
            _(
                "Too few people to say anything: %(treated)s with a plan and a value before and after, %(controls)s "
                "comparable without one; at least %(least)s of each are needed."
            )
            % counts
        ]

    def shown(value: float) -> str:
        text = value_text(abs(value), version.unit, version.decimals)
        return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text

    words = {
        "estimate": shown(effect.estimate),
        "low": shown(effect.low),
        "high": shown(effect.high),
        "kpi": found.kpi.name,
    }
    better = effect.estimate > 0 if version.direction == "higher" else effect.estimate < 0
    said = [
        _("%(kpi)s changed by %(estimate)s more than in comparable people without a plan.") % words,
        _("With 95 %% confidence between %(low)s and %(high)s.") % words,
    ]
    if effect.low <= 0 <= effect.high:
        said.append(_("The interval contains zero: no effect can be told from chance."))
    elif version.direction != "nearest":
        said.append(_("That is for the better.") if better else _("That is for the worse."))
    people_text = ngettext("%(count)s person with a plan", "%(count)s people with a plan", people)
    said.append(
        _("%(treated)s, compared with %(controls)s others.")
        % {"treated": people_text % {"count": people}, "controls": effect.controls}
    )
    if effect.unmatched:
        said.append(
            ngettext(
                "%(count)s with a plan had nobody to compare with.",
                "%(count)s with a plan had nobody to compare with.",
                effect.unmatched,
            )
            % {"count": effect.unmatched}
        )
    return said


def _chart(found: PlanEffect, version: KPIVersion) -> dict[str, Any] | None:
    effect = found.effect
    if effect is None or effect.estimate is None:
        return None
    return {
        "kind": "line",
        "labels": [_("before"), _("after")],
        "series": [
            {"name": _("with a plan"), "values": [effect.treated_before, effect.treated_after]},
            {"name": _("comparable, without"), "values": [effect.control_before, effect.control_after]},
        ],
        "decimals": version.decimals,
    }
