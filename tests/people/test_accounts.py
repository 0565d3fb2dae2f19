"""Signing in, lock-out, language, passwords, and sessions that end."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from foundation.clients.services.tokens import create_token
from foundation.refusals import Refusal
from people.middleware import PersonMiddleware
from people.models import User
from people.services.accounts import (
    TEMPORARY_PASSWORD_LIFE,
    deactivate_user,
    issue_temporary_password,
    reactivate_user,
    set_password,
)
from people.services.employees import end_employment
from tests.cast import Cast
from tests.factories import PASSWORD, UserFactory

SignIn = Callable[[User], Client]


def post_sign_in(client: Client, username: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("people:sign_in"), {"username": username, "password": password, **more})


@pytest.mark.parametrize(
    "username",
    [
        pytest.param("agent", id="login"),
        pytest.param("AGENT", id="capitals"),
        pytest.param("ａｇｅｎｔ", id="full-width"),
        pytest.param(" agent ", id="blanks around"),
        pytest.param("E0004", id="employee number"),
        pytest.param("e0004", id="employee number in small letters"),
    ],
)
def test_signs_in_by_login_or_number(cast: Cast, client: Client, username: str) -> None:
    response = post_sign_in(client, username)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert int(client.session["_auth_user_id"]) == cast.agent.pk


@pytest.mark.parametrize("who", ["wrong password", "nobody", "inactive", "left", "no password yet"])
def test_refused_with_one_and_the_same_sentence(cast: Cast, client: Client, who: str) -> None:
    UserFactory(login="closed", is_active=False)
    UserFactory(login="fresh", password="!")
    names = {
        "wrong password": ("agent", "not this one"),
        "nobody": ("ghost", PASSWORD),
        "inactive": ("closed", PASSWORD),
        "left": ("leaver", PASSWORD),
        "no password yet": ("fresh", PASSWORD),
    }
    response = post_sign_in(client, *names[who], HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 422
    assert response.context["form"].non_field_errors().as_data()[0].code == "invalid_login"
    assert "_auth_user_id" not in client.session


def test_a_login_comes_before_a_number_of_the_same_spelling(cast: Cast) -> None:
    """The services refuse this; if data has it all the same, nobody signs in as somebody else."""
    user = UserFactory(login="e0005")
    assert authenticate(None, username="E0005", password=PASSWORD) == user


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        pytest.param("/account/", "/account/", id="own page"),
        pytest.param("https://evil.example/", "/", id="another site"),
        pytest.param("//evil.example/", "/", id="another site without scheme"),
        pytest.param("javascript:alert(1)", "/", id="script"),
    ],
)
def test_after_signing_in_only_to_own_pages(cast: Cast, client: Client, address: str, goes: str) -> None:
    assert post_sign_in(client, "agent", next=address)["Location"] == goes


def test_lock_out_is_a_page_that_says_so(cast: Cast, client: Client, settings: Any) -> None:
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    for spelling in ("E0004", "AGENT"):
        assert post_sign_in(client, spelling, "wrong").status_code == 422
    locked = post_sign_in(client, "ａgent", "wrong")  # three names of one login
    assert locked.status_code == 429
    assert "errors/429.html" in [template.name for template in locked.templates]
    assert post_sign_in(client, "agent", PASSWORD).status_code == 429, "also with the right password"
    assert "_auth_user_id" not in client.session
    assert post_sign_in(Client(), "peer").status_code == 302, "nobody else is locked out"


def test_signing_out_is_a_post(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert client.get(reverse("people:sign_out")).status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post(reverse("people:sign_out"))["Location"] == reverse("people:sign_in")
    assert "_auth_user_id" not in client.session


# Sessions that end ---------------------------------------------------------------------------------------------------


def is_let_in(client: Client) -> bool:
    return client.get(reverse("people:account")).status_code == 200


def test_a_deactivated_user_is_out_at_the_next_request(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert is_let_in(client)
    deactivate_user(actor=cast.hr, user=cast.agent)
    response = client.get(reverse("people:account"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("people:sign_in"))
    reactivate_user(actor=cast.hr, user=cast.agent)
    assert is_let_in(client)


def test_the_day_after_the_last_ends_the_session(cast: Cast, sign_in: SignIn) -> None:
    with time_machine.travel(datetime.datetime(2025, 11, 20, 3, tzinfo=datetime.UTC), tick=False):
        client = sign_in(cast.agent)
        end_employment(actor=cast.hr, user=cast.agent, last_day=datetime.date(2025, 11, 20))
        assert is_let_in(client)
    with time_machine.travel(datetime.datetime(2025, 11, 21, 3, tzinfo=datetime.UTC), tick=False):
        assert not is_let_in(client)


def test_hr_neither_closes_its_own_account_nor_the_last_one_of_hr(cast: Cast) -> None:
    for actor, code in ((cast.hr, "own_account"), (None, "last_hr")):
        with pytest.raises(Refusal) as refused:
            deactivate_user(actor=actor, user=cast.hr)
        assert refused.value.code == code
    assert User.objects.get(pk=cast.hr.pk).is_active


# Passwords -----------------------------------------------------------------------------------------------------------


def test_a_temporary_password_must_be_changed_before_anything_else(cast: Cast, sign_in: SignIn) -> None:
    hr, person = sign_in(cast.hr), Client()
    page = hr.post(reverse("people:set_password", args=[cast.agent.pk]))
    temporary = page.context["password"]
    assert "no-store" in page["Cache-Control"]
    assert post_sign_in(person, "agent").status_code == 422, "the old one has gone"
    assert post_sign_in(person, "agent", temporary).status_code == 302
    change = reverse("people:password")
    for address in (
        reverse("home"),
        reverse("people:account"),
        reverse("people:employee", args=[cast.agent.pk]),
    ):
        assert person.get(address)["Location"] == change
    assert person.get("/api/v1/employees/").status_code == 403
    new = "four words of mine"
    refused = person.post(change, {"present": temporary, "password": temporary, "again": "differs"})
    assert refused.status_code == 422
    kept = person.post(change, {"present": temporary, "password": new, "again": new})
    assert (kept.status_code, kept["Location"]) == (302, reverse("home"))
    assert is_let_in(person)
    assert authenticate(None, username="agent", password=temporary) is None


def test_a_temporary_password_takes_the_tokens_back(cast: Cast) -> None:
    token, secret = create_token(actor=cast.agent, name="script", scopes=["results:read"])
    client = Client(headers={"authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/cycles/none/results/").status_code == 404
    issue_temporary_password(actor=cast.hr, user=cast.agent)
    assert client.get("/api/v1/cycles/none/results/").status_code == 401
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_temporary_password_ends(cast: Cast) -> None:
    password = issue_temporary_password(actor=cast.hr, user=cast.agent)
    assert authenticate(None, username="agent", password=password) == cast.agent
    later = timezone.now() + TEMPORARY_PASSWORD_LIFE + datetime.timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        assert authenticate(None, username="agent", password=password) is None


def test_a_new_password_ends_the_other_sessions(cast: Cast, sign_in: SignIn) -> None:
    here, elsewhere = sign_in(cast.agent), sign_in(cast.agent)
    new = "four words of mine"
    here.post(reverse("people:password"), {"present": PASSWORD, "password": new, "again": new})
    assert is_let_in(here)
    assert not is_let_in(elsewhere)


@pytest.mark.parametrize(
    ("present", "password", "code"),
    [
        pytest.param("wrong", "four words of mine", "password_wrong", id="present one is wrong"),
        pytest.param(PASSWORD, "short", "password_weak", id="short"),
        pytest.param(PASSWORD, "password123", "password_weak", id="common"),
    ],
)
def test_passwords_that_are_refused(cast: Cast, present: str, password: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        set_password(actor=cast.agent, present=present, password=password)
    assert refused.value.code == code
    assert User.objects.get(pk=cast.agent.pk).check_password(PASSWORD)


@pytest.mark.parametrize("who", ["payroll", "auditor", "director", "manager", "agent"])
def test_only_hr_hands_over_passwords_and_closes_accounts(cast: Cast, who: str) -> None:
    actor = getattr(cast, who)
    for service in (issue_temporary_password, deactivate_user, reactivate_user):
        with pytest.raises(Refusal) as refused:
            service(actor=actor, user=cast.peer)
        assert refused.value.status == 403
    peer = User.objects.get(pk=cast.peer.pk)
    assert peer.check_password(PASSWORD)
    assert peer.is_active


# Language and time zone ----------------------------------------------------------------------------------------------


def language(response: Any) -> str:
    return response["Content-Language"]


def test_the_language_of_a_stranger(db: None, client: Client) -> None:
    page = reverse("people:sign_in")
    assert language(client.get(page)) == "zh-hans"
    assert language(client.get(page, HTTP_ACCEPT_LANGUAGE="fr")) == "zh-hans"
    assert language(client.get(page, HTTP_ACCEPT_LANGUAGE="en-GB,en;q=0.8")) == "en"
    assert language(client.get(page, HTTP_ACCEPT_LANGUAGE="zh-CN")) == "zh-hans"
    assert language(client.get(page, HTTP_ACCEPT_LANGUAGE=";;,q=x")) == "zh-hans"


def test_ones_own_language_and_the_choice_in_the_interface(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    page = reverse("people:account")
    assert language(client.get(page, HTTP_ACCEPT_LANGUAGE="zh-CN")) == "en", "the person's own"
    client.post(reverse("set_language"), {"language": "zh-hans", "next": page})
    assert language(client.get(page, HTTP_ACCEPT_LANGUAGE="en")) == "zh-hans", "the choice"
    assert User.objects.get(pk=cast.agent.pk).locale == "zh-hans", "is kept for mails and other devices"
    assert language(sign_in(User.objects.get(pk=cast.agent.pk)).get(page)) == "zh-hans"
    client.post(reverse("set_language"), {"language": "tlh", "next": page})
    assert User.objects.get(pk=cast.agent.pk).locale == "zh-hans"


def test_choices_on_the_account_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    page = reverse("people:account")
    response = client.post(page, {"locale": "zh-hans", "email": "new@example.com"}, follow=True)
    assert language(response) == "zh-hans"
    agent = User.objects.get(pk=cast.agent.pk)
    assert (agent.locale, agent.email) == ("zh-hans", "new@example.com")
    refused = client.post(page, {"locale": "tlh", "email": "nonsense", "name": "King", "is_superuser": "1"})
    assert refused.status_code == 422
    agent.refresh_from_db()
    assert (agent.locale, agent.email, agent.name, agent.is_superuser) == (
        "zh-hans",
        "new@example.com",
        "王伟",
        False,
    )


def test_the_time_zone_is_that_of_the_site(cast: Cast) -> None:
    cast.site_shanghai.time_zone = "Pacific/Kiritimati"  # 14 hours before UTC
    cast.site_shanghai.save()
    seen: list[str] = []

    def note_zone(request: Any) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    request = RequestFactory().get("/")
    for user in (cast.agent, cast.remote, AnonymousUser()):
        request.user = user
        PersonMiddleware(note_zone)(request)
    assert seen == ["Pacific/Kiritimati", "Asia/Shanghai", "Asia/Shanghai"]
    assert timezone.get_current_timezone_name() == "Asia/Shanghai", "no longer than the request lasts"


# Home and navigation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "page"),
    [
        ("hr", "reviews:cycles"),
        ("payroll", "incentives:payout_runs"),
        ("manager", "reviews:queue"),
        ("auditor", "trail:list"),
        ("agent", "reviews:standing"),
    ],
)
def test_each_role_has_its_home(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, who: str, page: str
) -> None:
    monkeypatch.setattr("people.views.home.address_of", lambda name: f"/{name}/")
    assert sign_in(getattr(cast, who)).get("/")["Location"] == f"/{page}/"


def test_without_any_role_home_is_a_friendly_page(db: None, sign_in: SignIn) -> None:
    response = sign_in(UserFactory(employee_number=None)).get("/")
    assert response.status_code == 200
    assert response.templates[0].name == "people/home.html"


def test_home_asks_strangers_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/")["Location"] == f"{reverse('people:sign_in')}?next=/"


NAVIGATION = {
    "hr": [
        "reviews:cycles", "reviews:incidents", "reviews:improvement_plans", "reviews:appeals", "metrics:inspections",
        "metrics:kpis", "metrics:targets", "intake:list",
        "incentives:plans", "incentives:payout_runs", "incentives:recognition", "people:employees",
        "reviews:competencies",
    ],
    "payroll": ["incentives:payout_runs", "incentives:accounts", "incentives:plans", "people:employees"],
    "auditor": [
        "trail:list", "reviews:cycles", "metrics:kpis", "metrics:inspections", "reviews:improvement_plans",
        "incentives:payout_runs", "people:employees",
    ],
    "manager": [
        "reviews:queue", "reviews:incidents", "reviews:improvement_plans", "metrics:inspections", "metrics:values",
        "people:employees",
        "reviews:standing", "incentives:statement", "incentives:recognition", "record",
    ],
    "agent": [
        "reviews:standing", "metrics:values", "metrics:inspections", "incentives:statement",
        "incentives:recognition", "record",
    ],
}  # fmt: skip

#: The four that a thumb reaches; the rest is behind "More".
BOTTOM_BAR = {
    "hr": ["reviews:cycles", "intake:list", "incentives:payout_runs", "people:employees"],
    "manager": ["reviews:queue", "reviews:incidents", "metrics:values", "reviews:standing"],
    "agent": ["reviews:standing", "record", "incentives:statement", "metrics:values"],
}


@pytest.mark.parametrize("who", BOTTOM_BAR)
def test_the_foot_of_a_phone_by_role(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr("people.views.navigation.address_of", lambda name: f"/{name}/")
    response = sign_in(getattr(cast, who)).get(reverse("people:account"))
    assert [item["url"].strip("/") for item in response.context["nav_bottom"]] == BOTTOM_BAR[who]
    assert all(item["short"] for item in response.context["nav_bottom"])


@pytest.mark.parametrize("who", NAVIGATION)
def test_navigation_by_role(cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr("people.views.navigation.address_of", lambda name: f"/{name}/")
    response = sign_in(getattr(cast, who)).get(reverse("people:account"))
    urls = [item["url"].strip("/") for item in response.context["nav"]]
    assert urls == NAVIGATION[who]


def test_navigation_leaves_out_pages_that_are_not_there(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.hr).get(reverse("people:employees"))
    items = response.context["nav"]
    assert reverse("people:employees") in [item["url"] for item in items]
    assert [item["url"] for item in items if item["active"]] == [reverse("people:employees")]
