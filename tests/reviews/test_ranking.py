"""Ranking: places in cohorts, points for them, words and intervals, and what an explanation says of the others.

csat of the cast, of which leaver's 3 cases are too few: agent 4.37, peer 4.60, outsider 4.37; mover and remote have
none.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from django.urls import reverse

from foundation.documents import Problems
from people.models import User
from reviews.methods import COMPARING, get_method
from reviews.methods.base import RelativeInputs
from reviews.methods.cohorts import STANDING_COLUMNS, standing_again, standings
from reviews.methods.document import check_configuration
from reviews.methods.ranking import RankingMethod
from reviews.methods.recompute import recompute
from reviews.models import ComponentScore, Cycle, Participant, Result
from reviews.selectors.explanations import explanation_of
from reviews.selectors.launch import launch_problems
from reviews.selectors.references import references_on
from reviews.services.cycles import edit_configuration, launch_cycle
from tests.cast import Cast
from tests.reviews.conftest import conduct, configuration, judge, kpi_component, score

pytestmark = pytest.mark.django_db
NAN = float("nan")


def ranking(weight: float = 20, **changes: Any) -> dict[str, Any]:
    return {
        "code": "place",
        "method": "ranking",
        "name": {"zh": "排名", "en": "Place"},
        "weight": weight,
        "source": "kpi",
        "kpis": [{"kpi": "csat"}],
        "cohort": "cycle",
        "minimum_cohort": 3,
        "scale": "percentile",
        "points": {"lowest": 0, "highest": 100},
        **changes,
    }


def by_components(weight: float = 20, **changes: Any) -> dict[str, Any]:
    sources = [{"code": "kpis", "weight": 60}, {"code": "conduct", "weight": 40}]
    return ranking(weight, source="components", kpis=[], components=sources, **changes)


def scored(cast: Cast, draft: Cycle, component: dict[str, Any], **changes: Any) -> Cycle:
    document = configuration(components=[kpi_component(50), conduct(30), component], **changes)
    edited = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    cycle = launch_cycle(actor=cast.hr, cycle=edited)
    for name, levels in {"agent": (4, 5), "peer": (3, 3), "outsider": (4, 5), "mover": (5, 5)}.items():
        judge(cycle, getattr(cast, name), levels)
    run = score(cast.hr, cycle)
    assert run.state == "done"
    cycle.refresh_from_db()
    return cycle


def places(cast: Cast, cycle: Cycle) -> dict[str, float | None]:
    found = ComponentScore.objects.filter(run=cycle.published_run, component="place")
    return {cast.name_of(each.employee_id): each.score for each in found}


def explained(cycle: Cycle, person: User) -> dict[str, Any]:
    result = Result.objects.select_related("employee").get(run=cycle.published_run, employee=person)
    return explanation_of(result, cycle)


def assert_explains_itself(cycle: Cycle) -> None:
    results = list(Result.objects.filter(run=cycle.published_run).select_related("employee"))
    assert results
    for result in results:
        explanation = explanation_of(result, cycle)
        again = recompute(explanation)
        for name in ("score", "standard_error", "rating", "rank", "percentile", "rank_low", "rank_high"):
            assert again[name] == getattr(result, name), (result.employee.name, name)
        assert again["standing"] == result.standing
        for component in explanation["components"]:
            answer = again["components"][component["code"]]
            assert answer["score"] == component["score"]
            assert answer["weight"] == component["effective_weight"]
            for line, other in zip(component["lines"], answer["lines"], strict=True):
                for name in ("subject", "value", "attainment", "points", "rule"):
                    assert other[name] == line[name], (result.employee.name, line)


def test_ranked_by_a_kpi_ties_have_the_same_points(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, ranking())
    # peer: (2 + 1/2) / 3; agent and outsider: (0 + 2/2) / 3
    assert places(cast, cycle) == {
        "peer": 83.333333,
        "agent": 33.333333,
        "outsider": 33.333333,
        "leaver": None,
        "mover": None,
        "remote": None,
    }
    standing = explained(cycle, cast.agent)["components"][2]["standing"]
    assert (standing["rank"], standing["size"], standing["above"], standing["equal"]) == (2, 3, 1, 2)
    assert explained(cycle, cast.leaver)["components"][2]["standing"]["word"] == "below_minimum"
    assert explained(cycle, cast.remote)["components"][2]["standing"]["word"] == "missing"
    assert_explains_itself(cycle)


def test_points_by_place_and_between_two_bounds(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, ranking(scale="place", points={"lowest": 60, "highest": 110}))
    # first of three: 110; the two who share places 2 and 3: 60 + 50 x (3 - 2.5) / 2
    assert {name: places(cast, cycle)[name] for name in ("peer", "agent", "outsider")} == {
        "peer": 110,
        "agent": 72.5,
        "outsider": 72.5,
    }
    assert_explains_itself(cycle)


def test_ranked_by_other_components_of_the_cycle(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, by_components())
    explanation = explained(cycle, cast.peer)
    scores = {each["code"]: each["score"] for each in explanation["components"]}
    lines = {line["subject"]: line["value"] for line in explanation["components"][2]["lines"]}
    assert (lines["kpis"], lines["conduct"]) == (scores["kpis"], scores["conduct"])
    assert_explains_itself(cycle)


def test_without_a_place_the_other_components_share_the_weight(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, ranking())
    weights = {
        (cast.name_of(each.employee_id), each.component): each.weight
        for each in ComponentScore.objects.filter(run=cycle.published_run)
    }
    assert [weights["agent", code] for code in ("kpis", "conduct", "place")] == [50, 30, 20]
    assert weights["mover", "conduct"] == 100
    assert weights["leaver", "kpis"] == 100  # no form either
    assert all(weights["remote", code] == 0 for code in ("kpis", "conduct", "place"))


def test_a_small_cohort_has_no_places_and_says_so(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, ranking(cohort="team", minimum_cohort=2))
    # blue: agent, peer (leaver has too few cases); green: outsider alone
    assert {name for name, each in places(cast, cycle).items() if each is not None} == {"agent", "peer"}
    standing = explained(cycle, cast.outsider)["components"][2]["standing"]
    assert (standing["rank"], standing["size"], standing["word"]) == (None, 1, "small_cohort")
    assert_explains_itself(cycle)


def test_cohorts_by_site_and_grade(cast: Cast, draft: Cycle) -> None:
    cast.agent.memberships.update(grade="P3")
    cast.outsider.memberships.update(grade="P3")
    cycle = scored(cast, draft, ranking(cohort="grade", minimum_cohort=2), cohort="site")
    assert {name for name, each in places(cast, cycle).items() if each is not None} == {"agent", "outsider"}
    assert explained(cycle, cast.peer)["components"][2]["standing"]["word"] == "no_cohort"
    sites = {
        cast.name_of(each.employee_id): each.cohort for each in Result.objects.filter(run=cycle.published_run)
    }
    assert sites["agent"] == sites["outsider"] == f"site:{cast.site_shanghai.pk}"
    assert sites["remote"] == f"site:{cast.site_chengdu.pk}"
    assert_explains_itself(cycle)


def test_a_cohort_of_one_cannot_be_asked_for(draft: Cycle) -> None:
    problems = found_problems(draft, ranking(minimum_cohort=1))
    assert problems == [("components[0].minimum_cohort", "cycle_field_too_small")]


def test_launch_is_refused_when_nobody_could_have_a_place(cast: Cast, draft: Cycle) -> None:
    for minimum, expected in (
        (50, ("ranking_no_cohort", "error")),
        (3, ("ranking_cohorts_small", "warning")),
    ):
        draft.configuration = configuration(
            components=[kpi_component(80), ranking(cohort="team", minimum_cohort=minimum)]
        )
        found = [(each.code, each.severity) for each in launch_problems(draft)]
        assert expected in found


def found_problems(draft: Cycle, *components: dict[str, Any]) -> list[tuple[str, str]]:
    problems = Problems()
    check_configuration(
        configuration(components=list(components)),
        references=references_on(draft.last_day),
        problems=problems,
        complete=False,
    )
    return [(problem.place, problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        pytest.param({"points": {"lowest": 8, "highest": 8}}, "points.highest", "ranking_points_backwards", id="flat"),
        pytest.param({"cohort": "rater"}, "cohort", "ranking_cohort_needs_hand", id="a manager's people by a KPI"),
        pytest.param({"kpis": [{"kpi": "nothing"}]}, "kpis[0].kpi", "cycle_kpi_unknown", id="an unknown KPI"),
        pytest.param({"source": "mood"}, "source", "cycle_field_choice", id="an unknown source"),
        pytest.param(
            {"source": "components", "components": [{"code": "kpis", "weight": 60}, {"code": "kpis", "weight": 40}]},
            "components[1].code", "cycle_code_twice", id="a component twice",
        ),
    ],
)  # fmt: skip
def test_what_can_never_be_right(draft: Cycle, change: dict[str, Any], place: str, code: str) -> None:
    assert (f"components[1].{place}", code) in found_problems(draft, kpi_component(), ranking(**change))


def test_nothing_is_ranked_by_itself_or_by_what_is_not_there(draft: Cycle) -> None:
    wrong = by_components()
    wrong["components"] = [{"code": "place", "weight": 50}, {"code": "ghost", "weight": 50}]
    assert found_problems(draft, kpi_component(), wrong) == [
        ("components[1].components[0].code", "ranking_component_compares"),
        ("components[1].components[1].code", "ranking_component_unknown"),
    ]


def test_other_people_appear_as_numbers_only(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, ranking())
    text = str(explained(cycle, cast.agent))
    for other in cast.employees:
        if other != cast.agent:
            assert other.name not in text
            assert (other.employee_number or "–") not in text


def test_the_page_says_the_place_in_words(cast: Cast, draft: Cycle) -> None:
    cycle = scored(cast, draft, ranking())
    cast.hr.locale = "en"
    cast.hr.save()
    client = Client(headers={"accept-language": "en"})
    client.force_login(cast.hr)
    page = client.get(reverse("reviews:result", args=[cycle.code, cast.agent.pk])).content.decode()
    assert "of 3 people" in page
    small = client.get(reverse("reviews:result", args=[cycle.code, cast.leaver.pk])).content.decode()
    assert "No place: too few cases." in small


def test_hr_makes_a_ranking_in_the_browser(cast: Cast, draft: Cycle) -> None:
    document = configuration(components=[kpi_component(50), conduct(30), ranking()])
    draft = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    client = Client()
    client.force_login(cast.hr)
    address = reverse("reviews:component", args=[draft.code, "place"])
    assert client.get(address).status_code == 200
    typed = {
        "version": draft.version,
        "source": "components",
        "cohort": "site",
        "minimum_cohort": "8",
        "scale": "place",
        "lowest": "60",
        "highest": "100",
        "sources-TOTAL_FORMS": "2",
        "sources-INITIAL_FORMS": "2",
        "sources-0-code": "kpis",
        "sources-0-weight": "70",
        "sources-1-code": "conduct",
        "sources-1-weight": "30",
    }
    wrong = client.post(address, {**typed, "minimum_cohort": "1"})
    assert wrong.status_code == 422
    draft.refresh_from_db()
    assert draft.configuration["components"][2]["source"] == "kpi"
    assert client.post(address, typed).status_code == 302
    draft.refresh_from_db()
    found = draft.configuration["components"][2]
    assert found["components"] == [{"code": "kpis", "weight": 70}, {"code": "conduct", "weight": 30}]
    assert (found["cohort"], found["minimum_cohort"], found["scale"]) == ("site", 8, "place")
    assert found["points"] == {"lowest": 60, "highest": 100}


# The computation --------------------------------------------------------------------------------------------------


def test_every_standing_can_be_made_again_from_its_counts() -> None:
    rng = np.random.default_rng(7)
    values = np.round(rng.normal(80, 8, 120), 1)
    errors = np.where(rng.random(120) < 0.2, NAN, np.round(rng.uniform(0.5, 4, 120), 3))
    values[:5] = NAN
    cohorts = [f"team:{number % 3}" for number in range(118)] + ["", "team:9"]
    found = standings(values, errors, cohorts)
    for index, row in enumerate(found.itertuples(index=False)):
        cohort = {name: None if pd.isna(value) else value for name, value in row._asdict().items()}
        again = standing_again(values[index], errors[index], cohort)
        assert again["word"] == row.word
        if again["rank"] is None:
            assert pd.isna(row.rank)
            continue
        assert (again["rank"], again["percentile"]) == (row.rank, row.percentile)
        assert again["rank_low"] == row.apart_above + 1
        assert again["rank_high"] == row.size - row.apart_below
    assert {"significantly_above", "above", "about", "below", "significantly_below"} <= set(found["word"])
    assert tuple(found.columns) == STANDING_COLUMNS


def test_only_methods_that_compare_are_computed_with_everyone_at_once() -> None:
    assert {"ranking", "paired_comparison"} == COMPARING
    nobody = np.array([], dtype=np.int64)
    empty = pd.DataFrame()
    with pytest.raises(TypeError, match="kpi compares nobody"):
        get_method("kpi").compare({}, RelativeInputs(nobody, empty, empty, empty, empty))


def test_a_frozen_ranking_carries_all_that_explains_it(cast: Cast, draft: Cycle) -> None:
    kpis = references_on(draft.last_day).kpis
    before = ranking()
    kept = deepcopy(before)
    frozen = RankingMethod().freeze(before, kpis=kpis)
    assert before == kept
    assert frozen["kpis"][0]["version"]["formula"] == "sum(csat_score) / count(csat_score)"
    by_hand = RankingMethod().freeze(
        {"code": "order", "method": "ranking", "source": "ordering", "weight": 100}, kpis=kpis
    )
    assert by_hand["cohort"] == "rater"


def test_a_participant_keeps_site_and_grade_of_the_launch(cast: Cast, draft: Cycle) -> None:
    cast.agent.memberships.update(grade="P3")
    launch_cycle(actor=cast.hr, cycle=draft)
    part = Participant.objects.get(cycle=draft, employee=cast.agent)
    assert (part.site, part.grade) == (cast.site_shanghai, "P3")
