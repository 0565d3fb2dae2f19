"""A roster from a file: people, teams, transfers, leaders; every bad row says why; twice is once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.intake.models import Import
from foundation.refusals import Refusal
from people.models import Job, Leadership, Membership, Site, Team, User
from people.selectors.rosters import roster_between
from people.services.roster_storage import store_roster
from people.services.rosters import load_known, read_rows
from tests.cast import Cast
from tests.people.test_employees import places

pytestmark = pytest.mark.django_db


def row(number: str = "N1", name: str = "孔明", **more: Any) -> dict[str, Any]:
    return {
        "employee_number": number,
        "name": name,
        "team_code": "blue",
        "job_code": "agent",
        "hired_on": "2025-10-01",
        **more,
    }


def stored() -> dict[str, list[Any]]:
    """Everything that a roster can touch, to see that nothing has changed."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (User, Team, Job, Site, Membership, Leadership)
    }


def test_a_new_company_from_one_file(db: None, cast: Cast, import_file: Callable[..., Import]) -> None:
    rows = [
        row("N1", "高经理", team_code="east", team_name="华东区", job_code="head", job_name="Head", site_code="hz",
            site_name="杭州职场", leads_team_code="east", language="中文", login="Gao", email="gao@example.com"),
        row("N2", "Amy Fox", team_code="east-1", team_name="East one", parent_team_code="east", language="en",
            aliases="amy; A. Fox", hired_on="2025/10/6"),
    ]  # fmt: skip
    record = import_file(cast.hr, "roster", rows)
    assert record.rows_rejected == 0
    assert record.summary["people_created"] == 2
    gao, amy = User.objects.get(employee_number="N1"), User.objects.get(employee_number="N2")
    assert (gao.login, gao.email, gao.locale, gao.name_sort) == (
        "gao",
        "gao@example.com",
        "zh-hans",
        "gao jing li",
    )
    assert (amy.login, amy.locale, amy.aliases) == ("n2", "en", ["amy", "A. Fox"])
    assert not gao.has_usable_password()
    east, one = Team.objects.get(code="east"), Team.objects.get(code="east-1")
    assert (east.name_zh, east.site.code, one.name_en, one.parent) == ("华东区", "hz", "East one", east)
    assert one.path == f"{east.path}{one.pk}/"
    assert Job.objects.get(code="head").name_en == "Head"
    assert gao.is_manager
    assert places(amy) == [("east-1", "2025-10-06", None)]


def test_the_same_file_twice_changes_nothing(cast: Cast, import_file: Callable[..., Import]) -> None:
    rows = [
        row(
            "N1",
            "孔明",
            team_code="new",
            team_name="新组",
            parent_team_code="shanghai",
            leads_team_code="new",
        ),
        row("N1", "孔明", team_code="green", from_day="2025-10-20"),
        row("N2", "Zoë", left_on="2025-10-15", leads_team_code="chengdu"),
        row("E0004", "王伟", hired_on="2024-01-01"),
    ]
    assert import_file(cast.hr, "roster", rows).state == Import.State.APPLIED
    before = stored()
    assert import_file(cast.hr, "roster", rows).state == Import.State.UNCHANGED
    assert stored() == before


def test_a_transfer_in_the_period_is_a_second_row(cast: Cast, import_file: Callable[..., Import]) -> None:
    rows = [
        row("N1", team_code="blue", hired_on="2025-10-03"),
        row("N1", team_code="green", hired_on="2025-10-03", from_day="2025-10-21"),
    ]
    import_file(cast.hr, "roster", rows)
    user = User.objects.get(employee_number="N1")
    assert places(user) == [("blue", "2025-10-03", "2025-10-21"), ("green", "2025-10-21", None)]
    found = next(r for r in roster_between(cast.first_day, cast.last_day) if r.employee_id == user.pk)
    assert (found.team_id, found.days_in_role, found.days_in_period) == (cast.green.pk, 29, 31)


def test_rows_may_come_in_any_order(cast: Cast, import_file: Callable[..., Import]) -> None:
    rows = [row("N1", team_code="green", from_day="2025-10-21"), row("N1", team_code="blue")]
    import_file(cast.hr, "roster", rows)
    assert places(User.objects.get(employee_number="N1")) == [
        ("blue", "2025-10-01", "2025-10-21"),
        ("green", "2025-10-21", None),
    ]


