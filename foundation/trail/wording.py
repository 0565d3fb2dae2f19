"""Models, fields and values in the reader's words."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Field, Model
from django.utils import timezone
from django.utils.translation import gettext as _

VALUE_LENGTH = 300
MAXIMUM_PATHS = 40


def model_name(model: type[Model]) -> str:
    """A model's name; rooms give one as verbose_name, and words.py has those of the rest."""
    return _capital(_(str(model._meta.verbose_name)))


def field_name(field: Field) -> str:
    return _capital(_(str(field.verbose_name)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def value_text(field: Field | None, value: Any) -> str:
    """A value as a person reads it: choices by their label, days as days, ranges with their last day, no text
    for nothing."""
    if value is None or value == "":
        return ""
    choices = dict(getattr(field, "flatchoices", None) or ())
    if choices and _is_hashable(value) and value in choices:
        return str(choices[value])
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime.datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if hasattr(value, "lower") and hasattr(value, "upper") and not isinstance(value, str):
        return _range_text(value)
    if isinstance(value, (dict, list)):
        if all(isinstance(part, str) for part in value) and isinstance(value, list):
            return _shortened(", ".join(value))
        return _shortened(json.dumps(value, ensure_ascii=False))
    return _shortened(str(value))


def _is_hashable(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _range_text(value: Any) -> str:
    """[from, until) is stored; people read the last day."""
    if getattr(value, "isempty", False):
        return ""
    first, until = value.lower, value.upper
    if isinstance(until, datetime.date) and not isinstance(until, datetime.datetime):
        until -= datetime.timedelta(days=1)
    return f"{first or '…'} – {until or '…'}"


def _shortened(text: str) -> str:
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


def json_changes(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, before, after) of what differs between two documents, at most MAXIMUM_PATHS of them; None where
    missing."""
    for number, change in enumerate(_json_changes(before, after, "")):
        if number == MAXIMUM_PATHS:
            yield "…", None, None
            return
        yield change


def _json_changes(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _json_changes(before.get(key), after.get(key), f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            yield from _json_changes(
                before[place] if place < len(before) else None,
                after[place] if place < len(after) else None,
                f"{path}/{place}",
            )
    elif before != after:
        yield path, before, after
