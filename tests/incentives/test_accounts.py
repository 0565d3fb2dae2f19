"""After approval: holds, parts of the payroll file, what came back as paid, clawbacks, and each person's balance."""

from __future__ import annotations

import csv
import datetime
import io
from decimal import Decimal as D
from typing import Any

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
from incentives.models import Clawback, LedgerEntry, Payment, PaymentItem, PayoutHold, PayoutRun
from incentives.selectors.accounts import account_of, payout_progress, visible_accounts
from incentives.services import payments, payout_runs
from incentives.services.exports import export_payout
from people.models import Compensation, User
from tests.cast import Cast
from tests.incentives.world import approved, computed, crowd, plan_of, released_cycle

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}


@pytest.fixture
def paid(cast: Cast) -> PayoutRun:
    """agent 1,344.00, peer 600.00, outsider 0.00: booked, in no file yet."""
    cycle = released_cycle(cast, {cast.agent: 106.0, cast.peer: 85.0, cast.outsider: 60.0})
    return approved(cast, computed(cast, plan_of(cast), cycle))


def exported(cast: Cast, run: PayoutRun, **more: Any) -> list[dict[str, str]]:
    made = export_payout(actor=cast.payroll, payout_run=run, **more)
    return list(csv.DictReader(io.StringIO(made.content.decode("utf-8-sig"))))


def file_of(rows: list[dict[str, str]], **change: str) -> ContentFile[bytes]:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*rows[0], "paid_on"])
    writer.writeheader()
    for number, row in enumerate(rows):
        writer.writerow({**row, "paid_on": "2025-11-15", **(change if number == 0 else {})})
    return ContentFile(stream.getvalue().encode(), name="paid.csv")


def checked(actor: User, content: ContentFile[bytes]) -> Import:
    upload = store_upload(actor=actor, file=content)
    return check_import(actor=actor, import_record=create_import(actor=actor, kind="payments", upload=upload))


def read_back(cast: Cast, run: PayoutRun, **change: str) -> Import:
    record = checked(cast.payroll, file_of(exported(cast, run), **change))
    record = apply_import(actor=cast.payroll, import_record=record)
    execute(record.run_id)
    record.refresh_from_db()
    return record


def codes(record: Import) -> list[str]:
    return list(record.rejects.values_list("code", flat=True))


# Holds ----------------------------------------------------------------------------------------------------------------


def test_whoever_is_on_hold_is_pending_and_comes_into_the_next_part(
    cast: Cast, paid: PayoutRun, client: Client
) -> None:
    payments.put_hold(actor=cast.hr, employee=cast.agent, reason="Open inquiry")
    first = exported(cast, paid)
    assert [row["employee_number"] for row in first] == ["E0005", "E0008"]
    assert payout_progress(paid) == {
        "total": D(1944),
        "filed": D(600),
        "paid": D(0),
        "pending": D(1944),
        "held": D(1344),
        "held_people": 1,
    }
    client.force_login(cast.hr)
    page = client.get(reverse("incentives:payout_run", args=[paid.pk]), headers=EN).content.decode()
    assert "Open inquiry" in page
    assert exported(cast, paid) == first  # nobody new: the same part again
    payments.release_hold(actor=cast.payroll, employee=cast.agent, reason="Nothing was found")
    second = exported(cast, paid)
    assert [(row["employee_number"], row["amount"]) for row in second] == [("E0004", "1344.00")]
    assert exported(cast, paid, batch=1) == first
    assert exported(cast, paid) == second
    assert payout_progress(paid)["filed"] == paid.total


def test_everybody_on_hold_is_said(cast: Cast, paid: PayoutRun) -> None:
    for person in (cast.agent, cast.peer, cast.outsider):
        payments.put_hold(actor=cast.hr, employee=person, reason="All")
    with pytest.raises(Refusal) as caught:
        exported(cast, paid)
    assert caught.value.code == "payout_nothing_to_export"
    assert not PaymentItem.objects.exists()


