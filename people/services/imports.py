"""The two kinds of files about people that the intake reads."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import Checked, Field, ImportKind, RejectRow
from people.services.compensation_rows import PayLine, read_pay_rows, store_pay_rows
from people.services.roster_storage import store_roster
from people.services.rosters import Bad, RosterLine, load_known, plan_of, read_rows

if TYPE_CHECKING:
    from foundation.intake.models import Import
    from foundation.intake.reading import Table


def _rejects(bad: list[Bad], mapping: dict[str, str]) -> list[RejectRow]:
    """The column is called as in the file; a field that the file does not have is called by its code."""
    return [
        RejectRow(each.line, mapping.get(each.column, each.column), each.value[:200], each.code, each.params)
        for each in bad
    ]


def _rows(frame: pd.DataFrame) -> list[tuple[int, dict[str, Any]]]:
    columns = list(frame.columns)
    return [
        (int(line), dict(zip(columns, values, strict=True)))
        for line, values in zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
    ]


class RosterKind(ImportKind):
    kind = "roster"
    label = _("Roster")
    description = _("Who is employed, in which team and job, from which day. A transfer is a second row.")
    icon = "users"
    summary_template = "people/_roster_summary.html"
    roles = ("hr",)
    scope = "people:write"
    fields = (
        Field(
            "employee_number",
            _("Employee number"),
            required=True,
            names=("工号", "员工编号", "Employee ID", "No."),
        ),
        Field("name", _("Name"), required=True, names=("姓名", "员工姓名", "Full name", "Employee name")),
        Field("team_code", _("Team code"), required=True, names=("班组编码", "班组代码", "部门编码", "Team")),
        Field("job_code", _("Job code"), required=True, names=("岗位编码", "岗位代码", "Job")),
        Field("hired_on", _("Hired on"), required=True, names=("入职日期", "Hire date", "Start date")),
        Field(
            "left_on",
            _("Last day"),
            help=_("Empty while employed."),
            names=("离职日期", "最后工作日", "Leave date", "End date"),
        ),
        Field(
            "from_day",
            _("Valid from"),
            help=_("The day from which this row holds; empty means the day of hiring."),
            names=("生效日期", "Effective date"),
        ),
        Field(
            "login",
            _("Login"),
            help=_("Empty means the employee number."),
            names=("登录名", "账号", "Username"),
        ),
        Field("email", _("E-mail"), names=("邮箱", "电子邮箱", "Email address")),
        Field("language", _("Language"), help=_("zh or en"), names=("语言", "Locale")),
        Field(
            "aliases",
            _("Other names"),
            help=_("Names in source systems, divided by semicolons."),
            names=("别名", "坐席名", "Aliases"),
        ),
        Field(
            "leads_team_code",
            _("Leads team"),
            help=_("Code of the team that this person leads."),
            names=("负责班组", "所带班组"),
        ),
        Field(
            "team_name",
            _("Team name"),
            help=_("Needed for a team that does not exist yet."),
            names=("班组", "班组名称", "部门"),
        ),
        Field(
            "parent_team_code",
            _("Code of the team above"),
            names=("上级班组编码", "上级部门编码", "Parent team"),
        ),
        Field(
            "job_name",
            _("Job name"),
            help=_("Needed for a job that does not exist yet."),
            names=("岗位", "岗位名称", "Job title"),
        ),
        Field(
            "grade",
            _("Grade"),
            help=_("As the company writes it, such as P3; empty changes nothing."),
            names=("职级", "级别", "Level"),
        ),
        Field("site_code", _("Site code"), names=("职场编码", "职场代码", "Site")),
        Field(
            "site_name",
            _("Site name"),
            help=_("Needed for a site that does not exist yet."),
            names=("职场", "职场名称"),
        ),
    )

    def check(self, import_record: Import, table: Table) -> Checked:
        frame = self.select(table, import_record.mapping)
        known = load_known()
        lines, bad = read_rows(_rows(frame), known)
        plan = plan_of(lines, known)
        numbers = {line.number.casefold() for line in lines}
        summary = {
            "people": len(numbers),
            "people_new": len(numbers - set(known.people)),
            "teams_new": sorted(set(plan.team_names) - set(known.teams)),
            "jobs_new": sorted(set(plan.job_names) - set(known.jobs)),
            "sites_new": sorted(set(plan.site_names) - set(known.sites)),
        }
        names = [each.name for each in dataclasses.fields(RosterLine)]
        accepted = pd.DataFrame(
            [[getattr(line, name) for name in names] for line in lines], columns=names, dtype=object
        )
        return Checked(accepted, _rejects(bad, import_record.mapping), summary)

    def apply(self, import_record: Import, checked: Checked) -> dict:
        names = [each.name for each in dataclasses.fields(RosterLine)]
        lines = [RosterLine(*row) for row in checked.accepted[names].itertuples(index=False, name=None)]
        done = store_roster(actor=import_record.created_by, lines=lines)
        touched = done["teams_created"] + done["teams_changed"]
        return {**checked.summary, **done, "teams_touched": touched, "unchanged": not any(done.values())}

    def result_url(self, import_record: Import) -> str:
        return _address("people:employees")


class CompensationKind(ImportKind):
    kind = "compensation"
    label = _("Salaries")
    description = _("Monthly base salaries by date. HR, payroll, auditors and the person see them.")
    icon = "cash"
    summary_template = "people/_compensation_summary.html"
    roles = ("hr",)
    scope = "people:write"
    fields = (
        Field(
            "employee_number", _("Employee number"), required=True, names=("工号", "员工编号", "Employee ID")
        ),
        Field("from_day", _("Valid from"), required=True, names=("生效日期", "Effective date", "From")),
        Field("salary", _("Monthly base salary"), required=True, names=("月薪", "基本工资", "Base salary")),
        Field("currency", _("Currency"), help=_("Three letters; empty means CNY."), names=("币种",)),
        Field("legal_entity", _("Legal entity"), names=("法人主体", "公司", "Company")),
        Field("cost_centre", _("Cost centre"), names=("成本中心", "Cost center")),
    )

    def check(self, import_record: Import, table: Table) -> Checked:
        lines, bad = read_pay_rows(_rows(self.select(table, import_record.mapping)))
        names = [each.name for each in dataclasses.fields(PayLine)]
        accepted = pd.DataFrame(
            [[getattr(line, name) for name in names] for line in lines], columns=names, dtype=object
        )
        return Checked(
            accepted,
            _rejects(bad, import_record.mapping),
            {"people": len({line.user_id for line in lines})},
        )

    def apply(self, import_record: Import, checked: Checked) -> dict:
        lines = [PayLine(*row) for row in checked.accepted.itertuples(index=False, name=None)]
        changed = store_pay_rows(actor=import_record.created_by, lines=lines)
        return {**checked.summary, "salaries_changed": changed, "unchanged": changed == 0}

    def result_url(self, import_record: Import) -> str:
        return _address("people:employees")


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
