"""Appeals: filed with evidence, assigned, decided by nobody involved, and what they change: the own result alone."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.delivery import duties
from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import OutboxMessage, Run
from metrics.models import KPIValueSet
from reviews.methods.recompute import recompute
from reviews.models import (
    Appeal,
    AppealComment,
    AppealFile,
    ComponentScore,
    Correction,
    Cycle,
    Judgement,
    Result,
    ScoreLine,
    SecondReview,
)
from reviews.selectors.appeals import change_by, eligible_deciders, items_of, visible_appeals
from reviews.selectors.corrections import base_of
from reviews.selectors.explanations import explanation_of
from reviews.selectors.results import released_result_of
from reviews.services import appeals as services
from reviews.services import corrections
from reviews.services.adjustments import move_rating
from reviews.services.appeal_notices import escalate_late_appeals
from reviews.services.corrections import apply_corrections
from reviews.services.evidence_files import FILE_LIMIT, kind_of
from reviews.services.phases import advance_phase, release_cycle, return_phase
from reviews.services.retention import drop_superseded_runs
from tests.cast import Cast
from tests.reviews.conftest import score, sheet_of

pytestmark = pytest.mark.django_db
WHY = "The outage of 9 October lies behind these numbers"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def filed(cast: Cast, cycle: Cycle, **changes: Any) -> Appeal:
    """peer: response_time 50 points, so kpis 70, conduct 60, overall 67 (C)."""
    given: dict[str, Any] = {
        "actor": cast.peer,
        "component": "kpis",
        "subject": "response_time",
        "proposed_score": 90,
        "reason": WHY,
    }
    return services.file_appeal(cycle=cycle, **{**given, **changes})


def decided(cast: Cast, appeal: Appeal, *, decider: Any = None, **changes: Any) -> Appeal:
    who = decider or cast.other_manager
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=who.pk)
    given: dict[str, Any] = {"accept": True, "reason": "The log shows the outage"}
    return services.decide_appeal(actor=who, appeal_id=appeal.pk, **{**given, **changes})


def corrected(cycle: Cycle) -> Run:
    run = apply_corrections(cycle.pk)
    assert run is not None
    done = runs.execute(run.pk)
    assert done is not None
    assert done.state == Run.State.DONE, (done.error_code, done.error_params)
    cycle.refresh_from_db()
    return done


def pdf(name: str = "outage.pdf", content: bytes = b"%PDF-1.7 outage") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# Filing -----------------------------------------------------------------------------------------------------------


def test_an_appeal_keeps_what_was_said_and_shown(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle, files=[pdf()])
    assert (appeal.state, appeal.current_score, appeal.proposed_score) == ("filed", 50.0, 90.0)
    assert appeal.answer_due_on == timezone.localdate() + datetime.timedelta(days=10)
    file = AppealFile.objects.get()
    assert (file.content_type, file.name, file.size) == ("application/pdf", "outage.pdf", 15)
    assert file.file.name == f"appeals/{file.pk}"
    told = set(Notice.objects.filter(topic="appeal.filed").values_list("recipient", flat=True))
    assert {cast.hr.pk, cast.manager.pk} <= told


def test_everything_can_be_objected_to(cast: Cast, released_cycle: Cycle) -> None:
    result = released_result_of(cast.peer, released_cycle)
    assert result is not None
    assert [(item.key, item.score) for item in items_of(released_cycle, result)] == [
        ("kpis:csat", 100.0),
        ("kpis:response_time", 50.0),
        ("kpis:", 70.0),
        ("conduct:courtesy", 60.0),
        ("conduct:patience", 60.0),
        ("conduct:", 60.0),
        ("overall:", 67.0),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "charm"}, "appeal_item_unknown"),
        ({"proposed_score": 50}, "appeal_not_higher"),
        ({"proposed_score": 300}, "appeal_score_range"),
        ({"proposed_score": float("nan")}, "appeal_score_range"),
        ({"reason": "unfair"}, "appeal_reason_short"),
        ({"reason": "x" * 2001}, "cycle_text_too_long"),
        ({"files": [SimpleUploadedFile("a.pdf", b"")]}, "evidence_empty"),
        ({"files": [SimpleUploadedFile("a.exe", b"MZ\x90\x00")]}, "evidence_executable"),
        ({"files": [SimpleUploadedFile("report.pdf", b"MZ\x90\x00")]}, "evidence_executable"),
        ({"files": [SimpleUploadedFile("run.txt", b"#!/bin/sh\nrm x")]}, "evidence_executable"),
        ({"files": [SimpleUploadedFile("page.html", b"hello")]}, "evidence_executable"),
        ({"files": [SimpleUploadedFile("page.txt", b"<script>alert(1)</script>")]}, "evidence_kind"),
        ({"files": [SimpleUploadedFile("x.bin", b"\x00\x01\x02")]}, "evidence_kind"),
        ({"files": [SimpleUploadedFile("photo.pdf", b"\x89PNG\r\n\x1a\n....")]}, "evidence_name"),
        ({"files": [pdf(f"{number}.pdf") for number in range(6)]}, "evidence_too_many"),
        ({"files": [pdf(content=b"%PDF-" + b"0" * FILE_LIMIT)]}, "evidence_too_big"),
    ],
)
def test_what_is_no_appeal_is_refused_and_nothing_is_stored(
    cast: Cast, released_cycle: Cycle, media: Any, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        filed(cast, released_cycle, **changes)
    assert refused.value.code == code
    assert str(refused.value)
    assert not Appeal.objects.exists()
    assert not AppealFile.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_one_open_appeal_an_item(cast: Cast, released_cycle: Cycle) -> None:
    first = filed(cast, released_cycle)
    with pytest.raises(Refusal) as refused:
        filed(cast, released_cycle, proposed_score=95)
    assert refused.value.code == "appeal_open"
    filed(cast, released_cycle, component="conduct", subject="courtesy")
    services.withdraw_appeal(actor=cast.peer, appeal_id=first.pk)
    filed(cast, released_cycle)
    assert Appeal.objects.count() == 3


def test_after_the_deadline_it_is_too_late(cast: Cast, released_cycle: Cycle) -> None:
    now = timezone.now()
    with time_machine.travel(now + datetime.timedelta(days=10), tick=False):
        filed(cast, released_cycle)
    with (
        time_machine.travel(now + datetime.timedelta(days=11), tick=False),
        pytest.raises(Refusal) as refused,
    ):
        filed(cast, released_cycle, subject="csat", proposed_score=110)
    assert refused.value.code == "appeal_late"
    assert Appeal.objects.count() == 1


def test_before_the_release_and_after_the_close_there_is_none(cast: Cast, scored_cycle: Cycle) -> None:
    with pytest.raises(Refusal) as refused:
        filed(cast, scored_cycle)
    assert refused.value.code == "result_not_open"
    released = release_cycle(actor=cast.hr, cycle=scored_cycle, reason="One form is late")
    open_one = filed(cast, released)
    with pytest.raises(Refusal) as refused:
        advance_phase(actor=cast.hr, cycle=released, to_phase="closed")
    assert refused.value.code == "appeals_open"
    services.withdraw_appeal(actor=cast.peer, appeal_id=open_one.pk)
    closed = advance_phase(actor=cast.hr, cycle=released, to_phase="closed")
    with pytest.raises(Refusal) as refused:
        filed(cast, closed)
    assert refused.value.code == "appeal_closed"
    filed(cast, return_phase(actor=cast.hr, cycle=closed, to_phase="appeal", reason="One came late"))


def test_who_takes_no_part_files_nothing(cast: Cast, released_cycle: Cycle) -> None:
    with pytest.raises(Http404):
        filed(cast, released_cycle, actor=cast.manager)


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.mp3", b"ID3\x04", "audio/mpeg"),
        ("a.wav", b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        ("a.txt", "线路中断".encode(), "text/plain; charset=utf-8"),
        ("a.csv", "线路中断".encode("gb18030"), "text/plain; charset=gb18030"),
    ],
)
def test_kinds_are_told_by_their_bytes(name: str, content: bytes, content_type: str) -> None:
    kind = kind_of(content)
    assert kind is not None
    assert kind.content_type == content_type
    assert name.rpartition(".")[2] in kind.endings


def test_an_office_file_with_macros_is_none() -> None:
    def packed(*names: str) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        return stream.getvalue()

    kind = kind_of(packed("[Content_Types].xml", "word/document.xml"))
    assert kind is not None
    assert kind.endings == ("docx",)
    assert kind_of(packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")) is None
    assert kind_of(packed("setup.exe")) is None


# Who reads, who decides -------------------------------------------------------------------------------------------


def test_who_reads_an_appeal(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle)
    readers = {cast.name_of(user.pk) for user in cast.people if visible_appeals(user).filter(pk=appeal.pk)}
    assert readers == {"hr", "auditor", "peer", "manager", "site_manager", "director"}
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    assert visible_appeals(cast.other_manager).filter(pk=appeal.pk).exists()


def test_nobody_involved_can_be_named(cast: Cast, scored_cycle: Cycle) -> None:
    calibrating = advance_phase(actor=cast.hr, cycle=scored_cycle, to_phase="calibration", reason="Late")
    move_rating(actor=cast.hr, cycle=calibrating, employee_id=cast.peer.pk, rating="B", reason="Compared")
    score(cast.hr, calibrating)
    released = release_cycle(actor=cast.hr, cycle=calibrating)
    appeal = filed(cast, released)
    names = cast.names(person.pk for person in eligible_deciders(appeal))
    assert {"other_manager", "site_manager"} <= names
    assert not names & {"peer", "manager", "hr"}, "appellant, rater, calibrator"
    for who in ("peer", "manager", "hr"):
        with pytest.raises(Refusal) as refused:
            services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=getattr(cast, who).pk)
        assert refused.value.code == "decider_involved"
        # Whatever asks: the database says no as well.
        with pytest.raises(DatabaseError), transaction.atomic():
            Appeal.objects.filter(pk=appeal.pk).update(decider=getattr(cast, who))
    for who in ("agent", "payroll"):
        with pytest.raises(Refusal) as refused:
            services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=getattr(cast, who).pk)
        assert refused.value.code == "decider_unknown"
    with pytest.raises(Refusal) as refused:
        services.assign_appeal(actor=cast.manager, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    assert refused.value.status == 403
    appeal.refresh_from_db()
    assert appeal.decider is None


def test_only_the_decider_decides(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle)
    with pytest.raises(Refusal) as refused:
        services.decide_appeal(actor=cast.hr, appeal_id=appeal.pk, accept=True, reason=WHY)
    assert refused.value.code == "appeal_not_assigned"
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    for who, code in (
        ("peer", "appeal_own"),
        ("manager", "appeal_not_yours_to_decide"),
        ("hr", "appeal_not_yours_to_decide"),
    ):
        with pytest.raises(Refusal) as refused:
            services.decide_appeal(actor=getattr(cast, who), appeal_id=appeal.pk, accept=True, reason=WHY)
        assert refused.value.code == code
    with pytest.raises(Http404):
        services.decide_appeal(actor=cast.agent, appeal_id=appeal.pk, accept=True, reason=WHY)
    assert not Correction.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "no"}, "appeal_reason_short"),
        ({"score": 40.0}, "appeal_not_higher"),
        ({"score": 95.0}, "appeal_above_proposal"),
        ({"score": -1.0}, "appeal_score_range"),
    ],
)
def test_decisions_that_cannot_be(
    cast: Cast, released_cycle: Cycle, changes: dict[str, Any], code: str
) -> None:
    appeal = filed(cast, released_cycle)
    with pytest.raises(Refusal) as refused:
        decided(cast, appeal, **changes)
    assert refused.value.code == code
    appeal.refresh_from_db()
    assert appeal.state == "under_review"
    assert not Correction.objects.exists()


def test_the_decider_sees_beforehand_what_comes_of_it(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle)
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    kept = {model: list(model.objects.values()) for model in (Appeal, Correction, Result, ComponentScore)}
    in_part = services.foresee_decision(actor=cast.other_manager, appeal_id=appeal.pk, score=70.0)
    whole = services.foresee_decision(actor=cast.other_manager, appeal_id=appeal.pk)
    assert (in_part.before.score, in_part.before.rating) == (67.0, "C")
    assert in_part.attainments()["response_time"] == 0.7
    assert {model: list(model.objects.values()) for model in kept} == kept, "looking stores nothing"
    services.decide_appeal(actor=cast.other_manager, appeal_id=appeal.pk, accept=True, reason=WHY)
    peer = Result.objects.get(run=corrected(released_cycle), employee=cast.peer)
    for name in ("score", "standard_error", "rating", "computed_rating", "rank", "percentile"):
        assert whole.after[name] == getattr(peer, name), name
    assert in_part.after["score"] < whole.after["score"]


@pytest.mark.parametrize("who", ["hr", "manager", "peer"])
def test_nobody_else_sees_beforehand(cast: Cast, released_cycle: Cycle, who: str) -> None:
    appeal = filed(cast, released_cycle)
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    with pytest.raises(Refusal) as refused:
        services.foresee_decision(actor=getattr(cast, who), appeal_id=appeal.pk)
    assert refused.value.code == ("appeal_own" if who == "peer" else "appeal_not_yours_to_decide")
    assert browser(getattr(cast, who)).get(
        reverse("reviews:appeal_foresight", args=[appeal.pk])
    ).status_code in (403, 404)


def test_the_fragment_says_what_would_come_of_it_or_why_not(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle)
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    page = browser(cast.other_manager)
    address = reverse("reviews:appeal_foresight", args=[appeal.pk])
    assert f'hx-get="{address}"' in page.get(reverse("reviews:appeal", args=[appeal.pk])).content.decode()
    assert "83.8" in page.get(address).content.decode()
    for typed in ("10", "95", "nan", "inf", "ninety", "-1", "1e400"):
        answer = page.get(address, {"score": typed})
        assert answer.status_code == 200
        assert "<table" not in answer.content.decode(), typed


def test_whoever_scored_for_the_manager_or_looked_a_second_time_decides_nothing(
    cast: Cast, released_cycle: Cycle
) -> None:
    """A delegate's hand and a second look are hands in the result, for the service and for the database."""
    sheet = sheet_of(released_cycle, cast.peer)
    appeal = filed(cast, released_cycle)
    Judgement.objects.filter(sheet=sheet, item="courtesy").update(updated_by=cast.other_manager)
    SecondReview.objects.create(
        sheet=sheet,
        reviewer=cast.site_manager,
        state="confirmed",
        decided_by=cast.site_manager,
        decided_at=timezone.now(),
    )
    for who in (cast.other_manager, cast.site_manager):
        with pytest.raises(Refusal) as refused:
            services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=who.pk)
        assert refused.value.code == "decider_involved"
        with pytest.raises(DatabaseError, match="had a hand"), transaction.atomic():
            Appeal.objects.filter(pk=appeal.pk).update(decider=who)
    assert set(eligible_deciders(appeal)) == {cast.director, cast.hr}