@pytest.mark.parametrize(
    ("who", "whom", "code"),
    [
        ("manager", "agent", "not_approver"),
        ("auditor", "agent", "not_approver"),
        ("agent", "agent", "not_approver"),
        ("hr", "hr", "hold_own"),
    ],
)
def test_who_may_not_put_a_hold(cast: Cast, who: str, whom: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        payments.put_hold(actor=getattr(cast, who), employee=getattr(cast, whom), reason="x")
    assert caught.value.code == code
    assert not PayoutHold.objects.exists()


def test_a_hold_is_put_once_and_a_released_one_is_final(cast: Cast) -> None:
    payments.put_hold(actor=cast.hr, employee=cast.agent, reason="First")
    with pytest.raises(Refusal, match="hold"):
        payments.put_hold(actor=cast.payroll, employee=cast.agent, reason="Second")
    with pytest.raises(Refusal) as caught:
        payments.release_hold(actor=cast.hr, employee=cast.agent, reason=" ")
    assert caught.value.code == "payout_reason"
    done = payments.release_hold(actor=cast.hr, employee=cast.agent, reason="Done")
    with pytest.raises(Refusal):
        payments.release_hold(actor=cast.hr, employee=cast.agent, reason="Again")
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutHold.objects.filter(pk=done.pk).update(reason="Rewritten")


# Headings -------------------------------------------------------------------------------------------------------------


def test_headings_can_be_names_in_either_language(cast: Cast, paid: PayoutRun) -> None:
    chinese = export_payout(actor=cast.hr, payout_run=paid, headings="zh").content.decode("utf-8-sig")
    assert chinese.splitlines()[0].startswith("工号,")
    english = exported(cast, paid, headings="en")
    assert english[0]["Earned from"] == "2025-10-01"
    with pytest.raises(Refusal) as caught:
        exported(cast, paid, headings="fr")
    assert caught.value.code == "payout_headings"
    with pytest.raises(Refusal) as caught:
        exported(cast, paid, batch=7)
    assert caught.value.code == "payout_no_batch"


# What came back -------------------------------------------------------------------------------------------------------


def test_what_was_paid_is_read_back_once(cast: Cast, paid: PayoutRun, client: Client) -> None:
    record = read_back(cast, paid)
    assert record.state == Import.State.APPLIED
    assert sum(payment.amount for payment in Payment.objects.all()) == paid.total
    read_back(cast, paid)
    assert Payment.objects.count() == 3
    account = account_of(cast.agent)
    assert (account.booked, account.paid, account.balance) == (D(1344), D(1344), D(0))
    client.force_login(cast.auditor)
    page = client.get(reverse("incentives:account", args=[cast.agent.pk]), headers=EN).content.decode()
    assert "Everything booked is paid." in page


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"checksum": "0" * 16}, "payment_checksum", id="a wrong checksum"),
        pytest.param({"amount": "9999.00"}, "payment_amount", id="another amount"),
        pytest.param({"payout_run": "424242"}, "payment_run", id="another run"),
        pytest.param({"payout_run": "=1"}, "payment_run", id="no number"),
        pytest.param({"employee_number": "E9999"}, "payment_unasked", id="somebody else"),
        pytest.param({"paid_on": "2199-01-01"}, "payment_day", id="a day to come"),
        pytest.param({"paid_on": ""}, "row_missing", id="no day"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(
    cast: Cast, paid: PayoutRun, change: dict[str, str], code: str
) -> None:
    record = checked(cast.payroll, file_of(exported(cast, paid), **change))
    assert codes(record) == [code]
    with pytest.raises(Refusal):
        apply_import(actor=cast.payroll, import_record=record)
    assert not Payment.objects.exists()


def test_a_row_twice_and_a_run_that_was_never_exported(cast: Cast, paid: PayoutRun) -> None:
    rows = exported(cast, paid)
    assert codes(checked(cast.hr, file_of([rows[0], *rows]))) == ["payment_twice"]
    with pytest.raises(DatabaseError), transaction.atomic():
        PaymentItem.objects.all().delete()


@pytest.mark.parametrize("who", ["manager", "agent", "auditor"])
def test_others_report_no_payments(cast: Cast, paid: PayoutRun, who: str) -> None:
    content = file_of(exported(cast, paid))
    with pytest.raises(Refusal):
        checked(getattr(cast, who), content)
    with pytest.raises(Refusal):
        payments.record_payments(actor=getattr(cast, who), rows=[])
    assert not Payment.objects.exists()


# Clawbacks ------------------------------------------------------------------------------------------------------------


def propose(cast: Cast, run: PayoutRun, amount: str = "500", share: str = "0.02", **more: Any) -> Clawback:
    return payments.propose_clawback(
        **{
            "actor": cast.hr,
            "employee": cast.agent,
            "payout_run": run,
            "amount": D(amount),
            "reason": "Sales were cancelled",
            "monthly_share": D(share),
            "first_month": timezone.localdate(),
            **more,
        }
    )


def test_published_half_is_clawed_back_by_instalments_within_the_share(cast: Cast, client: Client) -> None:
    # docs.core8.co, clawbacks and early exit: half of 10,000 comes back
    plan = plan_of(
        cast,
        {"steps": [{"kind": "fixed", "value": "10000"}, {"kind": "rounding"}]},
    )
    run = approved(cast, computed(cast, plan, released_cycle(cast, {cast.agent: 100.0})))
    read_back(cast, run)
    Compensation.objects.filter(user=cast.agent).update(salary=D("6000.00"))
    made = propose(cast, run, "5000", "0.2")
    parts = [(part.month.day, part.amount) for part in made.instalments.all()]
    assert parts == [(1, D(1200))] * 4 + [(1, D(200))]
    assert sum(part.amount for part in made.instalments.all()) == made.amount
    done = payments.approve_clawback(actor=cast.payroll, clawback=made)
    assert done.entry.amount == D(-5000)
    assert account_of(cast.agent).balance == D(-5000)
    client.force_login(cast.agent)
    page = client.get(reverse("incentives:statement"), headers=EN).content.decode()
    assert "Sales were cancelled" in page
    assert client.get("/api/v1/clawbacks/").status_code == 403
    # What is asked back is no entitlement that changed: a correction finds nothing to book.
    again = payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=run.cycle, reason="Check")
    execute(again.run_id)
    again.refresh_from_db()
    assert again.total == 0


