"""`{% load kpi_values %}`: KPI values and targets with their units."""

from __future__ import annotations

from typing import Any

from django import template

from metrics import wording
from metrics.models import KPIVersion

register = template.Library()


@register.filter
def in_unit(value: Any, version: KPIVersion) -> str:
    """`{{ value.value|in_unit:version }}`: 85.3%, 32.1 s, ¥1,200; "" for None."""
    return wording.value_text(value, version.unit, version.decimals)


@register.filter
def as_typed(value: Any, version: KPIVersion) -> str:
    """As in_unit, with no more decimals than the value has."""
    return wording.value_text(value, version.unit, None)


@register.filter
def target_of(version: KPIVersion) -> str:
    """`{{ version|target_of }}`: at least 85%."""
    return wording.target_text(version)
