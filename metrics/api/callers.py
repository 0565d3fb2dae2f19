"""Who calls the API."""

from __future__ import annotations

from rest_framework.request import Request

from people.models import User


def caller(request: Request) -> User:
    """The person whose session or token it is; ScopePermission has let nobody else in."""
    assert isinstance(request.user, User)
    return request.user