def test_a_leaver_and_a_corrected_last_day(cast: Cast, import_file: Callable[..., Import]) -> None:
    agent = {"number": "E0004", "name": "王伟", "hired_on": "2024-01-01"}
    for last, until in (
        ("2025-10-20", "2025-10-21"),
        ("2025-10-25", "2025-10-26"),
        ("2025-10-10", "2025-10-11"),
    ):
        import_file(cast.hr, "roster", [row(**agent, left_on=last)])
        assert places(cast.agent) == [("blue", "2024-01-01", until)]
    import_file(cast.hr, "roster", [row(**agent, from_day="2026-01-05", team_code="green")])
    assert places(cast.agent)[-1] == ("green", "2026-01-05", None)
    assert User.objects.get(pk=cast.agent.pk).left_on is None


def test_a_leader_who_leaves_leads_no_more(cast: Cast, import_file: Callable[..., Import]) -> None:
    import_file(
        cast.hr,
        "roster",
        [row("E0003", "孙丽", hired_on="2024-01-01", job_code="team_leader", left_on="2025-10-31")],
    )
    assert cast.manager.leaderships.get().valid.upper.isoformat() == "2025-11-01"


def test_a_new_leader_ends_the_one_before(cast: Cast, import_file: Callable[..., Import]) -> None:
    import_file(cast.hr, "roster", [row("N1", from_day="2025-10-15", leads_team_code="blue")])
    line = [
        (each.user.name, each.valid.lower.isoformat(), each.valid.upper)
        for each in Leadership.objects.filter(team=cast.blue).order_by("valid")
    ]
    assert [each[:2] for each in line] == [("孙丽", "2024-01-01"), ("孔明", "2025-10-15")]
    assert line[0][2].isoformat() == "2025-10-15"


def test_a_team_moves_with_everything_below(cast: Cast, import_file: Callable[..., Import]) -> None:
    import_file(cast.hr, "roster", [row("N1", team_code="shanghai", parent_team_code="chengdu")])
    cast.blue.refresh_from_db()
    assert cast.blue.path == f"/{cast.company.pk}/{cast.chengdu.pk}/{cast.shanghai.pk}/{cast.blue.pk}/"


def test_empty_cells_change_nothing(cast: Cast, import_file: Callable[..., Import]) -> None:
    import_file(
        cast.hr, "roster", [row("E0005", "Li Na", hired_on="2024-01-01", email="", login="", language="")]
    )
    peer = User.objects.get(pk=cast.peer.pk)
    assert (peer.email, peer.login, peer.locale) == ("peer@example.com", "peer", "en")


