"""Who calls the API."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.problems import problem
from people.models import User
from reviews.methods.problems import InvalidConfiguration


def caller(request: Request) -> User:
    """The person whose session or token it is; ScopePermission has let nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def invalid(refusal: InvalidConfiguration) -> Response:
    """422 with one entry per problem, each with the pointer to its place in the body."""
    return problem(
        refusal.status,
        refusal.code,
        str(refusal),
        field=refusal.field,
        errors=[
            {
                "pointer": "#/configuration" + "".join(f"/{step}" for step in found.path),
                "code": found.code,
                "detail": found.text,
            }
            for found in refusal.problems
        ],
    )
