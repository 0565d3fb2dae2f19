"""Paging by the last row seen, for lists of any length: a page costs the same wherever it stands.

A cursor is signed, so it can be neither guessed nor bent, and it belongs to one ordering: used with another it
is refused.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, SuspiciousOperation
from django.db.models import F, Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from foundation.refusals import Refusal, define_refusals

SALT = "foundation.keyset"
MAXIMUM_LENGTH = 1_000

define_refusals({"bad_cursor": _("This page link is no longer valid. Start again from the first page.")})


class BadCursor(Refusal, SuspiciousOperation):
    """A cursor that this list did not give. As a suspicious operation it is a 400 on pages without further care."""

    def __init__(self) -> None:
        Refusal.__init__(self, "bad_cursor", field="cursor", status=400)


@dataclass(frozen=True)
class Page:
    """Rows in order, with the cursors of the neighbouring pages ("" where there is none)."""

    items: list[Any]
    previous: str
    next: str

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def page_of(
    queryset: QuerySet[Any], *, ordering: Sequence[str], cursor: str | None = None, limit: int = 50
) -> Page:
    """One page of `queryset` (model instances) in `ordering`, e.g. ("-created_at", "id"): the last of them
    must be unique.

    One query, whatever the page; no count. Fields may be annotations and may follow relations (team__code). NULL sorts
    as PostgreSQL sorts it: last ascending, first descending. Errors: BadCursor.
    """
    ordering = tuple(ordering)
    backwards, position = (False, None) if not cursor else _read(cursor, ordering)
    steps = [_flip(name) for name in ordering] if backwards else list(ordering)
    rows = queryset.order_by(*steps)
    # Read with the queryset: a value across a relation would otherwise cost one query a page.
    paths = [name.lstrip("-") for name in ordering]
    aliases = {f"_keyset_{place}": F(path) for place, path in enumerate(paths) if "__" in path}
    if aliases:
        rows = rows.annotate(**aliases)
    if position is not None:
        rows = rows.filter(_after(queryset.model, steps, position))
    found = list(rows[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    has_previous = more if backwards else position is not None
    has_next = position is not None if backwards else more
    if not found:
        return Page([], "", "")
    return Page(
        found,
        _write(found[0], paths, ordering, backwards=True) if has_previous else "",
        _write(found[-1], paths, ordering, backwards=False) if has_next else "",
    )


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _after(model: type[Model], steps: Sequence[str], position: Sequence[Any]) -> Q:
    """Rows strictly after `position` in the order of `steps`: (a > x) or (a = x and b > y) or ..."""
    found, equal = Q(pk__in=[]), Q()
    for step, value in zip(steps, position, strict=True):
        path = step.lstrip("-")
        if step.startswith("-"):
            beyond = Q(**{f"{path}__isnull": False}) if value is None else Q(**{f"{path}__lt": value})
        elif value is None:
            beyond = Q(pk__in=[])
        else:
            beyond = Q(**{f"{path}__gt": value})
            if _is_nullable(model, path):
                beyond |= Q(**{f"{path}__isnull": True})
        found |= equal & beyond
        equal &= Q(**{f"{path}__isnull": True}) if value is None else Q(**{path: value})
    return found


def _is_nullable(model: type[Model], path: str) -> bool:
    """Whether NULL can stand there. Annotations and relations are taken to be nullable; that costs only an index."""
    try:
        return bool(getattr(model._meta.get_field(path), "null", True))
    except FieldDoesNotExist:
        return path != "pk"


def _write(row: Any, paths: Sequence[str], ordering: Sequence[str], *, backwards: bool) -> str:
    values = [
        _tag(getattr(row, f"_keyset_{place}") if "__" in path else getattr(row, path))
        for place, path in enumerate(paths)
    ]
    return signing.dumps([",".join(ordering), int(backwards), values], salt=SALT)


def _read(cursor: str, ordering: Sequence[str]) -> tuple[bool, list[Any]]:
    if len(cursor) > MAXIMUM_LENGTH:
        raise BadCursor
    try:
        given, backwards, values = signing.loads(cursor, salt=SALT)
        if given != ",".join(ordering) or len(values) != len(ordering):
            raise BadCursor
        return bool(backwards), [_untag(value) for value in values]
    except (signing.BadSignature, ValueError, TypeError, ArithmeticError):
        raise BadCursor from None


def _tag(value: Any) -> Any:
    """JSON that remembers its type, since the column may be an annotation."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime.datetime):
        return ["t", value.isoformat()]
    if isinstance(value, datetime.date):
        return ["d", value.isoformat()]
    if isinstance(value, Decimal):
        return ["n", str(value)]
    if isinstance(value, uuid.UUID):
        return ["u", value.hex]
    raise TypeError(f"cannot page by {type(value).__name__}")


def _untag(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind, text = value
    return _READERS[kind](text)


_READERS: dict[str, Callable[[str], Any]] = {
    "t": datetime.datetime.fromisoformat,
    "d": datetime.date.fromisoformat,
    "n": Decimal,
    "u": uuid.UUID,
}
