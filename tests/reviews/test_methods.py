"""The methods by themselves: numbers by hand, no database."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from foundation.documents import Problems
from reviews.methods import METHODS
from reviews.methods.base import ComponentInputs, KPIReference
from reviews.methods.cohorts import standings
from reviews.methods.document import (
    References,
    check_configuration,
    completed,
    fingerprint,
    freeze_configuration,
)
from reviews.methods.overall import overall_scores
from reviews.methods.rating_rule import by_cutoffs
from tests.reviews.conftest import conduct, configuration, kpi_component

NAN = float("nan")


def reference(code: str, **changes: Any) -> KPIReference:
    return KPIReference(
        **{
            "code": code,
            "name": {"en": code},
            "is_qualitative": False,
            "version_id": {"csat": 7, "response_time": 8}.get(code, 9),
            "version_number": 1,
            "formula": f"mean({code})",
            "unit": "score",
            "direction": "lower" if code == "response_time" else "higher",
            "target": 4.6,
            "bands": [],
            "decimals": 2,
            "minimum_sample": 5,
            **changes,
        }
    )


REFERENCES = References(
    kpis={
        "csat": reference("csat"),
        "response_time": reference("response_time", bands=[[0, 100], [20, 80], [30, 60]]),
        "attitude": reference("attitude", is_qualitative=True),
        "no_target": reference("no_target", target=None),
    },
    teams={"blue"},
    jobs={"agent"},
    sites={"sh"},
)


def frozen_kpis(items: list[dict[str, Any]]) -> dict[str, Any]:
    return METHODS["kpi"].freeze(
        {"code": "kpis", "method": "kpi", "weight": 100, "kpis": items}, kpis=REFERENCES.kpis
    )


def values(rows: list[tuple[int, int, float, float, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["employee_id", "kpi_version_id", "value", "standard_error", "n"])


NO_JUDGEMENTS = pd.DataFrame({"employee_id": [], "component": [], "item": [], "level": []})


def compute(component: dict[str, Any], people: list[int], kpi_values: pd.DataFrame) -> Any:
    inputs = ComponentInputs(np.array(people, dtype=np.int64), kpi_values, NO_JUDGEMENTS)
    return METHODS["kpi"].compute(component, inputs)


def test_kpis_are_scored_by_attainment_and_by_bands() -> None:
    component = frozen_kpis(
        [
            {"kpi": "csat", "weight": 40, "cap": 1.2},
            {"kpi": "response_time", "weight": 60, "scoring": "bands"},
        ]
    )
    answer = compute(component, [1], values([(1, 7, 4.37, 0.046, 50), (1, 8, 25, 1, 400)]))
    # 4.37 / 4.60 = 0.95; 25 s falls into the band from 20: 80 points. 0.4 * 95 + 0.6 * 80 = 86.
    assert answer.score.tolist() == [86.0]
    assert answer.n.tolist() == [400]
    first, second = answer.lines.to_dict("records")
    # The error of csat in points is 0.046 * 100 / 4.6 = 1. 25 s lies five errors inside its band: next to none.
    assert (first["standard_error"], round(second["standard_error"], 2)) == (1.0, 0.02)
    assert answer.standard_error.tolist() == [0.400103]
    assert (first["attainment"], first["points"], first["rule"]) == (0.95, 95.0, "attainment")
    assert (second["points"], second["rule"]) == (80.0, "bands")


@pytest.mark.parametrize(
    ("value", "floor", "cap", "points"),
    [
        pytest.param(9.2, 0, 1.2, 120.0, id="the cap stops over-achievement"),
        pytest.param(9.2, 0, None, 200.0, id="without a cap all of it counts"),
        pytest.param(0.46, 0.5, 1.2, 50.0, id="the floor holds"),
        pytest.param(4.6, 0, 1.2, 100.0, id="the target met exactly"),
    ],
)
def test_floor_and_cap(value: float, floor: float, cap: float | None, points: float) -> None:
    component = frozen_kpis([{"kpi": "csat", "weight": 100, "floor": floor, "cap": cap}])
    assert compute(component, [1], values([(1, 7, value, NAN, 10)])).score.tolist() == [points]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param([(1, 7, 4.6, 0.1, 4)], "below_minimum", id="four answers where five are the minimum"),
        pytest.param([(1, 7, NAN, NAN, 0)], "missing", id="undefined"),
        pytest.param([], "missing", id="no row at all"),
    ],
)
def test_what_cannot_count_leaves_its_weight_to_the_others(row: list[Any], rule: str) -> None:
    component = frozen_kpis(
        [{"kpi": "csat", "weight": 40}, {"kpi": "response_time", "weight": 60, "scoring": "bands"}]
    )
    answer = compute(component, [1], values([*row, (1, 8, 25, 1, 400)]))
    assert answer.score.tolist() == [80.0]
    assert answer.lines["rule"].tolist() == [rule, "bands"]
    assert np.isnan(answer.lines["points"][0])


def test_nobody_is_scored_from_nothing() -> None:
    answer = compute(frozen_kpis([{"kpi": "csat", "weight": 100}]), [1, 2], values([(2, 7, 4.6, 0.1, 9)]))
    assert np.isnan(answer.score[0])
    assert answer.score[1] == 100.0


def test_levels_give_points_and_an_unsubmitted_form_gives_none() -> None:
    judgements = pd.DataFrame(
        {"employee_id": [1, 1], "component": "conduct", "item": ["courtesy", "patience"], "level": [4.0, 5.0]}
    )
    inputs = ComponentInputs(np.array([1, 2]), values([]), judgements)
    answer = METHODS["rating_scale"].compute(conduct(), inputs)
    assert answer.score[0] == 90.0
    assert np.isnan(answer.score[1])
    assert answer.n.tolist() == [2, 0]
    assert answer.lines["rule"].tolist() == ["judged", "missing", "judged", "missing"]


# The overall score ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "expected", "state"),
    [
        pytest.param("renormalise", 90.0, "scored", id="the other component has all the weight"),
        pytest.param("zero", 27.0, "scored", id="it counts as zero"),
        pytest.param("hold_back", None, "held_back", id="no score until it is there"),
    ],
)
def test_a_missing_component(missing: str, expected: float | None, state: str) -> None:
    score, _error, states = overall_scores(
        np.array([[NAN, 90.0]]), np.array([[NAN, NAN]]), np.zeros(1), configuration(missing_component=missing)
    )
    assert states == [state]
    assert (None if np.isnan(score[0]) else score[0]) == expected


def test_judgements_are_taken_as_exact_and_a_penalty_stops_at_zero() -> None:
    score, error, _states = overall_scores(
        np.array([[100.0, 50.0], [10.0, 10.0], [NAN, 50.0]]),
        np.array([[2.0, NAN], [NAN, NAN], [NAN, NAN]]),
        np.array([-5.0, -50.0, 0.0]),
        configuration(),
    )
    assert score.tolist() == [80.0, 0.0, 50.0]
    assert error[0] == 1.4  # 0.7 * 2
    assert np.isnan(error[1:]).all()


def test_ties_share_the_best_place_and_the_middle_percentile() -> None:
    values = np.array([90.0, 80.0, 80.0, 70.0, NAN, 60.0, 99.0])
    standing = standings(values, np.full(7, NAN), ["a", "a", "a", "a", "a", "b", ""])
    assert standing["rank"].tolist()[:4] == [1, 2, 2, 4]
    assert np.isnan(standing["rank"][4])
    assert standing["rank"][5] == 1
    assert standing["percentile"].tolist()[:4] == [0.875, 0.5, 0.5, 0.125]
    assert standing["size"].tolist() == [4, 4, 4, 4, 4, 1, 0]
    assert np.isnan(standing["rank"][6])  # in no cohort
    assert standing["word"].tolist() == ["above", "about", "about", "below", "", "", ""]
    assert standing["apart_above"].isna().all()  # without an error nobody can be told apart, or not


def test_bands_are_half_open_and_the_lowest_has_no_end_below() -> None:
    bands = configuration()["rating_bands"]
    assert by_cutoffs(np.array([89.999999, 90.0, 0.0, -1.0, NAN]), bands) == ["B", "A", "D", "D", ""]


# The document -----------------------------------------------------------------------------------------------------


def problems_of(document: Any, *, complete: bool = True) -> list[tuple[str, str]]:
    problems = Problems()
    check_configuration(document, references=REFERENCES, problems=problems, complete=complete)
    return [(problem.place, problem.code) for problem in problems]


def changed(**kpi: Any) -> dict[str, Any]:
    component = kpi_component()
    component["kpis"][0] |= kpi
    return configuration(components=[component, conduct()])


def test_a_good_configuration_has_no_problem() -> None:
    assert problems_of(configuration()) == []


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        pytest.param([], "", "cycle_field_type", id="a list instead of a mapping"),
        pytest.param(
            configuration(components="x"), "components", "cycle_field_type", id="components are no list"
        ),
        pytest.param(configuration(extra=1), "extra", "cycle_field_unknown", id="an unknown setting"),
        pytest.param(configuration(cohort="moon"), "cohort", "cycle_field_choice", id="an unknown cohort"),
        pytest.param(
            configuration(components=[{"code": "x", "method": "magic", "weight": 100}]),
            "components[0].method",
            "method_unknown",
            id="an unknown method",
        ),
        pytest.param(
            configuration(components=[kpi_component(60), conduct()]),
            "components",
            "cycle_weights_not_100",
            id="component weights of 90",
        ),
        pytest.param(
            changed(weight=30), "components[0].kpis", "cycle_weights_not_100", id="KPI weights of 90"
        ),
        pytest.param(
            changed(kpi="nps"), "components[0].kpis[0].kpi", "cycle_kpi_unknown", id="an unknown KPI"
        ),
        pytest.param(
            changed(kpi="response_time"), "components[0].kpis[1].kpi", "cycle_code_twice", id="one KPI twice"
        ),
        pytest.param(
            changed(kpi="attitude"),
            "components[0].kpis[0].kpi",
            "cycle_kpi_is_qualitative",
            id="a judged KPI",
        ),
        pytest.param(
            changed(kpi="no_target"),
            "components[0].kpis[0].target",
            "cycle_kpi_without_target",
            id="no target",
        ),
        pytest.param(
            changed(scoring="bands"),
            "components[0].kpis[0].scoring",
            "cycle_kpi_without_bands",
            id="no bands",
        ),
        pytest.param(
            changed(floor=1.5), "components[0].kpis[0].floor", "cycle_floor_above_cap", id="floor above cap"
        ),
        pytest.param(
            changed(weight=float("inf")),
            "components[0].kpis[0].weight",
            "cycle_field_too_large",
            id="infinite weight",
        ),
        pytest.param(
            changed(weight=10**400),
            "components[0].kpis[0].weight",
            "cycle_field_too_large",
            id="a huge weight",
        ),
        pytest.param(
            configuration(population={"teams": ["nowhere"]}),
            "population.teams[0]",
            "cycle_teams_unknown",
            id="an unknown team",
        ),
        pytest.param(
            configuration(
                rating_bands=[
                    {"code": "B", "from": 50, "name": {"en": "b"}},
                    {"code": "A", "from": 80, "name": {"en": "a"}},
                ]
            ),
            "rating_bands[0].from",
            "bands_hole",
            id="a hole below the lowest band",
        ),
        pytest.param(configuration(components=[]), "components", "no_components", id="nothing to appraise"),
    ],
)
def test_a_bad_configuration_says_where(document: Any, place: str, code: str) -> None:
    assert (place, code) in problems_of(document)


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        pytest.param({"levels": []}, "levels", "levels_too_few", id="no levels"),
        pytest.param(
            {"levels": [{"value": 2, "points": 1}, {"value": 1, "points": 2}]},
            "levels[1].value",
            "levels_not_ascending",
            id="levels going down",
        ),
        pytest.param({"items": []}, "items", "component_without_items", id="no items"),
        pytest.param(
            {"comment_required_at": [7]}, "comment_required_at[0]", "cycle_level_unknown", id="comment at 7"
        ),
    ],
)
def test_a_bad_scale_says_where(change: dict[str, Any], place: str, code: str) -> None:
    document = configuration(components=[kpi_component(), conduct() | change])
    assert (f"components[1].{place}", code) in problems_of(document)


def test_a_level_without_its_description_is_named() -> None:
    scale = conduct()
    del scale["items"][0]["descriptions"]["4"]
    found = problems_of(configuration(components=[kpi_component(), scale]))
    assert found == [("components[1].items[0].descriptions", "descriptions_missing")]


def test_unfinished_work_can_be_kept() -> None:
    """What a launch asks for is not asked while someone still types; what can never be right is."""
    unfinished = configuration(components=[kpi_component(60), conduct() | {"items": []}], rating_bands=[])
    assert problems_of(unfinished, complete=False) == []
    assert problems_of(changed(kpi="nps"), complete=False)


def test_weights_are_added_as_decimals() -> None:
    items = [{"kpi": code, "weight": weight} for code, weight in (("csat", 33.3), ("response_time", 66.7))]
    document = configuration(components=[kpi_component() | {"kpis": items}, conduct()])
    assert problems_of(document) == []


def test_freezing_writes_down_what_a_kpi_means() -> None:
    item = freeze_configuration(configuration(), references=REFERENCES)["components"][0]["kpis"][0]
    assert item["target"] == 4.6
    assert item["version"]["id"] == 7
    assert item["version"]["formula"] == "mean(csat)"
    assert item["version"]["direction"] == "higher"


def test_one_configuration_has_one_fingerprint() -> None:
    document = completed(configuration())
    assert fingerprint(document) == fingerprint(dict(reversed(document.items())))
    assert fingerprint(document) != fingerprint({**document, "show_rank": False})
