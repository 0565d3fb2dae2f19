"""Template tags of the whole product: the wording of numbers and dates, icons, components.

The library is a template builtin (settings.TEMPLATES), so no page loads it. A missing value gives an empty string and
is shown by the template (usually as "–"), never as 0.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from babel.dates import format_timedelta
from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BoundField
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from foundation.interface.marks import Mark, ScaleBand, lay_out_scale
from foundation.interface.wording import (
    clock,
    date_short,
    date_time,
    date_weekday,
    days_left,
    duration_seconds,
    localized,
    money,
    month,
    number,
    number_short,
    number_within,
    percent,
    reader_locale,
    rounded,
    to_decimal,
)

register = template.Library()

for plain in (
    number,
    number_short,
    percent,
    money,
    duration_seconds,
    date_weekday,
    date_short,
    date_time,
    month,
    clock,
    days_left,
    localized,
):
    register.filter(plain)

BAND_STEPS = (
    7  # colours of the ordered ramp in frontend/styles/tokens.css: .band-0 (lowest) to .band-6 (highest)
)
_component_ids = itertools.count(1)


@register.filter
def change(value: Any, decimals: Any = 1) -> str:
    """▲ 3.1, ▼ 0.4 or "unchanged", with a word in place of the arrow for screen readers.

    Up and down only say direction. Whether that is good depends on the KPI, so no colour is attached here.
    """
    found = to_decimal(value)
    if found is None:
        return ""
    decimals = 1 if decimals in (None, "") else int(decimals)
    found = rounded(found, decimals)
    if found == 0:
        return format_html('<span class="change change-flat">{}</span>', _("unchanged"))
    arrow, word, direction = ("▲", _("up"), "up") if found > 0 else ("▼", _("down"), "down")
    return format_html(
        '<span class="change change-{}"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span> {}</span>',
        direction,
        arrow,
        word,
        number(abs(found), decimals),
    )


@register.filter
def since(value: Any, now: Any = None) -> SafeString | str:
    """`3 hours ago` / `3小时前`, `in 2 days` / `2天后`, in a <time> that carries the exact moment."""
    if not isinstance(value, datetime.date):
        return ""
    if isinstance(value, datetime.datetime):
        moment = timezone.make_aware(value) if timezone.is_naive(value) else value
        difference = moment - (now or timezone.now())
        if abs(difference.total_seconds()) < 10:
            text = _("just now")
        else:
            text = format_timedelta(difference, add_direction=True, locale=reader_locale())
        return format_html(
            '<time datetime="{}" title="{}">{}</time>', value.isoformat(), date_time(value), text
        )
    days = (value - (now or timezone.localdate())).days
    if days == 0:
        text = _("today")
    else:
        text = format_timedelta(
            datetime.timedelta(days=days),
            granularity="day",
            threshold=30,
            add_direction=True,
            locale=reader_locale(),
        )
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), date_weekday(value), text
    )


# --- names and links -------------------------------------------------------------------------------------------------


@register.filter
def initials(name: Any) -> str:
    """What an avatar shows: the last two characters of a Chinese name, the initials of a Latin one."""
    text = str(name or "").strip()
    if not text:
        return "?"
    if any("\u3400" <= character <= "\u9fff" for character in text):
        return "".join(character for character in text if not character.isspace())[-2:]
    words = text.split()
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def hue(name: Any) -> int:
    """One of six quiet avatar colours, the same for the same name on every page."""
    return sum(str(name or "").encode()) % 6


@register.simple_tag(takes_context=True)
def query_replace(context: template.Context, **changes: Any) -> str:
    """`<a href="{% query_replace cursor=next %}">`: this page's query with some keys set, or removed by None."""
    request: HttpRequest | None = context.get("request")
    query = QueryDict(mutable=True) if request is None else request.GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return "?" + query.urlencode()


# --- bands and components --------------------------------------------------------------------------------------------


