"""A scorecard in a real browser: made and weighed in pairs by HR, whose contradictions are named while they judge, and
read with its map by the employee on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from people.models import User
from reviews.models import Cycle
from reviews.services.cycles import create_cycle, edit_configuration
from reviews.services.phases import release_cycle
from tests.cast import Cast
from tests.reviews.conftest import configuration
from tests.reviews.test_scorecard import card, in_cycle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SHOTS = os.environ.get("LAUREL_SHOTS", "")
PHONE = {"width": 390, "height": 844}


def come_in(
    url: str, new_context: Callable[..., BrowserContext], user: User, faults: list[str], **how: Any
) -> Page:
    how.setdefault("viewport", {"width": 1440, "height": 900})
    client = Client()
    client.force_login(user)
    context = new_context(**how)
    context.set_default_timeout(20_000)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None,
    )
    return page


def look(page: Page, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.fixture
def drafted(cast: Cast, draft: Cycle) -> Cycle:
    """Three perspectives, of which the third has nothing yet."""
    component = card(50, subject="person")
    component["perspectives"].append(
        {"code": "learning", "weight": 0, "name": {"zh": "学习与成长", "en": "Learning"}}
    )
    component["kpis"] = [
        {"kpi": "csat", "weight": 100, "perspective": "customer", "cap": 1.2},
        {"kpi": "response_time", "weight": 100, "perspective": "process", "target": 20},
    ]
    made = create_cycle(
        actor=cast.hr,
        code="cards",
        name_zh="计分卡",
        name_en="Cards",
        first_day=cast.first_day,
        last_day=cast.last_day,
    )
    document = configuration(components=[component])
    return edit_configuration(actor=cast.hr, cycle=made, configuration=document, version=made.version)


def test_a_card_is_weighed_in_pairs_and_read_on_a_phone(
    cast: Cast, draft: Cycle, drafted: Cycle, live_server: Any, new_context: Callable[..., BrowserContext]
) -> None:
    cycle = in_cycle(cast, draft, card(50))
    release_cycle(actor=cast.hr, cycle=cycle, reason="Two have no form")
    for user in (cast.hr, cast.agent):
        user.locale = "en" if user == cast.hr else "zh-hans"
        user.save()
    faults: list[str] = []
    hr = come_in(live_server.url, new_context, cast.hr, faults)
    hr.goto(f"{live_server.url}/cycles/cards/components/card/")
    expect(hr.locator("svg.strategy-map")).to_be_visible()
    look(hr, "editor")
    hr.get_by_role("link", name="Find the weights by judging pairs").click()

    # What follows is said at once, and nothing is kept meanwhile.
    answer = hr.locator("#pairs-answer")
    hr.select_option("[name=pair_0_1]", "3")
    expect(answer).to_contain_text("1/3")
    hr.select_option("[name=pair_0_2]", "5")
    hr.select_option("[name=pair_1_2]", "-9")
    expect(answer).to_contain_text("contradict one another")
    expect(answer).to_contain_text("You said:")
    look(hr, "pairs-contradiction")
    hr.get_by_role("button", name="Use these weights").click()
    expect(hr.locator(".form-errors")).to_contain_text("contradict one another")
    hr.select_option("[name=pair_1_2]", "2")
    expect(answer).to_contain_text("fit together")
    look(hr, "pairs")
    hr.get_by_role("button", name="Use these weights").click()
    expect(hr.locator("main")).to_contain_text("These weights follow from judged pairs")
    drafted.refresh_from_db()
    kept = drafted.configuration["components"][0]
    assert kept["ahp"]["matrix"][0] == [1, 3, 5]
    assert round(sum(each["weight"] for each in kept["perspectives"]), 2) == 100

    # Read by HR, and by the employee from the own page on a phone.
    hr.goto(f"{live_server.url}/cycles/oct/scorecards/card/")
    look(hr, "cards")
    hr.get_by_role("link", name=cast.agent.name).click()
    expect(hr.locator("svg.strategy-map g.strategy-met")).to_have_count(1)
    look(hr, "card")
    agent = come_in(live_server.url, new_context, cast.agent, faults, viewport=PHONE)
    agent.goto(f"{live_server.url}/standing/oct/")
    look(agent, "standing-phone")
    agent.get_by_role("link", name="打开计分卡和战略地图").click()
    expect(agent.locator("svg.strategy-map")).to_be_hidden()
    expect(agent.locator(".strategy-list")).to_contain_text("csat")
    look(agent, "card-phone")
    assert agent.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the phone"
    assert faults == []
