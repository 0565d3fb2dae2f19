"""Files of targets, as a kind of import: the same rows as in the browser, one a line."""

from __future__ import annotations

from typing import Any

import pandas as pd
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import Checked, Field, ImportKind, RejectRow
from foundation.intake.models import Import
from foundation.intake.reading import Table
from metrics.models import TargetEdition
from metrics.services.target_lines import (
    FIELDS,
    CellError,
    TargetLine,
    cell_text,
    check_lines,
    load_known,
    read_line,
)
from metrics.services.targets import lines_of, merge_targets, merged_lines


class TargetsKind(ImportKind):
    kind = "targets"
    label = _("Targets")
    description = _("Targets of KPIs by job, queue, months in the job and period, one a row.")
    icon = "target-arrow"
    roles = ("hr",)
    scope = "metrics:write"
    fields = (
        Field("kpi", _("KPI"), required=True, names=("指标", "KPI code", "绩效指标", "指标编码")),
        Field("job", _("Job"), help=_("Code or name; empty is any."), names=("岗位", "Job code", "岗位编码")),
        Field("queue", _("Queue"), help=_("Empty is any."), names=("队列", "技能组", "Skill")),
        Field(
            "tenure_from",
            _("Months in the job, from"),
            help=_("Completed months; empty is 0."),
            names=("在岗月数从", "在岗月数，从", "Tenure from"),
        ),
        Field(
            "tenure_to",
            _("to below"),
            help=_("Empty is without end."),
            names=("在岗月数到", "到（不含）", "Tenure to"),
        ),
        Field("month_from", _("From month"), names=("起始月份", "开始月份", "First month")),
        Field("month_to", _("To month"), names=("结束月份", "截止月份", "Last month")),
        Field("target", _("Target"), help=_("Empty with a ramp: the KPI's own."), names=("目标值", "目标")),
        Field(
            "ramp",
            _("Ramp"),
            help=_("Per cent of the target month by month, such as 60 80 90."),
            names=("爬坡", "爬坡比例", "Ramp %"),
        ),
    )

    def check(self, import_record: Import, table: Table) -> Checked:
        frame = self.select(table, import_record.mapping)
        known = load_known()
        rejects: list[RejectRow] = []
        lines: list[tuple[int, TargetLine]] = []
        seen: dict[tuple[Any, ...], int] = {}

        def reject(line: int, error: CellError) -> None:
            column = import_record.mapping.get(error.field, error.field)
            value = cell_text(frame.at[line, error.field]) if error.field in frame.columns else ""
            rejects.append(RejectRow(line, column, value[:200], error.code, error.params))

        for line, cells in zip(frame.index, frame[list(FIELDS)].to_dict("records"), strict=True):
            if not any(cell_text(value) for value in cells.values()):
                continue
            found, errors = read_line(
                {str(name): value for name, value in cells.items()}, known, row=int(line)
            )
            if found is None:
                for error in errors:
                    reject(int(line), error)
            elif found.key in seen:
                reject(int(line), CellError(int(line), "kpi", "target_twice", {"row": seen[found.key]}))
            else:
                seen[found.key] = int(line)
                lines.append((int(line), found))
        edition = TargetEdition.objects.order_by("-number").first()
        before = lines_of(edition) if edition else []
        lines = self._without_conflicts(before, lines, known, reject)
        _merged, counts = merged_lines(before, [each for _line, each in lines])
        return Checked(
            accepted=pd.DataFrame({"line": pd.Series([each for _line, each in lines], dtype=object)}),
            rejects=sorted(rejects, key=lambda row: row.line),
            summary={"rows": len(lines), **counts},
        )

    def _without_conflicts(
        self,
        before: list[TargetLine],
        lines: list[tuple[int, TargetLine]],
        known: Any,
        reject: Any,
    ) -> list[tuple[int, TargetLine]]:
        """Rows are taken as long as they agree with what stands in the table and with the rows above them."""
        while True:
            merged, _counts = merged_lines(before, [each for _line, each in lines])
            number_of = {each.key: line for line, each in lines}
            bad: dict[int, CellError] = {}
            for error in check_lines(merged, known):
                place = error.row if error.row < len(merged) else len(merged) - 1
                line = number_of.get(merged[place].key)
                other = error.params.get("row")
                if error.code == "target_overlap" and isinstance(other, int):
                    other_line = number_of.get(merged[other - 1].key)
                    if line is None:
                        line, error = (
                            other_line,
                            CellError(0, "kpi", "target_overlap_table", {"row": place + 1}),
                        )
                    elif other_line is None:
                        error = CellError(0, "kpi", "target_overlap_table", {"row": other})
                    else:
                        error = CellError(0, "kpi", "target_overlap", {"row": other_line})
                if line is not None:
                    bad.setdefault(line, error)
            if not bad:
                return lines
            for line, error in bad.items():
                reject(line, error)
            lines = [(line, each) for line, each in lines if line not in bad]

    def apply(self, import_record: Import, checked: Checked) -> dict[str, Any]:
        edition, counts = merge_targets(
            actor=import_record.created_by,
            lines=list(checked.accepted["line"]),
            reason=import_record.upload.name[:400],
        )
        unchanged = not counts["new"] and not counts["changed"]
        return {**counts, "edition": edition.number if edition else 0, "unchanged": unchanged}

    def result_url(self, import_record: Import) -> str:
        return reverse("metrics:targets")
