"""Goals in the browser's answers and in the API: both sides' walk, the tables, the tree, what is refused."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.duties import duties_of
from people.models import User
from reviews.methods.smart import hints
from reviews.models import CheckIn, Cycle, Objective
from reviews.selectors.goal_duties import GoalDuties
from reviews.selectors.goal_tree import tree_level
from reviews.services.check_ins import check_in
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objectives import create_objective, revise_objective
from reviews.services.phases import advance_phase
from tests.cast import Cast
from tests.reviews.goals import agreed, content, digest, judged, launch_goals, numbers, seen, write
from tests.reviews.test_pages import browser, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def goals(cast: Cast, measured: Any, kpis: Any) -> Cycle:
    return launch_goals(cast)


def form(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Solve calls at once",
        "why": "",
        "weight": "100",
        "parent": "",
        "perspective": "",
        "results-TOTAL_FORMS": "1",
        "results-INITIAL_FORMS": "0",
        "results-0-title": "Solved at once",
        "results-0-measured": "number",
        "results-0-start": "50",
        "results-0-target": "100",
        "results-0-unit": "%",
        **changes,
    }


def signing(action: str, *objectives: Objective) -> dict[str, Any]:
    found = {f"objective-{pk}": value for pk, value in seen(*objectives).items()}
    employee = objectives[0].employee_id
    return {**found, "action": action, **({"employee": employee} if employee else {})}


def test_both_sides_walk(cast: Cast, goals: Cycle) -> None:
    agent, manager = browser(cast.agent), browser(cast.manager)
    page = agent.get(reverse("reviews:my_goals"))
    assert "No goals yet" in text_of(page)
    new = reverse("reviews:objective_new", args=["mbo"])
    wrong = agent.post(new, form(**{"results-0-target": "50"}))
    assert wrong.status_code == 422
    assert "equals the start" in text_of(wrong)
    assert "Solved at once" in wrong.content.decode()
    assert not Objective.objects.exists()
    assert agent.post(new, form()).status_code == 302
    (made,) = Objective.objects.all()
    assert made.employee == cast.agent
    sign = reverse("reviews:goals_sign", args=["mbo"])
    assert "Propose 1 draft" in text_of(agent.get(reverse("reviews:my_goals")))
    agent.post(sign, signing("propose", made))
    sheet = reverse("reviews:goals_of", args=["mbo", cast.agent.pk])
    assert "1 goal waits for your word" in text_of(manager.get(sheet))
    assert "1 waits for the manager" in text_of(manager.get(reverse("reviews:goals", args=["mbo"])))
    manager.post(sign, signing("agree", made))
    made.refresh_from_db()
    assert made.state == "agreed"
    # Two taps: open, and how sure one is. The value stands in the form already.
    note = reverse("reviews:objective_check_in", args=[made.pk])
    assert agent.post(note, {"confidence": "3", "value_1": "75", "next": "sheet"}).status_code == 302
    assert agent.post(note, {"confidence": "2", "value_1": "75"}).status_code == 302
    assert [entry.values.count() for entry in CheckIn.objects.order_by("id")] == [1, 0]
    found = text_of(agent.get(reverse("reviews:objective", args=[made.pk])))
    for words in ("at risk", "75", "50 → 100 %", "signed by", "Version 1", "agreed by both"):
        assert words in found
    empty = agent.post(note, {"value_1": "75"})
    assert empty.status_code == 422
    assert "how sure" in text_of(empty)


def test_a_change_in_words_on_both_pages(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    agent = browser(cast.agent)
    edit = reverse("reviews:objective_edit", args=[made.pk])
    changed = form(
        seen=digest(made), **{"results-INITIAL_FORMS": "1", "results-0-key": "1", "results-0-target": "80"}
    )
    assert agent.post(edit, changed).status_code == 422  # without a reason
    assert agent.post(edit, {**changed, "reason": "Late system"}).status_code == 302
    told = text_of(browser(cast.manager).get(reverse("reviews:objective", args=[made.pk])))
    assert "Late system" in told
    assert "Solved at once: 50 → 100 % became 50 → 80 %." in told.replace("  ", " ")
    assert (
        agent.post(reverse("reviews:objective_undo", args=[made.pk]), {"seen": digest(made)}).status_code
        == 302
    )
    made.refresh_from_db()
    assert not made.has_open_change


def test_nothing_happens_by_get_or_to_others(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    (draft,) = write(cast.peer, goals, cast.peer)
    for name in ("objective_drop", "objective_undo", "objective_check_in", "objective_assess"):
        assert browser(cast.agent).get(reverse(f"reviews:{name}", args=[made.pk])).status_code == 405
        stranger = browser(cast.other_manager).post(
            reverse(f"reviews:{name}", args=[draft.pk]), {"seen": digest(draft), "reason": "x"}
        )
        assert stranger.status_code == 404
    assert browser(cast.agent).get(reverse("reviews:goals_sign", args=["mbo"])).status_code == 405
    draft.refresh_from_db()
    assert draft.state == "draft"
    hr = browser(cast.hr).post(
        reverse("reviews:objective_drop", args=[draft.pk]),
        {"seen": digest(draft), "reason": "x"},
        follow=True,
    )
    assert "Only the two sides" in text_of(hr)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_the_end_in_the_browser(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent, content(key_results=[numbers(), judged()]))
    advance_phase(actor=cast.hr, cycle=goals, to_phase="rating", reason="Others have none")
    url = reverse("reviews:objective_assess", args=[made.pk])
    agent, manager = browser(cast.agent), browser(cast.manager)
    assert agent.post(url, {"comment": "Well", "version": "0"}).status_code == 422
    assert agent.post(url, {"comment": "I did it", "version": "0", "level_2": "4"}).status_code == 302
    assert manager.post(url, {"comment": "Half of it", "version": "0", "level_2": "2"}).status_code == 302
    page = reverse("reviews:objective", args=[made.pk])
    assert "Half of it" not in text_of(agent.get(page))  # a judgement: open after the release
    assert "Half of it" in text_of(manager.get(page))
    assert "I did it" in text_of(manager.get(page))


def test_the_tree(cast: Cast, goals: Cycle, query_count: Callable[[Callable[[], Any]], int]) -> None:
    company = create_objective(actor=cast.hr, cycle=goals, content=content("Best service"))
    propose_objectives(actor=cast.hr, cycle=goals, seen=seen(company))
    team = create_objective(
        actor=cast.manager,
        cycle=goals,
        team_id=cast.blue.pk,
        content=content("Blue first", parent=company.pk),
    )
    propose_objectives(actor=cast.manager, cycle=goals, team_id=cast.blue.pk, seen=seen(team))
    agree_objectives(actor=cast.site_manager, cycle=goals, team_id=cast.blue.pk, seen=seen(team))
    agreed(cast, goals, cast.agent, content("Mine", parent=team.pk))
    agreed(cast, goals, cast.peer, content("Theirs", parent=team.pk))
    tree = reverse("reviews:goal_tree", args=["mbo"])
    branch = reverse("reviews:goal_branch", args=["mbo", team.pk])
    assert "Best service" in text_of(browser(cast.agent).get(tree))
    own = text_of(browser(cast.agent).get(branch))
    assert "Mine" in own
    assert "Theirs" not in own
    assert "1 goal of somebody" in own
    led = text_of(browser(cast.manager).get(branch))
    assert "Mine" in led
    assert "Theirs" in led
    assert browser(cast.payroll).get(branch).status_code == 200
    level = tree_level(cast.auditor, goals, team.pk, limit=1)
    assert (len(level.nodes), level.next_after) == (1, level.nodes[0].pk)
    assert len(tree_level(cast.auditor, goals, team.pk, after=level.nodes[0].pk).nodes) == 1
    two = query_count(lambda: tree_level(cast.manager, goals, team.pk))
    write(cast.manager, goals, cast.leaver, content("A third", parent=team.pk))
    assert two == query_count(lambda: tree_level(cast.manager, goals, team.pk))


def test_what_people_owe(cast: Cast, goals: Cycle) -> None:
    day = datetime.date(2025, 10, 5)

    def owed(person: User) -> list[str]:
        return [duty.topic for duty in GoalDuties().duties_of([person.pk], day).get(person.pk, [])]

    assert owed(cast.agent) == ["goals.to_set"]
    (made,) = write(cast.agent, goals, cast.agent)
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    assert owed(cast.agent) == []
    assert owed(cast.manager) == ["goals.to_agree"]
    assert cast.manager.pk in GoalDuties().owing(day)
    agree_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    assert owed(cast.manager) == []
    advance_phase(actor=cast.hr, cycle=goals, to_phase="collection", reason="Others have none")
    later = timezone.localdate() + datetime.timedelta(days=40)
    Cycle.objects.filter(pk=goals.pk).update(last_day=later)
    assert [each.topic for each in GoalDuties().duties_of([cast.agent.pk], later)[cast.agent.pk]] == [
        "goals.to_check"
    ]
    check_in(actor=cast.agent, objective_id=made.pk, confidence=3)
    goals.refresh_from_db()
    advance_phase(actor=cast.hr, cycle=goals, to_phase="rating", reason="Others have none")
    assert owed(cast.agent) == owed(cast.manager) == ["goals.to_assess"]
    found = duties_of([cast.agent.pk], day)[cast.agent.pk]
    assert "1 goal in Objectives of October: say how it went" in [duty.text for duty in found]


# Hints -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "measured", "weight", "expected"),
    [
        ("Shorten the wait to 20 s by December", True, 50, []),
        ("12 月底前将平均等待缩短到 20 秒", True, 50, []),
        ("Better service", False, 50, ["no_number", "no_verb", "vague", "no_day"]),
        ("尽量提升服务", False, 50, ["no_number", "vague", "no_day"]),
        ("团队氛围", True, 50, ["no_verb", "no_day"]),
        ("Finish the handbook by March", False, 5, ["no_number", "slight"]),
    ],
)
def test_hints(title: str, measured: bool, weight: float, expected: list[str]) -> None:
    assert hints(title, "", weight, [("Seen", measured)]) == expected


def test_hints_keep_nobody_from_anything(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent, content("Better service", key_results=[judged()]))
    assert "hints on the wording" in text_of(browser(cast.agent).get(reverse("reviews:my_goals")))
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))


# The API ---------------------------------------------------------------------------------------------------------


def test_the_same_walk_by_rest(cast: Cast, goals: Cycle) -> None:
    agent, manager = Client(), Client()
    agent.force_login(cast.agent)
    manager.force_login(cast.manager)

    def send(client: Client, method: str, path: str, body: Any = None) -> Any:
        answer = getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json")
        return answer.status_code, answer.json()

    body = {
        "title": "Solve calls",
        "weight": "100",
        "key_results": [{"title": "Solved", "unit": "%", "start": 50, "target": 100}],
    }
    wrong = {**body, "key_results": [{"title": "Solved", "start": 50, "target": 50}]}
    status, answer = send(agent, "post", "cycles/mbo/objectives/", wrong)
    assert (status, answer["code"]) == (422, "key_result_target_is_start")
    status, made = send(agent, "post", "cycles/mbo/objectives/", body)
    assert (status, made["state"], made["agreed_version"]) == (201, "draft", None)
    signed = {"objectives": [{"id": made["id"], "seen": made["latest_version"]["digest"]}]}
    assert send(agent, "post", "cycles/mbo/objectives/propose/", signed)[0] == 200
    theirs = {**signed, "employee_number": cast.agent.employee_number}
    status, answer = send(manager, "post", "cycles/mbo/objectives/agree/", theirs)
    assert (status, answer[0]["state"]) == (200, "agreed")
    status, entry = send(
        agent,
        "post",
        f"objectives/{made['id']}/check-ins/",
        {"confidence": 3, "values": [{"key": 1, "value": 75}]},
    )
    assert (status, entry["values"]) == (201, [{"key": 1, "value": 75}])
    _status, found = send(manager, "get", f"objectives/{made['id']}/")
    assert (found["progress"], found["confidence"], len(found["versions"])) == (50, 3, 1)
    _status, table = send(manager, "get", "cycles/mbo/goal-agreement/")
    assert [each["agreed_weight"] for each in table["results"] if each["agreed"]] == ["100.000"]
    assert send(agent, "get", "cycles/mbo/goal-tree/?parent=abc")[0] == 400
    assert send(agent, "get", "cycles/mbo/goal-tree/")[1] == {"nodes": [], "hidden": 0, "next_after": None}


def test_the_queries_of_the_pages_do_not_depend_on_rows(
    cast: Cast, goals: Cycle, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    def changed(person: User) -> None:
        (made,) = agreed(cast, goals, person)
        revise_objective(
            actor=person, objective_id=made.pk, seen=digest(made), content=content("Other"), reason="x"
        )

    changed(cast.agent)
    hr = browser(cast.hr)
    url = reverse("reviews:goals", args=["mbo"])
    hr.get(url)
    one = query_count(lambda: hr.get(url))
    changed(cast.peer)
    changed(cast.outsider)
    assert query_count(lambda: hr.get(url)) == one
