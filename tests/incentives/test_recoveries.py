"""Clawbacks month by month: asked of payroll once, answered once, and the schedule and balance follow."""

from __future__ import annotations

import csv
import datetime
import io
from decimal import Decimal as D
from typing import Any

import psycopg2
import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.intake.models import Import
from foundation.intake.services import apply_import, check_import, create_import, store_upload
from foundation.refusals import Refusal
from foundation.runs.services import execute
from incentives.models import Clawback, DeductionItem, PayoutRun, Recovery
from incentives.selectors.accounts import account_of, visible_accounts
from incentives.selectors.recoveries import next_month, schedules_of
from incentives.services import payments
from incentives.services.payments import PaidRow, record_payments
from incentives.services.recoveries import export_deductions
from people.models import Compensation
from tests.cast import Cast
from tests.incentives.world import approved, computed, plan_of, released_cycle

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
FIRST = timezone.localdate().replace(day=1)
SECOND = next_month(FIRST)


@pytest.fixture
def paid(cast: Cast) -> PayoutRun:
    """5,000.00 to the agent, paid; 20 % of a salary of 6,000.00 is 1,200.00 a month."""
    plan = plan_of(cast, {"steps": [{"kind": "fixed", "value": "5000"}, {"kind": "rounding"}]})
    run = approved(cast, computed(cast, plan, released_cycle(cast, {cast.agent: 100.0})))
    Compensation.objects.filter(user=cast.agent).update(salary=D("6000.00"))
    row = PaidRow(run.pk, cast.agent.pk, D(5000), datetime.date(2025, 11, 15))
    record_payments(actor=cast.payroll, rows=[row])
    return run


def asked_back(cast: Cast, run: PayoutRun, amount: str = "2500", share: str = "0.2") -> Clawback:
    made = payments.propose_clawback(
        actor=cast.hr,
        employee=cast.agent,
        payout_run=run,
        amount=D(amount),
        reason="Sales were cancelled",
        monthly_share=D(share),
        first_month=FIRST,
    )
    return payments.approve_clawback(actor=cast.payroll, clawback=made)


def rows_of(cast: Cast, month: datetime.date = FIRST, **more: Any) -> list[dict[str, str]]:
    made = export_deductions(actor=cast.payroll, month=month, **more)
    return list(csv.DictReader(io.StringIO(made.content.decode("utf-8-sig"))))


def came_back(cast: Cast, rows: list[dict[str, str]], who: str = "payroll", **change: str) -> Import:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    today = timezone.localdate().isoformat()
    for row in rows:
        writer.writerow({**row, "recovered": row["amount"], "recovered_on": today, **change})
    actor = getattr(cast, who)
    upload = store_upload(actor=actor, file=ContentFile(stream.getvalue().encode(), name="deducted.csv"))
    return check_import(
        actor=actor, import_record=create_import(actor=actor, kind="recoveries", upload=upload)
    )


def stored(cast: Cast, rows: list[dict[str, str]], **change: str) -> Import:
    record = apply_import(actor=cast.payroll, import_record=came_back(cast, rows, **change))
    execute(record.run_id)
    record.refresh_from_db()
    assert record.state in (Import.State.APPLIED, Import.State.UNCHANGED)
    return record


def coming(clawback: Clawback) -> list[tuple[int, D]]:
    """[(months from now, amount)] of what is still to be deducted and asked in no file."""
    parts = schedules_of([clawback])[clawback.pk].parts
    return [
        ((part.month.year - FIRST.year) * 12 + part.month.month - FIRST.month, part.asked)
        for part in parts
        if not part.is_filed
    ]


def test_the_file_asks_and_the_answer_moves_schedule_and_balance(cast: Cast, paid: PayoutRun) -> None:
    clawback = asked_back(cast, paid)
    assert coming(clawback) == [(0, D(1200)), (1, D(1200)), (2, D(100))]
    assert account_of(cast.agent).balance == D(-2500)
    rows = rows_of(cast)
    assert [(row["employee_number"], row["amount"], row["clawback"]) for row in rows] == [
        ("E0004", "1200.00", str(clawback.pk))
    ]
    assert coming(clawback) == [(1, D(1200)), (2, D(100))]
    stored(cast, rows)
    schedule = schedules_of([clawback])[clawback.pk]
    assert (schedule.recovered, schedule.left, schedule.on_its_way) == (D(1200), D(1300), D(0))
    account = account_of(cast.agent)
    assert (account.booked, account.paid, account.recovered, account.balance) == (
        D(2500),
        D(5000),
        D(1200),
        D(-1300),
    )
    assert visible_accounts(cast.hr).get(pk=cast.agent.pk).balance == D(-1300)


