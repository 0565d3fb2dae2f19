"""A 360 in a real browser: a colleague on a phone, a customer by the link alone, HR who closes it, the report."""

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
from reviews.models import VoiceDraft
from reviews.services.phases import release_cycle
from reviews.services.voice_invitations import nominate
from reviews.services.voice_links import token_of
from tests.cast import Cast
from tests.reviews.conftest import score
from tests.reviews.voice_world import VoiceWorld, build_voices

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SHOTS = os.environ.get("LAUREL_SHOTS", "")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
HEARD = {0: (4, 3, 5), 1: (3, 3, 4), 2: (4, 2, 4), 3: (3, 3, 5), 4: (4, 4, 4), 5: (2, 3, 5)}
TEXTS = {0: "Stays calm when a caller shouts.", 3: "Explains the bill so that everybody gets it."}


@pytest.fixture
def world(cast: Cast, measured: Any) -> VoiceWorld:
    return build_voices(cast)


def come_in(
    url: str, new_context: Callable[..., BrowserContext], user: User | None, faults: list[str], **how: Any
) -> Page:
    context = new_context(**how)
    context.set_default_timeout(20_000)
    if user is not None:
        client = Client()
        client.force_login(user)
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


def test_a_360_from_the_form_to_the_report(
    live_server: Any, world: VoiceWorld, new_context: Callable[..., BrowserContext]
) -> None:
    faults: list[str] = []
    cast, url = world.cast, live_server.url
    world.ask("peers", [cast.peer])
    world.ask("peers", world.colleagues[:6])
    world.answer_all(HEARD, texts=TEXTS)
    world.answer(cast.agent, (5, 2, 5))
    world.answer(cast.manager, (4, 3, 4))
    customer = nominate(
        actor=cast.manager,
        voices=world.voices,
        participant=world.part(),
        group="customers",
        contact_name="Carla",
        contact_email="carla@example.com",
        language="en",
    )

    phone = come_in(url, new_context, cast.peer, faults, viewport=PHONE)
    phone.goto(f"{url}/voices/")
    look(phone, "list-phone")
    phone.get_by_role("link", name=f"Fill in {cast.agent.name}").click()
    expect(phone.get_by_role("heading", name="Who will see what")).to_be_visible()
    phone.get_by_text("care 4").click()
    phone.get_by_role("button", name="Keep for later").click()
    expect(phone.locator("input[name=level-care][value='4']")).to_be_checked()
    look(phone, "form-phone")
    for item in ("clarity", "help"):
        phone.locator(f"input[name=level-{item}][value='5']").check()
    phone.get_by_role("button", name="Hand in").click()
    expect(phone.get_by_text("Your answer is in.")).to_be_visible()
    assert VoiceDraft.objects.filter(is_submitted=True).count() == 9

    guest = come_in(url, new_context, None, faults, viewport=PHONE)
    guest.goto(f"{url}/customer/{token_of(customer)}/")
    look(guest, "customer-phone")
    for item in ("care", "clarity", "help"):
        guest.locator(f"input[name=level-{item}][value='3']").check()
    guest.get_by_role("button", name="Send").click()
    expect(guest.get_by_role("heading", name="Thank you")).to_be_visible()
    guest.goto(f"{url}/customer/{token_of(customer)}/")
    look(guest, "customer-used")
    expect(guest.get_by_text("has been used")).to_be_visible()

    chief = come_in(url, new_context, cast.manager, faults, viewport=DESKTOP)
    chief.goto(f"{url}/cycles/round/voices/voices/raters/{world.colleagues[0].pk}/")
    look(chief, "raters")
    chief.get_by_role("button", name="Approve what is ticked").click()
    expect(chief.get_by_text("are decided")).to_be_visible()

    hr = come_in(url, new_context, cast.hr, faults, viewport=DESKTOP)
    hr.goto(f"{url}/cycles/round/voices/voices/")
    look(hr, "round")
    hr.get_by_role("button", name="Close the 360").first.click()
    hr.get_by_role("dialog").get_by_role("button", name="Close the 360").click()
    expect(hr.get_by_text("answers count")).to_be_visible()

    score(cast.hr, world.cycle)
    release_cycle(actor=cast.hr, cycle=world.cycle)
    report = f"{url}/cycles/round/voices/voices/report/{cast.agent.pk}/"
    for name, view in (("desktop", DESKTOP), ("phone", PHONE)):
        reader = come_in(url, new_context, cast.agent, faults, viewport=view)
        reader.goto(report)
        expect(reader.get_by_text("Explains the bill")).to_be_visible()
        look(reader, f"report-{name}")
        wide = reader.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"the report on a {name} scrolls sideways"
    if SHOTS:
        User.objects.filter(pk=cast.agent.pk).update(locale="zh-hans")
        User.objects.filter(pk=cast.hr.pk).update(locale="zh-hans")
        for name, view, user, address in (
            ("report-zh", DESKTOP, cast.agent, report),
            ("report-zh-phone", PHONE, cast.agent, report),
            ("standing-zh", DESKTOP, cast.agent, f"{url}/standing/"),
            ("settings-zh", DESKTOP, cast.hr, f"{url}/cycles/round/components/voices/"),
            ("round-zh", DESKTOP, cast.hr, f"{url}/cycles/round/voices/voices/"),
        ):
            page = come_in(url, new_context, user, faults, viewport=view)
            page.goto(address)
            look(page, name)
    assert not faults, faults
