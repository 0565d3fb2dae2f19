"""In a real browser: a plan composed with the live preview, and a payout approved through the dialog."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from incentives.models import LedgerEntry, PayoutRun, PlanVersion
from people.models import User
from tests.cast import build_cast
from tests.factories import PASSWORD
from tests.incentives.world import computed, plan_of, released_cycle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def problems(page: Page) -> list[str]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: message.type == "error" and found.append(message.text))
    return found


def sign_in(page: Page, live_server: Any, user: User) -> None:
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("input[type=password]", PASSWORD)
    page.fill("input[name=login], input[name=username]", user.login)
    page.click("form[method=post] button[type=submit].btn-primary")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def test_a_plan_is_composed_with_a_live_preview(page: Page, live_server: Any, problems: list[str]) -> None:
    cast = build_cast()
    sign_in(page, live_server, cast.hr)
    page.goto(f"{live_server.url}/new-plan/")
    page.fill("[name=code]", "live")
    page.fill("[name=name_en]", "Live")
    preview = page.locator("#plan-preview")
    expect(preview).to_contain_text("The target bonus is 20%")
    page.fill("[name=steps-0-share]", "30")
    expect(preview).to_contain_text("The target bonus is 30%")
    expect(preview).to_contain_text("1,800.00")
    page.select_option("[name=new-kind]", "limits")
    page.click("button[value=add]")
    # Added before the rounding, which stays last; nothing typed is lost.
    page.fill("[name=steps-3-cap]", "1500")
    expect(preview).to_contain_text("Nobody receives more than 1,500.00")
    assert page.input_value("[name=name_en]") == "Live"
    page.click("button[value='up:3']")
    expect(page.locator("[name=steps-2-cap]")).to_have_value("1500")
    page.select_option("[name=steps-0-basis]", "amount")
    expect(page.locator("[name=steps-0-amounts-default]")).to_be_visible()
    page.fill("[name=steps-0-amounts-default]", "800")
    page.click("button[value=save]")
    page.wait_for_url(re.compile(r"/plans/live/$"))
    steps = PlanVersion.objects.get(plan__code="live").configuration["steps"]
    assert [step["kind"] for step in steps] == ["target_bonus", "curve", "limits", "proration", "rounding"]
    assert steps[0]["amounts"] == {"default": "800"}
    assert problems == []


def test_a_payout_is_approved_through_the_dialog(page: Page, live_server: Any, problems: list[str]) -> None:
    cast = build_cast()
    payout_run = computed(cast, plan_of(cast), released_cycle(cast, {cast.agent: 106.0, cast.peer: 85.0}))
    sign_in(page, live_server, cast.payroll)
    page.goto(f"{live_server.url}/payouts/{payout_run.pk}/")
    page.click("[data-dialog-open=approve]")
    expect(page.locator("dialog#approve")).to_be_visible()
    page.click("dialog#approve button[type=submit]")
    expect(page.locator("main")).to_contain_text("Approved by Pat Roll")
    assert PayoutRun.objects.get(pk=payout_run.pk).state == PayoutRun.State.APPROVED
    assert LedgerEntry.objects.count() == 2
    with page.expect_download() as download:
        page.click("text=Make payroll file")
    assert download.value.suggested_filename.endswith(".csv")
    assert problems == []