def test_what_was_measured_is_not_copied(cast: Cast, released_cycle: Cycle) -> None:
    base = released_cycle.published_run
    decided(cast, filed(cast, released_cycle))
    run = corrected(released_cycle)
    assert KPIValueSet.objects.filter(run=base).exists()
    assert not KPIValueSet.objects.filter(run=run).exists()
    peer = Result.objects.get(run=run, employee=cast.peer)
    first = explanation_of(peer, released_cycle)["components"][0]["lines"][0]
    assert first["inputs"], "the explanation still opens down to the totals"


def test_a_decision_is_final(cast: Cast, released_cycle: Cycle) -> None:
    appeal = decided(cast, filed(cast, released_cycle), accept=False)
    assert appeal.state == "rejected"
    for again in (
        lambda: services.decide_appeal(
            actor=cast.other_manager, appeal_id=appeal.pk, accept=True, reason=WHY
        ),
        lambda: services.withdraw_appeal(actor=cast.peer, appeal_id=appeal.pk),
        lambda: services.comment_appeal(actor=cast.peer, appeal_id=appeal.pk, text="But"),
        lambda: services.add_files(actor=cast.peer, appeal_id=appeal.pk, files=[pdf()]),
    ):
        with pytest.raises(Refusal) as refused:
            again()
        assert refused.value.code == "appeal_decided"
    with pytest.raises(DatabaseError), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(answer="other")
    assert not Correction.objects.exists()
    assert not OutboxMessage.objects.filter(topic="appeal.accepted").exists()
    assert Notice.objects.filter(topic="appeal.decided", recipient=cast.peer).count() == 1


