"""What views receive."""

from __future__ import annotations

from django.http import HttpRequest

from people.models import User


class SignedInRequest(HttpRequest):
    """Behind role_required somebody is signed in. Only a type: Django makes the request."""

    user: User
