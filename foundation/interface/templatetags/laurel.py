"""Template tags of the whole product: numbers, money and dates as the reader's language writes them, icons, components.

The library is a template builtin (settings.TEMPLATES), so no page loads it. Filters answer an empty string for None or
for something that is no number: a missing value is shown by the template (usually as "–"), never as 0.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal
from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext as _, ngettext

from foundation.interface.marks import Mark, ScaleBand, lay_out_scale

register = template.Library()

BAND_STEPS = 7  # colours of the ordered ramp in frontend/styles/tokens.css: .band-0 (lowest) to .band-6 (highest)
MINUS = "\N{MINUS SIGN}"
_component_ids = itertools.count(1)


def reader_locale() -> Locale:
    """Babel's locale for the active language. English dates are day-first: they are read next to Chinese ones."""
    return Locale("zh", "CN", script="Hans") if _is_chinese() else Locale("en", "GB")


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def _decimal(value: Any) -> Decimal | None:
    """A finite Decimal, or None for None, text that is no number, NaN and infinity."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        # str() first: Decimal(0.1) would carry the binary error of the float into the rounding.
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _signed(text: str) -> str:
    """A typographic minus, as wide as a digit in tabular figures."""
    return text.replace("-", MINUS)


def _rounded(number: Decimal, decimals: int) -> Decimal:
    """Half-up, as money and scores are rounded everywhere else; babel alone would round half to even."""
    quantum = Decimal(1).scaleb(-decimals)
    return number.quantize(quantum, rounding="ROUND_HALF_UP") + 0  # + 0 turns -0.0 into 0.0


# --- numbers ---------------------------------------------------------------------------------------------------------


@register.filter
def number(value: Any, decimals: Any = None) -> str:
    """`{{ score|number:1 }}`: grouped, with exactly so many decimals; without an argument as many as it has, at most 6."""
    found = _decimal(value)
    if found is None:
        return ""
    if decimals is None or decimals == "":
        found, pattern = _rounded(found, 6), "#,##0.######"
    else:
        places = int(decimals)
        found, pattern = _rounded(found, places), "#,##0" + ("." + "0" * places if places else "")
    return _signed(format_decimal(found, format=pattern, locale=reader_locale()))


@register.filter
def number_short(value: Any) -> str:
    """A large number in few characters: 41.2万 in Chinese, 412K in English. For charts and tiles, never for money due."""
    found = _decimal(value)
    if found is None:
        return ""
    return _signed(format_compact_decimal(found, locale=reader_locale(), fraction_digits=1))


@register.filter
def percent(value: Any, decimals: Any = 0) -> str:
    """`{{ 0.825|percent:1 }}` is 82.5%. The value is a share: 1 means 100 %."""
    found = _decimal(value)
    if found is None:
        return ""
    return number(found * 100, decimals) + "%"


@register.filter
def money(amount: Any, currency: str = "CNY") -> str:
    """`{{ line.amount|money:line.currency }}`: ¥3,360.00, US$120.00. The yuan owns "¥"; the yen says JP¥."""
    found = _decimal(amount)
    if found is None:
        return ""
    text = format_currency(found, currency or "CNY", locale=reader_locale())
    text = text.replace("CN¥", "¥") if currency in ("CNY", "", None) else text
    if currency == "JPY":
        text = text.replace("JP¥", "¥").replace("¥", "JP¥")
    return _signed(text.replace("\N{NO-BREAK SPACE}", ""))


@register.filter
def change(value: Any, decimals: Any = 1) -> str:
    """▲ 3.1, ▼ 0.4 or "unchanged", with a word in place of the arrow for screen readers.

    Up and down only say direction. Whether that is good depends on the KPI, so no colour is attached here.
    """
    found = _decimal(value)
    if found is None:
        return ""
    decimals = 1 if decimals in (None, "") else int(decimals)
    found = _rounded(found, decimals)
    if found == 0:
        return format_html('<span class="change change-flat">{}</span>', _("unchanged"))
    arrow, word, direction = ("▲", _("up"), "up") if found > 0 else ("▼", _("down"), "down")
    return format_html(
        '<span class="change change-{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span> {}</span>',
        direction,
        arrow,
        word,
        number(abs(found), decimals),
    )


@register.filter
def duration_seconds(value: Any) -> str:
    """Seconds in words: 18 s, 3 min, 3 min 20 s, 2 h 5 min; 18 秒, 3 分钟, 3 分 20 秒, 2 小时 5 分钟."""
    found = _decimal(value)
    if found is None:
        return ""
    sign = MINUS if found < 0 else ""
    found = abs(found)
    if found < 60 and found != found.to_integral_value():
        return sign + _("%(seconds)s s") % {"seconds": number(found, 1)}
    seconds = int(_rounded(found, 0))
    if seconds < 60:
        return sign + _("%(seconds)s s") % {"seconds": seconds}
    if seconds < 3600:
        minutes, rest = divmod(seconds, 60)
        if rest == 0:
            return sign + _("%(minutes)s min") % {"minutes": minutes}
        return sign + _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    hours, rest = divmod(int(_rounded(Decimal(seconds) / 60, 0)), 60)
    if rest == 0:
        return sign + _("%(hours)s h") % {"hours": number(hours)}
    return sign + _("%(hours)s h %(minutes)s min") % {"hours": number(hours), "minutes": rest}


# --- dates -----------------------------------------------------------------------------------------------------------


def _local(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


@register.filter
def date_weekday(value: Any) -> str:
    """`Fri 15 Nov 2024` / `2024年11月15日 周五`; a datetime is first put into the current time zone."""
    if not isinstance(value, datetime.date):
        return ""
    pattern = "y年M月d日 EEE" if _is_chinese() else "EEE d MMM y"
    return format_date(_local(value), pattern, locale=reader_locale())


@register.filter
def date_short(value: Any) -> str:
    """`15 Nov` / `11月15日`, for places where the year is plain from the page."""
    if not isinstance(value, datetime.date):
        return ""
    return format_date(_local(value), "M月d日" if _is_chinese() else "d MMM", locale=reader_locale())


@register.filter
def month(value: Any) -> str:
    """`November 2024` / `2024年11月`."""
    if not isinstance(value, datetime.date):
        return ""
    return format_date(_local(value), "y年M月" if _is_chinese() else "MMMM y", locale=reader_locale())


@register.filter
def date_time(value: Any) -> str:
    """`Fri 15 Nov 2024, 10:42` / `2024年11月15日 周五 10:42`."""
    if not isinstance(value, datetime.datetime):
        return date_weekday(value)
    pattern = "y年M月d日 EEE HH:mm" if _is_chinese() else "EEE d MMM y, HH:mm"
    return format_datetime(_local(value), pattern, locale=reader_locale(), tzinfo=None)


@register.filter
def clock(value: Any) -> str:
    """`10:42:07`, the second matters where someone checks that a save has arrived."""
    if not isinstance(value, datetime.datetime):
        return ""
    return format_time(_local(value), "HH:mm:ss", locale=reader_locale())


@register.filter
def since(value: Any, now: Any = None) -> SafeString | str:
    """`3 hours ago` / `3小时前`, `in 2 days` / `2天后`, in a <time> that carries the exact moment."""
    if not isinstance(value, datetime.date):
        return ""
    if isinstance(value, datetime.datetime):
        reference = now or (timezone.now() if timezone.is_aware(value) else datetime.datetime.now())
        difference = value - reference
        if abs(difference.total_seconds()) < 10:
            text = _("just now")
        else:
            text = format_timedelta(difference, add_direction=True, locale=reader_locale())
        return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), date_time(value), text)
    days = (value - (now or timezone.localdate())).days
    if days == 0:
        text = _("today")
    else:
        text = format_timedelta(
            datetime.timedelta(days=days), granularity="day", threshold=30, add_direction=True, locale=reader_locale()
        )
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), date_weekday(value), text)


@register.filter
def days_left(value: Any) -> str:
    """`6 days left`, `due today`, `2 days late`, counted in whole calendar days."""
    if not isinstance(value, datetime.date):
        return ""
    day = _local(value).date() if isinstance(value, datetime.datetime) else value
    days = (day - timezone.localdate()).days
    if days == 0:
        return _("due today")
    if days > 0:
        return ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
    return ngettext("%(days)s day late", "%(days)s days late", -days) % {"days": -days}


# --- names and links -------------------------------------------------------------------------------------------------


@register.filter
def localized(thing: Any, stem: str = "name") -> str:
    """`{{ kpi|localized:"name" }}`: thing.name_zh or thing.name_en by the reader's language, else the other one."""

    def read(field: str) -> str:
        found = thing.get(field) if isinstance(thing, Mapping) else getattr(thing, field, None)
        return str(found) if found else ""

    first, second = ("zh", "en") if _is_chinese() else ("en", "zh")
    return read(f"{stem}_{first}") or read(f"{stem}_{second}")


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
    """`<a href="{% query_replace cursor=page.next_cursor %}">`: this page's query with some keys set, or removed by None."""
    request: HttpRequest | None = context.get("request")
    query = request.GET.copy() if request is not None else None
    if query is None:
        from django.http import QueryDict

        query = QueryDict(mutable=True)
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
        "score": score,
        "low": low,
        "high": high,
        "decimals": decimals,
        "label": label,
        "current": _current_band(laid_out, mark),
    }


def _as_float(value: Any) -> float | None:
    found = _decimal(value)
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
def chart_rows(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a chart's table: each label with one value per series."""
    return [
        {
            "label": label,
            "cells": [
                series["values"][place] if place < len(series["values"]) else None for series in chart.get("series", [])
            ],
        }
        for place, label in enumerate(chart.get("labels", []))
    ]


@register.filter
def unlocalize_number(value: Any) -> str:
    """A number for an attribute that browsers read: always with a point, never grouped."""
    found = _decimal(value)
    return "" if found is None else f"{found:f}"


@register.simple_tag
def form_control(field: BoundField) -> SafeString:
    """The widget with the classes of the design and the ids of its help and errors; used by components/form_field.html."""
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
    """What form_field.html lays out: "check", "choices" (a group of radios or checkboxes), "file", "hidden" or "plain"."""
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
