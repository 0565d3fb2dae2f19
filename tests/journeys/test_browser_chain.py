"""A generated twin of a public call log goes from upload to an exported payout in a real browser, computed by a real
worker: HR and payroll in English on a desktop, the leader and the agent also in Chinese on a phone."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from foundation.runs.models import OutboxMessage, Run
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.factories import PASSWORD
from tests.journeys.office import KPIS, PHONE, Office
from tests.journeys.test_rest_chain import AGENTS, expected_values
from tests.metrics.calls import Call, calls_xlsx, make_calls
from tests.workers import RealWorkers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

FIRST, LAST = datetime.date(2025, 10, 1), datetime.date(2025, 11, 30)
POINTS = {"3": 60.0, "4": 80.0}


def account(login: str, role: str) -> None:
    user = save_employee(actor=None, name=login.title(), login=login)
    user.set_password(PASSWORD)
    user.locale = "en"
    user.save()
    grant_role(actor=None, user=user, role=role)


def as_shown(value: float, places: int) -> str:
    """Rounded half up, as people do; the pages' thousands are left to the caller."""
    return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def expected_score(values: dict[str, float], level: str) -> float:
    """By hand: attainment per KPI, at most 120 %; for the time to answer less is better: 2 - actual / target. What is
    stored has six decimals."""
    points = 0.0
    for code, weight, target in KPIS:
        ratio = round(values[code], 6) / float(target)
        points += float(weight) * round(min(2 - ratio if code == "response_time" else ratio, 1.2), 6)
    return round(0.8 * points + 0.2 * POINTS[level], 6)


def expected_bonus(place: int, score: float) -> Decimal:
    """10 % of a salary of 5,000 + 500 per place; nothing at 70, the whole at 100, 2 % for each point above."""
    factor = (score - 70) / 30 if score < 100 else 1 + 0.02 * (score - 100)
    exact = Decimal(500 + 50 * place) * Decimal(str(round(factor, 6)))
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.fixture
def calls() -> list[Call]:
    return make_calls(AGENTS, count=1_600, first=FIRST, days=61)


@pytest.fixture
def office(
    live_server: Any,
    new_context: Callable[..., BrowserContext],
    real_workers: RealWorkers,
    calls: list[Call],
    settings: Any,
    tmp_path: Path,
) -> Office:
    account("hr", "hr")
    account("payroll", "payroll")

    def all_is_computed() -> bool:
        return (
            not OutboxMessage.objects.filter(relayed_at=None).exists()
            and not Run.objects.filter(state__in=Run.ACTIVE).exists()
        )

    return Office(
        url=live_server.url,
        new_context=new_context,
        agents=AGENTS,
        first_day=FIRST,
        last_day=LAST,
        log=("calls.xlsx", calls_xlsx(calls)),
        folder=tmp_path,
        wait=lambda: real_workers.wait_until(all_is_computed, seconds=60) and None,
    )


