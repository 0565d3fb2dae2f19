"""Parts of a result by name: what appeals and feedback are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from reviews.methods.overall import OVERALL
from reviews.views.presentation import name_of


def item_name(configuration: Mapping[str, Any], component: str, subject: str) -> str:
    """ "Customer satisfaction", "Service conduct as a whole", "Overall score"."""
    if component == OVERALL:
        return _("Overall score")
    configured: Mapping[str, Any] = next(
        (each for each in configuration["components"] if each["code"] == component), {"code": component}
    )
    if not subject:
        return _("%(name)s as a whole") % {"name": name_of(configured, component)}
    for entry in configured.get("kpis") or configured.get("items") or []:
        if subject in (entry.get("kpi"), entry.get("code")):
            return name_of(entry.get("version") or entry, subject)
    return subject
