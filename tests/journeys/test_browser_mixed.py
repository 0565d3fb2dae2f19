"""The mixed cycle in a real browser: HR launches, two leaders note, judge and order, HR calibrates and releases, an
agent replies and reads; every number that was published is then computed again. Computing runs in process here: real
workers have a journey of their own in test_browser_chain.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, expect

from foundation.runs import services as runs
from people.models import User
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.factories import PASSWORD
from tests.journeys.mixed import (
    AGENTS,
    CHATS,
    CYCLE,
    FIRST,
    INCIDENTS,
    LAST,
    LEADERS,
    NUMBERS,
    ORDERS,
    PHONES,
    TEMPLATE,
    MixedChain,
    assert_as_by_hand,
    assert_recomputes,
    levels_of,
    ratings_by_hand,
)
from tests.journeys.office import PHONE, Office
from tests.journeys.test_browser_chain import as_shown
from tests.journeys.test_rest_chain import InProcess, expected_values
from tests.metrics.calls import MAPPING, Call, calls_csv, make_calls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

COMPLAINTS = "Two complaints in October"


@pytest.fixture
def calls() -> list[Call]:
    return make_calls(AGENTS, count=1_800, first=FIRST, days=31)


@pytest.fixture
def chain(calls: list[Call]) -> MixedChain:
    """People, calls and configuration are there; the cycle itself is the browser's."""
    hr = save_employee(actor=None, name="Hr", login="hr")
    grant_role(actor=None, user=hr, role="hr")
    caller = InProcess()
    caller.admit("hr", "hr")
    made = MixedChain(
        caller=caller,
        wait=lambda run: runs.drain_outbox() and None,
        agents=AGENTS,
        first_day=FIRST,
        last_day=LAST,
        log=("calls.csv", calls_csv(calls)),
        mapping=MAPPING,
        catalogue=(Path(settings.BASE_DIR) / "metrics/catalogue/catalogue.yaml").read_text(encoding="utf-8"),
    )
    made.configure()
    made.staff()
    made.measure()
    for login in ("hr", "becky", *LEADERS):
        user = User.objects.get(login=login)
        user.set_password(PASSWORD)
        user.locale = "en"
        user.save()
    return made


@pytest.fixture
def office(
    live_server: Any, new_context: Callable[..., BrowserContext], chain: MixedChain, tmp_path: Path
) -> Office:
    return Office(
        url=live_server.url,
        new_context=new_context,
        agents=AGENTS,
        first_day=FIRST,
        last_day=LAST,
        log=chain.log,
        folder=tmp_path,
        code="mixed",
        wait=lambda: runs.drain_outbox() and None,
    )


def launch(office: Office, hr: Page) -> None:
    hr.goto(f"{office.url}/cycles/new/")
    hr.select_option("[name=template]", TEMPLATE)
    for name, value in (
        ("code", CYCLE),
        ("name_zh", "综合考核"),
        ("name_en", "Mixed review"),
        ("first_day", FIRST.isoformat()),
        ("last_day", LAST.isoformat()),
    ):
        hr.fill(f"[name={name}]", value)
    hr.locator("main form button[type=submit]").last.click()
    hr.wait_for_url(re.compile(rf"/cycles/{CYCLE}/"))
    office.launch(hr)


def note(office: Office, leader: Page, login: str) -> None:
    for noted in INCIDENTS:
        if noted.by != login:
            continue
        leader.goto(f"{office.url}/incidents/new/")
        leader.select_option("[name=employee]", label=noted.about)
        leader.check(f"[name=is_good][value={'good' if noted.is_good else 'bad'}]", force=True)
        leader.select_option("[name=behaviour]", noted.behaviour)
        leader.check(f"[name=strength][value={noted.strength}]", force=True)
        leader.fill("[name=text]", noted.text)
        leader.fill("[name=happened_on]", "2025-10-15")
        office.look(leader, f"incident-{login}")
        leader.locator("main form button[type=submit]").click()
        expect(leader.locator("main")).to_contain_text(noted.text)


