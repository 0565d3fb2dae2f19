"""Rows of the target table as people write them: read cell by cell, and checked against each other."""

from __future__ import annotations

import dataclasses
import datetime
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from foundation.refusals import Refusal, refusal_text
from metrics.models import KPI, KPIVersion
from metrics.services.kpis import MAX_NUMBER
from people.models import Job
from scoring import targets as scoring_targets

FIELDS = (
    "kpi", "job", "queue", "tenure_from", "tenure_to", "month_from", "month_to", "target", "ramp",
)  # fmt: skip
MOST_ROWS = 5_000
LONGEST_RAMP = 36
LONGEST_TENURE = 600
SMALLEST_SHARE, LARGEST_SHARE = Decimal("0.01"), Decimal(5)
_MONTH = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?|(\d{2}))(?: 00:00:00)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?|[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class TargetLine:
    """A row by codes; "" and None are any. ramp has shares, 0.6 for 60 %."""

    kpi: str
    job: str = ""
    queue: str = ""
    tenure_from: int = 0
    tenure_to: int | None = None
    month_from: datetime.date | None = None
    month_to: datetime.date | None = None
    target: Decimal | None = None
    ramp: tuple[Decimal, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """Whom and when it is for. A row of the same key replaces the one that is there."""
        return (
            self.kpi, self.job, self.queue, self.tenure_from, self.tenure_to, self.month_from, self.month_to,
        )  # fmt: skip

    def as_scored(self) -> scoring_targets.TargetRow:
        return scoring_targets.TargetRow(
            job=self.job,
            queue=self.queue,
            tenure_from=self.tenure_from,
            tenure_to=self.tenure_to,
            month_from=f"{self.month_from:%Y-%m}" if self.month_from else None,
            month_to=f"{self.month_to:%Y-%m}" if self.month_to else None,
        )


@dataclass(frozen=True)
class CellError:
    """What is wrong with a cell; `row` counts from 0."""

    row: int
    field: str
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        return refusal_text(self.code, self.params)


class InvalidTargets(Refusal):
    """A refusal that names every cell at fault."""

    def __init__(self, errors: Sequence[CellError]) -> None:
        first = errors[0]
        super().__init__(
            "targets_invalid",
            field=f"rows[{first.row}].{first.field}",
            status=422,
            count=len(errors),
            row=first.row + 1,
            first=first.text,
        )
        self.cells = list(errors)

    @property
    def errors(self) -> list[dict[str, str]]:
        return [
            {"field": f"rows[{each.row}].{each.field}", "code": each.code, "detail": each.text}
            for each in self.cells
        ]


@dataclass(frozen=True)
class Known:
    """What rows may name: the newest version of each KPI by code, jobs by code; names lead to codes."""

    kpis: Mapping[str, KPIVersion]
    jobs: Mapping[str, Job]
    kpi_codes: Mapping[str, str]
    job_codes: Mapping[str, str]


def load_known() -> Known:
    """Two queries."""
    newest = KPIVersion.objects.order_by("kpi_id", "-valid_from").distinct("kpi_id").select_related("kpi")
    kpis = {version.kpi.code: version for version in newest}
    jobs = {job.code: job for job in Job.objects.all()}
    return Known(
        kpis,
        jobs,
        _by_name([version.kpi for version in kpis.values()]),
        _by_name(list(jobs.values())),
    )


def _by_name(things: Sequence[KPI | Job]) -> dict[str, str]:
    """{folded code or name: code}; a name that two have means neither."""
    found: dict[str, set[str]] = {}
    for thing in things:
        for name in {thing.code, thing.name_zh, thing.name_en} - {""}:
            found.setdefault(_folded(name), set()).add(thing.code)
    exact = {_folded(thing.code): thing.code for thing in things}
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1} | exact


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


# Reading cells ---------------------------------------------------------------------------------------------------


def read_line(
    cells: Mapping[str, Any], known: Known, *, row: int
) -> tuple[TargetLine | None, list[CellError]]:
    """A row of texts. A cell that cannot be read is an error; the row is None then."""
    values: dict[str, Any] = {}
    errors: list[CellError] = []
    unit = ""
    for name in FIELDS:
        text = cell_text(cells.get(name))
        try:
            values[name] = _read(name, text, known, unit)
        except Refusal as refusal:
            errors.append(CellError(row, name, refusal.code, refusal.params))
        else:
            if name == "kpi":
                unit = known.kpis[values["kpi"]].unit
    return (None if errors else TargetLine(**values)), errors


def cell_text(value: object) -> str:
    """NFKC for full-width digits, without blanks around; missing is ""."""
    if value is None or value != value:  # NaN is not equal to itself
        return ""
    return unicodedata.normalize("NFKC", str(value)).strip()


def _read(name: str, text: str, known: Known, unit: str) -> Any:
    match name:
        case "kpi":
            if not text:
                raise Refusal("target_kpi_missing")
            code = known.kpi_codes.get(_folded(text))
            if code is None:
                raise Refusal("kpi_unknown", name=text[:60])
            return code
        case "job":
            code = known.job_codes.get(_folded(text)) if text else ""
            if code is None:
                raise Refusal("target_job_unknown", name=text[:60])
            return code
        case "queue":
            return text
        case "tenure_from":
            return _months_of_tenure(text) if text else 0
        case "tenure_to":
            return _months_of_tenure(text) if text else None
        case "month_from" | "month_to":
            return read_month(text) if text else None
        case "target":
            return read_target(text, unit) if text else None
    return read_ramp(text)


def _months_of_tenure(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}(\.0+)?", text, re.ASCII):
        raise Refusal("target_tenure", value=text[:40])
    return int(float(text))


def read_month(text: str) -> datetime.date:
    """2026-01, 2026/1, 2026年1月, 202601, and a whole day, of which the month counts."""
    found = _MONTH.fullmatch(text)
    if found is not None:
        year, month, day, compact = found.groups()
        try:
            whole = datetime.date(int(year), int(month or compact), int(day or 1))
        except ValueError:
            whole = None
        if whole is not None:
            return whole.replace(day=1)
    raise Refusal("target_month", value=text[:40])


def read_target(text: str, unit: str) -> Decimal:
    """In the KPI's unit; 85% may be written for a KPI in per cent, and is 85."""
    number = text.removesuffix("%").strip() if unit == KPIVersion.Unit.PERCENT else text
    return _number(number)


def read_ramp(text: str) -> tuple[Decimal, ...]:
    """ "60 80 90", "60%, 80%, 90%": shares in per cent."""
    parts = [part for part in re.split(r"[\s,;、/|]+", text) if part and part != "%"]
    return tuple(_number(part.removesuffix("%")) / 100 for part in parts)


def _number(text: str) -> Decimal:
    try:
        if _NUMBER.fullmatch(text) and len(text) <= 30:
            return Decimal(text.replace(",", ""))
    except InvalidOperation:
        pass
    raise Refusal("target_number", value=text[:40])


# Checking ----------------------------------------------------------------------------------------------------------


def check_lines(lines: Sequence[TargetLine | None], known: Known) -> list[CellError]:
    """Everything that is wrong with readable rows, alone and beside each other; None is a row that was not readable."""
    errors: list[CellError] = []
    if len(lines) > MOST_ROWS:
        return [CellError(MOST_ROWS, "kpi", "targets_too_many", {"limit": MOST_ROWS})]
    groups: dict[tuple[Any, ...], list[tuple[int, scoring_targets.TargetRow]]] = {}
    for row, line in enumerate(lines):
        if line is None:
            continue
        own = _check_line(line, known)
        errors += [CellError(row, name, code, params) for name, code, params in own]
        if own:
            continue
        scored = line.as_scored()
        among = groups.setdefault((line.kpi, line.job, line.queue, scored.specificity), [])
        for place, other in among:
            if scoring_targets.overlap(scored, other):
                errors.append(CellError(row, "kpi", "target_overlap", {"row": place + 1}))
                break
        among.append((row, scored))
    return errors


def _check_line(line: TargetLine, known: Known) -> list[tuple[str, str, dict[str, Any]]]:
    found: list[tuple[str, str, dict[str, Any]]] = []
    version = known.kpis.get(line.kpi)
    if version is None:
        return [("kpi", "kpi_unknown", {"name": line.kpi[:60]})]
    if version.kpi.is_qualitative:
        found.append(("kpi", "target_qualitative", {}))
    if line.job and line.job not in known.jobs:
        found.append(("job", "target_job_unknown", {"name": line.job[:60]}))
    if len(line.queue) > 80 or "\x00" in line.queue:
        found.append(("queue", "target_queue", {}))
    for name in ("tenure_from", "tenure_to"):
        months = getattr(line, name)
        if months is not None and not 0 <= months <= LONGEST_TENURE:
            found.append((name, "target_tenure", {"value": months}))
    if line.tenure_to is not None and line.tenure_to <= line.tenure_from:
        found.append(("tenure_to", "target_tenure_order", {}))
    for name in ("month_from", "month_to"):
        month = getattr(line, name)
        if month is not None and not 2000 <= month.year <= 2199:
            found.append((name, "target_month", {"value": month.isoformat()}))
    if line.month_from and line.month_to and line.month_to < line.month_from:
        found.append(("month_to", "target_month_order", {}))
    if line.target is None and not line.ramp:
        found.append(("target", "target_row_empty", {}))
    if line.target is not None and not (line.target.is_finite() and abs(line.target) < MAX_NUMBER):
        found.append(("target", "kpi_number", {}))
    elif line.ramp:
        found += _check_ramp(line, version)
    return found


def _check_ramp(line: TargetLine, version: KPIVersion) -> list[tuple[str, str, dict[str, Any]]]:
    """A ramp leads from an easier target to the full one, so its sense depends on what is better."""
    base = version.target if line.target is None else line.target
    if base is None:
        return [("target", "target_own_missing", {})]
    if not all(share.is_finite() and SMALLEST_SHARE <= share <= LARGEST_SHARE for share in line.ramp):
        return [("ramp", "target_ramp_share", {})]
    if len(line.ramp) > LONGEST_RAMP:
        return [("ramp", "target_ramp_long", {"limit": LONGEST_RAMP})]
    if version.direction == KPIVersion.Direction.NEAREST:
        return [("ramp", "target_ramp_nearest", {})]
    if base <= 0:
        return [("ramp", "target_ramp_base", {})]
    steps = [*line.ramp, Decimal(1)]
    if version.direction == KPIVersion.Direction.LOWER:
        if sorted(steps, reverse=True) != steps:
            return [("ramp", "target_ramp_falls", {})]
    elif sorted(steps) != steps:
        return [("ramp", "target_ramp_rises", {})]
    return []
