"""HR's and managers' pages, used as a browser uses them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from foundation.runs import services as runs
from foundation.runs.models import Run
from reviews.models import Cycle, CycleTemplate, Judgement, ScoreSheet
from tests.cast import Cast
from tests.reviews.conftest import configuration, judge, sheet_of

pytestmark = pytest.mark.django_db


def browser(user: Any, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    assert response.status_code in (200, 422), response.status_code
    return response.content.decode()


def test_a_new_cycle_from_a_template(cast: Cast, kpis: Any, measured: Any) -> None:
    CycleTemplate.objects.create(code="monthly", name_en="Monthly", configuration=configuration())
    client = browser(cast.hr)
    assert "Monthly" in text_of(client.get(reverse("reviews:cycle_new")))
    fields = {
        "template": "monthly",
        "name_en": "October",
        "code": "oct",
        "first_day": "2025-10-01",
        "last_day": "2025-10-31",
        "rating_due_on": "2025-11-05",
    }
    wrong = client.post(reverse("reviews:cycle_new"), fields | {"last_day": "2025-09-30"})
    assert wrong.status_code == 422
    assert 'value="October"' in wrong.content.decode()  # what was typed stays
    assert not Cycle.objects.exists()
    made = client.post(reverse("reviews:cycle_new"), fields)
    assert made.headers["Location"] == reverse("reviews:cycle", args=["oct"])
    page = text_of(client.get(made.headers["Location"]))
    assert "Nothing keeps this from launch." in page


def test_the_cockpit_says_what_keeps_a_cycle_from_launch(cast: Cast, draft: Cycle) -> None:
    draft.configuration = configuration(population={"jobs": ["nobody"]}, rating_bands=[])
    draft.save()
    page = text_of(browser(cast.hr).get(reverse("reviews:cycle", args=["oct"])))
    assert "2 things keep this from launch" in page
    assert reverse("reviews:population", args=["oct"]) in page
    assert reverse("reviews:bands", args=["oct"]) in page
    chinese = browser(cast.hr)
    chinese.cookies["django_language"] = "zh-hans"
    cast.hr.locale = "zh-hans"
    cast.hr.save()
    assert "没有编码为 nobody 的岗位。" in text_of(chinese.get(reverse("reviews:cycle", args=["oct"])))


def post_kpis(client: Client, draft: Cycle, weights: dict[str, str]) -> Any:
    data: dict[str, Any] = {
        "version": draft.version,
        "kpis-TOTAL_FORMS": len(weights),
        "kpis-INITIAL_FORMS": len(weights),
    }
    for place, (code, weight) in enumerate(weights.items()):
        data |= {
            f"kpis-{place}-kpi": code,
            f"kpis-{place}-weight": weight,
            f"kpis-{place}-scoring": "attainment",
        }
        data |= {f"kpis-{place}-target": "", f"kpis-{place}-floor": "", f"kpis-{place}-cap": "110"}
    return client.post(reverse("reviews:component", args=["oct", "kpis"]), data)


def test_kpis_are_chosen_by_weight(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    page = text_of(client.get(reverse("reviews:component", args=["oct", "kpis"])))
    assert "Response Time" in page
    wrong = post_kpis(client, draft, {"csat": "a lot", "response_time": "30"})
    assert wrong.status_code == 422
    assert "a lot" in wrong.content.decode()
    assert post_kpis(client, draft, {"csat": "70", "response_time": ""}).status_code == 302
    draft.refresh_from_db()
    assert draft.configuration["components"][0]["kpis"] == [
        {"kpi": "csat", "weight": 70, "scoring": "attainment", "target": None, "floor": 0, "cap": 1.1}
    ]
    page = text_of(client.get(reverse("reviews:cycle", args=["oct"])))
    assert "The weights add up to 70 instead of 100; 30 to go." in page


def test_the_running_total(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    address = reverse("reviews:weight_total", args=["oct"])
    for typed, said in (
        ({"kpis-0-weight": "33.3", "kpis-1-weight": "56.7"}, "10 to go"),
        ({"kpis-0-weight": "33.3", "kpis-1-weight": "66.7"}, "100"),
        ({"kpis-0-weight": "80", "kpis-1-weight": "30"}, "10 too much"),
        ({"kpis-0-weight": "1e99999999", "kpis-1-weight": "NaN"}, "100 to go"),
    ):
        assert said in text_of(client.post(address, typed))


def test_components_are_weighed_added_and_removed(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    address = reverse("reviews:components", args=["oct"])
    text_of(client.get(address))
    client.post(
        address,
        {
            "version": draft.version,
            "components-TOTAL_FORMS": 2,
            "components-INITIAL_FORMS": 2,
            "components-0-code": "kpis",
            "components-0-name_en": "Numbers",
            "components-0-weight": "100",
            "components-1-code": "conduct",
            "components-1-weight": "0",
            "components-1-remove": "on",
        },
    )
    draft.refresh_from_db()
    assert [(each["code"], each["weight"]) for each in draft.configuration["components"]] == [("kpis", 100)]
    added = client.post(
        address,
        {
            "version": draft.version,
            "step": "add",
            "new-method": "rating_scale",
            "new-code": "attitude",
            "new-name_en": "Attitude",
            "new-weight": "20",
        },
    )
    assert added.headers["Location"] == reverse("reviews:component", args=["oct", "attitude"])
    text_of(client.get(added.headers["Location"]))


def test_a_scale_is_written_in_the_browser(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    address = reverse("reviews:component", args=["oct", "conduct"])
    assert "courtesy 4" in text_of(client.get(address))
    data: dict[str, Any] = {
        "version": draft.version,
        "levels-TOTAL_FORMS": 7,
        "levels-INITIAL_FORMS": 5,
        "items-TOTAL_FORMS": 4,
        "items-INITIAL_FORMS": 2,
        "comment_required_at": ["1", "3"],
    }
    for place, points in enumerate((10, 50, 100)):
        data |= {f"levels-{place}-value": place + 1, f"levels-{place}-points": points}
        data |= {f"levels-{place}-name_en": f"L{place + 1}"}
    data |= {
        "items-0-code": "care",
        "items-0-weight": "100",
        "items-0-name_en": "Care",
        "items-0-level_2_en": "Best",
    }
    assert client.post(address, data).status_code == 302
    draft.refresh_from_db()
    scale = draft.configuration["components"][1]
    assert [level["points"] for level in scale["levels"]] == [10, 50, 100]
    assert [item["code"] for item in scale["items"]] == ["care"]
    assert scale["items"][0]["descriptions"] == {"3": {"zh": "", "en": "Best"}}
    assert scale["comment_required_at"] == [1, 3]


def test_bands_population_and_rules(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    bands = {"bands-TOTAL_FORMS": 2, "bands-INITIAL_FORMS": 0, "version": draft.version}
    bands |= {"bands-0-code": "C", "bands-0-from_score": "0", "bands-0-name_en": "Low"}
    bands |= {"bands-1-code": "A", "bands-1-from_score": "80.5", "bands-1-name_en": "High"}
    client.post(reverse("reviews:bands", args=["oct"]), bands)
    draft.refresh_from_db()
    assert [band["from"] for band in draft.configuration["rating_bands"]] == [0, 80.5]
    client.post(
        reverse("reviews:population", args=["oct"]),
        {"version": draft.version, "teams": ["blue"], "minimum_days": "20"},
    )
    draft.refresh_from_db()
    assert draft.configuration["population"] == {
        "teams": ["blue"],
        "jobs": [],
        "sites": [],
        "minimum_days": 20,
    }
    client.post(
        reverse("reviews:settings", args=["oct"]),
        {
            "version": draft.version,
            "name_en": "October",
            "first_day": "2025-10-01",
            "last_day": "2025-10-30",
            "missing_component": "zero",
            "cohort": "team",
        },
    )
    draft.refresh_from_db()
    assert (draft.last_day, draft.configuration["cohort"]) == (datetime.date(2025, 10, 30), "team")
    assert draft.configuration["show_rank"] is False


def test_a_stale_page_changes_nothing(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    old = draft.version
    client.post(reverse("reviews:population", args=["oct"]), {"version": old, "minimum_days": "2"})
    answer = client.post(reverse("reviews:population", args=["oct"]), {"version": old, "minimum_days": "9"})
    assert "Someone else changed this meanwhile" in text_of(answer)
    draft.refresh_from_db()
    assert draft.configuration["population"]["minimum_days"] == 2


def test_from_launch_to_release_in_the_browser(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    cockpit = reverse("reviews:cycle", args=["oct"])
    client.post(reverse("reviews:launch", args=["oct"]), {"to_phase": "rating"})
    page = text_of(client.get(cockpit))
    assert "0 of 6 forms are in" in page
    assert "孙丽" in page  # who is late
    for name in ("agent", "peer", "leaver", "outsider", "mover", "remote"):
        judge(draft, getattr(cast, name), (4, 5))
    client.post(reverse("reviews:score", args=["oct"]))
    assert "Waiting for a free worker" in text_of(client.get(cockpit))
    runs.execute(Run.objects.get().pk)
    page = text_of(client.get(cockpit))
    assert "How are the ratings spread?" in page
    assert "Release the results of 6 people?" in page
    client.post(reverse("reviews:release", args=["oct"]))
    draft.refresh_from_db()
    assert draft.phase == "release"
    again = client.post(reverse("reviews:release", args=["oct"]), follow=True)
    assert "already been released" in text_of(again)


def test_a_frozen_configuration_can_be_read_only(cast: Cast, rating_cycle: Cycle) -> None:
    client = browser(cast.hr)
    for name in ("settings", "population", "components", "bands"):
        assert "Frozen at launch" in text_of(client.get(reverse(f"reviews:{name}", args=["oct"])))
    before = rating_cycle.fingerprint
    answer = client.post(
        reverse("reviews:population", args=["oct"]), {"version": rating_cycle.version, "minimum_days": "9"}
    )
    assert "can no longer be changed" in text_of(answer)
    rating_cycle.refresh_from_db()
    assert rating_cycle.configuration["population"]["minimum_days"] == 1
    assert rating_cycle.fingerprint == before


# A manager --------------------------------------------------------------------------------------------------------


def put(client: Client, sheet: ScoreSheet, item: str, body: Any) -> Any:
    return client.put(
        reverse("reviews:judgement", args=[sheet.pk, item]),
        json.dumps(body) if not isinstance(body, str) else body,
        content_type="application/json",
    )


def test_the_queue_and_the_grid(cast: Cast, rating_cycle: Cycle) -> None:
    client = browser(cast.manager)
    assert "3 forms to go" in text_of(client.get(reverse("reviews:queue")))
    page = text_of(client.get(reverse("reviews:grid", args=["oct", "conduct"])))
    assert page.index("Li Na") < page.index("王伟")
    assert "郑凯" not in page
    sheet = sheet_of(rating_cycle, cast.agent)
    evidence = text_of(client.get(reverse("reviews:evidence", args=[sheet.pk, "courtesy"])))
    assert "courtesy 4" in evidence
    assert browser(cast.outsider).get(reverse("reviews:queue")).status_code == 403
    foreign = reverse("reviews:evidence", args=[sheet.pk, "courtesy"])
    assert browser(cast.other_manager).get(foreign).status_code == 404


def test_autosave_keeps_the_contract_of_the_grid(cast: Cast, rating_cycle: Cycle) -> None:
    client = browser(cast.manager)
    sheet = sheet_of(rating_cycle, cast.agent)
    first = put(client, sheet, "courtesy", {"value": "4", "version": "0"})
    assert (first.status_code, first.json()["version"], first.json()["value"]) == (200, 1, "4")
    progress = first.json()["progress"]
    # Of several answers under way the page shows the one that was counted last.
    assert progress.pop("as_of") > 0
    assert progress == {"done": 0, "total": 3, "minutes_left": 4}
    assert "saved_at" in first.json()
    comment = put(client, sheet, "comment", {"value": "Calm", "version": 0})
    assert comment.json()["version"] == 1
    stale = put(client, sheet, "courtesy", {"value": "2", "version": 0})
    assert (stale.status_code, stale.json()["value"], stale.json()["version"]) == (409, "4", 1)
    assert stale.json()["saved_by"] == "孙丽"
    assert put(client, sheet, "courtesy", {"value": "9", "version": 1}).status_code == 422
    assert put(client, sheet, "courtesy", {"value": None, "version": 1}).json()["value"] is None
    assert (
        put(browser(cast.other_manager), sheet, "courtesy", {"value": "4", "version": 2}).status_code == 404
    )


BODIES: list[Any] = [
    "",
    "{",
    [],
    None,
    {"value": "4"},
    {"value": "4", "version": None},
    {"value": "4", "version": 1e400},
    {"value": {"a": []}, "version": 0},
    {"value": "x" * 100_000, "version": 0},
    "[" * 100_000,
]


@pytest.mark.parametrize("body", BODIES, ids=[repr(body)[:30] for body in BODIES])
@pytest.mark.parametrize("item", ["courtesy", "comment"])
def test_a_malformed_autosave_is_the_callers_mistake(
    cast: Cast, rating_cycle: Cycle, body: Any, item: str
) -> None:
    answer = put(browser(cast.manager), sheet_of(rating_cycle, cast.agent), item, body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
    assert not Judgement.objects.exists()


def test_submitting_what_is_finished(cast: Cast, rating_cycle: Cycle) -> None:
    judge(rating_cycle, cast.agent, (4, 5), submit=False)
    judge(rating_cycle, cast.peer, (3,), submit=False)
    client = browser(cast.manager)
    address = reverse("reviews:submit", args=["oct", "conduct"])
    assert "2 forms to go" in text_of(client.post(address, follow=True))
    assert "There is nothing to submit." in text_of(client.post(address, follow=True))
    assert [sheet.participant.employee for sheet in ScoreSheet.objects.filter(state="submitted")] == [
        cast.agent
    ]
    answer = put(client, sheet_of(rating_cycle, cast.agent), "courtesy", {"value": "1", "version": 1})
    assert answer.status_code == 403


def test_the_grid_works_without_scripts(cast: Cast, rating_cycle: Cycle) -> None:
    client = browser(cast.manager)
    sheet, other = sheet_of(rating_cycle, cast.agent), sheet_of(rating_cycle, cast.peer)
    page = reverse("reviews:grid", args=["oct", "conduct"])
    cells = {
        f"cell-{sheet.pk}-courtesy": "4",
        f"cell-{sheet.pk}-courtesy-version": "0",
        f"cell-{sheet.pk}-comment": "Calm",
        f"cell-{sheet.pk}-comment-version": "0",
        f"cell-{other.pk}-courtesy": "8",
        f"cell-{other.pk}-courtesy-version": "0",
    }
    answer = text_of(client.post(page, cells, follow=True))
    assert "2 scores saved" in answer
    assert "Li Na: Choose one of the levels 1, 2, 3, 4, 5." in answer
    assert Judgement.objects.get(item="courtesy").level == 4


ROUTES = [
    "/cycles/",
    "/cycles/new/",
    "/cycles/oct/",
    "/cycles/oct/settings/",
    "/cycles/oct/population/",
    "/cycles/oct/components/",
    "/cycles/oct/components/kpis/",
    "/cycles/oct/bands/",
]


@pytest.mark.parametrize("route", ROUTES)
def test_configuration_is_not_for_employees(cast: Cast, rating_cycle: Cycle, route: str) -> None:
    for user in (cast.agent, cast.manager):
        assert browser(user).get(route).status_code == 403
    expected = 403 if route == "/cycles/new/" else 200
    assert browser(cast.auditor).get(route).status_code == expected
    if expected == 200:
        assert browser(cast.auditor).post(route).status_code in (403, 405)


def test_hr_gives_a_form_back(cast: Cast, rating_cycle: Cycle) -> None:
    sheet = judge(rating_cycle, cast.agent, (4, 5))
    client = browser(cast.hr)
    page = text_of(client.get(reverse("reviews:sheets", args=["oct"]), {"state": "submitted"}))
    assert reverse("reviews:sheet_reopen", args=[sheet.pk]) in page
    assert "Li Na" not in page
    address = reverse("reviews:sheet_reopen", args=[sheet.pk])
    assert client.post(address, {"reason": ""}).status_code == 422
    assert "can change the form again" in text_of(client.post(address, {"reason": "A slip"}, follow=True))
    assert ScoreSheet.objects.get(pk=sheet.pk).state == "draft"
