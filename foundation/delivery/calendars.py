"""When a person may be disturbed: on working days of their country, by day in their time zone."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from django.conf import settings

ZoneLookup = Callable[[Collection[int]], Mapping[int, str]]
_lookup: list[ZoneLookup] = []


def register_zones(lookup: ZoneLookup) -> None:
    """The room that knows where people sit says in which time zones; {user id: name of the zone}."""
    _lookup[:] = [lookup]


def zones_of(user_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """Everyone's time zone; the installation's where none is known."""
    known = dict(_lookup[0](user_ids)) if _lookup else {}
    return {person: _zone(known.get(person, "")) for person in user_ids}


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(settings.TIME_ZONE)


@cache
def _calendar(country: str) -> Any:
    return holidays.country_holidays(country) if country else None


def is_working_day(day: datetime.date) -> bool:
    """Public holidays are free and a weekend that is worked in exchange is not, in the country LAUREL_HOLIDAYS (two
    letters; empty: weekends only)."""
    calendar = _calendar(settings.LAUREL_HOLIDAYS)
    return calendar.is_working_day(day) if calendar is not None else day.weekday() < 5


def may_mail(moment: datetime.datetime, zone: ZoneInfo) -> bool:
    """Between LAUREL_MAIL_HOURS (from, to) of a working day, as the clock stands in `zone`."""
    local = moment.astimezone(zone)
    first, last = settings.LAUREL_MAIL_HOURS
    return first <= local.hour < last and is_working_day(local.date())