def test_the_manager_may_say_something(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle)
    services.comment_appeal(actor=cast.manager, appeal_id=appeal.pk, text="The line was down indeed")
    assert AppealComment.objects.get().created_by == cast.manager
    with pytest.raises(Refusal):
        services.comment_appeal(actor=cast.auditor, appeal_id=appeal.pk, text="I read it")
    with pytest.raises(Http404):
        services.comment_appeal(actor=cast.agent, appeal_id=appeal.pk, text="Me too")


def test_hr_then_the_decider_owe_an_answer_and_lateness_is_told(cast: Cast, released_cycle: Cycle) -> None:
    appeal = filed(cast, released_cycle)
    today = timezone.localdate()
    assert cast.hr.pk in duties.owing(today)
    services.assign_appeal(actor=cast.hr, appeal_id=appeal.pk, decider_id=cast.other_manager.pk)
    owed = duties.duties_of([cast.hr.pk, cast.other_manager.pk], today)
    assert [duty.due_on for duty in owed[cast.other_manager.pk] if "appeals" in duty.url] == [
        appeal.answer_due_on
    ]
    assert not [duty for duty in owed.get(cast.hr.pk, []) if "appeals" in duty.url]
    assert escalate_late_appeals(appeal.answer_due_on) == 0
    late = appeal.answer_due_on + datetime.timedelta(days=1)
    while late.weekday() >= 5:
        late += datetime.timedelta(days=1)
    assert escalate_late_appeals(late) == 2
    assert escalate_late_appeals(late) == 0, "once"


