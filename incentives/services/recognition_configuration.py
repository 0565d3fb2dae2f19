"""The sections award_kinds and spot_budgets of a configuration document.

award_kinds: [{code, name, giver, icon, points, monthly_limit, rule, is_active}]
spot_budgets: [{manager, month, points}]      # manager: employee number or login; month: "2025-11"
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from django.utils import timezone

from foundation.documents import Path, Problems, Section, compact, items_of, report_repeated
from incentives.models import AwardKind, SpotBudget
from incentives.services.award_kinds import ICONS, RULES, save_award_kind
from incentives.services.recognition import set_budget
from people.models import User
from people.selectors.employees import find_account

MONTH = re.compile(r"(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])")


def load_award_kinds(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates or changes each kind; one that is the same already is left alone, one that is not named stays."""
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found, problems=problems, key=lambda item: item.get("code") if isinstance(item, dict) else None
    )
    for place, item in found:
        _load_kind(item, actor=actor, problems=problems, path=place)


def _load_kind(item: Any, *, actor: User, problems: Problems, path: Path) -> None:
    before = len(problems)
    section = Section(item, problems=problems, path=path)
    code = section.take("code", str, required=True, default="")
    name_zh, name_en = section.localized("name", required=True)
    giver = section.choice("giver", AwardKind.Giver.values, required=True)
    is_rule = giver == AwardKind.Giver.RULE
    values: dict[str, Any] = {
        "giver": giver,
        "name_zh": name_zh.strip(),
        "name_en": name_en.strip(),
        "icon": section.choice("icon", ICONS, default="star"),
        "points": section.take("points", int, default=10),
        "monthly_limit": section.take("monthly_limit", int, default=3),
        "is_active": section.take("is_active", bool, default=True),
        "rule": section.take("rule", dict, required=is_rule, default={}),
    }
    section.done()
    if values["rule"]:
        if is_rule:
            _check_rule(values["rule"], problems, (*path, "rule"))
        else:
            problems.add((*path, "rule"), "award_rule_of_people")
    if len(problems) > before:
        return
    kind = AwardKind.objects.filter(code=code).first()
    if kind is not None and all(getattr(kind, name) == value for name, value in values.items()):
        return
    with problems.at(path):
        save_award_kind(actor=actor, code=code, **values)


def _check_rule(rule: dict[str, Any], problems: Problems, path: Path) -> None:
    """Its keys by name; what they mean is the service's to check."""
    section = Section(rule, problems=problems, path=path)
    kind = section.choice("kind", RULES, required=True)
    if kind == "milestone":
        section.take("years", list, required=True)
    else:
        section.take("kpi", str, required=True)
    section.done()


def dump_award_kinds() -> list[dict[str, Any]]:
    return [
        {
            "code": kind.code,
            "name": compact({"zh": kind.name_zh, "en": kind.name_en}),
            "giver": kind.giver,
            "icon": kind.icon,
            "points": kind.points,
            "monthly_limit": kind.monthly_limit,
            **({"rule": kind.rule} if kind.rule else {}),
            "is_active": kind.is_active,
        }
        for kind in AwardKind.objects.order_by("code")
    ]


def load_spot_budgets(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Sets the points that each named manager may give in the named month; never below what is given already."""
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found,
        problems=problems,
        key=lambda item: (
            (str(item.get("manager")), str(item.get("month"))) if isinstance(item, dict) else None
        ),
        name="month",
    )
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        number = section.take("manager", str, required=True, default="")
        month = section.take("month", str, required=True, default="")
        points = section.take("points", int, required=True, default=0)
        section.done()
        written = MONTH.fullmatch(month)
        if month and written is None:
            problems.add((*place, "month"), "budget_month")
        manager = find_account(number)
        if number and manager is None:
            problems.add((*place, "manager"), "budget_manager", number=number[:40])
        if len(problems) > before or written is None or manager is None:
            continue
        first = datetime.date(int(written["year"]), int(written["month"]), 1)
        if SpotBudget.objects.filter(manager=manager, month=first, points=points).exists():
            continue
        with problems.at(place):
            set_budget(actor=actor, manager=manager, month=first, points=points)


def dump_spot_budgets() -> list[dict[str, Any]]:
    """Of this month and later ones: what is over is history, no configuration."""
    this_month = timezone.localdate().replace(day=1)
    return [
        {
            "manager": budget.manager.employee_number or budget.manager.login,
            "month": budget.month.strftime("%Y-%m"),
            "points": budget.points,
        }
        for budget in SpotBudget.objects.filter(month__gte=this_month)
        .select_related("manager")
        .order_by("month", "manager__employee_number", "manager__login")
    ]
