"""The estimated effect of plans, from months of KPI values to the page and the API."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import translation

from metrics.models import KPIVersion
from people.models import User
from reviews.models import ImprovementPlan, PlanTerms, TermsSettlement
from reviews.selectors.improvement_effects import kpis_of_plans, plan_effect
from reviews.views.improvement_effects import effect_sentences
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory
from tests.reviews.improvement_world import keep_month
from tests.reviews.test_pages import browser, text_of

pytestmark = pytest.mark.django_db
SEPTEMBER, OCTOBER, DECEMBER = (datetime.date(2025, month, 1) for month in (9, 10, 12))


def crowd(cast: Cast, prefix: str, count: int) -> list[User]:
    people = []
    for number in range(count):
        user = UserFactory(login=f"{prefix}{number}", employee_number=f"{prefix}{number}")
        MembershipFactory(user=user, team=cast.blue, job=cast.job_agent)
        people.append(user)
    return people


def plan_of(user: User, cast: Cast, since: datetime.date, kpi: str = "csat") -> None:
    plan = ImprovementPlan.objects.create(
        employee=user, kind="improvement", owner=cast.manager, opened_by=cast.manager, evidence=[{}]
    )
    content: dict[str, Any] = {"targets": [{"kpi": kpi}], "deadline": "2026-01-31", "every_days": 14}
    terms = PlanTerms.objects.create(
        plan=plan, number=1, content=content, served_by=cast.manager, object_until=since
    )
    TermsSettlement.objects.create(terms=terms, verdict="agreed", stands_from=since)


@pytest.fixture
def world(cast: Cast, kpis: dict[str, KPIVersion]) -> KPIVersion:
    """Six with a plan rise from 4.0 to 4.3 + noise, twelve without from 4.0 to 4.1: +0.2. One more has a plan on
    another KPI: neither treated nor compared with. One has too few cases in December."""
    csat = kpis["csat"]
    treated, others = crowd(cast, "T", 6), crowd(cast, "C", 12)
    [elsewhere], [few] = crowd(cast, "X", 1), crowd(cast, "F", 1)
    for user in treated:
        plan_of(user, cast, datetime.date(2025, 10, 6))
    plan_of(elsewhere, cast, datetime.date(2025, 10, 20), kpi="response_time")
    before = dict.fromkeys([*treated, *others, elsewhere, few], 4.0)
    after = {
        **{user: 4.3 + 0.01 * (place % 2) for place, user in enumerate(treated)},
        **{user: 4.1 + 0.01 * (place % 2) for place, user in enumerate(others)},
        elsewhere: 5.0,
    }
    keep_month(csat, SEPTEMBER, before)
    keep_month(csat, DECEMBER, after)
    keep_month(csat, DECEMBER, {few: 5.0}, n=2)
    return csat


def test_the_difference_of_the_changes(cast: Cast, world: KPIVersion) -> None:
    assert [kpi.code for kpi in kpis_of_plans()] == ["csat", "response_time"]
    found = plan_effect(world.kpi, 2)
    assert found.effect
    assert found.plans == 6
    assert found.cohorts == ["2025-10"]
    # All twelve are equally near to everybody.
    assert (found.effect.treated, found.effect.controls) == (6, 12)
    assert found.effect.estimate == pytest.approx(0.305 - 0.105)
    assert found.effect.low
    assert found.effect.low > 0
    with translation.override("en"):
        said = effect_sentences(found, world)
    assert said[0] == "Csat changed by +0.20 more than in comparable people without a plan."
    assert "That is for the better." in said


def test_months_that_have_not_come_say_nothing(cast: Cast, world: KPIVersion) -> None:
    found = plan_effect(world.kpi, 6)
    assert (found.effect, found.plans) == (None, 6)
    assert "Too few people" in effect_sentences(found, world)[0]


def test_the_page_and_the_api(cast: Cast, world: KPIVersion) -> None:
    with time_machine.travel("2026-01-10 10:00:00+08:00"):
        client = browser(cast.hr)
        page = text_of(client.get(reverse("reviews:plan_effect"), {"kpi": "csat", "months": "2"}))
        assert "This is an estimate, not proof" in page
        answer = client.get(reverse("api_plan_effect"), {"kpi": "csat", "months": "2"}).json()
        assert set(answer) >= {"estimate", "low", "high", "treated", "controls", "neighbours"}
        for query in ({"kpi": "none"}, {"kpi": "csat", "months": "7"}):
            assert client.get(reverse("api_plan_effect"), query).status_code == 422
        assert browser(cast.manager).get(reverse("reviews:plan_effect")).status_code == 403
