"""360 in the browser and by REST: each kind of rater, the customer's link, closing, the report."""

from __future__ import annotations

import datetime
import re
import secrets
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from foundation.runs.models import OutboxMessage
from reviews.models import VoiceAnswer, VoiceDraft, VoiceInvitation
from reviews.services.phases import release_cycle
from reviews.services.voice_invitations import nominate, remove_rater
from reviews.services.voice_links import invitation_of, link_of, token_of
from reviews.services.voice_mails import mail_customer
from reviews.services.voice_rounds import close_round, reopen_round
from reviews.tasks import mail_customer as mail_task
from tests.cast import Cast
from tests.reviews.conftest import score
from tests.reviews.voice_world import ITEMS, VoiceWorld, build_voices

pytestmark = pytest.mark.django_db

FULL = {f"level-{item}": "4" for item in ITEMS}


@pytest.fixture
def world(cast: Cast, measured: Any) -> VoiceWorld:
    return build_voices(cast)


@pytest.fixture
def customer(world: VoiceWorld) -> VoiceInvitation:
    return nominate(
        actor=world.cast.manager,
        voices=world.voices,
        participant=world.part(),
        group="customers",
        contact_name="Carla",
        contact_email="carla@example.com",
        language="en",
    )


def signed_in(client: Client, person: Any) -> Client:
    client.force_login(person)
    return client


@pytest.fixture(autouse=True)
def in_english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_rater_keeps_and_hands_in(world: VoiceWorld, client: Client) -> None:
    [invitation] = world.ask("peers", [world.cast.peer])
    signed_in(client, world.cast.peer)
    listed = text_of(client.get("/voices/"))
    assert world.cast.agent.name in listed
    page = f"/voices/{invitation.pk}/"
    shown = text_of(client.get(page))
    assert "Fewer than 5 answers of a group" in shown
    assert "care 4" in shown  # the anchor beside the choice
    kept = client.post(page, {"level-care": "4", "text-wishes": "Slower", "version": "0", "action": "save"})
    assert kept.status_code == 302
    again = text_of(client.get(page))
    assert 'value="4" checked' in again
    assert "Slower" in again
    wrong = client.post(page, {"level-care": "5", "version": "1", "action": "submit"})
    assert wrong.status_code == 422
    assert 'value="5" checked' in text_of(wrong)
    assert client.post(page, {**FULL, "version": "0", "action": "submit"}).status_code == 409
    assert client.post(page, {**FULL, "version": "1", "action": "submit"}).status_code == 302
    assert VoiceDraft.objects.get().is_submitted
    remove_rater(actor=world.cast.hr, invitation_id=invitation.pk, reason="Moved")
    assert "not asked about this person any more" in text_of(client.get(page))
    refused = client.post(page, {**FULL, "version": "2", "action": "submit"})
    assert refused.status_code == 403
    assert not VoiceDraft.objects.exists()


def test_ratee_manager_and_hr_choose_in_the_browser(world: VoiceWorld, client: Client) -> None:
    agent, manager = world.cast.agent, world.cast.manager
    page = f"/cycles/round/voices/voices/raters/{agent.pk}/"
    signed_in(client, agent)
    assert "you may nominate raters" in text_of(client.get("/voices/"))
    assert client.post(page, {"group": "peers", "rater": str(world.cast.outsider.pk)}).status_code == 302
    assert client.post(page, {"group": "peers", "rater": str(agent.pk)}).status_code == 422
    mine = VoiceInvitation.objects.filter(participant=world.part(), state="proposed").order_by("pk")[0]
    assert client.post(f"/voices/{mine.pk}/withdraw/").status_code == 302
    signed_in(client, manager)
    assert agent.name in text_of(client.get("/voices/"))
    listed = text_of(client.get(page))
    assert "Approve what is ticked" in listed
    waiting = VoiceInvitation.objects.filter(participant=world.part(), state__in=["proposed", "nominated"])
    ids = [str(each.pk) for each in waiting]
    client.post(f"{page}decide/", {"shown": ids, "approve": ids[:-1], "reason": "Not close"})
    assert VoiceInvitation.objects.filter(pk__in=ids, state="approved").count() == len(ids) - 1
    assert client.post(f"/voices/{ids[0]}/remove/", {"reason": "Moved"}).status_code == 302
    assert client.post(f"/voices/{ids[0]}/explode/", {}).status_code == 404
    assert f"/voices/{ids[1]}/replace/" in text_of(client.get(page))
    signed_in(client, world.cast.hr)
    cockpit = text_of(client.get("/cycles/round/"))
    assert "/cycles/round/voices/voices/" in cockpit
    assert client.get("/cycles/round/completion/").status_code == 200
    overview = text_of(client.get("/cycles/round/voices/voices/"))
    assert "smallest group 5" in overview
    for step in ("approve", "remind", "leavers"):
        assert client.post(f"/cycles/round/voices/voices/do/{step}/").status_code == 302
    lower = client.post(
        "/cycles/round/voices/voices/do/minimum/", {"minimum": "3", "reason": "x"}, follow=True
    )
    assert "can only rise" in text_of(lower)
    assert world.voices.minimum == 5