#: id: (rows, line at fault, column, code)
BAD_ROWS: dict[str, tuple[list[dict[str, Any]], int, str, str]] = {
    "no number": ([row("")], 2, "employee_number", "row_missing"),
    "a number with a blank": ([row("N 1")], 2, "employee_number", "number_invalid"),
    "no name": ([row(name="")], 2, "name", "row_missing"),
    "no day of hiring": ([row(hired_on="")], 2, "hired_on", "row_missing"),
    "an unreadable day": ([row(hired_on="soon")], 2, "hired_on", "row_date"),
    "a day that does not exist": ([row(hired_on="2025-02-30")], 2, "hired_on", "row_date"),
    "a day of another century": ([row(hired_on="0205-10-01")], 2, "hired_on", "day_out_of_range"),
    "left before hired": ([row(left_on="2025-09-30")], 2, "left_on", "left_before_hired"),
    "from before hired": ([row(from_day="2025-09-30")], 2, "from_day", "placed_before_hired"),
    "from after leaving": (
        [row(left_on="2025-10-05", from_day="2025-10-06")], 2, "from_day", "row_placed_after_leaving",
    ),
    "an unknown team without a name": ([row(team_code="nowhere")], 2, "team_code", "row_team_new"),
    "a code with other letters": ([row(team_code="东")], 2, "team_code", "people_code"),
    "an unknown job without a name": ([row(job_code="pilot")], 2, "job_code", "row_job_new"),
    "an unknown site without a name": ([row(site_code="moon")], 2, "site_code", "row_site_new"),
    "a team above that does not exist": ([row(parent_team_code="nowhere")], 2, "parent_team_code", "team_unknown"),
    "a team to lead that does not exist": ([row(leads_team_code="nowhere")], 2, "leads_team_code", "team_unknown"),
    "a team above itself": ([row(parent_team_code="blue")], 2, "parent_team_code", "team_cycle"),
    "a team below its own subtree": (
        [row(team_code="shanghai", parent_team_code="blue")], 2, "parent_team_code", "team_cycle",
    ),
    "two things about one team": (
        [row(parent_team_code="shanghai"), row("N2", "Two", parent_team_code="chengdu")],
        3, "parent_team_code", "row_team_differs",
    ),
    "the same person on the same day": ([row(), row(team_code="green")], 3, "employee_number", "row_twice"),
    "one number, two names": ([row(), row(name="Other", from_day="2025-10-09")], 3, "name", "row_name_differs"),
    "a login of someone else": ([row(login="ＡＧＥＮＴ")], 2, "login", "login_taken"),
    "a login that is someone's number": ([row(login="e0004")], 2, "login", "login_taken"),
    "a number that is someone's login": ([row("Peer")], 2, "employee_number", "login_taken"),
    "one login for two new people": ([row(login="x"), row("N2", "Two", login="X")], 3, "login", "login_taken"),
    "no e-mail address": ([row(email="at home")], 2, "email", "email_invalid"),
    "an unknown language": ([row(language="Klingon")], 2, "language", "language_unknown"),
    "two leaders from one day": (
        [row(leads_team_code="chengdu"), row("N2", "Two", leads_team_code="chengdu")],
        3, "leads_team_code", "row_two_leaders",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_say_why_and_store_nothing(cast: Cast, check_file: Callable[..., Import], case: str) -> None:
    rows, line, column, code = BAD_ROWS[case]
    before = stored()
    record = check_file(cast.hr, "roster", rows)
    assert [(each.line, each.column, each.code) for each in record.rejects.all()] == [(line, column, code)]
    assert record.rows_accepted == len(rows) - 1
    assert stored() == before


def test_good_rows_beside_bad_ones_are_stored(cast: Cast, import_file: Callable[..., Import]) -> None:
    record = import_file(cast.hr, "roster", [row("N1"), row("N2", "Two", hired_on="?"), row("N3", "Three")])
    assert (record.rows_accepted, record.rows_rejected) == (2, 1)
    assert set(
        User.objects.filter(employee_number__startswith="N").values_list("employee_number", flat=True)
    ) == {
        "N1",
        "N3",
    }


def test_what_only_a_refused_row_names_is_not_made(cast: Cast, check_file: Callable[..., Import]) -> None:
    rows = [
        row("N1", team_code="new", team_name="New", hired_on="2025-13-01"),
        row("N2", "Two", team_code="new"),
        row("N3", "Three", team_code="newer", team_name="Newer", parent_team_code="new"),
        row("N4", "Four", team_code="newer"),
    ]
    record = check_file(cast.hr, "roster", rows)
    assert [(each.line, each.code) for each in record.rejects.order_by("line")] == [
        (2, "row_date"),
        (3, "row_team_new"),
        (4, "team_unknown"),
        (5, "row_team_new"),
    ]


def test_two_new_teams_above_each_other_are_refused(cast: Cast, check_file: Callable[..., Import]) -> None:
    rows = [
        row("N1", team_code="a", team_name="A", parent_team_code="b"),
        row("N2", "Two", team_code="b", team_name="B", parent_team_code="a"),
    ]
    record = check_file(cast.hr, "roster", rows)
    assert {each.code for each in record.rejects.all()} <= {"team_cycle", "team_unknown", "row_team_new"}
    assert record.rows_accepted == 0


def test_an_auditor_cannot_be_made_a_leader_by_file(cast: Cast, check_file: Callable[..., Import]) -> None:
    cast.auditor.employee_number = "A1"
    cast.auditor.save()
    record = check_file(cast.hr, "roster", [row("A1", "Audrey Torres", leads_team_code="chengdu")])
    assert [each.code for each in record.rejects.all()] == ["auditor_writes"]


def test_others_have_changed_the_tree_meanwhile(cast: Cast) -> None:
    rows = [(2, row(team_code="chengdu"))]
    lines, bad = read_rows(rows, load_known())
    assert bad == []
    Team.objects.filter(code="chengdu").update(is_active=False)
    with pytest.raises(Refusal) as refused:
        store_roster(actor=cast.hr, lines=lines)
    assert refused.value.code == "roster_changed"
    assert not User.objects.filter(employee_number="N1").exists()


@pytest.mark.parametrize("who", ["payroll", "auditor", "manager", "agent"])
def test_only_hr_imports_a_roster(cast: Cast, check_file: Callable[..., Import], who: str) -> None:
    before = stored()
    with pytest.raises(Refusal) as refused:
        check_file(getattr(cast, who), "roster", [row()])
    assert refused.value.status == 403
    lines, _ = read_rows([(2, row())], load_known())
    with pytest.raises(Refusal):
        store_roster(actor=getattr(cast, who), lines=lines)
    assert stored() == before


def test_statements_do_not_grow_with_rows(cast: Cast) -> None:
    def statements(first: int, count: int) -> int:
        rows = [(n, row(f"M{n}", f"Name {n}")) for n in range(first, first + count)]
        with CaptureQueriesContext(connection) as queries:
            lines, bad = read_rows(rows, load_known())
            store_roster(actor=cast.hr, lines=lines)
        assert bad == []
        return len(queries)

    assert cast.hr.is_hr
    assert statements(0, 10) == statements(1000, 200)


# Salaries ------------------------------------------------------------------------------------------------------------


def pay(number: str = "E0004", **more: Any) -> dict[str, Any]:
    return {"employee_number": number, "from_day": "2025-10-01", "salary": "7,200.50", **more}


def test_salaries_from_a_file_twice(cast: Cast, import_file: Callable[..., Import]) -> None:
    rows = [pay(), pay(from_day="2026-01-01", salary="7500"), pay("E0006", salary="6100", currency="usd")]
    assert import_file(cast.hr, "compensation", rows).summary["salaries_changed"] > 0
    line = [
        (each.valid.lower.isoformat(), str(each.salary))
        for each in cast.agent.compensations.order_by("valid")
    ]
    assert line == [("2024-01-01", "6000.00"), ("2025-10-01", "7200.50"), ("2026-01-01", "7500.00")]
    last = cast.leaver.compensations.order_by("-valid").first()
    assert (last.currency, last.valid.upper.isoformat()) == ("USD", "2025-10-16")
    assert import_file(cast.hr, "compensation", rows).state == Import.State.UNCHANGED


BAD_PAY: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown employee": (pay("X1"), "employee_number", "employee_unknown"),
    "no day": (pay(from_day=""), "from_day", "row_missing"),
    "text": (pay(salary="much"), "salary", "row_number"),
    "not a number": (pay(salary="NaN"), "salary", "row_number"),
    "infinite": (pay(salary="1e400"), "salary", "row_number"),
    "a comma that divides nothing": (pay(salary="1,5"), "salary", "row_number"),
    "negative": (pay(salary="-1"), "salary", "salary_invalid"),
    "three decimals": (pay(salary="1.005"), "salary", "salary_invalid"),
    "too much": (pay(salary="1000000000000"), "salary", "salary_invalid"),
    "no currency": (pay(currency="RMB元"), "currency", "currency_invalid"),
}


@pytest.mark.parametrize("case", BAD_PAY)
def test_bad_salaries_say_why(cast: Cast, check_file: Callable[..., Import], case: str) -> None:
    bad, column, code = BAD_PAY[case]
    record = check_file(cast.hr, "compensation", [pay("E0005"), bad])
    assert [(each.line, each.column, each.code) for each in record.rejects.all()] == [(3, column, code)]
    assert record.rows_accepted == 1


def test_a_grade_comes_from_the_file_and_an_empty_cell_keeps_it(
    cast: Cast, import_file: Callable[..., Import]
) -> None:
    rows = [row(grade="P3"), row(from_day="2025-11-01", team_code="green")]
    assert import_file(cast.hr, "roster", rows).rows_rejected == 0
    lines = Membership.objects.filter(user__employee_number="N1").order_by("valid")
    assert [(each.team.code, each.grade) for each in lines] == [("blue", "P3"), ("green", "P3")]
    before = stored()
    import_file(cast.hr, "roster", [row(), row(from_day="2025-11-01", team_code="green")])
    assert stored() == before
