"""Numbers inside sentences, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from foundation.interface.wording import is_chinese, number, percent


def amount_text(value: str | Decimal, decimals: int = 2) -> str:
    """3,000.00: the currency stands once, at the head of the statement."""
    return str(number(Decimal(value), decimals))


def factor_text(value: str | Decimal) -> str:
    """A computed factor: 1.12, 0.875, and ≈ 0.4839 where four decimals do not say it all. The exact value stands
    with the step."""
    value = Decimal(value)
    if value == round(value, 4):
        return rate_text(value)
    return f"≈ {number(value, 4)}"


def rate_text(value: str | Decimal) -> str:
    """A factor or rate that somebody wrote: at least two decimals, all that are needed up to six."""
    value = Decimal(value)
    return str(number(value, 2) if value == round(value, 2) else number(value))


def share_text(value: str | Decimal) -> str:
    value = Decimal(value)
    return str(percent(value, 0 if value * 100 == round(value * 100) else 2))


def point_text(value: str | Decimal) -> str:
    """A score or quantity without superfluous zeros."""
    return str(number(Decimal(value)))


def source_text(source: str) -> str:
    """score; KPI csat (attainment); KPI complaints."""
    kind, _sep, code = source.partition(":")
    if kind == "kpi":
        return _("attainment of %(kpi)s") % {"kpi": code}
    if kind == "condition":
        return condition_text(code)
    if kind == "value":
        return _("KPI %(kpi)s") % {"kpi": code}
    return _("score")


def condition_text(code: str) -> str:
    texts = {
        "tenure_months": _("months of service"),
        "days_in_role": _("days in the role"),
        "open_plan": _("open improvement plans on the last day (1 or 0)"),
    }
    return texts.get(code, code)


def sentences(parts: Iterable[str]) -> str:
    """Sentences one after the other; Chinese has no blank between them."""
    return ("" if is_chinese() else " ").join(parts)


def listing(parts: Iterable[str]) -> str:
    return ("，" if is_chinese() else ", ").join(parts)