# What it changes --------------------------------------------------------------------------------------------------

ITEMS = [
    # component, subject, proposed, kpis, conduct, overall, rating
    ("kpis", "response_time", 90.0, 94.0, 60.0, 83.8, "B"),
    ("kpis", "", 100.0, 100.0, 60.0, 88.0, "B"),
    ("conduct", "courtesy", 100.0, 70.0, 80.0, 73.0, "C"),
    ("overall", "", 95.0, 70.0, 60.0, 95.0, "A"),
]


@pytest.mark.parametrize(
    ("component", "subject", "proposed", "kpi_score", "conduct", "overall", "rating"), ITEMS
)
def test_an_accepted_appeal_corrects_the_own_result_alone(
    cast: Cast,
    released_cycle: Cycle,
    component: str,
    subject: str,
    proposed: float,
    kpi_score: float,
    conduct: float,
    overall: float,
    rating: str,
) -> None:
    before = {
        result.employee_id: result for result in Result.objects.filter(run=released_cycle.published_run)
    }
    base = released_cycle.published_run
    appeal = decided(
        cast, filed(cast, released_cycle, component=component, subject=subject, proposed_score=proposed)
    )
    assert appeal.state == "accepted"
    run = corrected(released_cycle)
    assert released_cycle.published_run == run
    assert base_of(run) == base.pk
    after = {result.employee_id: result for result in Result.objects.filter(run=run)}
    assert after.keys() == before.keys()
    peer = after[cast.peer.pk]
    assert (peer.score, peer.rating) == (overall, rating)
    scores = dict(
        ComponentScore.objects.filter(run=run, employee_id=cast.peer.pk).values_list("component", "score")
    )
    assert scores == {"kpis": kpi_score, "conduct": conduct}
    for employee, result in before.items():
        if employee == cast.peer.pk:
            continue
        for field in Result._meta.concrete_fields:
            if field.name not in ("id", "run"):
                assert getattr(after[employee], field.name) == getattr(result, field.name), field.name
    # What was released stays as it was.
    assert Result.objects.get(run=base, employee=cast.peer).score == 67.0
    for result in after.values():
        explanation = explanation_of(result, released_cycle)
        again = recompute(explanation)
        for name in ("score", "standard_error", "state", "rating", "computed_rating", "rank", "percentile",
                     "rank_low", "rank_high", "standing"):  # fmt: skip
            assert again[name] == getattr(result, name), (result.employee_id, name)
        for found in explanation["components"]:
            assert again["components"][found["code"]]["score"] == found["score"]
            assert again["components"][found["code"]]["standard_error"] == found["standard_error"]
            points = [line["points"] for line in found["lines"]]
            assert [line["points"] for line in again["components"][found["code"]]["lines"]] == points
    change = change_by(appeal)
    assert change is not None


