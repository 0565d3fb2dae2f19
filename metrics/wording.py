"""Values with their units, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from foundation.interface import wording
from metrics.models import KPIVersion

Unit = KPIVersion.Unit


def value_text(value: Any, unit: str, decimals: int | None) -> str:
    """85.3%, 32.1 s, ¥1,200.00, 4.21; "" for None. Without decimals as many as it has: a target is shown as typed."""
    text = wording.number(value, decimals)
    if not text:
        return ""
    if unit == Unit.PERCENT:
        return f"{text}%"
    if unit == Unit.SECONDS:
        return _("%(seconds)s s") % {"seconds": text}
    if unit == Unit.MONEY:
        return f"¥{text}"
    if unit == Unit.PER_DAY:
        return _("%(number)s a day") % {"number": text}
    return text


def target_text(version: KPIVersion) -> str:
    """At least 85%, at most 30 s, about 240 s; "" without a target."""
    text = value_text(version.target, version.unit, None)
    if not text:
        return ""
    if version.direction == KPIVersion.Direction.HIGHER:
        return _("at least %(value)s") % {"value": text}
    if version.direction == KPIVersion.Direction.LOWER:
        return _("at most %(value)s") % {"value": text}
    return _("about %(value)s") % {"value": text}
