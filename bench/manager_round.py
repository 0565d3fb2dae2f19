"""python -m bench.manager_round http://127.0.0.1:8000 manager2: how many minutes a manager's month takes.

Does a whole round of scoring in a browser against a running demonstration: from the queue through every cell of the
grid, each with its evidence opened, to the dialog before handing in (which is not confirmed, so the round can be
repeated), then opens the feedback of everybody in the latest released cycle. Nothing is guessed but the person: every
click, key and word is counted on the pages as they are, and turned into seconds by a published model.

The person: keystroke-level model of Card, Moran and Newell (1980): K 0.28 s a key (average non-secretary), P 1.1 s to
point, B 0.2 s to click, H 0.4 s from keyboard to mouse, M 1.35 s to make up one's mind about a step. Reading: 238 words
a minute (silent reading of English non-fiction, Brysbaert 2019). WEIGH is what no model gives: the time to weigh a
judgement once the evidence is read; it is stated apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import sync_playwright

from tests.browsers import BROWSER_ARGUMENTS, find_browser

K, P, B, H, M = 0.28, 1.1, 0.2, 0.4, 1.35
WORDS_A_MINUTE = 238
WEIGH = 5.0
SUGGESTION = 60  # characters of one suggestion
DAY = 8  # keys of a date
TEAM = 15
SHOWS_OTHER_TEXT = """before => {
    const panel = document.getElementById("evidence");
    return !panel.classList.contains("htmx-request") && panel.innerText !== before;
}"""


@dataclass
class Effort:
    clicks: int = 0
    keys: int = 0
    words: int = 0
    choices: int = 0  # steps that one has to make up one's mind about
    judgements: int = 0

    def click(self) -> None:
        self.clicks += 1
        self.choices += 1

    @property
    def seconds(self) -> float:
        hands = self.clicks * (H + P + B) + self.keys * K
        return hands + self.choices * M + self.words / WORDS_A_MINUTE * 60 + self.judgements * WEIGH


def words_of(text: str) -> int:
    return len(text.split())


def score(page: Any, base: str) -> tuple[Effort, int, int]:
    """One grid from the queue to the dialog; the effort, the people and the items."""
    effort = Effort()
    page.goto(f"{base}/scoring/")
    effort.words += words_of(page.locator("h1").inner_text())
    page.locator(".page-actions a.btn-primary").click()
    effort.click()
    page.wait_for_load_state("networkidle")
    rows = page.locator("tr[data-row]")
    people = rows.count()
    items = rows.first.locator("td[data-kind=score]").count()
    for place in range(people):
        row = rows.nth(place)
        effort.words += words_of(row.locator("th").inner_text()) + sum(
            words_of(text) for text in row.locator(".grid-fact").all_inner_texts()
        )
        read: set[str] = set()
        before = page.locator("#evidence").inner_text() if place else ""
        for item in range(items):
            cell = row.locator("td[data-kind=score] input[type=text]").nth(item)
            cell.focus()  # which the arrow key has done already but for the first one
            with contextlib.suppress(PlaywrightTimeoutError):  # two items may have the same evidence
                page.wait_for_function(SHOWS_OTHER_TEXT, arg=before, timeout=5_000)
            before = page.locator("#evidence").inner_text()
            lines = set(before.split("\n")) - read
            read |= lines  # what stands there for each item of one person is read once
            effort.words += sum(words_of(line) for line in lines)
            page.keyboard.press("4" if (place + item) % 3 else "3")
            page.keyboard.press("ArrowRight" if item + 1 < items else "Enter")
            effort.keys += 2
            effort.choices += 1
            effort.judgements += 1
    page.wait_for_load_state("networkidle")
    page.locator("[data-dialog-open=submit]").click()
    effort.click()
    page.wait_for_load_state("networkidle")
    effort.words += words_of(page.locator("dialog#submit").inner_text())
    effort.click()  # the button of the dialog; not pressed here
    return effort, people, items


def advise(page: Any, base: str) -> tuple[Effort, int, int]:
    """The feedback of the latest released cycle: its numbers read, one suggestion with a day for each weak point."""
    effort = Effort()
    page.goto(f"{base}/scoring/")
    found = page.locator("main a[href*='/feedback/'], main a[href*='/results/']").evaluate_all(
        "links => links.map(link => new URL(link.href).pathname)"
    )
    people = weak = 0
    for address in dict.fromkeys(found):
        page.goto(base + address.replace("/results/", "/feedback/"))
        links = page.locator("main tbody th a").evaluate_all(
            "all => all.map(each => new URL(each.href).pathname)"
        )
        if not links:
            continue
        for link in links:
            page.goto(base + link)
            effort.click()
            effort.words += sum(
                words_of(text) for text in page.locator("main .form-section").all_inner_texts()
            )
            count = (
                page.locator("main section")
                .filter(has=page.locator("[name$=suggestion]"))
                .locator("[name$=suggestion]")
                .count()
            )
            people, weak = people + 1, weak + count
            effort.keys += count * (SUGGESTION + DAY)
            effort.choices += count
            effort.judgements += count
            if count:
                effort.click()
        break
    return effort, people, weak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("login")
    parser.add_argument("--password", default="laurel-demo")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB").new_page()
        page.goto(f"{given.base}/sign-in/")
        page.fill("[name=username]", given.login)
        page.fill("[name=password]", given.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "/sign-in/" not in address)
        english = page.get_by_role("button", name="English", exact=True)
        if english.first.is_visible():
            english.first.click()
            page.wait_for_load_state("networkidle")
        scoring, people, items = score(page, given.base)
        feedback, advised, weak = advise(page, given.base)
        browser.close()
    for name, effort, size, count in (
        ("scoring", scoring, people, items),
        ("feedback", feedback, advised, weak),
    ):
        minutes = effort.seconds / 60
        print(
            json.dumps(
                {
                    "part": name,
                    "people": size,
                    "items or weak points": count,
                    **asdict(effort),
                    "minutes": round(minutes, 1),
                    "minutes weighing": round(effort.judgements * WEIGH / 60, 1),
                    f"minutes for {TEAM}": round(minutes / size * TEAM, 1) if size else None,
                }
            )
        )


if __name__ == "__main__":
    main()
