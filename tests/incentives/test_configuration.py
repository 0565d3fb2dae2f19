"""The section incentive_plans of a configuration file: shipped, idempotent, and exact about what is wrong."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import incentives
from foundation.documents import Problems, format_path, read_document, write_document
from incentives.models import AwardKind, IncentivePlan, PlanVersion, SpotBudget
from incentives.services import recognition_configuration
from incentives.services.award_kinds import adopt_shipped_kinds
from incentives.services.configuration import dump_incentive_plans, load_incentive_plans
from incentives.services.recognition import give_award, set_budget
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


# Recognition ----------------------------------------------------------------------------------------------------------

THANKS = {"code": "thanks", "name": {"zh": "感谢有你", "en": "Thank you"}, "giver": "colleague"}


def load_recognition(cast: Cast, **sections: Any) -> list[tuple[str, str]]:
    problems = Problems()
    for name, items in sections.items():
        load = getattr(recognition_configuration, f"load_{name}")
        load(items, actor=cast.hr, problems=problems, path=(name,))
    return [(format_path(problem.path), problem.code) for problem in problems]


def recognition_document() -> str:
    return write_document(
        {
            "award_kinds": recognition_configuration.dump_award_kinds(),
            "spot_budgets": recognition_configuration.dump_spot_budgets(),
        }
    )


def test_recognition_dump_load_dump_is_identical_and_changes_nothing(cast: Cast) -> None:
    adopt_shipped_kinds(actor=cast.hr)
    this_month = timezone.localdate().replace(day=1)
    set_budget(actor=cast.hr, manager=cast.manager, month=this_month, points=200)
    set_budget(actor=cast.hr, manager=cast.hr, month=this_month, points=70)
    set_budget(actor=cast.hr, manager=cast.manager, month=datetime.date(2025, 1, 1), points=5)
    first = recognition_document()
    assert len(read_document(first)["spot_budgets"]) == 2, "what is over is no configuration"
    events = AwardKind.pgh_event_model.objects.count()  # type: ignore[attr-defined]
    assert not load_recognition(cast, **read_document(first))
    assert AwardKind.pgh_event_model.objects.count() == events  # type: ignore[attr-defined]
    AwardKind.objects.all().delete()
    SpotBudget.objects.all().delete()
    assert not load_recognition(cast, **read_document(first))
    assert recognition_document() == first


def test_a_file_changes_the_points_and_limit_of_a_kind(cast: Cast) -> None:
    assert not load_recognition(cast, award_kinds=[THANKS])
    assert not load_recognition(cast, award_kinds=[{**THANKS, "points": 25, "monthly_limit": 5}])
    kind = AwardKind.objects.get()
    assert (kind.points, kind.monthly_limit, kind.is_active) == (25, 5, True)


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"giver": "anybody"}, "award_kinds[0].giver", "document_choice"),
        ({"icon": "skull"}, "award_kinds[0].icon", "document_choice"),
        ({"points": -1}, "award_kinds[0].points", "points_wrong"),
        ({"points": "many"}, "award_kinds[0].points", "document_type"),
        ({"monthly_limit": 0}, "award_kinds[0].monthly_limit", "award_kind_wrong"),
        ({"name": {}}, "award_kinds[0].name", "document_missing"),
        ({"code": "two words"}, "award_kinds[0].code", "plan_code"),
        ({"pionts": 3}, "award_kinds[0].pionts", "document_unknown_key"),
        ({"rule": {"kind": "milestone", "years": [1]}}, "award_kinds[0].rule", "award_rule_of_people"),
        ({"giver": "rule"}, "award_kinds[0].rule", "document_missing"),
        ({"giver": "rule", "rule": {"kind": "luck"}}, "award_kinds[0].rule.kind", "document_choice"),
        (
            {"giver": "rule", "rule": {"kind": "best_of_kpi", "kpi": "nothing"}},
            "award_kinds[0].kpi",
            "award_rule_kpi",
        ),
        (
            {"giver": "rule", "rule": {"kind": "milestone", "years": ["one"]}},
            "award_kinds[0].years",
            "award_rule_years",
        ),
    ],
)
def test_what_is_wrong_with_a_kind_of_recognition(
    cast: Cast, change: dict[str, Any], place: str, code: str
) -> None:
    assert (place, code) in load_recognition(cast, award_kinds=[{**THANKS, **change}])
    assert not AwardKind.objects.exists()


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"manager": "nobody"}, "spot_budgets[0].manager", "budget_manager"),
        ({"manager": "E0004"}, "spot_budgets[0].manager", "budget_not_a_manager"),
        ({"month": "November"}, "spot_budgets[0].month", "budget_month"),
        ({"month": "2025-13"}, "spot_budgets[0].month", "budget_month"),
        ({"points": -5}, "spot_budgets[0].points", "budget_wrong"),
        ({"points": None}, "spot_budgets[0].points", "document_missing"),
    ],
)
def test_what_is_wrong_with_a_budget(cast: Cast, change: dict[str, Any], place: str, code: str) -> None:
    item = {"manager": cast.manager.employee_number, "month": "2025-11", "points": 100, **change}
    assert (place, code) in load_recognition(cast, spot_budgets=[item])
    assert not SpotBudget.objects.exists()


def test_a_budget_twice_and_one_below_what_is_given(cast: Cast) -> None:
    number = cast.manager.employee_number
    month = timezone.localdate().strftime("%Y-%m")
    item = {"manager": number, "month": month, "points": 100}
    assert load_recognition(cast, spot_budgets=[item, item]) == [("spot_budgets[1].month", "document_twice")]
    spot = {**THANKS, "code": "spot", "giver": "manager", "points": 50}
    assert not load_recognition(cast, award_kinds=[spot], spot_budgets=[item])
    give_award(
        actor=cast.manager,
        kind=AwardKind.objects.get(),
        receiver=cast.agent,
        citation="Stayed until every caller was answered",
    )
    assert load_recognition(cast, spot_budgets=[{**item, "points": 49}]) == [
        ("spot_budgets[0].points", "budget_below_spent")
    ]
