"""Ratings by cut-offs and by shares: pure, then in a run with its explanation; bad input of the configuration."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.documents import Problems
from reviews.methods.document import COHORTS, completed
from reviews.methods.problems import InvalidConfiguration
from reviews.methods.rating_rule import check_rule, rate, rating_again, rule_of
from reviews.methods.recompute import recompute
from reviews.models import Cycle, RatingGroup, Result
from reviews.selectors.explanations import explanation_of
from reviews.selectors.launch import launch_problems
from reviews.services.cycles import edit_configuration, launch_cycle
from scoring.apportion import largest_remainder
from tests.cast import Cast
from tests.reviews.conftest import JUDGED, configuration, judge, score

NAN = float("nan")
BANDS = [{"code": code, "from": start} for code, start in (("D", 0), ("C", 60), ("B", 75), ("A", 90))]
SHARES = {"A": 20, "B": 50, "C": 20, "D": 10}


def shares(**changes: Any) -> dict[str, Any]:
    return {"by": "distribution", "shares": SHARES, "minimum_group": 5, **changes}


def document(**changes: Any) -> dict[str, Any]:
    return {"rating_bands": BANDS, "rating": shares(**changes)}


def problems_of(rule: dict[str, Any], *, complete: bool = True) -> list[tuple[str, str]]:
    found = Problems()
    check_rule(rule, BANDS, cohorts=COHORTS, problems=found, path=("rating",), complete=complete)
    return [(each.place, each.code) for each in found]


# Pure -------------------------------------------------------------------------------------------------------------


def test_ten_people_by_shares() -> None:
    scores = np.array([70.0, 99, 98, 97, 60, 96, 95, 94, 93, NAN, 92])
    rated = rate(scores, document(), keys=[0] * 11)
    assert rated.rating == ["C", "A", "A", "B", "D", "B", "B", "B", "B", "", "C"]
    (group,) = rated.groups
    assert (group.outcome, group.size, group.counted) == ("own", 10, 10)
    assert [(b["band"], b["places"], b["people"], b["cut"]) for b in group.bands] == [
        ("A", 2, 2, 98.0),
        ("B", 5, 5, 93.0),
        ("C", 2, 2, 70.0),
        ("D", 1, 1, 60.0),
    ]


def test_a_tie_at_the_cut_goes_up_and_is_counted() -> None:
    scores = np.array([99.0, 98, 98, 98, 90, 80])
    rated = rate(scores, document(), keys=[0] * 6)
    # 1.2 places of A make one: 99. The three with 98 begin at place 2, inside B.
    assert rated.rating == ["A", "B", "B", "B", "C", "D"]
    tied = rate(np.array([98.0, 98, 90, 85, 80]), document(), keys=[0] * 5)
    assert tied.rating[:2] == ["A", "A"]
    assert (tied.groups[0].bands[0]["places"], tied.groups[0].bands[0]["people"]) == (1, 2)


def test_a_tie_is_split_by_time_in_the_role_when_told_to() -> None:
    scores = np.array([98.0, 98, 90, 85, 80])
    rated = rate(scores, document(ties="split"), keys=[0] * 5, seniority=[10, 31, 31, 31, 31])
    assert rated.rating[:2] == ["B", "A"]
    assert rated.order.tolist() == [2, 1, 1, 1, 1]


def test_small_groups_merge_into_the_parent_team() -> None:
    scores = np.arange(14, dtype=float)
    keys = [1] * 8 + [2] * 3 + [3] * 3
    rated = rate(scores, document(), keys=keys, parents={1: 9, 2: 9, 3: 9, 9: None})
    by_key = {group.key: group for group in rated.groups}
    assert {key: (group.outcome, group.size, group.counted) for key, group in by_key.items()} == {
        "1": ("own", 8, 8),
        "2": ("merged", 3, 6),
        "3": ("merged", 3, 6),
        "9": ("own", 0, 6),
    }
    assert by_key["2"].into == by_key["3"].into == by_key["9"].number
    assert Counter(rated.rating[8:]) == dict(zip("ABCD", largest_remainder([20, 50, 20, 10], 6), strict=True))


def test_small_groups_are_exempt_by_rule() -> None:
    rated = rate(
        np.array([95.0, 95, 95, 95, 95, 95, 40]), document(small_group="exempt"), keys=[1] * 5 + [2] * 2
    )
    assert rated.rating == ["A"] * 5 + ["A", "D"]  # the two by the cut-offs
    assert [group.outcome for group in rated.groups] == ["own", "exempt"]


def test_small_groups_of_another_kind_meet_in_the_rest() -> None:
    rated = rate(np.arange(11, dtype=float), document(), keys=[1] * 5 + [2] * 3 + [3] * 3)
    assert [(group.key, group.outcome, group.counted) for group in rated.groups] == [
        ("1", "own", 5),
        ("2", "merged", 6),
        ("3", "merged", 6),
        ("rest", "own", 6),
    ]


def test_too_few_altogether_are_rated_by_the_cut_offs() -> None:
    rated = rate(np.array([95.0, 61, 10]), document(), keys=[0] * 3)
    assert rated.rating == ["A", "C", "D"]
    assert rated.groups[0].outcome == "exempt"


SCORES = st.lists(st.one_of(st.integers(0, 8).map(float), st.just(NAN)), min_size=1, max_size=60)


@given(
    SCORES,
    st.integers(2, 12),
    st.sampled_from(["never_split", "split"]),
    st.sampled_from(["merge", "exempt"]),
)
def test_counts_add_up_ties_hold_and_everyone_can_be_recomputed(
    scores: list[float], minimum: int, ties: str, small: str
) -> None:
    values = np.array(scores)
    keys = [index % 4 for index in range(len(scores))]
    found = document(ties=ties, small_group=small, minimum_group=minimum)
    rated = rate(values, found, keys=keys, seniority=[1.0] * len(scores))
    groups = {group.number: group for group in rated.groups}
    assert sum(group.size for group in rated.groups) == int((~np.isnan(values)).sum())
    for group in rated.groups:
        if group.bands:
            people = [
                i
                for i in range(len(scores))
                if groups[rated.group[i]].into == group.number and scores[i] == scores[i]
            ]
            assert (
                sum(b["people"] for b in group.bands) == sum(b["places"] for b in group.bands) == len(people)
            )
            assert group.counted == len(people) >= minimum
            counts = Counter(rated.rating[i] for i in people)
            assert all(counts[b["band"]] == b["people"] for b in group.bands)
            if ties == "never_split":
                pairs = {(scores[i], rated.rating[i]) for i in people}
                assert len(pairs) == len({score for score, _rating in pairs})
            else:
                assert all(b["people"] == b["places"] for b in group.bands)
    for index, value in enumerate(values):
        group = groups[rated.group[index]]
        target = groups[group.into]
        standing = {"outcome": group.outcome, "bands": target.bands, "order": int(rated.order[index])}
        assert rating_again(value, found, standing) == rated.rating[index]


# Configuration ----------------------------------------------------------------------------------------------------

REFUSED = [
    pytest.param(
        shares(shares={"A": 20, "B": 50}), "rating_shares_not_100", id="shares that do not make 100"
    ),
    pytest.param(shares(shares={"A": 60, "B": 50}), "rating_shares_not_100", id="shares above 100"),
    pytest.param(shares(shares={**SHARES, "Z": 0}), "cycle_band_unknown", id="a share of no band"),
    pytest.param(shares(cohort="moon"), "cycle_field_choice", id="an unknown group"),
    pytest.param(
        {"by": "cutoffs", "shares": SHARES}, "rating_only_for_distribution", id="shares of cut-offs"
    ),
]


@pytest.mark.parametrize(("rule", "code"), REFUSED)
def test_refused_rules(rule: dict[str, Any], code: str) -> None:
    assert code in [found for _place, found in problems_of(rule)]


def test_a_draft_may_have_shares_to_go_but_not_too_much() -> None:
    assert problems_of(shares(shares={"A": 20}), complete=False) == []
    assert problems_of(shares(shares={"A": 120}), complete=False)


def test_the_default_is_cut_offs_and_defaults_are_written_out() -> None:
    assert completed({"components": []})["rating"] == {"by": "cutoffs"}
    written = completed({"components": [], "rating": {"by": "distribution"}})["rating"]
    assert written["small_group"] == "merge"
    assert rule_of({}) == {"by": "cutoffs"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"minimum_group": 1}, {"shares": {"A": -1}}, {"small_group": "drop"}, {"by": "luck"}, {"more": 1}],
    ids=str,
)  # fmt: skip
def test_the_shape_is_refused_in_words_and_nothing_is_stored(
    cast: Cast, draft: Cycle, change: dict[str, Any]
) -> None:
    before = draft.configuration
    with pytest.raises(InvalidConfiguration):
        edit_configuration(
            actor=cast.hr,
            cycle=draft,
            configuration=configuration(rating={**shares(), **change}),
            version=draft.version,
        )
    draft.refresh_from_db()
    assert draft.configuration == before


@pytest.mark.django_db
def test_a_launch_wants_shares_of_100(cast: Cast, draft: Cycle) -> None:
    draft = edit_configuration(
        actor=cast.hr,
        cycle=draft,
        configuration=configuration(rating=shares(shares={"A": 20})),
        version=draft.version,
    )
    assert ("rating.shares", "rating_shares_not_100") in [(p.path, p.code) for p in launch_problems(draft)]


# In a run ---------------------------------------------------------------------------------------------------------


def scored_by_shares(cast: Cast, draft: Cycle, **changes: Any) -> Cycle:
    draft = edit_configuration(
        actor=cast.hr,
        cycle=draft,
        configuration=configuration(rating=shares(**changes)),
        version=draft.version,
    )
    cycle = launch_cycle(actor=cast.hr, cycle=draft)
    for name, levels in JUDGED.items():
        judge(cycle, getattr(cast, name), levels)
    score(cast.hr, cycle)
    return cycle


def ratings_of(cast: Cast, cycle: Cycle) -> dict[str, str]:
    return {
        cast.name_of(each.employee_id): each.rating
        for each in Result.objects.filter(run=cycle.published_run_id)
    }


@pytest.mark.django_db
def test_a_run_rates_by_shares_and_explains_it(cast: Cast, draft: Cycle) -> None:
    cycle = scored_by_shares(cast, draft)
    # Scores 100, 99.8, 99.8, 88, 67; of the two halves the place left goes to the better band.
    assert largest_remainder([20, 50, 20, 10], 5) == [1, 3, 1, 0]
    assert ratings_of(cast, cycle) == {
        "mover": "A",
        "agent": "B",
        "outsider": "B",
        "leaver": "B",
        "peer": "C",
        "remote": "",
    }
    for result in Result.objects.filter(run=cycle.published_run_id).select_related("employee"):
        for show_rank in (True, False):
            explanation = explanation_of(result, cycle, show_rank=show_rank)
            assert recompute(explanation)["rating"] == result.rating
            assert (explanation["rating_group"]["above"] is None) == (not show_rank)
    agent = Result.objects.get(run=cycle.published_run_id, employee=cast.agent)
    group = explanation_of(agent, cycle)["rating_group"]
    assert (group["outcome"], group["counted"], group["above"], group["equal"]) == ("own", 5, 1, 2)
    assert [(b["band"], b["places"], b["people"], b["cut"]) for b in group["bands"]] == [
        ("A", 1, 1, 100.0),
        ("B", 3, 3, 88.0),
        ("C", 1, 1, 67.0),
        ("D", 0, 0, 67.0),
    ]


@pytest.mark.django_db
def test_teams_too_small_meet_above_and_it_is_said(cast: Cast, draft: Cycle) -> None:
    cycle = scored_by_shares(cast, draft, cohort="team", minimum_group=3, ties="split")
    outcomes = {g.key: g.outcome for g in RatingGroup.objects.filter(run=cycle.published_run_id)}
    assert outcomes[str(cast.blue.pk)] == "own"
    assert outcomes[str(cast.green.pk)] == "exempt"  # two people, and nobody else up to the top
    for result in Result.objects.filter(run=cycle.published_run_id).select_related("employee"):
        explanation = explanation_of(result, cycle, show_rank=False)
        assert recompute(explanation)["rating"] == result.rating
    outsider = Result.objects.get(run=cycle.published_run_id, employee=cast.outsider)
    assert explanation_of(outsider, cycle)["rating_group"]["name"] == {
        "zh": cast.green.name_zh,
        "en": cast.green.name_en,
    }
