"""The own record in the side navigation, with the number of notes that are still to be read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.models import User
from reviews.selectors.affairs import Affairs, affairs_of


def build_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Below one's own affairs; one query."""
    user = request.user
    if not isinstance(user, User) or user.temporary_password_until or not user.has_role("employee"):
        return []
    affairs = affairs_of(user)
    url = reverse("reviews:record")
    mine = _("Mine") if user.roles - {"employee"} else ""
    goals = reverse("reviews:my_goals")
    own_goals = [
        {
            "url": goals,
            "label": _("My goals"),
            "short": pgettext_lazy("bar", "Goals"),
            "bar": 5,
            "icon": "target",
            "group": mine,
            "active": request.path.startswith(goals),
            "count": 0,
        }
    ]
    return [
        *_voices(request, user, affairs),
        *(own_goals if affairs.has_goals else []),
        {
            "url": url,
            "label": _("My record"),
            "short": pgettext_lazy("bar", "Record"),
            "bar": 5,
            "icon": "notes",
            "group": mine,
            "active": request.path.startswith(url),
            "count": affairs.unread,
        },
    ]


def _voices(request: HttpRequest, user: User, affairs: Affairs) -> list[dict[str, Any]]:
    """While a 360 asks somebody, with the number of colleagues who wait."""
    if not affairs.is_asked:
        return []
    url = reverse("reviews:voices")
    return [
        {
            "url": url,
            "label": _("360 degrees"),
            "short": pgettext_lazy("bar", "360"),
            "icon": "users",
            "group": _("Mine") if user.roles - {"employee"} else "",
            "active": request.path.startswith(url),
            "count": affairs.voices_owed,
        }
    ]
