"""What a view may rely on behind role_required: somebody is signed in."""

from __future__ import annotations

from django.http import HttpRequest

from people.models import User


class SignedInRequest(HttpRequest):
    """For type checking alone; Django makes the requests."""

    user: User
