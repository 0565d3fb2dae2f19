"""The target table: one sheet in which rows are typed, pasted from a spreadsheet, and saved all at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from foundation.intake.writing import csv_lines
from foundation.interface.access import role_required
from foundation.refusals import Refusal
from metrics.models import TargetEdition
from metrics.selectors.targets import current_edition, get_edition_for, known_queues
from metrics.services.target_lines import (
    FIELDS,
    MOST_ROWS,
    CellError,
    InvalidTargets,
    Known,
    TargetLine,
    load_known,
    read_line,
)
from metrics.services.targets import lines_of, save_targets
from metrics.views.requests import reader

READERS = ("hr", "auditor")
EMPTY_ROWS = 3
EDITIONS_SHOWN = 8
NUMBERS = ("tenure_from", "tenure_to", "target")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*READERS, write=("hr",))
def targets(request: HttpRequest) -> HttpResponse:
    """The edition in force, to be edited; ?edition=3 shows an earlier one as it was."""
    edition = current_edition()
    known = load_known()
    if request.method == "POST":
        return _save(request, known, edition)
    asked = request.GET.get("edition", "")
    shown = get_edition_for(reader(request), _number(asked)) if asked else edition
    rows = [cells_of(line, known) for line in (lines_of(shown) if shown else [])]
    is_old = shown is not None and shown != edition
    return _page(request, known, edition, shown, rows, is_old=is_old)


def _save(request: HttpRequest, known: Known, edition: TargetEdition | None) -> HttpResponse:
    typed = typed_rows(request)
    reason = request.POST.get("reason", "")
    errors: list[CellError] = []
    lines: list[TargetLine] = []
    for place, cells in enumerate(typed[: MOST_ROWS + 1]):
        line, wrong = read_line(cells, known, row=place)
        errors += wrong
        if line is not None:
            lines.append(line)
    problem = ""
    if not errors:
        try:
            saved = save_targets(
                actor=reader(request),
                lines=lines,
                version=_number(request.POST.get("version", "")),
                reason=reason,
            )
        except InvalidTargets as refusal:
            errors = refusal.cells
        except Refusal as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _saved(saved, len(lines), is_new=saved != edition))
            return redirect("metrics:targets")
    if errors:
        problem = ngettext(
            "%(count)s cell is to be mended. Nothing has been saved yet.",
            "%(count)s cells are to be mended. Nothing has been saved yet.",
            len(errors),
        ) % {"count": len(errors)}
    return _page(
        request, known, edition, edition, typed, errors=errors, problem=problem, reason=reason, status=422
    )


def _saved(saved: TargetEdition | None, rows: int, *, is_new: bool) -> str:
    if not is_new or saved is None:
        return _("That is what the table says already.")
    return ngettext(
        "Edition %(number)s is saved: %(rows)s row. Cycles launched from now on use it.",
        "Edition %(number)s is saved: %(rows)s rows. Cycles launched from now on use it.",
        rows,
    ) % {"number": saved.number, "rows": rows}


def typed_rows(request: HttpRequest) -> list[dict[str, str]]:
    """The rows that are not empty: from the script one JSON text, without it a column of inputs per field."""
    text = request.POST.get("rows", "")
    if text:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = []
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        told = [{name: str(row.get(name) or "")[:500] for name in FIELDS} for row in rows]
    else:
        columns = {name: request.POST.getlist(name) for name in FIELDS}
        length = max((len(values) for values in columns.values()), default=0)
        told = [
            {name: (values[place] if place < len(values) else "")[:500] for name, values in columns.items()}
            for place in range(length)
        ]
    return [row for row in told if any(value.strip() for value in row.values())]


def cells_of(line: TargetLine, known: Known) -> dict[str, str]:
    """A row as it is typed: KPIs and jobs by name where that means one of them."""
    return {
        "kpi": _name(line.kpi, known.kpis[line.kpi].kpi, known.kpi_codes)
        if line.kpi in known.kpis
        else line.kpi,
        "job": _name(line.job, known.jobs[line.job], known.job_codes) if line.job in known.jobs else line.job,
        "queue": line.queue,
        "tenure_from": str(line.tenure_from) if line.tenure_from else "",
        "tenure_to": "" if line.tenure_to is None else str(line.tenure_to),
        "month_from": f"{line.month_from:%Y-%m}" if line.month_from else "",
        "month_to": f"{line.month_to:%Y-%m}" if line.month_to else "",
        "target": "" if line.target is None else _typed(line.target),
        "ramp": " ".join(_typed(share * 100) for share in line.ramp),
    }


def _typed(number: Decimal) -> str:
    """90.5 rather than 90.500000, and never 1E-6."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _name(code: str, thing: Any, codes: Any) -> str:
    name = str(thing.name)
    return name if codes.get(name.strip().casefold()) == code else code


