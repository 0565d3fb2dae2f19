"""Numbers, money, dates and durations as the active language writes them: plain text, for pages, mails and files.

None, or something that is no number or date, gives an empty string: whoever shows it says what stands for "missing".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_compact_decimal, format_currency, format_decimal
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

MINUS = "\N{MINUS SIGN}"


def reader_locale() -> Locale:
    """Babel's locale for the active language. English dates are day-first: they are read next to Chinese ones."""
    return Locale("zh", "CN", script="Hans") if is_chinese() else Locale("en", "GB")


def is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def to_decimal(value: Any) -> Decimal | None:
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


def rounded(number: Decimal, decimals: int) -> Decimal:
    """Half-up, as money and scores are rounded everywhere else; babel alone would round half to even."""
    quantum = Decimal(1).scaleb(-decimals)
    return number.quantize(quantum, rounding="ROUND_HALF_UP") + 0  # + 0 turns -0.0 into 0.0


# --- numbers ---------------------------------------------------------------------------------------------------------


def number(value: Any, decimals: Any = None) -> str:
    """`{{ score|number:1 }}`: grouped, with exactly so many decimals; without an argument what it has, at most 6."""
    found = to_decimal(value)
    if found is None:
        return ""
    if decimals is None or decimals == "":
        found, pattern = rounded(found, 6), "#,##0.######"
    else:
        places = int(decimals)
        found, pattern = rounded(found, places), "#,##0" + ("." + "0" * places if places else "")
    return _signed(format_decimal(found, format=pattern, locale=reader_locale()))


def number_within(value: Any, edges: Iterable[Any], decimals: int = 1) -> str:
    """As `number`, but never rounded across an edge: 89.975 below an edge of 90 is 89.9, not 90.0.

    Edges belong to what lies above them. Where no number of so many decimals lies between the edges around the value,
    it gets the decimals that it takes.
    """
    found = to_decimal(value)
    if found is None:
        return ""
    limits = [edge for edge in map(to_decimal, edges) if edge is not None]
    low = max((edge for edge in limits if edge <= found), default=None)
    high = min((edge for edge in limits if edge > found), default=None)
    for places in range(decimals, 7):
        quantum = Decimal(1).scaleb(-places)
        for rounding in ("ROUND_HALF_UP", "ROUND_FLOOR", "ROUND_CEILING"):
            shown = found.quantize(quantum, rounding=rounding)
            if (low is None or shown >= low) and (high is None or shown < high):
                return number(shown, places)
    return number(found)


def number_short(value: Any) -> str:
    """A large number in few characters: 41.2万 in Chinese, 412.3K in English. For tiles, never for money due."""
    found = to_decimal(value)
    if found is None:
        return ""
    return _signed(format_compact_decimal(found, locale=reader_locale(), fraction_digits=1))


def percent(value: Any, decimals: Any = 0) -> str:
    """`{{ 0.825|percent:1 }}` is 82.5%. The value is a share: 1 means 100 %."""
    found = to_decimal(value)
    if found is None:
        return ""
    return number(found * 100, decimals) + "%"


def money(amount: Any, currency: str = "CNY") -> str:
    """`{{ line.amount|money:line.currency }}`: ¥3,360.00, US$120.00. The yuan owns "¥"; the yen says JP¥."""
    found = to_decimal(amount)
    if found is None:
        return ""
    text = format_currency(found, currency or "CNY", locale=reader_locale())
    text = text.replace("CN¥", "¥") if currency in ("CNY", "", None) else text
    if currency == "JPY":
        text = text.replace("JP¥", "¥").replace("¥", "JP¥")
    return _signed(text.replace("\N{NO-BREAK SPACE}", ""))


def duration_seconds(value: Any) -> str:
    """Seconds in words: 18 s, 3 min, 3 min 20 s, 2 h 5 min; 18 秒, 3 分钟, 3 分 20 秒, 2 小时 5 分钟."""
    found = to_decimal(value)
    if found is None:
        return ""
    sign = MINUS if found < 0 else ""
    found = abs(found)
    if found < 60 and found != found.to_integral_value():
        return sign + _("%(seconds)s s") % {"seconds": number(found, 1)}
    seconds = int(rounded(found, 0))
    if seconds < 60:
        return sign + _("%(seconds)s s") % {"seconds": seconds}
    if seconds < 3600:
        minutes, rest = divmod(seconds, 60)
        if rest == 0:
            return sign + _("%(minutes)s min") % {"minutes": minutes}
        return sign + _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    hours, rest = divmod(int(rounded(Decimal(seconds) / 60, 0)), 60)
    if rest == 0:
        return sign + _("%(hours)s h") % {"hours": number(hours)}
    return sign + _("%(hours)s h %(minutes)s min") % {"hours": number(hours), "minutes": rest}


# --- dates -----------------------------------------------------------------------------------------------------------


def _local(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def date_weekday(value: Any) -> str:
    """`Fri 15 Nov 2024` / `2024年11月15日 周五`; a datetime is first put into the current time zone."""
    if not isinstance(value, datetime.date):
        return ""
    pattern = "y年M月d日 EEE" if is_chinese() else "EEE d MMM y"
    return format_date(_local(value), pattern, locale=reader_locale())


def date_short(value: Any) -> str:
    """`15 Nov` / `11月15日`, for places where the year is plain from the page."""
    if not isinstance(value, datetime.date):
        return ""
    return format_date(_local(value), "M月d日" if is_chinese() else "d MMM", locale=reader_locale())


def month(value: Any) -> str:
    """`November 2024` / `2024年11月`."""
    if not isinstance(value, datetime.date):
        return ""
    return format_date(_local(value), "y年M月" if is_chinese() else "MMMM y", locale=reader_locale())


def date_time(value: Any) -> str:
    """`Fri 15 Nov 2024, 10:42` / `2024年11月15日 周五 10:42`."""
    if not isinstance(value, datetime.datetime):
        return date_weekday(value)
    pattern = "y年M月d日 EEE HH:mm" if is_chinese() else "EEE d MMM y, HH:mm"
    return format_datetime(_local(value), pattern, locale=reader_locale(), tzinfo=None)


def clock(value: Any) -> str:
    """`10:42:07`, the second matters where someone checks that a save has arrived."""
    if not isinstance(value, datetime.datetime):
        return ""
    return format_time(_local(value), "HH:mm:ss", locale=reader_locale())


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


def localized(thing: Any, stem: str = "name") -> str:
    """`{{ kpi|localized:"name" }}`: thing.name_zh or thing.name_en by the reader's language, else the other one."""

    def read(field: str) -> str:
        found = thing.get(field) if isinstance(thing, Mapping) else getattr(thing, field, None)
        return str(found) if found else ""

    first, second = ("zh", "en") if is_chinese() else ("en", "zh")
    return read(f"{stem}_{first}") or read(f"{stem}_{second}")
