"""What every page's frame needs: navigation, language, texts that scripts speak."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

NavigationItem = dict[str, Any]
BOTTOM_BAR_PLACES = 5


@cache
def navigation_builders(paths: tuple[str, ...]) -> list[Callable[[HttpRequest], list[NavigationItem]]]:
    return [import_string(path) for path in paths]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Items are {url, label, icon, active, count?, group?, short?, bar?}; count is work waiting, short and bar are
    the word and the place at the foot of a phone."""
    nav = build_navigation(request)
    return {
        "nav": nav,
        # Five places fit a thumb's width: four pages and "More", or five pages.
        "nav_bottom": _bottom_bar(nav),
        "nav_has_more": len(nav) > BOTTOM_BAR_PLACES,
        "sign_out_url": _url("people:sign_out"),
        "account_url": _url("people:account"),
        "notices_url": _url("delivery:notices"),
        "shell_text": script_texts(),
    }


def _bottom_bar(nav: list[NavigationItem]) -> list[NavigationItem]:
    fit = BOTTOM_BAR_PLACES if len(nav) <= BOTTOM_BAR_PLACES else BOTTOM_BAR_PLACES - 1
    return sorted(nav, key=lambda item: item.get("bar", BOTTOM_BAR_PLACES))[:fit]


def build_navigation(request: HttpRequest) -> list[NavigationItem]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    configured = getattr(settings, "LAUREL_NAVIGATION", ())
    paths = (configured,) if isinstance(configured, str) else tuple(configured)
    return [item for build in navigation_builders(paths) for item in build(request)]


def _url(name: str) -> str:
    """Pages of rooms above this one, which may not be installed: the frame then leaves the link out."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def script_texts() -> dict[str, str]:
    """Sentences that scripts put on the page. %(name)s stands for what the script fills in."""
    return {
        "saving": _("Saving…"),
        "saved": _("Saved %(time)s"),
        "all_saved": _("All saved %(time)s"),
        "waiting": _("Not saved yet"),
        "offline": _("Offline. %(count)s changes are kept on this device and will be sent."),
        "offline_one": _("Offline. One change is kept on this device and will be sent."),
        "back_online": _("Back online. Everything is saved."),
        "conflict": _("Changed by someone else meanwhile"),
        "refused": _("Not saved: %(reason)s"),
        "signed_out": _("You were signed out. Sign in again in another tab; what you typed is kept here."),
        "forbidden": _("You may not change this any more. Reload the page to see its present state."),
        "failed": _("The server could not save this. It will be tried again."),
        "between": _("Enter a whole number from %(min)s to %(max)s."),
        "progress": _("%(done)s of %(total)s done"),
        "progress_left": _("%(done)s of %(total)s done · about %(minutes)s minutes left"),
        "progress_left_one": _("%(done)s of %(total)s done · about one minute left"),
        "progress_finished": _("All %(total)s done"),
        "empty_value": _("nothing"),
        "evidence": _("Evidence"),
        "change_choice": _("Change"),
        "choose": _("Choose"),
        "copied": _("Copied"),
        "copy_failed": _("Could not copy. Select the text and copy it by hand."),
        "file_chosen": _("%(name)s, %(size)s"),
        "file_too_big": _("%(name)s is %(size)s. The limit is %(limit)s."),
        "leave": _("Some changes are not saved yet."),
        "request_failed": _("This part could not be loaded. Check the connection and try again."),
    }
