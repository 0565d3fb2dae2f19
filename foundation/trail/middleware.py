"""Every change made during a request carries who, from which address and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pghistory
from django.http import HttpRequest, HttpResponse

READING = {"GET", "HEAD", "OPTIONS"}


class TrailMiddleware:
    """Opens the context of the trail. API tokens are authenticated only inside the view, which then adds the person
    (foundation.clients.api). Reads open none: what they write (a session, a token's last use) is no judgement."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in READING:
            return self.get_response(request)
        found: dict[str, Any] = {"url": request.path[:500], "method": request.method}
        if request.user.is_authenticated:
            found["user"] = request.user.pk
        with pghistory.context(**found):
            return self.get_response(request)
