"""Filters that a list declares: a parameter, what it looks up, and what may stand in it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from foundation.refusals import Refusal

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads the settings that name this module

INTEGER_LIMIT = 2**31 - 1
SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer", "minimum": -INTEGER_LIMIT, "maximum": INTEGER_LIMIT},
    "decimal": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "uuid": {"type": "string", "format": "uuid"},
}


@dataclass(frozen=True)
class Filter:
    """`lookup` is a field lookup ("created_at__gte") or a function (queryset, value) -> queryset. `kind` is
    one of text, integer, decimal, date, moment, boolean, uuid; `choices` limits text to a list."""

    lookup: str | Callable[[QuerySet[Any], Any], QuerySet[Any]]
    kind: str = "text"
    choices: Sequence[str] | None = None
    description: str = ""

    def apply(self, queryset: QuerySet[Any], name: str, raw: str) -> QuerySet[Any]:
        value = self.parse(name, raw)
        return (
            self.lookup(queryset, value) if callable(self.lookup) else queryset.filter(**{self.lookup: value})
        )

    def parse(self, name: str, raw: str) -> Any:
        """The value, or Refusal `parameter_invalid` (400) that names the parameter."""
        try:
            value = _PARSERS[self.kind](raw)
        except (ValueError, InvalidOperation, OverflowError):
            value = None
        if value is None or (self.choices is not None and value not in self.choices):
            known = ", ".join(self.choices) if self.choices is not None else self.kind
            raise Refusal("parameter_invalid", field=name, name=name, value=raw[:60], expected=known)
        return value

    def schema(self) -> dict[str, Any]:
        return (
            {"type": "string", "enum": list(self.choices)} if self.choices is not None else SCHEMAS[self.kind]
        )


def _integer(raw: str) -> int | None:
    value = int(raw) if len(raw) <= 12 else INTEGER_LIMIT + 1
    return value if -INTEGER_LIMIT <= value <= INTEGER_LIMIT else None


def _decimal(raw: str) -> Decimal | None:
    value = Decimal(raw) if len(raw) <= 40 else Decimal("NaN")
    return value if value.is_finite() and abs(value.adjusted()) < 20 else None


def _moment(raw: str) -> datetime.datetime | None:
    """A moment with its offset; without one, or as a mere date, it is read in the server's time zone."""
    value = parse_datetime(raw)
    if value is None and (day := parse_date(raw)):
        value = datetime.datetime.combine(day, datetime.time.min)
    if value is None:
        return None
    value = timezone.make_aware(value) if timezone.is_naive(value) else value
    return value.astimezone(datetime.UTC)  # OverflowError at the ends of the calendar


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": lambda raw: raw if 0 < len(raw) <= 200 else None,
    "integer": _integer,
    "decimal": _decimal,
    "date": parse_date,
    "moment": _moment,
    "boolean": {"true": True, "1": True, "false": False, "0": False}.get,
    "uuid": uuid.UUID,
}


class DeclaredFilters(BaseFilterBackend):
    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        for name, declared in getattr(view, "filters", {}).items():
            raws = request.query_params.getlist(name)
            if len(raws) > 1:
                raise Refusal("parameter_repeated", field=name, name=name)
            if raws:
                queryset = declared.apply(queryset, name, raws[0])
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": str(declared.description),
                "schema": declared.schema(),
            }
            for name, declared in getattr(view, "filters", {}).items()
        ]
