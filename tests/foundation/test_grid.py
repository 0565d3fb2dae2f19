"""The scoring grid in a real browser: saving, a lost connection, two people at one cell. The server is played here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


class Server:
    """Keeps cells as the contract at the top of frontend/scripts/grid.js says, and can be out of order."""

    def __init__(self) -> None:
        self.cells: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.trouble: str | None = None

    def answer(self, route: Route) -> None:
        if self.trouble == "offline":
            route.abort("internetdisconnected")
            return
        if self.trouble == "broken":
            route.fulfill(status=500)
            return
        name = "/".join(route.request.url.split("/")[-2:])
        body = json.loads(route.request.post_data or "{}")
        self.requests.append({"headers": route.request.headers, "method": route.request.method, "body": body})
        cell = self.cells.setdefault(name, {"version": 1, "value": None})
        if str(body["version"]) != str(cell["version"]):
            route.fulfill(status=409, json=cell | {"saved_by": "Zhang"})
            return
        cell |= {"version": cell["version"] + 1, "value": body["value"]}
        if self.trouble == "answer lost":
            route.abort("connectionreset")
            return
        done = 6 + sum(kept["value"] is not None for kept in self.cells.values())
        progress = {"done": done, "total": 15}
        route.fulfill(json=cell | {"saved_at": "2025-11-24T10:42:07+08:00", "progress": progress})

    def change(self, name: str, value: str) -> None:
        version = self.cells.get(name, {"version": 1})["version"]
        self.cells[name] = {"version": version + 1, "value": value}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def grid(page: Page, live_server: Any, server: Server) -> Iterator[Page]:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    page.route("**/styleguide/cell/**", server.answer)
    page.route(
        "**/styleguide/evidence/**", lambda route: route.fulfill(body=f"<p>{route.request.url[-6:]}</p>")
    )
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}/styleguide/")
    yield page
    assert faults == []


def state(grid: Page) -> Any:
    return grid.locator("[data-grid-state]")


def score(grid: Page, person: int) -> Any:
    return grid.locator(f"input[name=care-{person}]")


def test_digits_score_arrows_move_and_all_is_saved(grid: Page, server: Server) -> None:
    score(grid, 2).click()
    grid.keyboard.press("5")
    grid.keyboard.press("Enter")
    expect(score(grid, 3)).to_be_focused()
    grid.keyboard.press("3")
    grid.keyboard.press("ArrowRight")
    expect(grid.locator("select[name=skill-3]")).to_be_focused()
    grid.keyboard.press("2")
    grid.keyboard.press("ArrowRight")
    grid.keyboard.type("calm, and clear")
    grid.keyboard.press("Enter")
    expect(grid.locator("[data-grid-progress]")).to_contain_text("10 of 15 done · about 8 minutes left")
    expect(state(grid)).to_contain_text("All saved")
    assert {name: cell["value"] for name, cell in server.cells.items()} == {
        "2/care": "5",
        "3/care": "3",
        "3/skill": "2",
        "3/comment": "calm, and clear",
    }
    first = server.requests[0]
    assert first["method"] == "PUT"
    assert first["body"] == {"value": "5", "version": "1"}
    assert first["headers"]["if-match"] == '"1"'
    assert first["headers"]["x-csrftoken"]
    assert grid.evaluate("localStorage.length") == 0


def test_a_score_off_the_scale_is_not_sent(grid: Page, server: Server) -> None:
    score(grid, 2).click()
    grid.keyboard.press("7")
    expect(grid.locator(".cell-message")).to_have_text("Enter a whole number from 1 to 5.")
    expect(score(grid, 2)).to_have_value("")
    assert server.requests == []


def test_escape_brings_back_what_stood_there(grid: Page, server: Server) -> None:
    score(grid, 0).click()
    grid.keyboard.press("1")
    expect(state(grid)).to_contain_text("All saved")
    grid.keyboard.press("Escape")
    expect(score(grid, 0)).to_have_value("4")
    grid.wait_for_function("localStorage.length === 0")
    assert server.cells["0/care"]["value"] == "4"


def test_a_lost_connection_loses_nothing(grid: Page, server: Server) -> None:
    server.trouble = "offline"
    score(grid, 2).click()
    grid.keyboard.press("5")
    expect(state(grid)).to_contain_text("One change is kept on this device")
    server.trouble = None
    expect(state(grid)).to_contain_text("All saved", timeout=10000)
    assert server.cells["2/care"] == {"version": 2, "value": "5"}


def test_what_was_typed_survives_a_reload(grid: Page, server: Server) -> None:
    server.trouble = "broken"
    comment = grid.locator("textarea[name=comment-2]")
    comment.click()
    grid.keyboard.type("half a sent")
    expect(state(grid)).to_contain_text("will be tried again")
    grid.on("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    server.trouble = None
    grid.reload()
    expect(comment).to_have_value("half a sent")
    expect(state(grid)).to_contain_text("All saved", timeout=10000)
    assert server.cells["2/comment"]["value"] == "half a sent"


@pytest.mark.parametrize(("choice", "kept"), [("mine", "2"), ("theirs", "5")])
def test_a_stale_save_is_refused_and_both_are_shown(
    grid: Page, server: Server, choice: str, kept: str
) -> None:
    server.change("1/care", "5")
    score(grid, 1).click()
    grid.keyboard.press("2")
    dialog = grid.locator("#grid-conflict")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[data-conflict-mine]")).to_have_text("2")
    expect(dialog.locator("[data-conflict-theirs]")).to_have_text("5")
    assert server.cells["1/care"]["value"] == "5"
    dialog.locator(f"[data-conflict-choice={choice}]").click()
    expect(score(grid, 1)).to_have_value(kept)
    expect(state(grid)).to_contain_text("All saved")
    assert server.cells["1/care"]["value"] == kept


def test_a_save_whose_answer_was_lost_is_no_conflict(grid: Page, server: Server) -> None:
    server.trouble = "answer lost"
    score(grid, 2).click()
    grid.keyboard.press("3")
    expect(state(grid)).to_contain_text("kept on this device")
    server.trouble = None
    expect(state(grid)).to_contain_text("All saved", timeout=10000)
    expect(grid.locator("#grid-conflict")).not_to_be_visible()
    assert server.cells["2/care"] == {"version": 2, "value": "3"}


def test_evidence_of_the_focused_cell_opens(grid: Page) -> None:
    score(grid, 1).click()
    expect(grid.locator("#evidence")).to_have_text("1/care")


def test_charts_are_drawn_under_the_security_policy(grid: Page) -> None:
    expect(grid.locator("[data-chart-drawing] svg").first).to_be_visible()
    assert grid.locator("[data-chart-drawing] svg").count() == grid.locator("[data-chart]").count()


def test_nothing_is_wider_than_a_phone(grid: Page) -> None:
    grid.set_viewport_size({"width": 390, "height": 844})
    assert grid.evaluate("document.documentElement.scrollWidth") <= 390
    grid.locator("tr[data-row]").nth(4).locator('[data-level="4"]').first.click()
    expect(score(grid, 4)).to_have_value("4")
