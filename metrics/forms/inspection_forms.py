"""The editor of an inspection form: rows of one list, as the browser has them, and the content that they mean.

Every row posts the same fields (ROW_FIELDS, each as row-<name>), so that the n-th value of each belongs to the n-th
row. A row is a section, an item of the section above it, or a fatal error. Levels are lines: "5 = Sums up the need".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.forms.fields import DayField
from metrics.models import InspectionFormVersion
from metrics.services.inspection_content import MAX_DISPUTE_DAYS, SCALE, YES_NO

ROW_FIELDS = (
    "kind", "code", "name_zh", "name_en", "description_zh", "description_en", "weight", "answers", "highest", "na",
    "levels_zh", "levels_en",
)  # fmt: skip
MAX_ROWS = 120
SECTION, ITEM, FATAL = "section", "item", "fatal"

Row = dict[str, str]


class InspectionFormForm(forms.Form):
    """What stands around the rows."""

    code = forms.CharField(
        label=_("Code"), max_length=60, help_text=_("Small letters, digits, hyphens and underscores.")
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    valid_from = DayField(label=_("Valid from"))
    fatal_cap = forms.DecimalField(
        label=_("Most points with a fatal error"),
        min_value=0,
        max_value=Decimal("99.99"),
        decimal_places=2,
        help_text=_("0: any fatal error makes the score zero."),
    )
    dispute_days = forms.IntegerField(
        label=_("Days for a dispute"),
        min_value=0,
        max_value=MAX_DISPUTE_DAYS,
        help_text=_("After the day of the scoring; 0: scores cannot be disputed."),
    )
    comment_on_failed = forms.BooleanField(
        label=_("A failed item needs a comment"),
        required=False,
        help_text=_("No, or the lowest level. A fatal error always needs one."),
    )

    def __init__(self, *args: Any, with_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_code:
            del self.fields["code"]

    def content(self, rows: Sequence[Row]) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "fatal_cap": data["fatal_cap"],
            "dispute_days": data["dispute_days"],
            "comment_on_failed": data["comment_on_failed"],
            **content_of(rows),
        }


def initial_of(version: InspectionFormVersion) -> dict[str, Any]:
    content = version.content
    names = {"name_zh": version.form.name_zh, "name_en": version.form.name_en}
    values = {key: content[key] for key in ("fatal_cap", "dispute_days", "comment_on_failed")}
    return {**names, **values, "valid_from": version.valid_from}


def new_rows() -> list[Row]:
    """What an empty editor begins with."""
    return [blank(SECTION), blank(ITEM), blank(FATAL)]


def new_initial() -> dict[str, Any]:
    today = timezone.localdate()
    return {"valid_from": today.replace(day=1), "fatal_cap": 0, "dispute_days": 7, "comment_on_failed": True}


def blank(kind: str) -> Row:
    row = dict.fromkeys(ROW_FIELDS, "")
    return {**row, "kind": kind, "answers": YES_NO, "highest": "5", "na": "0"}


# Rows and content -----------------------------------------------------------------------------------------------------


def rows_of(content: Mapping[str, Any]) -> list[Row]:
    rows = []
    for section in content["sections"]:
        rows.append(_row(SECTION, section))
        rows += [_row(ITEM, item) for item in section["items"]]
    return [*rows, *(_row(FATAL, error) for error in content["fatal_errors"])]


def _row(kind: str, entry: Mapping[str, Any]) -> Row:
    name, description = entry["name"], entry.get("description") or {}
    levels = entry.get("levels") or {}
    return {
        **blank(kind),
        "code": entry["code"],
        "name_zh": name.get("zh", ""),
        "name_en": name.get("en", ""),
        "description_zh": description.get("zh", ""),
        "description_en": description.get("en", ""),
        "weight": str(entry.get("weight", "")),
        "answers": entry.get("answers", YES_NO),
        "highest": str(entry.get("highest", 5)),
        "na": "1" if entry.get("not_applicable") else "0",
        **{
            f"levels_{language}": "\n".join(
                f"{answer} = {texts[language]}" for answer, texts in levels.items() if texts.get(language)
            )
            for language in ("zh", "en")
        },
    }


def posted_rows(post: QueryDict) -> list[Row]:
    """The rows as they were sent; what one field lacks is empty."""
    columns = {name: post.getlist(f"row-{name}") for name in ROW_FIELDS}
    count = min(len(columns["kind"]), MAX_ROWS)
    rows = []
    for place in range(count):
        row = {name: values[place].strip() if place < len(values) else "" for name, values in columns.items()}
        if row["kind"] in (SECTION, ITEM, FATAL):
            rows.append(row)
    return rows


def content_of(rows: Sequence[Row]) -> dict[str, Any]:
    """sections and fatal_errors as the content of a form has them. An item before any section opens one without a name,
    which the check of the content then finds."""
    sections: list[dict[str, Any]] = []
    fatal: list[dict[str, Any]] = []
    taken = {row["code"] for row in rows if row["code"]}
    for place, row in enumerate(rows, start=1):
        code = row["code"] or _code_for(row, place, taken)
        entry: dict[str, Any] = {"code": code, "name": {"zh": row["name_zh"], "en": row["name_en"]}}
        if row["kind"] == SECTION:
            sections.append({**entry, "items": []})
            continue
        entry["description"] = {"zh": row["description_zh"], "en": row["description_en"]}
        if row["kind"] == FATAL:
            fatal.append(entry)
            continue
        entry |= {"weight": _decimal(row["weight"]), "answers": row["answers"] or YES_NO}
        if row["answers"] == SCALE:
            entry["highest"] = (
                int(row["highest"]) if row["highest"].isascii() and row["highest"].isdigit() else 5
            )
        entry |= {"not_applicable": row["na"] == "1", "levels": _levels(row)}
        if not sections:
            sections.append({"code": "section_1", "name": {"zh": "", "en": ""}, "items": []})
        sections[-1]["items"].append(entry)
    return {"sections": sections, "fatal_errors": fatal}


def _code_for(row: Row, place: int, taken: set[str]) -> str:
    """A code from the English name; nobody has to think of one."""
    plain = re.sub(r"[^a-z0-9]+", "_", row["name_en"].casefold()).strip("_")[:40]
    code = plain if plain[:1].isalpha() else f"{row['kind']}_{place}"
    while code in taken:
        code = f"{code}_{place}"
    taken.add(code)
    return code


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() and abs(value) < 10_000 else Decimal(0)


def _levels(row: Row) -> dict[str, dict[str, str]]:
    """{answer: {zh, en}} from lines such as "5 = Sums up the need"."""
    found: dict[str, dict[str, str]] = {}
    for language in ("zh", "en"):
        for line in row[f"levels_{language}"].splitlines():
            answer, sign, text = re.sub(r"[＝：:]", "=", line, count=1).partition("=")
            if sign and text.strip():
                found.setdefault(answer.strip(), {"zh": "", "en": ""})[language] = text.strip()
    return found


def weight_total(rows: Sequence[Row]) -> dict[str, Any]:
    """{sum, is_whole, left, over} as texts, of what stands in the rows now."""
    total = sum((_decimal(row["weight"]) for row in rows if row["kind"] == ITEM), Decimal(0))
    return {
        "sum": f"{total:f}".rstrip("0").rstrip(".") if "." in f"{total:f}" else f"{total:f}",
        "is_whole": total == 100,
        "left": f"{(100 - total).normalize():f}" if total < 100 else "",
        "over": f"{(total - 100).normalize():f}" if total > 100 else "",
    }


def changed_rows(rows: list[Row], do: str) -> tuple[list[Row], int]:
    """(the rows after add:KIND[:PLACE], up:PLACE, down:PLACE or remove:PLACE; the place to look at). Places from 0."""
    action, _sign, rest = do.partition(":")
    kind, _sign, after = rest.partition(":")
    place = int(rest) if rest.isascii() and rest.isdigit() else -1
    if action == "add" and kind in (SECTION, ITEM, FATAL) and len(rows) < MAX_ROWS:
        last = max(
            (at for at, row in enumerate(rows) if (row["kind"] == FATAL) == (kind == FATAL)), default=-1
        )
        where = int(after) if after.isascii() and after.isdigit() else last
        if kind != FATAL and last < 0:
            where = -1
        elif kind == FATAL and last < 0:
            where = len(rows) - 1
        where = min(where, len(rows) - 1)
        return [*rows[: where + 1], blank(kind), *rows[where + 1 :]], where + 1
    if action == "remove" and 0 <= place < len(rows):
        return [*rows[:place], *rows[place + 1 :]], max(0, place - 1)
    other = place - 1 if action == "up" else place + 1 if action == "down" else -1
    if 0 <= place < len(rows) and 0 <= other < len(rows):
        is_fatal = [rows[at]["kind"] == FATAL for at in (place, other)]
        if is_fatal[0] == is_fatal[1]:
            moved = list(rows)
            moved[place], moved[other] = moved[other], moved[place]
            return moved, other
    return rows, max(0, place)
