"""Everyone who signs in or is appraised."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _


def canonical_login(text: str) -> str:
    """NFKC and casefold, so that look-alike spellings of one login are one login."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


class UserManager(BaseUserManager["User"]):
    def create_user(self, login: str, password: str | None = None, **fields: object) -> User:
        user = self.model(login=canonical_login(login), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(login=canonical_login(username or ""))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person. `employee_number` is the roster's key; a person without one is not appraised (an auditor, a client)."""

    class Language(models.TextChoices):
        CHINESE = "zh-hans", _("Simplified Chinese")
        ENGLISH = "en", _("English")

    login = models.CharField(_("Login"), max_length=80, unique=True)
    employee_number = models.CharField(
        _("Employee number"), max_length=40, unique=True, null=True, blank=True
    )
    name = models.CharField(_("Name"), max_length=80)
    name_sort = models.CharField(
        max_length=160, blank=True, help_text="pinyin or folded name, kept by the services"
    )
    aliases = models.JSONField(
        default=list, blank=True, help_text="names that source systems use for this person"
    )
    email = models.EmailField(_("E-mail"), blank=True)
    locale = models.CharField(
        _("Language"), max_length=10, choices=Language.choices, default=Language.CHINESE
    )
    is_active = models.BooleanField(default=True)
    hired_on = models.DateField(_("Hired on"), null=True, blank=True)
    left_on = models.DateField(_("Last day"), null=True, blank=True)
    # Set while the password is one that HR handed over: it must be changed before anything else, and before then.
    temporary_password_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name_sort", "id"]
        indexes = [models.Index(fields=["name_sort", "id"], name="people_by_name")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Whoever makes a user, its login is stored in the canonical form that signing in looks for."""
        self.login = canonical_login(self.login)
        super().save(*args, **kwargs)

    @property
    def may_sign_in(self) -> bool:
        """Active, and not past the last day. The end of employment ends access by itself, on that day."""
        return self.is_active and (self.left_on is None or self.left_on >= timezone.localdate())

    @cached_property
    def roles(self) -> frozenset[str]:
        """hr, payroll, auditor, inspector as granted; manager while leading a team; employee while on the roster.
        One query, once per instance; who may not sign in has none."""
        if not self.may_sign_in:
            return frozenset()
        leads = self.leaderships.filter(valid__contains=timezone.localdate())
        granted = self.role_grants.values_list("role", flat=True)
        return self._with_employee(set(granted.union(leads.values_list(models.Value("manager"), flat=True))))

    def keep_roles(self, granted: Iterable[str], *, leads: bool) -> None:
        """What a query for the person found out along with it, so that `roles` asks no more."""
        found = {*granted, "manager"} if leads else set(granted)
        self.__dict__["roles"] = self._with_employee(found) if self.may_sign_in else frozenset()

    def _with_employee(self, found: set[str]) -> frozenset[str]:
        return frozenset(found | {"employee"} if self.employee_number else found)

    def has_role(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def is_hr(self) -> bool:
        return self.has_role("hr")

    @property
    def is_manager(self) -> bool:
        return self.has_role("manager")

    @property
    def is_payroll(self) -> bool:
        return self.has_role("payroll")

    @property
    def is_auditor(self) -> bool:
        return self.has_role("auditor")

    @property
    def is_inspector(self) -> bool:
        return self.has_role("inspector")

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name
