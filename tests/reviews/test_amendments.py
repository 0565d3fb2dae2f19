"""A running cycle is changed by amendments only: with a reason, a version, notices, and scores that follow."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import reverse

from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import Run
from people.models import Membership, User
from reviews.methods.document import fingerprint
from reviews.methods.recompute import recompute
from reviews.models import Amendment, Cycle, CycleVersion, Participant, Result, ScoreSheet
from reviews.selectors.cycles import completion
from reviews.selectors.explanations import explanation_of
from reviews.selectors.terms import get_part_for, is_confirmed, receipt_of
from reviews.services.amendments import decide_amendment, propose_amendment
from reviews.services.judgements import reopen_sheet, save_judgement
from reviews.services.scoring import start_scoring
from tests.cast import Cast
from tests.factories import RoleGrantFactory, UserFactory, days
from tests.reviews.conftest import judge, score, sheet_of
from tests.reviews.test_terms import confirm

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_hr(cast: Cast) -> User:
    user = UserFactory(login="hr2", employee_number=None, name="Second")
    RoleGrantFactory(user=user, role="hr")
    return user


def propose(cast: Cast, cycle: Cycle, kind: str = "target", **details: Any) -> Amendment:
    if kind == "target":
        details = {"component": "kpis", "kpi": "response_time", "target": 30, **details}
    return propose_amendment(
        actor=cast.hr, cycle=cycle, kind=kind, details=details, reason="Typed for another job"
    )


def test_a_target_is_decided_by_a_second_person(cast: Cast, rating_cycle: Cycle, second_hr: User) -> None:
    before = rating_cycle.configuration_version
    amendment = propose(cast, rating_cycle)
    rating_cycle.refresh_from_db()
    assert (amendment.state, rating_cycle.configuration_version) == ("proposed", before)
    with pytest.raises(Refusal) as caught:
        decide_amendment(actor=cast.hr, amendment=amendment, accept=True)
    assert caught.value.code == "amendment_own"
    decided = decide_amendment(actor=second_hr, amendment=amendment, accept=True)
    rating_cycle.refresh_from_db()
    assert (decided.state, decided.version) == ("applied", before + 1)
    assert rating_cycle.configuration["components"][0]["kpis"][1]["target"] == 30
    assert rating_cycle.fingerprint == fingerprint(rating_cycle.configuration)
    old, new = CycleVersion.objects.order_by("number")
    assert (old.number, new.number) == (before, before + 1)
    assert old.configuration["components"][0]["kpis"][1]["target"] == 20
    assert new.fingerprint == rating_cycle.fingerprint
    with pytest.raises(Refusal) as caught:
        decide_amendment(actor=second_hr, amendment=amendment, accept=True)
    assert caught.value.code == "amendment_decided"


def test_whom_it_concerns_is_told_and_reads_again(cast: Cast, rating_cycle: Cycle, second_hr: User) -> None:
    confirm(cast.agent, rating_cycle)
    decide_amendment(actor=second_hr, amendment=propose(cast, rating_cycle), accept=True)
    part = get_part_for(cast.agent, rating_cycle.code)
    assert not is_confirmed(part, receipt_of(part))
    told = Notice.objects.filter(topic="amendment.target")
    assert set(told.values_list("recipient", flat=True)) == set(
        Participant.objects.values_list("employee", flat=True)
    )
    assert "Typed for another job" in told[0].params["reason"]
    rating_cycle.refresh_from_db()
    confirm(cast.agent, rating_cycle)
    part = get_part_for(cast.agent, rating_cycle.code)
    assert is_confirmed(part, receipt_of(part))


def test_scores_follow_the_version_and_recompute(cast: Cast, scored_cycle: Cycle, second_hr: User) -> None:
    before = Result.objects.get(run=scored_cycle.published_run, employee=cast.agent).score
    decide_amendment(actor=second_hr, amendment=propose(cast, scored_cycle), accept=True)
    scored_cycle.refresh_from_db()
    assert scored_cycle.published_run is None  # nothing stands there that would not explain itself
    run = Run.objects.get(kind="scoring", state="queued")
    runs.execute(run.pk)
    scored_cycle.refresh_from_db()
    result = Result.objects.get(run=scored_cycle.published_run, employee=cast.agent)
    # 18 s against 30 s: 1 + (30 - 18) / 30 = 1.4 instead of 1.1
    assert result.score is not None
    assert before is not None
    assert result.score == pytest.approx(before + 0.7 * 0.6 * 30, abs=1e-6)
    assert recompute(explanation_of(result, scored_cycle))["score"] == result.score


def test_a_run_by_the_old_configuration_is_stopped(cast: Cast, judged_cycle: Cycle, second_hr: User) -> None:
    run = start_scoring(actor=cast.hr, cycle=judged_cycle)
    decide_amendment(actor=second_hr, amendment=propose(cast, judged_cycle), accept=True)
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    score(cast.hr, judged_cycle)


def test_a_rejected_change_changes_nothing(cast: Cast, rating_cycle: Cycle, second_hr: User) -> None:
    amendment = propose(cast, rating_cycle)
    with pytest.raises(Refusal):
        decide_amendment(actor=second_hr, amendment=amendment, accept=False)
    decide_amendment(actor=second_hr, amendment=amendment, accept=False, reason="It is right")
    was = rating_cycle.fingerprint
    rating_cycle.refresh_from_db()
    assert rating_cycle.fingerprint == was
    assert not CycleVersion.objects.exists()


@pytest.mark.parametrize(
    ("details", "code"),
    [
        pytest.param({"kpi": "nothing"}, "amendment_no_kpi", id="no such KPI"),
        pytest.param({"target": 20}, "amendment_unchanged", id="the same target"),
        pytest.param({"target": "much"}, "amendment_malformed", id="a word"),
        pytest.param({"target": float("nan")}, "amendment_malformed", id="not a number"),
        pytest.param({"target": True}, "amendment_malformed", id="a truth value"),
        pytest.param({"target": 1e300}, "amendment_target_range", id="beyond all numbers"),
        pytest.param({"target": None}, "amendment_no_table", id="a table that says nothing"),
    ],
)
def test_what_is_no_target(cast: Cast, rating_cycle: Cycle, details: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        propose(cast, rating_cycle, **details)
    assert caught.value.code == code
    assert not Amendment.objects.exists()


def test_after_the_release_nothing_is_amended(cast: Cast, released_cycle: Cycle) -> None:
    for kind, details in (
        ("target", {}),
        ("joiner", {"employee": cast.manager.pk}),
        ("leaver", {"employee": cast.agent.pk}),
        ("rater", {"employee": cast.agent.pk, "rater": cast.other_manager.pk}),
    ):
        with pytest.raises(Refusal) as caught:
            propose(cast, released_cycle, kind, **details)
        assert caught.value.code == "amendment_not_open"
    assert not Amendment.objects.exists()


def test_only_hr_amends(cast: Cast, rating_cycle: Cycle) -> None:
    for actor in (cast.manager, cast.auditor, cast.agent):
        with pytest.raises(Refusal):
            propose_amendment(actor=actor, cycle=rating_cycle, kind="leaver", details={}, reason="x")
    assert not Amendment.objects.exists()


def test_somebody_joins(cast: Cast, rating_cycle: Cycle) -> None:
    late = UserFactory(login="late", employee_number="E0042", name="Late", locale="en")
    Membership.objects.create(
        user=late, team=cast.blue, job=cast.job_agent, valid=days(datetime.date(2025, 10, 20))
    )
    propose(cast, rating_cycle, "joiner", employee=late.pk)
    part = Participant.objects.get(employee=late)
    assert (part.rater, part.days_in_role) == (cast.manager, 12)
    assert sheet_of(rating_cycle, late).rater == cast.manager
    assert Notice.objects.filter(topic="amendment.joiner", recipient=late).exists()
    with pytest.raises(Refusal) as caught:
        propose(cast, rating_cycle, "joiner", employee=late.pk)
    assert caught.value.code == "amendment_takes_part"


def test_who_was_never_here_does_not_join(cast: Cast, rating_cycle: Cycle) -> None:
    stranger = UserFactory(employee_number="E0043")
    with pytest.raises(Refusal) as caught:
        propose(cast, rating_cycle, "joiner", employee=stranger.pk)
    assert caught.value.code == "amendment_not_on_roster"


def test_somebody_is_taken_out_and_comes_back(cast: Cast, judged_cycle: Cycle) -> None:
    done, total = completion(judged_cycle)
    propose(cast, judged_cycle, "leaver", employee=cast.agent.pk)
    assert completion(judged_cycle) == (done - 1, total - 1)
    run = score(cast.hr, judged_cycle)
    assert not Result.objects.filter(run=run, employee=cast.agent).exists()
    assert sheet_of(judged_cycle, cast.agent).judgements.count() == 2  # it stays to be read
    propose(cast, judged_cycle, "joiner", employee=cast.agent.pk)
    assert sheet_of(judged_cycle, cast.agent).state == "draft"


def test_another_manager_judges(cast: Cast, rating_cycle: Cycle) -> None:
    mine = sheet_of(rating_cycle, cast.agent)
    save_judgement(actor=cast.manager, sheet_id=mine.pk, item="courtesy", level=2, version=0)
    propose(cast, rating_cycle, "rater", employee=cast.agent.pk, rater=cast.other_manager.pk)
    forms = ScoreSheet.objects.filter(participant__employee=cast.agent)
    assert {(each.rater_id, each.state) for each in forms} == {
        (cast.manager.pk, "withdrawn"),
        (cast.other_manager.pk, "draft"),
    }
    assert Participant.objects.get(employee=cast.agent).rater == cast.other_manager
    told = Notice.objects.filter(topic="amendment.rater").values_list("recipient", flat=True)
    assert set(told) == {cast.agent.pk, cast.manager.pk, cast.other_manager.pk}
    new = forms.get(rater=cast.other_manager)
    assert not new.judgements.exists()
    # And back again: the form that was left is opened once more.
    propose(cast, rating_cycle, "rater", employee=cast.agent.pk, rater=cast.manager.pk)
    mine.refresh_from_db()
    assert mine.state == "draft"


@pytest.mark.parametrize(
    ("rater", "code"),
    [
        pytest.param("agent", "amendment_own_form", id="oneself"),
        pytest.param("manager", "amendment_no_rater", id="the same manager"),
        pytest.param("hr", "amendment_nobody", id="an account that is nobody's employee"),
    ],
)
def test_who_cannot_judge(cast: Cast, rating_cycle: Cycle, rater: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        propose(cast, rating_cycle, "rater", employee=cast.agent.pk, rater=getattr(cast, rater).pk)
    assert caught.value.code == code


def test_a_form_that_was_handed_in_is_given_back_first(cast: Cast, rating_cycle: Cycle) -> None:
    judge(rating_cycle, cast.agent, (4, 5))
    with pytest.raises(Refusal) as caught:
        propose(cast, rating_cycle, "rater", employee=cast.agent.pk, rater=cast.other_manager.pk)
    assert caught.value.code == "amendment_submitted"
    reopen_sheet(actor=cast.hr, sheet_id=sheet_of(rating_cycle, cast.agent).pk, reason="Another manager")
    propose(cast, rating_cycle, "rater", employee=cast.agent.pk, rater=cast.other_manager.pk)


def test_what_is_decided_stays(cast: Cast, rating_cycle: Cycle) -> None:
    propose(cast, rating_cycle, "leaver", employee=cast.agent.pk)
    for statement in (
        "UPDATE reviews_amendment SET reason = 'x'",
        "DELETE FROM reviews_cycleversion",
        "UPDATE reviews_cycleversion SET fingerprint = 'x'",
        "DELETE FROM reviews_amendment",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_page_says_what_was_changed_in_words(
    cast: Cast, rating_cycle: Cycle, second_hr: User, client: Client
) -> None:
    client.force_login(cast.hr)
    new = reverse("reviews:amendment_new", args=[rating_cycle.code, "target"])
    assert client.get(new).status_code == 200
    sent = {"line": "kpis/response_time", "target": "30", "reason": "Typed for another job"}
    assert client.post(new, sent).status_code == 302
    assert client.post(new, {**sent, "target": ""}).status_code == 422
    client.force_login(second_hr)
    listed = reverse("reviews:amendments", args=[rating_cycle.code])
    assert "20.00 → 30.00" in client.get(listed).content.decode()
    amendment = Amendment.objects.get()
    client.post(
        reverse("reviews:amendment_decide", args=[rating_cycle.code, amendment.pk]), {"decision": "accept"}
    )
    assert "Version 2" in client.get(listed).content.decode()
    for kind in ("joiner", "leaver", "rater"):
        client.force_login(cast.hr)
        address = reverse("reviews:amendment_new", args=[rating_cycle.code, kind])
        assert client.get(address).status_code == 200
    answer = client.post(address, {"employee": "E0004", "rater": "E0007", "reason": "Ill"})
    assert answer.status_code == 302
    assert Amendment.objects.filter(kind="rater", state="applied").exists()


def test_the_list_asks_as_often_for_many(
    cast: Cast, rating_cycle: Cycle, client: Client, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    client.force_login(cast.hr)
    listed = reverse("reviews:amendments", args=[rating_cycle.code])
    propose(cast, rating_cycle, "leaver", employee=cast.agent.pk)
    few = query_count(lambda: client.get(listed))
    for _time in range(5):
        propose(cast, rating_cycle, "joiner", employee=cast.agent.pk)
        propose(cast, rating_cycle, "leaver", employee=cast.agent.pk)
    assert query_count(lambda: client.get(listed)) == few <= 15
