"""The terms of a plan as people type them, checked and completed: what is asked, what is done for it, by when."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from foundation.refusals import Refusal
from metrics.models import KPIVersion
from metrics.selectors.kpis import versions_on
from reviews.models import ImprovementPlan
from reviews.models.improvement_plans import Cause, Who
from reviews.selectors.improvement_progress import start_values
from scoring.improvement import is_met

CAUSES, WHO = Cause.values, Who.values
TEXT_LIMIT, MOST = 500, 10
LONGEST_DAYS = 366
EVERY = (1, 92)
PARTS = {
    "causes": {"kind", "text"},
    "targets": {"kpi", "target", "by", "start_month"},
    "goals": {"text", "by"},
    "measures": {"code", "text", "who", "by"},
}
MONTH = re.compile(r"^[0-9]{4}-(0[1-9]|1[0-2])$")


def checked_content(
    content: Mapping[str, Any],
    *,
    kind: str,
    employee_id: int,
    before: Mapping[str, Any] | None = None,
    today: datetime.date | None = None,
) -> dict[str, Any]:
    """causes [{kind, text}], targets [{kpi, target, by, start_month?}], goals [{text, by}], measures [{code?, text,
    who, by}], deadline, every_days: as they are stored, each target with its KPI's name and unit and the person's
    value at the start. `before`: the terms that are changed; a target that is kept keeps its start, a measure its
    code.

    Refusals (422) name the field, "targets.0.kpi": improvement_part_malformed, improvement_text_required,
    cycle_text_too_long, improvement_cause_unknown, improvement_target_without_kpi, improvement_kpi_unknown,
    improvement_kpi_qualitative, improvement_target_number, improvement_target_twice,
    improvement_target_met_already, improvement_day_malformed, improvement_day_range, improvement_deadline_range,
    improvement_every_range, improvement_needs_cause, improvement_needs_target, improvement_needs_goal,
    improvement_needs_measure, improvement_too_many.
    """
    day = today or timezone.localdate()
    if not isinstance(content, Mapping) or set(content) - {*PARTS, "deadline", "every_days"}:
        raise Refusal("improvement_part_malformed", field="content", status=422)
    deadline = _day(content.get("deadline"), "deadline")
    if not day < deadline <= day + datetime.timedelta(days=LONGEST_DAYS):
        raise Refusal("improvement_deadline_range", field="deadline", status=422, days=LONGEST_DAYS)
    every = content.get("every_days", 14)
    if isinstance(every, bool) or not isinstance(every, int) or not EVERY[0] <= every <= EVERY[1]:
        raise Refusal("improvement_every_range", field="every_days", status=422, low=EVERY[0], high=EVERY[1])
    rows = {part: _rows(content, part) for part in PARTS}
    made = {
        "causes": [_cause(row, f"causes.{place}") for place, row in enumerate(rows["causes"])],
        "targets": _targets(rows["targets"], employee_id, day, deadline, before or {}),
        "goals": [
            {
                "text": _text(row.get("text"), f"goals.{place}.text"),
                "by": _by(row.get("by"), f"goals.{place}.by", deadline),
            }
            for place, row in enumerate(rows["goals"])
        ],
        "measures": _measures(rows["measures"], deadline, before or {}),
        "deadline": deadline.isoformat(),
        "every_days": every,
    }
    _check_needs(made, kind)
    return made


def _check_needs(made: Mapping[str, Any], kind: str) -> None:
    if kind == ImprovementPlan.Kind.IMPROVEMENT:
        if not made["causes"]:
            raise Refusal("improvement_needs_cause", field="causes", status=422)
        if not made["targets"]:
            raise Refusal("improvement_needs_target", field="targets", status=422)
    elif not made["targets"] and not made["goals"]:
        raise Refusal("improvement_needs_goal", field="goals", status=422)
    if not made["measures"]:
        raise Refusal("improvement_needs_measure", field="measures", status=422)


def _rows(content: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    rows = content.get(part, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Refusal("improvement_part_malformed", field=part, status=422)
    if len(rows) > MOST:
        raise Refusal("improvement_too_many", field=part, status=422, limit=MOST)
    for place, row in enumerate(rows):
        if set(row) - PARTS[part]:
            raise Refusal("improvement_part_malformed", field=f"{part}.{place}", status=422)
    return rows


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refusal("improvement_text_required", field=field, status=422)
    if len(value.strip()) > TEXT_LIMIT:
        raise Refusal("cycle_text_too_long", field=field, status=422, limit=TEXT_LIMIT)
    return value.strip().replace("\x00", "")


def _day(value: Any, field: str) -> datetime.date:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError as error:
        raise Refusal("improvement_day_malformed", field=field, status=422) from error


def _by(value: Any, field: str, deadline: datetime.date) -> str:
    """Empty: by the deadline. A day that has passed is kept: the terms may be changed long after it."""
    day = _day(value, field) if value not in (None, "") else deadline
    if day > deadline:
        raise Refusal("improvement_day_range", field=field, status=422)
    return day.isoformat()


def _cause(row: Mapping[str, Any], field: str) -> dict[str, str]:
    if row.get("kind") not in CAUSES:
        raise Refusal(
            "improvement_cause_unknown", field=f"{field}.kind", status=422, allowed=", ".join(CAUSES)
        )
    return {"kind": str(row["kind"]), "text": _text(row.get("text"), f"{field}.text")}


def _measures(
    rows: list[Mapping[str, Any]], deadline: datetime.date, before: Mapping[str, Any]
) -> list[dict[str, str]]:
    known = {each["code"] for each in before.get("measures", [])}
    highest = max([int(code[1:]) for code in known], default=0)
    taken: set[str] = set()
    made = []
    for place, row in enumerate(rows):
        code = str(row.get("code") or "")
        if code and (code not in known or code in taken):
            raise Refusal("improvement_part_malformed", field=f"measures.{place}.code", status=422)
        if not code:
            highest += 1
            code = f"m{highest}"
        taken.add(code)
        if row.get("who") not in WHO:
            raise Refusal(
                "improvement_who_unknown", field=f"measures.{place}.who", status=422, allowed=", ".join(WHO)
            )
        made.append(
            {
                "code": code,
                "text": _text(row.get("text"), f"measures.{place}.text"),
                "who": str(row["who"]),
                "by": _by(row.get("by"), f"measures.{place}.by", deadline),
            }
        )
    return made


def _targets(
    rows: list[Mapping[str, Any]],
    employee_id: int,
    day: datetime.date,
    deadline: datetime.date,
    before: Mapping[str, Any],
) -> list[dict[str, Any]]:
    for place, row in enumerate(rows):
        if not isinstance(row.get("kpi"), str) or not row["kpi"].strip():
            raise Refusal("improvement_target_without_kpi", field=f"targets.{place}.kpi", status=422)
    codes = [str(row["kpi"]).strip()[:60] for row in rows]
    versions = {version.kpi.code: version for version in versions_on(day, codes=codes)} if codes else {}
    kept = {each["kpi"]: each for each in before.get("targets", [])}
    made = []
    for place, (row, code) in enumerate(zip(rows, codes, strict=True)):
        field = f"targets.{place}"
        if code in codes[:place]:
            raise Refusal("improvement_target_twice", field=f"{field}.kpi", status=422, name=code)
        version = versions.get(code)
        if version is None:
            raise Refusal("improvement_kpi_unknown", field=f"{field}.kpi", status=422, name=code)
        if version.kpi.is_qualitative or not version.formula:
            raise Refusal("improvement_kpi_qualitative", field=f"{field}.kpi", status=422, name=code)
        month = row.get("start_month") or None
        if month is not None and not (isinstance(month, str) and MONTH.match(month) and month[:4] > "1900"):
            raise Refusal("improvement_day_malformed", field=f"{field}.start_month", status=422)
        target = _number(row.get("target"), f"{field}.target")
        start = _start(employee_id, code, month, kept.get(code))
        if start["start"] is not None and is_met(
            start["start"], target, version.direction, decimals=version.decimals
        ):
            raise Refusal(
                "improvement_target_met_already",
                field=f"{field}.target",
                status=422,
                month=start["start_month"],
            )
        made.append(
            {**_kpi(version), **start, "target": target, "by": _by(row.get("by"), f"{field}.by", deadline)}
        )
    return made


def _number(value: Any, field: str) -> float:
    if isinstance(value, bool):
        raise Refusal("improvement_target_number", field=field, status=422)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Refusal("improvement_target_number", field=field, status=422) from error
    if not math.isfinite(number) or abs(number) > 1e12:
        raise Refusal("improvement_target_number", field=field, status=422)
    return number


def _start(employee_id: int, code: str, month: str | None, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    if kept is not None and month in (None, kept["start_month"]):
        return {name: kept[name] for name in ("start", "start_month", "start_n")}
    at, value, n = start_values(employee_id, [code], month).get(code, (None, None, 0))
    return {"start": value, "start_month": at, "start_n": n}


def _kpi(version: KPIVersion) -> dict[str, Any]:
    """What the terms keep of a KPI, so that they explain themselves."""
    return {
        "kpi": version.kpi.code,
        "name": {"zh": version.kpi.name_zh, "en": version.kpi.name_en},
        "version": version.number,
        "unit": version.unit,
        "direction": version.direction,
        "decimals": version.decimals,
        "minimum_sample": version.minimum_sample,
    }
