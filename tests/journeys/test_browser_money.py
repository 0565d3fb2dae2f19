"""Money in a real browser: a plan with tiers, a gate, a pool and a cap is written in the composer, run, approved by a
second person, exported, corrected by an accepted appeal, clawed back; every statement explains itself to the cent."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import BrowserContext, Download, Page, expect

from foundation.intake.services import apply_import, check_import, create_import, store_upload
from foundation.runs import services as runs
from incentives.models import Clawback, PayoutRun, PlanVersion
from incentives.services.differences import pay_differences
from people.models import User
from tests.cast import Cast, build_cast
from tests.incentives.test_browser import sign_in
from tests.incentives.test_differences import accept
from tests.incentives.world import released_cycle
from tests.journeys.money import (
    CODE,
    CYCLE,
    POOL,
    STEPS,
    assert_statements_recompute,
    scores_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def write_plan(hr: Page, url: str) -> None:
    """From what a new plan begins with to the steps of STEPS, each by its own button and fields."""
    hr.goto(f"{url}/new-plan/")
    hr.fill("[name=code]", CODE)
    hr.fill("[name=name_zh]", "共享奖金池")
    hr.fill("[name=name_en]", "Shared pot")
    hr.fill("[name=valid_from]", "2025-01-01")
    for left in (3, 2, 1):
        hr.click("button[value='remove:0']")
        expect(hr.locator("[name=steps-count]")).to_have_value(str(left))
    for count, kind in enumerate(("tiers", "gate", "pool"), 2):
        hr.select_option("[name=new-kind]", kind)
        hr.click("button[value=add]")
        expect(hr.locator("[name=steps-count]")).to_have_value(str(count))
    for row, (edge, rate) in enumerate(STEPS[0]["tiers"]):
        if not hr.locator(f"[name=steps-0-tiers-{row}-0]").count():
            hr.get_by_role("button", name="More rows").click()
        hr.fill(f"[name=steps-0-tiers-{row}-0]", edge)
        hr.fill(f"[name=steps-0-tiers-{row}-1]", rate)
    hr.fill("[name=steps-1-limit]", "60")
    hr.fill("[name=steps-2-amount]", "12000")
    hr.fill("[name=steps-2-reserve]", "10")
    # A cap below nothing is refused in words, and nothing typed is lost.
    hr.fill("[name=steps-2-cap]", "-1")
    hr.get_by_role("button", name="Save plan").click()
    expect(hr.locator(".field-error").first).to_be_visible()
    assert not PlanVersion.objects.exists()
    hr.fill("[name=steps-2-cap]", "3500")
    expect(hr.locator("#plan-preview")).to_contain_text("Nobody receives more than 3,500.00 from it")
    hr.get_by_role("button", name="Save plan").click()
    hr.wait_for_url(re.compile(rf"/plans/{CODE}/$"))


def rows_of(download: Download) -> list[dict[str, str]]:
    text = Path(download.path()).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def approve_and_export(payroll: Page, url: str, run: PayoutRun) -> list[dict[str, str]]:
    payroll.goto(f"{url}/payouts/{run.pk}/")
    payroll.click("[data-dialog-open=approve]")
    payroll.click("dialog#approve button[type=submit]")
    make = payroll.get_by_role("button", name="Make payroll file")
    expect(make).to_be_visible()
    payroll.select_option("[name=headings]", "codes")
    with payroll.expect_download() as download:
        make.click()
    run.refresh_from_db()
    assert run.state == PayoutRun.State.APPROVED
    return rows_of(download.value)


def read_back(cast: Cast, kind: str, rows: list[dict[str, str]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    upload = store_upload(actor=cast.payroll, file=ContentFile(stream.getvalue().encode(), name="back.csv"))
    record = create_import(actor=cast.payroll, kind=kind, upload=upload)
    apply_import(actor=cast.payroll, import_record=check_import(actor=cast.payroll, import_record=record))
    runs.drain_outbox()


def test_a_plan_is_written_paid_corrected_and_clawed_back(
    live_server: Any, new_context: Callable[..., BrowserContext]
) -> None:
    cast = build_cast()
    User.objects.update(locale="en")
    url = live_server.url
    cycle = released_cycle(cast, scores_of(cast), code=CYCLE)
    cycle.released_by = cast.hr
    cycle.configuration = {"components": []}  # nobody looks here at how the results came about
    cycle.save()
    pages = {}
    for name in ("hr", "payroll", "agent"):
        page = new_context(viewport={"width": 390, "height": 844} if name == "agent" else None).new_page()
        sign_in(page, live_server, getattr(cast, name))
        pages[name] = page
    hr, payroll, agent = pages["hr"], pages["payroll"], pages["agent"]

    write_plan(hr, url)
    stored = PlanVersion.objects.get(plan__code=CODE).configuration["steps"]
    assert [step["kind"] for step in stored] == [step["kind"] for step in STEPS]
    assert (stored[0]["tiers"], stored[2]["cap"], stored[2]["reserve"]) == (STEPS[0]["tiers"], "3500", "0.1")

    # Computed by HR, who may not approve it.
    hr.goto(f"{url}/payouts/")
    hr.get_by_role("button", name=re.compile("^Compute Shared pot for")).click()
    hr.wait_for_url(re.compile(r"/payouts/\d+/"))
    runs.drain_outbox()
    hr.reload()
    expect(hr.get_by_role("heading", name="Approval")).to_be_visible()
    expect(hr.locator("[data-dialog-open=approve]")).to_have_count(0)
    first = PayoutRun.objects.get()
    rows = approve_and_export(payroll, url, first)
    assert sum(Decimal(row["amount"]) for row in rows) == POOL
    assert max(Decimal(row["amount"]) for row in rows) == Decimal("3500.00")
    assert assert_statements_recompute(first) == len(rows)
    read_back(cast, "payments", [{**row, "paid_on": "2025-11-15"} for row in rows])

    # An accepted appeal of a colleague is a run of its own: one row, the difference, from the reserve.
    accept(cast, cycle, cast.peer, 104.0)
    [correction] = pay_differences(cycle=cycle)
    runs.drain_outbox()
    [row] = approve_and_export(payroll, url, correction)
    assert (row["entry"], row["reversed_run"]) == ("correction", str(first.pk))
    assert Decimal(row["reversed_amount"]) + Decimal(row["new_amount"]) == Decimal(row["amount"])
    assert_statements_recompute(correction)

    # HR asks money back, payroll approves and deducts the first month.
    hr.goto(f"{url}/accounts/{cast.agent.pk}/")
    hr.get_by_role("link", name="Ask back").click()
    hr.fill("[name=amount]", "1500")
    hr.fill("[name=monthly_percent]", "10")
    hr.fill("[name=reason]", "Two contracts were cancelled")
    hr.get_by_role("button", name="Propose clawback").click()
    hr.wait_for_url(re.compile(rf"/accounts/{cast.agent.pk}/$"))
    expect(hr.locator("main")).to_contain_text("Someone else has to approve it.")
    clawback = Clawback.objects.get()
    payroll.goto(f"{url}/accounts/{cast.agent.pk}/")
    payroll.click(f"[data-dialog-open=approve-{clawback.pk}]")
    payroll.click(f"dialog#approve-{clawback.pk} button[type=submit]")
    expect(payroll.locator("main")).to_contain_text("Still to be deducted")
    payroll.goto(f"{url}/accounts/")
    with payroll.expect_download() as download:
        payroll.get_by_role("button", name="Deduction file").click()
    [due] = rows_of(download.value)
    read_back(cast, "recoveries", [{**due, "recovered": "250.00", "recovered_on": "2025-12-01"}])

    # The employee, on a phone.
    agent.goto(f"{url}/statement/")
    main = agent.locator("main")
    expect(main).to_contain_text("Held to the cap of 3,500.00")
    expect(main).to_contain_text("Two contracts were cancelled")
    expect(main).to_contain_text("1,250.00")
    expect(main).not_to_contain_text("One more point")
    agent.locator("summary", has_text="Exact values").first.click()
    expect(main).to_contain_text("3,500.0000000000")
    assert not agent.evaluate("document.documentElement.scrollWidth > innerWidth")
    agent.goto(f"{url}/statement/?print=1")
    expect(agent.locator("body")).to_contain_text("Still to be deducted")
    assert agent.request.get(f"{url}/statement/{CYCLE}/pdf/").body().startswith(b"%PDF")
