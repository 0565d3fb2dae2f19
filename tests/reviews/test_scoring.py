"""The run that computes a cycle, with the numbers of conftest.py done by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import Run
from reviews.methods.recompute import recompute
from reviews.models import ComponentScore, Cycle, Result, ScoreLine, ScoreLineSet
from reviews.selectors.explanations import explanation_of
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.results import payable_results
from reviews.services.adjustments import add_points, move_rating
from reviews.services.cycles import edit_configuration
from reviews.services.phases import advance_phase, cancel_cycle
from reviews.services.retention import drop_superseded_runs
from reviews.services.scoring import start_scoring
from tests.cast import Cast
from tests.reviews.conftest import JUDGED, configuration, judge, launch_cycle, score

pytestmark = pytest.mark.django_db

# csat: 0.1 * 100 / 4.6 = 2.173913 points with weight 0.4; response time: 0.5 with weight 0.6; then times 0.7.
BOTH = 0.7 * math.hypot(0.4 * 2.173913, 0.6 * 0.5)
EXPECTED: dict[str, tuple[Any, ...]] = {
    # score, standard error, rank, percentile, rating, state
    "agent": (99.8, BOTH, 2, 0.6, "A", "scored"),
    "peer": (67.0, BOTH, 5, 0.1, "C", "scored"),
    "leaver": (88.0, 0.35, 4, 0.3, "B", "scored"),
    "outsider": (99.8, BOTH, 2, 0.6, "A", "scored"),
    "mover": (100.0, None, 1, 0.9, "A", "scored"),
    "remote": (None, None, None, None, "", "no_data"),
}


def results(cast: Cast, cycle: Cycle) -> dict[str, Result]:
    return {
        cast.name_of(each.employee_id): each for each in Result.objects.filter(run=cycle.published_run_id)
    }


def test_results_as_done_by_hand(cast: Cast, scored_cycle: Cycle) -> None:
    found = results(cast, scored_cycle)
    assert found.keys() == EXPECTED.keys()
    for name, (score_, error, rank, percentile, rating, state) in EXPECTED.items():
        each = found[name]
        assert (each.score, each.rank, each.percentile) == (score_, rank, percentile), name
        assert (each.rating, each.state) == (rating, state), name
        assert each.standard_error == (None if error is None else pytest.approx(error, abs=2e-6)), name


def test_components_and_lines(cast: Cast, scored_cycle: Cycle) -> None:
    run = scored_cycle.published_run_id
    components = {
        (cast.name_of(each.employee_id), each.component): (each.score, each.weight)
        for each in ComponentScore.objects.filter(run=run)
    }
    assert components["agent", "kpis"] == (104.0, 70.0)
    assert components["agent", "conduct"] == (90.0, 30.0)
    assert components["mover", "kpis"] == (None, 0.0)
    assert components["mover", "conduct"] == (100.0, 100.0)
    line = ScoreLine.objects.get(run=run, employee_id=cast.leaver.pk, subject="csat")
    assert (line.value, line.n, line.points, line.rule) == (4.6, 3, None, "below_minimum")


def test_every_published_number_follows_from_its_explanation(cast: Cast, judged_cycle: Cycle) -> None:
    """Exactly: no tolerance anywhere."""
    add_points(
        actor=cast.hr, cycle=judged_cycle, employee_id=cast.peer.pk, points=2.5, reason="Trained newcomers"
    )
    move_rating(
        actor=cast.hr, cycle=judged_cycle, employee_id=cast.leaver.pk, rating="C", reason="Left early"
    )
    score(cast.hr, judged_cycle)
    rows = list(Result.objects.filter(run=judged_cycle.published_run_id).select_related("employee"))
    assert len(rows) == 6
    for result in rows:
        explanation = explanation_of(result, judged_cycle)
        again = recompute(explanation)
        for name in ("score", "standard_error", "state", "rating", "rank", "percentile"):
            assert again[name] == getattr(result, name), (result.employee.name, name)
        for component in explanation["components"]:
            answer = again["components"][component["code"]]
            assert answer["score"] == component["score"]
            assert answer["standard_error"] == component["standard_error"]
            assert answer["weight"] == component["effective_weight"]
            for ours, theirs in zip(answer["lines"], component["lines"], strict=True):
                for name in ("subject", "value", "attainment", "points", "standard_error", "rule"):
                    assert ours[name] == theirs[name], (result.employee.name, theirs["subject"], name)


def test_an_explanation_names_nobody_else(cast: Cast, scored_cycle: Cycle) -> None:
    result = results(cast, scored_cycle)["agent"]
    text = str(explanation_of(result, scored_cycle))
    others = [user for user in cast.people if user != cast.agent]
    assert not [user.name for user in others if user.name in text]


def test_adjustments_survive_every_run(cast: Cast, scored_cycle: Cycle) -> None:
    add_points(
        actor=cast.hr, cycle=scored_cycle, employee_id=cast.peer.pk, points=5, reason="Idea of the month"
    )
    add_points(actor=cast.hr, cycle=scored_cycle, employee_id=cast.peer.pk, points=-2, reason="Late twice")
    move_rating(actor=cast.hr, cycle=scored_cycle, employee_id=cast.agent.pk, rating="B", reason="First")
    move_rating(actor=cast.hr, cycle=scored_cycle, employee_id=cast.agent.pk, rating="C", reason="Second")
    assert results_are_stale(scored_cycle)
    for _again in range(2):
        score(cast.hr, scored_cycle)
        found = results(cast, scored_cycle)
        assert found["peer"].score == 70.0
        assert (found["agent"].score, found["agent"].rating) == (99.8, "C")
    assert not results_are_stale(scored_cycle)


@pytest.mark.parametrize("size", [1, 2, 2000], ids=["a shard each", "three shards", "one shard"])
def test_the_cut_into_shards_changes_nothing(cast: Cast, judged_cycle: Cycle, size: int) -> None:
    with override_settings(RUN_SHARD_SIZE=size):
        score(cast.hr, judged_cycle)
    found = results(cast, judged_cycle)
    assert {name: each.score for name, each in found.items()} == {
        name: row[0] for name, row in EXPECTED.items()
    }


def test_a_second_run_waits_for_the_first(cast: Cast, judged_cycle: Cycle) -> None:
    start_scoring(actor=cast.hr, cycle=judged_cycle)
    with pytest.raises(Refusal) as caught:
        start_scoring(actor=cast.hr, cycle=judged_cycle)
    assert (caught.value.code, caught.value.status) == ("run_active", 409)


@pytest.mark.parametrize("role", ["manager", "agent", "auditor", "payroll"])
def test_only_hr_starts_scoring(cast: Cast, judged_cycle: Cycle, role: str) -> None:
    with pytest.raises(Refusal):
        start_scoring(actor=getattr(cast, role), cycle=judged_cycle)
    assert not Run.objects.exists()


def test_readers_follow_the_old_run_until_the_new_one_is_whole(
    cast: Cast, scored_cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scored_cycle.published_run_id
    start_scoring(actor=cast.hr, cycle=scored_cycle)
    seen = []
    monkeypatch.setattr(
        "reviews.services.stages.score_overall",
        lambda run, cycle: seen.append(Cycle.objects.get(pk=cycle.pk).published_run_id) or 1 / 0,
    )
    run = runs.execute(Run.objects.latest("created_at").pk)
    assert run is not None
    assert run.state == Run.State.FAILED
    assert set(seen) == {first}
    scored_cycle.refresh_from_db()
    assert scored_cycle.published_run_id == first


def test_a_cancelled_cycle_publishes_nothing(cast: Cast, judged_cycle: Cycle) -> None:
    run = start_scoring(actor=cast.hr, cycle=judged_cycle)
    cancel_cycle(actor=cast.hr, cycle=judged_cycle, reason="Wrong month")
    runs.execute(run.pk)
    judged_cycle.refresh_from_db()
    assert judged_cycle.published_run_id is None


def test_a_late_judgement_makes_results_stale(cast: Cast, scored_cycle: Cycle) -> None:
    assert not results_are_stale(scored_cycle)
    judge(scored_cycle, cast.remote, (3, 3), submit=False)
    assert results_are_stale(scored_cycle)


def test_ranked_among_the_own_team(cast: Cast, draft: Cycle) -> None:
    draft = edit_configuration(
        actor=cast.hr, cycle=draft, configuration=configuration(cohort="team"), version=draft.version
    )
    cycle = launch_cycle(actor=cast.hr, cycle=draft)
    for name, levels in JUDGED.items():
        judge(cycle, getattr(cast, name), levels)
    score(cast.hr, cycle)
    found = results(cast, cycle)
    assert {name: (each.rank, each.cohort_size) for name, each in found.items()} == {
        "agent": (1, 3),
        "leaver": (2, 3),
        "peer": (3, 3),
        "mover": (1, 2),
        "outsider": (2, 2),
        "remote": (None, 0),
    }
    for each in found.values():
        assert recompute(explanation_of(each, cycle))["rank"] == each.rank


def test_what_incentives_read(cast: Cast, scored_cycle: Cycle, released_cycle: Cycle) -> None:
    frame = payable_results(released_cycle).set_index("employee_id")
    row = frame.loc[cast.leaver.pk]
    assert (row["score"], row["rating"], row["days_in_role"], row["days_in_period"]) == (88.0, "B", 15, 31)
    assert (row["job"], row["team"]) == ("agent", "blue")
    assert len(frame) == 6


def test_nothing_unreleased_is_payable(cast: Cast, scored_cycle: Cycle) -> None:
    with pytest.raises(ValueError, match="has not been released"):
        payable_results(scored_cycle)


def test_scores_move_no_more_after_the_release(cast: Cast, released_cycle: Cycle) -> None:
    with pytest.raises(Refusal) as caught:
        start_scoring(actor=cast.hr, cycle=released_cycle)
    assert caught.value.code == "scoring_not_open"
    advance_phase(actor=cast.hr, cycle=released_cycle, to_phase="closed")


def test_superseded_runs_are_dropped_and_released_ones_stay(cast: Cast, scored_cycle: Cycle) -> None:
    first = scored_cycle.published_run_id
    second = score(cast.hr, scored_cycle)
    assert drop_superseded_runs(kept=timedelta(days=1)) == 0
    assert drop_superseded_runs(kept=timedelta(0)) == 1
    assert not Run.objects.filter(pk=first).exists()
    for model in (Result, ComponentScore, ScoreLineSet, ScoreLine):
        assert set(model.objects.values_list("run", flat=True)) == {second.pk}