def judge(office: Office, leader: Page, component: str, names: list[str]) -> None:
    """Level after level by keyboard, row by row; the comment where a low level asks for one."""
    leader.goto(f"{office.url}/scoring/{CYCLE}/{component}/")
    rows = leader.locator("tr[data-row]")
    expect(rows).to_have_count(len(names))
    for row in rows.all():
        name = row.locator(".person-name").first.inner_text()
        levels = [level for (of, _item), level in levels_of(name).items() if of == component]
        for place, level in enumerate(levels):
            row.locator("td[data-kind=score] input[type=text]").nth(place).fill(str(level))
        if component == "conduct" and 1 in levels:
            row.locator("textarea").fill(COMPLAINTS)
    leader.keyboard.press("Tab")
    office.all_saved(leader)
    office.look(leader, f"grid-{component}")
    office.submit(leader)


def order(office: Office, leader: Page, groups: list[list[str]]) -> None:
    """With the arrow keys, as the page says; "=" shares the place of the row above."""
    leader.goto(f"{office.url}/ordering/{CYCLE}/order/")
    wanted = [name for group in groups for name in group]
    row = leader.locator("[data-person]")
    expect(row).to_have_count(len(wanted))
    for place, name in enumerate(wanted):
        own = leader.locator(f"[data-person][data-name='{name}']")
        names = [str(each.get_attribute("data-name")) for each in row.all()]
        own.focus()
        for _step in range(names.index(name) - place):
            leader.keyboard.press("ArrowUp")
    for group in groups:
        for name in group[1:]:
            leader.locator(f"[data-person][data-name='{name}']").focus()
            leader.keyboard.press("=")
    expect(leader.locator("[data-order-state]")).to_contain_text("Saved", timeout=15_000)
    assert [str(each.get_attribute("data-name")) for each in row.all()] == wanted
    office.look(leader, "ordering")
    leader.locator("[data-dialog-open=submit]").click()
    leader.locator("dialog#submit button[type=submit]").click()
    expect(leader.locator("[data-dialog-open=submit]")).to_have_count(0)


def compute(office: Office, hr: Page, button: str) -> None:
    hr.goto(f"{office.url}/cycles/{CYCLE}/")
    hr.get_by_role("button", name=button).first.click()
    office.wait()
    hr.goto(f"{office.url}/cycles/{CYCLE}/")
    expect(
        hr.locator("[data-dialog-open=release]").or_(hr.get_by_text("On to Calibration").first).first
    ).to_be_visible()


def enter(office: Office, hr: Page, name: str, item: str, points: str, reason: str, evidence: str) -> None:
    hr.goto(f"{office.url}/cycles/{CYCLE}/entries/")
    hr.fill("[name=employee_number]", NUMBERS[name])
    hr.select_option("[name=item]", item)
    hr.fill("[name=points]", points)
    hr.fill("[name=reason]", reason)
    hr.fill("[name=evidence]", evidence)
    hr.get_by_role("button", name="Note it").click()
    expect(hr.locator("main table")).to_contain_text(reason)


