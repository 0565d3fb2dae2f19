"""Which days can stand on a roster."""

from __future__ import annotations

import datetime

from foundation.refusals import Refusal

EARLIEST, LATEST = datetime.date(1950, 1, 1), datetime.date(2199, 12, 31)


def check_day(day: datetime.date, field: str) -> datetime.date:
    """Refusal day_out_of_range for a day outside 1950-2199: a typing error, and near the ends of the calendar the day
    after has no date."""
    if not EARLIEST <= day <= LATEST:
        raise Refusal("day_out_of_range", field=field)
    return day
