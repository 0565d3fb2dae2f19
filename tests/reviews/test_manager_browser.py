"""In a real browser, by keyboard alone: from the queue over the grid to handing in, with a look at oneself between."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from people.models import User
from reviews.models import Cycle, Judgement, ScoreSheet
from reviews.selectors.orderings import ordering_of
from reviews.services.cycles import edit_configuration, launch_cycle
from tests.cast import Cast
from tests.factories import PASSWORD
from tests.reviews.conftest import configuration, kpi_component
from tests.reviews.test_ranking import ranking

pytestmark = pytest.mark.django_db(transaction=True)
#: Where pictures go when somebody wants to look; nowhere else.
PICTURES = os.environ.get("LAUREL_PICTURES", "")


def sign_in(page: Page, live_server: Any, user: User) -> None:
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("input[type=password]", PASSWORD)
    page.fill("input[name=login], input[name=username]", user.login)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def picture(page: Page, name: str) -> None:
    if not PICTURES:
        return
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})


def focus(page: Page, text: str) -> None:
    """Tab until the focus stands on what says so."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if text in (page.evaluate("document.activeElement.textContent") or ""):
            return
    pytest.fail(f"the keyboard does not reach {text!r}")


def test_a_manager_scores_by_keyboard_alone(
    cast: Cast, rating_cycle: Cycle, page: Page, live_server: Any
) -> None:
    sign_in(page, live_server, cast.manager)
    page.goto(f"{live_server.url}/scoring/")
    picture(page, "queue")
    focus(page, "Start scoring")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/conduct/" in url)
    page.locator("[data-cell] input").first.focus()
    people = ScoreSheet.objects.filter(rater=cast.manager).count()
    for row in range(people):
        page.keyboard.press("4")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("3" if row else "4")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowDown")
    expect(page.locator("[data-grid-state]")).to_contain_text("saved", ignore_case=True)
    expect(page.locator("[data-grid-progress]")).to_contain_text(f"All {people} done")
    picture(page, "grid")
    page.evaluate("document.querySelector('[data-dialog-open=submit]').focus()")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog#submit")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Your scores in a mirror")
    picture(page, "submit")
    focus(page, "Submit")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.endswith("/scoring/"))
    assert Judgement.objects.filter(sheet__rater=cast.manager).count() == 2 * people
    assert set(ScoreSheet.objects.filter(rater=cast.manager).values_list("state", flat=True)) == {"submitted"}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_employee_reads_the_terms_and_confirms(
    cast: Cast, rating_cycle: Cycle, page: Page, live_server: Any, language: str
) -> None:
    User.objects.filter(pk=cast.agent.pk).update(locale=language)
    sign_in(page, live_server, cast.agent)
    page.goto(f"{live_server.url}/standing/")
    picture(page, f"standing-{language}")
    page.goto(f"{live_server.url}/standing/{rating_cycle.code}/terms/")
    picture(page, f"terms-{language}")
    page.locator("form[action$='/terms/confirm/'] button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("form[action$='/terms/confirm/']")).to_have_count(0)


@pytest.fixture
def ordering_cycle(cast: Cast, draft: Cycle) -> Cycle:
    by_hand = ranking(30, source="ordering", kpis=[], cohort="rater", minimum_cohort=2)
    document = configuration(components=[kpi_component(70), by_hand])
    draft = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    return launch_cycle(actor=cast.hr, cycle=draft)


def test_an_order_that_was_not_saved_stands_there_after_a_reload(
    cast: Cast, ordering_cycle: Cycle, page: Page, live_server: Any
) -> None:
    """The network is away while somebody orders, the page is loaded again: nothing is lost, and it is saved then."""
    sign_in(page, live_server, cast.manager)
    page.on("dialog", lambda dialog: dialog.accept())
    page.route(
        "**/ordering/**", lambda route: route.abort() if route.request.method == "PUT" else route.continue_()
    )
    page.goto(f"{live_server.url}/ordering/{ordering_cycle.code}/place/")
    rows = page.locator("[data-person]")
    people = [row.get_attribute("data-person") for row in rows.all()]
    assert len(people) > 2
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    moved = [people[1], people[0], *people[2:]]
    assert [row.get_attribute("data-person") for row in rows.all()] == moved
    expect(page.locator("[data-order-state]")).to_contain_text("kept on this device")
    page.unroute("**/ordering/**")
    page.reload()
    expect(page.locator("[data-order-state]")).to_contain_text("Saved")
    assert [row.get_attribute("data-person") for row in rows.all()] == moved
    kept = ordering_of(cast.manager, ordering_cycle, "place")
    assert [[str(person) for person in group] for group in kept.groups] == [[person] for person in moved]
