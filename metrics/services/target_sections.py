"""The section targets of a configuration document.

    targets: [{kpi, job, queue, tenure: {from, to}, months: {from, to}, target, ramp: [0.6, 0.8]}]

Rows for whom and when there is one already replace it, the others are added; what is not named stays.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, plain_number, type_name
from foundation.refusals import Refusal
from metrics.selectors.targets import current_edition, month_text
from metrics.services.target_lines import InvalidTargets, TargetLine, read_month
from metrics.services.targets import lines_of, merge_targets
from people.models import User

#: Where the document keeps what a row calls otherwise.
_PLACES = {
    "tenure_from": ("tenure", "from"),
    "tenure_to": ("tenure", "to"),
    "month_from": ("months", "from"),
    "month_to": ("months", "to"),
}


def load_targets(items: Any, *, actor: User | None, problems: Problems, path: Path) -> None:
    lines: list[TargetLine] = []
    places: list[Path] = []
    keys: dict[tuple[Any, ...], Path] = {}
    for place, item in items_of(items, problems=problems, path=path):
        before = len(problems)
        line = _line(item, problems=problems, path=place)
        if len(problems) > before:
            continue
        if line.key in keys:
            problems.add(place, "target_twice", row=keys[line.key][-1])
        keys[line.key] = place
        lines.append(line)
        places.append(place)
    if not lines:
        return
    edition = current_edition()
    offsets = {line.key: number for number, line in enumerate(lines_of(edition) if edition else [])}
    # Where each row comes to stand in the merged table: at its own place, or behind those that are there.
    position = len(offsets)
    place_of: dict[int, Path] = {}
    for line, place in zip(lines, places, strict=True):
        if line.key in offsets:
            place_of[offsets[line.key]] = place
        else:
            offsets[line.key] = position
            place_of[position] = place
            position += 1
    try:
        merge_targets(actor=actor, lines=lines)
    except InvalidTargets as refusal:
        for cell in refusal.cells:
            here = place_of.get(cell.row, path)
            inner = _PLACES.get(cell.field, (cell.field,))
            problems.add((*here, *inner) if cell.row in place_of else here, cell.code, **cell.params)
    except Refusal as refusal:
        problems.add(path, refusal.code, **refusal.params)


def _line(item: Any, *, problems: Problems, path: Path) -> TargetLine:
    section = Section(item, problems=problems, path=path)
    tenure = Section(section.take("tenure", dict, default={}), problems=problems, path=(*path, "tenure"))
    months = Section(section.take("months", dict, default={}), problems=problems, path=(*path, "months"))
    line = TargetLine(
        kpi=section.take("kpi", str, required=True, default=""),
        job=section.take("job", str, default=""),
        queue=section.take("queue", str, default=""),
        tenure_from=tenure.take("from", int, default=0),
        tenure_to=tenure.take("to", int),
        month_from=_month(months, "from"),
        month_to=_month(months, "to"),
        target=section.take("target", Decimal),
        ramp=_ramp(section, problems, path),
    )
    for each in (tenure, months, section):
        each.done()
    return line


def _month(section: Section, key: str) -> datetime.date | None:
    text = section.take(key, str)
    if text is None:
        return None
    try:
        return read_month(text)
    except Refusal as refusal:
        section.problems.add((*section.path, key), refusal.code, **refusal.params)
        return None


def _ramp(section: Section, problems: Problems, path: Path) -> tuple[Decimal, ...]:
    shares = []
    for place, share in items_of(
        section.take("ramp", list, default=[]), problems=problems, path=(*path, "ramp")
    ):
        if isinstance(share, (int, float)) and not isinstance(share, bool):
            shares.append(Decimal(str(share)))
        else:
            problems.add(place, "document_type", expected=type_name(Decimal), found=type_name(type(share)))
    return tuple(shares)


def dump_targets() -> list[dict[str, Any]]:
    edition = current_edition()
    return [_dumped(line) for line in (lines_of(edition) if edition else [])]


def _dumped(line: TargetLine) -> dict[str, Any]:
    return compact(
        {
            "kpi": line.kpi,
            "job": line.job,
            "queue": line.queue,
            "tenure": compact({"from": line.tenure_from or None, "to": line.tenure_to}),
            "months": compact({"from": month_text(line.month_from), "to": month_text(line.month_to)}),
            "target": None if line.target is None else plain_number(line.target),
            "ramp": [plain_number(share) for share in line.ramp],
        }
    )
