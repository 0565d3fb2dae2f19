"""The door of every page: who may call it at all. Which rows a caller sees is the selectors' business."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def role_required(*roles: str, write: tuple[str, ...] | None = None) -> Callable[[View], View]:
    """Signed in and holding one of `roles`; for methods that change something one of `write` (default: `roles`).

    An auditor reads and changes nothing, so `write` never names that role; without any role given, being signed in
    is enough. Refusal is 403; a row that the caller may not see is 404 in the selector, as if it did not exist.
    """
    writers = tuple(role for role in (roles if write is None else write) if role != "auditor")

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            needed = roles if request.method in {"GET", "HEAD", "OPTIONS"} else writers
            person: Any = request.user  # whatever user model the product has; login_required saw to it
            if roles and not person.has_role(*needed):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.roles = roles  # type: ignore[attr-defined]
        guarded.writers = writers  # type: ignore[attr-defined]
        return guarded

    return decorate
