"""A mapping as the fields of a browser's form, and back.

One line a column of the file: what it is (`col-3-what`: "", "role:employee" or "measure:answered") and how it is read
(`col-3-type`, `col-3-words`; of daily totals `col-3-aggregation`, `col-3-count`). Below them a few lines for measures
that have no column of their own: what every row counts as, or a second measure of one column (`more-0-...`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from metrics.models import Measure, Source
from metrics.services.mappings import AGGREGATIONS, DATE_FORMATS, EMPLOYEE_KEYS, ROLES, YES_NO, guess_reading

MORE_LINES = 3
EACH_ROW = "each"


@dataclass
class Line:
    """One line of the form. `samples` are values as they stand in the file."""

    index: int
    column: str = ""
    samples: list[str] = field(default_factory=list)
    what: str = ""
    type: str = "number"
    words: str = ""
    aggregation: str = "total"
    count: str = ""
    value: str = "1"

    @property
    def is_measure(self) -> bool:
        """Only a measure can be written in one way or another."""
        return self.what.startswith("measure:") and self.column != EACH_ROW

    def suggest_words(self) -> None:
        if not self.words and self.type == "boolean":
            self.words = words_text(_words_of(self.samples))


def form_lines(
    mapping: Mapping[str, Any], columns: Sequence[str], sample: Sequence[Sequence[str | None]], *, kind: str
) -> tuple[list[Line], list[Line]]:
    """(one line per column, lines for more measures), filled in from the mapping."""
    lines = [Line(index=i, column=name, samples=_samples(sample, i)) for i, name in enumerate(columns)]
    by_name = {line.column: line for line in lines}
    for role, found in (mapping.get("columns") or {}).items():
        for column in _listed(found):
            if column in by_name:
                by_name[column].what = f"role:{role}"
    more: list[Line] = []
    for code, found in sorted((mapping.get("measures") or {}).items()):
        for how in _listed(found):
            line = by_name.get(how.get("column"))
            if line is None or line.what:
                line = Line(index=len(more), column=how.get("column") or EACH_ROW)
                more.append(line)
            _fill(line, code, how, columns)
    for line in lines:
        line.suggest_words()
    while kind == Source.Kind.RECORDS and len(more) < MORE_LINES:
        more.append(Line(index=len(more)))
    return lines, more


def _fill(line: Line, code: str, how: Mapping[str, Any], columns: Sequence[str]) -> None:
    line.what = f"measure:{code}"
    line.type = how.get("type", "number")
    if words := how.get("map"):
        line.words = words_text(words) if isinstance(words, Mapping) else str(words)
    line.aggregation = how.get("aggregation", "total")
    line.count = str(columns.index(how["count_column"])) if how.get("count_column") in columns else ""
    line.value = f"{how.get('value', 1):g}"


def chosen_line(
    fields: Mapping[str, Any],
    prefix: str,
    index: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str | None]],
    *,
    kind: str,
    is_new: bool,
) -> Line:
    """The line `index` as the browser has it now. `is_new`: what it is was just chosen, so that how it is written is
    guessed from that."""

    def value(name: str) -> str:
        return str(fields.get(f"{prefix}-{index}-{name}") or "")

    column = value("column") or EACH_ROW
    if prefix == "col":
        column = columns[index] if index < len(columns) else ""
    line = Line(index=index, column=column, what=value("what"), words=value("words"), count=value("count"))
    line.samples = _samples(sample, columns.index(column)) if column in columns else []
    line.aggregation = value("aggregation") or line.aggregation
    line.type = value("type") or line.type
    if is_new and line.is_measure:
        measure = Measure.objects.filter(code=line.what.removeprefix("measure:")).first()
        if measure is not None:
            _fill(line, measure.code, guess_reading(measure, column, kind=kind), columns)
    line.suggest_words()
    return line


def _samples(sample: Sequence[Sequence[str | None]], index: int) -> list[str]:
    """Distinct values of a column, in the order in which they come."""
    return list(dict.fromkeys(str(row[index]) for row in sample if index < len(row) and row[index]))


def _words_of(samples: Sequence[str]) -> dict[str, float]:
    known = {word: YES_NO[word.casefold()] for word in samples if word.casefold() in YES_NO}
    if known and 1.0 not in known.values():
        known |= {"Y": 1.0} if "N" in known else {}
    return known


def words_text(words: Mapping[str, float]) -> str:
    """Y=1, N=0"""
    return ", ".join(
        f"{word}={value:g}" for word, value in sorted(words.items(), key=lambda item: (-item[1], item[0]))
    )


def mapping_from_fields(post: Mapping[str, Any], columns: Sequence[str], *, kind: str) -> dict[str, Any]:
    """The mapping that the form means. Nothing is refused here: what contradicts itself stays in it as it was typed, so
    that the form can be shown again, and check_mapping says what is wrong."""
    roles: dict[str, Any] = {}
    measures: dict[str, Any] = {}
    for index, column in enumerate(columns):
        what = str(post.get(f"col-{index}-what") or "")
        if what.startswith("role:"):
            role = what.removeprefix("role:")
            roles[role] = [*_listed(roles[role]), column] if role in roles else column
        elif what.startswith("measure:"):
            _put(
                measures,
                what.removeprefix("measure:"),
                _read_line(post, f"col-{index}", column, columns, kind=kind),
            )
    for index in range(MORE_LINES + 20):
        code = str(post.get(f"more-{index}-what") or "").removeprefix("measure:")
        column = str(post.get(f"more-{index}-column") or EACH_ROW)
        if not code:
            continue
        if column == EACH_ROW:
            _put(measures, code, {"type": "constant", "value": _number(post.get(f"more-{index}-value"))})
        else:
            _put(measures, code, _read_line(post, f"more-{index}", column, columns, kind=kind))
    mapping: dict[str, Any] = {"columns": roles, "measures": measures}
    for name, known in (("employee_key", EMPLOYEE_KEYS), ("date_format", DATE_FORMATS)):
        chosen = str(post.get(name) or "auto")
        if chosen in known and chosen != "auto":
            mapping[name] = chosen
    if missing := [
        word.strip() for word in re.split(r"[,，、\n]+", str(post.get("missing") or "")) if word.strip()
    ]:
        mapping["missing"] = missing
    return mapping


def _put(measures: dict[str, Any], code: str, how: dict[str, Any]) -> None:
    measures[code] = [*_listed(measures[code]), how] if code in measures else how


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_line(
    post: Mapping[str, Any], prefix: str, column: str, columns: Sequence[str], *, kind: str
) -> dict[str, Any]:
    chosen = str(post.get(f"{prefix}-type") or "")
    if kind == Source.Kind.TOTALS:
        how: dict[str, Any] = {
            "column": column,
            "aggregation": str(post.get(f"{prefix}-aggregation") or AGGREGATIONS[0]),
        }
        if chosen == "duration":
            how["type"] = chosen
        count = str(post.get(f"{prefix}-count") or "")
        if count.isascii() and count.isdigit() and len(count) < 5 and int(count) < len(columns):
            how["count_column"] = columns[int(count)]
        return how
    words = str(post.get(f"{prefix}-words") or "")
    if not chosen:
        # Nothing chosen: as the measure is usually written.
        measure = Measure.objects.filter(
            code=str(post.get(f"{prefix}-what") or "").removeprefix("measure:")
        ).first()
        return guess_reading(measure, column, kind=kind) if measure else {"column": column, "type": "number"}
    how = {"column": column, "type": chosen}
    if chosen == "boolean" and words.strip():
        how["map"] = words
    return how


def _number(text: Any) -> float:
    try:
        return float(str(text or "1"))
    except ValueError:
        return 1.0


def role_choices(kind: str) -> list[tuple[str, str]]:
    return [(f"role:{role}", str(label)) for role, label in ROLES[Source.Kind(kind)].items()]


def measure_choices() -> list[tuple[str, str]]:
    return [(f"measure:{measure.code}", measure.name or measure.code) for measure in Measure.objects.all()]


def type_choices(kind: str) -> list[tuple[str, str]]:
    found = [("number", _("a number")), ("duration", _("a duration"))]
    return found if kind == Source.Kind.TOTALS else [*found, ("boolean", _("words"))]
