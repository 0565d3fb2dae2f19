"""BARS and rating scales: anchors from the library or the cycle, gaps, "not observed", and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from foundation.documents import Problems
from foundation.refusals import Refusal
from reviews.methods.document import as_draft, check_configuration
from reviews.methods.recompute import recompute
from reviews.models import Competency, CompetencyVersion, Cycle, Judgement, Result, ScoreSheet
from reviews.selectors.competencies import newest_version
from reviews.selectors.explanations import explanation_of
from reviews.selectors.references import references_on
from reviews.services.cycles import create_cycle, edit_configuration, launch_cycle
from reviews.services.judgements import save_judgement, submit_sheets
from reviews.services.library import create_competency, retire_competency, revise_competency
from tests.cast import Cast
from tests.reviews.conftest import configuration, score
from tests.reviews.test_manager_browser import sign_in
from tests.reviews.test_pages import browser, text_of

pytestmark = pytest.mark.django_db

LEVELS = [
    {"value": value, "points": points, "name": {"zh": zh, "en": en}}
    for value, points, zh, en in (
        (1, 40, "不足", "Below"),
        (2, 80, "合格", "Meets"),
        (3, 100, "优秀", "Above"),
    )
]
CARE = {
    "1": [{"zh": "", "en": "Sighs into the line"}],
    "2": [{"zh": "", "en": "Lets the customer finish"}],
    "3": [{"zh": "", "en": "Names the worry"}, {"zh": "", "en": "Calls back unasked"}],
}
OWN = {str(level): [{"zh": f"负责 {level}", "en": f"Ownership {level}"}] for level in (1, 2, 3)}


def anchored(**changes: Any) -> dict[str, Any]:
    return {
        "code": "anchored",
        "method": "bars",
        "name": {"zh": "行为锚定", "en": "Anchored behaviour"},
        "weight": 100,
        "levels": LEVELS,
        "items": [
            {"code": "care", "weight": 60, "competency": "care"},
            {"code": "ownership", "weight": 40, "name": {"en": "Ownership"}, "anchors": OWN},
        ],
        "comment_required_at": [1],
        "allow_not_observed": True,
        **changes,
    }


@pytest.fixture
def care(cast: Cast) -> Competency:
    return create_competency(actor=cast.hr, code="care", name_en="Care", name_zh="关心", anchors=CARE)


@pytest.fixture
def draft(cast: Cast, care: Competency, measured: Any) -> Cycle:
    return create_cycle(
        actor=cast.hr,
        code="oct",
        name_en="October",
        name_zh="",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(components=[anchored()]),
    )


@pytest.fixture
def running(cast: Cast, draft: Cycle) -> Cycle:
    return launch_cycle(actor=cast.hr, cycle=draft)


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code


def sheet(cycle: Cycle, employee: Any) -> ScoreSheet:
    return ScoreSheet.objects.select_related("rater").get(
        participant__cycle=cycle, participant__employee=employee
    )


def problems_of(component: dict[str, Any], cast: Cast) -> list[tuple[str, str]]:
    found = Problems()
    check_configuration(
        configuration(components=[component]),
        references=references_on(cast.last_day),
        problems=found,
        complete=True,
    )
    return [(problem.place, problem.code) for problem in found]


# The library ----------------------------------------------------------------------------------------------------------


def test_an_edit_makes_a_new_version_and_a_running_cycle_keeps_its_own(
    cast: Cast, care: Competency, running: Cycle
) -> None:
    before = running.fingerprint
    without = {key: texts for key, texts in CARE.items() if key != "3"}
    revised = revise_competency(actor=cast.hr, competency=care, version=1, anchors=without)
    assert revised.version == 2
    assert [each.number for each in care.versions.all()] == [2, 1]
    running.refresh_from_db()
    assert running.fingerprint == before
    item = running.configuration["components"][0]["items"][0]
    assert item["anchors"] == CARE
    assert (item["competency"], item["competency_version"], item["name"]["en"]) == ("care", 1, "Care")
    # Its raters still choose the level whose anchor the library has lost.
    mine = sheet(running, cast.agent)
    saved = save_judgement(actor=mine.rater, sheet_id=mine.pk, item="care", level=3, version=0)
    assert saved.level == 3
    # The next cycle like it takes the new words, and says that they have a gap.
    items = as_draft(running.configuration)["components"][0]["items"]
    assert items[0] == {"code": "care", "weight": 60, "competency": "care"}
    assert problems_of({**anchored(), "items": items}, cast) == [
        ("components[0].items[0].anchors", "anchors_missing")
    ]


def test_nothing_new_is_no_version(cast: Cast, care: Competency) -> None:
    assert revise_competency(actor=cast.hr, competency=care, version=1, anchors=CARE).version == 1
    with refused("cycle_version_stale"):
        revise_competency(actor=cast.hr, competency=care, version=7, name_en="Warmth")


def test_what_the_database_itself_refuses(cast: Cast, care: Competency) -> None:
    for change in (
        lambda: newest_version(care).delete(),
        lambda: CompetencyVersion.objects.update(anchors={}),
        lambda: care.delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert newest_version(care).anchors == CARE


def test_a_competency_that_a_draft_takes_its_words_from_is_not_retired(
    cast: Cast, care: Competency, draft: Cycle
) -> None:
    with pytest.raises(Refusal) as caught:
        retire_competency(actor=cast.hr, competency=care)
    assert str(caught.value) == "Care is used by: October. Take it out there first."
    care.refresh_from_db()
    assert care.is_active
    launch_cycle(actor=cast.hr, cycle=draft)  # from now on it has a copy
    assert retire_competency(actor=cast.hr, competency=care).is_active is False


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"name_en": "", "anchors": {}}, "cycle_name_required"),
        ({"name_en": "x" * 121}, "cycle_text_too_long"),
        ({"name_en": "x", "anchors": []}, "anchors_malformed"),
        ({"name_en": "x", "anchors": {"banana": []}}, "anchors_malformed"),
        ({"name_en": "x", "anchors": {"11": []}}, "anchors_malformed"),
        ({"name_en": "x", "anchors": {"1": "text"}}, "cycle_value_malformed"),
        ({"name_en": "x", "anchors": {"1": [{"fr": "x"}]}}, "cycle_value_malformed"),
        ({"name_en": "x", "anchors": {"1": [{"en": 5}]}}, "cycle_value_malformed"),
        ({"name_en": "x", "anchors": {"1": [{"en": str(n)} for n in range(9)]}}, "anchors_too_many"),
        ({"name_en": "x", "anchors": {"1": [{"en": "x" * 1001}]}}, "cycle_text_too_long"),
    ],
)
def test_what_the_library_does_not_take(cast: Cast, content: dict[str, Any], code: str) -> None:
    if content.get("anchors") == []:
        content = {**content, "anchors": ["x"]}
    with pytest.raises(Refusal) as caught:
        create_competency(actor=cast.hr, code="x", **content)
    assert caught.value.code == code
    assert "Refused" not in str(caught.value)
    assert not Competency.objects.exists()


def test_only_hr_writes_the_library(cast: Cast, care: Competency) -> None:
    for actor in (cast.manager, cast.auditor, cast.agent):
        with refused("cycle_hr_only"):
            create_competency(actor=actor, code="x", name_en="X")
        with refused("cycle_hr_only"):
            revise_competency(actor=actor, competency=care, version=1, name_en="X")
    assert CompetencyVersion.objects.count() == 1


# What keeps a cycle from launch --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"anchors": {**OWN, "2": []}}, "anchors", "anchors_missing"),
        ({"anchors": {**OWN, "2": [{"en": " "}]}}, "anchors.2[0]", "anchor_empty"),
        ({"anchors": {**OWN, "7": [{"en": "x"}]}}, "anchors", "anchor_without_level"),
        ({"competency": "care"}, "competency", "competency_and_own_words"),
        ({"competency": "nothing"}, "competency", "competency_unknown"),
        ({"weight": 30}, "", "cycle_weights_not_100"),
    ],
)
def test_gaps_and_unclear_words(
    cast: Cast, care: Competency, change: dict[str, Any], place: str, code: str
) -> None:
    component = anchored()
    component["items"] = [component["items"][0], {**component["items"][1], **change}]
    found = problems_of(component, cast)
    assert code in [each for _place, each in found], found
    if place:
        assert any(place.split(".")[0] in where for where, each in found if each == code)


def test_a_gap_is_refused_at_launch_in_words(cast: Cast, draft: Cycle) -> None:
    component = anchored(
        items=[{"code": "own", "weight": 100, "name": {"en": "Own"}, "anchors": {"1": OWN["1"]}}]
    )
    edited = edit_configuration(
        actor=cast.hr, cycle=draft, configuration=configuration(components=[component]), version=draft.version
    )
    with pytest.raises(Refusal) as caught:
        launch_cycle(actor=cast.hr, cycle=edited)
    assert "own has no anchor for the levels 2, 3. Raters would have to guess." in str(caught.value)


def test_an_anchor_cannot_be_taken_out_of_a_running_cycle(cast: Cast, running: Cycle) -> None:
    document = as_draft(running.configuration)
    del document["components"][0]["items"][1]["anchors"]["2"]
    with pytest.raises(Refusal) as caught:
        edit_configuration(actor=cast.hr, cycle=running, configuration=document, version=running.version)
    assert str(caught.value) == "The cycle has been launched; its configuration can no longer be changed."
    running.refresh_from_db()
    assert running.configuration["components"][0]["items"][1]["anchors"] == OWN


# Judging ------------------------------------------------------------------------------------------------------------


def judge(cycle: Cycle, employee: Any, care_level: Any, own_level: Any) -> ScoreSheet:
    mine = sheet(cycle, employee)
    for item, level in (("care", care_level), ("ownership", own_level)):
        change = {"not_observed": True} if level is None else {"level": level}
        save_judgement(actor=mine.rater, sheet_id=mine.pk, item=item, version=0, **change)
    return mine


def test_an_item_that_was_not_observed_leaves_its_weight_to_the_others(cast: Cast, running: Cycle) -> None:
    both, one = judge(running, cast.agent, 3, 2), judge(running, cast.peer, None, 2)
    submit_sheets(actor=cast.manager, sheet_ids=[both.pk, one.pk])
    run = score(cast.hr, running)
    results = {each.employee_id: each for each in Result.objects.filter(run=run).select_related("employee")}
    assert results[cast.agent.pk].score == 92  # 0.6 x 100 + 0.4 x 80
    assert results[cast.peer.pk].score == 80
    told = explanation_of(results[cast.peer.pk], running)
    lines = told["components"][0]["lines"]
    assert [(line["rule"], line["effective_weight"]) for line in lines] == [
        ("not_observed", 0.0),
        ("judged", 100.0),
    ]
    assert lines[1]["descriptions"] == OWN["2"]
    again = recompute(told)
    assert again["score"] == 80
    assert [line["rule"] for line in again["components"]["anchored"]["lines"]] == ["not_observed", "judged"]
    nobody = explanation_of(results[cast.outsider.pk], running)
    assert {line["rule"] for line in nobody["components"][0]["lines"]} == {"missing"}


def test_not_observed_is_an_answer_and_a_level_takes_it_back(cast: Cast, running: Cycle) -> None:
    mine = judge(running, cast.agent, None, None)
    with pytest.raises(Refusal) as caught:
        submit_sheets(actor=cast.manager, sheet_ids=[mine.pk])
    assert caught.value.code == "sheet_nothing_observed"
    saved = save_judgement(actor=cast.manager, sheet_id=mine.pk, item="care", level=2, version=1)
    assert saved.level == 2
    assert not saved.not_observed
    [handed_in] = submit_sheets(actor=cast.manager, sheet_ids=[mine.pk])
    assert handed_in.state == "submitted"


def test_not_observed_is_refused_where_hr_does_not_allow_it(cast: Cast, draft: Cycle) -> None:
    strict = configuration(components=[anchored(allow_not_observed=False)])
    edit_configuration(actor=cast.hr, cycle=draft, configuration=strict, version=draft.version)
    mine = sheet(launch_cycle(actor=cast.hr, cycle=draft), cast.agent)
    with refused("not_observed_not_offered"):
        save_judgement(actor=mine.rater, sheet_id=mine.pk, item="care", not_observed=True, version=0)
    assert not Judgement.objects.exists()
    page = text_of(browser(cast.manager).get(reverse("reviews:grid", args=["oct", "anchored"])))
    assert "Not observed" not in page


def test_the_database_knows_no_level_that_was_not_observed(cast: Cast, running: Cycle) -> None:
    judge(running, cast.agent, 3, 2)
    with pytest.raises(DatabaseError), transaction.atomic():
        Judgement.objects.update(not_observed=True)


def test_a_comment_is_required_at_the_ends(cast: Cast, running: Cycle) -> None:
    mine = judge(running, cast.agent, 1, 2)
    with refused("comment_missing"):
        submit_sheets(actor=cast.manager, sheet_ids=[mine.pk])
    save_judgement(
        actor=cast.manager, sheet_id=mine.pk, item="care", comment="Hung up twice on 8 October", version=1
    )
    submit_sheets(actor=cast.manager, sheet_ids=[mine.pk])


@pytest.mark.parametrize("value", ["banana", -5, "-5", 4, 2.5, "1e999", "NaN", True, [], {}, "９" * 20])
def test_a_value_outside_the_scale(cast: Cast, running: Cycle, value: Any) -> None:
    kept = judge(running, cast.peer, 3, 2)
    mine = sheet(running, cast.agent)
    with pytest.raises(Refusal) as caught:
        save_judgement(actor=cast.manager, sheet_id=mine.pk, item="care", level=value, version=0)
    assert caught.value.status == 422
    assert caught.value.code in ("level_not_offered", "cycle_value_malformed")
    assert set(Judgement.objects.values_list("sheet", flat=True)) == {kept.pk}


def test_a_rater_not_assigned_stores_nothing(cast: Cast, running: Cycle) -> None:
    kept = judge(running, cast.agent, 3, 2)
    for stranger in (cast.other_manager, cast.agent, cast.peer, cast.hr, cast.director):
        with pytest.raises(Http404):
            save_judgement(actor=stranger, sheet_id=kept.pk, item="care", level=1, version=1)
        client = browser(stranger)
        answer = client.put(
            reverse("reviews:judgement", args=[kept.pk, "care"]),
            json.dumps({"value": "1", "version": 1}),
            content_type="application/json",
        )
        assert answer.status_code in (403, 404)
    assert [each.level for each in Judgement.objects.order_by("item")] == [3, 2]


def test_a_closed_form_and_a_second_answer(cast: Cast, running: Cycle) -> None:
    mine = judge(running, cast.agent, 3, 2)
    with refused("judgement_stale"):  # a second answer that did not see the first
        save_judgement(actor=cast.manager, sheet_id=mine.pk, item="care", level=2, version=0)
    submit_sheets(actor=cast.manager, sheet_ids=[mine.pk])
    with pytest.raises(Refusal) as caught:
        save_judgement(actor=cast.manager, sheet_id=mine.pk, item="care", level=2, version=1)
    assert (caught.value.code, caught.value.status) == ("sheet_submitted", 403)
    assert Judgement.objects.get(sheet=mine, item="care").level == 3
    assert Judgement.objects.filter(sheet=mine).count() == 2


# Pages --------------------------------------------------------------------------------------------------------------


def test_the_form_shows_the_anchors_beside_the_choice(cast: Cast, running: Cycle) -> None:
    client = browser(cast.manager)
    page = text_of(client.get(reverse("reviews:grid", args=["oct", "anchored"])))
    assert page.count("Names the worry") == 1  # once for all people: the browser puts it into each cell
    assert "Not observed" in page
    panel = text_of(client.get(reverse("reviews:evidence", args=[sheet(running, cast.agent).pk, "care"])))
    assert "Calls back unasked" in panel
    assert 'data-level="3"' in panel
    assert "Ownership 1" not in panel


@pytest.mark.django_db(transaction=True)
def test_on_a_phone_one_item_stands_open_at_a_time(
    cast: Cast, running: Cycle, live_server: Any, page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, live_server, cast.manager)
    page.goto(f"{live_server.url}{reverse('reviews:grid', args=['oct', 'anchored'])}")
    rows = page.locator("tr[data-row]")
    begins = page.get_by_role("button", name="Choose", exact=True)
    items = 2 * rows.count()
    expect(begins).to_have_count(items - 1)  # all but the first
    first = rows.nth(0).locator("[data-item=care]")
    expect(first.locator(".choice").nth(2)).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        first.locator(".choice[data-level='2']").click()
    # What was chosen folds to itself, and the next item opens.
    expect(first.locator(".choice:visible")).to_have_count(1)
    expect(rows.nth(0).locator("[data-item=ownership] .choice").nth(1)).to_be_visible()
    expect(begins).to_have_count(items - 2)
    # Any other opens by a touch, and what is chosen there leads on from there.
    last = rows.last.locator("[data-item=care]")
    last.get_by_role("button", name="Choose").click()
    expect(last.locator(".choice[data-level='2']")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        last.locator(".choice[data-level='2']").click()
    expect(rows.last.locator("[data-item=ownership] .choice").nth(1)).to_be_visible()
    expect(page.locator("[data-grid-state]")).to_contain_text("saved", ignore_case=True)
    assert Judgement.objects.filter(item="care", level=2).count() == 2


def test_the_dash_of_the_grid_means_not_observed(cast: Cast, running: Cycle) -> None:
    mine = sheet(running, cast.agent)
    answer = browser(cast.manager).put(
        reverse("reviews:judgement", args=[mine.pk, "care"]),
        json.dumps({"value": "-", "version": 0}),
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert answer.json()["value"] == "–"
    assert Judgement.objects.get(sheet=mine).not_observed
    page = text_of(browser(cast.manager).get(reverse("reviews:grid", args=["oct", "anchored"])))
    assert 'value="–"' in page


def test_reading_changes_nothing(cast: Cast, running: Cycle) -> None:
    judge(running, cast.agent, 3, None)
    before = list(Judgement.objects.order_by("pk").values())
    client = browser(cast.manager)
    for address in (
        reverse("reviews:grid", args=["oct", "anchored"]),
        reverse("reviews:queue"),
        reverse("reviews:evidence", args=[sheet(running, cast.agent).pk, "care"]),
    ):
        client.get(address, {"level": "1", "value": "banana"})
    for address in (
        reverse("reviews:judgement", args=[sheet(running, cast.agent).pk, "care"]),
        reverse("reviews:submit", args=["oct", "anchored"]),
    ):
        assert client.get(address).status_code == 405
    assert list(Judgement.objects.order_by("pk").values()) == before


def post(client: Client, draft: Cycle, items: list[dict[str, str]]) -> Any:
    data: dict[str, Any] = {
        "version": draft.version,
        "levels-TOTAL_FORMS": 3,
        "levels-INITIAL_FORMS": 3,
        "items-TOTAL_FORMS": len(items),
        "items-INITIAL_FORMS": 0,
        "comment_required_at": ["3"],
    }
    for index, level in enumerate(LEVELS):
        data |= {f"levels-{index}-value": level["value"], f"levels-{index}-points": level["points"]}
    for index, item in enumerate(items):
        data |= {f"items-{index}-{name}": value for name, value in item.items()}
    return client.post(reverse("reviews:component", args=["oct", "anchored"]), data)


def test_hr_writes_anchors_a_line_each_or_takes_them_from_the_library(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    page = text_of(client.get(reverse("reviews:component", args=["oct", "anchored"])))
    assert "Calls back unasked" in page
    own = {
        "code": "own",
        "weight": "40",
        "name_en": "Own",
        "level_0_zh": "一\r\n二",
        "level_0_en": "one\r\n\r\nthree",
    }
    answer = post(client, draft, [{"competency": "care", "weight": "60"}, own])
    assert answer.status_code == 302
    draft.refresh_from_db()
    [component] = draft.configuration["components"]
    assert component["items"] == [
        {"code": "care", "weight": 60, "competency": "care"},
        {
            "code": "own",
            "weight": 40,
            "name": {"zh": "", "en": "Own"},
            "anchors": {
                "1": [{"zh": "一", "en": "one"}, {"zh": "二", "en": ""}, {"zh": "", "en": "three"}],
            },
        },
    ]
    assert component["comment_required_at"] == [3]
    assert component["allow_not_observed"] is False


def test_the_library_in_the_browser(cast: Cast, care: Competency) -> None:
    client = browser(cast.hr)
    assert "Care" in text_of(client.get(reverse("reviews:competencies")))
    wrong = client.post(reverse("reviews:competency_new"), {"code": "care", "name_en": "Again"})
    assert wrong.status_code == 422
    assert 'value="Again"' in wrong.content.decode()
    assert "There is already an entry with this code." in wrong.content.decode()
    fields = {"version": "1", "name_en": "Warmth", "anchors_1_en": "Sighs\nHangs up"}
    assert client.post(reverse("reviews:competency", args=["care"]), fields).status_code == 302
    care.refresh_from_db()
    assert (care.name_en, care.version) == ("Warmth", 2)
    assert newest_version(care).anchors == {"1": [{"zh": "", "en": "Sighs"}, {"zh": "", "en": "Hangs up"}]}
    page = text_of(client.get(reverse("reviews:competency", args=["care"])))
    assert "Names the worry" in page  # among the earlier versions
    assert client.post(reverse("reviews:competency", args=["care"]), fields).status_code == 422  # stale
    assert 'name="levels"' in page
    assert "anchors_7_en" in text_of(client.get(reverse("reviews:competency_new"), {"levels": "7"}))
