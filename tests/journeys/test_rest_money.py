"""A plan by REST or from a configuration file; run, approved, exported, paid, corrected by an appeal, clawed back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from foundation.runs import services as runs
from incentives.models import LedgerEntry, PayoutRun
from incentives.services.differences import pay_differences
from tests.cast import Cast, build_cast
from tests.incentives.test_differences import accept
from tests.incentives.world import released_cycle
from tests.journeys.money import (
    CODE,
    CONFIGURATION,
    CYCLE,
    STEPS,
    assert_explains_itself,
    assert_statements_recompute,
    expected_shares,
    scores_of,
)
from tests.journeys.test_rest_chain import InProcess

pytestmark = pytest.mark.django_db


class Office:
    """Calls in the name of a role, each with the answer that is expected."""

    def __init__(self, cast: Cast) -> None:
        self.caller = InProcess()
        for role in ("hr", "payroll", "agent"):
            self.caller.admit(role, getattr(cast, role).login)
        self.count = 0

    def ask(self, role: str, method: str, path: str, status: int, **more: Any) -> Any:
        self.count += 1
        key = f"money-{self.count}" if method == "POST" else ""
        answer = self.caller.call(role, method, path, key=key, **more)
        content = getattr(answer, "content", b"")
        assert answer.status_code == status, (path, content.decode(errors="replace")[:400])
        is_json = "json" in answer.headers.get("content-type", "")  # type: ignore[attr-defined]
        return answer.json() if is_json else content  # type: ignore[attr-defined]

    def read_back(self, kind: str, rows: list[dict[str, str]]) -> None:
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        made = self.ask(
            "payroll",
            "POST",
            "imports/",
            201,
            body={"kind": kind},
            file=("back.csv", stream.getvalue().encode()),
        )
        self.ask("payroll", "POST", f"imports/{made['id']}/check/", 200)
        self.ask("payroll", "POST", f"imports/{made['id']}/apply/", 200)
        runs.drain_outbox()
        assert self.ask("payroll", "GET", f"imports/{made['id']}/", 200)["state"] == "applied"


def by_rest(office: Office) -> None:
    head = {"code": CODE, "name_zh": "共享奖金池", "name_en": "Shared pot", "currency": "CNY"}
    body = {**head, "valid_from": "2025-01-01", "configuration": {"steps": STEPS}}
    office.ask("hr", "POST", "plans/", 201, body=body)


def from_a_file(office: Office) -> None:
    """Loaded; what is dumped then loads back alike."""
    office.ask("hr", "PUT", "configuration/", 200, body=CONFIGURATION, content_type="application/yaml")
    dumped = office.ask("hr", "GET", "configuration/?section=incentive_plans", 200)
    text = dumped.decode()
    office.ask("hr", "PUT", "configuration/", 200, body=text, content_type="application/yaml")
    assert office.ask("hr", "GET", "configuration/?section=incentive_plans", 200) == dumped


def csv_rows(content: bytes | str) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.lstrip("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("write", [by_rest, from_a_file], ids=["by REST", "from a configuration file"])
def test_a_plan_pays_is_corrected_and_clawed_back(write: Callable[[Office], None]) -> None:
    cast = build_cast()
    scores = scores_of(cast)
    cycle = released_cycle(cast, scores, code=CYCLE)
    cycle.released_by = cast.hr
    cycle.save()
    office = Office(cast)
    write(office)

    # Run, and approved by a second person.
    created = office.ask("hr", "POST", "payout-runs/", 201, body={"plan": CODE, "cycle": CYCLE})
    runs.drain_outbox()
    path = f"payout-runs/{created['id']}/"
    run = office.ask("hr", "GET", path, 200)
    office.ask("hr", "POST", path + "approve/", 403, body={"digest": run["digest"]})
    office.ask("payroll", "POST", path + "approve/", 200, body={"digest": run["digest"]})
    first = PayoutRun.objects.get(pk=created["id"])
    assert assert_statements_recompute(first) == len(scores)
    by_number = expected_shares({who.employee_number: score for who, score in scores.items()})
    lines = {
        line["employee_number"]: Decimal(line["amount"])
        for line in office.ask("payroll", "GET", path + "lines/?limit=100", 200)["results"]
    }
    assert sum(lines.values()) == Decimal("10800.00")
    assert lines["E0004"] == Decimal("3500.00"), "held to the cap"
    assert lines["E0008"] == 0, "the gate"
    assert all(abs(lines[number] - share) <= Decimal("0.01") for number, share in by_number.items())

    # Exported, and paid as payroll says.
    rows = csv_rows(office.ask("payroll", "POST", path + "export/", 200, body={"format": "csv"}))
    office.read_back("payments", [{**row, "paid_on": "2025-11-15"} for row in rows])

    # An appeal is accepted: the difference is a run of its own, and nobody else's pay moves.
    accept(cast, cycle, cast.peer, 104.0)
    [correction] = pay_differences(cycle=cycle)
    runs.drain_outbox()
    path = f"payout-runs/{correction.pk}/"
    digest = office.ask("payroll", "GET", path, 200)["digest"]
    office.ask("payroll", "POST", path + "approve/", 200, body={"digest": digest})
    correction.refresh_from_db()
    assert_statements_recompute(correction)
    entries = LedgerEntry.objects.filter(payout_run=correction).order_by("pk")
    assert [(entry.employee_id, entry.kind) for entry in entries] == [
        (cast.peer.pk, "reversal"),
        (cast.peer.pk, "adjustment"),
    ]
    (row,) = csv_rows(office.ask("payroll", "POST", path + "export/", 200, body={"format": "csv"}))
    assert (row["entry"], row["reversed_run"]) == ("correction", str(first.pk))
    assert Decimal(row["reversed_amount"]) + Decimal(row["new_amount"]) == Decimal(row["amount"]) > 0

    # Clawed back in part, by a second person again; payroll deducts less than it was asked to.
    asked = {
        "employee": cast.agent.pk,
        "payout_run": first.pk,
        "amount": "1500.00",
        "monthly_share": "0.1",
        "first_month": timezone.localdate().isoformat(),
        "reason": "Two contracts were cancelled",
    }
    made = office.ask("hr", "POST", "clawbacks/", 201, body=asked)
    office.ask("hr", "POST", f"clawbacks/{made['id']}/approve/", 403)
    office.ask("payroll", "POST", f"clawbacks/{made['id']}/approve/", 200)
    month = {"month": timezone.localdate().isoformat()}
    (due,) = csv_rows(office.ask("payroll", "POST", "clawback-deductions/", 201, body=month)["content"])
    today = timezone.localdate().isoformat()
    office.read_back("recoveries", [{**due, "recovered": "250.00", "recovered_on": today}])
    schedule = office.ask("payroll", "GET", f"clawbacks/{made['id']}/", 200)["schedule"]
    assert (schedule["recovered"], schedule["left"]) == ("250.00", "1250.00")
    account = office.ask("payroll", "GET", f"accounts/{cast.agent.pk}/", 200)
    assert (account["booked"], account["paid"], account["balance"]) == ("2000.00", "3500.00", "-1250.00")

    # What the employee reads explains itself.
    own = office.ask("agent", "GET", "statements/", 200)["results"]
    assert {line["amount"] for line in own} == {"3500.00"}
    for line in own:
        statement = office.ask("agent", "GET", f"statements/{line['id']}/", 200)
        assert_explains_itself(statement)
        assert statement["one_more_point"] is None, "not offered for pools"
        pdf = office.ask("agent", "GET", f"statements/{line['id']}/pdf/", 200)
        assert pdf.startswith(b"%PDF")
