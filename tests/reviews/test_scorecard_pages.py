"""The pages of scorecards: made by HR, weighed in pairs, read by whoever may read the result; and the same by REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from reviews.models import Cycle
from reviews.services.cycles import edit_configuration
from reviews.services.phases import release_cycle
from tests.cast import Cast
from tests.reviews.conftest import configuration
from tests.reviews.test_scorecard import card, in_cycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafted(cast: Cast, draft: Cycle) -> Cycle:
    component = card()
    component["kpis"] = [
        {"kpi": "csat", "weight": 100, "perspective": "customer"},
        {"kpi": "response_time", "weight": 100, "perspective": "process"},
    ]
    document = configuration(components=[component])
    return edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(cycle: Cycle, **changes: str) -> dict[str, str]:
    """What the page of the card posts when nothing was changed."""
    perspectives = [("customer", "客户", "Customer", "60"), ("process", "流程", "Process", "40")]
    data = {
        "version": str(cycle.version),
        "subject": "team",
        "stay": "1",
        "perspectives-TOTAL_FORMS": "3",
        "perspectives-INITIAL_FORMS": "2",
        "kpis-TOTAL_FORMS": "2",
        "kpis-INITIAL_FORMS": "2",
        "links-TOTAL_FORMS": "3",
        "links-INITIAL_FORMS": "1",
        "links-0-cause": "response_time",
        "links-0-effect": "csat",
    }
    for index, (code, zh, en, weight) in enumerate(perspectives):
        row = {"code": code, "name_zh": zh, "name_en": en, "weight": weight}
        data |= {f"perspectives-{index}-{name}": value for name, value in row.items()}
    for index, (kpi, perspective) in enumerate((("csat", "customer"), ("response_time", "process"))):
        row = {"kpi": kpi, "perspective": perspective, "weight": "100", "scoring": "attainment"}
        data |= {f"kpis-{index}-{name}": value for name, value in row.items()}
    return data | changes


def kept(cycle: Cycle) -> dict[str, Any]:
    cycle.refresh_from_db()
    found: dict[str, Any] = cycle.configuration["components"][0]
    return found


PAGE = "/cycles/oct/components/card/"


def test_hr_makes_a_card(cast: Cast, drafted: Cycle) -> None:
    client = signed_in(cast.hr)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "strategy-map" in page.content.decode()
    new = {
        "perspectives-2-code": "learning",
        "perspectives-2-name_en": "Learning",
        "perspectives-0-weight": "40",
        "perspectives-2-weight": "20",
        "kpis-1-perspective": "learning",
        "links-1-cause": "csat",
    }
    wrong = client.post(PAGE, sent(drafted, **new))
    assert wrong.status_code == 422  # a cause without an effect
    assert kept(drafted)["subject"] == "person"
    assert client.post(PAGE, sent(drafted, **{**new, "links-1-cause": ""})).status_code == 302
    found = kept(drafted)
    assert found["subject"] == "team"
    assert [(each["code"], each["weight"]) for each in found["perspectives"]] == [
        ("customer", 40),
        ("process", 40),
        ("learning", 20),
    ]
    assert [item["perspective"] for item in found["kpis"]] == ["customer", "learning"]
    assert found["links"] == [{"from": "response_time", "to": "csat"}]


def test_a_loop_of_causes_is_refused_at_its_link(cast: Cast, drafted: Cycle) -> None:
    back = {"links-1-cause": "csat", "links-1-effect": "response_time"}
    answer = signed_in(cast.hr).post(PAGE, sent(drafted, **back))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "An effect cannot be its own cause: Response Time → Csat → Response Time" in text
    assert len(kept(drafted)["links"]) == 1


def test_the_sum_of_one_table_only(cast: Cast, drafted: Cycle) -> None:
    answer = signed_in(cast.hr).post("/cycles/oct/weights/", {**sent(drafted), "table": "perspectives-"})
    assert "<strong>100</strong>" in answer.content.decode()


PAIRS = f"{PAGE}pairs/"


def test_weights_by_judging_pairs(cast: Cast, drafted: Cycle) -> None:
    client = signed_in(cast.hr)
    assert client.get(PAIRS).status_code == 200
    live = client.post(PAIRS, {"pair_0_1": "3"}, headers={"HX-Request": "true"})
    text = live.content.decode()
    assert "75" in text
    assert "1/3" in text  # filled in by itself
    assert "ahp" not in kept(drafted)
    assert client.post(PAIRS, {"pair_0_1": "17", "version": str(drafted.version)}).status_code == 422
    assert client.post(PAIRS, {"pair_0_1": "3", "version": str(drafted.version)}).status_code == 302
    found = kept(drafted)
    assert found["ahp"] == {"matrix": [[1, 3], ["1/3", 1]]}
    assert [each["weight"] for each in found["perspectives"]] == [75, 25]
    # Typing them again drops the judgements.
    assert client.post(PAGE, sent(drafted, type_weights="on")).status_code == 302
    assert "ahp" not in kept(drafted)


def test_contradictions_are_shown_and_must_be_confirmed(cast: Cast, drafted: Cycle) -> None:
    document = configuration(components=[card()])
    found = document["components"][0]
    found["perspectives"].append({"code": "learning", "weight": 0, "name": {"en": "Learning"}})
    found["kpis"] = [
        {"kpi": "csat", "weight": 100, "perspective": "customer"},
        {"kpi": "response_time", "weight": 100, "perspective": "process"},
    ]
    edited = edit_configuration(actor=cast.hr, cycle=drafted, configuration=document, version=drafted.version)
    client = signed_in(cast.hr)
    judged = {"pair_0_1": "3", "pair_0_2": "5", "pair_1_2": "-9", "version": str(edited.version)}
    assert client.post(PAIRS, judged).status_code == 422
    assert "ahp" not in kept(edited)
    assert client.post(PAIRS, {**judged, "accepted": "on"}).status_code == 302
    assert kept(edited)["ahp"]["accepted"] is True


def test_nobody_but_hr_weighs(cast: Cast, drafted: Cycle) -> None:
    body = {"pair_0_1": "3", "version": str(drafted.version)}
    for name in ("auditor", "manager", "agent"):
        assert signed_in(getattr(cast, name)).post(PAIRS, body).status_code == 403
    assert "ahp" not in kept(drafted)


def test_cards_are_read_by_whoever_reads_the_result(cast: Cast, draft: Cycle) -> None:
    cycle = in_cycle(cast, draft, card(50))
    hr = signed_in(cast.hr)
    rows = hr.get("/cycles/oct/scorecards/card/").content.decode()
    assert "101.0" in rows
    page = hr.get(f"/cycles/oct/scorecards/card/{cast.agent.pk}/").content.decode()
    assert "strategy-short" in page  # csat
    assert "strategy-met" in page  # response time
    own = f"/cycles/oct/scorecards/card/{cast.agent.pk}/"
    agent = signed_in(cast.agent)
    assert agent.get(own).status_code == 404
    release_cycle(actor=cast.hr, cycle=cycle, reason="Two have no form")
    assert agent.get(own).status_code == 200
    assert agent.get(f"/cycles/oct/scorecards/card/{cast.peer.pk}/").status_code == 404
    standing = agent.get("/standing/oct/").content.decode()
    assert own in standing
    assert signed_in(cast.manager).get(own).status_code == 200


def test_the_number_of_queries_does_not_depend_on_rows(cast: Cast, draft: Cycle, query_count: Any) -> None:
    in_cycle(cast, draft, card(50))
    client = signed_in(cast.hr)
    client.get("/cycles/oct/scorecards/card/")
    assert query_count(lambda: client.get("/cycles/oct/scorecards/card/")) <= 14


def test_by_rest(cast: Cast, draft: Cycle) -> None:
    in_cycle(cast, draft, card(50))
    client = signed_in(cast.hr)
    listed = client.get("/api/v1/cycles/oct/scorecards/card/").json()["results"]
    agent = next(each for each in listed if each["employee"]["id"] == cast.agent.pk)
    assert agent["score"] == 101.0
    assert agent["perspectives"] == [
        {"code": "customer", "score": 95.0},
        {"code": "process", "score": 110.0},
    ]
    opened = client.get(f"/api/v1/cycles/oct/scorecards/card/{cast.agent.pk}/").json()
    assert opened["component"]["score"] == 101.0
    assert opened["component"]["card"]["subject"] == "person"
    assert opened["configuration"]["links"][0]["from"] == "response_time"
    assert client.get("/api/v1/cycles/oct/scorecards/conduct/").status_code == 404


@pytest.mark.parametrize(
    ("matrix", "status"),
    [
        pytest.param([[1, 3], ["1/3", 1]], 200, id="sound"),
        pytest.param([[1, 3], [3, 1]], 422, id="not reciprocal"),
        pytest.param([], 422, id="nothing"),
        pytest.param([[1]], 422, id="one thing"),
        pytest.param([[1, {"a": 1}], [1, 1]], 422, id="a mapping"),
        pytest.param([["9e99999999", 1], [1, 1]], 422, id="a huge exponent"),
        pytest.param("1", 400, id="no table"),
    ],
)
def test_pairs_by_rest(cast: Cast, matrix: Any, status: int) -> None:
    answer = signed_in(cast.hr).post(
        "/api/v1/weigh-pairs/", {"matrix": matrix}, content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    if status == 200:
        assert answer.json()["weights"] == [75, 25]
        assert answer.json()["is_consistent"] is True
