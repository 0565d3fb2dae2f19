"""What steps look at beyond the released results: earlier periods, months of service, days employed."""

from __future__ import annotations

import datetime
from decimal import Decimal as D

import pytest

from people.models import User
from tests.cast import Cast
from tests.incentives.world import SEPTEMBER, amounts, approved, computed, plan_of, released_cycle

pytestmark = pytest.mark.django_db


def test_tiers_go_on_counting_where_the_year_stopped(cast: Cast) -> None:
    tiers = {
        "kind": "tiers",
        "input": "value:sales",
        "mode": "marginal",
        "carry": "year",
        "tiers": [["0", "0.04"], ["150000", "0.06"]],
    }
    plan = plan_of(cast, {"steps": [tiers, {"kind": "rounding"}]})
    september = released_cycle(
        cast,
        {cast.agent: 90.0},
        code="2025-09",
        period=SEPTEMBER,
        lines={cast.agent: {"sales": (145000.0, 1.0)}},
    )
    october = released_cycle(cast, {cast.agent: 90.0}, lines={cast.agent: {"sales": (20000.0, 1.0)}})
    approved(cast, computed(cast, plan, september))
    assert amounts(computed(cast, plan, october)) == {cast.agent.pk: D("1100.00")}


def test_months_of_service_and_days_employed(cast: Cast) -> None:
    User.objects.filter(pk=cast.agent.pk).update(hired_on=datetime.date(2025, 10, 16))
    User.objects.filter(pk=cast.peer.pk).update(hired_on=datetime.date(2020, 1, 1))
    steps = [
        {"kind": "fixed", "value": "3100"},
        {"kind": "proration", "by": "days_employed"},
        {
            "kind": "gate",
            "input": "condition:tenure_months",
            "condition": "at_least",
            "limit": "6",
            "otherwise": "0.5",
        },
        {"kind": "rounding"},
    ]
    run = computed(
        cast, plan_of(cast, {"steps": steps}), released_cycle(cast, {cast.agent: 90.0, cast.peer: 90.0})
    )
    assert amounts(run) == {cast.agent.pk: D(800), cast.peer.pk: D(3100)}