def test_what_was_not_deducted_moves_the_end_and_no_month_takes_more(cast: Cast, paid: PayoutRun) -> None:
    clawback = asked_back(cast, paid)
    stored(cast, rows_of(cast), recovered="200.00")
    assert coming(clawback) == [(1, D(1200)), (2, D(1100))]
    stored(cast, rows_of(cast, SECOND), recovered="0")
    assert coming(clawback) == [(2, D(1200)), (3, D(1100))]
    assert account_of(cast.agent).balance == D(-2300)


def test_what_payroll_has_not_answered_is_not_asked_for_again(cast: Cast, paid: PayoutRun) -> None:
    clawback = asked_back(cast, paid, "1500")
    rows_of(cast)
    assert [row["amount"] for row in rows_of(cast, SECOND)] == ["300.00"]
    schedule = schedules_of([clawback])[clawback.pk]
    assert (schedule.on_its_way, schedule.unplanned, schedule.left) == (D(1500), D(0), D(1500))


def test_exporting_the_deductions_twice_gives_the_same_bytes(cast: Cast, paid: PayoutRun) -> None:
    asked_back(cast, paid)
    first = export_deductions(actor=cast.payroll, month=FIRST)
    again = export_deductions(actor=cast.hr, month=FIRST.replace(day=28))
    assert again.content == first.content
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert DeductionItem.objects.count() == 1
    stored(cast, rows_of(cast))
    assert export_deductions(actor=cast.payroll, month=FIRST, batch=1).content == first.content


def test_two_clawbacks_share_the_month(cast: Cast, paid: PayoutRun) -> None:
    older, newer = asked_back(cast, paid, "1500", "0.1"), asked_back(cast, paid, "2000", "0.2")
    assert [(row["clawback"], row["amount"]) for row in rows_of(cast)] == [
        (str(older.pk), "600.00"),
        (str(newer.pk), "600.00"),
    ]
    both = schedules_of([older, newer])
    months: dict[datetime.date, D] = {}
    for schedule in both.values():
        for part in schedule.parts:
            months[part.month] = months.get(part.month, D(0)) + part.asked
    assert max(months.values()) <= D(1200)
    assert sum(months.values()) == D(3500)


