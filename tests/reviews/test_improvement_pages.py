"""The pages of plans, used as a browser uses them: by HR, managers and the person."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from metrics.models import KPIVersion
from reviews.models import ImprovementPlan, PlanProposal
from reviews.selectors.improvement_plans import state_of
from reviews.services.improvement_course import record_check_in
from reviews.services.improvement_plans import object_to_terms, serve_terms
from reviews.services.improvement_proposals import look_for_proposals
from tests.cast import Cast
from tests.reviews.improvement_world import (
    CONTENT,
    GROWTH,
    NOW,
    both_cycles,
    keep_month,
    months,
    opened,
    standing,
)
from tests.reviews.test_pages import browser, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def csat(cast: Cast, kpis: dict[str, KPIVersion]) -> Iterator[KPIVersion]:
    with time_machine.travel(NOW, tick=False):
        both_cycles(cast, kpis["csat"])
        months(cast, kpis["csat"])
        yield kpis["csat"]


def page(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


def typed(**changes: Any) -> dict[str, Any]:
    """A form as it is posted: three rows of targets, two of goals, three of measures."""
    tables = {"targets": 3, "goals": 2, "measures": 3}
    found: dict[str, Any] = {
        f"{part}-{name}": value
        for part, count in tables.items()
        for name, value in (("TOTAL_FORMS", count), ("INITIAL_FORMS", 0))
    }
    return {
        **found,
        "evidence": ["score:october", "kpi:october:csat"],
        "cause_skill": "Closes calls too early",
        "targets-1-kpi": "csat",  # the first row left empty
        "targets-1-target": "4.5",
        "measures-0-text": "Listen to five good calls",
        "measures-0-who": "employee",
        "measures-0-by": "2025-11-30",
        "measures-2-who": "hr",  # nothing typed beside it: no measure
        "deadline": "2026-01-31",
        "every_days": "14",
        **changes,
    }


def new_page(cast: Cast, kind: str = "improvement") -> str:
    return f"{page('improvement_plan_new')}?employee={cast.agent.pk}&kind={kind}"


def test_a_manager_opens_a_plan(cast: Cast, csat: KPIVersion) -> None:
    client = browser(cast.manager)
    whom = text_of(client.get(page("improvement_plan_new")))
    assert cast.agent.name in whom
    assert cast.outsider.name not in whom
    form = text_of(client.get(new_page(cast)))
    assert "Overall score 58.0 in October, below the standard of 60" in form
    assert "now 4.1" in form
    made = client.post(new_page(cast), typed())
    plan = ImprovementPlan.objects.get()
    assert made.headers["Location"] == page("improvement_plan", plan.pk)
    shown = text_of(client.get(made.headers["Location"]))
    for words in ("Skill", "Listen to five good calls", "at least 4.5", "Served; waits for an answer"):
        assert words in shown
    assert cast.agent.name in text_of(client.get(page("improvement_plans")))
    assert client.get(f"{page('improvement_plan_new')}?employee={cast.outsider.pk}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targets-1-kpi": ""}, "A target is tied to a KPI"),
        ({"evidence": []}, "An improvement plan rests on evidence"),
        ({"targets-1-target": "4.0"}, "meets this target already"),
        ({"deadline": "2025-01-01"}, "The deadline lies between tomorrow"),
        ({"measures-0-text": ""}, "At least one measure is needed"),
        ({"cause_skill": ""}, "Say what the cause is"),
    ],
)
def test_what_was_typed_stays_when_refused(
    cast: Cast, csat: KPIVersion, changes: dict[str, Any], words: str
) -> None:
    answer = browser(cast.manager).post(new_page(cast), typed(**changes))
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert words in shown
    if "targets-1-target" not in changes:
        assert 'value="4.5"' in shown
    assert not ImprovementPlan.objects.exists()


def test_the_person_reads_agrees_and_sees_what_is_next(cast: Cast, csat: KPIVersion) -> None:
    plan = opened(cast)
    client = browser(cast.agent)
    assert "read it and answer until" in text_of(client.get(page("standing")))
    shown = text_of(client.get(page("improvement_plan", plan.pk)))
    assert "These terms are proposed to you" in shown
    assert "Change the terms" not in shown
    client.post(page("improvement_agree", plan.pk), {"number": "1"})
    assert state_of(plan).phase == "open"
    shown = text_of(client.get(page("improvement_plan", plan.pk)))
    assert "Agreed: terms 1 stand from" in shown
    assert "next check-in by" in text_of(client.get(page("standing")))
    client.post(page("improvement_measure_done", plan.pk, "m1"))
    assert "done on" in text_of(client.get(page("improvement_plan", plan.pk)))
    assert "My plans" in text_of(client.get(page("improvement_plans")))
    assert client.post(page("improvement_check_in", plan.pk), {}).status_code == 403


def test_an_objection_and_its_decision(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    lower = {**CONTENT, "targets": [{"kpi": "csat", "target": 4.4}], "every_days": 7}
    serve_terms(actor=cast.manager, plan_id=plan.pk, content=lower, reason="Another queue", seen=1)
    client = browser(cast.agent)
    shown = text_of(client.get(page("improvement_plan", plan.pk)))
    assert "at least 4.4 by" in shown
    assert "every 7 days instead of every 14" in shown
    empty = client.post(page("improvement_object", plan.pk), {"number": "2", "text": " "})
    assert empty.status_code == 422
    client.post(page("improvement_object", plan.pk), {"number": "2", "text": "We agreed on less"})
    boss = browser(cast.hr)
    assert "We agreed on less" in text_of(boss.get(page("improvement_plan", plan.pk)))
    refused = boss.post(
        page("improvement_decide", plan.pk), {"number": "2", "decision": "fall", "reason": ""}
    )
    assert refused.status_code == 422
    boss.post(page("improvement_decide", plan.pk), {"number": "2", "decision": "fall", "reason": "True"})
    shown = text_of(client.get(page("improvement_plan", plan.pk)))
    assert "Objection upheld: terms 2 fall" in shown


def test_check_ins_progress_and_the_end(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    client = browser(cast.manager)
    wrong = client.post(page("improvement_check_in", plan.pk), {"held_on": "2025-12-24", "note": "x"})
    assert "has not come yet" in wrong.content.decode()
    client.post(page("improvement_check_in", plan.pk), {"held_on": "2025-11-10", "note": "Listens longer"})
    keep_month(csat, datetime.date(2025, 11, 1), {cast.agent: 4.3})
    shown = text_of(client.get(page("improvement_plan", plan.pk)))
    assert "Listens longer" in shown
    assert "50% of the way from 4.10 to 4.50" in shown.replace("50 %", "50%")
    given = {"verdict": "extended", "until": "2026-03-31", "reason": "Half way"}
    client.post(page("improvement_outcome", plan.pk), given)
    assert "Deadline:" in text_of(client.get(page("improvement_plan", plan.pk)))
    missing = client.post(page("improvement_outcome", plan.pk), {"verdict": "met", "reason": ""})
    assert missing.status_code == 422
    client.post(page("improvement_outcome", plan.pk), {"verdict": "not_met", "reason": "Changes the team"})
    shown = text_of(client.get(page("improvement_plan", plan.pk)))
    assert "Ended on" in shown
    assert "Save the check-in" not in shown
    assert "not met" in text_of(client.get(page("improvement_plans") + "?show=closed"))


def test_a_change_is_typed_from_what_stands(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    client = browser(cast.manager)
    address = page("improvement_plan_change", plan.pk)
    assert 'value="4.5"' in text_of(client.get(address))
    given = {
        **typed(
            **{
                "targets-0-kpi": "csat",
                "targets-0-target": "4.4",
                "targets-1-kpi": "",
                "targets-1-target": "",
            }
        ),
        "measures-0-code": "m1",
        "reason": "Another queue",
        "seen": "1",
    }
    assert client.post(address, {**given, "seen": "0"}).status_code == 422
    assert client.post(address, given).status_code == 302
    assert plan.terms.get(number=2).content["measures"] == [plan.terms.get(number=1).content["measures"][0]]
    assert browser(cast.auditor).get(address).status_code == 403


def test_proposals_become_plans_or_are_dismissed(cast: Cast, csat: KPIVersion) -> None:
    client = browser(cast.hr)
    client.post(page("plan_proposals_look"))
    shown = text_of(client.get(page("plan_proposals")))
    assert "Satisfaction 4.10 in October, target 4.60: 55.0 points, below the standard of 60" in shown
    agent = PlanProposal.objects.get(employee=cast.agent)
    peer = PlanProposal.objects.get(employee=cast.peer)
    form = text_of(client.get(f"{page('improvement_plan_new')}?proposal={agent.pk}"))
    assert form.count("checked") == 4
    client.post(page("plan_proposal_dismiss", peer.pk), {"reason": "Goes abroad"})
    client.post(f"{page('improvement_plan_new')}?proposal={agent.pk}", typed())
    assert ImprovementPlan.objects.get().proposal == agent
    decided = text_of(client.get(page("plan_proposals") + "?show=decided"))
    assert "Goes abroad" in decided
    assert "Nobody at present" in text_of(client.get(page("plan_proposals")))
    assert browser(cast.manager).get(page("plan_proposals")).status_code == 403


def test_the_rule_is_hrs(cast: Cast, csat: KPIVersion) -> None:
    client = browser(cast.hr)
    assert 'value="60.0"' in text_of(client.get(page("plan_rule")))
    given = {"score_below": "70", "points_below": "65", "score_from": "60", "answer_days": "5"}
    assert client.post(page("plan_rule"), given).status_code == 422
    assert client.post(page("plan_rule"), {**given, "score_from": "90"}).status_code == 302
    assert "below 70" in text_of(client.get(page("plan_proposals")))


def test_empty_pages_say_what_comes(cast: Cast, kpis: Any) -> None:
    assert "No plan is going on" in text_of(browser(cast.agent).get(page("improvement_plans")))
    assert "No plan with a target yet" in text_of(browser(cast.hr).get(page("plan_effect")))


def test_in_chinese(cast: Cast, csat: KPIVersion) -> None:
    plan = standing(cast)
    record_check_in(actor=cast.manager, plan_id=plan.pk, note="好一些了")
    opened(cast, employee_id=cast.peer.pk, kind="development", evidence=[], content=GROWTH)
    serve_terms(
        actor=cast.manager, plan_id=plan.pk, content={**CONTENT, "every_days": 7}, reason="多谈谈", seen=1
    )
    object_to_terms(actor=cast.agent, plan_id=plan.pk, number=2, text="太多了")
    look_for_proposals(actor=cast.hr)
    for who, address in (
        (cast.agent, page("improvement_plan", plan.pk)),
        (cast.hr, page("improvement_plan", plan.pk)),
        (cast.hr, page("improvement_plans")),
        (cast.hr, page("plan_proposals")),
        (cast.hr, page("plan_effect")),
        (cast.manager, page("improvement_plan_change", plan.pk)),
    ):
        client = browser(who)
        client.cookies["django_language"] = "zh-hans"
        who.locale = "zh-hans"
        who.save()
        assert "计划" in text_of(client.get(address)), address
