"""Signing in: passwords, language, who may come in at all."""

from __future__ import annotations

import datetime
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.clients.services.tokens import revoke_tokens_of
from foundation.refusals import Refusal
from people.models import RoleGrant, User
from people.services.authority import require_hr
from people.services.employees import check_email, check_language

#: How long a password that HR hands over can be used; it must be changed at the first sign-in.
TEMPORARY_PASSWORD_LIFE = datetime.timedelta(hours=72)
# Without characters that are mistaken for each other when read aloud or written by hand.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@transaction.atomic
def issue_temporary_password(*, actor: User | None, user: User) -> str:
    """A password for HR to hand over, valid for TEMPORARY_PASSWORD_LIFE and only to choose another one with.

    It is shown this once. Every session of the person ends, and every token: whoever lost a password, or took it, may
    have made one with it.
    """
    require_hr(actor)
    person = User.objects.select_for_update().get(pk=user.pk)
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    person.set_password(password)
    person.temporary_password_until = timezone.now() + TEMPORARY_PASSWORD_LIFE
    person.save(update_fields=["password", "temporary_password_until"])
    revoke_tokens_of(actor=actor, user=person)
    return password


@transaction.atomic
def set_password(*, actor: User, present: str, password: str) -> User:
    """The own password, by whoever knows the present one. Every other session of the person ends."""
    person = User.objects.select_for_update().get(pk=actor.pk)
    if not person.check_password(present):
        raise Refusal("password_wrong", field="present")
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refusal("password_weak", field="password", reasons=" ".join(error.messages)) from error
    person.set_password(password)
    person.temporary_password_until = None
    person.save(update_fields=["password", "temporary_password_until"])
    return person


@transaction.atomic
def set_preferences(*, actor: User, locale: str, email: str) -> User:
    """What everyone decides about the own account: language of pages and mail, and the address."""
    person = User.objects.select_for_update().get(pk=actor.pk)
    person.locale, person.email = check_language(locale), check_email(email)
    person.save(update_fields=["locale", "email"])
    actor.locale, actor.email = person.locale, person.email
    return person


def keep_language(*, actor: User, locale: str) -> None:
    """The language just chosen in the interface becomes the one of mails and of other devices."""
    if locale in User.Language.values and actor.locale != locale:
        actor.locale = locale
        actor.save(update_fields=["locale"])


@transaction.atomic
def deactivate_user(*, actor: User | None, user: User) -> User:
    """Access ends at the next request, whatever the person has open. The last member of HR stays."""
    require_hr(actor)
    if actor is not None and actor.pk == user.pk:
        raise Refusal("own_account", status=403)
    grants = RoleGrant.objects.select_for_update(of=("self",)).filter(role=RoleGrant.Role.HR)
    members = [grant.user for grant in grants.select_related("user") if grant.user.may_sign_in]
    if [member.pk for member in members] == [user.pk]:
        raise Refusal("last_hr")
    return _set_active(user, False)


@transaction.atomic
def reactivate_user(*, actor: User | None, user: User) -> User:
    require_hr(actor)
    return _set_active(user, True)


def _set_active(user: User, active: bool) -> User:
    person = User.objects.select_for_update().get(pk=user.pk)
    if person.is_active != active:
        person.is_active = active
        person.save(update_fields=["is_active"])
    user.is_active = active
    user.__dict__.pop("roles", None)
    return person
