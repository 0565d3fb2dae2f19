"""The fixtures that every browser test stands on: Debian's Chromium, Django's live server, the database of the test."""

from typing import Any

from people.models import Job


def test_page_of_the_live_server_opens(page: Any, live_server: Any) -> None:
    Job.objects.create(code="from-the-test")  # synchronous Django beside Playwright's event loop
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    answer = page.goto(f"{live_server.url}/health/")
    assert answer.status == 200
    assert '"status"' in page.content()
    assert problems == []


def test_sign_in_page_has_styles_and_no_error(page: Any, live_server: Any) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("response", lambda response: response.status >= 400 and problems.append(response.url))
    page.goto(live_server.url)
    assert page.locator("input[type=password]").count() == 1
    assert page.evaluate("document.styleSheets.length") >= 1
    assert problems == []