def test_a_mixed_cycle_from_launch_to_released_results_in_a_browser(
    office: Office, chain: MixedChain, calls: list[Call]
) -> None:
    hr = office.come_in("hr", PASSWORD)
    launch(office, hr)

    # Two leaders: what they noted, two forms, an order.
    leaders = {login: office.come_in(login, PASSWORD) for login in LEADERS}
    for login, leader in leaders.items():
        names = PHONES if login == "lead.phones" else CHATS
        note(office, leader, login)
        judge(office, leader, "conduct", names)
        judge(office, leader, "skills", names)
        order(office, leader, ORDERS[login])
        leader.goto(f"{office.url}/scoring/")
        expect(leader.locator("h1")).to_have_text("Nothing is due")

    # The agent reads at once what was noted, and replies; a phone, in Chinese.
    agent = office.come_in("becky", PASSWORD, language="zh-hans", viewport=PHONE)
    agent.goto(f"{office.url}/record/")
    expect(agent.locator(".incident-list > li")).to_have_count(2)
    agent.locator(".incident-list > li", has_text="Called back a day late").get_by_role(
        "link", name="回复"
    ).click()
    agent.fill("[name=text]", "客户要求第二天回电")
    agent.locator("main form button[type=submit]").click()
    expect(agent.locator("main")).to_contain_text("客户要求第二天回电")
    agent.context.close()

    # Computed: shares in Hall One, cut-offs in Hall Two.
    compute(office, hr, "Compute scores")
    found = chain.results("hr")
    scores = {name: each["score"] for name, each in found.items()}
    expected = ratings_by_hand(scores)
    assert {name: each["rating"] for name, each in found.items()} == expected

    # Calibration: a leader proposes, HR moves as proposed, an idea is rewarded, a red line crossed.
    hr.locator("[data-dialog-open=to-calibration]").click()
    hr.locator("dialog#to-calibration button[type=submit]").click()
    expect(hr.locator("[data-dialog-open=to-calibration]")).to_have_count(0)
    best_first = sorted(PHONES, key=lambda name: -scores[name])
    middle = best_first[2]
    leader = leaders["lead.phones"]
    leader.goto(f"{office.url}/cycles/{CYCLE}/calibration/")
    expect(leader.locator("main")).not_to_contain_text("Cleo")
    leader.get_by_role("link", name=f"Move {middle} to Excellent").click()
    leader.fill("[name=reason]", "Carried the busiest week of the team")
    office.look(leader, "proposal")
    leader.get_by_role("button", name="Propose to HR").click()
    expect(leader.locator("main")).to_contain_text("Carried the busiest week of the team")
    enter(office, hr, "Cleo", "idea", "2.5", "Refund guide in use", "")
    enter(office, hr, best_first[0], "breach:privacy", "", "Named an address", "Recording of 12 October")
    office.look(hr, "entries")
    hr.goto(f"{office.url}/cycles/{CYCLE}/calibration/")
    office.look(hr, "calibration")
    proposal = hr.locator("li", has_text="Carried the busiest week of the team").first
    proposal.locator("[name=reason]").fill("Agreed by the panel")
    proposal.get_by_role("button", name="Move as proposed").click()
    expect(hr.locator("main")).to_contain_text("Agreed by the panel")
    compute(office, hr, "Compute again")
    hr.locator("[data-dialog-open=release]").click()
    hr.locator("dialog#release button[type=submit]").click()
    expect(hr.locator("main")).to_contain_text("The results are open")
    office.look(hr, "released")

    # What the pages published is what the explanations recompute to.
    scores["Cleo"] += 2.5
    wanted = expected | {middle: "A", best_first[0]: "B", "Cleo": ratings_by_hand(scores)["Cleo"]}
    explanations = chain.explanations()
    assert {name: each["rating"] for name, each in explanations.items()} == wanted
    for name, explanation in explanations.items():
        assert_recomputes(explanation)
        assert_as_by_hand(explanation, expected_values(calls, name), 2.5 if name == "Cleo" else 0.0)
    bands = {"A": "Excellent", "B": "Meets standard", "C": "Needs improvement"}
    hr.goto(f"{office.url}/cycles/{CYCLE}/results/")
    rows = {
        row.locator(".person-name").inner_text(): row.inner_text()
        for row in hr.locator("main tbody tr").all()
    }
    assert [name for name in AGENTS if bands[wanted[name]] not in rows[name]] == []

    # The agent reads the own result down to the incident and the place among the others, and nobody else's.
    agent = office.come_in("becky", PASSWORD, language="zh-hans", viewport=PHONE)
    office.where_i_stand(agent)
    main = agent.locator("main")
    expect(main).to_contain_text(as_shown(explanations["Becky"]["score"], 1))
    for words in ("行为记录", "按约回拨", "专业能力", "组内排名"):
        expect(main).to_contain_text(words)
    for other in AGENTS[1:]:
        expect(agent.locator("body")).not_to_contain_text(other)
    assert agent.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the phone"
    assert office.faults == []
