"""Bonus items and red lines in the browser, and the red line that counts incidents."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from reviews.methods.recompute import recompute
from reviews.models import Behaviour, Cycle
from reviews.selectors.explanations import explanation_of
from reviews.selectors.freshness import results_are_stale
from reviews.services.cycles import InvalidConfiguration, edit_configuration, launch_cycle
from reviews.services.incidents import note_incident, withdraw_incident
from reviews.services.library import create_behaviour, save_strengths
from reviews.views.rating_words import red_line_sentences
from tests.cast import Cast
from tests.reviews.conftest import JUDGED, configuration, judge, score
from tests.reviews.test_adjustments import BONUS, FRAUD, SLOW, results

pytestmark = pytest.mark.django_db

URL = "/cycles/oct/extras/"
GRAVE = {
    "code": "grave",
    "name": {"zh": "", "en": "Grave incidents"},
    "kind": "incidents",
    "at_least": 2,
    "strengths": ["grave"],
    "cap": "C",
}


@pytest.fixture
def listens(cast: Cast) -> Behaviour:
    save_strengths(
        actor=cast.hr,
        strengths=[
            {"code": "slight", "name_en": "Slight", "points": 2},
            {"code": "grave", "name_en": "Grave", "points": 10},
        ],
    )
    return create_behaviour(actor=cast.hr, code="listens", name_en="Lets people finish")


def typed(cycle: Cycle, **changes: Any) -> dict[str, Any]:
    """The page as it is posted back, with changes."""
    rows = {
        "items-0-code": "praise", "items-0-name_en": "Praise", "items-0-minimum": "1", "items-0-maximum": "3",
        "items-0-total": "4", "items-0-evidence_required": "on",
        "lines-0-code": "slow", "lines-0-name_en": "Slow", "lines-0-kind": "kpi", "lines-0-cap": "D",
        "lines-0-kpi": "response_time", "lines-0-beyond": "above", "lines-0-limit": "25",
        "lines-1-code": "grave", "lines-1-name_en": "Grave incidents", "lines-1-kind": "incidents",
        "lines-1-cap": "C", "lines-1-at_least": "2", "lines-1-strengths": ["grave"],
        "lines-2-kind": "kpi",
    }  # fmt: skip
    counts = {
        "items-TOTAL_FORMS": "2",
        "items-INITIAL_FORMS": "0",
        "lines-TOTAL_FORMS": "3",
        "lines-INITIAL_FORMS": "0",
    }
    return {"version": cycle.version, "minimum": "-10", "maximum": "5", **counts, **rows, **changes}


def test_what_is_typed_is_kept_and_shown_again(
    cast: Cast, draft: Cycle, listens: Behaviour, client: Client
) -> None:
    client.force_login(cast.hr)
    assert client.get(URL).status_code == 200
    assert client.post(URL, typed(draft)).status_code == 302
    draft.refresh_from_db()
    assert draft.configuration["bonus"] == {
        "minimum": -10,
        "maximum": 5,
        "items": [
            {
                "code": "praise", "name": {"zh": "", "en": "Praise"}, "minimum": 1, "maximum": 3, "total": 4,
                "evidence_required": True,
            }
        ],
    }  # fmt: skip
    slow = {**SLOW, "name": {"zh": "", "en": "Slow"}}
    assert draft.configuration["red_lines"] == [slow, GRAVE]
    page = client.get(URL)
    assert [row["code"].value() for row in page.context["lines"]] == ["slow", "grave", None]
    # Emptied rows are taken out.
    none = {key: "" for key in typed(draft) if key.startswith(("items-0", "lines-0", "lines-1"))}
    none |= {"lines-0-kind": "kpi", "lines-1-kind": "kpi", "lines-1-strengths": []}
    assert client.post(URL, typed(draft, **none)).status_code == 302
    draft.refresh_from_db()
    assert (draft.configuration["bonus"]["items"], draft.configuration["red_lines"]) == ([], [])


@pytest.mark.parametrize(
    ("changes", "rows", "place", "field"),
    [
        ({"items-0-maximum": "0.5"}, "items", 0, "maximum"),
        ({"items-0-minimum": "-1"}, "items", 0, "minimum"),
        ({"items-0-minimum": "banana"}, "items", 0, "minimum"),
        ({"items-0-maximum": ""}, "items", 0, "maximum"),
        ({"items-0-name_en": ""}, "items", 0, "name_en"),
        ({"items-0-total": "0"}, "items", 0, "total"),
        ({"items-0-code": "two words"}, "items", 0, "code"),
        ({"lines-0-kpi": "moon"}, "lines", 0, "kpi"),
        ({"lines-0-kpi": ""}, "lines", 0, "kpi"),
        ({"lines-0-cap": "A"}, "lines", 0, "cap"),
        ({"lines-0-limit": ""}, "lines", 0, "limit"),
        ({"lines-0-kind": "mood"}, "lines", 0, "kind"),
        ({"lines-1-at_least": "0"}, "lines", 1, "at_least"),
        ({"lines-1-at_least": ""}, "lines", 1, "at_least"),
        ({"lines-1-strengths": ["banana"]}, "lines", 1, "strengths"),
        ({"lines-1-code": "slow"}, "lines", 1, "code"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_is_stored(
    cast: Cast, draft: Cycle, listens: Behaviour, client: Client,
    changes: dict[str, Any], rows: str, place: int, field: str,
) -> None:  # fmt: skip
    client.force_login(cast.hr)
    before = draft.configuration
    answer = client.post(URL, typed(draft, **changes))
    assert answer.status_code == 422
    assert field in answer.context[rows][place].errors
    assert answer.context["items"][0]["name_zh"].value() is None
    assert answer.context["lines"][0]["name_en"].value() == "Slow"
    draft.refresh_from_db()
    assert draft.configuration == before


@pytest.mark.parametrize("changes", [{"minimum": "1"}, {"maximum": "101"}, {"maximum": ""}])
def test_the_limits_of_all_points(cast: Cast, draft: Cycle, client: Client, changes: dict[str, str]) -> None:
    client.force_login(cast.hr)
    answer = client.post(URL, typed(draft, **changes))
    assert (answer.status_code, list(answer.context["limits"].errors)) == (422, list(changes))


def test_an_unknown_behaviour_in_a_document_is_refused(cast: Cast, draft: Cycle, listens: Behaviour) -> None:
    line = {**GRAVE, "behaviours": ["listens", "banana"]}
    with pytest.raises(InvalidConfiguration) as caught:
        edit_configuration(
            actor=cast.hr, cycle=draft, configuration=configuration(red_lines=[line]), version=draft.version
        )
    assert [problem.code for problem in caught.value.problems] == ["behaviour_unknown"]


def test_incidents_cap_a_rating_and_explain_it(cast: Cast, draft: Cycle, listens: Behaviour) -> None:
    draft = edit_configuration(
        actor=cast.hr,
        cycle=draft,
        configuration=configuration(bonus=BONUS, red_lines=[FRAUD, GRAVE]),
        version=draft.version,
    )
    cycle = launch_cycle(actor=cast.hr, cycle=draft)
    for name, levels in JUDGED.items():
        judge(cycle, getattr(cast, name), levels)

    def note(person: Any, strength: str = "grave", is_good: bool = False) -> Any:
        return note_incident(
            actor=cast.hr, employee_id=person.pk, behaviour="listens", strength=strength, is_good=is_good,
            text="Hung up", happened_on=cast.first_day,
        )  # fmt: skip

    for strength, is_good in (("grave", False), ("slight", False), ("grave", True)):
        note(cast.outsider, strength, is_good)
    note(cast.agent)
    score(cast.hr, cycle)
    assert results(cast, cycle)["agent"].rating == "A"
    second = note(cast.agent)
    assert results_are_stale(cycle)
    score(cast.hr, cycle)
    found = results(cast, cycle)
    assert (found["agent"].computed_rating, found["agent"].rating) == ("A", "C")
    assert found["outsider"].rating == found["outsider"].computed_rating
    explained = explanation_of(found["agent"], cycle)
    assert explained["red_lines"] == [{"code": "grave", "cap": "C", "kind": "incidents", "value": 2.0}]
    assert recompute(explained)["rating"] == "C"
    [sentence] = red_line_sentences(cycle, explained)
    assert "Grave incidents (2 incidents, the limit is 2)" in sentence
    withdraw_incident(actor=cast.hr, incident_id=second.pk, reason="Another person")
    score(cast.hr, cycle)
    assert results(cast, cycle)["agent"].rating == "A"
