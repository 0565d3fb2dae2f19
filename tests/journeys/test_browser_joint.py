"""Many voices in a real browser: an agent agrees objectives with the leader, answers about oneself and a colleague and
notes progress on a phone, a customer answers by link, the leader compares in pairs, HR launches, closes, computes and
releases. What the others have to say comes by REST. Computing runs in process here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from playwright.sync_api import BrowserContext, Page, expect

from foundation.runs import services as runs
from people.models import User
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.factories import PASSWORD
from tests.journeys.joint import (
    AGENTS,
    CYCLE,
    MINIMUM,
    TEMPLATE,
    JointChain,
    goals_of,
    login_of,
    strength_of,
)
from tests.journeys.mixed import FIRST, LAST, LEADERS, assert_recomputes
from tests.journeys.office import PHONE, Office
from tests.journeys.test_browser_chain import as_shown
from tests.journeys.test_rest_chain import InProcess
from tests.journeys.test_rest_joint import LINK
from tests.metrics.calls import MAPPING, calls_csv, make_calls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def chain() -> JointChain:
    """People, calls and configuration are there; the cycle itself is the browser's."""
    hr = save_employee(actor=None, name="Hr", login="hr")
    grant_role(actor=None, user=hr, role="hr")
    caller = InProcess()
    caller.admit("hr", "hr")
    made = JointChain(
        caller=caller,
        wait=lambda run: runs.drain_outbox() and None,
        agents=AGENTS,
        first_day=FIRST,
        last_day=LAST,
        log=("calls.csv", calls_csv(make_calls(AGENTS, count=1_800, first=FIRST, days=31))),
        mapping=MAPPING,
        catalogue=(Path(settings.BASE_DIR) / "metrics/catalogue/catalogue.yaml").read_text(encoding="utf-8"),
    )
    made.configure()
    made.staff()
    made.measure()
    for login in [*LEADERS, *map(login_of, AGENTS)]:
        caller.admit(login, login)
    caller.admit("agent", "becky")
    for login in ("hr", "becky", "lead.phones"):
        user = User.objects.get(login=login)
        user.set_password(PASSWORD)
        user.locale = "en"
        user.save()
    return made


@pytest.fixture
def office(
    live_server: Any, new_context: Callable[..., BrowserContext], chain: JointChain, tmp_path: Path
) -> Office:
    return Office(
        url=live_server.url,
        new_context=new_context,
        agents=AGENTS,
        first_day=FIRST,
        last_day=LAST,
        log=chain.log,
        folder=tmp_path,
        code="joint",
        wait=lambda: runs.drain_outbox() and None,
    )


def launch(office: Office, hr: Page) -> None:
    hr.goto(f"{office.url}/cycles/new/")
    hr.select_option("[name=template]", TEMPLATE)
    for name, value in (
        ("code", CYCLE),
        ("name_zh", "联合考核"),
        ("name_en", "Joint review"),
        ("first_day", FIRST.isoformat()),
        ("last_day", LAST.isoformat()),
    ):
        hr.fill(f"[name={name}]", value)
    hr.locator("main form button[type=submit]").last.click()
    hr.wait_for_url(re.compile(rf"/cycles/{CYCLE}/"))
    hr.locator("[data-dialog-open=launch]").click()
    hr.check("dialog#launch [name=to_phase][value=goals]", force=True) if hr.locator(
        "dialog#launch input[name=to_phase]"
    ).count() else hr.select_option("dialog#launch [name=to_phase]", "goals")
    hr.locator("dialog#launch button[type=submit]").click()
    expect(hr.locator("[data-dialog-open=launch]")).to_have_count(0)


def write_goals(office: Office, agent: Page) -> None:
    for goal in goals_of("Becky"):
        agent.goto(f"{office.url}/cycles/{CYCLE}/goals/new/")
        agent.fill("[name=title]", goal.title)
        agent.fill("[name=weight]", str(goal.weight))
        agent.fill("[name=results-0-title]", "Counted")
        agent.fill("[name=results-0-start]", "0")
        agent.fill("[name=results-0-target]", str(goal.target))
        agent.click("form.goal-form button[type=submit]")
        expect(agent.locator("main")).to_contain_text(goal.title)
    agent.goto(f"{office.url}/goals/")
    agent.click("button:has-text('Propose 2 drafts')")
    expect(agent.locator("main")).to_contain_text("waits for the manager")
    office.look(agent, "goals")


def answer(office: Office, page: Page, address: str, button: str) -> None:
    page.goto(address)
    for item in ("helping", "clarity"):
        page.check(f"[name=level-{item}][value='2']", force=True)
    office.look(page, "voice-form")
    page.get_by_role("button", name=button, exact=True).click()


