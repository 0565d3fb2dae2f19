"""What can be awarded: HR's list of kinds, and the shipped ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from incentives.models import AwardKind
from incentives.services.rights import require_hr
from metrics.models import KPI
from people.models import User

MOST_POINTS = 10_000
MOST_A_MONTH = 50
ICONS = ("star", "award", "trophy", "rosette", "gift", "heart-handshake", "bulb", "trending-up", "confetti")
RULES = ("best_of_kpi", "most_improved", "milestone")
MOST_YEARS = 60

#: What an installation may begin with. Rules come where their KPI exists.
SHIPPED: tuple[dict[str, Any], ...] = (
    {"code": "thanks", "giver": "colleague", "icon": "heart-handshake", "points": 10, "monthly_limit": 3,
     "name_zh": "感谢有你", "name_en": "Thank you"},
    {"code": "good-idea", "giver": "colleague", "icon": "bulb", "points": 10, "monthly_limit": 2,
     "name_zh": "好点子", "name_en": "Good idea"},
    {"code": "spot", "giver": "manager", "icon": "gift", "points": 50, "name_zh": "即时奖励", "name_en": "Spot award"},
    {"code": "best-csat", "giver": "rule", "icon": "trophy", "points": 100,
     "name_zh": "满意度之星", "name_en": "Best satisfaction", "rule": {"kind": "best_of_kpi", "kpi": "satisfaction"}},
    {"code": "most-improved", "giver": "rule", "icon": "trending-up", "points": 100,
     "name_zh": "进步之星", "name_en": "Most improved", "rule": {"kind": "most_improved", "kpi": "satisfaction"}},
    {"code": "years", "giver": "rule", "icon": "confetti", "points": 50,
     "name_zh": "司龄里程碑", "name_en": "Years with us", "rule": {"kind": "milestone", "years": [1, 3, 5, 10]}},
)  # fmt: skip


@transaction.atomic
def save_award_kind(
    *,
    actor: User,
    code: str,
    giver: str,
    name_zh: str = "",
    name_en: str = "",
    icon: str = "star",
    points: int = 10,
    monthly_limit: int = 3,
    rule: Mapping[str, Any] | None = None,
    is_active: bool = True,
) -> AwardKind:
    """A new kind, or new settings of one; awards that were given keep the points that they were given with. Who gives
    it cannot change. Refusals: award_kind_wrong (422) naming the field, award_kind_giver (409)."""
    require_hr(actor)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", code or ""):
        raise Refusal("plan_code", field="code", status=422)
    if not (name_zh.strip() or name_en.strip()):
        raise Refusal("plan_name", field="name_en", status=422)
    if giver not in AwardKind.Giver.values:
        raise Refusal("award_kind_wrong", field="giver", status=422)
    if icon not in ICONS:
        raise Refusal("award_kind_wrong", field="icon", status=422)
    if not 0 <= points <= MOST_POINTS:
        raise Refusal("points_wrong", field="points", status=422, limit=MOST_POINTS)
    if not 1 <= monthly_limit <= MOST_A_MONTH:
        raise Refusal("award_kind_wrong", field="monthly_limit", status=422)
    checked = checked_rule(rule or {}) if giver == AwardKind.Giver.RULE else {}
    found = AwardKind.objects.select_for_update().filter(code=code).first() or AwardKind(
        code=code, giver=giver
    )
    if found.giver != giver:
        raise Refusal("award_kind_giver", field="giver", status=409)
    found.name_zh, found.name_en = name_zh.strip()[:120], name_en.strip()[:120]
    found.icon, found.points, found.monthly_limit = icon, points, monthly_limit
    found.rule, found.is_active = checked, is_active
    with recording(actor=actor):
        found.save()
    return found


def checked_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule with nothing but what it needs. Refusal award_rule_wrong (422)."""
    kind = rule.get("kind")
    if kind == "milestone":
        years = rule.get("years")
        if (
            not isinstance(years, list)
            or not years
            or not all(type(each) is int and 0 < each <= MOST_YEARS for each in years)
        ):
            raise Refusal("award_rule_years", field="years", status=422, limit=MOST_YEARS)
        return {"kind": kind, "years": sorted(set(years))}
    if kind not in RULES:
        raise Refusal("award_rule_wrong", field="rule", status=422)
    kpi = rule.get("kpi")
    if not isinstance(kpi, str) or not KPI.objects.filter(code=kpi).exists():
        raise Refusal("award_rule_kpi", field="kpi", status=422, kpi=str(kpi)[:40])
    return {"kind": kind, "kpi": kpi}


@transaction.atomic
def adopt_shipped_kinds(*, actor: User) -> int:
    """The shipped kinds that are not there yet. Returns how many were added."""
    require_hr(actor)
    known = set(AwardKind.objects.values_list("code", flat=True))
    kpis = set(KPI.objects.values_list("code", flat=True))
    added = 0
    for kind in SHIPPED:
        needed = kind.get("rule", {}).get("kpi")
        if kind["code"] in known or (needed and needed not in kpis):
            continue
        save_award_kind(actor=actor, **kind)
        added += 1
    return added
