"""Tokens of programs: made by a person for itself, shown once, revoked at any time."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from foundation.clients.models import Scope, Token
from foundation.refusals import Refusal
from foundation.trail.services import recording

SECRET_PREFIX = "lrl_"  # noqa: S105  what every secret begins with, so that scanners find a leaked one
SHOWN_CHARACTERS = 8
MAXIMUM_TOKENS = 50
MAXIMUM_DAYS = 730

_EVERYONE = frozenset({"hr", "payroll", "auditor", "manager", "inspector", "employee"})
#: Whom a scope can be given to. It limits what the form offers; what a call may do is checked by roles at every call.
SCOPE_ROLES: dict[str, frozenset[str]] = {
    Scope.PEOPLE_READ: _EVERYONE,
    Scope.PEOPLE_WRITE: frozenset({"hr"}),
    Scope.METRICS_READ: _EVERYONE,
    Scope.METRICS_WRITE: frozenset({"hr"}),
    Scope.INSPECTIONS_WRITE: frozenset({"hr", "inspector", "employee"}),
    Scope.INCIDENTS_WRITE: frozenset({"hr", "manager", "inspector", "employee"}),
    Scope.CYCLES_READ: _EVERYONE,
    Scope.CYCLES_WRITE: frozenset({"hr", "manager", "employee"}),
    Scope.RESULTS_READ: _EVERYONE,
    Scope.PAYOUTS_READ: _EVERYONE,
    Scope.PAYOUTS_WRITE: frozenset({"hr", "payroll"}),
    Scope.PAYOUTS_APPROVE: frozenset({"hr", "payroll"}),
    Scope.CONFIG_WRITE: frozenset({"hr"}),
    Scope.TRAIL_READ: frozenset({"hr", "auditor"}),
}


def digest_of(secret: str) -> str:
    """SHA-256 in hex. The secret has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def allowed_scopes(user: Any) -> list[Scope]:
    """Scopes that `user` may give to a token, in the order in which they are declared."""
    return [scope for scope in Scope if user.has_role(*SCOPE_ROLES[scope])]


@transaction.atomic
def create_token(
    *, actor: Any, name: str, scopes: Iterable[str], expires_at: datetime.datetime | None = None
) -> tuple[Token, str]:
    """A token that acts as `actor` within `scopes`, and its secret, which is not stored and cannot be shown again.

    Refusals: scopes_empty, scope_not_allowed, token_name_empty, token_expiry, tokens_too_many.
    """
    wanted = list(dict.fromkeys(scopes))
    if not wanted:
        raise Refusal("scopes_empty", field="scopes")
    allowed = {str(scope) for scope in allowed_scopes(actor)}
    for scope in wanted:
        if scope not in allowed:
            raise Refusal("scope_not_allowed", field="scopes", status=403, scope=str(scope)[:40])
    name = name.strip()[:80]
    if not name:
        raise Refusal("token_name_empty", field="name")
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + datetime.timedelta(days=MAXIMUM_DAYS):
        raise Refusal("token_expiry", field="expires_at", days=MAXIMUM_DAYS)
    if Token.objects.filter(user=actor, revoked_at__isnull=True).count() >= MAXIMUM_TOKENS:
        raise Refusal("tokens_too_many", maximum=MAXIMUM_TOKENS)
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    with recording(actor=actor):
        token = Token.objects.create(
            user=actor,
            name=name,
            prefix=secret[: len(SECRET_PREFIX) + SHOWN_CHARACTERS],
            digest=digest_of(secret),
            scopes=wanted,
            expires_at=expires_at,
        )
    return token, secret


@transaction.atomic
def revoke_token(*, actor: Any, token: Token) -> Token:
    """From now on the token is refused. One's own only; revoking a revoked token changes nothing."""
    locked = Token.objects.select_for_update().get(pk=token.pk)
    if locked.user_id != actor.pk:
        raise Refusal("not_yours", status=403)
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        with recording(actor=actor):
            locked.save(update_fields=["revoked_at"])
    return locked


@transaction.atomic
def revoke_tokens_of(*, actor: Any, user: Any) -> int:
    """All of a person's tokens, when access is taken back by whoever may do that; the calling service asks who it is.

    Returns how many were still good.
    """
    with recording(actor=actor):
        return Token.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=timezone.now())
