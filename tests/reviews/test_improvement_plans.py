"""Improvement and development plans: on what they rest, terms that are served and stand, their course and their end."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import Http404

from foundation.delivery import duties
from foundation.delivery.models import Notice
from foundation.documents import Problems
from foundation.refusals import Refusal
from metrics.models import KPI, KPIVersion
from people.models import User
from people.services.employees import place_employee
from reviews import improvement_topics as topics
from reviews.models import (
    ImprovementPlan,
    PlanCheckIn,
    PlanMeasureDone,
    PlanObjection,
    PlanOutcome,
    PlanProposal,
    PlanRule,
    PlanTerms,
    TermsSettlement,
)
from reviews.selectors.improvement_evidence import evidence_offered
from reviews.selectors.improvement_plans import (
    get_plan_for,
    people_with_open_plan,
    state_of,
    states_of,
    visible_plans,
)
from reviews.selectors.improvement_progress import progress, progress_of
from reviews.services.improvement_configuration import dump_plan_rule, load_plan_rule
from reviews.services.improvement_course import decide_outcome, mark_measure_done, record_check_in
from reviews.services.improvement_plans import (
    agree_to_terms,
    decide_objection,
    object_to_terms,
    serve_terms,
    settle_all_lapsed,
)
from reviews.services.improvement_proposals import dismiss_proposal, look_for_proposals, save_plan_rule
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory
from tests.reviews.improvement_world import (
    CONTENT,
    DEADLINE,
    GROWTH,
    NOW,
    TODAY,
    both_cycles,
    keep_month,
    months,
    opened,
    standing,
)
from tests.reviews.test_incidents import refused

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as found:
        yield found


@pytest.fixture
def csat(clock: Any, cast: Cast, kpis: dict[str, KPIVersion]) -> KPIVersion:
    """Both cycles released, three months of values."""
    both_cycles(cast, kpis["csat"])
    months(cast, kpis["csat"])
    return kpis["csat"]


def told(topic: str) -> set[int]:
    return set(Notice.objects.filter(topic=topic).values_list("recipient_id", flat=True))


def owed(person: User, day: datetime.date = TODAY) -> list[str]:
    return [
        duty.topic for duty in duties.duties_of([person.pk], day).get(person.pk, []) if "plan." in duty.topic
    ]


def on(clock: time_machine.Coordinates, day: datetime.date) -> None:
    clock.move_to(f"{day.isoformat()} 10:00:00+08:00")


# Opening ---------------------------------------------------------------------------------------------------------


def test_a_plan_is_opened_on_evidence_and_served(cast: Cast, csat: KPIVersion) -> None:
    plan = opened(cast)
    terms = plan.terms.get()
    assert (plan.owner, terms.number, terms.object_until) == (cast.manager, 1, TODAY + 7 * DAY)
    [ground] = plan.evidence
    assert (ground["cycle"], ground["value"], ground["standard"]) == ("october", 58.0, 60.0)
    [target] = terms.content["targets"]
    assert (target["start"], target["start_month"], target["start_n"]) == (4.1, "2025-10", 50)
    assert [each["code"] for each in terms.content["measures"]] == ["m1", "m2"]
    assert terms.content["measures"][1]["by"] == DEADLINE.isoformat()
    assert state_of(plan).phase == "served"
    assert told(topics.PLAN_SERVED) == {cast.agent.pk}
    assert (owed(cast.agent), owed(cast.manager)) == ([topics.ANSWER_OWED], [])
    assert not people_with_open_plan([cast.agent.pk], TODAY)


def test_who_opens(cast: Cast, csat: KPIVersion) -> None:
    for actor in (cast.peer, cast.agent, cast.auditor, cast.payroll):
        with refused("improvement_not_allowed"):
            opened(cast, actor=actor)
    with pytest.raises(Http404):
        opened(cast, actor=cast.other_manager)
    with pytest.raises(Http404):
        opened(cast, employee_id=10**9)
    with refused("improvement_about_self"):
        opened(cast, actor=cast.manager, employee_id=cast.manager.pk)
    assert not ImprovementPlan.objects.exists()
    assert opened(cast, actor=cast.hr).owner == cast.manager
    with refused("improvement_open_already"):
        opened(cast, actor=cast.site_manager)
    assert ImprovementPlan.objects.count() == 1


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        ([], "improvement_evidence_required"),
        (["score:december"], "improvement_evidence_unknown"),
        (["rank:october"], "improvement_evidence_unknown"),
        (["month:2025-13:csat"], "improvement_evidence_unknown"),
        (["score:october\x00"], "improvement_evidence_unknown"),
    ],
)
def test_evidence_is_required(cast: Cast, csat: KPIVersion, evidence: list[str], code: str) -> None:
    with refused(code):
        opened(cast, evidence=evidence)
    assert not ImprovementPlan.objects.exists()


def test_a_rank_or_shares_alone_are_no_ground(cast: Cast, csat: KPIVersion) -> None:
    """peer has rating D by shares, with a score of 98: refused. So is a score into which ranks entered."""
    with refused("improvement_ground_relative"):
        opened(cast, employee_id=cast.peer.pk, evidence=["score:october", "kpi:october:csat"])
    from reviews.models import Cycle

    for cycle in Cycle.objects.all():
        cycle.configuration["components"][0]["method"] = "ranking"
        cycle.save()
    with refused("improvement_ground_relative"):
        opened(cast, evidence=["score:october"])
    assert not ImprovementPlan.objects.exists()
    assert opened(cast, evidence=["score:october", "month:2025-10:csat"]).pk


def test_the_database_wants_evidence_too(cast: Cast, csat: KPIVersion) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ImprovementPlan.objects.create(
            employee=cast.agent, kind="improvement", owner=cast.manager, opened_by=cast.manager
        )


def test_what_is_offered_says_what_lies_below(cast: Cast, csat: KPIVersion) -> None:
    found = {each["key"]: each["is_below"] for each in evidence_offered(cast.agent.pk)}
    assert found["score:october"]
    assert found["kpi:september:csat"]
    assert found["month:2025-08:csat"]
    good = {each["key"]: each["is_below"] for each in evidence_offered(cast.peer.pk)}
    assert len(good) == 7
    assert not any(good.values())


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"targets": [{"target": 4.5}]}, "improvement_target_without_kpi", "targets.0.kpi"),
        ({"targets": [{"kpi": " ", "target": 4.5}]}, "improvement_target_without_kpi", "targets.0.kpi"),
        ({"targets": [{"kpi": "none", "target": 4.5}]}, "improvement_kpi_unknown", "targets.0.kpi"),
        ({"targets": [{"kpi": "manners", "target": 4}]}, "improvement_kpi_qualitative", "targets.0.kpi"),
        ({"targets": [{"kpi": "csat", "target": "x"}]}, "improvement_target_number", "targets.0.target"),
        ({"targets": [{"kpi": "csat", "target": "nan"}]}, "improvement_target_number", "targets.0.target"),
        ({"targets": [{"kpi": "csat", "target": True}]}, "improvement_target_number", "targets.0.target"),
        ({"targets": [{"kpi": "csat", "target": 4.0}]}, "improvement_target_met_already", "targets.0.target"),
        ({"targets": [CONTENT["targets"][0]] * 2}, "improvement_target_twice", "targets.1.kpi"),
        ({"targets": []}, "improvement_needs_target", "targets"),
        ({"targets": "csat"}, "improvement_part_malformed", "targets"),
        ({"targets": [{"kpi": "csat", "target": 4.5, "x": 1}]}, "improvement_part_malformed", "targets.0"),
        (
            {"targets": [{"kpi": "csat", "target": 4.5, "by": "2026-12-31"}]},
            "improvement_day_range",
            "targets.0.by",
        ),
        (
            {"targets": [{"kpi": "csat", "target": 4.5, "by": "soon"}]},
            "improvement_day_malformed",
            "targets.0.by",
        ),
        ({"causes": []}, "improvement_needs_cause", "causes"),
        ({"causes": [{"kind": "laziness", "text": "x"}]}, "improvement_cause_unknown", "causes.0.kind"),
        ({"causes": [{"kind": "will", "text": " "}]}, "improvement_text_required", "causes.0.text"),
        ({"measures": []}, "improvement_needs_measure", "measures"),
        ({"measures": [{"text": "x", "who": "nobody"}]}, "improvement_who_unknown", "measures.0.who"),
        ({"measures": [{"text": "x" * 501, "who": "hr"}]}, "cycle_text_too_long", "measures.0.text"),
        ({"measures": [{"text": "x", "who": "hr"}] * 11}, "improvement_too_many", "measures"),
        (
            {"measures": [{"code": "m9", "text": "x", "who": "hr"}]},
            "improvement_part_malformed",
            "measures.0.code",
        ),
        ({"deadline": "2025-11-10"}, "improvement_deadline_range", "deadline"),
        ({"deadline": "2027-01-01"}, "improvement_deadline_range", "deadline"),
        ({"deadline": None}, "improvement_day_malformed", "deadline"),
        ({"every_days": 0}, "improvement_every_range", "every_days"),
        ({"every_days": "14"}, "improvement_every_range", "every_days"),
        ({"else": 1}, "improvement_part_malformed", "content"),
    ],
)
def test_terms_that_cannot_be(
    cast: Cast, csat: KPIVersion, changes: dict[str, Any], code: str, field: str
) -> None:
    manners = KPI.objects.create(
        code="manners", name_en="Manners", dimension="attitude", perspective="customer", is_qualitative=True
    )
    KPIVersion.objects.create(
        kpi=manners, number=1, valid_from=TODAY, unit="score", direction="higher", minimum_sample=1
    )
    with pytest.raises(Refusal) as caught:
        opened(cast, content={**CONTENT, **changes})
    assert (caught.value.code, caught.value.field, caught.value.status) == (code, field, 422)
    assert "Refused" not in str(caught.value)
    assert not PlanTerms.objects.exists()


def test_a_development_plan_needs_a_goal_and_no_fault(cast: Cast, csat: KPIVersion) -> None:
    given = {"employee_id": cast.peer.pk, "kind": "development", "evidence": []}
    with refused("improvement_needs_goal"):
        opened(cast, **given, content={**GROWTH, "goals": []})
    plan = opened(cast, **given, content=GROWTH)
    assert plan.evidence == []
    assert state_of(plan).shown.content["every_days"] == 14
    # An improvement plan beside it is another kind.
    assert opened(cast).pk != plan.pk


def test_sent_twice_opened_once(cast: Cast, csat: KPIVersion) -> None:
    import uuid

    key = uuid.uuid4()
    assert opened(cast, form_key=key) == opened(cast, form_key=key)


# Who reads -------------------------------------------------------------------------------------------------------


def test_who_reads(cast: Cast, csat: KPIVersion) -> None:
    plan = opened(cast)
    for reader in (cast.agent, cast.manager, cast.site_manager, cast.director, cast.hr, cast.auditor):
        assert get_plan_for(reader, plan.pk) == plan
    for stranger in (cast.peer, cast.other_manager, cast.outsider, cast.payroll, cast.leaver, cast.remote):
        with pytest.raises(Http404):
            get_plan_for(stranger, plan.pk)
        assert not visible_plans(stranger).exists()
    place_employee(actor=cast.hr, user=cast.agent, team=cast.green, job=cast.job_agent, from_day=TODAY)
    assert get_plan_for(cast.other_manager, plan.pk) == plan
    with pytest.raises(Http404):  # no longer theirs
        get_plan_for(cast.manager, plan.pk)
    # The next step goes to whoever leads the person now.
    agree_to_terms(actor=cast.agent, plan_id=plan.pk, number=1)
    later = TODAY + 14 * DAY
    assert (owed(cast.manager, later), owed(cast.other_manager, later)) == ([], [topics.CHECK_IN_OWED])


# Served, agreed, objected, standing --------------------------------------------------------------------------------


def test_agreement_makes_the_terms_stand(cast: Cast, csat: KPIVersion) -> None:
    plan = opened(cast)
    with refused("improvement_answer_own"):
        agree_to_terms(actor=cast.manager, plan_id=plan.pk, number=1)
    with refused("improvement_nothing_to_answer"):
        agree_to_terms(actor=cast.agent, plan_id=plan.pk, number=2)
    agree_to_terms(actor=cast.agent, plan_id=plan.pk, number=1)
    state = state_of(plan)
    assert (state.phase, state.since, state.next_check_in) == ("open", TODAY, TODAY + 14 * DAY)
    assert told(topics.PLAN_STANDS) == {cast.agent.pk, cast.manager.pk}
    assert people_with_open_plan([cast.agent.pk, cast.peer.pk], TODAY) == {cast.agent.pk}
    assert not people_with_open_plan([cast.agent.pk], TODAY - DAY)
    with refused("improvement_nothing_to_answer"):
        agree_to_terms(actor=cast.agent, plan_id=plan.pk, number=1)
    with refused("improvement_nothing_to_answer"):
        object_to_terms(actor=cast.agent, plan_id=plan.pk, number=1, text="Too late")


def test_nobody_objects_in_time(cast: Cast, csat: KPIVersion, clock: Any) -> None:
    plan = opened(cast)
    on(clock, TODAY + 7 * DAY)  # the last day to object
    assert (settle_all_lapsed(), state_of(plan).phase) == (0, "served")
    on(clock, TODAY + 8 * DAY)
    # It stands by the calendar, whether or not the clock's job has come by.
    assert (state_of(plan).phase, state_of(plan).since) == ("open", TODAY + 8 * DAY)
    assert people_with_open_plan([cast.agent.pk], TODAY + 8 * DAY)
    assert not people_with_open_plan([cast.agent.pk], TODAY + 7 * DAY)
    assert (settle_all_lapsed(), settle_all_lapsed()) == (1, 0)
    settled = TermsSettlement.objects.get()
    assert (settled.verdict, settled.stands_from, settled.settled_by) == ("lapsed", TODAY + 8 * DAY, None)
    with refused("improvement_objection_late"):
        object_to_terms(actor=cast.agent, plan_id=plan.pk, number=1, text="Too late")
    assert not PlanObjection.objects.exists()


def test_an_objection_of_the_late_is_refused_before_the_job_too(
    cast: Cast, csat: KPIVersion, clock: Any
) -> None:
    plan = opened(cast)
    on(clock, TODAY + 8 * DAY)
    with refused("improvement_objection_late"):
        object_to_terms(actor=cast.agent, plan_id=plan.pk, number=1, text="Too late")
    assert not PlanObjection.objects.exists()


CHANGED = {**CONTENT, "targets": [{"kpi": "csat", "target": 4.4, "by": DEADLINE.isoformat()}]}


def test_a_change_is_served_while_the_standing_terms_run(cast: Cast, csat: KPIVersion, clock: Any) -> None:
    plan = standing(cast)
    kept = [{**each, "code": f"m{place}"} for place, each in enumerate(CONTENT["measures"], start=1)]
    changed = {**CHANGED, "measures": kept}
    with refused("cycle_reason_required"):
        serve_terms(actor=cast.manager, plan_id=plan.pk, content=changed, reason=" ", seen=1)
    with refused("improvement_stale"):
        serve_terms(actor=cast.manager, plan_id=plan.pk, content=changed, reason="r", seen=0)
    with refused("improvement_unchanged"):
        same = {**CONTENT, "measures": kept}
        serve_terms(actor=cast.manager, plan_id=plan.pk, content=same, reason="r", seen=1)
    with refused("improvement_not_yours"):
        serve_terms(actor=cast.agent, plan_id=plan.pk, content=changed, reason="r", seen=1)
    serve_terms(actor=cast.manager, plan_id=plan.pk, content=changed, reason="The queue has changed", seen=1)
    state = state_of(plan)
    assert state.standing
    assert state.pending
    assert (state.standing.number, state.pending.number, state.phase) == (1, 2, "open")
    assert (told(topics.PLAN_CHANGED), owed(cast.agent)) == ({cast.agent.pk}, [topics.ANSWER_OWED])
    object_to_terms(actor=cast.agent, plan_id=plan.pk, number=2, text="The target was agreed")
    assert (owed(cast.agent), owed(cast.manager)) == ([], [topics.OBJECTION_OWED])
    assert told(topics.PLAN_OBJECTED) == {cast.manager.pk, cast.hr.pk}
    on(clock, TODAY + 30 * DAY)
    settle_all_lapsed()
    shown = state_of(plan)
    assert shown.standing
    assert shown.standing.number == 1
    with refused("improvement_not_yours"):
        decide_objection(actor=cast.agent, plan_id=plan.pk, number=2, stands=False, reason="I say so")
    with refused("cycle_reason_required"):
        decide_objection(actor=cast.hr, plan_id=plan.pk, number=2, stands=True, reason="")
    decide_objection(actor=cast.hr, plan_id=plan.pk, number=2, stands=True, reason="The queue is another one")
    after = state_of(plan)
    assert after.standing
    assert (after.standing.number, after.pending) == (2, None)
    assert told(topics.PLAN_CONFIRMED) == {cast.agent.pk}
    with refused("improvement_no_objection"):
        decide_objection(actor=cast.hr, plan_id=plan.pk, number=2, stands=False, reason="Again")


def test_an_objection_that_is_upheld_leaves_what_stood(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    serve_terms(actor=cast.manager, plan_id=plan.pk, content=CHANGED, reason="r", seen=1)
    object_to_terms(actor=cast.agent, plan_id=plan.pk, number=2, text="No")
    decide_objection(
        actor=cast.site_manager, plan_id=plan.pk, number=2, stands=False, reason="Agreed is agreed"
    )
    state = state_of(plan)
    assert state.standing
    assert (state.standing.number, state.pending) == (1, None)
    assert TermsSettlement.objects.get(terms__number=2).stands_from is None


def test_first_terms_that_fall_leave_new_ones_to_serve(cast: Cast, csat: KPIVersion) -> None:
    plan = opened(cast)
    object_to_terms(actor=cast.agent, plan_id=plan.pk, number=1, text="The phone system was down in October")
    assert (state_of(plan).phase, people_with_open_plan([cast.agent.pk], TODAY + 60 * DAY)) == (
        "objected",
        set(),
    )
    decide_objection(actor=cast.hr, plan_id=plan.pk, number=1, stands=False, reason="True")
    assert (state_of(plan).phase, owed(cast.manager)) == ("unsettled", [topics.TERMS_OWED])
    with refused("improvement_not_standing"):
        record_check_in(actor=cast.manager, plan_id=plan.pk, note="x")
    serve_terms(actor=cast.manager, plan_id=plan.pk, content=CHANGED, reason="Lower", seen=1)
    agree_to_terms(actor=cast.agent, plan_id=plan.pk, number=2)
    assert state_of(plan).phase == "open"


def test_newer_terms_replace_what_waits(cast: Cast, csat: KPIVersion) -> None:
    plan = opened(cast)
    object_to_terms(actor=cast.agent, plan_id=plan.pk, number=1, text="Too high")
    serve_terms(actor=cast.manager, plan_id=plan.pk, content=CHANGED, reason="We talked", seen=1)
    assert TermsSettlement.objects.get(terms__number=1).verdict == "replaced"
    state = state_of(plan)
    assert state.pending
    assert (state.pending.number, state.is_objected) == (2, False)


# Its course ------------------------------------------------------------------------------------------------------


def test_progress_fills_in_by_itself(cast: Cast, csat: KPIVersion, clock: Any) -> None:
    plan = standing(cast)
    [target] = progress(plan, plan.terms.get())
    assert (target.value, target.share, target.is_met) == (4.1, 0.0, False)
    keep_month(csat, datetime.date(2025, 11, 1), {cast.agent: 4.3})
    keep_month(csat, datetime.date(2025, 12, 1), {cast.agent: 4.5})
    [target] = progress(plan, plan.terms.get())
    assert [value for _day, value, _n in target.months] == [4.1, 4.3, 4.5]
    assert (target.share, target.is_met) == (1.0, True)


def test_two_check_ins_and_the_end(cast: Cast, csat: KPIVersion, clock: Any) -> None:
    plan = standing(cast)
    on(clock, TODAY + 12 * DAY)
    assert owed(cast.manager, TODAY + 12 * DAY) == [topics.CHECK_IN_OWED]
    for wrong, code in (
        ({"note": " "}, "improvement_text_required"),
        ({"note": "x", "held_on": TODAY - DAY}, "improvement_check_in_day"),
        ({"note": "x", "held_on": TODAY + 13 * DAY}, "improvement_check_in_day"),
        ({"note": "x", "actor": cast.agent}, "improvement_not_yours"),
    ):
        with refused(code):
            record_check_in(**{"actor": cast.manager, "plan_id": plan.pk, **wrong})
    with pytest.raises(Http404):
        record_check_in(actor=cast.other_manager, plan_id=plan.pk, note="x")
    record_check_in(actor=cast.manager, plan_id=plan.pk, note="Listens longer")
    with refused("improvement_check_in_twice"):
        record_check_in(actor=cast.site_manager, plan_id=plan.pk, note="Again")
    assert (told(topics.PLAN_CHECKED_IN), owed(cast.manager, TODAY + 12 * DAY)) == ({cast.agent.pk}, [])
    keep_month(csat, datetime.date(2025, 11, 1), {cast.agent: 4.3})
    on(clock, TODAY + 26 * DAY)
    second = record_check_in(actor=cast.manager, plan_id=plan.pk, note="Half way")
    assert second.progress[0]["value"] == 4.3
    assert second.progress[0]["share"] == pytest.approx(0.5)
    assert PlanCheckIn.objects.order_by("held_on").first().progress[0]["value"] == 4.1  # type: ignore[union-attr]
    on(clock, DEADLINE + DAY)
    assert owed(cast.manager, DEADLINE + DAY) == [topics.OUTCOME_OWED]
    keep_month(csat, datetime.date(2026, 1, 1), {cast.agent: 4.52})
    with refused("cycle_reason_required"):
        decide_outcome(actor=cast.manager, plan_id=plan.pk, verdict="met", reason="")
    with refused("improvement_verdict_unknown"):
        decide_outcome(actor=cast.manager, plan_id=plan.pk, verdict="great", reason="r")
    made = decide_outcome(actor=cast.manager, plan_id=plan.pk, verdict="met", reason="4.52 in January")
    assert made.progress[0]["is_met"]
    plan.refresh_from_db()
    assert (plan.closed_on, state_of(plan).phase) == (DEADLINE + DAY, "closed")
    assert people_with_open_plan([cast.agent.pk], DEADLINE) == {cast.agent.pk}
    assert not people_with_open_plan([cast.agent.pk], DEADLINE + DAY)
    for act in (
        lambda: record_check_in(actor=cast.manager, plan_id=plan.pk, note="x"),
        lambda: decide_outcome(actor=cast.hr, plan_id=plan.pk, verdict="not_met", reason="r"),
        lambda: serve_terms(actor=cast.hr, plan_id=plan.pk, content=CONTENT, reason="r", seen=1),
        lambda: mark_measure_done(actor=cast.agent, plan_id=plan.pk, measure="m1"),
    ):
        with refused("improvement_closed"):
            act()
    assert opened(
        cast, content={**CONTENT, "deadline": "2026-05-31", "targets": [{"kpi": "csat", "target": 4.8}]}
    )


def test_measures_are_done_by_whom_they_belong_to(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    done = mark_measure_done(actor=cast.agent, plan_id=plan.pk, measure="m1")
    assert mark_measure_done(actor=cast.manager, plan_id=plan.pk, measure="m1") == done
    with refused("improvement_not_yours"):
        mark_measure_done(actor=cast.agent, plan_id=plan.pk, measure="m2")
    with refused("improvement_measure_unknown"):
        mark_measure_done(actor=cast.manager, plan_id=plan.pk, measure="m3")
    mark_measure_done(actor=cast.manager, plan_id=plan.pk, measure="m2")
    assert PlanMeasureDone.objects.count() == 2


def test_an_extension_is_a_change_of_terms(cast: Cast, csat: KPIVersion, clock: Any) -> None:
    plan = standing(cast)
    on(clock, DEADLINE)
    until = datetime.date(2026, 3, 31)
    for given, code in (
        ({"verdict": "extended"}, "improvement_until_required"),
        ({"verdict": "extended", "until": DEADLINE}, "improvement_until_range"),
        ({"verdict": "met", "until": until}, "improvement_until_only_extended"),
    ):
        with refused(code):
            decide_outcome(actor=cast.manager, plan_id=plan.pk, reason="Close to it", **given)  # type: ignore[arg-type]
    decide_outcome(actor=cast.manager, plan_id=plan.pk, verdict="extended", reason="Close to it", until=until)
    state = state_of(plan)
    assert state.pending
    assert state.standing
    assert (state.phase, state.deadline) == ("open", DEADLINE)
    assert state.pending.content["deadline"] == state.pending.content["targets"][0]["by"] == "2026-03-31"
    assert state.pending.content["measures"][0]["by"] == "2025-11-30"
    agree_to_terms(actor=cast.agent, plan_id=plan.pk, number=2)
    assert state_of(plan).deadline == until


def test_what_was_said_stays(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    record_check_in(actor=cast.manager, plan_id=plan.pk, note="So far")
    mark_measure_done(actor=cast.agent, plan_id=plan.pk, measure="m1")
    decide_outcome(actor=cast.manager, plan_id=plan.pk, verdict="withdrawn", reason="Another job")
    for model in (PlanTerms, TermsSettlement, PlanCheckIn, PlanMeasureDone, PlanOutcome, ImprovementPlan):
        table = model._meta.db_table
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 1"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    with pytest.raises(DatabaseError), transaction.atomic():
        ImprovementPlan.objects.update(closed_on=None)


# Proposals -------------------------------------------------------------------------------------------------------


def test_the_rule_proposes_two_periods_below_an_absolute_standard(cast: Cast, csat: KPIVersion) -> None:
    assert (look_for_proposals(actor=cast.hr), look_for_proposals(actor=cast.hr)) == (2, 0)
    found = {each.employee: each for each in PlanProposal.objects.select_related("employee")}
    agent, peer = found[cast.agent], found[cast.peer]
    assert (agent.kind, peer.kind) == ("improvement", "development")
    assert [(each["key"], each["is_below"]) for each in agent.evidence] == [
        ("score:september", True),
        ("score:october", True),
        ("kpi:september:csat", True),
        ("kpi:october:csat", True),
    ]
    assert [each["value"] for each in peer.evidence] == [97.0, 98.0]
    assert told(topics.PLANS_PROPOSED) == {cast.hr.pk}


def test_ranks_propose_nobody(cast: Cast, kpis: dict[str, KPIVersion], clock: Any) -> None:
    """The same numbers, but the component compares people: neither its lines nor the score are a ground."""
    both_cycles(cast, kpis["csat"], method="ranking")
    assert look_for_proposals(actor=None) == 0
    assert not PlanProposal.objects.exists()


def test_leavers_and_those_with_a_plan_are_not_proposed(cast: Cast, csat: KPIVersion) -> None:
    opened(cast)
    cast.peer.memberships.all().delete()
    assert look_for_proposals(actor=None) == 0


def test_a_stricter_rule_finds_more(cast: Cast, csat: KPIVersion) -> None:
    with refused("cycle_hr_only"):
        save_plan_rule(actor=cast.manager, score_below=1, points_below=1, score_from=2, answer_days=1)
    for changes, code in (
        ({"score_from": 50}, "improvement_rule_order"),
        ({"answer_days": 0}, "improvement_rule_range"),
        ({"points_below": 101}, "improvement_rule_range"),
    ):
        given = {"score_below": 85, "points_below": 95, "score_from": 120, "answer_days": 3, **changes}
        with refused(code):
            save_plan_rule(actor=cast.hr, **given)  # type: ignore[arg-type]
    save_plan_rule(actor=cast.hr, score_below=85, points_below=95, score_from=120, answer_days=3)
    assert look_for_proposals(actor=None) == 2
    assert set(PlanProposal.objects.values_list("employee", flat=True)) == {cast.agent.pk, cast.outsider.pk}
    assert opened(cast).terms.get().object_until == TODAY + 3 * DAY


def test_a_proposal_is_decided_once(cast: Cast, csat: KPIVersion) -> None:
    look_for_proposals(actor=None)
    agent = PlanProposal.objects.get(employee=cast.agent)
    peer = PlanProposal.objects.get(employee=cast.peer)
    with refused("cycle_hr_only"):
        dismiss_proposal(actor=cast.manager, proposal_id=agent.pk, reason="r")
    with refused("cycle_reason_required"):
        dismiss_proposal(actor=cast.hr, proposal_id=agent.pk, reason="")
    dismiss_proposal(actor=cast.hr, proposal_id=agent.pk, reason="Was ill for most of it")
    with refused("improvement_proposal_decided"):
        dismiss_proposal(actor=cast.hr, proposal_id=agent.pk, reason="Again")
    with refused("improvement_proposal_decided"):
        opened(cast, actor=cast.hr, proposal_id=agent.pk)
    with pytest.raises(Http404):  # somebody else's
        opened(cast, actor=cast.hr, proposal_id=peer.pk)
    assert look_for_proposals(actor=None) == 0
    plan = opened(
        cast,
        actor=cast.hr,
        employee_id=cast.peer.pk,
        kind="development",
        content=GROWTH,
        evidence=["score:october"],
        proposal_id=peer.pk,
    )
    peer.refresh_from_db()
    assert (peer.decision, peer.plan) == ("opened", plan)
    with pytest.raises(DatabaseError), transaction.atomic():
        PlanProposal.objects.filter(pk=agent.pk).update(decision="")


# Queries ---------------------------------------------------------------------------------------------------------


def test_queries_do_not_depend_on_the_number_of_plans(cast: Cast, csat: KPIVersion, query_count: Any) -> None:
    def crowd(count: int, prefix: str) -> None:
        for number in range(count):
            user = UserFactory(login=f"{prefix}{number}", employee_number=f"{prefix}{number}")
            MembershipFactory(user=user, team=cast.blue, job=cast.job_agent)
            plan = opened(cast, employee_id=user.pk, kind="development", evidence=[], content=GROWTH)
            agree_to_terms(actor=user, plan_id=plan.pk, number=1)

    def look() -> None:
        states = states_of(visible_plans(cast.manager))
        progress_of([(state.plan, state.shown) for state in states.values()])
        duties.duties_of([cast.manager.pk], TODAY + 14 * DAY)

    crowd(2, "A")
    few = query_count(look)
    crowd(6, "B")
    assert query_count(look) == few


def test_the_rule_in_a_configuration_document(cast: Cast, csat: KPIVersion) -> None:
    def load(items: Any) -> list[str]:
        problems = Problems()
        load_plan_rule(items, actor=cast.hr, problems=problems, path=("plan_rule",))
        return [problem.code for problem in problems]

    assert dump_plan_rule() == []
    assert load([{"score_below": 55, "answer_days": 10}]) == []
    dumped = dump_plan_rule()
    assert dumped == [{"score_below": 55, "points_below": 60, "score_from": 95, "answer_days": 10}]
    assert (load(dumped), dump_plan_rule(), PlanRule.objects.count()) == ([], dumped, 1)
    assert load([{"score_from": 50}]) == ["improvement_rule_order"]
    assert load([{}, {}]) == ["cycle_list_too_long"]
    assert load([{"rank_below": 3}])
    assert PlanRule.objects.count() == 1
