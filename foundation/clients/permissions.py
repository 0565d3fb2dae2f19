"""What a caller may do at an address: the token's scopes and the person's roles, both declared by the view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from foundation.clients.models import Token
from foundation.refusals import Refusal

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads the settings that name this module


def require_scope(request: Request, *scopes: str) -> None:
    """Refuse (403 `scope_missing`) a token that has none of `scopes`. A signed-in browser acts for the person whole."""
    token = request.auth
    if isinstance(token, Token) and scopes and not set(scopes) & set(token.scopes):
        raise Refusal("scope_missing", status=403, scopes=", ".join(sorted(scopes)))


def require_role(request: Request, *roles: str) -> None:
    """Refuse (403 `role_missing`) a person who holds none of `roles`."""
    user: Any = request.user
    if roles and not user.has_role(*roles):
        raise Refusal("role_missing", status=403)


class ScopePermission(IsAuthenticated):
    """Reads `scopes` and `roles` of the view, {method: one or several}; see foundation.clients.api."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method == "OPTIONS":
            return True
        require_scope(request, *as_names(getattr(view, "scopes", {}).get(method, ())))
        require_role(request, *as_names(getattr(view, "roles", {}).get(method, ())))
        return True


def as_names(declared: Any) -> tuple[str, ...]:
    if isinstance(declared, str):
        return (str(declared),)
    if isinstance(declared, Iterable):
        return tuple(str(name) for name in declared)
    return ()
