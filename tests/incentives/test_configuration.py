"""The section incentive_plans of a configuration file: shipped, idempotent, and exact about what is wrong."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

import incentives
from foundation.documents import Problems, read_document, write_document
from incentives.models import IncentivePlan, PlanVersion
from incentives.services.configuration import dump_incentive_plans, load_incentive_plans
from tests.cast import Cast
from tests.incentives.world import approved, computed, released_cycle

pytestmark = pytest.mark.django_db
CATALOGUE = Path(incentives.__file__).parent / "catalogue" / "plans.yaml"


def load(cast: Cast, items: Any) -> Problems:
    problems = Problems()
    load_incentive_plans(items, actor=cast.hr, problems=problems, path=("incentive_plans",))
    return problems


def shipped() -> list[dict[str, Any]]:
    return read_document(CATALOGUE.read_bytes())["incentive_plans"]


def test_the_shipped_plan_loads_and_loading_again_changes_nothing(cast: Cast) -> None:
    assert not load(cast, shipped())
    version = PlanVersion.objects.get(plan__code="monthly_service_bonus")
    assert [step["kind"] for step in version.configuration["steps"]] == [
        "target_bonus",
        "curve",
        "proration",
        "rounding",
    ]
    before = (list(IncentivePlan.objects.values()), list(PlanVersion.objects.values()))
    assert not load(cast, shipped())
    assert (list(IncentivePlan.objects.values()), list(PlanVersion.objects.values())) == before


def test_dump_load_dump_is_identical(cast: Cast) -> None:
    assert not load(cast, shipped())
    first = write_document({"incentive_plans": dump_incentive_plans()})
    assert not load(cast, read_document(first)["incentive_plans"])
    assert write_document({"incentive_plans": dump_incentive_plans()}) == first
    PlanVersion.objects.all().delete()
    IncentivePlan.objects.all().delete()
    assert not load(cast, read_document(first)["incentive_plans"])
    assert write_document({"incentive_plans": dump_incentive_plans()}) == first


def test_a_used_version_is_not_rewritten_by_a_file(cast: Cast) -> None:
    assert not load(cast, shipped())
    plan = IncentivePlan.objects.get()
    approved(cast, computed(cast, plan, released_cycle(cast, {cast.agent: 100.0})))
    items = shipped()
    items[0]["versions"][0]["steps"][0]["share"] = "0.30"
    problems = load(cast, items)
    assert [(each.place, each.code) for each in problems] == [
        ("incentive_plans[0].versions[0].valid_from", "plan_version_used")
    ]
    items[0]["versions"].append({**items[0]["versions"][0], "valid_from": datetime.date(2026, 1, 1)})
    items[0]["versions"][0] = shipped()[0]["versions"][0]
    assert not load(cast, items)
    assert plan.versions.count() == 2


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        pytest.param(
            lambda item: item["versions"][0]["steps"][1].update(cap="much"),
            "incentive_plans[0].versions[0].steps[1].cap",
            "step_not_a_number",
            id="text for a number",
        ),
        pytest.param(
            lambda item: item["versions"][0]["steps"].pop(),
            "incentive_plans[0].versions[0].steps",
            "rounding_missing",
            id="no rounding",
        ),
        pytest.param(
            lambda item: item.update(currency="KWD"),
            "incentive_plans[0].currency",
            "plan_currency",
            id="currency",
        ),
        pytest.param(
            lambda item: item.pop("code"), "incentive_plans[0].code", "document_missing", id="no code"
        ),
        pytest.param(
            lambda item: item.update(nmae=1), "incentive_plans[0].nmae", "document_unknown_key", id="misspelt"
        ),
        pytest.param(
            lambda item: item.update(versions=[]),
            "incentive_plans[0].versions",
            "plan_no_version",
            id="no versions",
        ),
        pytest.param(
            lambda item: item["versions"].append(item["versions"][0]),
            "incentive_plans[0].versions[1].valid_from",
            "document_twice",
            id="two versions of one day",
        ),
        pytest.param(
            lambda item: item["versions"][0].update(valid_from="soon"),
            "incentive_plans[0].versions[0].valid_from",
            "document_type",
            id="a day in words",
        ),
    ],
)
def test_problems_have_their_path_and_nothing_is_stored(
    cast: Cast, change: Any, place: str, code: str
) -> None:
    items = shipped()
    change(items[0])
    problems = load(cast, items)
    assert (place, code) in [(each.place, each.code) for each in problems]
    assert not IncentivePlan.objects.exists()


@pytest.mark.parametrize("junk", [3, "x", {"a": 1}, [3], [None], [{"versions": 3}], [{"versions": [None]}]])
def test_junk_is_named(cast: Cast, junk: Any) -> None:
    assert load(cast, junk)
    assert not IncentivePlan.objects.exists()


def test_numbers_may_be_written_without_quotes(cast: Cast) -> None:
    items = shipped()
    items[0]["versions"][0]["steps"][0]["share"] = 0.2
    items[0]["versions"][0]["steps"][1]["threshold"] = 70
    assert not load(cast, items)
    stored = PlanVersion.objects.get().configuration["steps"]
    assert (stored[0]["share"], stored[1]["threshold"]) == ("0.2", "70")
