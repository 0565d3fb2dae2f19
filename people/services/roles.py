"""Roles granted by hand: HR, payroll approver, auditor, quality inspector."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from foundation.refusals import Refusal
from people.models import RoleGrant, User
from people.services.authority import require_hr


@transaction.atomic
def grant_role(*, actor: User | None, user: User, role: str) -> RoleGrant:
    """Give `user` a role; a role already held stays as it is.

    Nobody grants themself a role: whoever approves money was made an approver by someone else. An auditor holds no
    other role and leads no team, since every other role writes.
    """
    require_hr(actor)
    person = _change(actor, user, role)
    held = set(person.role_grants.values_list("role", flat=True))
    if role not in held:
        if role == RoleGrant.Role.AUDITOR:
            leads = person.leaderships.filter(valid__contains=timezone.localdate()).exists()
            if held or leads:
                raise Refusal("auditor_writes", field="role")
        elif RoleGrant.Role.AUDITOR in held:
            raise Refusal("auditor_writes", field="role")
    grant, _created = RoleGrant.objects.get_or_create(user=person, role=role, defaults={"granted_by": actor})
    user.__dict__.pop("roles", None)
    return grant


@transaction.atomic
def revoke_role(*, actor: User | None, user: User, role: str) -> None:
    """Take a role away; one that is not held stays away. The last member of HR stays."""
    require_hr(actor)
    person = _change(actor, user, role)
    if role == RoleGrant.Role.HR:
        # All HR grants are locked, so that two who revoke each other do not leave nobody.
        others = [
            grant.user
            for grant in RoleGrant.objects.select_for_update(of=("self",))
            .filter(role=role)
            .select_related("user")
            if grant.user_id != person.pk and grant.user.may_sign_in
        ]
        if not others:
            raise Refusal("last_hr", field="role")
    RoleGrant.objects.filter(user=person, role=role).delete()
    user.__dict__.pop("roles", None)


def _change(actor: User | None, user: User, role: str) -> User:
    if role not in RoleGrant.Role.values:
        raise Refusal("role_unknown", field="role", role=str(role)[:20])
    if actor is not None and actor.pk == user.pk:
        raise Refusal("own_roles", field="role", status=403)
    return User.objects.select_for_update().get(pk=user.pk)
