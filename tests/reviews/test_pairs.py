"""Paired comparison: answers one by one, what is refused, when it is enough, and how answers become points.

agent, peer and leaver are the manager's; outsider and mover the other one's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.http import Http404

from foundation.documents import Problems
from foundation.refusals import Refusal
from people.models import User
from reviews.methods import get_method
from reviews.methods.base import RelativeInputs
from reviews.methods.document import as_draft, check_configuration
from reviews.methods.paired import COMPARISON_COLUMNS, PRIOR, PairedMethod, completed_pairs
from reviews.models import Comparison, ComparisonReversal, ComponentScore, Cycle, ScoreSheet
from reviews.selectors.completion import completion_lines
from reviews.selectors.duties import SheetDuties
from reviews.selectors.launch import launch_problems
from reviews.selectors.pair_analysis import pair_analysis
from reviews.selectors.pairs import Question, next_pair, pair_form_of
from reviews.selectors.references import references_on
from reviews.selectors.sheets import sheets_owed
from reviews.services.amendments import propose_amendment
from reviews.services.cycles import edit_configuration, launch_cycle
from reviews.services.judgements import reopen_sheet, submit_sheets
from reviews.services.pairs import answer_all, answer_pair, set_known, submit_pairs, undo_pair
from reviews.services.phases import advance_phase
from scoring.pair_orders import expected_wins
from scoring.pairwise import strengths_of
from tests.cast import Cast
from tests.reviews.conftest import configuration, kpi_component, score
from tests.reviews.test_ranking import assert_explains_itself, explained

pytestmark = pytest.mark.django_db
TWO_CRITERIA = [
    {"code": "care", "weight": 60, "name": {"en": "Care"}},
    {"code": "speed", "weight": 40, "name": {"en": "Speed"}},
]


def paired(weight: float = 30, **changes: Any) -> dict[str, Any]:
    return {
        "code": "pairs",
        "method": "paired_comparison",
        "name": {"zh": "两两比较", "en": "Pairs"},
        "weight": weight,
        "minimum_cohort": 2,
        **changes,
    }


def launched(cast: Cast, draft: Cycle, component: dict[str, Any]) -> Cycle:
    document = configuration(components=[kpi_component(70), component])
    document["population"]["teams"] = ["shanghai"]
    edited = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    return launch_cycle(actor=cast.hr, cycle=edited)


@pytest.fixture
def cycle(cast: Cast, draft: Cycle) -> Cycle:
    return launched(cast, draft, paired(evidence=[{"kpi": "csat"}]))


def answer(
    cast: Cast, cycle: Cycle, first: User, second: User, better: User | None, **more: Any
) -> Comparison:
    return answer_pair(
        actor=more.pop("actor", cast.manager),
        cycle=cycle,
        component="pairs",
        people=(first.pk, second.pk),
        preferred=None if better is None else better.pk,
        **more,
    )


def by_list(people: list[User]) -> Any:
    """Prefers whoever stands earlier; who is not listed loses."""
    order = {person.pk: place for place, person in enumerate(people)}

    def prefer(question: Question) -> int:
        return min((question.left, question.right), key=lambda pk: order.get(pk, 99))

    return prefer


def kept() -> tuple[list[Any], list[Any]]:
    return (
        list(Comparison.objects.order_by("pk").values("pk", "outcome", "attempt")),
        list(ComparisonReversal.objects.values_list("comparison", flat=True)),
    )


def points(cast: Cast, cycle: Cycle) -> dict[str, float | None]:
    found = ComponentScore.objects.filter(run=cycle.published_run, component="pairs")
    return {cast.name_of(each.employee_id): each.score for each in found}


def test_answers_become_the_share_of_wins_to_be_expected(cast: Cast, cycle: Cycle) -> None:
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    answer(cast, cycle, cast.leaver, cast.peer, cast.peer)
    answer(cast, cycle, cast.agent, cast.leaver, None)
    form = submit_pairs(actor=cast.manager, cycle=cycle, component="pairs")
    assert form.is_submitted
    score(cast.hr, cycle)
    found = points(cast, cycle)
    # peer beat two who are alike: strengths 2a, -a, -a with 2 (1 - 1 / (1 + exp(-3a))) = 2a / 4
    expected = strengths_of([(0, 1), (0, 2), (1, 2), (2, 1)], prior=PRIOR, weights=[1, 1, 0.5, 0.5], items=3)
    share, error = expected_wins(expected)
    assert found["peer"] == pytest.approx(100 * share[0], abs=1e-4)
    assert found["agent"] == found["leaver"] == pytest.approx(100 * share[1], abs=1e-4)
    assert found["outsider"] is None  # the other manager has not submitted
    component = explained(cycle, cast.peer)["components"][1]
    lines = {line["subject"]: line for line in component["lines"]}
    assert [lines[f"preference:{name}"]["value"] for name in ("won", "even", "lost", "size", "raters")] == [
        2,
        0,
        0,
        3,
        1,
    ]
    assert component["standard_error"] == pytest.approx(100 * error[0], abs=1e-4)
    assert explained(cycle, cast.outsider)["components"][1]["lines"][0]["rule"] == "missing"
    assert_explains_itself(cycle)


def test_an_explanation_names_nobody_else(cast: Cast, cycle: Cycle) -> None:
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer, cast.agent]))
    score(cast.hr, cycle)
    told = str(explained(cycle, cast.agent)["components"][1])
    for other in (cast.peer, cast.leaver, cast.manager):
        assert other.name not in told
        assert f"'{other.pk}'" not in told


def test_criteria_are_weighed_and_asked_one_after_the_other(cast: Cast, draft: Cycle) -> None:
    cycle = launched(cast, draft, paired(criteria=TWO_CRITERIA))
    asked: list[str] = []

    def prefer(question: Question) -> int | None:
        asked.append(question.code)
        return cast.peer.pk if cast.peer.pk in (question.left, question.right) else None

    assert answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=prefer) == 6
    assert asked == ["care"] * 3 + ["speed"] * 3
    score(cast.hr, cycle)
    heads = [line for line in explained(cycle, cast.peer)["components"][1]["lines"] if line["weight"]]
    assert [(line["subject"], line["weight"]) for line in heads] == [("care", 60), ("speed", 40)]
    assert_explains_itself(cycle)


def test_what_is_wrong_is_refused_and_nothing_is_stored(cast: Cast, cycle: Cycle) -> None:
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    before = kept()
    wrong: dict[str, dict[str, Any]] = {
        "pair_self": {"people": (cast.agent.pk, cast.agent.pk), "preferred": cast.agent.pk},
        "pair_oneself": {"people": (cast.manager.pk, cast.agent.pk), "preferred": cast.manager.pk},
        "pair_stranger": {"people": (cast.agent.pk, cast.outsider.pk), "preferred": cast.agent.pk},
        "pair_answered": {"people": (cast.peer.pk, cast.agent.pk), "preferred": cast.agent.pk},
        "pair_preferred": {"people": (cast.agent.pk, cast.leaver.pk), "preferred": cast.peer.pk},
        "pair_criterion": {
            "people": (cast.agent.pk, cast.leaver.pk),
            "preferred": None,
            "criterion": "care",
        },
    }
    for code, given in wrong.items():
        with pytest.raises(Refusal) as refused:
            answer_pair(actor=cast.manager, cycle=cycle, component="pairs", **given)
        assert refused.value.code == code
        assert not str(refused.value).startswith("Refused"), code
        assert kept() == before
    for stranger in (cast.hr, cast.director, cast.agent):
        with pytest.raises(Http404):
            answer(cast, cycle, cast.agent, cast.leaver, None, actor=stranger)
        with pytest.raises(Http404):
            undo_pair(actor=stranger, cycle=cycle, component="pairs")
        with pytest.raises(Http404):
            submit_pairs(actor=stranger, cycle=cycle, component="pairs")
    assert kept() == before


def test_no_difference_only_where_it_is_allowed(cast: Cast, draft: Cycle) -> None:
    cycle = launched(cast, draft, paired(ties=False))
    with pytest.raises(Refusal) as refused:
        answer(cast, cycle, cast.agent, cast.peer, None)
    assert refused.value.code == "pair_ties"
    assert not Comparison.objects.exists()


def test_undo_takes_the_last_answer_back_by_a_row(cast: Cast, cycle: Cycle) -> None:
    first = answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    last = answer(cast, cycle, cast.agent, cast.leaver, cast.leaver)
    assert undo_pair(actor=cast.manager, cycle=cycle, component="pairs") == last
    again = answer(cast, cycle, cast.agent, cast.leaver, cast.agent)
    assert (again.attempt, Comparison.objects.count()) == (2, 3)
    assert [each.pk for each in pair_form_of(cast.manager, cycle, "pairs").answers] == [first.pk, again.pk]
    for _each in range(2):
        undo_pair(actor=cast.manager, cycle=cycle, component="pairs")
    with pytest.raises(Refusal) as refused:
        undo_pair(actor=cast.manager, cycle=cycle, component="pairs")
    assert refused.value.code == "pair_nothing_to_undo"


def test_enough_is_when_the_order_is_sure_or_nothing_is_left_to_ask(cast: Cast, cycle: Cycle) -> None:
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert (form.expected, form.left, form.is_enough) == (3, 3, False)
    with pytest.raises(Refusal) as refused:
        submit_pairs(actor=cast.manager, cycle=cycle, component="pairs")
    assert refused.value.code == "pairs_apart"
    assert cast.peer.name in str(refused.value) or cast.agent.name in str(refused.value)
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    answer(cast, cycle, cast.agent, cast.leaver, cast.agent)
    with pytest.raises(Refusal) as refused:
        submit_pairs(actor=cast.manager, cycle=cycle, component="pairs")
    assert (refused.value.code, refused.value.params["count"]) == ("pairs_not_enough", 1)
    question = next_pair(cast.manager, cycle, "pairs")
    assert question is not None
    assert {question.left, question.right} == {cast.peer.pk, cast.leaver.pk}
    answer(cast, cycle, cast.leaver, cast.peer, cast.peer)
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert form.is_enough
    assert form.question is None
    assert submit_pairs(actor=cast.manager, cycle=cycle, component="pairs").is_submitted
    assert submit_pairs(actor=cast.manager, cycle=cycle, component="pairs").is_submitted  # changes nothing


def test_whom_a_rater_does_not_know_is_in_no_pair(cast: Cast, draft: Cycle) -> None:
    cycle = launched(cast, draft, paired(cohort="job"))
    everybody = pair_form_of(cast.manager, cycle, "pairs")
    before = everybody.expected
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    answer(cast, cycle, cast.agent, cast.leaver, cast.agent)
    work = {"actor": cast.manager, "cycle": cycle, "component": "pairs"}
    for _each in range(2):  # the second time changes nothing
        sheet = set_known(**work, person=cast.peer.pk, is_known=False)
    assert (sheet.ratee_unknown, sheet.version) == (True, 2)
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert form.expected < before
    assert (list(form.unknown), len(form.answers)) == ([cast.peer.pk], 1)
    with pytest.raises(Refusal) as refused:
        answer(cast, cycle, cast.peer, cast.leaver, cast.peer)
    assert (refused.value.code, cast.peer.name in str(refused.value)) == ("pair_unknown", True)
    parts = cycle.participants.filter(employee__in=[cast.peer, cast.leaver]).order_by("pk")
    with pytest.raises(DatabaseError), transaction.atomic():  # nor past the service
        Comparison.objects.create(
            cycle=cycle, component="pairs", rater=cast.manager, outcome=1, first=parts[0], second=parts[1]
        )
    # The last answer that counts is taken back, not the one about somebody unknown.
    assert undo_pair(**work).outcome in (1, -1)
    assert not pair_form_of(cast.manager, cycle, "pairs").answers
    asked = answer_all(**work, prefer=by_list([cast.agent, cast.leaver]))
    assert asked >= 1
    assert set(ScoreSheet.objects.filter(rater=cast.manager).values_list("state", flat=True)) == {"submitted"}
    with pytest.raises(Refusal) as refused:
        set_known(**work, person=cast.peer.pk, is_known=True)
    assert refused.value.code == "sheet_submitted"
    score(cast.hr, cycle)
    assert points(cast, cycle)["peer"] is None  # nobody else has answered
    [found] = pair_analysis(cycle, "pairs")
    [line] = [each for each in found.criteria[0].raters if each.rater == cast.manager]
    assert [each.pk for each in line.unknown] == [cast.peer.pk]
    assert next(each for each in found.criteria[0].people if each.employee == cast.peer).answers == 0


def test_somebody_known_after_all_has_the_old_answers_back(cast: Cast, cycle: Cycle) -> None:
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    work = {"actor": cast.manager, "cycle": cycle, "component": "pairs"}
    for person in (cast.peer, cast.agent):
        set_known(**work, person=person.pk, is_known=False)
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert (form.parts, form.question, form.is_enough, form.left) == ([], None, True, 0)
    for person in (cast.peer, cast.agent):
        set_known(**work, person=person.pk, is_known=True)
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert (len(form.answers), form.is_enough) == (1, False)
    for whom, code in ((cast.manager, "pair_oneself"), (cast.outsider, "pair_stranger")):
        with pytest.raises(Refusal) as refused:
            set_known(**work, person=whom.pk, is_known=False)
        assert refused.value.code == code
    for stranger in (cast.hr, cast.agent):
        with pytest.raises(Http404):
            set_known(**{**work, "actor": stranger}, person=cast.peer.pk, is_known=False)
    assert not ScoreSheet.objects.filter(ratee_unknown=True).exists()


def test_a_rater_who_knows_nobody_says_so_and_is_done(cast: Cast, cycle: Cycle) -> None:
    work = {"actor": cast.manager, "cycle": cycle, "component": "pairs"}
    for person in (cast.peer, cast.agent, cast.leaver):
        set_known(**work, person=person.pk, is_known=False)
    assert submit_pairs(**work).is_submitted
    [owed] = [each for each in sheets_owed(cast.manager) if each.component["code"] == "pairs"]
    assert (owed.open, owed.cells_total) == (0, 0)
    score(cast.hr, cycle)
    assert points(cast, cycle)["peer"] is None


def test_after_submission_and_after_closing_nothing_is_taken(cast: Cast, cycle: Cycle) -> None:
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer, cast.agent]))
    before = kept()
    with pytest.raises(Refusal) as refused:
        undo_pair(actor=cast.manager, cycle=cycle, component="pairs")
    assert refused.value.code == "sheet_submitted"
    answer(cast, cycle, cast.outsider, cast.mover, None, actor=cast.other_manager)
    before = kept()
    score(cast.hr, cycle)
    advance_phase(actor=cast.hr, cycle=cycle, to_phase="calibration", reason="One is missing")
    for work in (
        lambda: answer(cast, cycle, cast.outsider, cast.mover, None, actor=cast.other_manager),
        lambda: undo_pair(actor=cast.other_manager, cycle=cycle, component="pairs"),
        lambda: submit_pairs(actor=cast.other_manager, cycle=cycle, component="pairs"),
    ):
        with pytest.raises(Refusal) as refused:
            work()
        assert refused.value.code == "rating_not_open"
    assert kept() == before


def test_hr_gives_a_comparison_back_as_a_whole(cast: Cast, cycle: Cycle) -> None:
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer, cast.agent]))
    sheets = ScoreSheet.objects.filter(rater=cast.manager)
    with pytest.raises(Refusal) as refused:
        submit_sheets(
            actor=cast.other_manager,
            sheet_ids=[ScoreSheet.objects.get(participant__employee=cast.outsider, component="pairs").pk],
        )
    assert refused.value.code == "pairs_as_a_whole"
    reopen_sheet(actor=cast.hr, sheet_id=sheets[0].pk, reason="Think again")
    assert set(sheets.values_list("state", flat=True)) == {"draft"}
    undo_pair(actor=cast.manager, cycle=cycle, component="pairs")


def test_the_database_holds_what_the_service_promises(cast: Cast, cycle: Cycle) -> None:
    kept_one = answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    parts = {each.employee_id: each for each in cycle.participants.all()}
    agent, peer, leaver, outsider = (
        parts[getattr(cast, name).pk] for name in ("agent", "peer", "leaver", "outsider")
    )
    same = {"cycle": cycle, "component": "pairs", "rater": cast.manager, "outcome": 1}

    def in_order(first: Any, second: Any) -> dict[str, Any]:
        low, high = sorted((first, second), key=lambda each: each.pk)
        return {"first": low, "second": high}

    bad: dict[str, dict[str, Any]] = {
        "with oneself": {**same, "first": agent, "second": agent},
        "a foreign person": {**same, **in_order(agent, outsider)},
        "not the rater's": {**same, "rater": cast.other_manager, **in_order(agent, leaver)},
        "answered": {**same, **in_order(agent, peer), "attempt": 2},
        "a gap": {**same, **in_order(agent, leaver), "attempt": 3},
        "an unknown outcome": {**same, **in_order(agent, leaver), "outcome": 2},
    }
    for what, values in bad.items():
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            Comparison.objects.create(**values)
        assert Comparison.objects.count() == 1, what
    for work in (kept_one.delete, lambda: Comparison.objects.update(outcome=0)):
        with pytest.raises(DatabaseError), transaction.atomic():
            work()
    answer(cast, cycle, cast.agent, cast.leaver, cast.agent)
    answer(cast, cycle, cast.leaver, cast.peer, cast.peer)
    submit_pairs(actor=cast.manager, cycle=cycle, component="pairs")
    with pytest.raises(DatabaseError), transaction.atomic():
        ComparisonReversal.objects.create(comparison=kept_one)
    assert not ComparisonReversal.objects.exists()


def test_several_raters_judge_one_cohort_and_nobody_oneself(cast: Cast, draft: Cycle) -> None:
    cycle = launched(cast, draft, paired(cohort="job"))
    sheets = ScoreSheet.objects.filter(participant__cycle=cycle, component="pairs")
    assert sheets.count() == 2 * 5
    everyone = [cast.peer, cast.agent, cast.mover, cast.outsider, cast.leaver]
    for rater in (cast.manager, cast.other_manager):
        answer_all(actor=rater, cycle=cycle, component="pairs", prefer=by_list(everyone))
    score(cast.hr, cycle)
    found = points(cast, cycle)
    assert sorted(found, key=lambda name: -(found[name] or 0)) == [
        "peer",
        "agent",
        "mover",
        "outsider",
        "leaver",
    ]
    assert sum(value or 0 for value in found.values()) == pytest.approx(250)
    assert_explains_itself(cycle)


def test_it_stands_in_the_queue_the_duties_and_the_heat_map(cast: Cast, cycle: Cycle) -> None:
    [owed] = sheets_owed(cast.manager)
    assert (owed.sheets, owed.open, owed.cells_done, owed.cells_total, owed.minutes_left) == (1, 1, 0, 3, 1)
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    assert sheets_owed(cast.manager)[0].cells_done == 1
    [duty] = SheetDuties().duties_of([cast.manager.pk], cast.last_day)[cast.manager.pk]
    assert duty.params["count"] == 3
    assert {line.team: (line.whole.done, line.whole.total) for line in completion_lines(cycle)} == {
        cast.blue: (0, 3),
        cast.green: (0, 2),
    }
    answer(cast, cycle, cast.agent, cast.leaver, cast.agent)
    answer(cast, cycle, cast.leaver, cast.peer, cast.peer)
    submit_pairs(actor=cast.manager, cycle=cycle, component="pairs")
    assert sheets_owed(cast.manager)[0].open == 0
    assert not SheetDuties().duties_of([cast.manager.pk], cast.last_day)


def test_nobody_may_stand_alone_at_launch(cast: Cast, draft: Cycle) -> None:
    """remote is the only one whom the director rates."""
    document = configuration(components=[kpi_component(70), paired()])
    edited = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    [problem] = [each for each in launch_problems(edited) if each.severity == "error"]
    assert problem.code == "pairs_alone"
    assert cast.director.name in problem.text
    with pytest.raises(Refusal):
        launch_cycle(actor=cast.hr, cycle=edited)


def test_a_cohort_too_large_to_compare_is_refused(
    cast: Cast, draft: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviews.selectors.cohort_sizes.LARGEST_COHORT", 4)
    document = configuration(components=[kpi_component(70), paired(cohort="cycle")])
    edited = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    assert "pairs_too_many" in {each.code for each in launch_problems(edited)}


def test_a_component_is_checked_frozen_and_thawed(cast: Cast, kpis: Any) -> None:
    references = references_on(cast.last_day)
    wrong = paired(
        30,
        criteria=[
            {"code": "care", "weight": 60, "name": {"en": "Care"}},
            {"code": "care", "weight": 30, "name": {"en": ""}},
        ],
        evidence=[{"kpi": "nonsense"}],
    )
    problems = Problems()
    check_configuration(
        configuration(components=[kpi_component(70), wrong]),
        references=references,
        problems=problems,
        complete=True,
    )
    assert {each.code for each in problems} == {
        "cycle_code_twice",
        "cycle_name_required",
        "cycle_weights_not_100",
        "cycle_kpi_unknown",
    }
    for broken in ({"certainty": 50}, {"cohort": "queue"}, {"minimum_cohort": 1}, {"ties": "yes"}):
        problems = Problems()
        check_configuration(
            configuration(components=[paired(100, **broken)]), references=references, problems=problems
        )
        assert len(problems) == 1, broken
    before = completed_pairs(paired(30, criteria=TWO_CRITERIA, evidence=[{"kpi": "csat"}]))
    frozen = PairedMethod().freeze(before, kpis=references.kpis)
    assert frozen["evidence"][0]["version"]["formula"]
    assert as_draft({"components": [frozen]})["components"] == [before]


def compared(answers: list[tuple[int, int, int]], people: int, **changes: Any) -> Any:
    frame = pd.DataFrame(
        [("pairs", "", 7, first, second, outcome) for first, second, outcome in answers],
        columns=list(COMPARISON_COLUMNS),
    )
    ids = np.arange(1, people + 1, dtype=np.int64)
    nothing = pd.DataFrame()
    roster = pd.DataFrame({"employee_id": ids, "rater_id": 7})
    component = completed_pairs(paired(100, **changes))
    inputs = RelativeInputs(ids, roster, nothing, nothing, nothing, frame)
    return get_method("paired_comparison").compare(component, inputs)


@pytest.mark.parametrize(
    ("answers", "people", "rules"),
    [
        ([], 3, ["missing"] * 3),
        ([(1, 2, 1), (3, 4, 1)], 4, ["disconnected"] * 4),
        ([(1, 2, 1)], 3, ["small_cohort", "small_cohort", "missing"]),
        ([(1, 2, 1), (2, 3, 0)], 4, ["expected_wins"] * 3 + ["missing"]),
    ],
    ids=["nothing", "two parts", "too few", "one was never compared"],
)
def test_without_an_order_there_is_a_reason_and_no_number(
    answers: list[Any], people: int, rules: list[str]
) -> None:
    found = compared(answers, people, minimum_cohort=3)
    heads = found.lines[found.lines["subject"] == "preference"]
    assert list(heads["rule"]) == rules
    assert [not np.isnan(each) for each in found.score] == [rule == "expected_wins" for rule in rules]


def test_who_won_everything_gets_a_number_and_a_mirrored_answer_is_the_same_answer() -> None:
    straight = compared([(1, 2, 1), (1, 3, 1), (2, 3, 1)], 3)
    turned = compared([(2, 1, -1), (3, 1, -1), (3, 2, -1)], 3)
    assert np.isfinite(straight.score).all()
    assert straight.score.tolist() == turned.score.tolist()
    assert straight.score[0] > straight.score[1] == 50 > straight.score[2]
    # reversed answers turn the scores about the middle
    back = compared([(1, 2, -1), (1, 3, -1), (2, 3, -1)], 3)
    np.testing.assert_allclose(back.score, 100 - straight.score, atol=1e-6)


def test_reading_a_form_takes_as_many_queries_for_ten_answers_as_for_none(
    cast: Cast, draft: Cycle, query_count: Any
) -> None:
    cycle = launched(cast, draft, paired(cohort="job"))
    next_pair(cast.manager, cycle, "pairs")  # roles are read once
    before = query_count(lambda: next_pair(cast.manager, cycle, "pairs"))
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer]), submit=False)
    assert query_count(lambda: next_pair(cast.manager, cycle, "pairs")) == before == 2


def amend(cast: Cast, cycle: Cycle, kind: str, **details: Any) -> None:
    propose_amendment(actor=cast.hr, cycle=cycle, kind=kind, details=details, reason="The roster was wrong")


def forms(cast: Cast, cycle: Cycle) -> dict[str, set[str]]:
    """Whom each rater compares by now."""
    found: dict[str, set[str]] = {}
    asked = ScoreSheet.objects.filter(participant__cycle=cycle, component="pairs").exclude(state="withdrawn")
    for rater, employee in asked.values_list("rater", "participant__employee"):
        found.setdefault(cast.name_of(rater), set()).add(cast.name_of(employee))
    return found


def test_somebody_joins_leaves_and_changes_the_manager(cast: Cast, cycle: Cycle) -> None:
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer, cast.agent]))
    with pytest.raises(Refusal) as refused:
        amend(cast, cycle, "rater", employee=cast.outsider.pk, rater=cast.manager.pk)
    assert refused.value.code == "amendment_order_submitted"
    reopen_sheet(
        actor=cast.hr,
        sheet_id=ScoreSheet.objects.filter(rater=cast.manager)[0].pk,
        reason="One more will come",
    )
    amend(cast, cycle, "rater", employee=cast.outsider.pk, rater=cast.manager.pk)
    amend(cast, cycle, "leaver", employee=cast.leaver.pk)
    assert forms(cast, cycle) == {"manager": {"agent", "peer", "outsider"}, "other_manager": {"mover"}}
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert not form.is_enough
    assert len(form.parts[0].order.asked) == 1
    # What was said of the one who left stays, and is not the last answer any more.
    undone = undo_pair(actor=cast.manager, cycle=cycle, component="pairs")
    assert {undone.first.employee_id, undone.second.employee_id} == {cast.agent.pk, cast.peer.pk}
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.outsider, cast.peer]))
    # Who has one person alone compares nobody, and hands in what is nothing.
    assert submit_pairs(actor=cast.other_manager, cycle=cycle, component="pairs").is_submitted
    score(cast.hr, cycle)
    found = points(cast, cycle)
    assert found["outsider"] > found["peer"] > found["agent"]  # type: ignore[operator]
    assert found["mover"] is None
    assert_explains_itself(cycle)


def test_who_joins_a_wide_group_is_compared_by_all_and_brings_a_rater(cast: Cast, draft: Cycle) -> None:
    cycle = launched(cast, draft, paired(cohort="job"))
    everyone = {"agent", "peer", "leaver", "outsider", "mover"}
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer]))
    amend(cast, cycle, "joiner", employee=cast.remote.pk)
    raters = ("manager", "other_manager", "director")
    assert forms(cast, cycle) == {rater: {*everyone, "remote"} for rater in raters}
    form = pair_form_of(cast.manager, cycle, "pairs")
    assert form.is_open
    assert form.question is not None
    assert cast.remote.pk in (form.question.left, form.question.right)
    # Another manager changes nothing here: every rater of the group compares everybody.
    before = forms(cast, cycle)
    amend(cast, cycle, "rater", employee=cast.outsider.pk, rater=cast.manager.pk)
    assert forms(cast, cycle) == before
