"""Balanced scorecard: perspectives and their KPIs, weights judged in pairs, links of cause and effect, and the cards of
teams, sites and the company that enter their people's scores."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client

from foundation.documents import Problems
from metrics.models import GroupValue, KPIVersion
from reviews.methods import METHODS
from reviews.methods.ahp import judged, mirrored, step_of
from reviews.methods.base import ComponentInputs
from reviews.methods.document import (
    References,
    as_draft,
    check_configuration,
    completed,
    freeze_configuration,
)
from reviews.methods.recompute import recompute
from reviews.methods.scorecard import share_of
from reviews.methods.strategy_map import loop_in
from reviews.models import ComponentScore, Cycle, Result
from reviews.selectors.explanations import explanation_of
from reviews.services import group_values
from reviews.services.check_ins import check_in
from reviews.services.configuration import dump_cycle_templates, load_cycle_templates
from reviews.services.cycles import edit_configuration, launch_cycle
from reviews.services.phases import advance_phase
from scoring.scorecard import combine
from tests.cast import Cast
from tests.reviews.conftest import conduct, configuration, judge, score
from tests.reviews.goals import agreed, content, launch_goals
from tests.reviews.test_methods import reference, values

NAN = float("nan")
KPIS = {
    "csat": reference("csat", perspective="customer"),
    "response_time": reference("response_time", perspective="process", bands=[[0, 100], [20, 80], [30, 60]]),
}
#: Customers matter three times as much as processes.
AHP: list[list[Any]] = [[1, 3], ["1/3", 1]]


def card(weight: float = 100, **changes: Any) -> dict[str, Any]:
    return {
        "code": "card",
        "method": "scorecard",
        "name": {"zh": "平衡计分卡", "en": "Scorecard"},
        "weight": weight,
        "subject": "person",
        "perspectives": [
            {"code": "customer", "weight": 60, "name": {"zh": "客户", "en": "Customer"}},
            {"code": "process", "weight": 40, "name": {"zh": "内部流程", "en": "Process"}},
        ],
        "kpis": [
            {"kpi": "csat", "weight": 100, "cap": 1.2},
            {"kpi": "response_time", "weight": 100, "scoring": "bands"},
        ],
        "links": [{"from": "response_time", "to": "csat", "why": {"en": "Who waits less is content"}}],
        **changes,
    }


def problems_of(component: dict[str, Any], *, complete: bool = True) -> list[tuple[str, str]]:
    """(place, code) of what is wrong."""
    problems = Problems()
    check_configuration(
        configuration(components=[component]),
        references=References(kpis=KPIS, jobs={"agent"}),
        problems=problems,
        complete=complete,
    )
    return [(problem.place.removeprefix("components[0]."), problem.code) for problem in problems]


def frozen(component: dict[str, Any]) -> dict[str, Any]:
    return METHODS["scorecard"].freeze(component, kpis=KPIS)


def computed(component: dict[str, Any], people: list[int], kpi_values: pd.DataFrame, **more: Any) -> Any:
    inputs = ComponentInputs(np.array(people, dtype=np.int64), kpi_values, pd.DataFrame(), **more)
    return METHODS["scorecard"].compute(component, inputs)


# The score ---------------------------------------------------------------------------------------------------------


def test_a_card_is_the_weighted_mean_of_its_perspectives() -> None:
    answer = computed(frozen(card()), [1], values([(1, 7, 4.37, 0.046, 50), (1, 8, 25, 1, 400)]))
    # Customer: 4.37 / 4.60 = 95 points. Process: 25 s falls into the band of 80. 0.6 x 95 + 0.4 x 80 = 89.
    assert answer.score.tolist() == [combine([95, 80], [60, 40])] == [89.0]
    told = [
        (line["subject"], line["weight"], line["points"], line["n"])
        for line in answer.lines.to_dict("records")
    ]
    assert told == [
        ("perspective:customer", 60, 95.0, 50),
        ("csat", 100, 95.0, 50),
        ("perspective:process", 40, 80.0, 400),
        ("response_time", 100, 80.0, 400),
    ]
    assert answer.standard_error.tolist() == [pytest.approx(0.6, abs=0.01)]  # 0.6 x 1 point of csat


def test_a_perspective_without_points_leaves_its_weight_to_the_others() -> None:
    answer = computed(frozen(card()), [1, 2], values([(1, 8, 25, 1, 400)]))
    assert answer.score[0] == 80.0
    assert np.isnan(answer.score[1])
    assert answer.lines[answer.lines["employee_id"] == 1]["rule"].tolist() == [
        "missing",
        "missing",
        "perspective",
        "bands",
    ]


def test_everybody_of_a_team_has_the_teams_score_and_who_belongs_nowhere_has_none() -> None:
    own = values([(1, 7, 2.3, 0.1, 50), (2, 7, 4.6, 0.1, 50)])
    teams = values([(1, 7, 4.37, 0.046, 100), (2, 7, 4.37, 0.046, 100), (1, 8, 25, 1, 9), (2, 8, 25, 1, 9)])
    answer = computed(frozen(card(subject="team")), [1, 2, 3], own, group_values={"team": teams})
    assert answer.score[:2].tolist() == [89.0, 89.0]
    assert np.isnan(answer.score[2])
    assert set(answer.lines["subject"]) == {
        "perspective:customer",
        "perspective:process",
        "team:csat",
        "team:response_time",
    }


def test_what_part_of_the_card_a_kpi_is() -> None:
    component = frozen(card())
    assert [share_of(component, item) for item in component["kpis"]] == [60.0, 40.0]


# Weights judged in pairs -------------------------------------------------------------------------------------------


def test_weights_follow_from_judged_pairs() -> None:
    assert judged(AHP).weights == [75, 25]
    component = frozen(card(ahp={"matrix": AHP}))
    assert [each["weight"] for each in component["perspectives"]] == [75, 25]
    answer = computed(component, [1], values([(1, 7, 4.37, 0.046, 50), (1, 8, 25, 1, 400)]))
    assert answer.score.tolist() == [91.25]


def test_derived_weights_make_exactly_100() -> None:
    matrix = mirrored({(0, 1): 3, (0, 2): 5, (1, 2): -2}, 3)
    assert matrix == [[1, 3, 5], ["1/3", 1, "1/2"], ["1/5", 2, 1]]
    found = judged(matrix)
    assert round(sum(found.weights), 2) == 100
    assert found.is_consistent is False


def test_the_pair_that_spoils_the_rest_is_named() -> None:
    """Each counts half of the one before it, says every pair but the last, which says five times as much."""
    found = judged(mirrored({(0, 1): 2, (0, 2): 4, (0, 3): 8, (1, 2): 2, (1, 3): 4, (2, 3): -5}, 4))
    assert (found.first, found.second, found.stated) == (2, 3, 0.2)
    assert found.implied > 0.5
    assert found.ratio > 0.1


@pytest.mark.parametrize(
    ("entry", "step"),
    [(1, 1), (3, 3), ("1/3", -3), (0.33, -3), ("1/9", -9), (9, 9), (0.5, -2), (2.6, 3)],
)
def test_a_judgement_as_a_step_of_the_scale(entry: Any, step: int) -> None:
    assert step_of(entry) == step


@pytest.mark.parametrize(
    ("matrix", "place", "code"),
    [
        pytest.param([[1, 3], [0.5, 1]], "ahp.matrix[0][1]", "ahp_not_reciprocal", id="3 against 1/2"),
        pytest.param([[1, 3], [3, 1]], "ahp.matrix[0][1]", "ahp_not_reciprocal", id="both count more"),
        pytest.param([[2, 3], ["1/3", 1]], "ahp.matrix[0][0]", "ahp_not_reciprocal", id="more than itself"),
        pytest.param([[1, 12], ["1/12", 1]], "ahp.matrix[0][1]", "ahp_entry", id="beyond the scale"),
        pytest.param([[1, "1/0"], [0, 1]], "ahp.matrix[0][1]", "ahp_entry", id="divided by nothing"),
        pytest.param([[1, "9e99999999"], [0.1, 1]], "ahp.matrix[0][1]", "ahp_entry", id="a huge exponent"),
        pytest.param([[1, "three"], ["1/3", 1]], "ahp.matrix[0][1]", "ahp_entry", id="a word"),
        pytest.param([[1, NAN], [NAN, 1]], "ahp.matrix[0][1]", "ahp_entry", id="not a number"),
        pytest.param([[1, True], [True, 1]], "ahp.matrix[0][1]", "cycle_field_type", id="yes and no"),
        pytest.param([[1, 3], [1]], "ahp.matrix[1]", "cycle_list_too_short", id="a hole"),
        pytest.param([[1, 3, 1], ["1/3", 1, 1], [1, 1, 1]], "ahp.matrix", "ahp_shape", id="three of two"),
    ],
)
def test_judgements_that_cannot_be_are_refused_in_a_draft_too(matrix: Any, place: str, code: str) -> None:
    assert (place, code) in problems_of(card(ahp={"matrix": matrix}), complete=False)


def three(**changes: Any) -> dict[str, Any]:
    found = card(**changes)
    found["perspectives"].append({"code": "learning", "weight": 0, "name": {"en": "Learning"}})
    found["kpis"] = [{"kpi": "csat", "weight": 100}, {"kpi": "response_time", "weight": 100}]
    return found


def test_contradicting_judgements_are_kept_but_must_be_confirmed_for_a_launch() -> None:
    matrix = mirrored({(0, 1): 3, (0, 2): 5, (1, 2): -2}, 3)
    found = three(ahp={"matrix": matrix})
    assert problems_of(found, complete=False) == []
    assert ("ahp.matrix", "ahp_inconsistent") in problems_of(found)
    found["ahp"]["accepted"] = True
    assert "ahp_inconsistent" not in [code for _place, code in problems_of(found)]


# What else can be wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        pytest.param(
            {"perspectives": []}, "perspectives", "scorecard_without_perspectives", id="no perspective"
        ),
        pytest.param({"kpis": []}, "perspectives[0]", "perspective_empty", id="nothing under one"),
        pytest.param(
            {"kpis": [{"kpi": "csat", "weight": 100, "perspective": "moon"}]},
            "kpis[0].perspective",
            "perspective_unknown",
            id="a perspective that is not there",
        ),
        pytest.param(
            {"kpis": [{"kpi": "csat", "weight": 90}, {"kpi": "response_time", "weight": 100}]},
            "perspectives[0]",
            "cycle_weights_not_100",
            id="KPIs of a perspective make no 100",
        ),
        pytest.param({"subject": "planet"}, "subject", "cycle_field_choice", id="of whom?"),
        pytest.param(
            {"links": [{"from": "csat", "to": "moon"}]},
            "links[0].to",
            "strategy_node_unknown",
            id="to nowhere",
        ),
        pytest.param(
            {"links": [{"from": "csat", "to": "csat"}]},
            "links[0].to",
            "strategy_link_to_itself",
            id="to itself",
        ),
        pytest.param(
            {"links": [{"from": "csat", "to": "response_time"}] * 2},
            "links[1]",
            "strategy_link_twice",
            id="twice",
        ),
        pytest.param(
            {"links": [{"from": "csat", "to": "response_time"}, {"from": "response_time", "to": "csat"}]},
            "links[1]",
            "strategy_loop",
            id="an effect that is its own cause",
        ),
    ],
)
def test_what_is_refused(changes: dict[str, Any], place: str, code: str) -> None:
    assert (place, code) in problems_of(card(**changes))


def test_typed_weights_make_100() -> None:
    found = card()
    found["perspectives"][0]["weight"] = 50
    assert ("perspectives", "cycle_weights_not_100") in problems_of(found)
    assert problems_of(card()) == []


def test_a_loop_is_named_with_all_its_links() -> None:
    links = [("a", "b"), ("b", "c"), ("x", "c"), ("c", "d"), ("d", "b")]
    assert loop_in(links) == ["b", "c", "d"]
    assert loop_in(links[:-1]) == []


def test_a_frozen_card_can_be_edited_and_launched_again() -> None:
    document = completed(configuration(components=[card(ahp={"matrix": AHP}, subject="team")]))
    references = References(kpis=KPIS, jobs={"agent"})
    again = as_draft(freeze_configuration(document, references=references))
    problems = Problems()
    check_configuration(again, references=references, problems=problems, complete=True)
    assert list(problems) == []
    assert freeze_configuration(again, references=references) == freeze_configuration(
        document, references=references
    )


@pytest.mark.django_db
def test_a_template_with_a_card_loads_and_dumps_back_alike(cast: Cast, kpis: dict[str, KPIVersion]) -> None:
    body = configuration(components=[card(ahp={"matrix": AHP})])
    body["components"][0]["kpis"][0]["perspective"] = "customer"
    body["components"][0]["kpis"][1] = {"kpi": "response_time", "weight": 100, "perspective": "process"}
    item = {"code": "balanced", "name": {"en": "Balanced"}, "configuration": body}
    problems = Problems()
    load_cycle_templates([item], actor=cast.hr, problems=problems, path=("cycle_templates",))
    assert list(problems) == []
    dumped = next(each for each in dump_cycle_templates() if each["code"] == "balanced")
    assert dumped["configuration"]["components"] == body["components"]
    load_cycle_templates([deepcopy(dumped)], actor=cast.hr, problems=problems, path=("cycle_templates",))
    assert list(problems) == []
    assert dumped == next(each for each in dump_cycle_templates() if each["code"] == "balanced")


# In a cycle --------------------------------------------------------------------------------------------------------


def in_cycle(cast: Cast, draft: Cycle, component: dict[str, Any]) -> Cycle:
    component["kpis"] = [
        {"kpi": "csat", "weight": 100, "perspective": "customer", "cap": 1.2},
        {"kpi": "response_time", "weight": 100, "perspective": "process", "target": 20},
    ]
    document = configuration(components=[component, conduct(50)])
    edited = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    cycle = launch_cycle(actor=cast.hr, cycle=edited)
    for name in ("agent", "peer", "outsider"):
        judge(cycle, getattr(cast, name), (4, 4))
    score(cast.hr, cycle)
    return cycle


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[float, float]]:
    """Stands in for the day totals of teams, sites and the company (0): {id: (csat, response time)}."""
    numbers: dict[int, tuple[float, float]] = {}

    def compute(*, run: Any, subject_type: str, subject_ids: Any, kpi_versions: Any, **_period: Any) -> None:
        for subject in set(subject_ids) & set(numbers):
            for version in kpi_versions:
                mean = numbers[subject][version.kpi.code != "csat"]
                measure = "csat_score" if version.kpi.code == "csat" else "wait_seconds"
                GroupValue.objects.create(
                    run=run,
                    subject_type=subject_type,
                    subject_id=subject,
                    kpi_version=version,
                    value=mean,
                    standard_error=0.1,
                    n=100,
                    inputs={f"sum({measure})": mean * 100, f"count({measure})": 100},
                )

    monkeypatch.setattr(group_values, "compute_group_values", compute)
    return numbers


def scores_of(cast: Cast, cycle: Cycle) -> dict[str, float | None]:
    found = ComponentScore.objects.filter(run=cycle.published_run, component="card")
    return {cast.name_of(each.employee_id): each.score for each in found}


def explained(cycle: Cycle, employee: Any) -> dict[str, Any]:
    result = Result.objects.select_related("employee").get(run=cycle.published_run, employee=employee)
    return explanation_of(result, cycle)


def assert_recomputes(explanation: dict[str, Any]) -> None:
    again = recompute(explanation)
    assert again["score"] == explanation["score"]
    for component in explanation["components"]:
        answer = again["components"][component["code"]]
        assert answer["score"] == component["score"]
        assert answer["standard_error"] == component["standard_error"]
        for ours, theirs in zip(answer["lines"], component["lines"], strict=True):
            for name in ("subject", "value", "attainment", "points", "rule"):
                assert ours[name] == theirs[name], (theirs["subject"], name)
        for each in component.get("perspectives", []):
            told = answer["perspectives"][each["code"]]
            assert (told["score"], told["standard_error"]) == (each["score"], each["standard_error"])


@pytest.mark.django_db
def test_the_card_of_a_person(cast: Cast, draft: Cycle) -> None:
    cycle = in_cycle(cast, draft, card(50))
    # agent: csat 95, response 18 s against 20: 110. peer: 100 and 30 s: 50. leaver: csat has too few cases.
    assert scores_of(cast, cycle) == {
        "agent": 101.0,
        "peer": 80.0,
        "leaver": 100.0,
        "outsider": 101.0,
        "mover": None,
        "remote": None,
    }
    for name in ("agent", "leaver", "mover"):
        assert_recomputes(explained(cycle, getattr(cast, name)))
    told = explained(cycle, cast.leaver)["components"][0]
    assert [(each["code"], each["effective_weight"]) for each in told["perspectives"]] == [
        ("customer", 0.0),
        ("process", 100.0),
    ]
    assert [(line["subject"], line["effective_weight"]) for line in told["lines"]] == [
        ("csat", 0.0),
        ("response_time", 100.0),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("subject", ["team", "site", "company"])
def test_the_card_of_a_group_enters_the_scores_of_its_people(
    cast: Cast, draft: Cycle, groups: dict[int, tuple[float, float]], subject: str
) -> None:
    blue, green, chengdu = {
        "team": (cast.blue.pk, cast.green.pk, cast.chengdu.pk),
        "site": (cast.site_shanghai.pk, cast.site_shanghai.pk, cast.site_chengdu.pk),
        "company": (0, 0, 0),
    }[subject]
    groups.update({chengdu: (4.6, 20.0), green: (2.3, 20.0), blue: (4.37, 18.0)})
    cycle = in_cycle(cast, draft, card(50, subject=subject))
    expected = {"team": (101.0, 70.0, 100.0), "site": (101.0, 101.0, 100.0), "company": (101.0,) * 3}[subject]
    found = scores_of(cast, cycle)
    assert (found["agent"], found["peer"]) == (expected[0], expected[0])
    assert (found["outsider"], found["mover"]) == (expected[1], expected[1])
    assert found["remote"] == expected[2]
    explanation = explained(cycle, cast.peer)
    assert_recomputes(explanation)
    told = explanation["components"][0]
    assert told["card"]["subject"] == subject
    assert told["card"]["code"] == {"team": "blue", "site": "sh", "company": ""}[subject]
    assert [line["subject"] for line in told["lines"]] == [f"{subject}:csat", f"{subject}:response_time"]
    assert told["lines"][0]["inputs"] == {"sum(csat_score)": pytest.approx(437), "count(csat_score)": 100}


def with_objectives(weight: float = 50, **changes: Any) -> dict[str, Any]:
    """Customer 50, learning 50; under learning one KPI of 40 and the agreed objectives of 60."""
    found = card(weight, **changes)
    found["perspectives"] = [
        {"code": "customer", "weight": 50, "name": {"en": "Customer"}},
        {"code": "learning", "weight": 50, "name": {"en": "Learning"}},
    ]
    found["kpis"] = [
        {"kpi": "csat", "weight": 100, "perspective": "customer", "cap": 1.2},
        {"kpi": "response_time", "weight": 40, "perspective": "learning", "target": 20},
    ]
    found["objectives"] = [{"perspective": "learning", "weight": 60}]
    found["links"] = [{"from": "objectives:learning", "to": "csat"}]
    return found


def test_objectives_stand_on_peoples_cards_only() -> None:
    assert problems_of(with_objectives(100)) == []
    assert ("objectives", "scorecard_objectives_of_people") in problems_of(
        with_objectives(100, subject="team")
    )
    found = with_objectives(100)
    found["objectives"].append({"perspective": "moon", "weight": 10})
    assert ("objectives[1].perspective", "perspective_unknown") in problems_of(found)


@pytest.mark.django_db
def test_agreed_objectives_count_under_their_perspective(
    cast: Cast, measured: Any, kpis: dict[str, KPIVersion]
) -> None:
    cycle = launch_goals(cast, with_objectives(), conduct(50), missing_component="renormalise")
    words = [
        content("Train newcomers", 75, perspective="learning"),
        content("Write guides", 25, perspective="learning"),
    ]
    first, second = agreed(cast, cycle, cast.agent, *words)
    cycle = advance_phase(actor=cast.hr, cycle=cycle, to_phase="rating", reason="Not everybody has some")
    check_in(actor=cast.agent, objective_id=first.pk, values={1: 90})  # 50 to 100: 80 per cent
    check_in(actor=cast.agent, objective_id=second.pk, values={1: 75})  # 50 per cent
    for name in ("agent", "peer"):
        judge(cycle, getattr(cast, name), (4, 4))
    score(cast.hr, cycle)
    found = scores_of(cast, cycle)
    # Objectives 0.75 x 80 + 0.25 x 50 = 72.5; learning 0.4 x 110 + 0.6 x 72.5 = 87.5; card (95 + 87.5) / 2.
    assert found["agent"] == 91.25
    assert found["peer"] == 75.0  # nothing agreed: 100 and 50
    for person in (cast.agent, cast.peer):
        assert_recomputes(explained(cycle, person))
    told = explained(cycle, cast.agent)["components"][0]
    shown = {
        line["subject"].split(":")[0] if line["subject"].startswith("key:") else line["subject"]: line
        for line in told["lines"]
    }
    assert shown["objectives:learning"]["points"] == 72.5
    weights = [line["effective_weight"] for line in told["lines"]]
    assert round(sum(weights), 6) == 100
    assert [line["points"] for line in told["lines"] if "objective" in line] == [80.0, 50.0]
    peer = explained(cycle, cast.peer)["components"][0]
    assert [line["rule"] for line in peer["lines"]][-1] == "none_agreed"
    # And the pages say so.
    client = Client()
    client.force_login(cast.hr)
    page = client.get(f"/cycles/mbo/results/{cast.agent.pk}/").content.decode()
    assert "Train newcomers" in page
    assert client.get(f"/cycles/mbo/scorecards/card/{cast.agent.pk}/").status_code == 200
    assert client.get(f"/cycles/mbo/results/{cast.peer.pk}/").status_code == 200
    assert client.get("/cycles/mbo/components/card/").status_code == 200
