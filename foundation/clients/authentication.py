"""Who a program is: a bearer token, looked up by the digest of its secret."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.auth import get_backends
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from foundation.clients.models import Token
from foundation.clients.services.tokens import digest_of
from foundation.refusals import refusal_text

USED_AT_RESOLUTION = datetime.timedelta(minutes=5)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer lrl_...`. Comparing happens in an index over SHA-256 digests of 256-bit secrets,
    so neither the time it takes nor a copy of the table tells anything about a secret."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != b"bearer":
            return None
        try:
            secret = header[1].decode("ascii") if len(header) == 2 else ""
        except UnicodeDecodeError:
            secret = ""
        token = Token.objects.filter(digest=digest_of(secret)).first() if secret else None
        now = timezone.now()
        if (
            token is None
            or token.revoked_at is not None
            or (token.expires_at is not None and token.expires_at <= now)
            or (user := _person(token.user_id)) is None
        ):
            raise AuthenticationFailed(refusal_text("token_invalid"), code="token_invalid")
        if token.last_used_at is None or token.last_used_at < now - USED_AT_RESOLUTION:
            Token.objects.filter(pk=token.pk).update(last_used_at=now)
        token.user = user
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Laurel"'


def _person(user_id: int) -> Any | None:
    """Who may sign in by password or session may act by token: a person who is inactive or has left may do neither."""
    found = (backend.get_user(user_id) for backend in get_backends() if hasattr(backend, "get_user"))
    return next((person for person in found if person is not None), None)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "foundation.clients.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token made on the page “Tokens”."}