def test_a_call_log_becomes_a_paid_bonus_in_a_browser(office: Office, calls: list[Call]) -> None:
    values = {agent: expected_values(calls, agent) for agent in AGENTS}

    # HR: people, data, KPIs.
    hr = office.come_in("hr", PASSWORD)
    office.take_catalogue(hr)
    office.staff(hr)
    office.bring_calls(hr, rows=len(calls))
    assert set(office.seen["guess"].values()) >= {"role:employee", "role:time", "measure:satisfaction"}
    assert office.seen["edits"], "the time to answer is a number in this file, which nobody can guess"
    office.wait()
    for month in (FIRST, LAST):
        of_month = [call for call in calls if call.date.startswith(f"{month:%Y-%m}")]
        shown = office.numbers_of(hr, month)
        for agent in AGENTS:
            expected = expected_values(of_month, agent)
            assert shown[agent]["Customer satisfaction"] == as_shown(expected["satisfaction"], 2)
            assert shown[agent]["Resolution rate"] == as_shown(expected["resolution_rate"], 1) + "%"
            assert shown[agent]["Response time"] == as_shown(expected["response_time"], 1) + " s"

    # The cycle, from nothing, until nothing keeps it from launch.
    office.make_cycle(hr)
    assert ["nothing to appraise" in text for text in office.seen["first_problems"]] == [True]
    office.mend(hr)
    problem, *advice = office.seen["last_problems"]
    assert "has no description" in problem
    # What the choice of indicators leaves open is said too, and keeps nothing from launch.
    assert ["No KPI measures cost" in text for text in advice] == [True]
    office.launch(hr)

    # The leader: half of the team on a phone in Chinese, the others by keyboard in English.
    password = office.password_for(hr, "phones.lead", "P000")
    phone = office.come_in("phones.lead", password, language="zh-hans", viewport=PHONE)
    expect(phone.locator("h1")).to_contain_text("还差 8 份评分")
    cells = office.open_grid(phone)
    first = phone.locator("tr[data-row]").first
    for fact, code in ((0, "resolution_rate"), (1, "satisfaction")):
        # Of both months together, as the result will have it, not of the last month.
        told = first.locator(".grid-fact").nth(fact).inner_text().split()
        assert any(word.startswith(as_shown(values["Becky"][code], 1)) for word in told), told
    for place in range(4):
        # The choice with its words beside it, as large as a thumb.
        phone.locator("tr[data-row]").nth(place).locator('.grid-buttons [data-level="4"]').tap()
    office.all_saved(phone)
    phone.context.close()
    desk = office.come_in("phones.lead", "chosen by phones.lead alone")
    cells = office.open_grid(desk)
    cells.nth(4).click()
    for key in ("3", "ArrowDown", "4", "Enter", "4", "ArrowDown", "3"):
        desk.keyboard.press(key)
    office.all_saved(desk)
    levels = dict(zip(AGENTS, [cell.input_value() for cell in cells.all()], strict=True))
    assert "".join(levels.values()) == "44443443"
    office.submit(desk)
    expect(desk.locator("h1")).to_have_text("Nothing is due")

    # HR computes and releases, writes the plan and computes what it pays; payroll approves and exports.
    scores = {agent: expected_score(values[agent], levels[agent]) for agent in AGENTS}
    office.score_and_release(hr)
    shown = {
        row.locator(".person-name").inner_text(): row.inner_text()
        for row in hr.locator("main tbody tr").all()
    }
    assert {agent: as_shown(score, 1) in shown[agent] for agent, score in scores.items()} == dict.fromkeys(
        AGENTS, True
    )
    office.make_plan(hr)
    address = office.compute_payout(hr)
    payroll = office.come_in("payroll", PASSWORD)
    exported = list(
        csv.DictReader(io.StringIO(office.approve_and_export(payroll, address).decode("utf-8-sig")))
    )
    bonuses = {agent: expected_bonus(place, scores[agent]) for place, agent in enumerate(AGENTS, start=1)}
    assert {row["Employee name"]: Decimal(row["Amount"]) for row in exported} == bonuses
    expect(payroll.locator(".metric-value").first).to_have_text(f"¥{sum(bonuses.values()):,.2f}")

    # The agent: score and money, in English on a desktop, then in Chinese on a phone.
    agent = office.come_in("phones.becky", office.password_for(hr, "phones.becky", "P001"))
    office.where_i_stand(agent)
    expect(agent.locator("main")).to_contain_text(as_shown(scores["Becky"], 1))
    expect(agent.locator("main")).to_contain_text(f"¥{bonuses['Becky']:,.2f}")
    agent.context.close()
    agent = office.come_in("phones.becky", "chosen by phones.becky alone", language="zh-hans", viewport=PHONE)
    office.where_i_stand(agent)
    expect(agent.locator("h1")).to_have_text("我的成绩")
    expect(agent.locator("main")).to_contain_text(f"{as_shown(values['Becky']['response_time'], 1)} 秒")
    office.statement(agent)
    expect(agent.locator("h1")).to_have_text("我的奖金")
    expect(agent.locator("main")).to_contain_text(f"¥{bonuses['Becky']:,.2f}")
    for other in AGENTS[1:]:
        expect(agent.locator("body")).not_to_contain_text(other)
    assert agent.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a page wider than the phone"
    )
    assert office.faults == []
