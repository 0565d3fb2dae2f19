"""Salaries as a file: one row is one person's monthly base salary from one day on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from foundation.refusals import Refusal
from people.models import User
from people.services import timelines
from people.services.authority import require_hr
from people.services.compensation import Pay, check_pay, segments_of_pay, store_pay
from people.services.rosters import Bad
from people.services.row_values import cell, read_date
from people.services.timelines import DAY

_AMOUNT = re.compile(r"[-+]?\d{1,20}(\.\d{1,10})?")


@dataclass
class PayLine:
    line: int
    user_id: int
    from_day: datetime.date
    pay: Pay


def read_amount(text: str) -> Decimal:
    """6000, 6,000.00 or ¥6,000.00; a comma that divides no thousands is no amount."""
    plain = text.lstrip("¥$€£ ").strip()
    if "," in plain:
        if not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
            raise Refusal("row_number")
        plain = plain.replace(",", "")
    if not _AMOUNT.fullmatch(plain):
        raise Refusal("row_number")
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise Refusal("row_number") from error


def read_pay_rows(rows: Iterable[tuple[int, dict[str, Any]]]) -> tuple[list[PayLine], list[Bad]]:
    """(line, {field: cell}) in; the rows that can be stored and the others with their reasons."""
    people = {
        str(number).casefold(): pk
        for number, pk in User.objects.filter(employee_number__isnull=False).values_list(
            "employee_number", "pk"
        )
    }
    lines: list[PayLine] = []
    bad: list[Bad] = []
    seen: dict[tuple[int, datetime.date], int] = {}
    for line, raw in rows:
        row = {name: cell(value) for name, value in raw.items()}
        at = ""
        try:
            for at in ("employee_number", "from_day", "salary"):
                if not row.get(at):
                    raise Refusal("row_missing")
            at = "employee_number"
            user_id = people.get(row[at].casefold())
            if user_id is None:
                raise Refusal("employee_unknown", number=row[at][:60])
            at = "from_day"
            from_day = read_date(row[at])
            at = "salary"
            salary = read_amount(row[at])
            at = ""
            pay = check_pay(
                salary, row.get("currency", ""), row.get("legal_entity", ""), row.get("cost_centre", "")
            )
            at = "from_day"
            first = seen.setdefault((user_id, from_day), line)
            if first != line:
                raise Refusal("row_twice", number=row["employee_number"], line=first)
        except Refusal as refusal:
            name = at or refusal.field or ""
            bad.append(Bad(line, name, row.get(name, ""), refusal.code, refusal.params))
        else:
            lines.append(PayLine(line, user_id, from_day, pay))
    return lines, bad


@transaction.atomic
def store_pay_rows(*, actor: User | None, lines: Sequence[PayLine]) -> int:
    """How many rows of salary were made or changed: 0 when the file says what is stored already."""
    require_hr(actor)
    people = {line.user_id for line in lines}
    locked = User.objects.select_for_update().filter(pk__in=people).order_by("pk")
    left_on = {user.pk: user.left_on for user in locked}
    before = segments_of_pay(people)
    after: dict[int, list[timelines.Segment]] = {user: before.get(user, []) for user in people}
    for line in sorted(lines, key=lambda each: each.from_day):
        segments = after[line.user_id]
        until = timelines.natural_end(segments, line.from_day)
        last = left_on[line.user_id]
        if until is None and last is not None and last >= line.from_day:
            until = last + DAY
        after[line.user_id] = timelines.put(segments, line.pay, line.from_day, until)
    return store_pay(before, after)
