"""Who comes in by login and password. Lock-out after failures is axes' business, which stands before this backend."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from foundation.delivery.models import Notice
from people.models import Leadership, RoleGrant, User
from people.selectors.employees import find_account
from people.selectors.teams import own_time_zone


class LoginBackend(ModelBackend):
    """Signs in by login or employee number. Whoever is inactive or has left is refused, at the door and, since sessions
    ask get_user, at the next request."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        name = username if username is not None else kwargs.get(User.USERNAME_FIELD)
        if name is None or password is None:
            return None
        user = find_account(name)
        if user is None:
            User().set_password(password)  # as long as a check takes: time does not tell which logins exist
            return None
        if user.check_password(password) and self.user_can_authenticate(user) and not _has_expired(user):
            return user
        return None

    def get_user(self, user_id: Any) -> User | None:
        """With what every page needs: roles, the number of unread notices for its bell, the time zone of the site."""
        unread = (
            Notice.objects.filter(recipient=OuterRef("pk"), read_at__isnull=True)
            .order_by()
            .values("recipient")
            .annotate(count=Count("id"))
            .values("count")
        )
        found = (
            User.objects.filter(pk=user_id)
            .annotate(
                unread_notices=Coalesce(Subquery(unread), 0),
                site_time_zone=own_time_zone(),
                granted_roles=ArraySubquery(RoleGrant.objects.filter(user=OuterRef("pk")).values("role")),
                leads_now=Exists(
                    Leadership.objects.filter(user=OuterRef("pk"), valid__contains=timezone.localdate())
                ),
            )
            .first()
        )
        if found is not None:
            found.keep_roles(found.granted_roles, leads=found.leads_now)
        return found if found is not None and self.user_can_authenticate(found) else None

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.may_sign_in)


def _has_expired(user: User) -> bool:
    until = user.temporary_password_until
    return until is not None and until < timezone.now()
