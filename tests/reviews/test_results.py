"""Who reads which results, when; explanations, exports and pages of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from foundation.runs.models import Run
from reviews.models import Acknowledgement, ComponentScore, Cycle, Judgement, Participant, Result, ScoreSheet
from reviews.selectors.cycles import get_cycle_for, visible_cycles
from reviews.selectors.results import get_result_for, may_see_rank, visible_results
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.phases import advance_phase
from reviews.views.results import inert
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory
from tests.reviews.conftest import configuration

pytestmark = pytest.mark.django_db

EVERYONE = {"agent", "peer", "leaver", "outsider", "mover", "remote"}
BLUE, GREEN = {"agent", "peer", "leaver"}, {"outsider", "mover"}
# Who reads whose results, phase by phase.
VISIBLE: dict[str, dict[str, set[str]]] = {
    "rating": {"hr": EVERYONE, "auditor": EVERYONE},
    "calibration": {
        "hr": EVERYONE,
        "auditor": EVERYONE,
        "manager": BLUE,
        "other_manager": GREEN,
        "site_manager": BLUE | GREEN,
        "director": EVERYONE,
    },
    "release": {
        "hr": EVERYONE,
        "auditor": EVERYONE,
        "manager": BLUE,
        "other_manager": GREEN,
        "site_manager": BLUE | GREEN,
        "director": EVERYONE,
        "agent": {"agent"},
        "peer": {"peer"},
        "outsider": {"outsider"},
        "remote": {"remote"},
        "mover": {"mover"},
    },
}


@pytest.mark.parametrize("phase", list(VISIBLE))
def test_who_reads_whose_result(
    cast: Cast, scored_cycle: Cycle, phase: str, request: pytest.FixtureRequest
) -> None:
    if phase == "calibration":
        scored_cycle = advance_phase(
            actor=cast.hr, cycle=scored_cycle, to_phase=phase, reason="One form is late"
        )
    elif phase == "release":
        scored_cycle = request.getfixturevalue("released_cycle")
    assert VISIBLE[phase]
    for user in cast.people:
        name = cast.name_of(user.pk)
        seen = cast.names(each.employee_id for each in visible_results(user, scored_cycle))
        assert seen == VISIBLE[phase].get(name, set()), name
        for employee in cast.employees:
            visible = cast.name_of(employee.pk) in seen
            if visible:
                assert get_result_for(user, scored_cycle, employee.pk).employee_id == employee.pk
            else:
                with pytest.raises(Http404):
                    get_result_for(user, scored_cycle, employee.pk)


def test_who_sees_the_cycle_itself(cast: Cast, draft: Cycle) -> None:
    assert {cast.name_of(user.pk) for user in cast.people if visible_cycles(user).exists()} == {
        "hr",
        "payroll",
        "auditor",
    }
    with pytest.raises(Http404):
        get_cycle_for(cast.agent, draft.code)


def test_a_launched_cycle_is_seen_by_those_in_it(cast: Cast, rating_cycle: Cycle) -> None:
    seen = {cast.name_of(user.pk) for user in cast.people if visible_cycles(user).exists()}
    assert seen == {
        "hr",
        "payroll",
        "auditor",
        "manager",
        "other_manager",
        "site_manager",
        "director",
        *EVERYONE,
    } - {
        "leaver"  # may not sign in any more
    }


def test_ranks_are_hidden_where_the_cycle_says_so(cast: Cast, released_cycle: Cycle) -> None:
    released_cycle.configuration["show_rank"] = False
    assert not may_see_rank(cast.agent, released_cycle)
    assert not may_see_rank(cast.manager, released_cycle)
    assert may_see_rank(cast.hr, released_cycle)
    released_cycle.save()
    client = Client()
    client.force_login(cast.agent)
    assert "of 5 people" not in client.get(reverse("reviews:standing")).content.decode()


# Pages ------------------------------------------------------------------------------------------------------------


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_table_of_results(cast: Cast, released_cycle: Cycle) -> None:
    page = signed_in(cast.hr).get(reverse("reviews:results", args=["oct"])).content.decode()
    assert page.index("陈晨") < page.index("王伟") < page.index("Li Na")  # by rank
    blue = signed_in(cast.hr).get(reverse("reviews:results", args=["oct"]), {"team": "blue", "rating": "A"})
    assert "王伟" in blue.content.decode()
    assert "郑凯" not in blue.content.decode()


def test_a_manager_opens_a_result_down_to_its_inputs(cast: Cast, released_cycle: Cycle) -> None:
    page = (
        signed_in(cast.manager).get(reverse("reviews:result", args=["oct", cast.agent.pk])).content.decode()
    )
    for text in (
        "99.8",
        "4.37 ÷ 4.6 = 0.95, so 95 points",
        "104.0",
        "Rank 1 to 3 of 5 people, significantly above average",
    ):
        assert text in page
    assert "Li Na" not in page


@pytest.mark.parametrize("role", ["peer", "outsider", "other_manager", "payroll"])
def test_a_foreign_result_is_not_there(cast: Cast, released_cycle: Cycle, role: str) -> None:
    response = signed_in(getattr(cast, role)).get(reverse("reviews:result", args=["oct", cast.agent.pk]))
    missing = signed_in(getattr(cast, role)).get(reverse("reviews:result", args=["oct", 999999]))
    assert response.status_code == missing.status_code
    assert response.status_code in (403, 404)


def test_where_i_stand(cast: Cast, released_cycle: Cycle) -> None:
    page = signed_in(cast.agent).get(reverse("reviews:standing")).content.decode()
    for text in ("99.8", "Excellent", "What moved it", "Response Time", "I have read this"):
        assert text in page
    assert "Li Na" not in page


def test_before_the_release_only_kpis_are_shown(cast: Cast, scored_cycle: Cycle) -> None:
    page = signed_in(cast.agent).get(reverse("reviews:standing")).content.decode()
    assert "your KPIs so far" in page
    assert "99.8" not in page
    assert signed_in(cast.agent).get(reverse("reviews:standing_in", args=["oct"])).status_code == 404


def test_reading_is_confirmed_once(cast: Cast, released_cycle: Cycle) -> None:
    client = signed_in(cast.agent)
    for comment in ("Thank you", "Again"):
        client.post(reverse("reviews:acknowledge", args=["oct"]), {"comment": comment})
    assert Acknowledgement.objects.get().comment == "Thank you"
    assert signed_in(cast.manager).post(reverse("reviews:acknowledge", args=["oct"])).status_code == 404


def test_the_export_has_inert_cells(cast: Cast, released_cycle: Cycle) -> None:
    cast.agent.name = "=cmd|' /C calc'!A0"
    cast.agent.save()
    response = signed_in(cast.hr).get(reverse("reviews:results_csv", args=["oct"]))
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    by_number = {row[0]: row for row in rows[1:]}
    assert by_number["E0004"][1] == "'=cmd|' /C calc'!A0"
    assert by_number["E0004"][3] == "99.8"
    assert len(by_number) == 6


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_run(start: str) -> None:
    assert inert(f"{start}1+1") == f"'{start}1+1"


def test_a_manager_exports_the_own_people_only(cast: Cast, released_cycle: Cycle) -> None:
    response = signed_in(cast.manager).get(reverse("reviews:results_csv", args=["oct"]))
    assert b"".join(response.streaming_content).decode().count("\n") == 4


# The number of queries does not depend on the number of people ------------------------------------------------------


@pytest.fixture
def crowd(cast: Cast, released_cycle: Cycle) -> Callable[[int], None]:
    def add(count: int) -> None:
        run = Run.objects.get(pk=released_cycle.published_run_id)
        for _number in range(count):
            user = UserFactory()
            MembershipFactory(user=user, team=cast.blue, job=cast.job_agent)
            Participant.objects.create(
                cycle=released_cycle,
                employee=user,
                team=cast.blue,
                job=cast.job_agent,
                rater=cast.manager,
                days_in_role=31,
                days_in_period=31,
            )
            participant = Participant.objects.get(cycle=released_cycle, employee=user)
            sheet = ScoreSheet.objects.create(
                participant=participant, component="conduct", rater=cast.manager, state="submitted"
            )
            for item in ("courtesy", "patience"):
                Judgement.objects.create(sheet=sheet, item=item, level=4, updated_by=cast.manager)
            ComponentScore.objects.create(
                run=run, employee_id=user.pk, component="kpis", score=80, n=9, weight=100
            )
            Result.objects.create(
                run=run,
                cycle=released_cycle,
                employee=user,
                team_id=cast.blue.pk,
                score=80,
                rank=6,
                rating="B",
                cohort_size=9,
            )

    return add


@pytest.mark.parametrize(
    ("role", "address"),
    [
        pytest.param("hr", "/cycles/oct/results/", id="table for HR"),
        pytest.param("manager", "/cycles/oct/results/", id="table for a manager"),
        pytest.param("hr", "/cycles/oct/", id="cockpit"),
        pytest.param("hr", "/cycles/", id="list of cycles"),
        pytest.param("manager", "/scoring/", id="queue"),
        pytest.param("manager", "/scoring/oct/conduct/", id="grid"),
        pytest.param("hr", "/cycles/oct/forms/", id="forms"),
        pytest.param("agent", "/standing/", id="standing"),
        pytest.param("hr", "/api/v1/cycles/oct/results/?limit=200", id="API results"),
        pytest.param("hr", "/api/v1/cycles/oct/sheets/?limit=200", id="API sheets"),
    ],
)
def test_equal_query_counts(
    cast: Cast,
    crowd: Callable[[int], None],
    query_count: Callable[[Callable[[], Any]], int],
    role: str,
    address: str,
) -> None:
    client = signed_in(getattr(cast, role))
    assert client.get(address).status_code == 200  # fills caches that outlive a request
    crowd(4)
    few = query_count(lambda: client.get(address))
    crowd(190)
    assert query_count(lambda: client.get(address)) == few


def test_the_own_pages_ask_little(
    cast: Cast, released_cycle: Cycle, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    """The running cycle comes after the page: who opens it waits for the own result first."""
    following = create_cycle(
        actor=cast.hr,
        code="following",
        name_zh="下一次考核",
        name_en="Following review",
        first_day=released_cycle.first_day,
        last_day=released_cycle.last_day,
        configuration=configuration(),
    )
    launch_cycle(actor=cast.hr, cycle=following)
    client = signed_in(cast.agent)
    page = client.get(reverse("reviews:standing")).content.decode()
    assert "Following review" not in page
    assert f'hx-get="{reverse("reviews:standing_to_date")}"' in page
    to_date = client.get(reverse("reviews:standing_to_date")).content.decode()
    assert "Following review: your KPIs so far" in to_date
    assert "<html" not in to_date
    for address in (
        reverse("reviews:standing"),
        reverse("reviews:standing_in", args=["oct"]),
        reverse("reviews:standing_to_date"),
    ):
        assert query_count(lambda address=address: client.get(address)) <= 15, address


def test_nothing_to_date_where_nothing_runs(cast: Cast, released_cycle: Cycle) -> None:
    assert not signed_in(cast.agent).get(reverse("reviews:standing_to_date")).content.strip()