def test_one_rater_is_replaced_on_a_page(world: VoiceWorld, client: Client) -> None:
    """By the manager and by HR; what the one before wrote goes with them, nobody else's answer is touched."""
    first, second, *_rest = world.ask("peers", world.colleagues[:6])
    world.answer(world.colleagues[0], (5, 5, 5), strengths="Speaks plainly")
    world.answer(world.colleagues[1], (4, 4, 4), strengths="Of another")
    page, new = f"/voices/{first.pk}/replace/", world.colleagues[8]
    for stranger in (world.cast.agent, world.colleagues[0], world.cast.other_manager):
        signed_in(client, stranger)
        body = {"rater": str(new.pk), "reason": "Moved"}
        assert client.post(page, body).status_code in (403, 404)
    assert VoiceDraft.objects.count() == 2
    signed_in(client, world.cast.manager)
    shown = text_of(client.get(page))
    assert new.name in shown
    assert world.colleagues[1].name not in shown  # is asked already
    assert "Speaks plainly" not in shown
    for body, words in (
        ({"rater": "", "reason": "Moved"}, "Choose"),
        ({"rater": str(world.cast.agent.pk), "reason": "Moved"}, ""),
        ({"rater": str(world.colleagues[1].pk), "reason": "Moved"}, "already"),
        ({"rater": str(new.pk), "reason": " "}, "reason"),
    ):
        refused = client.post(page, body)
        assert refused.status_code == 422, body
        assert words.lower() in text_of(refused).lower()
        assert VoiceDraft.objects.count() == 2
    done = client.post(page, {"rater": str(new.pk), "reason": "Moved"}, follow=True)
    assert f"{new.name} answers in place of" in text_of(done)
    first.refresh_from_db()
    assert (first.state, first.replaced_by.rater) == ("replaced", new)
    assert [each.texts["strengths"] for each in VoiceDraft.objects.all()] == ["Of another"]
    assert "cannot be replaced" in text_of(client.get(page))
    signed_in(client, world.cast.hr)
    again = f"/voices/{second.pk}/replace/"
    body = {"rater": str(world.colleagues[9].pk), "reason": "Long leave"}
    assert client.post(again, body).status_code == 302
    close_round(actor=world.cast.hr, cycle=world.cycle, component="voices")
    late = client.post(f"/voices/{first.replaced_by.pk}/replace/", {**body, "rater": str(world.cast.peer.pk)})
    assert late.status_code == 409
    assert "closed" in text_of(late)