def test_only_what_was_paid_can_be_asked_back(cast: Cast, paid: PayoutRun) -> None:
    with pytest.raises(Refusal) as caught:
        propose(cast, paid, "1")
    assert (caught.value.code, caught.value.params["most"]) == ("clawback_unpaid", "0.00")
    read_back(cast, paid)
    propose(cast, paid, "1000")
    with pytest.raises(Refusal) as caught:
        propose(cast, paid, "344.01")
    assert caught.value.params["most"] == "344.00"
    propose(cast, paid, "344")
    assert not LedgerEntry.objects.filter(kind="clawback").exists()


def test_the_database_refuses_more_than_was_paid(cast: Cast, paid: PayoutRun) -> None:
    read_back(cast, paid)
    row = {
        "employee": cast.peer,
        "kind": "clawback",
        "plan": paid.plan,
        "cycle": paid.cycle,
        "payout_run": paid,
        "currency": "CNY",
        "created_by": cast.payroll,
    }
    LedgerEntry.objects.create(amount=D(-600), **row)
    with pytest.raises(DatabaseError, match="more is clawed back"), transaction.atomic():
        LedgerEntry.objects.create(amount=D("-0.01"), **row)
    assert LedgerEntry.objects.filter(kind="clawback").count() == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"amount": "0"}, "clawback_amount", id="nothing"),
        pytest.param({"amount": "-5"}, "clawback_amount", id="a negative amount"),
        pytest.param({"amount": "1.005"}, "clawback_amount", id="half a cent"),
        pytest.param({"amount": "NaN"}, "clawback_amount", id="not a number"),
        pytest.param({"share": "0"}, "clawback_share", id="no share"),
        pytest.param({"share": "1.01"}, "clawback_share", id="more than the salary"),
        pytest.param({"share": "0.0001"}, "clawback_too_long", id="a share that takes for ever"),
        pytest.param({"first_month": datetime.date(2020, 1, 1)}, "clawback_month", id="long ago"),
        pytest.param({"reason": ""}, "payout_reason", id="no reason"),
    ],
)
def test_a_clawback_that_cannot_be(cast: Cast, paid: PayoutRun, change: dict[str, Any], code: str) -> None:
    read_back(cast, paid)
    with pytest.raises(Refusal) as caught:
        propose(cast, paid, **change)
    assert caught.value.code == code
    assert not Clawback.objects.exists()


def test_without_a_salary_there_is_no_monthly_share(cast: Cast, paid: PayoutRun) -> None:
    read_back(cast, paid)
    Compensation.objects.filter(user=cast.agent).delete()
    with pytest.raises(Refusal) as caught:
        propose(cast, paid)
    assert caught.value.code == "clawback_salary"


def test_a_second_person_approves_by_every_door(cast: Cast, paid: PayoutRun, client: Client) -> None:
    read_back(cast, paid)
    made = propose(cast, paid)
    with pytest.raises(Refusal) as caught:
        payments.approve_clawback(actor=cast.hr, clawback=made)
    assert caught.value.code == "clawback_same_person"
    client.force_login(cast.hr)
    client.post(reverse("incentives:clawback_approve", args=[made.pk]))
    assert client.post(f"/api/v1/clawbacks/{made.pk}/approve/").status_code == 403
    made.refresh_from_db()
    assert made.state == "proposed"
    entry = LedgerEntry.objects.filter(employee=cast.agent).first()
    with pytest.raises(DatabaseError), transaction.atomic():
        Clawback.objects.filter(pk=made.pk).update(state="approved", decided_by=cast.hr, entry=entry)
    client.force_login(cast.payroll)
    assert client.post(f"/api/v1/clawbacks/{made.pk}/approve/").json()["state"] == "approved"
    with pytest.raises(Refusal) as caught:
        payments.reject_clawback(actor=cast.hr, clawback=made, reason="Too late")
    assert caught.value.code == "clawback_decided"
    assert LedgerEntry.objects.filter(kind="clawback").count() == 1


