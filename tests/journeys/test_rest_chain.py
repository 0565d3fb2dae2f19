"""A generated twin of a public call log goes from upload to an exported payout by REST alone."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from foundation.clients.services.tokens import allowed_scopes, create_token
from foundation.runs import services as runs
from people.models import User
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.journeys.chain import Answer, Chain
from tests.metrics.calls import MAPPING, Call, calls_csv, make_calls

AGENTS = ["Becky", "Dan", "Diane", "Greg", "Jim", "Joe", "Martha", "Stewart"]


class InProcess:
    """Requests of programs, each with the token of its role."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def admit(self, role: str, login: str) -> None:
        user = User.objects.get(login=login)
        _token, self.secrets[role] = create_token(actor=user, name=role, scopes=allowed_scopes(user))

    def call(
        self,
        role: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        file: tuple[str, bytes] | None = None,
        content_type: str = "application/json",
        key: str = "",
    ) -> Answer:
        headers = {"authorization": f"Bearer {self.secrets[role]}", "accept-language": "en"}
        if key:
            headers["idempotency-key"] = key
        data: Any = body
        client = Client(headers=headers)
        if file is not None:
            data = {**(body or {}), "file": SimpleUploadedFile(*file)}
            return client.post(f"/api/v1/{path}", data, content_type=MULTIPART_CONTENT)  # type: ignore[return-value]
        if content_type == "application/json":
            data = json.dumps(body) if body is not None else ""
        return client.generic(method, f"/api/v1/{path}", data, content_type=content_type)  # type: ignore[return-value]


def expected_values(calls: list[Call], agent: str) -> dict[str, float]:
    """The KPIs by their definitions, straight from the rows: a missing value is missing."""
    own = [call for call in calls if call.agent == agent]
    answered = [call for call in own if call.answered == "Y"]
    marks = [float(call.satisfaction) for call in own if call.satisfaction]
    waits = [float(call.speed) for call in own if call.speed]
    return {
        "satisfaction": sum(marks) / len(marks),
        "resolution_rate": 100 * sum(call.resolved == "Y" for call in own) / len(answered),
        "response_time": sum(waits) / len(waits),
    }


@pytest.mark.django_db
def test_a_call_log_becomes_a_paid_bonus_by_rest_alone() -> None:
    hr = save_employee(actor=None, name="Hr", login="hr")
    grant_role(actor=None, user=hr, role="hr")
    payroll = save_employee(actor=hr, name="Payroll", login="payroll")
    grant_role(actor=hr, user=payroll, role="payroll")
    caller = InProcess()
    caller.admit("hr", "hr")
    caller.admit("payroll", "payroll")
    first = datetime.date(2025, 10, 1)
    calls = make_calls(AGENTS, count=1_600, first=first, days=31)
    root = Path(settings.BASE_DIR)
    chain = Chain(
        caller=caller,
        wait=lambda run: runs.drain_outbox() and None,
        agents=AGENTS,
        first_day=first,
        last_day=datetime.date(2025, 10, 31),
        log=("calls.csv", calls_csv(calls)),
        mapping=MAPPING,
        catalogue=(root / "metrics/catalogue/catalogue.yaml").read_text(encoding="utf-8"),
    )
    chain.configure()
    chain.staff("phones.lead", "becky")
    caller.admit("manager", "phones.lead")
    caller.admit("agent", "becky")
    chain.measure()
    chain.review()
    chain.pay()

    assert chain.seen["rows"] == 1_600
    values = {
        line["subject"]: line["value"]
        for component in chain.seen["explanation"]["components"]
        for line in component["lines"]
    }
    expected = expected_values(calls, "Becky")
    assert {code: values[code] for code in expected} == pytest.approx(expected, abs=1e-6)
    assert len(chain.seen["results"]) == len(AGENTS)
    assert str(chain.total()) == chain.seen["payout"]["total"]
    assert chain.total() > 0
    exported = chain.seen["export"].decode("utf-8-sig").splitlines()
    assert len([line for line in exported if ",P0" in f",{line}"]) == sum(
        line["amount"] != "0.00" for line in chain.seen["lines"]
    )
    assert chain.seen["statement"]["steps"][-1]["kind"] == "rounding"
