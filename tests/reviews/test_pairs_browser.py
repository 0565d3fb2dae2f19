"""Paired comparison in a real browser: by keys on a desk, by finger on a phone, come back to, and HR's look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from reviews.models import Comparison, Cycle, ScoreSheet
from reviews.selectors.pairs import pair_form_of
from tests.cast import Cast
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.journeys.office import PHONE, Office
from tests.reviews.test_pairs import launched, paired

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def cycle(cast: Cast, draft: Cycle) -> Cycle:
    """The manager compares six."""
    for number, name in enumerate(("陈静", "Zhou Min", "吴磊"), start=1):
        user = UserFactory(employee_number=f"E08{number}", name=name, name_sort=name)
        MembershipFactory(user=user, team=cast.blue, job=cast.job_agent)
    return launched(cast, draft, paired(evidence=[{"kpi": "csat"}, {"kpi": "response_time"}], certainty=75))


@pytest.fixture
def office(live_server: Any, new_context: Callable[..., BrowserContext], tmp_path: Any, cast: Cast) -> Office:
    return Office(
        url=live_server.url,
        new_context=new_context,
        agents=(),
        first_day=cast.first_day,
        last_day=cast.last_day,
        log=("", b""),
        folder=tmp_path,
    )


def answered(page: Page, count: int) -> None:
    expect(page.locator(".versus-progress")).to_contain_text(re.compile(rf"\b{count} answer"))
    expect(page.locator("#versus.htmx-added, #versus.htmx-settling")).to_have_count(0)


def test_a_leader_compares_by_keys_and_goes_on_by_finger(cast: Cast, cycle: Cycle, office: Office) -> None:
    page = office.come_in("manager", PASSWORD)
    page.goto(f"{office.url}/scoring/")
    page.get_by_role("link", name="Pairs").first.click()
    expect(page.locator(".versus-progress")).to_contain_text("6 people")
    page.wait_for_load_state("load")
    left = page.locator("#versus-left span").inner_text()
    page.keyboard.press("ArrowLeft")
    answered(page, 1)
    first = Comparison.objects.get()
    winner = first.first if first.outcome > 0 else first.second
    assert winner.employee.name == left
    page.keyboard.press("ArrowDown")
    answered(page, 2)
    assert Comparison.objects.order_by("-pk")[0].outcome == 0
    page.keyboard.press("u")
    answered(page, 1)
    # Another key says nothing, and a browser's own shortcut stays its own.
    page.keyboard.press("x")
    page.keyboard.press("Alt+ArrowUp")
    answered(page, 1)
    page.keyboard.press("ArrowRight")
    answered(page, 2)

    phone = office.come_in("manager", PASSWORD, viewport=PHONE, language="zh-hans")
    phone.goto(f"{office.url}/pairs/{cycle.code}/pairs/")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    while not pair_form_of(cast.manager, cycle, "pairs").is_enough:
        count = pair_form_of(cast.manager, cycle, "pairs").answers
        phone.locator("#versus-left").tap()
        expect(phone.locator(".versus-progress")).to_contain_text(re.compile(rf"\b{len(count) + 1} "))
    phone.locator(".versus-enough button").tap()
    phone.locator("#submit[open] button[type=submit]").tap()
    phone.wait_for_url("**/scoring/")
    assert set(ScoreSheet.objects.filter(rater=cast.manager).values_list("state", flat=True)) == {"submitted"}

    hr = office.come_in("hr", PASSWORD)
    hr.goto(f"{office.url}/cycles/{cycle.code}/")
    hr.get_by_role("link", name="Pairs").first.click()
    expect(hr.locator(".interval-strip").first).to_be_visible()
    assert hr.locator(".interval-strip").count() == 6
    assert office.faults == []