def test_one_approved_later_comes_into_the_next_part(cast: Cast, paid: PayoutRun) -> None:
    asked_back(cast, paid, "500")
    first = rows_of(cast)
    newer = asked_back(cast, paid, "2000")
    assert [(row["clawback"], row["amount"]) for row in rows_of(cast)] == [(str(newer.pk), "700.00")]
    assert rows_of(cast, batch=1) == first
    with pytest.raises(Refusal) as caught:
        rows_of(cast, batch=3)
    assert caught.value.code == "payout_no_batch"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"checksum": "0" * 16}, "recovery_checksum", id="a wrong checksum"),
        pytest.param({"recovered": "1200.01"}, "recovery_amount", id="more than was asked"),
        pytest.param({"recovered": "-1"}, "recovery_amount", id="less than nothing"),
        pytest.param({"recovered": "0.005"}, "recovery_amount", id="half a cent"),
        pytest.param({"recovered": "some"}, "row_number", id="no number"),
        pytest.param({"recovered": ""}, "row_missing", id="nothing filled in"),
        pytest.param({"clawback": "424242"}, "recovery_unasked", id="another clawback"),
        pytest.param({"clawback": "=1"}, "recovery_unasked", id="no clawback"),
        pytest.param({"month": "2019-01"}, "recovery_unasked", id="another month"),
        pytest.param({"employee_number": "E0005"}, "recovery_person", id="somebody else"),
        pytest.param({"recovered_on": "2199-01-01"}, "payment_day", id="a day to come"),
        pytest.param({"recovered_on": "soon"}, "row_date", id="no day"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(
    cast: Cast, paid: PayoutRun, change: dict[str, str], code: str
) -> None:
    asked_back(cast, paid)
    record = came_back(cast, rows_of(cast), **change)
    assert list(record.rejects.values_list("code", flat=True)) == [code]
    with pytest.raises(Refusal):
        apply_import(actor=cast.payroll, import_record=record)
    assert not Recovery.objects.exists()


def test_the_same_answer_twice_changes_nothing_and_another_one_is_refused(
    cast: Cast, paid: PayoutRun
) -> None:
    asked_back(cast, paid)
    rows = rows_of(cast)
    stored(cast, rows)
    stored(cast, rows)
    assert Recovery.objects.count() == 1
    other = came_back(cast, rows, recovered="1.00")
    assert list(other.rejects.values_list("code", flat=True)) == ["recovery_known"]
    twice = came_back(cast, [*rows, *rows])
    assert list(twice.rejects.values_list("code", flat=True)) == ["payment_twice"]


@pytest.mark.parametrize("who", ["manager", "agent", "auditor"])
def test_others_neither_ask_nor_answer(cast: Cast, paid: PayoutRun, who: str) -> None:
    asked_back(cast, paid)
    with pytest.raises(Refusal) as caught:
        export_deductions(actor=getattr(cast, who), month=FIRST)
    assert caught.value.code == "not_approver"
    assert not DeductionItem.objects.exists()
    rows = rows_of(cast)
    with pytest.raises(Refusal):
        came_back(cast, rows, who=who)
    assert not Recovery.objects.exists()


def test_when_there_is_nothing_to_ask(cast: Cast, paid: PayoutRun) -> None:
    with pytest.raises(Refusal) as caught:
        export_deductions(actor=cast.payroll, month=FIRST)
    assert caught.value.code == "recovery_nothing"
    asked_back(cast, paid)
    for month in (datetime.date(2020, 1, 1), next_month(SECOND)):
        with pytest.raises(Refusal) as caught:
            export_deductions(actor=cast.payroll, month=month)
        assert caught.value.code == "recovery_month"
    assert not DeductionItem.objects.exists()


def test_the_database_refuses_more_than_is_owed_and_every_change(cast: Cast, paid: PayoutRun) -> None:
    clawback = asked_back(cast, paid, "1500")
    item = {"clawback": clawback, "batch": 1, "created_by": cast.payroll}
    DeductionItem.objects.create(month=FIRST, amount=D(1200), **item)
    with pytest.raises(DatabaseError, match="more is deducted"), transaction.atomic():
        DeductionItem.objects.create(month=SECOND, amount=D("300.01"), **item)
    first = DeductionItem.objects.get()
    row = {"item": first, "recovered_on": FIRST, "created_by": cast.payroll}
    with pytest.raises(DatabaseError, match="more is recovered"), transaction.atomic():
        Recovery.objects.create(amount=D("1200.01"), **row)
    Recovery.objects.create(amount=D(1000), **row)
    DeductionItem.objects.create(month=SECOND, amount=D(500), **item)
    for rows in (DeductionItem.objects.all(), Recovery.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(amount=D(1))
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()


def test_pages_and_statement_say_what_is_left(cast: Cast, paid: PayoutRun, client: Client) -> None:
    clawback = asked_back(cast, paid)
    stored(cast, rows_of(cast), recovered="1000.00")
    client.force_login(cast.payroll)
    page = client.get(reverse("incentives:account", args=[cast.agent.pk]), headers=EN).content.decode()
    assert "Still to be deducted" in page
    assert "¥1,500.00" in page
    listed = client.get(reverse("incentives:accounts"), headers=EN).content.decode()
    assert "Deductions for payroll" in listed
    assert "answered" in listed
    repeat = client.post(reverse("incentives:deductions_export"), {"month": f"{FIRST:%Y-%m}"})
    assert repeat["X-Export-Repeat"] == "true"
    assert "E0004" in repeat.content.decode()
    client.force_login(cast.agent)
    own = client.get(reverse("incentives:statement"), headers=EN).content.decode()
    assert "Still to be deducted" in own
    assert "1,500.00" in own
    assert client.get(reverse("incentives:statement_pdf_of_cycle", args=["2025-10"])).status_code == 200
    assert clawback.amount == D(2500)


def test_by_rest(cast: Cast, paid: PayoutRun, client: Client) -> None:
    clawback = asked_back(cast, paid)
    client.force_login(cast.payroll)
    made = client.post(
        "/api/v1/clawback-deductions/", {"month": FIRST.isoformat()}, content_type="application/json"
    )
    assert made.status_code == 201
    rows = list(csv.DictReader(io.StringIO(made.json()["content"].lstrip("\ufeff"))))
    stored(cast, rows)
    found = client.get(f"/api/v1/clawbacks/{clawback.pk}/").json()
    assert (found["schedule"]["recovered"], found["schedule"]["left"]) == ("1200.00", "1300.00")
    assert [part["recovered"] for part in found["schedule"]["parts"]] == ["1200.00", None, None]
    listed = client.get("/api/v1/clawback-deductions/", {"month": FIRST.isoformat()}).json()
    assert listed["results"][0]["recovered"] == "1200.00"
    account = client.get(f"/api/v1/accounts/{cast.agent.pk}/").json()
    assert (account["recovered"], account["balance"]) == ("1200.00", "-1300.00")


def test_the_application_only_adds_to_deductions(application_role: Any) -> None:
    for table in ("incentives_deductionitem", "incentives_recovery"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET amount = 0"):
            with application_role.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
