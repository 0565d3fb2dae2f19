"""Payroll files: the same bytes each time, nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from decimal import Decimal as D
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from foundation.refusals import Refusal
from incentives.models import PayoutExport, PayoutRun
from incentives.services import payout_runs
from incentives.services.exports import COLUMNS, export_payout, row_checksum
from people.models import Compensation, User
from tests.cast import Cast
from tests.incentives.world import approved, computed, plan_of, released_cycle, republish, worked

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(cast: Cast) -> PayoutRun:
    cycle = released_cycle(cast, {cast.agent: 106.0, cast.peer: 85.0, cast.outsider: 60.0})
    return approved(cast, computed(cast, plan_of(cast), cycle))


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_csv(cast: Cast, paid: PayoutRun) -> None:
    made = export_payout(actor=cast.payroll, payout_run=paid)
    rows = rows_of(made.content)
    assert [(row["employee_number"], row["name"], row["amount"]) for row in rows] == [
        ("E0004", "王伟", "1344.00"),
        ("E0005", "Li Na", "600.00"),
        ("E0008", "郑凯", "0.00"),
    ]
    assert rows[0]["legal_entity"] == "Laurel Services"
    assert rows[0]["cost_centre"] == "CC-100"
    assert rows[0]["currency"] == "CNY"
    assert rows[0]["cycle"] == "2025-10"
    assert rows[0]["checksum"] == row_checksum(paid, "E0004", D("1344.00"))
    assert sum(D(row["amount"]) for row in rows) == paid.total


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_again_gives_the_same_bytes_and_is_marked(cast: Cast, paid: PayoutRun, file_format: str) -> None:
    first = export_payout(actor=cast.payroll, payout_run=paid, file_format=file_format)
    User.objects.filter(pk=cast.agent.pk).update(name="Renamed since")
    Compensation.objects.update(cost_centre="moved since")
    second = export_payout(actor=cast.hr, payout_run=paid, file_format=file_format)
    assert second.content == first.content
    assert [(each.number, each.is_repeat) for each in PayoutExport.objects.order_by("number")] == [
        (1, False),
        (2, True),
    ]


def test_columns_can_be_chosen(cast: Cast, paid: PayoutRun) -> None:
    made = export_payout(
        actor=cast.payroll, payout_run=paid, columns=["amount", "employee_number", "earned_from"]
    )
    assert made.content.decode("utf-8-sig").splitlines()[:2] == [
        "amount,employee_number,earned_from",
        "1344.00,E0004,2025-10-01",
    ]
    everything = export_payout(actor=cast.payroll, payout_run=paid, columns=list(COLUMNS))
    assert set(rows_of(everything.content)[0]) == set(COLUMNS)


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"], ids=["=", "+", "-", "@", "TAB", "CR"]
)
def test_cells_are_inert_and_negative_numbers_intact(cast: Cast, name: str) -> None:
    User.objects.filter(pk=cast.agent.pk).update(name=name)
    plan = plan_of(cast)
    cycle = released_cycle(cast, {cast.agent: 106.0})
    approved(cast, computed(cast, plan, cycle))
    republish(cycle, {cast.agent.pk: 85.0})
    correction = worked(payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="x"))
    approved(cast, correction)
    row = rows_of(export_payout(actor=cast.payroll, payout_run=correction).content)[0]
    assert row["name"] == f"'{name}"
    assert row["amount"] == "-744.00"
    book = export_payout(actor=cast.payroll, payout_run=correction, file_format="xlsx")
    sheet = load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    cells = {sheet.cell(1, column).value: sheet.cell(2, column) for column in range(1, sheet.max_column + 1)}
    assert cells["name"].data_type == "s"
    assert str(cells["name"].value).startswith("'")
    assert cells["amount"].value == -744
    assert cells["amount"].data_type == "n"


def test_a_correction_names_the_line_it_reverses_and_both_periods(cast: Cast, paid: PayoutRun) -> None:
    """1,344.00 was paid for October; 600.00 stands now: 744.00 comes back, in the month of the correction."""
    republish(paid.cycle, {cast.agent.pk: 85.0})
    correction = worked(
        payout_runs.correct_payout(
            actor=cast.hr, plan=paid.plan, cycle=paid.cycle, reason="Calls counted twice"
        )
    )
    approved(cast, correction)
    correction.refresh_from_db()
    (row,) = rows_of(export_payout(actor=cast.payroll, payout_run=correction).content)
    assert {
        name: row[name] for name in ("entry", "reversed_run", "reversed_amount", "new_amount", "amount")
    } == {
        "entry": "correction",
        "reversed_run": str(paid.pk),
        "reversed_amount": "-1344.00",
        "new_amount": "600.00",
        "amount": "-744.00",
    }
    assert (row["earned_from"], row["earned_until"]) == ("2025-10-01", "2025-10-31")
    assert row["booked_on"] == timezone.localdate(correction.approved_at).isoformat()
    assert row["checksum"] == row_checksum(correction, "E0004", D("-744.00"))
    # A second correction reverses what the first one booked.
    republish(paid.cycle, {cast.agent.pk: 106.0})
    again = worked(
        payout_runs.correct_payout(actor=cast.hr, plan=paid.plan, cycle=paid.cycle, reason="Counted again")
    )
    approved(cast, again)
    (row,) = rows_of(export_payout(actor=cast.payroll, payout_run=again).content)
    assert (row["reversed_run"], row["reversed_amount"], row["amount"]) == (
        str(correction.pk),
        "-600.00",
        "744.00",
    )


def test_whom_a_correction_pays_for_the_first_time_reverses_nothing(cast: Cast) -> None:
    plan, cycle = plan_of(cast), released_cycle(cast, {cast.agent: 106.0, cast.peer: 85.0})
    run = computed(cast, plan, cycle)
    payout_runs.decide_line(
        actor=cast.hr, payout_run=run, employee=cast.peer, decision="withhold", reason="Open case"
    )
    run.refresh_from_db()
    approved(cast, run)
    correction = worked(payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Closed"))
    approved(cast, correction)
    (row,) = rows_of(export_payout(actor=cast.payroll, payout_run=correction).content)
    assert (row["entry"], row["reversed_run"], row["reversed_amount"], row["new_amount"]) == (
        "earned",
        "",
        "0.00",
        "600.00",
    )


@pytest.mark.parametrize(
    ("who", "arguments", "code"),
    [
        pytest.param("manager", {}, "not_approver", id="a manager"),
        pytest.param("auditor", {}, "not_approver", id="an auditor"),
        pytest.param("agent", {}, "not_approver", id="an employee"),
        pytest.param("payroll", {"file_format": "pdf"}, "payout_format", id="unknown format"),
        pytest.param("payroll", {"columns": ["password"]}, "payout_columns", id="unknown column"),
        pytest.param("payroll", {"columns": ["name", "name"]}, "payout_columns_twice", id="a column twice"),
    ],
)
def test_refusals(cast: Cast, paid: PayoutRun, who: str, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        export_payout(actor=getattr(cast, who), payout_run=paid, **arguments)
    assert caught.value.code == code
    assert not PayoutExport.objects.exists()


def test_nothing_is_exported_before_approval(cast: Cast) -> None:
    payout_run = computed(cast, plan_of(cast), released_cycle(cast, {cast.agent: 106.0}))
    with pytest.raises(Refusal) as caught:
        export_payout(actor=cast.payroll, payout_run=payout_run)
    assert caught.value.code == "payout_not_approved"


def test_held_payments_are_not_in_the_file(cast: Cast) -> None:
    payout_run = computed(cast, plan_of(cast), released_cycle(cast, {cast.agent: 106.0, cast.peer: 85.0}))
    payout_runs.decide_line(
        actor=cast.hr, payout_run=payout_run, employee=cast.peer, decision="withhold", reason="Open case"
    )
    payout_run.refresh_from_db()
    approved(cast, payout_run)
    rows = rows_of(export_payout(actor=cast.payroll, payout_run=payout_run).content)
    assert [row["employee_number"] for row in rows] == ["E0004"]
