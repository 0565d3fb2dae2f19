"""Every request in the reader's language and time zone; a handed-over password is changed before anything else."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request, get_supported_language_variant

from foundation.interface.views import forbidden
from people.models import User
from people.selectors.teams import time_zone_of
from people.services.accounts import keep_language

DEFAULT_LANGUAGE = User.Language.CHINESE


class PersonMiddleware:
    """Language: the choice made in the interface (cookie), else the person's own, else what the browser asks for, else
    Chinese. Time zone: that of the site where the person sits, else the installation's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        request.LANGUAGE_CODE = language
        zone = _zone_name(request)
        with translation.override(language), timezone.override(_zone(zone)):
            response = self._must_change_password(request) or self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        if request.method == "POST" and request.path == reverse("set_language"):
            _keep_choice(request)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if response.streaming:
            # Its rows are still to be written, by the same thread, after this has returned.
            translation.activate(language)
            timezone.activate(_zone(zone))
        return response

    def _must_change_password(self, request: HttpRequest) -> HttpResponse | None:
        user = request.user
        if not user.is_authenticated or user.temporary_password_until is None:
            return None
        change = reverse("people:password")
        if request.path in {change, reverse("people:sign_out"), reverse("set_language"), reverse("health")}:
            return None
        return forbidden(request) if request.path.startswith("/api/") else HttpResponseRedirect(change)


def language_of(request: HttpRequest) -> str:
    chosen = _supported(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))
    if chosen:
        return chosen
    if request.user.is_authenticated:
        return _supported(request.user.locale) or DEFAULT_LANGUAGE
    # Django's own answer falls back to LANGUAGE_CODE, the language of the source; here nobody asked for that.
    return get_language_from_request(request) if _asks_for_known(request) else DEFAULT_LANGUAGE


def _asks_for_known(request: HttpRequest) -> bool:
    asked = request.headers.get("Accept-Language", "")
    return any(_supported(part.partition(";")[0].strip()) for part in asked.split(","))


def _supported(code: str | None) -> str | None:
    if not code:
        return None
    try:
        return get_supported_language_variant(code)
    except LookupError:
        return None


def _zone_name(request: HttpRequest) -> str | None:
    """Sessions bring it along; who comes in by another door is asked for it."""
    user = request.user
    if not user.is_authenticated:
        return None
    return user.site_time_zone if hasattr(user, "site_time_zone") else time_zone_of(user)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


def _keep_choice(request: HttpRequest) -> None:
    chosen = _supported(request.POST.get("language"))
    if chosen and request.user.is_authenticated:
        keep_language(actor=request.user, locale=chosen)
