"""360: who is asked, what may be kept, and what a score is made of."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from django.http import Http404

from foundation.refusals import Refusal
from reviews.methods.recompute import recompute
from reviews.models import (
    Result,
    ScoreLine,
    VoiceAnswer,
    VoiceComment,
    VoiceDraft,
    VoiceInvitation,
    VoiceRound,
)
from reviews.selectors.explanations import explanation_of
from reviews.selectors.voice_reports import voice_report
from reviews.selectors.voice_rounds import component_of_round, progress_of_round, totals_of_round
from reviews.services.phases import advance_phase, release_cycle, return_phase
from reviews.services.voice_answers import answer_in_bulk, draft_key, save_answer
from reviews.services.voice_changes import follow_manager, invite_for_joiner, release_raters_of
from reviews.services.voice_invitations import (
    approve_all,
    decide_raters,
    nominate,
    remove_rater,
    replace_leavers,
    replace_rater,
    withdraw_nomination,
)
from reviews.services.voice_rounds import close_round, reopen_round, set_minimum
from scoring.multisource import combine
from tests.cast import Cast
from tests.reviews.conftest import score
from tests.reviews.voice_world import VoiceWorld, build_voices, chosen

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast, measured: Any) -> VoiceWorld:
    return build_voices(cast)


def refused(code: str, work: Any, *args: Any, **kwargs: Any) -> Refusal:
    with pytest.raises(Refusal) as caught, transaction.atomic():
        work(*args, **kwargs)
    assert caught.value.code == code, caught.value.code
    assert str(caught.value)
    return caught.value


def result_of(world: VoiceWorld) -> Result:
    score(world.cast.hr, world.cycle)
    return Result.objects.select_related("employee").get(
        run=world.cycle.published_run, employee=world.cast.agent
    )


def scored_lines(world: VoiceWorld) -> dict[str, ScoreLine]:
    result = result_of(world)
    return {
        line.subject: line
        for line in ScoreLine.objects.filter(
            run=result.run_id, employee_id=world.cast.agent.pk, component="voices"
        )
    }


def close(world: VoiceWorld) -> Any:
    return close_round(actor=world.cast.hr, cycle=world.cycle, component="voices")


# Who is asked -----------------------------------------------------------------------------------------------------


def test_the_tree_proposes_raters_evenly(world: VoiceWorld) -> None:
    asked = VoiceInvitation.objects.filter(participant=world.part())
    assert {(each.group, each.state) for each in asked} == {
        ("self", "approved"),
        ("superior", "approved"),
        ("peers", "proposed"),
    }
    assert asked.get(group="superior").rater == world.cast.manager
    assert asked.filter(group="peers").count() == 6
    loads = [VoiceInvitation.objects.filter(rater=each, group="peers").count() for each in world.colleagues]
    assert max(loads) - min(loads) <= 1


def test_a_leader_is_rated_by_subordinates_and_fellow_leaders(cast: Cast, measured: Any) -> None:
    world = build_voices(cast)
    VoiceInvitation.objects.filter(participant=world.part()).count()
    from reviews.selectors.voice_rounds import circle_on

    circle = circle_on(cast.last_day)
    assert cast.other_manager.pk in circle.peers_of(cast.manager.pk)
    assert set(circle.subordinates_of(cast.manager.pk)) >= {each.pk for each in world.colleagues}


def test_a_ratee_nominates_and_the_manager_approves(world: VoiceWorld) -> None:
    agent, manager = world.cast.agent, world.cast.manager
    part = world.part()
    outsider = world.cast.outsider
    named = nominate(actor=agent, voices=world.voices, participant=part, group="peers", rater_id=outsider.pk)
    assert named.state == "nominated"
    first = VoiceInvitation.objects.filter(participant=part, state="proposed").order_by("pk")[0]
    withdraw_nomination(actor=agent, invitation_id=first.pk)
    rest = list(
        VoiceInvitation.objects.filter(participant=part, state__in=["proposed", "nominated"]).values_list(
            "pk", flat=True
        )
    )
    decide_raters(
        actor=manager,
        voices=world.voices,
        participant=part,
        approve=rest[1:],
        decline=rest[:1],
        reason="No contact",
    )
    states = set(VoiceInvitation.objects.filter(pk__in=rest).values_list("state", flat=True))
    assert states == {"approved", "declined"}
    refused(
        "voice_decided", decide_raters, actor=manager, voices=world.voices, participant=part, approve=rest[1:]
    )


def test_nobody_else_decides_who_is_asked(world: VoiceWorld) -> None:
    part = world.part()
    first = VoiceInvitation.objects.filter(participant=part, state="proposed").order_by("pk")[0]
    for actor in (world.cast.agent, world.cast.peer, world.cast.other_manager):
        refused(
            "voice_not_yours",
            decide_raters,
            actor=actor,
            voices=world.voices,
            participant=part,
            approve=[first.pk],
        )
    refused(
        "voice_not_yours",
        nominate,
        actor=world.cast.peer,
        voices=world.voices,
        participant=part,
        group="peers",
        rater_id=world.cast.outsider.pk,
    )
    with pytest.raises(Http404):
        withdraw_nomination(actor=world.cast.peer, invitation_id=first.pk)
    assert VoiceInvitation.objects.get(pk=first.pk).state == "proposed"


@pytest.mark.parametrize(
    ("code", "group", "who"),
    [
        ("voice_about_self", "peers", "agent"),
        ("voice_group_fixed", "superior", "outsider"),
        ("voice_group_unknown", "neighbours", "outsider"),
        ("rater_unknown", "peers", "leaver"),
        ("voice_rater_missing", "peers", None),
        ("voice_contact_missing", "customers", None),
    ],
)
def test_nominations_that_are_refused(world: VoiceWorld, code: str, group: str, who: str | None) -> None:
    world.cast.leaver.is_active = False
    world.cast.leaver.save()
    before = VoiceInvitation.objects.count()
    refused(
        code,
        nominate,
        actor=world.cast.agent,
        voices=world.voices,
        participant=world.part(),
        group=group,
        rater_id=getattr(world.cast, who).pk if who else None,
    )
    assert VoiceInvitation.objects.count() == before


def test_nobody_is_asked_twice_or_beyond_the_load(cast: Cast, measured: Any) -> None:
    world = build_voices(cast, load_cap=6)
    part = world.part()
    there = VoiceInvitation.objects.filter(participant=part, group="peers")[0]
    refused(
        "voice_asked_already",
        nominate,
        actor=cast.agent,
        voices=world.voices,
        participant=part,
        group="peers",
        rater_id=there.rater_id,
    )
    full = next(
        each
        for each in world.colleagues
        if VoiceInvitation.objects.filter(rater=each, group="peers").count() == 6
        and not VoiceInvitation.objects.filter(participant=part, rater=each).exists()
    )
    told = refused(
        "voice_load_full",
        nominate,
        actor=cast.agent,
        voices=world.voices,
        participant=part,
        group="peers",
        rater_id=full.pk,
    )
    assert full.name in str(told)


def test_whoever_has_left_is_replaced_and_no_answer_touched(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:6])
    world.answer_all(dict.fromkeys(range(5), (4, 4, 4)))
    gone = world.colleagues[5]
    gone.left_on = datetime.date(2025, 10, 31)
    gone.save()
    before = set(VoiceDraft.objects.values_list("key", "version"))
    assert replace_leavers(actor=world.cast.hr, voices=world.voices) >= 1
    invitation = VoiceInvitation.objects.get(participant=world.part(), rater=gone)
    assert invitation.state == "replaced"
    assert invitation.replaced_by.rater != gone
    assert set(VoiceDraft.objects.values_list("key", "version")) == before


def test_a_rater_removed_in_mid_cycle_is_told_so(world: VoiceWorld) -> None:
    asked = world.ask("peers", world.colleagues[:6])
    world.answer_all(dict.fromkeys(range(6), (4, 4, 4)))
    others = set(VoiceDraft.objects.exclude(key=draft_key(asked[0])).values_list("key", flat=True))
    remove_rater(actor=world.cast.manager, invitation_id=asked[0].pk, reason="Never worked together")
    told = refused(
        "voice_removed",
        save_answer,
        actor=world.colleagues[0],
        invitation_id=asked[0].pk,
        levels=chosen((1, 1, 1)),
        texts={},
        version=1,
        submit=True,
    )
    assert told.status == 403
    assert set(VoiceDraft.objects.values_list("key", flat=True)) == others
    with pytest.raises(Http404):
        remove_rater(actor=world.cast.other_manager, invitation_id=asked[1].pk, reason="Not mine")
    replaced = replace_rater(
        actor=world.cast.hr, invitation_id=asked[1].pk, rater_id=world.cast.outsider.pk, reason="Moved"
    )
    assert replaced.state == "approved"


# Answering --------------------------------------------------------------------------------------------------------


def test_a_half_filled_form_is_kept_and_then_handed_in(world: VoiceWorld) -> None:
    [invitation] = world.ask("peers", [world.cast.peer])
    kept = save_answer(
        actor=world.cast.peer, invitation_id=invitation.pk, levels={"care": "4"}, texts={}, version=0
    )
    assert (kept.levels, kept.is_submitted) == ({"care": 4}, False)
    assert not VoiceInvitation.objects.get(pk=invitation.pk).has_answered
    refused(
        "voice_incomplete",
        save_answer,
        actor=world.cast.peer,
        invitation_id=invitation.pk,
        levels={"care": 4},
        texts={},
        version=1,
        submit=True,
    )
    refused(
        "voice_stale",
        save_answer,
        actor=world.cast.peer,
        invitation_id=invitation.pk,
        levels={"care": 5},
        texts={},
        version=0,
    )
    save_answer(
        actor=world.cast.peer,
        invitation_id=invitation.pk,
        levels={"care": 4, "clarity": "not_observed", "help": 5},
        texts={"wishes": "Slower"},
        version=1,
        submit=True,
    )
    assert VoiceInvitation.objects.get(pk=invitation.pk).has_answered
    assert VoiceDraft.objects.get().levels == {"care": 4, "clarity": None, "help": 5}


@pytest.mark.parametrize(
    ("code", "levels", "texts"),
    [
        ("level_not_offered", {"care": 9}, {}),
        ("level_not_offered", {"care": "1e400"}, {}),
        ("level_not_offered", {"care": True}, {}),
        ("level_not_offered", {"care": {"a": 1}}, {}),
        ("item_unknown", {"salary": 3}, {}),
        ("cycle_value_malformed", [], {}),
        ("cycle_value_malformed", {}, []),
        ("cycle_value_malformed", {}, {"wishes": 3}),
        ("voice_question_unknown", {}, {"rater": "me"}),
        ("cycle_comment_too_long", {}, {"wishes": "x" * 1001}),
        ("voice_incomplete", {"care": 3}, {}),
        ("voice_nothing_observed", dict.fromkeys(("care", "clarity", "help"), "not_observed"), {}),
    ],
)
def test_answers_that_are_refused_store_nothing(
    world: VoiceWorld, code: str, levels: Any, texts: Any
) -> None:
    [invitation] = world.ask("peers", [world.cast.peer])
    refused(
        code,
        save_answer,
        actor=world.cast.peer,
        invitation_id=invitation.pk,
        levels=levels,
        texts=texts,
        version=0,
        submit=True,
    )
    assert not VoiceDraft.objects.exists()


def test_the_invitation_of_somebody_else_does_not_exist(world: VoiceWorld) -> None:
    [invitation] = world.ask("peers", [world.cast.peer])
    for pk in (invitation.pk, 10**9, 10**30, -1):
        with pytest.raises(Http404):
            save_answer(
                actor=world.cast.outsider, invitation_id=pk, levels=chosen((4, 4, 4)), texts={}, version=0
            )


def test_nothing_is_answered_or_taken_back_after_the_closing(world: VoiceWorld) -> None:
    asked = world.ask("peers", world.colleagues[:6])
    world.answer_all(dict.fromkeys(range(5), (4, 4, 4)))
    close(world)
    for place in (0, 5):
        told = refused(
            "voices_closed",
            save_answer,
            actor=world.colleagues[place],
            invitation_id=asked[place].pk,
            levels=chosen((1, 1, 1)),
            texts={},
            version=1,
            submit=True,
        )
        assert told.status == 409
    refused("voices_closed", remove_rater, actor=world.cast.hr, invitation_id=asked[0].pk, reason="No")
    refused("voices_closed", close_round, actor=world.cast.hr, cycle=world.cycle, component="voices")
    refused("cycle_hr_only", close_round, actor=world.cast.manager, cycle=world.cycle, component="voices")
    assert VoiceAnswer.objects.count() == 5


# What counts ------------------------------------------------------------------------------------------------------


def test_the_score_is_that_of_the_groups(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:6])
    world.ask("subordinates", world.colleagues[6:12])
    world.answer(world.cast.agent, (5, 5, 5))
    world.answer(world.cast.manager, (4, 3, 2))
    peers = {0: (4, 4, 4), 1: (5, 4, 3), 2: (3, 3, 3), 3: (4, 5, 4), 4: (2, 4, 5), 5: (4, 4, 4)}
    below = dict.fromkeys(range(6, 12), (3, 3, 4))
    world.answer_all({**peers, **below})
    close(world)
    lines = scored_lines(world)
    worth = np.array(list(peers.values())) * 20.0
    mean = worth.mean(axis=0) @ [0.4, 0.3, 0.3]
    means = {"superior": 80 * 0.4 + 60 * 0.3 + 40 * 0.3, "peers": mean, "subordinates": 60 * 0.7 + 80 * 0.3}
    assert lines["peers"].points == pytest.approx(mean, abs=1e-6)
    assert lines["peers:care"].points == pytest.approx(worth[:, 0].mean(), abs=1e-6)
    assert lines["peers"].n == 6
    expected = combine(
        means,
        {"superior": 1, "peers": 6, "subordinates": 6},
        {"superior": 40, "peers": 30, "subordinates": 20},
        minimum=5,
        exempt=["superior"],
    )
    result = Result.objects.get(run=world.cycle.published_run, employee=world.cast.agent)
    assert result.score == pytest.approx(expected, abs=1e-5)
    scores = worth @ [0.4, 0.3, 0.3]
    error = scores.std(ddof=1) / np.sqrt(6)
    assert lines["peers"].standard_error == pytest.approx(error, abs=1e-6)
    assert result.standard_error == pytest.approx(30 * error / 90, abs=1e-5)
    assert lines["superior"].standard_error is None


def test_every_number_follows_from_the_explanation(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:6])
    world.answer(world.cast.agent, (5, 5, 5))
    world.answer(world.cast.manager, (4, None, 2))
    world.answer_all(
        {0: (4, 4, 4), 1: (5, None, 3), 2: (3, None, 3), 3: (4, 5, 4), 4: (2, 4, 5), 5: (4, 1, 4)}
    )
    close(world)
    result = result_of(world)
    told = explanation_of(result, world.cycle)
    again = recompute(told)
    assert again["score"] == result.score
    assert again["standard_error"] == result.standard_error
    [component] = told["components"]
    assert again["components"]["voices"]["score"] == component["score"]
    for line, found in zip(component["lines"], again["components"]["voices"]["lines"], strict=True):
        assert {name: found[name] for name in found} == {name: line[name] for name in found}
    # Two of six did not observe clarity: the four that are left are too few to be shown.
    assert next(each for each in component["lines"] if each["subject"] == "peers:clarity")["points"] is None
    assert {each["unit"] for each in component["units"]} == {"self", "superior", "peers"}


def test_without_answers_there_is_no_score(world: VoiceWorld) -> None:
    close(world)
    result = result_of(world)
    assert result.score is None
    assert recompute(explanation_of(result, world.cycle))["score"] is None


def test_an_open_360_counts_for_nothing_and_keeps_the_cycle(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:6])
    world.answer_all(dict.fromkeys(range(6), (4, 4, 4)))
    assert result_of(world).score is None
    refused("voices_open", advance_phase, actor=world.cast.hr, cycle=world.cycle, to_phase="calibration")
    refused("voices_open", release_cycle, actor=world.cast.hr, cycle=world.cycle)
    close(world)
    refused("results_stale", release_cycle, actor=world.cast.hr, cycle=world.cycle)
    score(world.cast.hr, world.cycle)
    release_cycle(actor=world.cast.hr, cycle=world.cycle)
    assert not VoiceInvitation.objects.filter(has_answered__isnull=False).exists()


def test_a_report_says_what_others_see(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:6])
    world.answer(world.cast.agent, (5, 2, 5))
    world.answer_all(dict.fromkeys(range(6), (2, 5, 5)), texts={0: "Listens", 3: "Patient"})
    close(world)
    report = voice_report(result_of(world), world.cycle, component_of_round(world.voices))
    by_code = {each.code: each for each in report.items}
    assert by_code["care"].quadrant == "blind"
    assert by_code["clarity"].quadrant == "hidden"
    assert by_code["help"].quadrant == "open"
    assert [each.code for each in report.strengths] == ["clarity", "help"]
    assert report.growth[0].code == "care"
    assert sorted(report.comments["strengths"]["peers"]) == ["Listens", "Patient"]


def test_progress_shows_numbers_only_of_groups_that_hide_people(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:6])
    world.ask("subordinates", world.colleagues[6:9])
    world.answer_all({0: (4, 4, 4), 7: (4, 4, 4)})
    [mine] = [
        each for each in progress_of_round(world.voices) if each.participant.employee == world.cast.agent
    ]
    counts = {each.group: (each.asked, each.answered) for each in mine.counts}
    assert counts["peers"] == (6, 1)
    assert counts["subordinates"] == (3, None)
    assert totals_of_round(world.voices)["answered"] == 1


# k ----------------------------------------------------------------------------------------------------------------


def test_k_never_falls(world: VoiceWorld) -> None:
    told = refused(
        "voices_minimum_falls",
        set_minimum,
        actor=world.cast.hr,
        cycle=world.cycle,
        component="voices",
        minimum=4,
        reason="Few answers",
    )
    assert "5" in str(told)
    with pytest.raises(DatabaseError), transaction.atomic():
        VoiceRound.objects.filter(cycle=world.cycle).update(minimum=4)
    with pytest.raises(DatabaseError), transaction.atomic():
        VoiceRound.objects.filter(cycle=world.cycle).delete()
    set_minimum(actor=world.cast.hr, cycle=world.cycle, component="voices", minimum=6, reason="More safety")
    world.ask("peers", world.colleagues[:5])
    world.answer_all(dict.fromkeys(range(5), (4, 4, 4)))
    assert close(world).kept == 0
    refused(
        "voices_closed_once",
        set_minimum,
        actor=world.cast.hr,
        cycle=world.cycle,
        component="voices",
        minimum=7,
        reason="Late",
    )


def test_the_database_keeps_no_small_group(world: VoiceWorld) -> None:
    def rows(count: int) -> list[VoiceAnswer]:
        return [
            VoiceAnswer(
                round=world.voices, participant=world.part(), unit="peers", points=[80.0] * 3, score=80
            )
            for _each in range(count)
        ]

    with pytest.raises(DatabaseError, match="fewer raters"), transaction.atomic():
        VoiceAnswer.objects.bulk_create(rows(4))
    VoiceAnswer.objects.bulk_create(rows(5))
    with pytest.raises(DatabaseError, match="fewer raters"), transaction.atomic():
        VoiceAnswer.objects.bulk_create(rows(1))
    for change in (VoiceAnswer.objects.all().delete, lambda: VoiceAnswer.objects.update(score=1)):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_late_answers_count_only_with_enough_others(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues)
    world.answer_all(dict.fromkeys(range(6), (4, 4, 4)), texts={0: "Early"})
    close(world)
    first = result_of(world)
    told = explanation_of(first, world.cycle)["components"]

    def late(places: range, text: str) -> Any:
        reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="Holiday")
        world.answer_all(dict.fromkeys(places, (1, 1, 1)), texts={places[0]: text})
        return close(world)

    assert late(range(6, 10), "Alone").kept == 0
    again = result_of(world)
    assert explanation_of(again, world.cycle)["components"] == told
    assert [each.text for each in VoiceComment.objects.all()] == ["Early"]
    # Those who were there cannot answer once more, and those who came late and were too few cannot either.
    reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="Holiday")
    refused(
        "voice_answered",
        answer_in_bulk,
        actor=world.cast.hr,
        answers=[(world.invitation(world.colleagues[0]).pk, chosen((1, 1, 1)), {})],
    )
    world.ask("peers", [world.cast.peer, world.cast.outsider, world.cast.mover][:0])
    close(world)
    assert result_of(world).score == first.score


def test_five_late_ones_count(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues)
    world.answer_all(dict.fromkeys(range(6), (4, 4, 4)))
    close(world)
    assert result_of(world).score == 80
    reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="Holiday")
    world.answer_all(dict.fromkeys(range(6, 11), (2, 2, 2)))
    assert close(world).kept == 5
    assert result_of(world).score == pytest.approx((6 * 80 + 5 * 40) / 11, abs=1e-5)


def test_a_group_that_was_dropped_may_answer_again(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[:7])
    world.answer_all(dict.fromkeys(range(4), (4, 4, 4)))
    assert close(world).kept == 0
    assert result_of(world).score is None
    reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="Too few")
    world.answer_all(dict.fromkeys(range(6), (4, 4, 4)))
    assert close(world).kept == 6
    return_phase_is_possible(world)


def return_phase_is_possible(world: VoiceWorld) -> None:
    score(world.cast.hr, world.cycle)
    advance_phase(actor=world.cast.hr, cycle=world.cycle, to_phase="calibration", reason="On we go")
    refused(
        "rating_not_open",
        reopen_round,
        actor=world.cast.hr,
        cycle=world.cycle,
        component="voices",
        reason="Late",
    )
    return_phase(actor=world.cast.hr, cycle=world.cycle, to_phase="rating", reason="Late ones")
    reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="Late ones")


def test_approving_everything_at_once(world: VoiceWorld) -> None:
    waiting = VoiceInvitation.objects.filter(state="proposed").count()
    assert approve_all(actor=world.cast.hr, voices=world.voices) == waiting
    assert not VoiceInvitation.objects.filter(state="proposed").exists()
    refused("cycle_hr_only", approve_all, actor=world.cast.manager, voices=world.voices)


def test_amendments_of_the_cycle_reach_an_open_360(world: VoiceWorld) -> None:
    agent, new = world.cast.agent, world.cast.other_manager
    part = world.part()
    follow_manager(part, world.cast.manager.pk, new.pk)
    standing = VoiceInvitation.objects.filter(participant=part, group="superior", state="approved")
    assert [each.rater for each in standing] == [new]
    world.answer(agent, (4, 4, 4))
    world.ask("peers", world.colleagues[:1])
    world.answer(world.colleagues[0], (3, 3, 3))
    other = world.part(world.colleagues[3])
    save_answer(
        actor=world.colleagues[3],
        invitation_id=world.invitation(world.colleagues[3], world.colleagues[3]).pk,
        levels=chosen((5, 5, 5)),
        texts={},
        version=0,
        submit=True,
    )
    release_raters_of(part)
    assert not VoiceInvitation.objects.filter(participant=part, state="approved").exists()
    assert [each.participant_id for each in VoiceDraft.objects.all()] == [other.pk]
    invite_for_joiner(part)
    again = VoiceInvitation.objects.filter(participant=part, state__in=["approved", "proposed"])
    assert {each.group for each in again} == {"self", "superior", "peers"}
