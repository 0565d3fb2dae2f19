"""Bonus items, red lines and calibrated ratings: what may be entered, what a run makes of it, and that it explains."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.documents import Problems
from foundation.refusals import Refusal
from reviews.methods.bonus import counted_points
from reviews.methods.document import References, as_draft, check_configuration, completed
from reviews.methods.recompute import recompute
from reviews.methods.red_lines import capped
from reviews.models import Cycle, RatingProposal, Result, ResultAdjustment
from reviews.selectors.adjustments import before_and_after, visible_adjustments
from reviews.selectors.explanations import explanation_of
from reviews.services.adjustments import (
    add_points,
    grant_item,
    move_rating,
    record_breach,
    withdraw_adjustment,
)
from reviews.services.cycles import edit_configuration, launch_cycle
from reviews.services.phases import advance_phase, release_cycle
from reviews.services.proposals import decide_proposal, propose_rating
from tests.cast import Cast
from tests.reviews.conftest import JUDGED, configuration, judge, score

PRAISE = {
    "code": "praise",
    "name": {"zh": "客户表扬", "en": "Praise"},
    "minimum": 1,
    "maximum": 3,
    "total": 4,
}
LATE = {"code": "late", "name": {"en": "Late"}, "minimum": -2, "maximum": -1, "evidence_required": False}
BONUS = {"minimum": -10, "maximum": 5, "items": [PRAISE, LATE]}
SLOW = {
    "code": "slow",
    "name": {"en": "Slow answers"},
    "kind": "kpi",
    "kpi": "response_time",
    "beyond": "above",
    "limit": 25,
    "cap": "D",
}
FRAUD = {"code": "fraud", "name": {"zh": "弄虚作假", "en": "Fraud"}, "kind": "breach", "cap": "C"}


@pytest.fixture
def ready(cast: Cast, draft: Cycle) -> Cycle:
    """In rating with all forms in, bonus items and red lines; not computed yet."""
    draft = edit_configuration(
        actor=cast.hr,
        cycle=draft,
        configuration=configuration(bonus=BONUS, red_lines=[SLOW, FRAUD]),
        version=draft.version,
    )
    cycle = launch_cycle(actor=cast.hr, cycle=draft)
    for name, levels in JUDGED.items():
        judge(cycle, getattr(cast, name), levels)
    return cycle


@pytest.fixture
def calibrating(cast: Cast, ready: Cycle) -> Cycle:
    score(cast.hr, ready)
    return advance_phase(actor=cast.hr, cycle=ready, to_phase="calibration", reason="One form is late")


def results(cast: Cast, cycle: Cycle) -> dict[str, Result]:
    found = Result.objects.filter(run=cycle.published_run_id).select_related("employee")
    return {cast.name_of(each.employee_id): each for each in found}


def grant(cast: Cast, cycle: Cycle, **changes: Any) -> ResultAdjustment:
    entry = {
        "employee_id": cast.peer.pk,
        "item": "praise",
        "points": 3,
        "reason": "Thanked",
        "evidence": "Letter",
    }
    return grant_item(actor=cast.hr, cycle=cycle, **{**entry, **changes})


# Pure -------------------------------------------------------------------------------------------------------------


def test_points_count_up_to_the_total_of_an_item_and_of_all() -> None:
    document = {"bonus": BONUS}
    assert counted_points([("praise", 3), ("praise", 3)], document) == 4
    assert counted_points([("praise", 3), ("praise", 3), ("late", -2)], document) == 2
    assert counted_points([("praise", 3), ("", 4)], document) == 5
    assert counted_points([("late", -2)] * 9, document) == -10
    assert counted_points([("praise", 3), ("praise", -3)], document) == 0
    assert counted_points([], document) == 0
    assert counted_points([("", 0.1), ("", 0.2)], {}) == 0.3


@given(
    st.lists(st.tuples(st.sampled_from(["praise", "late", ""]), st.floats(-3, 3)), max_size=12), st.randoms()
)
def test_the_order_of_grants_does_not_matter(grants: list[tuple[str, float]], random: Any) -> None:
    shuffled = list(grants)
    random.shuffle(shuffled)
    points = counted_points(grants, {"bonus": BONUS})
    assert counted_points(shuffled, {"bonus": BONUS}) == points
    assert -10 <= points <= 5


def test_a_cap_lowers_and_never_raises() -> None:
    document = configuration()
    assert capped("A", ["C"], document) == "C"
    assert capped("D", ["C"], document) == "D"
    assert capped("A", ["C", "D"], document) == "D"
    assert capped("A", [], document) == "A"
    assert capped("", ["C"], document) == ""


# Configuration ----------------------------------------------------------------------------------------------------

REFUSED = [
    pytest.param({"bonus": {"items": [{**PRAISE, "minimum": 4}]}}, "bonus_range_backwards", id="a range backwards"),
    pytest.param({"bonus": {"items": [{**PRAISE, "minimum": -1}]}}, "bonus_both_signs", id="gives and takes"),
    pytest.param({"bonus": {"items": [PRAISE, PRAISE]}}, "cycle_code_twice", id="an item twice"),
    pytest.param({"bonus": {"maximum": 101}}, "cycle_field_too_large", id="more than 100 points"),
    pytest.param({"red_lines": [{**FRAUD, "cap": "Z"}]}, "cycle_band_unknown", id="an unknown band"),
    pytest.param({"red_lines": [{**FRAUD, "cap": "A"}]}, "red_line_caps_nothing", id="a cap at the top"),
    pytest.param({"red_lines": [{**FRAUD, "kind": "mood"}]}, "cycle_field_choice", id="an unknown condition"),
    pytest.param({"red_lines": [{**SLOW, "kpi": "moon"}]}, "cycle_kpi_unknown", id="an unknown KPI"),
    pytest.param({"red_lines": [{**FRAUD, "kpi": "csat"}]}, "cycle_field_unknown", id="a field of another condition"),
    pytest.param({"red_lines": [FRAUD, FRAUD]}, "cycle_code_twice", id="a red line twice"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code"), REFUSED)
def test_refused_documents(change: dict[str, Any], code: str) -> None:
    problems = Problems()
    document = {"components": [], "rating_bands": configuration()["rating_bands"], **change}
    check_configuration(document, references=References(), problems=problems)
    assert code in [problem.code for problem in problems]


def test_defaults_are_written_out_once() -> None:
    written = completed({"components": [], "bonus": {"items": [PRAISE]}})
    assert written["bonus"]["items"][0]["evidence_required"] is True
    assert completed(written) == written


# Entering ---------------------------------------------------------------------------------------------------------

BAD_GRANTS = [
    pytest.param({"item": "moon"}, "bonus_item_unknown", id="an unknown item"),
    pytest.param({"points": 4}, "bonus_points_out_of_range", id="more than the item gives"),
    pytest.param({"points": float("nan")}, "bonus_points_out_of_range", id="no number"),
    pytest.param({"reason": "  "}, "cycle_reason_required", id="no reason"),
    pytest.param({"evidence": ""}, "evidence_required", id="no evidence"),
    pytest.param({"evidence": "x" * 2001}, "cycle_text_too_long", id="too long"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "code"), BAD_GRANTS)
def test_refused_grants_store_nothing(cast: Cast, ready: Cycle, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        grant(cast, ready, **change)
    assert caught.value.code == code
    with pytest.raises(Refusal) as caught:
        grant(cast, ready, employee_id=cast.hr.pk)
    assert caught.value.code == "not_a_participant"
    assert not ResultAdjustment.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["manager", "agent", "auditor", "payroll"])
def test_only_hr_enters(cast: Cast, calibrating: Cycle, role: str) -> None:
    user = getattr(cast, role)
    person = {"cycle": calibrating, "employee_id": cast.peer.pk, "reason": "r", "actor": user}
    entries = [
        lambda: grant_item(**person, item="late", points=-1),
        lambda: record_breach(**person, red_line="fraud", evidence="e"),
        lambda: move_rating(**person, rating="B"),
    ]
    for enter in entries:
        with pytest.raises(Refusal) as caught:
            enter()
        assert caught.value.status == 403
    assert not ResultAdjustment.objects.exists()


@pytest.mark.django_db
def test_refused_moves(cast: Cast, calibrating: Cycle) -> None:
    def code(**changes: Any) -> str:
        entry = {"employee_id": cast.agent.pk, "rating": "B", "reason": "Compared", **changes}
        with pytest.raises(Refusal) as caught:
            move_rating(actor=cast.hr, cycle=calibrating, **entry)
        return caught.value.code

    assert code(rating="Z") == "cycle_band_unknown"
    assert code(rating="A") == "rating_unchanged"
    assert code(rating="") == "nothing_to_take_back"
    assert code(reason="") == "cycle_reason_required"
    assert code(seen=17) == "adjustment_stale"
    assert code(employee_id=cast.peer.pk, rating="C") == "rating_above_red_line"  # 30 s is slower than 25
    assert not ResultAdjustment.objects.exists()
    first = move_rating(
        actor=cast.hr, cycle=calibrating, employee_id=cast.agent.pk, rating="B", reason="x", seen=0
    )
    assert code(rating="C", seen=0) == "adjustment_stale"
    move_rating(
        actor=cast.hr, cycle=calibrating, employee_id=cast.agent.pk, rating="C", reason="x", seen=first.pk
    )
    release = advance_to_release(cast, calibrating)
    with pytest.raises(Refusal) as caught:
        move_rating(actor=cast.hr, cycle=release, employee_id=cast.agent.pk, rating="A", reason="x")
    assert caught.value.code == "adjustment_not_open"


def advance_to_release(cast: Cast, cycle: Cycle) -> Cycle:
    score(cast.hr, cycle)
    return release_cycle(actor=cast.hr, cycle=cycle, reason="Time")


# What a run makes of it -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_points_and_red_lines_enter_the_result_and_its_explanation(cast: Cast, ready: Cycle) -> None:
    grant(cast, ready)
    grant(cast, ready)
    grant(cast, ready, employee_id=cast.leaver.pk, item="late", points=-1, evidence="")
    record_breach(
        actor=cast.hr,
        cycle=ready,
        employee_id=cast.agent.pk,
        red_line="fraud",
        reason="Closed own tickets",
        evidence="Log",
    )
    score(cast.hr, ready)
    found = results(cast, ready)
    assert found["peer"].score == 71  # 67 and 4 of the 6
    assert (found["peer"].computed_rating, found["peer"].rating) == ("C", "D")  # slow: 30 > 25
    assert (found["agent"].computed_rating, found["agent"].rating) == ("A", "C")
    assert (found["outsider"].rating, found["leaver"].score) == ("A", 87)
    for result in found.values():
        again = recompute(explanation_of(result, ready))
        assert (again["score"], again["rating"]) == (result.score, result.rating)
    explained = explanation_of(found["peer"], ready)
    assert explained["red_lines"] == [{"code": "slow", "cap": "D", "kind": "kpi", "value": 30.0}]
    entry = explained["adjustments"][0]
    assert (entry["item"], entry["points"], entry["reason"], entry["evidence"]) == (
        "praise",
        3,
        "Thanked",
        "Letter",
    )


@pytest.mark.django_db
def test_taking_back_restores_what_was(cast: Cast, ready: Cycle) -> None:
    given = grant(cast, ready)
    breach = record_breach(
        actor=cast.hr, cycle=ready, employee_id=cast.agent.pk, red_line="fraud", reason="r", evidence="e"
    )
    score(cast.hr, ready)
    for entry in (given, breach):
        withdraw_adjustment(actor=cast.hr, adjustment=entry, reason="Mistaken")
        with pytest.raises(Refusal) as caught:
            withdraw_adjustment(actor=cast.hr, adjustment=entry, reason="Again")
        assert caught.value.code == "adjustment_withdrawn"
    score(cast.hr, ready)
    found = results(cast, ready)
    assert (found["peer"].score, found["agent"].rating) == (67.0, "A")
    assert recompute(explanation_of(found["agent"], ready))["rating"] == "A"
    assert explanation_of(found["agent"], ready)["red_lines"] == []


@pytest.mark.django_db
def test_a_cap_raises_nobody_under_shares(cast: Cast, draft: Cycle) -> None:
    rule = {"by": "distribution", "shares": {"A": 20, "B": 50, "C": 20, "D": 10}, "minimum_group": 5}
    draft = edit_configuration(
        actor=cast.hr,
        cycle=draft,
        configuration=configuration(rating=rule, red_lines=[FRAUD]),
        version=draft.version,
    )
    cycle = launch_cycle(actor=cast.hr, cycle=draft)
    for name, levels in JUDGED.items():
        judge(cycle, getattr(cast, name), levels)
    score(cast.hr, cycle)
    before = {name: each.rating for name, each in results(cast, cycle).items()}
    record_breach(
        actor=cast.hr, cycle=cycle, employee_id=cast.mover.pk, red_line="fraud", reason="r", evidence="e"
    )
    score(cast.hr, cycle)
    after = {name: each.rating for name, each in results(cast, cycle).items()}
    assert before["mover"] == "A"
    assert after == {**before, "mover": "C"}


@pytest.mark.django_db
def test_moves_are_undone_and_counted(cast: Cast, calibrating: Cycle) -> None:
    published = Result.objects.filter(run=calibrating.published_run_id)
    assert before_and_after(calibrating, published)["after"] == {"D": 1, "C": 0, "B": 1, "A": 3}
    move_rating(actor=cast.hr, cycle=calibrating, employee_id=cast.leaver.pk, rating="A", reason="Compared")
    assert before_and_after(calibrating, published) == {
        "before": {"D": 0, "C": 1, "B": 1, "A": 3},
        "after": {"D": 1, "C": 0, "B": 0, "A": 4},
    }
    score(cast.hr, calibrating)
    assert results(cast, calibrating)["leaver"].rating == "A"
    move_rating(actor=cast.hr, cycle=calibrating, employee_id=cast.leaver.pk, rating="", reason="Taken back")
    published = Result.objects.filter(run=calibrating.published_run_id)
    assert before_and_after(calibrating, published)["after"]["B"] == 1
    score(cast.hr, calibrating)
    assert results(cast, calibrating)["leaver"].rating == "B"


@pytest.mark.django_db
def test_the_reason_of_a_move_is_shared_only_where_hr_says_so(cast: Cast, calibrating: Cycle) -> None:
    for person, shared in ((cast.agent, True), (cast.outsider, False)):
        move_rating(
            actor=cast.hr,
            cycle=calibrating,
            employee_id=person.pk,
            rating="B",
            reason="Compared",
            is_shared=shared,
        )
    score(cast.hr, calibrating)
    found = results(cast, calibrating)
    reasons = {
        name: explanation_of(found[name], calibrating, own=True)["adjustments"][0]["reason"]
        for name in ("agent", "outsider")
    }
    assert reasons == {"agent": "Compared", "outsider": ""}
    assert explanation_of(found["outsider"], calibrating)["adjustments"][0]["reason"] == "Compared"


# The panel --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_manager_proposes_and_hr_decides(cast: Cast, calibrating: Cycle) -> None:
    proposal = propose_rating(
        actor=cast.manager,
        cycle=calibrating,
        employee_id=cast.leaver.pk,
        rating="A",
        reason="Short but strong",
    )
    with pytest.raises(Refusal) as caught:
        propose_rating(
            actor=cast.manager, cycle=calibrating, employee_id=cast.leaver.pk, rating="C", reason="Or so"
        )
    assert caught.value.code == "proposal_open"
    decided = decide_proposal(actor=cast.hr, proposal=proposal, accept=True, reason="Agreed by the panel")
    assert decided.state == "accepted"
    assert ResultAdjustment.objects.get().rating == "A"
    with pytest.raises(Refusal) as caught:
        decide_proposal(actor=cast.hr, proposal=proposal, accept=False, reason="No")
    assert caught.value.code == "proposal_decided"


@pytest.mark.django_db
def test_nobody_proposes_for_others_people(cast: Cast, calibrating: Cycle) -> None:
    for actor, person in ((cast.manager, cast.outsider), (cast.agent, cast.peer), (cast.agent, cast.agent)):
        with pytest.raises(Refusal) as caught:
            propose_rating(actor=actor, cycle=calibrating, employee_id=person.pk, rating="B", reason="r")
        assert caught.value.code == "proposal_not_yours"
    assert not RatingProposal.objects.exists()
    with pytest.raises(Refusal) as caught:
        propose_rating(
            actor=cast.manager, cycle=calibrating, employee_id=cast.leaver.pk, rating="Z", reason="r"
        )
    assert caught.value.code == "cycle_band_unknown"


@pytest.mark.django_db
def test_who_sees_entries(cast: Cast, calibrating: Cycle) -> None:
    add_points(actor=cast.hr, cycle=calibrating, employee_id=cast.agent.pk, points=1, reason="r")
    add_points(actor=cast.hr, cycle=calibrating, employee_id=cast.outsider.pk, points=1, reason="r")
    seen = {
        name: len(visible_adjustments(getattr(cast, name), calibrating))
        for name in ("hr", "auditor", "manager", "other_manager", "agent", "payroll")
    }
    assert seen == {"hr": 2, "auditor": 2, "manager": 1, "other_manager": 1, "agent": 0, "payroll": 0}


@pytest.mark.django_db
def test_the_next_cycle_begins_with_the_same_lines(cast: Cast, ready: Cycle) -> None:
    draft = as_draft(ready.configuration)
    assert draft["red_lines"] == [SLOW, FRAUD]
    assert ready.configuration["red_lines"][0]["version"]["minimum_sample"] == 20
