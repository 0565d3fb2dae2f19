"""What the trail says, newest first: who changed what, from what to what, and why.

Every followed model has its own table of events. One page is one query for the newest few of all tables, one for their
rows and those before them, and one per kind of thing named in them: the number of queries depends on the models that
are named, not on the rows.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField, RangeField
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import (
    BigIntegerField,
    DecimalField,
    F,
    Field,
    ForeignKey,
    JSONField,
    Model,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from pghistory.models import Context, Event

from foundation.keyset import BadCursor
from foundation.trail.wording import field_name, json_changes, model_name, value_text

READERS = ("hr", "auditor")
SALT = "foundation.trail"
FAR = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Change:
    field: str
    label: str
    before: str
    after: str


@dataclass
class Entry:
    """One event in words. `action` is insert, update or delete; `details` are what else its context says (run,
    token)."""

    model: str
    model_name: str
    event_id: int
    at: datetime.datetime
    action: str
    object_id: str
    object_name: str
    actor_id: int | None = None
    actor_name: str = ""
    reason: str = ""
    url: str = ""
    method: str = ""
    details: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class Entries:
    items: list[Entry]
    next: str


Position = tuple[datetime.datetime, str, int]


@cache
def event_models() -> dict[str, Any]:
    """Event tables by the label of the model they follow, e.g. "people.membership"."""
    found: dict[str, Any] = {}
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label_lower):
        followed = getattr(model, "pgh_tracked_model", None)
        if issubclass(model, Event) and followed is not None and model._meta.managed:
            found[followed._meta.label_lower] = model
    return found


def followed_models() -> list[tuple[str, str]]:
    """(label, name in the reader's language) of everything that the trail follows, by name."""
    return sorted(
        ((label, model_name(event.pgh_tracked_model)) for label, event in event_models().items()),
        key=lambda pair: pair[1],
    )


def visible_events(
    user: Any,
    *,
    model: str | None = None,
    actor: int | None = None,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
    object_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Entries:
    """One page of the trail, for HR and auditors (PermissionDenied for anyone else).

    `model` is a label of followed_models(), `actor` a user's id, `since` inclusive, `until` exclusive,
    `object_id` the id of the thing changed (with `model`). Errors: BadCursor.
    """
    if not user.has_role(*READERS):
        raise PermissionDenied
    tables = event_models()
    if model is not None:
        tables = {model: tables[model]} if model in tables else {}
    position = _read_cursor(cursor) if cursor else None
    streams = []
    for label, table in tables.items():
        rows = table.objects.all()
        if since is not None:
            rows = rows.filter(pgh_created_at__gte=since)
        if until is not None:
            rows = rows.filter(pgh_created_at__lt=until)
        if actor is not None:
            rows = rows.filter(pgh_context__metadata__user=actor)
        if object_id is not None:
            if not _fits(table, object_id):
                continue
            rows = rows.filter(pgh_obj_id=object_id)
        streams.append(_newest(rows, label, position, limit + 1))
    found, before = _rows_of(_first(streams, limit + 1))
    more, found = len(found) > limit, found[:limit]
    return Entries(_in_words(found, before), _write_cursor(*found[-1]) if more else "")


def _newest(rows: QuerySet[Any], label: str, position: Position | None, count: int) -> QuerySet[Any]:
    """(label, id, time) of the first rows of one table behind the last one seen."""
    if position is not None:
        moment, last_label, last_id = position
        behind = Q(pgh_created_at__lt=moment)
        if label > last_label:
            behind |= Q(pgh_created_at=moment)
        elif label == last_label:
            behind |= Q(pgh_created_at=moment, pgh_id__lt=last_id)
        rows = rows.filter(behind)
    # Each table's few are chosen by its own indexes before they are put together.
    few = rows.order_by("-pgh_created_at", "-pgh_id")[:count]
    return few.annotate(
        trail_label=Value(label, output_field=TextField()),
        trail_id=Cast("pgh_id", BigIntegerField()),
        trail_at=F("pgh_created_at"),
    ).values_list("trail_label", "trail_id", "trail_at")


def _first(streams: Sequence[QuerySet[Any]], count: int) -> list[tuple[str, int]]:
    """(label, id) of the first rows of all tables together: newest first, then by label, then by id. One query."""
    if not streams:
        return []
    whole = streams[0].union(*streams[1:], all=True) if len(streams) > 1 else streams[0]
    found = sorted(whole, key=lambda row: (FAR - row[2], row[0], -row[1]))  # exact, as seconds would not be
    return [(label, pk) for label, pk, _at in found[:count]]


Before = dict[tuple[str, int], Any]

# Of one table: each row, what the thing was before it, and what the context of the change says.
_ROWS = """
    SELECT %s::text, to_jsonb(event)::text, (
        SELECT to_jsonb(earlier)::text FROM {table} AS earlier
        WHERE event.pgh_label = 'update' AND earlier.pgh_obj_id = event.pgh_obj_id AND earlier.pgh_id < event.pgh_id
        ORDER BY earlier.pgh_id DESC LIMIT 1
    ), context.metadata::text
    FROM {table} AS event LEFT JOIN pghistory_context AS context ON context.id = event.pgh_context_id
    WHERE event.pgh_id = ANY(%s)
"""


def _rows_of(chosen: Sequence[tuple[str, int]]) -> tuple[list[tuple[str, Any]], Before]:
    """The rows themselves, in order, and the state each one's thing had before, by (label, id of the event). One query,
    however many tables they come from."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for label, pk in chosen:
        wanted[label].append(pk)
    if not wanted:
        return [], {}
    parts = [
        _ROWS.format(table=connection.ops.quote_name(event_models()[label]._meta.db_table))
        for label in wanted
    ]
    rows: dict[tuple[str, int], Any] = {}
    before: Before = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [each for pair in wanted.items() for each in pair])
        for label, text, earlier, metadata in cursor.fetchall():
            row = _read_row(event_models()[label], text)
            if metadata is not None:
                row.pgh_context = Context(pk=row.pgh_context_id, metadata=json.loads(metadata))
            rows[label, row.pgh_id] = row
            if earlier is not None:
                before[label, row.pgh_id] = _read_row(event_models()[label], earlier)
    return [(label, rows[label, pk]) for label, pk in chosen if (label, pk) in rows], before


def _read_row(table: Any, text: str) -> Any:
    """An event from PostgreSQL's JSON of its row, as the ORM would have read it."""
    plain, exact = json.loads(text), json.loads(text, parse_float=Decimal)
    values = {
        each.attname: _read_value(each, (exact if isinstance(each, DecimalField) else plain)[each.column])
        for each in table._meta.concrete_fields
    }
    return table(**values)


def _read_value(each: Any, value: Any) -> Any:
    if value is None or isinstance(each, JSONField):
        return value
    if isinstance(each, ForeignKey):
        return _read_value(each.target_field, value)
    if isinstance(each, ArrayField):
        return [_read_value(each.base_field, item) for item in value]
    if isinstance(each, RangeField):
        if value == "empty":
            return each.range_type(empty=True)
        lower, upper = (
            _read_value(each.base_field, end.strip('"')) if end else None for end in value[1:-1].split(",")
        )
        return each.range_type(lower, upper, value[0] + value[-1])
    return each.to_python(value)


def _fits(table: Any, object_id: str) -> bool:
    try:
        table._meta.get_field("pgh_obj").target_field.to_python(object_id)
    except Exception:
        return False
    return len(object_id) <= 40


def _write_cursor(label: str, row: Any) -> str:
    return signing.dumps([row.pgh_created_at.isoformat(), label, row.pgh_id], salt=SALT)


def _read_cursor(cursor: str) -> Position:
    try:
        moment, label, event_id = signing.loads(cursor[:1_000], salt=SALT)
        return datetime.datetime.fromisoformat(moment), str(label), int(event_id)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadCursor from None


# In words ----------------------------------------------------------------------------------------------


def _in_words(found: Sequence[tuple[str, Any]], before: Before) -> list[Entry]:
    entries, raw_changes = [], []
    for label, row in found:
        context = dict(row.pgh_context.metadata) if row.pgh_context_id and row.pgh_context else {}
        actor_id = context.pop("user", None)
        entry = Entry(
            model=label,
            model_name=model_name(row.pgh_tracked_model),
            event_id=row.pgh_id,
            at=row.pgh_created_at,
            action=row.pgh_label,
            object_id=str(row.pgh_obj_id),
            object_name=_object_name(row),
            actor_id=actor_id,
            actor_name="" if actor_id is not None else _("the system"),
            reason=str(context.pop("reason", "")),
            url=str(context.pop("url", "")),
            method=str(context.pop("method", "")),
            details={key: str(value) for key, value in context.items()},
        )
        entries.append(entry)
        raw_changes.append(_raw_changes(row, before.get((label, row.pgh_id))))
    actors = {entry.actor_id for entry in entries if isinstance(entry.actor_id, int)}
    names = _names_of_things((change for changes in raw_changes for change in changes), actors)
    for entry, changes in zip(entries, raw_changes, strict=True):
        entry.changes = [change for raw in changes for change in _worded(raw, names)]
        if entry.actor_id is not None:
            entry.actor_name = names.get((get_user_model(), entry.actor_id), "")
        if not entry.object_name:
            entry.object_name = entry.object_id
    return entries


RawChange = tuple[Field, Any, Any]
NOTHING = object()


def _raw_changes(row: Any, before: Any) -> list[RawChange]:
    """Fields that differ from before; of a new or deleted thing all that hold something."""
    found = []
    for each in _tracked_fields(row._meta.model):
        after = getattr(row, each.attname)
        if row.pgh_label == "update" and before is not None:
            earlier = getattr(before, each.attname)
            if earlier != after:
                found.append((each, earlier, after))
        elif after not in (None, "", [], {}):
            found.append((each, NOTHING, after) if row.pgh_label != "delete" else (each, after, NOTHING))
    return found


@cache
def _tracked_fields(table: Any) -> list[Field]:
    names = {each.name for each in table._meta.fields}
    return [
        each for each in table.pgh_tracked_model._meta.fields if each.name in names and not each.primary_key
    ]


def _object_name(row: Any) -> str:
    """What the thing itself is called, from the event's own columns: no query per row."""
    names = [getattr(row, name, "") for name in ("name", "code")]
    own = getattr(row, "name_zh", "") or getattr(row, "name_en", "")
    return str(next((name for name in [own, *names] if name), ""))


def _names_of_things(changes: Iterable[RawChange], people: set[int]) -> dict[tuple[type[Model], Any], str]:
    """Names of these people and of what foreign keys point to, one query per model."""
    wanted: dict[type[Model], set[Any]] = defaultdict(set)
    if people:
        wanted[get_user_model()] |= people
    for each, before, after in changes:
        if isinstance(each, ForeignKey):
            wanted[each.related_model] |= {value for value in (before, after) if value not in (None, NOTHING)}
    names = {}
    for model, keys in wanted.items():
        if model.__str__ is Model.__str__:
            continue  # "Membership object (3)" says less than the number alone
        for thing in model._base_manager.filter(pk__in=keys):
            names[model, thing.pk] = str(thing)
    return names


def _worded(raw: RawChange, names: dict[tuple[type[Model], Any], str]) -> list[Change]:
    each, before, after = raw
    label = field_name(each)
    if isinstance(before, (dict, list)) and isinstance(after, (dict, list)):
        return [
            Change(
                f"{each.name}{path}", f"{label} {path}".strip(), value_text(None, old), value_text(None, new)
            )
            for path, old, new in json_changes(before, after)
        ]

    def text(value: Any) -> str:
        if value is NOTHING:
            return ""
        if isinstance(each, ForeignKey) and value is not None:
            return names.get((each.related_model, value), str(value))
        return value_text(each, value)

    return [Change(each.name, label, text(before), text(after))]