def test_rejected_frees_what_it_asked_for(cast: Cast, paid: PayoutRun) -> None:
    read_back(cast, paid)
    payments.reject_clawback(actor=cast.payroll, clawback=propose(cast, paid, "1344"), reason="Too much")
    propose(cast, paid, "1344")


def test_a_clawback_is_proposed_and_approved_in_the_browser(
    cast: Cast, paid: PayoutRun, client: Client
) -> None:
    read_back(cast, paid)
    client.force_login(cast.hr)
    address = reverse("incentives:clawback_new", args=[cast.agent.pk, paid.pk])
    assert "1,344.00" in client.get(address, headers=EN).content.decode()
    wrong = client.post(
        address,
        {"amount": "5000", "monthly_percent": "20", "first_month": timezone.localdate(), "reason": "x"},
        headers=EN,
    )
    assert wrong.status_code == 422
    assert "at most 1344.00" in wrong.content.decode()
    body = {
        "amount": "100",
        "monthly_percent": "20",
        "first_month": timezone.localdate(),
        "reason": "Cancelled",
    }
    assert client.post(address, body).status_code == 302
    made = Clawback.objects.get()
    client.force_login(cast.payroll)
    page = client.get(reverse("incentives:accounts"), headers=EN).content.decode()
    assert "Clawbacks waiting for approval" in page
    client.post(reverse("incentives:clawback_approve", args=[made.pk]))
    made.refresh_from_db()
    assert made.state == "approved"


# Bulk decisions -------------------------------------------------------------------------------------------------------


@pytest.fixture
def leavers(cast: Cast) -> PayoutRun:
    left = crowd(cast, 3)
    for person in left:
        User.objects.filter(pk=person.pk).update(left_on=datetime.date(2025, 10, 20))
    return computed(cast, plan_of(cast), released_cycle(cast, {cast.agent: 100.0, **left}))


def test_leavers_are_decided_in_bulk(cast: Cast, leavers: PayoutRun, client: Client) -> None:
    ids = list(leavers.payout_lines.filter(status="undecided").values_list("employee_id", flat=True))
    assert len(ids) == 3
    client.force_login(cast.hr)
    assert (
        "Decide for all ticked"
        in client.get(reverse("incentives:payout_run", args=[leavers.pk]), headers=EN).content.decode()
    )
    client.post(
        reverse("incentives:payout_decide_lines", args=[leavers.pk]),
        {"employees": ids[:2], "decision": "withhold", "reason": "Left before the payment day"},
    )
    assert sorted(leavers.decisions.values_list("employee_id", flat=True)) == sorted(ids[:2])
    before = leavers.content_digest
    leavers.refresh_from_db()
    assert leavers.content_digest != before
    answer = client.post(
        f"/api/v1/payout-runs/{leavers.pk}/decide-lines/",
        {"employees": ids, "decision": "pay", "reason": "Agreed"},
        content_type="application/json",
    )
    assert answer.json()["open_decisions"] == 0


def test_bulk_decides_all_or_none(cast: Cast, leavers: PayoutRun) -> None:
    ids = list(leavers.payout_lines.filter(status="undecided").values_list("employee_id", flat=True))
    for employees, code in (
        ([*ids, cast.agent.pk], "lines_not_open"),
        ([*ids, 10**9], "lines_not_open"),
        ([], "lines_none"),
    ):
        with pytest.raises(Refusal) as caught:
            payout_runs.decide_lines(
                actor=cast.hr, payout_run=leavers, employees=employees, decision="pay", reason="x"
            )
        assert caught.value.code == code
    with pytest.raises(Refusal):
        payout_runs.decide_lines(
            actor=cast.payroll, payout_run=leavers, employees=ids, decision="pay", reason="x"
        )
    assert not leavers.decisions.exists()


# Who sees accounts ----------------------------------------------------------------------------------------------------


def test_accounts_are_for_hr_payroll_and_auditors(cast: Cast, paid: PayoutRun) -> None:
    for who in (cast.hr, cast.payroll, cast.auditor):
        found = {each.pk: (each.booked, each.balance) for each in visible_accounts(who)}
        assert found[cast.agent.pk] == (D(1344), D(1344))
    for who in (cast.manager, cast.agent):
        assert not visible_accounts(who).exists()


@pytest.mark.parametrize("size", [10, 60])
def test_queries_do_not_grow(
    cast: Cast, client: Client, size: int, django_assert_max_num_queries: Any
) -> None:
    approved(cast, computed(cast, plan_of(cast), released_cycle(cast, crowd(cast, size))))
    client.force_login(cast.hr)
    with django_assert_max_num_queries(16):
        client.get(reverse("incentives:accounts"))
    with django_assert_max_num_queries(16):
        client.get("/api/v1/accounts/")
