"""Paired comparison as pages and as REST: the rater's walk, what HR sees, and what is refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviews.models import Comparison, ComparisonReversal, Cycle, ScoreSheet
from reviews.selectors.pair_analysis import CohortAnalysis, pair_analysis, triads_of
from reviews.selectors.pairs import Question, pair_form_of
from reviews.services.pairs import answer_all
from tests.cast import Cast
from tests.reviews.conftest import score
from tests.reviews.test_api import api, send
from tests.reviews.test_pairs import TWO_CRITERIA, answer, by_list, launched, paired, points

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(cast: Cast, draft: Cycle) -> Cycle:
    return launched(cast, draft, paired(evidence=[{"kpi": "csat"}]))


@pytest.fixture
def as_manager(cast: Cast, client: Client) -> Client:
    client.force_login(cast.manager)
    return client


def page(cycle: Cycle, step: str = "") -> str:
    return reverse(f"reviews:comparison{step}", args=[cycle.code, "pairs"])


def question(cast: Cast, cycle: Cycle) -> Question:
    found = pair_form_of(cast.manager, cycle, "pairs").question
    assert found is not None
    return found


def choose(client: Client, cast: Cast, cycle: Cycle, choice: str, *, fragment: bool = True) -> Any:
    asked = question(cast, cycle)
    headers = {"HX-Request": "true"} if fragment else {}
    return client.post(
        page(cycle),
        {"left": asked.left, "right": asked.right, "criterion": asked.code, "choice": choice},
        headers=headers,
    )


def test_a_rater_walks_from_the_first_pair_to_the_submission(
    cast: Cast, cycle: Cycle, as_manager: Client
) -> None:
    grid = reverse("reviews:grid", args=[cycle.code, "pairs"])
    assert as_manager.get(grid).url == page(cycle)  # type: ignore[attr-defined]
    assert grid in as_manager.get(reverse("reviews:queue")).content.decode()
    first = as_manager.get(page(cycle)).content.decode()
    assert "3 people: about 3 answers" in first
    assert "Csat" in first
    answered = choose(as_manager, cast, cycle, "left")
    assert answered.status_code == 200
    assert "<html" not in answered.content.decode()
    assert "1 answered" in answered.content.decode()
    choose(as_manager, cast, cycle, "even", fragment=False)
    undone = as_manager.post(page(cycle, "_undo"), headers={"HX-Request": "true"})
    assert "1 answered" in undone.content.decode()
    refused = as_manager.post(page(cycle, "_submit"), follow=True).content.decode()
    assert "Compare them first" in refused
    for _each in range(2):
        last = choose(as_manager, cast, cycle, "right").content.decode()
    assert "you may stop here" in last
    assert "Every pair has an answer" in last
    done = as_manager.post(page(cycle, "_submit"), follow=True).content.decode()
    assert "The comparison is in" in done
    closed = as_manager.get(page(cycle)).content.decode()
    assert "The order by my answers" in closed
    assert "data-pair-key" not in closed


def test_what_is_wrong_is_said_above_the_pair(cast: Cast, cycle: Cycle, as_manager: Client) -> None:
    asked = question(cast, cycle)
    good = {"left": asked.left, "right": asked.right, "choice": "left", "criterion": ""}
    for change, words in (
        ({"right": asked.left}, "compared with themselves"),
        ({"right": cast.outsider.pk}, "not among the people"),
        ({"right": "1e3"}, "by their numbers"),
        ({"left": ""}, "by their numbers"),
        ({"choice": "both"}, "Choose one of the two"),
        ({"criterion": "x" * 90}, "no such criterion"),
    ):
        answer_page = as_manager.post(page(cycle), {**good, **change}, headers={"HX-Request": "true"})
        assert words in answer_page.content.decode(), change
    assert not Comparison.objects.exists()
    as_manager.post(page(cycle), good)
    again = as_manager.post(page(cycle), good, headers={"HX-Request": "true"})
    assert "answered this pair already" in again.content.decode()
    assert Comparison.objects.count() == 1


def test_a_rater_says_whom_they_do_not_know(cast: Cast, cycle: Cycle, as_manager: Client) -> None:
    asked = question(cast, cycle)
    name = {each.pk: each.name for each in (cast.agent, cast.peer, cast.leaver)}[asked.left]
    address = page(cycle, "_acquaintance")
    assert as_manager.get(page(cycle)).content.decode().count("I do not know this person") == 2
    body = {"person": asked.left, "known": "0"}
    told = as_manager.post(address, body, headers={"HX-Request": "true"}).content.decode()
    assert "2 people: about 1 answer" in told
    assert "1 person you do not know" in told
    for wrong, words in (("x", "by their numbers"), (str(cast.outsider.pk), "not among the people")):
        refused = as_manager.post(address, {"person": wrong, "known": "0"}, headers={"HX-Request": "true"})
        assert words in refused.content.decode()
    choose(as_manager, cast, cycle, "left")
    as_manager.post(page(cycle, "_submit"))
    client = Client()
    client.force_login(cast.hr)
    seen = client.get(reverse("reviews:comparison_analysis", args=[cycle.code, "pairs"]))
    assert "Does not know" in seen.content.decode()
    told = send(
        api(cast.hr), "GET", f"/cycles/oct/pairs/pairs/analysis/?cohort=rater:{cast.manager.pk}"
    ).json()
    assert told[0]["criteria"][0]["raters"][0]["unknown"] == [asked.left]
    assert name in seen.content.decode()


def test_what_others_noted_or_earn_is_not_beside_a_pair(cast: Cast, cycle: Cycle, as_manager: Client) -> None:
    text = as_manager.get(page(cycle)).content.decode()
    for other in (cast.outsider, cast.mover, cast.other_manager):
        assert other.name not in text


def test_rest_does_what_the_page_does(cast: Cast, cycle: Cycle) -> None:
    path = "/cycles/oct/pairs/pairs/"
    found = send(api(cast.manager), "GET", path).json()
    assert (found["answered"], found["expected"], found["is_enough"]) == (0, 3, False)
    pair = [found["next"]["left"], found["next"]["right"]]
    body = {"people": pair, "preferred": pair[1]}
    after = send(api(cast.manager), "POST", f"{path}answers/", body).json()
    assert (after["answered"], after["parts"][0]["answers"]) == (1, 1)
    assert sorted([after["next"]["left"], after["next"]["right"]]) != sorted(pair)
    for wrong, code in (
        (body, "pair_answered"),
        ({"people": [pair[0]] * 2, "preferred": None}, "pair_self"),
        ({"people": [pair[0], cast.outsider.pk], "preferred": None}, "pair_stranger"),
        ({"people": pair[:1], "preferred": None}, "invalid"),
        ({"people": pair}, "invalid"),
        ({"people": [2**80, 1], "preferred": 1}, "invalid"),
    ):
        answer_ = send(api(cast.manager), "POST", f"{path}answers/", wrong)
        assert answer_.status_code in (409, 422, 400), wrong
        assert answer_.json()["code"] == code or code == "invalid", answer_.json()
    assert Comparison.objects.count() == 1
    aside = {"person": pair[0], "known": False}
    assert send(api(cast.manager), "POST", f"{path}acquaintance/", aside).json()["unknown"] == [pair[0]]
    for wrong in ({"person": cast.outsider.pk, "known": False}, {"person": pair[0]}, {"known": False}):
        assert send(api(cast.manager), "POST", f"{path}acquaintance/", wrong).status_code in (400, 422)
    aside["known"] = True
    assert send(api(cast.manager), "POST", f"{path}acquaintance/", aside).json()["unknown"] == []
    assert send(api(cast.manager), "POST", f"{path}submit/").json()["code"] == "pairs_apart"
    assert send(api(cast.manager), "POST", f"{path}undo/").json()["answered"] == 0
    assert send(api(cast.manager), "POST", f"{path}undo/").json()["code"] == "pair_nothing_to_undo"
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer]), submit=False)
    done = send(api(cast.manager), "POST", f"{path}submit/").json()
    assert (done["is_submitted"], done["next"]) == (True, None)
    found = send(api(cast.hr), "GET", f"{path}analysis/", None).json()
    blue = next(each for each in found if each["cohort"] == f"rater:{cast.manager.pk}")
    assert (blue["name"], blue["size"], blue["submitted"]) == (cast.manager.name, 3, 1)
    best = blue["criteria"][0]["people"][0]
    assert (best["employee"], best["won"]) == (cast.peer.pk, 2)
    only = send(api(cast.hr), "GET", f"{path}analysis/?cohort=rater:{cast.other_manager.pk}").json()
    assert [each["submitted"] for each in only] == [0]


def analysis(cycle: Cycle) -> list[CohortAnalysis]:
    return pair_analysis(cycle, "pairs")


def test_hr_sees_who_contradicts_the_rest(cast: Cast, draft: Cycle, client: Client) -> None:
    cycle = launched(cast, draft, paired(cohort="job", criteria=TWO_CRITERIA))
    # A third rater of the same people agrees with the first.
    for sheet in ScoreSheet.objects.filter(rater=cast.manager, component="pairs"):
        ScoreSheet.objects.create(participant=sheet.participant, component="pairs", rater=cast.site_manager)
    ranked = [cast.peer, cast.agent, cast.mover, cast.outsider, cast.leaver]
    for rater, order in (
        (cast.manager, ranked),
        (cast.site_manager, ranked),
        (cast.other_manager, ranked[::-1]),
    ):
        answer_all(actor=rater, cycle=cycle, component="pairs", prefer=by_list(order))
    [cohort] = analysis(cycle)
    lines = {cast.name_of(line.rater.pk): line for line in cohort.criteria[0].raters}
    assert [name for name, line in lines.items() if line.contradicts] == ["other_manager"]
    assert lines["other_manager"].agreement == 0
    assert (lines["manager"].agreement or 0) > 0.4
    assert cohort.contradicting == 1
    assert cohort.criteria[0].triads == 0
    client.force_login(cast.hr)
    address = reverse("reviews:comparison_analysis", args=[cycle.code, "pairs"])
    assert address in client.get(reverse("reviews:cycle", args=[cycle.code])).content.decode()
    text = client.get(address, {"criterion": "speed"}).content.decode()
    assert "contradicts the rest" in text
    assert "interval-strip" in text
    assert text.count("Speed") >= 2


def test_the_analysis_counts_what_the_score_counts(cast: Cast, cycle: Cycle) -> None:
    answer(cast, cycle, cast.agent, cast.peer, cast.peer)
    blue = next(each for each in analysis(cycle) if each.name == cast.manager.name)
    assert (blue.certainty, blue.submitted, blue.criteria[0].raters[0].answers) == (None, 0, 0)
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer, cast.agent]))
    score(cast.hr, cycle)
    blue = next(each for each in analysis(cycle) if each.name == cast.manager.name)
    told = {cast.name_of(line.employee.pk): line.share for line in blue.criteria[0].people}
    assert told == {name: points(cast, cycle)[name] for name in told}


def test_a_circle_is_counted(cast: Cast) -> None:
    circle = [(1, 2, 1), (2, 3, 1), (1, 3, -1)]
    assert triads_of([1, 2, 3], circle) == (1, 1)
    assert triads_of([1, 2, 3], [(1, 2, 1), (2, 3, 1), (1, 3, 1)]) == (0, 1)
    assert triads_of([1, 2, 3], [(1, 2, 1), (2, 3, 0), (1, 3, 1)]) == (0, 0)
    # One says the one, another the other: the pair is not decided.
    assert triads_of([1, 2, 3], [*circle, (1, 2, -1)]) == (0, 0)


def test_a_result_says_how_it_came_about(cast: Cast, cycle: Cycle, client: Client) -> None:
    answer_all(actor=cast.manager, cycle=cycle, component="pairs", prefer=by_list([cast.peer, cast.agent]))
    score(cast.hr, cycle)
    client.force_login(cast.hr)
    text = client.get(reverse("reviews:result", args=[cycle.code, cast.peer.pk])).content.decode()
    assert "with the other 2 people of the group" in text
    assert "preferred 2, no difference 0, the other preferred 0" in text
    assert cast.leaver.name not in text
    other = client.get(reverse("reviews:result", args=[cycle.code, cast.mover.pk])).content.decode()
    assert "Nobody has compared this person yet" in other


def test_hr_makes_a_comparison_in_the_browser(cast: Cast, draft: Cycle, client: Client) -> None:
    client.force_login(cast.hr)
    added = client.post(
        reverse("reviews:components", args=[draft.code]),
        {
            "step": "add",
            "version": draft.version,
            "new-method": "paired_comparison",
            "new-code": "pairs",
            "new-name_zh": "两两比较",
            "new-name_en": "Pairs",
            "new-weight": "0",
        },
    )
    address = reverse("reviews:component", args=[draft.code, "pairs"])
    assert added.url == address  # type: ignore[attr-defined]
    assert client.get(address).status_code == 200
    draft.refresh_from_db()
    body = {
        "version": draft.version,
        "cohort": "job",
        "minimum_cohort": "3",
        "certainty": "85",
        "evidence": ["csat"],
        "criteria-TOTAL_FORMS": "2",
        "criteria-INITIAL_FORMS": "0",
        "criteria-0-code": "care",
        "criteria-0-name_en": "Care",
        "criteria-0-weight": "100",
        "criteria-0-description_en": "Hears people out",
    }
    wrong = client.post(address, {**body, "certainty": "20", "criteria-0-code": "no good"})
    assert wrong.status_code == 422
    assert client.post(address, body).status_code == 302
    draft.refresh_from_db()
    made = next(each for each in draft.configuration["components"] if each["code"] == "pairs")
    assert (made["cohort"], made["certainty"], made["ties"]) == ("job", 85, False)
    assert made["evidence"] == [{"kpi": "csat"}]
    assert made["criteria"][0]["description"]["en"] == "Hears people out"
    assert client.get(address).content.decode().count("Hears people out") == 1


def test_pages_ask_as_many_queries_whatever_was_answered(
    cast: Cast, draft: Cycle, as_manager: Client, query_count: Any
) -> None:
    cycle = launched(cast, draft, paired(cohort="job", evidence=[{"kpi": "csat"}]))
    as_manager.get(page(cycle))
    before = query_count(lambda: as_manager.get(page(cycle)))
    for _each in range(4):
        choose(as_manager, cast, cycle, "left")
    assert query_count(lambda: as_manager.get(page(cycle))) <= before
    assert not ComparisonReversal.objects.exists()