def test_from_closing_to_the_report_in_the_browser(world: VoiceWorld, client: Client) -> None:
    world.ask("peers", world.colleagues[:6])
    world.answer(world.cast.agent, (5, 2, 4))
    world.answer_all(dict.fromkeys(range(6), (2, 5, 4)), texts={2: "Explains calmly"})
    signed_in(client, world.cast.hr)
    closed = client.post("/cycles/round/voices/voices/do/close/", follow=True)
    assert "7 answers count" in text_of(closed)
    score(world.cast.hr, world.cycle)
    release_cycle(actor=world.cast.hr, cycle=world.cycle)
    signed_in(client, world.cast.agent)
    report = f"/cycles/round/voices/voices/report/{world.cast.agent.pk}/"
    standing = text_of(client.get("/standing/"))
    assert report in standing
    shown = text_of(client.get(report))
    for words in ("Blind spot", "Hidden strength", "Explains calmly", "they agree"):
        assert words in shown
    signed_in(client, world.cast.manager)
    assert client.get(f"/cycles/round/results/{world.cast.agent.pk}/").status_code == 200
    assert client.get(report).status_code == 200
    signed_in(client, world.cast.outsider)
    assert client.get(report).status_code == 404


# The customer's link ----------------------------------------------------------------------------------------------


def test_a_customer_answers_once_without_an_account(
    world: VoiceWorld, customer: VoiceInvitation, client: Client
) -> None:
    [message] = OutboxMessage.objects.filter(topic="voice.asked")
    assert message.payload == {"invitation_id": customer.pk}
    mail_task(customer.pk)
    [sent] = mail.outbox
    assert sent.to == ["carla@example.com"]
    link = next(line for line in sent.body.splitlines() if "/customer/" in line).strip()
    assert link == link_of(customer)
    path = "/" + link.split("/", 3)[3]
    page = client.get(path)
    assert page.status_code == 200
    assert page["X-Robots-Tag"].startswith("noindex")
    assert world.cast.agent.name in text_of(page)
    assert "How was working with" in text_of(page)
    half = client.post(path, {"level-care": "5", "text-wishes": "Call back"})
    assert half.status_code == 422
    assert "Call back" in text_of(half)
    assert not VoiceDraft.objects.exists()
    assert client.post(path, {**FULL, "text-wishes": "Call back"}).status_code == 200
    for answer in (client.get(path), client.post(path, FULL)):
        assert answer.status_code == 403
        assert "has been used" in text_of(answer)
    assert VoiceDraft.objects.count() == 1
    assert mail_customer(customer.pk) is False


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("self-made", 404, "not one of ours"),
        ("of another invitation", 404, "not one of ours"),
        ("renewed", 404, "not one of ours"),
        ("expired", 403, "has expired"),
        ("removed", 403, "not asked about this person"),
        ("closed", 403, "is closed"),
        ("before the scores", 403, "rating phase"),
    ],
)
def test_links_that_open_nothing(
    world: VoiceWorld, customer: VoiceInvitation, client: Client, how: str, status: int, words: str
) -> None:
    token = token_of(customer)
    if how == "self-made":
        token = token[:-3] + "abc"
    elif how == "of another invitation":
        own = VoiceInvitation.objects.filter(group="self")[0]
        token = token_of(own)
    elif how == "renewed":
        VoiceInvitation.objects.filter(pk=customer.pk).update(nonce="another")
    elif how == "expired":
        VoiceInvitation.objects.filter(pk=customer.pk).update(
            expires_on=timezone.localdate() - datetime.timedelta(days=1)
        )
    elif how == "removed":
        remove_rater(actor=world.cast.manager, invitation_id=customer.pk, reason="Wrong address")
    elif how == "closed":
        close_round(actor=world.cast.hr, cycle=world.cycle, component="voices")
    else:
        world.cycle.phase = "collection"
        world.cycle.save()
    for answer in (client.get(f"/customer/{token}/"), client.post(f"/customer/{token}/", FULL)):
        assert answer.status_code == status
        assert words in text_of(answer)
        assert world.cast.agent.name not in text_of(answer)
    assert not VoiceDraft.objects.exists()
    assert not VoiceAnswer.objects.exists()


def test_trying_links_is_slowed_down(world: VoiceWorld, client: Client, settings: Any) -> None:
    settings.CUSTOMER_TRIES = 5
    address = f"2001:db8::{secrets.randbelow(2**16):x}:{secrets.randbelow(2**16):x}"
    answers = [
        client.get(f"/customer/guess{number}/", REMOTE_ADDR=address).status_code for number in range(6)
    ]
    assert answers == [404] * 5 + [429]
    assert client.get("/customer/guess/", REMOTE_ADDR="192.0.2.1").status_code == 404