@register.filter
def band_class(index: Any, total: Any) -> str:
    """`{{ band.index|band_class:5 }}`: CSS class of the band; index 0 is the LOWEST band, total the number of bands.

    The ramp has seven ordered steps; fewer bands are spread over it, so the lowest and highest always look the same.
    """
    try:
        index, total = int(index), int(total)
    except (TypeError, ValueError):
        return "band-none"
    if total < 1 or not 0 <= index < total:
        return "band-none"
    if total == 1:
        return f"band-{BAND_STEPS - 1}"
    return f"band-{int(index * (BAND_STEPS - 1) / (total - 1) + 0.5)}"


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """`{% icon "users" %}` from the sprite; decoration unless it has a label, which screen readers then speak.

    Names are those of Tabler Icons (outline). The build collects them from templates and Python sources.
    """
    if not name:
        return mark_safe("")
    return format_html(
        '<svg class="icon {}" {} focusable="false"><use href="{}#{}"></use></svg>',
        css,
        format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"'),
        static("dist/icons.svg"),
        name,
    )


@register.simple_tag
def unique_id(prefix: str = "c") -> str:
    """An id for a component that appears several times on one page."""
    return f"{prefix}-{next(_component_ids)}"


@register.filter
def score_beside(value: Any, bands: Any) -> str:
    """`{{ score|score_beside:bands }}`: one decimal, but never rounded into a band that it does not reach."""
    return number_within(value, [_edge(band) for band in bands or ()])


def _edge(band: Any) -> Any:
    return band.get("from") if isinstance(band, Mapping) else band[0]


@register.inclusion_tag("components/band_scale.html")
def band_scale(
    bands: Iterable[Any],
    score: Any = None,
    low: Any = None,
    high: Any = None,
    minimum: Any = None,
    maximum: Any = None,
    decimals: int = 1,
    label: str = "",
) -> dict[str, Any]:
    """`{% band_scale bands score=87.4 low=84.1 high=90.2 %}`; see components/band_scale.html."""
    laid_out, mark = lay_out_scale(
        bands,
        score=_as_float(score),
        low=_as_float(low),
        high=_as_float(high),
        minimum=_as_float(minimum),
        maximum=_as_float(maximum),
    )
    return {
        "bands": [_scale_band(band, len(laid_out)) for band in laid_out],
        "mark": mark,
        **{
            name: number_within(value, [band.threshold for band in laid_out[1:]], decimals)
            for name, value in (("score", score), ("low", low), ("high", high))
        },
        "label": label,
        "current": _current_band(laid_out, mark),
    }


def _as_float(value: Any) -> float | None:
    found = to_decimal(value)
    return None if found is None else float(found)


def _scale_band(band: ScaleBand, total: int) -> dict[str, Any]:
    return {
        "label": band.label,
        "threshold": band.threshold,
        "x": f"{band.left:.3f}%",
        "width": f"{band.width:.3f}%",
        "middle": f"{band.left + band.width / 2:.3f}%",
        "css": band_class(band.index, total),
        "current": band.current,
        "first": band.index == 0,
    }


def _current_band(bands: list[ScaleBand], mark: Mark | None) -> str:
    if mark is None:
        return ""
    return next((band.label for band in bands if band.current), "")


@register.filter
def as_json(value: Any) -> str:
    """JSON for a <template>, escaped as any text is: htmx drops every <script> of a fragment, also one of data."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def chart_rows(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a chart's table: each label with one value per series."""
    return [
        {
            "label": label,
            "cells": [
                series["values"][place] if place < len(series["values"]) else None
                for series in chart.get("series", [])
            ],
        }
        for place, label in enumerate(chart.get("labels", []))
    ]


@register.filter
def unlocalize_number(value: Any) -> str:
    """A number for an attribute that browsers read: always with a point, never grouped."""
    found = to_decimal(value)
    return "" if found is None else f"{found:f}"


@register.simple_tag
def form_control(field: BoundField) -> SafeString:
    """The widget with the classes of the design; Django ties it to its help and errors by their ids."""
    return field.as_widget(attrs={"class": _control_class(field)})


def _control_class(field: BoundField) -> str:
    kind = getattr(field.field.widget, "input_type", None)
    if kind in ("checkbox", "radio"):
        css = "form-check-input"
    elif kind == "select":
        css = "form-select"
    else:
        css = "form-control"
    own = field.field.widget.attrs.get("class", "")
    return " ".join(part for part in (css, own, "is-invalid" if field.errors else "") if part)


@register.filter
def control_kind(field: BoundField) -> str:
    """What form_field.html lays out: "check", "choices" (several radios or checkboxes), "file", "hidden", "plain"."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", None)
    if field.is_hidden:
        return "hidden"
    if kind == "file":
        return "file"
    if kind == "checkbox" and not hasattr(widget, "choices"):
        return "check"
    if kind in ("checkbox", "radio"):
        return "choices"
    return "plain"
