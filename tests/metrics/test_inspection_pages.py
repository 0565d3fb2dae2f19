"""Pages of quality inspection: the editor of a form, the inspector's form and its autosave, the agent's objection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics.models import Inspection, InspectionDispute, InspectionForm, InspectionSample, Source
from people.models import User
from tests.cast import Cast
from tests.metrics.inspection_world import GOOD, answer, draw, make_form, make_inspector, push_calls

HEAD = {"code": "talk", "name_en": "Talk", "valid_from": "2025-01-01", "fatal_cap": "0", "dispute_days": "7"}


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def rows(*weights: str) -> dict[str, Any]:
    count = len(weights)
    return {
        "row-kind": ["section", *["item"] * count],
        "row-code": [""] * (count + 1),
        "row-name_zh": ["部分", *["项目"] * count],
        "row-name_en": ["Part", *[f"Item {place}" for place in range(count)]],
        "row-weight": ["", *weights],
        "row-answers": ["", *["scale"] * count],
        "row-highest": ["", *["5"] * count],
        "row-na": ["0", *["1"] * count],
        "row-levels_zh": ["", *["5 ＝ 很好"] * count],
        "row-levels_en": ["", *["5 = Very good\n1: Bad"] * count],
    }


@pytest.fixture
def iris(cast: Cast) -> User:
    return make_inspector(cast, "iris")


@pytest.fixture
def sample(cast: Cast, telephone: Source, iris: User) -> InspectionSample:
    push_calls(telephone, {"E0004": 30, "E0005": 30})
    return draw(make_form(), telephone, double_percent=0)


@pytest.fixture
def inspection(cast: Cast, sample: InspectionSample) -> Inspection:
    return sample.inspections.filter(employee=cast.agent).order_by("pk")[0]


# The editor ----------------------------------------------------------------------------------------------------------


def test_a_form_is_made_in_the_browser(cast: Cast) -> None:
    client = signed_in(cast.hr)
    response = client.post("/inspections/forms/new/", {**HEAD, **rows("60", "40")})
    assert response.status_code == 302
    version = InspectionForm.objects.get(code="talk").versions.get()
    assert [item["code"] for item in version.items] == ["item_0", "item_1"]
    assert version.items[0]["levels"] == {
        "5": {"zh": "很好", "en": "Very good"},
        "1": {"zh": "", "en": "Bad"},
    }
    assert version.items[0]["not_applicable"] is True
    assert client.get("/inspections/forms/talk/").status_code == 200
    changed = {**HEAD, **rows("50", "50"), "number": "1"}
    assert client.post("/inspections/forms/talk/edit/", changed).status_code == 302
    assert [item["weight"] for item in InspectionForm.objects.get().versions.get().items] == [50, 50]


def test_what_is_wrong_is_said_and_what_was_typed_stays(cast: Cast) -> None:
    response = signed_in(cast.hr).post("/inspections/forms/new/", {**HEAD, **rows("60", "30")})
    assert response.status_code == 422
    text = response.content.decode()
    assert "The weights add up to 90 instead of 100; 10 to go." in text
    assert 'value="Item 1"' in text
    assert not InspectionForm.objects.exists()


def test_rows_are_added_moved_and_taken_away_without_saving(cast: Cast) -> None:
    client = signed_in(cast.hr)
    for do, names in (
        ("add:item", ["Part", "Item 0", "Item 1", ""]),
        ("add:item:1", ["Part", "Item 0", "", "Item 1"]),
        ("down:1", ["Part", "Item 1", "Item 0"]),
        ("up:2", ["Part", "Item 1", "Item 0"]),
        ("remove:1", ["Part", "Item 1"]),
        ("up:0", ["Part", "Item 0", "Item 1"]),
        ("remove:99", ["Part", "Item 0", "Item 1"]),
        ("banana", ["Part", "Item 0", "Item 1"]),
    ):
        response = client.post(
            "/inspections/forms/new/", {**HEAD, **rows("60", "40"), "do": do}, headers={"hx-request": "true"}
        )
        assert response.status_code == 200
        assert [row["name_en"] for row in response.context["rows"]] == names, do
    assert not InspectionForm.objects.exists()


def test_the_sum_of_weights_is_shown_while_typing(cast: Cast) -> None:
    response = signed_in(cast.hr).post("/inspections/forms/total/", rows("60", "30.5"))
    assert "90.5" in response.content.decode()
    assert "9.5 to go" in response.content.decode()


# The inspector -------------------------------------------------------------------------------------------------------


def put(
    client: Client, inspection: Inspection, item: str, value: Any, version: int, kind: str = "answers"
) -> Any:
    return client.put(
        f"/inspections/{inspection.pk}/{kind}/{item}/",
        json.dumps({"value": value, "version": version}),
        content_type="application/json",
    )


def test_the_queue_and_the_form_save_themselves(iris: User, inspection: Inspection) -> None:
    client = signed_in(iris)
    assert "6 inspections to go" in client.get("/inspections/queue/").content.decode()
    page = client.get(f"/inspections/{inspection.pk}/score/").content.decode()
    assert "Sums up the need" in page
    first = put(client, inspection, "listening", "4", 0)
    assert first.status_code == 200
    assert (first.json()["version"], first.json()["score"]) == (1, "75.0")
    assert first.json()["progress"] == {"done": 1, "total": 3}
    stale = put(client, inspection, "listening", "2", 0)
    assert stale.status_code == 409
    assert (stale.json()["value"], stale.json()["version"]) == ("4", 1)
    assert put(client, inspection, "listening", "Cuts in", 0, kind="comments").json()["version"] == 1
    assert put(client, inspection, "listening", "banana", 1).status_code == 422
    assert (
        client.put(f"/inspections/{inspection.pk}/answers/listening/", "[", "application/json").status_code
        == 400
    )
    assert put(client, inspection, "verification", "yes", 0).json()["score"] == "0.0"


def test_a_save_is_light_and_as_light_on_a_long_form(iris: User, inspection: Inspection) -> None:
    client = signed_in(iris)
    put(client, inspection, "greeting", "yes", 0)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert put(client, inspection, "listening", "4", 0).status_code == 200
    asked = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 10, asked


def test_lists_ask_the_same_for_few_and_for_many(cast: Cast, iris: User, sample: InspectionSample) -> None:
    client = signed_in(cast.hr)
    counts = []
    for place, inspection in enumerate(sample.inspections.select_related("inspector")):
        answer(inspection)
        if place in (0, 5):
            for address in ("/inspections/", f"/inspections/samples/{sample.pk}/"):
                client.get(address)
            with CaptureQueriesContext(connection) as queries:
                for address in ("/inspections/", f"/inspections/samples/{sample.pk}/"):
                    assert client.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_submitting_names_what_is_missing_and_then_goes_on(iris: User, inspection: Inspection) -> None:
    client = signed_in(iris)
    address = f"/inspections/{inspection.pk}/score/"
    response = client.post(address, {"a-greeting": "yes", "a-greeting-version": "0", "submit": "1"})
    assert response.status_code == 422
    assert "2 items have no answer yet." in response.content.decode()
    inspection.refresh_from_db()
    assert inspection.answers["greeting"]["answer"] == "yes"
    filled = {f"a-{item}": value for item, value in GOOD.items()} | {
        f"a-{item}-version": "0" for item in GOOD
    }
    response = client.post(address, {**filled, "submit": "1"})
    assert response.status_code == 302
    assert response["Location"] != address
    inspection.refresh_from_db()
    assert inspection.state == "submitted"
    assert client.get(address).status_code == 302


# The agent and whoever decides ---------------------------------------------------------------------------------------


def test_the_agent_sees_the_score_at_once_and_objects(cast: Cast, iris: User, inspection: Inspection) -> None:
    client = signed_in(cast.agent)
    address = f"/inspections/{inspection.pk}/"
    assert client.get(address).status_code == 404
    answer(inspection)
    page = client.get(address).content.decode()
    assert "67.5" in page
    assert iris.name not in page
    response = client.post(f"{address}dispute/", {"reason": " ", "items": ["solved"]})
    assert response.status_code == 422
    assert "Say in a sentence" in response.content.decode()
    response = client.post(f"{address}dispute/", {"reason": "Called back the same day", "items": ["solved"]})
    assert response.status_code == 302
    assert InspectionDispute.objects.get().items == ["solved"]
    hr = signed_in(cast.hr)
    fields = {f"a-{item}": value for item, value in GOOD.items()} | {f"c-{item}": "" for item in GOOD}
    fields |= {"a-solved": "yes", "reason": "Solved on the second line", "decision": "accepted"}
    assert hr.get(f"{address}decide/").status_code == 200
    assert hr.post(f"{address}decide/", {**fields, "reason": ""}).status_code == 422
    assert hr.post(f"{address}decide/", fields).status_code == 302
    page = client.get(address).content.decode()
    assert "92.5" in page
    assert "Accepted: 67.5 became 92.5" in page


def test_a_preview_stores_nothing_and_names_no_call(cast: Cast, sample: InspectionSample) -> None:
    fields = {
        "form": "call", "source": "telephone", "first_day": "2025-10-01", "last_day": "2025-10-31", "per_agent": "2",
        "every": "week", "spread": "queue", "needs_measure": "answered", "double_percent": "0",
    }  # fmt: skip
    client = signed_in(cast.hr)
    response = client.post("/inspections/samples/new/", {**fields, "preview": "1"})
    assert response.status_code == 200
    assert "calls would be drawn" in response.content.decode()
    assert "calls-E0004" not in response.content.decode()
    assert InspectionSample.objects.count() == 1
    assert client.post("/inspections/samples/new/", {**fields, "per_agent": "0"}).status_code == 422
    assert client.post("/inspections/samples/new/", fields).status_code == 302
    assert InspectionSample.objects.count() == 2
