"""Typed parameters of a step. One declaration gives JSON schema, check with its path, and the form's control."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise

from foundation.documents import Problem

Text = str | Promise
DECIMAL_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,10})?$"
CODE_PATTERN = r"^[A-Za-z0-9_-]{1,60}$"
# condition:CODE: what no KPI holds; the codes are those of selectors.conditions.
CONDITIONS = ("tenure_months", "days_in_role", "open_plan")
SOURCE_PATTERN = (
    r"^(score|kpi:[A-Za-z0-9_-]{1,60}|value:[A-Za-z0-9_-]{1,60}|condition:(" + "|".join(CONDITIONS) + r"))$"
)
ROWS_LIMIT = 30


def decimal_text(value: Any) -> str | None:
    """A number as the canonical text that a configuration holds, or None where it is none.

    YAML and JSON authors write 0.2 as well as "0.2"; a float is taken by its shortest form, so 0.1 is one tenth.
    """
    if isinstance(value, bool) or value is None:
        return None
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if not re.fullmatch(DECIMAL_PATTERN[1:-1], text):
        return None
    try:
        Decimal(text)
    except InvalidOperation:
        return None
    return text


@dataclass(frozen=True, kw_only=True)
class Field:
    """`when` names the choice that makes this parameter apply, ("basis", "amount"), or several of one parameter:
    ("basis", "amount", "share"). What is `optional` may be left out."""

    code: str
    label: Text
    help: Text = ""
    default: str | None = None
    when: tuple[str, ...] | None = None
    optional: bool = False

    control = "text"

    @property
    def required(self) -> bool:
        return self.default is None and not self.optional

    def applies(self, step: Mapping[str, Any]) -> bool:
        return self.when is None or step.get(self.when[0]) in self.when[1:]

    def schema(self) -> dict[str, Any]:
        raise NotImplementedError

    def normal(self, value: Any) -> Any:
        """The value in the form that is stored; anything unusable is given back as it came, for `check` to name."""
        return value

    def check(self, value: Any) -> Iterator[Problem]:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class DecimalField(Field):
    """A number as text. `percent` is how people type and read it; 0.2 is stored and shown as 20 %."""

    minimum: Decimal
    maximum: Decimal
    above_minimum: bool = False
    unit: Text = ""
    percent: bool = False

    control = "decimal"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": DECIMAL_PATTERN, "description": str(self.help or self.label)}

    def normal(self, value: Any) -> Any:
        text = decimal_text(value)
        return value if text is None else text

    def check(self, value: Any) -> Iterator[Problem]:
        text = decimal_text(value)
        if text is None:
            yield Problem((self.code,), "step_not_a_number", {"value": str(value)[:40]})
            return
        number = Decimal(text)
        if not self.minimum <= number <= self.maximum or (self.above_minimum and number == self.minimum):
            scale, sign = (100, " %") if self.percent else (1, "")
            code = "step_out_of_range_open" if self.above_minimum else "step_out_of_range"
            yield Problem(
                (self.code,),
                code,
                {
                    "low": f"{plain(self.minimum * scale)}{sign}",
                    "high": f"{plain(self.maximum * scale)}{sign}",
                },
            )


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Field):
    choices: tuple[tuple[str, Text], ...]

    control = "choice"

    def schema(self) -> dict[str, Any]:
        return {"enum": [code for code, _ in self.choices], "description": str(self.help or self.label)}

    def check(self, value: Any) -> Iterator[Problem]:
        codes = [code for code, _ in self.choices]
        if value not in codes:
            yield Problem(
                (self.code,), "step_choice", {"value": str(value)[:40], "allowed": ", ".join(codes)}
            )

    def text(self, code: str) -> str:
        return str(dict(self.choices).get(code, code))


@dataclass(frozen=True, kw_only=True)
class SourceField(Field):
    """What a step looks at: overall score, a KPI's attainment (kpi:CODE, 100 = target) or its value (value:CODE)."""

    values_only: bool = False

    control = "source"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": SOURCE_PATTERN, "description": str(self.help or self.label)}

    def check(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, str) or not re.fullmatch(SOURCE_PATTERN[1:-1], value):
            yield Problem((self.code,), "step_source", {"value": str(value)[:40]})
        elif self.values_only and not value.startswith("value:"):
            yield Problem((self.code,), "step_source_value", {"value": value})