def test_in_part(cast: Cast, released_cycle: Cycle) -> None:
    appeal = decided(cast, filed(cast, released_cycle), score=70.0)
    assert (appeal.state, appeal.decided_score) == ("partly", 70.0)
    run = corrected(released_cycle)
    line = ScoreLine.objects.get(run=run, employee_id=cast.peer.pk, subject="response_time")
    assert (line.points, line.attainment, line.rule, line.value) == (70.0, 0.7, "appeal", 30.0)


def test_places_of_others_stay_as_released(cast: Cast, released_cycle: Cycle) -> None:
    """peer overtakes everyone and still nobody is moved down; peer is placed among the others as released."""
    ranks = dict(Result.objects.filter(run=released_cycle.published_run).values_list("employee", "rank"))
    assert ranks[cast.peer.pk] == 5
    decided(cast, filed(cast, released_cycle, component="overall", subject="", proposed_score=120))
    run = corrected(released_cycle)
    after = dict(Result.objects.filter(run=run).values_list("employee", "rank"))
    assert after == {**ranks, cast.peer.pk: 1}
    mover = Result.objects.get(run=run, employee=cast.mover)
    cohort = explanation_of(mover, released_cycle)["cohort"]
    assert (cohort["above"], mover.rank) == (0, 1)


def test_shares_are_not_given_out_again(cast: Cast, scored_cycle: Cycle) -> None:
    """Under forced distribution the one who wins an appeal reaches the band whose cut is reached; nobody loses one."""
    scored_cycle.configuration = {
        **scored_cycle.configuration,
        "rating": {
            "by": "distribution", "cohort": "cycle", "shares": {"A": 40, "B": 20, "C": 20, "D": 20},
            "minimum_group": 3, "small_group": "merge", "ties": "never_split",
        },
    }  # fmt: skip
    scored_cycle.save()
    score(cast.hr, scored_cycle)
    released = release_cycle(actor=cast.hr, cycle=scored_cycle, reason="One form is late")
    before = dict(Result.objects.filter(run=released.published_run).values_list("employee", "rating"))
    assert before[cast.peer.pk] == "D"
    decided(cast, filed(cast, released, component="overall", subject="", proposed_score=100))
    run = corrected(released)
    after = dict(Result.objects.filter(run=run).values_list("employee", "rating"))
    assert after == {**before, cast.peer.pk: "A"}
    for result in Result.objects.filter(run=run):
        assert recompute(explanation_of(result, released))["rating"] == result.rating


