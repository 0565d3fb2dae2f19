"""In a real browser: a release that waits for feedback, reading without agreeing, an appeal from a phone, its decision,
and the money that it changes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from foundation.runs.services import drain_outbox
from incentives.models import IncentivePlan, LedgerEntry, PayoutRun
from incentives.services import payout_runs
from people.models import User
from reviews.models import Acknowledgement, Appeal, Cycle
from reviews.services.phases import advance_phase
from tests.cast import Cast
from tests.factories import PASSWORD
from tests.incentives.world import computed, plan_of

pytestmark = pytest.mark.django_db(transaction=True)

PLAN = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "amount", "amounts": {"default": "1000"}},
        {"kind": "curve", "input": "score", "threshold": "50", "accelerator": "2", "cap": "2.0", "at_threshold": "0.5"},
        {"kind": "rounding"},
    ],
}  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


def become(page: Page, live_server: Any, user: User, size: Any = DESK) -> None:
    page.wait_for_load_state("networkidle")  # a page that is left half-way complains of what it did not get
    page.context.clear_cookies()
    page.set_viewport_size(size)
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("input[type=password]", PASSWORD)
    page.fill("input[name=login], input[name=username]", user.login)
    page.click("form[method=post] button[type=submit].btn-primary")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.wait_for_load_state("networkidle")


def pay(cast: Cast, cycle: Cycle, plan: IncentivePlan | None = None) -> PayoutRun:
    run = computed(cast, plan or plan_of(cast, PLAN), cycle)
    for line in run.payout_lines.filter(status__in=["undecided", "missing_input"]):
        payout_runs.decide_line(
            actor=cast.hr, payout_run=run, employee=line.employee_id, decision="withhold", reason="Later"
        )
    run.refresh_from_db()
    payout_runs.approve_payout(actor=cast.payroll, payout_run=run, seen_digest=run.content_digest)
    drain_outbox()
    return run


@pytest.fixture
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_from_the_release_to_the_money(
    page: Page, live_server: Any, cast: Cast, scored_cycle: Cycle, media: None
) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    rule = {"required": True, "weak_below": 60, "strong_from": 100, "most": 3}
    scored_cycle.configuration = {**scored_cycle.configuration, "feedback": rule}
    scored_cycle.save()
    advance_phase(actor=cast.hr, cycle=scored_cycle, to_phase="calibration", reason="One form is late")

    become(page, live_server, cast.hr)
    page.goto(f"{live_server.url}/cycles/oct/")
    page.click("[data-dialog-open=release]")
    expect(page.locator("dialog#release")).to_contain_text("2 results stay shut")
    page.click("dialog#release button[type=submit]")
    expect(page.locator("main")).to_contain_text("2 results are still shut")

    become(page, live_server, cast.manager)
    page.goto(f"{live_server.url}/cycles/oct/feedback/")
    page.get_by_role("link", name=cast.peer.name).click()
    page.get_by_label("What to do").first.fill("Answer within three rings, look the rest up later")
    page.get_by_label("By when").first.fill(timezone.localdate().isoformat())
    page.get_by_role("button", name="Save feedback").click()
    expect(page.locator("body")).to_contain_text("can read the result now")
    before = pay(cast, scored_cycle)

    become(page, live_server, cast.peer, PHONE)
    page.goto(f"{live_server.url}/standing/")
    expect(page.locator("main")).to_contain_text("Answer within three rings")
    page.get_by_label("I do not agree").check()
    page.get_by_role("button", name="I have read this").click()
    expect(page.locator("main")).to_contain_text("You do not agree with it.")
    assert Acknowledgement.objects.get().agrees is False
    page.get_by_role("link", name="Appeal against a part of it").click()
    page.select_option("[name=item]", "kpis:response_time")
    page.fill("[name=proposed_score]", "90")
    page.fill("[name=reason]", "The telephones were down on the ninth of October")
    page.set_input_files(
        "[name=files]", {"name": "log.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    )
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="File the appeal").click()
    page.wait_for_url(re.compile(r"/appeals/\d+/$"))
    expect(page.locator("main")).to_contain_text("log.pdf")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    here = f"{live_server.url}/appeals/{Appeal.objects.get().pk}/"

    become(page, live_server, cast.hr)
    page.goto(f"{live_server.url}/appeals/")
    page.get_by_role("link", name="Response Time").click()
    page.select_option("[name=decider]", label=cast.other_manager.name)
    page.get_by_role("button", name="Name the decider").click()
    expect(page.locator("main")).to_contain_text(cast.other_manager.name)

    become(page, live_server, cast.other_manager)
    page.goto(here)
    page.get_by_label("Accept it").check()
    page.locator("form[action$='/decide/'] [name=reason]").fill("The log of the provider shows it")
    page.locator("form[action$='/decide/'] button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("is being computed")
    drain_outbox()
    scored_cycle.refresh_from_db()

    become(page, live_server, cast.payroll)
    run = PayoutRun.objects.get(kind="adjusting")
    page.goto(f"{live_server.url}/payouts/{run.pk}/")
    page.click("[data-dialog-open=approve]")
    page.click("dialog#approve button[type=submit]")
    expect(page.locator("main")).to_contain_text("Approved by")

    become(page, live_server, cast.peer, PHONE)
    page.goto(here)
    expect(page.locator("main")).to_contain_text("83.8")
    expect(page.locator("main")).to_contain_text("Approved and booked")
    then = before.payout_lines.get(employee=cast.peer).amount
    now = run.payout_lines.get(employee=cast.peer).amount
    assert now > then > Decimal(0)
    assert sum(entry.amount for entry in LedgerEntry.objects.filter(employee=cast.peer)) == now
    assert set(LedgerEntry.objects.filter(payout_run=run).values_list("employee", flat=True)) == {
        cast.peer.pk
    }
    assert problems == []
