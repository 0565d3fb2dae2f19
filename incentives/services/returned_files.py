"""Files that come back from payroll row by row, each row with the checksum of what was asked: what they share."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pandas as pd
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from foundation.intake.kinds import Checked, ImportKind, RejectRow
from foundation.refusals import Refusal
from people.services.row_values import cell, read_date

if TYPE_CHECKING:
    import datetime

    from foundation.intake.models import Import
    from foundation.intake.reading import Table
    from people.models import User


class ReturnedRow(Protocol):
    """A dataclass of what is stored of one row."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    amount: Decimal


class Known(Protocol):
    """What the rows are compared with, read once."""

    def read(self, line: int, row: dict[str, str]) -> ReturnedRow:
        """Refusal with the field where the row is not what was asked."""
        ...


class ReturnedFileKind(ImportKind, ABC):
    """Nothing of a file is stored while one of its rows is refused."""

    icon = "cash"
    roles = ("hr", "payroll")
    scope = "payouts:approve"
    on_rejects = "refuse"
    #: The field by which the things asked are found, all of a file in one go.
    asked_by: ClassVar[str]
    row_type: ClassVar[type[Any]]

    @abstractmethod
    def known(self, asked: set[str]) -> Known:
        """asked: the texts of the field asked_by."""

    @abstractmethod
    def store(self, actor: User, rows: Sequence[Any]) -> int:
        """How many of the rows were new."""

    def check(self, import_record: Import, table: Table) -> Checked:
        frame = self.select(table, import_record.mapping)
        rows = [
            (int(line), {name: cell(value) for name, value in zip(frame.columns, values, strict=True)})
            for line, values in zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
        ]
        known = self.known({row[self.asked_by] for _line, row in rows})
        accepted: list[ReturnedRow] = []
        rejects: list[RejectRow] = []
        for line, row in rows:
            try:
                require(row, [each.code for each in self.get_fields() if each.required])
                accepted.append(known.read(line, row))
            except Refusal as refusal:
                rejects.append(_reject(line, row, import_record.mapping, refusal))
        names = [each.name for each in dataclasses.fields(self.row_type)]
        total = sum((row.amount for row in accepted), Decimal(0))
        return Checked(
            pd.DataFrame(
                [[getattr(row, name) for name in names] for row in accepted], columns=names, dtype=object
            ),
            rejects,
            {self.kind: len(accepted), f"{self.kind}_total": f"{total:.2f}"},
        )

    def apply(self, import_record: Import, checked: Checked) -> dict[str, Any]:
        rows = [self.row_type(*row) for row in checked.accepted.itertuples(index=False, name=None)]
        stored = self.store(import_record.created_by, rows)
        return {**checked.summary, f"{self.kind}_new": stored, "unchanged": stored == 0}

    def result_url(self, import_record: Import) -> str:
        try:
            return reverse("incentives:accounts")
        except NoReverseMatch:
            return ""


def require(row: Mapping[str, str], names: Sequence[str]) -> None:
    for name in names:
        if not row.get(name):
            raise Refusal("row_missing", field=name)


def numbers_in(texts: set[str]) -> list[int]:
    """Those of the texts that can be the number of a row."""
    return [int(text) for text in texts if text.isdecimal() and len(text) < 19]


def read_field(name: str, read: Callable[[str], Any], text: str) -> Any:
    """A cell read, its refusal naming the column."""
    try:
        return read(text)
    except Refusal as refusal:
        raise Refusal(refusal.code, field=name, status=422, **refusal.params) from None


def read_day(name: str, text: str) -> datetime.date:
    """A day on which money moved, which is not in the future."""
    day: datetime.date = read_field(name, read_date, text)
    if day > timezone.localdate():
        raise Refusal("payment_day", field=name)
    return day


def _reject(line: int, row: Mapping[str, str], mapping: Mapping[str, str], refusal: Refusal) -> RejectRow:
    column = refusal.field or ""
    return RejectRow(
        line, mapping.get(column, column), row.get(column, "")[:200], refusal.code, refusal.params
    )