def test_calibration_holds_unless_the_rule_now_gives_better(cast: Cast, scored_cycle: Cycle) -> None:
    calibrating = advance_phase(actor=cast.hr, cycle=scored_cycle, to_phase="calibration", reason="Late")
    move_rating(actor=cast.hr, cycle=calibrating, employee_id=cast.peer.pk, rating="D", reason="Compared")
    score(cast.hr, calibrating)
    released = release_cycle(actor=cast.hr, cycle=calibrating)
    decided(cast, filed(cast, released, component="conduct", subject="courtesy", proposed_score=100))
    run = corrected(released)
    peer = Result.objects.get(run=run, employee=cast.peer)
    assert (peer.score, peer.computed_rating, peer.rating) == (73.0, "C", "D"), "still C by the rule: D stays"
    decided(cast, filed(cast, released, proposed_score=100))
    run = corrected(released)
    peer = Result.objects.get(run=run, employee=cast.peer)
    assert (peer.computed_rating, peer.rating) == ("A", "A")
    assert recompute(explanation_of(peer, released))["rating"] == "A"


def test_two_appeals_add_up_and_neither_lowers(cast: Cast, released_cycle: Cycle) -> None:
    line = filed(cast, released_cycle, proposed_score=100)
    whole = filed(cast, released_cycle, component="kpis", subject="", proposed_score=80)
    decided(cast, line)
    first = corrected(released_cycle)
    assert apply_corrections(released_cycle.pk) is None, "nothing is left to do"
    with pytest.raises(Refusal) as refused:
        decided(cast, whole)
    assert refused.value.code == "appeal_not_higher", "it stands at 100 by now"
    services.withdraw_appeal(actor=cast.peer, appeal_id=whole.pk)
    decided(cast, filed(cast, released_cycle, component="conduct", subject="", proposed_score=90))
    second = corrected(released_cycle)
    assert base_of(second) == base_of(first)
    peer = Result.objects.get(run=second, employee=cast.peer)
    assert peer.score == 97.0
    explanation = explanation_of(peer, released_cycle)
    assert [each["component"] for each in explanation["corrections"]] == ["kpis", "conduct"]
    assert recompute(explanation)["score"] == 97.0