def _page(
    request: HttpRequest,
    known: Known,
    edition: TargetEdition | None,
    shown: TargetEdition | None,
    rows: Sequence[dict[str, str]],
    *,
    errors: Sequence[CellError] = (),
    problem: str = "",
    reason: str = "",
    is_old: bool = False,
    status: int = 200,
) -> HttpResponse:
    wrong: dict[tuple[int, str], str] = {}
    for error in errors:
        wrong.setdefault((error.row, error.field), error.text)
    may_write = reader(request).is_hr and not is_old
    blank = dict.fromkeys(FIELDS, "")
    shown_rows = [*rows, *([blank] * (EMPTY_ROWS if may_write else 0))]
    labels = column_labels()
    version = int(request.POST["version"]) if _number(request.POST.get("version", "")) >= 0 else None
    context = {
        "edition": edition,
        "shown": shown,
        "is_old": is_old,
        "may_write": may_write,
        "version": version if version is not None else (edition.number if edition else 0),
        "rows": [
            {
                "number": place + 1,
                "cells": [
                    {
                        "name": name,
                        "label": labels[name],
                        "value": row[name],
                        "is_number": name in NUMBERS,
                        "list": {"kpi": "sheet-kpis", "job": "sheet-jobs", "queue": "sheet-queues"}.get(
                            name, ""
                        ),
                        "error": wrong.get((place, name), ""),
                    }
                    for name in FIELDS
                ],
            }
            for place, row in enumerate(shown_rows)
        ],
        "empty_row": [
            {
                "name": name,
                "label": labels[name],
                "value": "",
                "is_number": name in NUMBERS,
                "list": {"kpi": "sheet-kpis", "job": "sheet-jobs", "queue": "sheet-queues"}.get(name, ""),
                "error": "",
            }
            for name in FIELDS
        ],
        "has_rows": bool(rows),
        "kpis": [
            {"name": _name(code, version.kpi, known.kpi_codes), "unit": version.get_unit_display()}
            for code, version in sorted(known.kpis.items())
            if version.kpi.is_active and not version.kpi.is_qualitative
        ],
        "jobs": [_name(code, job, known.job_codes) for code, job in sorted(known.jobs.items())],
        "queues": known_queues(),
        "problem": problem,
        "reason": reason,
        "editions": list(
            TargetEdition.objects.select_related("created_by").order_by("-number")[:EDITIONS_SHOWN]
        ),
    }
    return render(request, "metrics/targets.html", context, status=status)


def column_labels() -> dict[str, str]:
    return {
        "kpi": _("KPI"),
        "job": _("Job"),
        "queue": _("Queue"),
        "tenure_from": _("Months in the job, from"),
        "tenure_to": _("to below"),
        "month_from": _("From month"),
        "month_to": _("To month"),
        "target": _("Target"),
        "ramp": _("Ramp"),
    }


@require_GET
@role_required(*READERS)
def targets_csv(request: HttpRequest) -> HttpResponse:
    """The table in force, such that it can be edited in a spreadsheet and uploaded again."""
    known = load_known()
    edition = current_edition()
    rows = [cells_of(line, known) for line in (lines_of(edition) if edition else [])]
    labels = column_labels()
    lines = csv_lines([labels[name] for name in FIELDS], [[row[name] for name in FIELDS] for row in rows])
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    name = "targets" if not (get_language() or "").startswith("zh") else "目标表"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=targets.csv; filename*=UTF-8''{quote(name)}.csv"
    )
    return response


def _number(text: str) -> int:
    """A number of an edition; nonsense is one that never was."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
