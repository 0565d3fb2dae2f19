"""The tree of teams, its sites, and who leads."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.documents import Problems, write_document
from foundation.refusals import Refusal
from people.models import Job, Leadership, Site, Team, User
from people.selectors.teams import (
    sites_of_teams,
    subtree_ids,
    team_tree,
    teams_led,
    time_zone_of,
    visible_teams,
)
from people.services import configuration
from people.services.leaderships import appoint_leader
from people.services.teams import save_job, save_site, save_team
from tests.cast import Cast
from tests.factories import LeadershipFactory, TeamFactory, days

JANUARY = datetime.date(2026, 1, 1)


def codes(teams: Any) -> set[str]:
    return {team.code for team in teams}


def test_a_subtree_is_one_prefix_and_not_a_longer_number(cast: Cast) -> None:
    """/1/1/ must not hold /1/12/."""
    beside = [TeamFactory(parent=cast.shanghai) for _ in range(12)]
    assert codes(teams_led(cast.manager)) == {"blue"}
    assert codes(teams_led(cast.site_manager)) == {"shanghai", "blue", "green", *codes(beside)}


def test_moving_a_team_moves_all_below(cast: Cast) -> None:
    below = TeamFactory(code="below", parent=cast.blue)
    save_team(actor=cast.hr, code="blue", name_en="Blue team", parent=cast.chengdu)
    below.refresh_from_db()
    assert below.path == f"/{cast.company.pk}/{cast.chengdu.pk}/{cast.blue.pk}/{below.pk}/"
    assert "blue" not in codes(teams_led(cast.site_manager))
    assert subtree_ids(["chengdu"]) == {cast.chengdu.pk, cast.blue.pk, below.pk}
    assert sites_of_teams()[below.pk] == cast.site_chengdu.pk


@pytest.mark.parametrize("parent", ["company", "shanghai", "blue"])
def test_a_circle_is_refused(cast: Cast, parent: str) -> None:
    before = list(Team.objects.order_by("pk").values())
    with pytest.raises(Refusal) as refused:
        save_team(actor=cast.hr, code="company", name_en="Company", parent=getattr(cast, parent))
    assert refused.value.code == "team_cycle"
    assert list(Team.objects.order_by("pk").values()) == before


def test_a_team_to_the_top(cast: Cast) -> None:
    team = save_team(actor=cast.hr, code="blue", name_en="Blue team", parent=None)
    assert team.path == f"/{team.pk}/"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"code": "Blue Team"}, "people_code", id="code"),
        pytest.param({"code": "ok"}, "people_name_missing", id="no name"),
        pytest.param({"code": "ok", "name_en": "x" * 121}, "text_too_long", id="long name"),
        pytest.param(
            {"code": "blue", "name_en": "Blue", "is_active": False}, "team_has_members", id="occupied"
        ),
        pytest.param(
            {"code": "empty", "name_en": "E", "is_active": False}, "team_has_children", id="open teams below"
        ),
    ],
)
def test_teams_that_are_refused(cast: Cast, values: dict[str, Any], code: str) -> None:
    TeamFactory(parent=TeamFactory(code="empty", parent=cast.company))
    parent = cast.shanghai if values["code"] == "blue" else cast.company
    before = list(Team.objects.order_by("pk").values())
    with pytest.raises(Refusal) as refused:
        save_team(actor=cast.hr, parent=parent, **values)
    assert refused.value.code == code
    assert list(Team.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("who", ["payroll", "auditor", "director", "agent"])
def test_only_hr_changes_teams_sites_and_jobs(cast: Cast, who: str) -> None:
    actor = getattr(cast, who)
    for service in (save_team, save_site, save_job):
        with pytest.raises(Refusal) as refused:
            service(actor=actor, code="new", name_en="New")
        assert refused.value.status == 403
    with pytest.raises(Refusal):
        appoint_leader(actor=actor, team=cast.chengdu, user=actor, from_day=JANUARY)
    assert not Team.objects.filter(code="new").exists()
    assert not Leadership.objects.filter(team=cast.chengdu).exists()


def test_an_unchanged_team_leaves_no_trace(cast: Cast) -> None:
    events = Team._meta.apps.get_model("people", "TeamEvent").objects
    count = events.count()
    blue = {"name_zh": "蓝队", "name_en": "Blue team", "parent": cast.shanghai}
    save_team(actor=cast.hr, code="blue", **blue)
    assert events.count() == count
    save_team(actor=cast.hr, code="blue", **(blue | {"name_en": "Blue"}))
    assert events.count() == count + 1


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        ("hr", {"company", "shanghai", "chengdu", "blue", "green"}),
        ("payroll", {"company", "shanghai", "chengdu", "blue", "green"}),
        ("auditor", {"company", "shanghai", "chengdu", "blue", "green"}),
        ("director", {"company", "shanghai", "chengdu", "blue", "green"}),
        ("site_manager", {"shanghai", "blue", "green"}),
        ("manager", {"blue"}),
        ("agent", {"blue"}),
        ("leaver", set()),
    ],
)
def test_visible_teams(cast: Cast, viewer: str, seen: set[str]) -> None:
    assert codes(visible_teams(getattr(cast, viewer))) == seen


def test_the_tree_counts_people_with_equal_queries(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as few:
        rows = team_tree(cast.hr)
    assert [(row["team"].code, row["depth"], row["members"], row["members_below"]) for row in rows] == [
        ("company", 0, 1, 9),
        ("chengdu", 1, 1, 1),
        ("shanghai", 1, 1, 7),
        ("blue", 2, 3, 3),
        ("green", 2, 3, 3),
    ]
    TeamFactory.create_batch(200, parent=cast.blue)
    with CaptureQueriesContext(connection) as many:
        assert len(team_tree(cast.hr)) == 205
    # The first reading also asked for the roles, which are then known.
    assert len(many) <= len(few)


def test_a_large_tree_is_shown_from_above(cast: Cast) -> None:
    TeamFactory.create_batch(20, parent=cast.blue)
    rows = team_tree(cast.hr, most=10)
    assert [(row["team"].code, row["hidden_below"], row["members_below"]) for row in rows] == [
        ("company", 20, 9),
        ("chengdu", 0, 1),
        ("shanghai", 20, 7),
        ("blue", 20, 3),
        ("green", 0, 3),
    ]
    below = team_tree(cast.hr, most=10, under=cast.blue)
    assert [row["depth"] for row in below] == [0] + [1] * 20  # two levels in any case
    assert not any(row["hidden_below"] for row in below)


def test_a_team_below_a_closed_one_stands_at_the_top(cast: Cast) -> None:
    Team.objects.filter(code="shanghai").update(is_active=False)
    found = {
        row["team"].code: (row["depth"], row["members"], row["members_below"]) for row in team_tree(cast.hr)
    }
    assert found == {
        "company": (0, 1, 2),
        "chengdu": (1, 1, 1),
        "blue": (0, 3, 3),
        "green": (0, 3, 3),
    }
    assert [row["team"].code for row in team_tree(cast.manager)] == ["blue"]


def test_teams_below_a_foreign_team_are_not_found(cast: Cast, client: Client) -> None:
    client.force_login(cast.manager, backend="people.authentication.LoginBackend")
    assert client.get("/people/teams/").status_code == 200
    assert client.get(f"/people/teams/?under={cast.blue.pk}").status_code == 200
    assert client.get(f"/people/teams/?under={cast.green.pk}").status_code == 404


def test_time_zone_of_the_site_above(cast: Cast) -> None:
    Site.objects.filter(code="cd").update(time_zone="Asia/Urumqi")
    assert time_zone_of(cast.agent) == "Asia/Shanghai"
    assert time_zone_of(cast.remote) == "Asia/Urumqi"
    assert time_zone_of(cast.director) is None
    with pytest.raises(Refusal) as refused:
        save_site(actor=cast.hr, code="cd", name_en="Chengdu", time_zone="Mars/Base")
    assert refused.value.code == "people_time_zone"


# Leaders -------------------------------------------------------------------------------------------------------------


def leaders(team: Team) -> list[tuple[str, str, str | None]]:
    return [
        (each.user.login, each.valid.lower.isoformat(), each.valid.upper and each.valid.upper.isoformat())
        for each in team.leaderships.select_related("user").order_by("valid")
    ]


def test_a_new_leader_ends_the_one_before(cast: Cast) -> None:
    appoint_leader(actor=cast.hr, team=cast.blue, user=cast.agent, from_day=JANUARY)
    assert leaders(cast.blue) == [("manager", "2024-01-01", "2026-01-01"), ("agent", "2026-01-01", None)]
    assert User.objects.get(pk=cast.agent.pk).is_manager


def test_nobody_leads_from_a_day(cast: Cast) -> None:
    appoint_leader(actor=cast.hr, team=cast.blue, user=None, from_day=JANUARY)
    assert leaders(cast.blue) == [("manager", "2024-01-01", "2026-01-01")]
    appoint_leader(actor=cast.hr, team=cast.blue, user=None, from_day=datetime.date(2024, 1, 1))
    assert leaders(cast.blue) == []


def test_the_database_allows_one_leader_at_a_time(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="one_leader_at_a_time"), transaction.atomic():
        LeadershipFactory(team=cast.blue, user=cast.agent, valid=days("2025-01-01"))


def test_an_auditor_and_a_leaver_lead_nothing(cast: Cast) -> None:
    for user, code in ((cast.auditor, "auditor_writes"), (cast.leaver, "leader_gone")):
        with pytest.raises(Refusal) as refused:
            appoint_leader(actor=cast.hr, team=cast.chengdu, user=user, from_day=JANUARY)
        assert refused.value.code == code
    assert leaders(cast.chengdu) == []


# Configuration documents ---------------------------------------------------------------------------------------------

DOCUMENT: dict[str, list[dict[str, Any]]] = {
    "sites": [{"code": "hz", "name": {"zh": "杭州", "en": "Hangzhou"}, "time_zone": "Asia/Shanghai"}],
    "jobs": [
        {
            "code": "coach",
            "name": {"en": "Coach"},
            "duties": [{"code": "coaching", "name": {"zh": "辅导", "en": "Coaching"}}],
        }
    ],
    "teams": [
        {"code": "child", "name": {"en": "Child"}, "parent": "top", "site": "hz"},
        {"code": "top", "name": {"zh": "总部", "en": "Top"}},
        {"code": "shut", "name": {"en": "Shut"}, "parent": "top", "is_active": False},
    ],
}
LOADERS = {
    "sites": configuration.load_sites,
    "jobs": configuration.load_jobs,
    "teams": configuration.load_teams,
}


def load(document: dict[str, Any], actor: User | None = None) -> list[str]:
    problems = Problems()
    for name, loader in LOADERS.items():
        loader(document.get(name), actor=actor, problems=problems, path=(name,))
    return [f"{problem.place}: {problem.code}" for problem in problems]


def dump() -> dict[str, Any]:
    return {
        "sites": configuration.dump_sites(),
        "jobs": configuration.dump_jobs(),
        "teams": configuration.dump_teams(),
    }


def test_dump_load_dump_is_identical(db: None) -> None:
    assert load(DOCUMENT) == []
    first = dump()
    assert [team["code"] for team in first["teams"]] == ["top", "child", "shut"]
    assert load(first) == []
    assert write_document(dump()) == write_document(first)
    assert (Site.objects.count(), Job.objects.count(), Team.objects.count()) == (1, 1, 3)
    assert first["jobs"] == DOCUMENT["jobs"]


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        pytest.param({"sites": "no list"}, ["sites: document_list"], id="no list"),
        pytest.param({"sites": [{"code": "a"}]}, ["sites[0].name: document_missing"], id="no name"),
        pytest.param(
            {"sites": [{"code": "a", "name": {"en": "A"}, "time_zone": "Nowhere"}]},
            ["sites[0].time_zone: people_time_zone"],
            id="time zone",
        ),
        pytest.param(
            {"jobs": [{"code": "a", "name": {"en": "A"}, "duty": []}]},
            ["jobs[0].duty: document_unknown_key"],
            id="key",
        ),
        pytest.param(
            {"jobs": [{"code": "a", "name": {"en": "A"}}, {"code": "a", "name": {"en": "B"}}]},
            ["jobs[1].code: document_twice"],
            id="twice",
        ),
        pytest.param(
            {"teams": [{"code": "a", "name": {"en": "A"}, "parent": "ghost"}]},
            ["teams[0].parent: team_unknown"],
            id="unknown parent",
        ),
        pytest.param(
            {"teams": [{"code": "a", "name": {"en": "A"}, "site": "ghost"}]},
            ["teams[0].site: site_unknown"],
            id="unknown site",
        ),
        pytest.param(
            {
                "teams": [
                    {"code": "a", "name": {"en": "A"}, "parent": "b"},
                    {"code": "b", "name": {"en": "B"}, "parent": "a"},
                ]
            },
            ["teams[0].parent: team_cycle", "teams[1].parent: team_cycle"],
            id="circle",
        ),
        pytest.param(
            {"teams": [{"code": "A b", "name": {"en": "A"}}]}, ["teams[0].code: people_code"], id="code"
        ),
    ],
)
def test_documents_that_are_wrong_say_where(db: None, document: dict[str, Any], problems: list[str]) -> None:
    assert load(document) == problems