def test_a_link_stays_the_same_for_the_same_invitation(customer: VoiceInvitation) -> None:
    assert invitation_of(token_of(customer)) == customer


# REST -------------------------------------------------------------------------------------------------------------


def test_the_whole_by_rest(world: VoiceWorld, client: Client) -> None:
    [invitation, *_rest] = world.ask("peers", [world.cast.peer, *world.colleagues[:5]])
    world.answer_all(dict.fromkeys(range(5), (4, 4, 4)))
    base = "/api/v1/cycles/round/voices/voices"

    def send(person: Any, method: str, path: str, body: Any = None) -> Any:
        signed_in(client, person)
        return (
            getattr(client, method)(path, body, content_type="application/json")
            if body is not None
            else (getattr(client, method)(path))
        )

    listed = send(world.cast.peer, "get", "/api/v1/voices/").json()["results"]
    assert world.cast.agent.pk in {each["employee"] for each in listed}
    own = f"/api/v1/voices/{invitation.pk}/"
    levels = {"care": 5, "clarity": "not_observed", "help": "3"}
    saved = send(
        world.cast.peer,
        "put",
        own,
        {"levels": levels, "texts": {"wishes": "More"}, "version": 0, "submit": True},
    )
    assert saved.status_code == 200, saved.content
    assert saved.json()["levels"] == {"care": 5, "clarity": None, "help": 3}
    stale = send(world.cast.peer, "put", own, {"levels": levels, "texts": {}, "version": 0})
    assert (stale.status_code, stale.json()["code"]) == (409, "voice_stale")
    overview = send(world.cast.hr, "get", f"{base}/").json()
    [mine] = [each for each in overview["employees"] if each["employee"] == world.cast.agent.pk]
    assert {"group": "peers", "asked": 6, "answered": 6} in mine["groups"]
    assert "rater" not in str(overview)
    lower = send(world.cast.hr, "post", f"{base}/do/minimum/", {"minimum": 3, "reason": "x"})
    assert (lower.status_code, lower.json()["code"]) == (422, "voices_minimum_falls")
    assert send(world.cast.hr, "post", f"{base}/do/explode/", {}).status_code == 404
    closing = send(world.cast.hr, "post", f"{base}/do/close/", {})
    assert closing.json() == {"count": 6, "left_out": 0}
    late = send(world.cast.peer, "put", own, {"levels": levels, "texts": {}, "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "voices_closed")
    score(world.cast.hr, world.cycle)
    report = send(world.cast.hr, "get", f"{base}/report/{world.cast.agent.pk}/").json()
    assert report["units"][0]["n"] == 6
    assert report["comments"] == {"wishes": {"peers": ["More"]}}
    reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="Late")
    again = send(world.cast.peer, "put", own, {"levels": levels, "texts": {}, "version": 0})
    assert (again.status_code, again.json()["code"]) == (409, "voice_answered")


def test_bodies_that_are_no_form_are_refused(world: VoiceWorld, client: Client) -> None:
    [invitation] = world.ask("peers", [world.cast.peer])
    signed_in(client, world.cast.peer)
    for body in ("[]", "3", "{", '{"levels": 3, "version": 0}', '{"levels": {"care": [1]}, "version": 0}'):
        answer = client.put(f"/api/v1/voices/{invitation.pk}/", body, content_type="application/json")
        assert 400 <= answer.status_code < 500, body
    assert not VoiceDraft.objects.exists()


def test_duties_tell_who_owes_and_who_approves(world: VoiceWorld) -> None:
    from foundation.delivery.duties import duties_of, owing

    today = timezone.localdate()
    world.ask("peers", [world.cast.peer])
    people = {world.cast.peer.pk, world.cast.manager.pk, world.cast.hr.pk}
    assert {world.cast.peer.pk, world.cast.manager.pk} <= owing(today)
    told = duties_of(people, today)
    assert any("for your view" in each.text for each in told[world.cast.peer.pk])
    assert any("Approve the raters" in each.text for each in told[world.cast.manager.pk])
