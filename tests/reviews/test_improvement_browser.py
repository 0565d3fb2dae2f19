"""In a real browser: a plan from opening to its end, with two check-ins, by a manager, the person and HR."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from foundation.runs.models import Run
from metrics.models import KPIPeriod, KPIVersion
from people.models import User
from reviews.models import ImprovementPlan, TermsSettlement
from tests.cast import Cast, build_cast
from tests.factories import PASSWORD, keep_kpi_value
from tests.reviews.conftest import make_kpi

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def problems(page: Page) -> Iterator[list[str]]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        # A form that is refused is answered with 422, which the browser notes as well.
        lambda message: message.type == "error" and "422" not in message.text and found.append(message.text),
    )
    yield found
    assert found == []


def month(back: int) -> datetime.date:
    first = timezone.localdate().replace(day=1)
    for _ in range(back):
        first = (first - datetime.timedelta(days=1)).replace(day=1)
    return first


def keep(version: KPIVersion, first: datetime.date, user: User, value: float) -> None:
    last = (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
    run = Run.objects.create(kind="kpi_values", scope=f"kpi_month:{first:%Y-%m}", state=Run.State.DONE)
    KPIPeriod.objects.create(first_day=first, last_day=last, published_run=run)
    keep_kpi_value(run, user.pk, version, value, 40)


class Office:
    """One window; people sign in at it one after another."""

    def __init__(self, page: Page, server: str) -> None:
        self.page, self.server = page, server

    def sits_down(self, user: User) -> None:
        self.page.context.clear_cookies()
        self.page.goto(f"{self.server}/sign-in/")
        self.page.fill("input[type=password]", PASSWORD)
        self.page.fill("input[name=login], input[name=username]", user.login)
        self.page.click("form[method=post] button[type=submit].btn-primary")
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def opens(self, address: str) -> None:
        self.page.goto(self.server + address)


def test_a_plan_with_two_check_ins(page: Page, live_server: Any, problems: list[str]) -> None:
    cast: Cast = build_cast()
    csat = make_kpi("csat", "sum(csat_score) / count(csat_score)", target="4.6", minimum=5)
    keep(csat, month(2), cast.agent, 4.0)
    office = Office(page, live_server.url)

    # The manager opens it: without a KPI the target is refused at its place, and what was typed stays.
    office.sits_down(cast.manager)
    office.opens("/improvement/new/")
    page.select_option("#employee", label=f"{cast.agent.name} · {cast.agent.employee_number}")
    page.click("main button[type=submit]")
    page.check("input[name=evidence]")
    page.fill("[name=cause_skill]", "Closes calls too early")
    page.fill("[name=targets-0-target]", "4.5")
    page.fill("[name=measures-0-text]", "Listen to five good calls")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("A target is tied to a KPI")
    expect(page.locator("[name=measures-0-text]")).to_have_value("Listen to five good calls")
    page.select_option("[name=targets-0-kpi]", "csat")
    page.click("main button[type=submit].btn-primary")
    page.wait_for_url(re.compile(r"/improvement/\d+/$"))
    plan = ImprovementPlan.objects.get()
    address = f"/improvement/{plan.pk}/"
    expect(page.locator("main")).to_contain_text("Served; waits for an answer")

    # Three weeks later the terms have stood for twenty days, and the manager serves a change.
    TermsSettlement.objects.create(
        terms=plan.terms.get(),
        verdict="agreed",
        stands_from=timezone.localdate() - datetime.timedelta(days=20),
    )
    office.opens(f"{address}change/")
    page.fill("[name=every_days]", "7")
    page.fill("[name=reason]", "We meet every week now")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("A check-in every 7 days instead of every 14")

    # The person, on a phone, agrees, and marks a measure as done.
    page.set_viewport_size({"width": 390, "height": 844})
    office.sits_down(cast.agent)
    office.opens("/standing/")
    page.click("main a:has-text('Improvement plan')")
    page.click("button:has-text('I agree')")
    expect(page.locator("main")).to_contain_text("Agreed: terms 2 stand from")
    page.click("main li button:has-text('Done')")
    expect(page.locator("main")).to_contain_text("done on")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})

    # Two check-ins: of last week, and of today after a further month of values has come in.
    office.sits_down(cast.manager)
    office.opens(address)
    for held_on, note in ((7, "Listens longer"), (0, "Nearly there")):
        page.fill("[name=held_on]", (timezone.localdate() - datetime.timedelta(days=held_on)).isoformat())
        page.fill("[name=note]", note)
        page.click("button:has-text('Save the check-in')")
        expect(page.locator("#check-in")).to_contain_text(note)
        if held_on:
            keep(csat, month(1), cast.agent, 4.3)
    keep(csat, month(0), cast.agent, 4.5)

    # HR looks: the progress has filled in by itself; the plan is met.
    office.sits_down(cast.hr)
    office.opens(address)
    expect(page.locator("main")).to_contain_text("target met")
    expect(page.locator("[data-chart-drawing] canvas, [data-chart-drawing] svg").first).to_be_visible()
    page.click("summary:has-text('Say what came of it')")
    page.select_option("[name=verdict]", "met")
    page.fill("details [name=reason]", "4.50 this month")
    page.click("button:has-text('Decide')")
    expect(page.locator("main")).to_contain_text("Ended on")
    plan.refresh_from_db()
    assert plan.closed_on == timezone.localdate()
    assert [each.progress[0]["value"] for each in plan.check_ins.all()] == [4.0, 4.3]
    assert plan.outcomes.get().progress[0]["is_met"]
