"""Duties of every kind in one query: each source gives a SELECT of the same columns, and words for its rows."""

from __future__ import annotations

import datetime
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from foundation.delivery.duties import Duty
from reviews.models import Cycle

#: A SELECT of the columns of DutyRow, and its parameters by position.
Select = tuple[str, Sequence[Any]]


class DutyRow(NamedTuple):
    """`kind` belongs to its source; subject, many, day and name are what the kind needs of them."""

    kind: str
    person: int
    cycle: int
    subject: str = ""
    many: int = 1
    day: datetime.date | None = None
    name: str = ""


def by_position(sql: str, params: Mapping[str, Any]) -> Select:
    """Named parameters as a sequence, so that statements can stand beside each other."""
    names = re.findall(r"%\((\w+)\)s", sql)
    return re.sub(r"%\((\w+)\)s", "%s", sql), [params[name] for name in names]


def select_of(rows: QuerySet[Any, Any], kind: str, columns: str) -> Select:
    """A query by values() as a SELECT of rows. columns: what the row has after its kind, by the query's own names."""
    sql, params = rows.query.sql_with_params()
    wanted = [part.strip() for part in columns.split(",")]
    wanted += ["''", "1", "NULL", "''"][len(wanted) - 2 :]
    types = ("bigint", "bigint", "text", "bigint", "date", "text")
    cast = ", ".join(f"{column}::{type_}" for column, type_ in zip(wanted, types, strict=True))
    return f"SELECT '{kind}'::text, {cast} FROM ({sql}) AS found", params  # noqa: S608  names from the code only


class RowSource(ABC):
    """Base of what is counted by person and cycle and read in one query with others of its kind."""

    code: ClassVar[str]

    @abstractmethod
    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        """No query here, or a constant number where the rules of cycles have to be known."""

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        """(person, what is owed) of the rows of this source; asks nothing. Rows that nobody owes have none."""
        return ()


class DutySource(RowSource):
    """Base of the sources whose rows are duties."""

    @abstractmethod
    def owing(self, day: datetime.date) -> Collection[int]:
        """Ids of everyone who owes something of this kind."""

    @abstractmethod
    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]: ...

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        """Two queries."""
        return gather([self], user_ids, day).duties


@dataclass
class Gathered:
    duties: dict[int, list[Duty]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, list[DutyRow]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by the code of the source
    cycles: dict[int, Cycle] = field(default_factory=dict)


def gather(
    sources: Sequence[RowSource],
    user_ids: Collection[int],
    day: datetime.date,
    *,
    also_cycles: Collection[int] = (),
) -> Gathered:
    """What these people owe by all the sources: one query for the rows, one for the cycles they and also_cycles
    name."""
    found = Gathered()
    people = list(user_ids)
    parts: list[str] = []
    params: list[Any] = []
    if people:
        for number, source in enumerate(sources):
            for sql, given in source.selects(people, day):
                parts.append(f"SELECT {number}, one.* FROM ({sql}) AS one")  # noqa: S608  put together from the code
                params += given
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), params)
            for number, *row in cursor.fetchall():
                found.rows[sources[number].code].append(DutyRow(*row))
    ids = {row.cycle for rows in found.rows.values() for row in rows} | set(also_cycles)
    found.cycles = Cycle.objects.in_bulk(ids) if ids else {}
    for source in sources:
        for person, duty in source.duties(found.rows[source.code], found.cycles, day):
            found.duties[person].append(duty)
    return found
