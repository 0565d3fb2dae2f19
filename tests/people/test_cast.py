"""The cast itself: every constraint of the database lets it in, and it is what its picture says."""

from __future__ import annotations

from people.models import Membership
from tests.cast import Cast


def test_the_cast_stands_in_the_database(cast: Cast) -> None:
    assert len(cast.employees) == 10
    assert Membership.objects.count() == 11
    assert cast.blue.path == f"/{cast.company.pk}/{cast.shanghai.pk}/{cast.blue.pk}/"


def test_roles_follow_from_the_rows(cast: Cast) -> None:
    assert cast.manager.roles == {"manager", "employee"}
    assert cast.agent.roles == {"employee"}
    assert cast.hr.roles == {"hr"}
    assert cast.payroll.roles == {"payroll"}
    assert cast.auditor.roles == {"auditor"}
