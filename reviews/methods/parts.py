"""One item judged by several raters, each for the own part of the period: lines, weights, and back again.

A line of a part is named by the item and the form that it stands in, "courtesy~123". Its weight is the item's weight
times the part's days over all days that were judged; what nobody judged has no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

SEPARATOR = "~"


def part_subject(item: str, sheet_id: int) -> str:
    return f"{item}{SEPARATOR}{sheet_id}"


def item_of(subject: str) -> str:
    """The item's code of a line, whether or not it is of a part."""
    return subject.partition(SEPARATOR)[0]


def sheet_of(subject: str) -> int | None:
    """The form that a line of a part stands in; None where one rater judged the whole period."""
    _item, found, sheet = subject.partition(SEPARATOR)
    return int(sheet) if found and sheet.isdecimal() else None


def part_weights(weight: float, days: Sequence[int]) -> list[float]:
    """An item's weight divided among its parts by days: weight x days / sum of days."""
    total = sum(days)
    return [float(weight) * each / total for each in days]


def parted(judged: pd.DataFrame) -> dict[int, dict[int, int]]:
    """{employee id: {sheet id: days}} of those whom more than one form judges, the forms in order.

    judged   columns employee_id, sheet_id, days of one component; frames without them know no parts
    """
    if "sheet_id" not in judged or "days" not in judged:
        return {}
    of_parts = judged[judged["days"].notna()]
    if of_parts.empty:
        return {}
    sheets = of_parts.drop_duplicates(["employee_id", "sheet_id"]).sort_values(["employee_id", "sheet_id"])
    counts = sheets.groupby("employee_id")["sheet_id"].transform("size")
    found: dict[int, dict[int, int]] = {}
    for employee, sheet, days in sheets.loc[counts > 1, ["employee_id", "sheet_id", "days"]].itertuples(
        index=False
    ):
        found.setdefault(int(employee), {})[int(sheet)] = int(days)
    return found


def days_of_parts(lines: Sequence[Mapping[str, object]]) -> dict[int, int]:
    """{sheet id: days} from an explanation's lines, which carry {"part": {"days"}}."""
    found: dict[int, int] = {}
    for line in lines:
        sheet, part = sheet_of(str(line["subject"])), line.get("part")
        if sheet is not None and isinstance(part, Mapping):
            found[sheet] = int(part["days"])
    return found
