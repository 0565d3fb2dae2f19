"""Makers of rows for tests. Every room adds its own section below; nothing here goes through services.

Dates are half-open ranges as in the models: `valid=days("2024-01-01", None)` is open-ended, `until` is the first
day after.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory
from psycopg2.extras import DateRange

from foundation.runs.models import Run
from metrics.models import KPIValueSet, KPIVersion
from people import models as people_models

LONG_AGO = datetime.date(2024, 1, 1)
PASSWORD = "correct horse battery"


def days(first: datetime.date | str | None = LONG_AGO, until: datetime.date | str | None = None) -> DateRange:
    """[first, until) as a range; dates may be written as text."""

    def as_date(day: datetime.date | str | None) -> datetime.date | None:
        return datetime.date.fromisoformat(day) if isinstance(day, str) else day

    return DateRange(as_date(first), as_date(until))


# people ----------------------------------------------------------------------------------------------------


class SiteFactory(DjangoModelFactory):
    class Meta:
        model = people_models.Site

    code = factory.Sequence(lambda n: f"site-{n}")
    name_zh = factory.Sequence(lambda n: f"职场{n}")
    name_en = factory.Sequence(lambda n: f"Site {n}")


class JobFactory(DjangoModelFactory):
    class Meta:
        model = people_models.Job

    code = factory.Sequence(lambda n: f"job-{n}")
    name_zh = factory.Sequence(lambda n: f"岗位{n}")
    name_en = factory.Sequence(lambda n: f"Job {n}")


class TeamFactory(DjangoModelFactory):
    """The path of ids is kept right, also below a parent."""

    class Meta:
        model = people_models.Team
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"team-{n}")
    name_zh = factory.Sequence(lambda n: f"班组{n}")
    name_en = factory.Sequence(lambda n: f"Team {n}")

    @factory.post_generation
    def place(self: people_models.Team, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and not self.path:
            self.path = f"{self.parent.path if self.parent else '/'}{self.pk}/"
            self.save(update_fields=["path"])


class UserFactory(DjangoModelFactory):
    """Someone on the roster who can sign in with PASSWORD; `employee_number=None` makes a mere account."""

    class Meta:
        model = people_models.User

    login = factory.Sequence(lambda n: f"person-{n}")
    employee_number = factory.Sequence(lambda n: f"E{n:05d}")
    name = factory.Sequence(lambda n: f"Person {n}")
    name_sort = factory.LazyAttribute(lambda user: user.name.casefold())
    email = factory.LazyAttribute(lambda user: f"{user.login}@example.com")
    locale = "en"
    hired_on = LONG_AGO
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = people_models.Membership

    user = factory.SubFactory(UserFactory)
    team = factory.SubFactory(TeamFactory)
    job = factory.SubFactory(JobFactory)
    valid = factory.LazyFunction(days)


class LeadershipFactory(DjangoModelFactory):
    class Meta:
        model = people_models.Leadership

    user = factory.SubFactory(UserFactory)
    team = factory.SubFactory(TeamFactory)
    valid = factory.LazyFunction(days)


class RoleGrantFactory(DjangoModelFactory):
    class Meta:
        model = people_models.RoleGrant

    user = factory.SubFactory(UserFactory, employee_number=None)
    role = "hr"


class CompensationFactory(DjangoModelFactory):
    class Meta:
        model = people_models.Compensation

    user = factory.SubFactory(UserFactory)
    valid = factory.LazyFunction(days)
    salary = Decimal("6000.00")
    currency = "CNY"
    legal_entity = "Laurel Services"
    cost_centre = "CC-100"


def keep_kpi_value(
    run: Run,
    employee_id: int,
    version: KPIVersion,
    value: float | None,
    n: int = 0,
    *,
    standard_error: float | None = None,
    inputs: dict[str, float] | None = None,
) -> None:
    """One more KPI value of a person, as a run would have stored it."""
    found = KPIValueSet.objects.filter(run=run, employee_id=employee_id)
    kept = found.first() or KPIValueSet.objects.create(
        run=run,
        employee_id=employee_id,
        **{name: [] for name in ("kpi_versions", "values", "standard_errors", "samples")},
        **{name: [] for name in ("input_ends", "input_names", "inputs")},
    )
    names = [*kept.input_names, *(inputs or {})]
    found.update(
        kpi_versions=[*kept.kpi_versions, version.pk],
        values=[*kept.values, value],
        standard_errors=[*kept.standard_errors, standard_error],
        samples=[*kept.samples, n],
        input_ends=[*kept.input_ends, len(names)],
        input_names=names,
        inputs=[*kept.inputs, *(inputs or {}).values()],
    )