def test_news_that_comes_twice_starts_one_run(cast: Cast, released_cycle: Cycle) -> None:
    decided(cast, filed(cast, released_cycle))
    run = apply_corrections(released_cycle.pk)
    assert run is not None
    assert apply_corrections(released_cycle.pk) is None
    # Accepted while that run goes on: its end sends the news again.
    decided(cast, filed(cast, released_cycle, component="conduct", subject="courtesy", proposed_score=100))
    sent = OutboxMessage.objects.filter(topic="appeal.accepted").count()
    runs.execute(run.pk)
    assert OutboxMessage.objects.filter(topic="appeal.accepted").count() == sent + 1
    released_cycle.refresh_from_db()
    corrected(released_cycle)
    assert Result.objects.get(run=released_cycle.published_run_id, employee=cast.peer).score == 89.8


def test_a_worker_that_dies_leaves_nothing_half(
    cast: Cast, released_cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(cast, filed(cast, released_cycle))
    base = released_cycle.published_run_id
    run = apply_corrections(released_cycle.pk)
    assert run is not None
    real = corrections._store
    calls: list[int] = []

    def dies_once(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        real(*args, **kwargs)
        if len(calls) == 1:
            raise RuntimeError("killed")

    monkeypatch.setattr(corrections, "_store", dies_once)
    done = runs.execute(run.pk)
    assert done is not None
    assert done.state == Run.State.DONE
    assert len(calls) == 2
    released_cycle.refresh_from_db()
    assert released_cycle.published_run_id != base
    assert Result.objects.filter(run=run).count() == Result.objects.filter(run=base).count()


def test_what_was_released_is_kept(cast: Cast, released_cycle: Cycle) -> None:
    base = released_cycle.published_run_id
    decided(cast, filed(cast, released_cycle))
    corrected(released_cycle)
    Run.objects.update(finished_at=timezone.now() - datetime.timedelta(days=400))
    drop_superseded_runs()
    assert Run.objects.filter(pk=base).exists()


# Pages ------------------------------------------------------------------------------------------------------------


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_from_the_phone_to_the_decision(cast: Cast, released_cycle: Cycle) -> None:
    peer, hr, decider = browser(cast.peer), browser(cast.hr), browser(cast.other_manager)
    standing = peer.get(reverse("reviews:standing")).content.decode()
    address = reverse("reviews:appeal_new", args=["oct"])
    assert address in standing
    page = peer.get(address).content.decode()
    assert "Response Time · 50.0" in page
    form = {"item": "kpis:response_time", "proposed_score": "90", "reason": WHY}
    wrong = peer.post(address, {**form, "files": SimpleUploadedFile("x.exe", b"MZ")})
    assert wrong.status_code == 422
    assert "is a program or a page" in wrong.content.decode()
    assert WHY in wrong.content.decode(), "what was typed stays"
    key = "8b7c3f3e-3f67-4f5a-9d55-8a2f1f0f5c11"
    for _tap in range(2):
        assert (
            peer.post(address, {**form, "form_key": key, "files": [pdf("a.pdf"), pdf("b.pdf")]}).status_code
            == 302
        )
    appeal = Appeal.objects.get()
    assert appeal.files.count() == 2
    here = reverse("reviews:appeal", args=[appeal.pk])
    file = appeal.files.first()
    assert file is not None
    got = peer.get(reverse("reviews:appeal_file", args=[appeal.pk, file.pk]))
    assert got["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert b"".join(got.streaming_content) == b"%PDF-1.7 outage"
    assert (
        browser(cast.agent).get(reverse("reviews:appeal_file", args=[appeal.pk, file.pk])).status_code == 404
    )
    assert "1 appeal is open" in hr.get(reverse("reviews:appeals")).content.decode()
    shown = hr.get(here).content.decode()
    assert cast.other_manager.name in shown
    assert f'value="{cast.manager.pk}"' not in shown, "the rater is not offered"
    hr.post(reverse("reviews:appeal_assign", args=[appeal.pk]), {"decider": cast.other_manager.pk})
    browser(cast.manager).post(reverse("reviews:appeal_comment", args=[appeal.pk]), {"text": "It was so"})
    assert "It was so" in decider.get(here).content.decode()
    decide = reverse("reviews:appeal_decide", args=[appeal.pk])
    assert decider.post(decide, {"decision": "accept", "score": "99", "reason": WHY}).status_code == 422
    assert decider.post(decide, {"decision": "accept", "score": "90", "reason": WHY}).status_code == 302
    assert "is being computed" in peer.get(here).content.decode()
    corrected(released_cycle)
    told = peer.get(here).content.decode()
    assert "83.8" in told
    assert "67.0" in told
    assert "after an appeal" in peer.get(reverse("reviews:standing")).content.decode()
