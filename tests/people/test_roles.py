"""Granting and revoking: HR only, never to oneself, an auditor never writes."""

from __future__ import annotations

import pytest

from foundation.refusals import Refusal
from people.models import RoleGrant, User
from people.services.roles import grant_role, revoke_role
from tests.cast import Cast
from tests.factories import RoleGrantFactory, UserFactory


def grants() -> set[tuple[str, str]]:
    return set(RoleGrant.objects.values_list("user__login", "role"))


def test_grant_and_revoke(cast: Cast) -> None:
    grant = grant_role(actor=cast.hr, user=cast.agent, role="payroll")
    assert grant.granted_by == cast.hr
    assert cast.agent.roles == {"employee", "payroll"}
    assert grant_role(actor=cast.hr, user=cast.agent, role="payroll") == grant
    revoke_role(actor=cast.hr, user=cast.agent, role="payroll")
    assert cast.agent.roles == {"employee"}
    revoke_role(actor=cast.hr, user=cast.agent, role="payroll")


@pytest.mark.parametrize("who", ["payroll", "auditor", "director", "manager", "agent"])
def test_only_hr_changes_roles(cast: Cast, who: str) -> None:
    before = grants()
    with pytest.raises(Refusal) as refused:
        grant_role(actor=getattr(cast, who), user=cast.peer, role="hr")
    assert (refused.value.code, refused.value.status) == ("people_hr_only", 403)
    with pytest.raises(Refusal):
        revoke_role(actor=getattr(cast, who), user=cast.hr, role="hr")
    assert grants() == before


REFUSED = {
    "an auditor does not become HR": ("auditor", "hr", "auditor_writes"),
    "an auditor does not become an approver": ("auditor", "payroll", "auditor_writes"),
    "an approver does not become an auditor": ("payroll", "auditor", "auditor_writes"),
    "a leader does not become an auditor": ("manager", "auditor", "auditor_writes"),
    "HR does not make itself an approver": ("hr", "payroll", "own_roles"),
    "manager is not granted": ("agent", "manager", "role_unknown"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_grants_that_are_refused(cast: Cast, case: str) -> None:
    who, role, code = REFUSED[case]
    before = grants()
    with pytest.raises(Refusal) as refused:
        grant_role(actor=cast.hr, user=getattr(cast, who), role=role)
    assert refused.value.code == code
    assert grants() == before


def test_the_last_member_of_hr_stays(cast: Cast) -> None:
    second = UserFactory(login="hr2")
    RoleGrantFactory(user=second, role="hr")
    revoke_role(actor=second, user=cast.hr, role="hr")
    third = UserFactory(login="hr3", is_active=False)
    RoleGrantFactory(user=third, role="hr")
    with pytest.raises(Refusal) as refused:  # the third may not sign in, so the second is the last
        revoke_role(actor=None, user=second, role="hr")
    assert refused.value.code == "last_hr"
    assert ("hr2", "hr") in grants()


def test_who_may_not_sign_in_has_no_role(cast: Cast) -> None:
    cast.hr.is_active = False
    cast.hr.save()
    assert User.objects.get(pk=cast.hr.pk).roles == frozenset()