@dataclass(frozen=True, kw_only=True)
class AmountsField(Field):
    """Money by job code; "default" is for every job that is not named."""

    control = "amounts"

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": CODE_PATTERN},
            "additionalProperties": {"type": "string", "pattern": DECIMAL_PATTERN},
            "description": str(self.help or self.label),
        }

    def normal(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {str(job): decimal_text(amount) or amount for job, amount in value.items()}

    def check(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, Mapping) or not value:
            yield Problem((self.code,), "step_amounts")
            return
        for job, amount in value.items():
            text = decimal_text(amount)
            if not re.fullmatch(CODE_PATTERN[1:-1], str(job)):
                yield Problem((self.code, str(job)), "step_job", {"value": str(job)[:40]})
            elif text is None:
                yield Problem((self.code, str(job)), "step_not_a_number", {"value": str(amount)[:40]})
            elif Decimal(text) < 0:
                yield Problem((self.code, str(job)), "step_negative")


@dataclass(frozen=True, kw_only=True)
class RowsField(Field):
    """Pairs [from, value] in ascending order, half-open: a row reaches up to, not including, the next one.

    Whoever writes [from, to, value] says where each row ends; a hole between two rows or an overlap of them is named,
    and what fits together is kept as pairs. The last row has no end, so its `to` is empty.
    """

    heads: tuple[Text, Text]
    percent: bool = False

    control = "rows"

    def schema(self) -> dict[str, Any]:
        number = {"type": "string", "pattern": DECIMAL_PATTERN}
        return {
            "type": "array",
            "minItems": 1,
            "maxItems": ROWS_LIMIT,
            "items": {"type": "array", "prefixItems": [number, number], "minItems": 2, "maxItems": 2},
            "description": str(self.help or self.label),
        }

    def normal(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        rows = [
            [cell if cell is None else decimal_text(cell) or cell for cell in row]
            if isinstance(row, list | tuple)
            else row
            for row in value
        ]
        if (
            rows
            and all(isinstance(row, list) and len(row) == 3 for row in rows)
            and not list(self.gaps(rows))
        ):
            return [[row[0], row[2]] for row in rows]
        return rows

    def gaps(self, rows: list[list[Any]]) -> Iterator[Problem]:
        """Holes, overlaps and a last row that ends, in rows [from, to, value]."""
        for place, (edge, end, _value) in enumerate(rows):
            last = place == len(rows) - 1
            if last and end not in (None, ""):
                yield Problem((self.code, place, 1), "step_rows_open_end", {"end": str(end)[:40]})
            if last:
                continue
            after = rows[place + 1][0]
            texts = [decimal_text(number) for number in (edge, end, after)]
            if None in texts:
                wrong = (edge, end, after)[texts.index(None)]
                yield Problem((self.code, place, 1), "step_not_a_number", {"value": str(wrong or "")[:40]})
                continue
            start, stop, following = (Decimal(text or 0) for text in texts)
            found = {
                "low": plain(min(stop, following)),
                "high": plain(max(stop, following)),
                "row": place + 1,
            }
            if stop < following:
                yield Problem((self.code, place, 1), "step_rows_hole", found)
            elif stop > following:
                yield Problem((self.code, place, 1), "step_rows_overlap", found)
            elif stop <= start:
                yield Problem(
                    (self.code, place, 1), "step_rows_order", {"row": place + 1, "before": plain(start)}
                )

    def check(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, list) or not value:
            yield Problem((self.code,), "step_rows")
            return
        if len(value) > ROWS_LIMIT:
            yield Problem((self.code,), "step_rows_limit", {"limit": ROWS_LIMIT})
            return
        if all(isinstance(row, list | tuple) and len(row) == 3 for row in value):
            yield from self.gaps([list(row) for row in value])
            return
        before: Decimal | None = None
        for place, row in enumerate(value):
            if not isinstance(row, list | tuple) or len(row) != 2:
                yield Problem((self.code, place), "step_row")
                continue
            edge, amount = decimal_text(row[0]), decimal_text(row[1])
            if edge is None or amount is None:
                wrong = 0 if edge is None else 1
                yield Problem((self.code, place, wrong), "step_not_a_number", {"value": str(row[wrong])[:40]})
                continue
            if before is not None and Decimal(edge) <= before:
                yield Problem(
                    (self.code, place, 0), "step_rows_order", {"row": place + 1, "before": plain(before)}
                )
            before = Decimal(edge)


def plain(number: Decimal) -> str:
    """Without trailing zeros and never with an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