def compare(office: Office, leader: Page) -> None:
    """By the arrow keys, until the page says that it is enough."""
    leader.goto(f"{office.url}/pairs/{CYCLE}/pairs/")
    office.look(leader, "pair")
    for count in range(1, 120):
        names = [each.inner_text() for each in leader.locator(".versus-side .person-name").all()]
        left = strength_of(names[0]) > strength_of(names[1])
        leader.keyboard.press("ArrowLeft" if left else "ArrowRight")
        expect(leader.locator(".versus-progress")).to_contain_text(f"{count} answer")
        if leader.locator(".versus-enough").count():
            break
    leader.locator(".versus-enough [data-dialog-open=submit]").click()
    leader.locator("dialog#submit button[type=submit]").click()
    expect(leader.locator("[data-dialog-open=submit]")).to_have_count(0)


def test_many_voices_from_launch_to_released_results_in_a_browser(office: Office, chain: JointChain) -> None:
    hr = office.come_in("hr", PASSWORD)
    launch(office, hr)
    chain.people()
    becky, ids = chain.seen["ids"]["Becky"], chain.seen["ids"]

    # Goals: the agent writes and proposes, the leader agrees.
    agent = office.come_in("becky", PASSWORD, viewport=PHONE)
    write_goals(office, agent)
    leader = office.come_in("lead.phones", PASSWORD)
    leader.goto(f"{office.url}/cycles/{CYCLE}/goals/{becky}/")
    leader.click("button:has-text('I agree')")
    expect(leader.locator("main")).to_contain_text("agreed by both")
    chain.agree(but="Becky")
    chain.nominate()
    hr.goto(f"{office.url}/cycles/{CYCLE}/")
    hr.locator("[data-dialog-open=to-rating]").click()
    hr.locator("dialog#to-rating button[type=submit]").click()
    expect(hr.locator("[data-dialog-open=to-rating]")).to_have_count(0)

    # The leader: pairs by key; the forms of the scale by REST.
    compare(office, leader)
    chain.compare(["lead.chats"])
    chain.judge()
    chain.note()

    # The agent on a phone: oneself, a colleague, progress in two taps.
    asked = chain.ask("becky", "GET", "voices/?limit=100", 200)["results"]
    own = next(each["id"] for each in asked if each["employee"] == becky)
    other = next(each["id"] for each in asked if each["employee"] != becky)
    for invitation in (own, other):
        answer(office, agent, f"{office.url}/voices/{invitation}/", "Hand in")
    agent.goto(f"{office.url}/goals/")
    for place, goal in enumerate(goals_of("Becky")):
        fold = agent.locator("details.check-in-fold").nth(place)
        fold.locator("summary").click()
        fold.locator("input[name=value_1]").fill(str(goal.reached))
        fold.get_by_role("button", name="on track").click()
        reached = as_shown(100 * min(goal.reached / goal.target, 1.2), 0)
        expect(agent.locator("main")).to_contain_text(f"{reached}%")
    chain.check_in()

    # Customers, without an account.
    runs.drain_outbox()
    links = sorted({found.group(1) for letter in mail.outbox for found in LINK.finditer(str(letter.body))})
    assert len(links) == MINIMUM
    customer = office.new_context(viewport=PHONE).new_page()
    for link in links:
        answer(office, customer, office.url + link, "Send")
        expect(customer.locator("body")).to_contain_text("Thank you")
    customer.goto(office.url + links[0])
    expect(customer.locator("form [name=level-helping]")).to_have_count(0)  # used up
    chain.answer_voices()

    # HR: closes the 360, computes, releases.
    hr.goto(f"{office.url}/cycles/{CYCLE}/voices/voices/")
    office.look(hr, "round")
    hr.locator("[data-dialog-open=close]").click()
    hr.locator("dialog#close button[type=submit]").click()
    expect(hr.locator("[data-dialog-open=close]")).to_have_count(0)
    hr.goto(f"{office.url}/cycles/{CYCLE}/")
    hr.get_by_role("button", name="Compute scores").first.click()
    office.wait()
    hr.goto(f"{office.url}/cycles/{CYCLE}/")
    hr.locator("[data-dialog-open=release]").click()
    hr.locator("dialog#release button[type=submit]").click()
    expect(hr.locator("main")).to_contain_text("The results are open")

    # Published: computed again, and read by the agent without another name.
    explanations = chain.explanations()
    for explanation in explanations.values():
        assert_recomputes(explanation)
    office.where_i_stand(agent)
    main = agent.locator("main")
    expect(main).to_contain_text(as_shown(explanations["Becky"]["score"], 1))
    for words in ("Team's scorecard", "Many voices", "In pairs", "Objectives"):
        expect(main).to_contain_text(words)
    for name in AGENTS[1:]:
        expect(agent.locator("body")).not_to_contain_text(name)
    agent.get_by_role("link", name="Open the card with its strategy map").click()
    expect(agent.locator(".strategy-list")).to_contain_text("Who waits less is content")
    assert agent.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the phone"
    assert ids["Dan"] != becky
    assert office.faults == []
