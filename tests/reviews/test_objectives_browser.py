"""Goals in a real browser: written on a desktop, agreed to by the manager, checked in with two taps on a phone."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reviews.models import CheckIn, Objective
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objectives import create_objective
from tests.cast import build_cast
from tests.incentives.test_browser import sign_in
from tests.reviews.conftest import configuration
from tests.reviews.goals import content, objectives_component, seen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def problems(page: Page) -> list[str]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: message.type == "error" and found.append(message.text))
    return found


def look(page: Page, name: str) -> None:
    """A picture to look at, where somebody asks for them."""
    if folder := os.environ.get("LAUREL_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_from_a_draft_to_a_check_in(page: Page, live_server: Any, problems: list[str]) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    cast = build_cast()
    today = datetime.date.today()
    cycle = launch_cycle(
        actor=cast.hr,
        cycle=create_cycle(
            actor=cast.hr,
            code="mbo",
            name_zh="本月目标考核",
            name_en="Goals of the month",
            first_day=today.replace(day=1),
            last_day=today + datetime.timedelta(days=20),
            configuration=configuration(components=[objectives_component()], missing_component="hold_back"),
        ),
        to_phase="goals",
    )
    company = create_objective(actor=cast.hr, cycle=cycle, content=content("年底前让八成来电一次解决"))
    propose_objectives(actor=cast.hr, cycle=cycle, seen=seen(company))
    team = create_objective(
        actor=cast.manager,
        cycle=cycle,
        team_id=cast.blue.pk,
        content=content("把平均等待时间压缩到 20 秒以内", parent=company.pk),
    )
    propose_objectives(actor=cast.manager, cycle=cycle, team_id=cast.blue.pk, seen=seen(team))
    agree_objectives(actor=cast.site_manager, cycle=cycle, team_id=cast.blue.pk, seen=seen(team))

    sign_in(page, live_server, cast.agent)
    page.goto(f"{live_server.url}/goals/")
    look(page, "empty")
    page.locator("a[href*='goals/new']").first.click()
    page.fill("[name=title]", "12 月前整理 12 篇知识库文章")
    page.fill("[name=why]", "晚班同事常找不到答案。")
    page.select_option("[name=parent]", label="Blue team: 把平均等待时间压缩到 20 秒以内")
    page.fill("[name=results-0-title]", "已发布的文章")
    page.fill("[name=results-0-start]", "0")
    page.fill("[name=results-0-target]", "12")
    page.fill("[name=results-0-unit]", "篇")
    look(page, "form")
    page.click("form.goal-form button[type=submit]")
    expect(page.locator("main")).to_contain_text("draft")
    look(page, "draft")
    page.click("button:has-text('Propose 1 draft')")
    expect(page.locator("main")).to_contain_text("waits for the manager")

    page.context.clear_cookies()
    sign_in(page, live_server, cast.manager)
    page.goto(f"{live_server.url}/cycles/mbo/goals/")
    expect(page.locator("main")).to_contain_text("1 waits for the manager")
    look(page, "team")
    page.click("main a:has-text('王伟')")
    look(page, "sheet-manager")
    page.click("button:has-text('I agree')")
    expect(page.locator("main")).to_contain_text("agreed by both")
    (goal,) = Objective.objects.filter(employee=cast.agent)
    assert goal.state == "agreed"
    page.goto(f"{live_server.url}/cycles/mbo/goal-tree/")
    page.locator("details.goal-below summary").first.click()
    expect(page.locator(".goal-branch").first).to_contain_text("20")
    page.locator(".goal-branch details.goal-below summary").first.click()
    expect(page.locator(".goal-branch .goal-branch").first).to_contain_text("12 篇")
    look(page, "tree")

    page.context.clear_cookies()
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, live_server, cast.agent)
    page.goto(f"{live_server.url}/goals/")
    page.locator(
        "details.check-in-fold > summary"
    ).click()  # the first tap; a value is typed where there is one
    page.fill("details.check-in-fold input[name=value_1]", "5")
    look(page, "check-in-phone")
    page.click("details.check-in-fold button:has-text('on track')")  # the second tap saves
    expect(page.locator("main")).to_contain_text("41.7")
    assert CheckIn.objects.get().confidence == 3
    look(page, "sheet-phone")
    page.click("main .goal-head a")
    look(page, "objective-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    look(page, "objective")
    assert problems == []
