"""Tokens: made once, shown once, and no stronger than the person behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.clients.models import Scope, Token
from foundation.clients.services.tokens import allowed_scopes, create_token, revoke_token
from foundation.refusals import Refusal
from people.models import RoleGrant
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.foundation.toy_api")]

NOTES = "/api/v1/toys/notes/"


def test_a_secret_is_kept_only_as_its_digest(cast: Cast) -> None:
    token, secret = create_token(actor=cast.hr, name="export", scopes=[Scope.METRICS_READ])
    assert secret.startswith("lrl_")
    assert len(secret) > 40
    token.refresh_from_db()
    assert secret not in " ".join(str(getattr(token, field.name)) for field in Token._meta.fields)
    assert secret.startswith(token.prefix)
    assert len(token.prefix) <= 12


REFUSED_CREATIONS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no scope": ("hr", {"scopes": []}, "scopes_empty"),
    "a scope above the role": ("agent", {"scopes": [Scope.PAYOUTS_APPROVE]}, "scope_not_allowed"),
    "one good and one above": (
        "manager",
        {"scopes": [Scope.CYCLES_WRITE, Scope.CONFIG_WRITE]},
        "scope_not_allowed",
    ),
    "a writing scope for the auditor": ("auditor", {"scopes": [Scope.METRICS_WRITE]}, "scope_not_allowed"),
    "a scope that does not exist": ("hr", {"scopes": ["everything"]}, "scope_not_allowed"),
    "no name": ("hr", {"name": "  "}, "token_name_empty"),
    "an end in the past": ("hr", {"expires_at": timezone.now() - timedelta(days=1)}, "token_expiry"),
    "an end too far away": ("hr", {"expires_at": timezone.now() + timedelta(days=5_000)}, "token_expiry"),
}


@pytest.mark.parametrize("case", REFUSED_CREATIONS)
def test_a_token_that_may_not_be_is_not_made(cast: Cast, case: str) -> None:
    who, given, code = REFUSED_CREATIONS[case]
    with pytest.raises(Refusal) as refused:
        create_token(actor=getattr(cast, who), **{"name": "x", "scopes": [Scope.METRICS_READ], **given})
    assert refused.value.code == code
    assert not Token.objects.exists()


def test_what_each_role_may_give(cast: Cast) -> None:
    reads = {Scope.PEOPLE_READ, Scope.METRICS_READ, Scope.CYCLES_READ, Scope.RESULTS_READ, Scope.PAYOUTS_READ}
    answers = {Scope.INSPECTIONS_WRITE, Scope.INCIDENTS_WRITE}
    # Employees write objectives and answer about others; what of a cycle they may change, each call says by roles.
    own = reads | answers | {Scope.CYCLES_WRITE}
    assert set(allowed_scopes(cast.agent)) == own
    assert set(allowed_scopes(cast.manager)) == own
    assert set(allowed_scopes(cast.auditor)) == reads | {Scope.TRAIL_READ}
    assert set(allowed_scopes(cast.payroll)) == reads | {Scope.PAYOUTS_WRITE, Scope.PAYOUTS_APPROVE}
    assert set(allowed_scopes(cast.hr)) == set(Scope)


BAD_HEADERS = {
    "an unknown secret": "Bearer lrl_unknown",
    "an empty secret": "Bearer",
    "two secrets": "Bearer a b",
    "letters from elsewhere": "Bearer \xe9\xe8",
    "no scheme of ours": "Basic aHI6aHI=",
    "nothing": "",
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_who_is_not_known_gets_401_as_a_problem(cast: Cast, case: str) -> None:
    headers = {"HTTP_AUTHORIZATION": BAD_HEADERS[case]} if BAD_HEADERS[case] else {}
    answer = APIClient().get(NOTES, **headers)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    body = answer.json()
    assert body["status"] == 401
    assert body["code"] in ("token_invalid", "not_authenticated")


ENDED: dict[str, Callable[[Token], Any]] = {
    "revoked": lambda token: revoke_token(actor=token.user, token=token),
    "expired": lambda token: Token.objects.filter(pk=token.pk).update(expires_at=timezone.now()),
    "its person is inactive": lambda token: type(token.user).objects.filter(pk=token.user_id).update(is_active=False),
    "its person has left": lambda token: type(token.user).objects.filter(pk=token.user_id).update(
        left_on=timezone.localdate() - timedelta(days=1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDED)
def test_a_token_that_has_ended_is_refused_at_the_next_call(cast: Cast, case: str) -> None:
    token, secret = create_token(actor=cast.agent, name="x", scopes=[Scope.METRICS_READ])
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert program.get(NOTES).status_code == 200
    ENDED[case](token)
    answer = program.get(NOTES)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_a_scope_that_the_token_lacks(cast: Cast, as_program: Callable[..., APIClient]) -> None:
    program = as_program(cast.hr, Scope.METRICS_READ)
    answer = program.post(NOTES, {"topic": "a"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "metrics:write" in answer.json()["detail"]


def test_a_role_that_the_person_has_lost_is_lost_to_the_token(
    cast: Cast, as_program: Callable[..., APIClient]
) -> None:
    program = as_program(cast.hr, Scope.METRICS_WRITE)
    assert program.post(NOTES, {"topic": "a"}, format="json").status_code == 201
    RoleGrant.objects.filter(user=cast.hr).delete()
    answer = program.post(NOTES, {"topic": "b"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


def test_a_session_acts_for_the_person_without_scopes_but_needs_the_csrf_token(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.hr, backend="people.authentication.LoginBackend")
    assert browser.get(NOTES).status_code == 200
    answer = browser.post(NOTES, {"topic": "a"}, content_type="application/json")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_the_page_shows_the_secret_once(cast: Cast, as_person: Callable[..., Client]) -> None:
    browser = as_person(cast.hr)
    answer = browser.post("/tokens/", {"name": "export", "scopes": ["metrics:read"], "days": "30"})
    token = Token.objects.get()
    assert answer.status_code == 200
    assert b"lrl_" in answer.content
    assert "no-store" in answer["Cache-Control"]
    again = browser.get("/tokens/").content.decode()
    assert token.name in again
    assert again.count("lrl_") == again.count(token.prefix)


def test_the_form_keeps_what_was_typed(cast: Cast, as_person: Callable[..., Client]) -> None:
    answer = as_person(cast.agent).post(
        "/tokens/", {"name": "export", "scopes": ["config:write"], "days": "30"}
    )
    assert answer.status_code == 422
    assert 'value="export"' in answer.content.decode()
    assert not Token.objects.exists()


def test_a_foreign_token_and_a_missing_one_are_404_alike(
    cast: Cast, as_person: Callable[..., Client]
) -> None:
    token, _secret = create_token(actor=cast.hr, name="x", scopes=[Scope.METRICS_READ])
    browser = as_person(cast.outsider)
    foreign = browser.post(f"/tokens/{token.pk}/revoke/")
    missing = browser.post("/tokens/00000000-0000-0000-0000-000000000000/revoke/")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    token.refresh_from_db()
    assert token.revoked_at is None
    assert as_person(cast.hr).post(f"/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_listing_and_revoking_by_api_are_for_ones_own(
    cast: Cast, as_program: Callable[..., APIClient]
) -> None:
    program, other = as_program(cast.hr), as_program(cast.agent)
    mine = program.get("/api/v1/tokens/").json()["results"]
    assert [row["name"] for row in mine] == ["test"]
    assert "digest" not in mine[0]
    assert other.post(f"/api/v1/tokens/{mine[0]['id']}/revoke/").status_code == 404
    assert program.post(f"/api/v1/tokens/{mine[0]['id']}/revoke/").status_code == 200
    assert program.get("/api/v1/tokens/").status_code == 401
