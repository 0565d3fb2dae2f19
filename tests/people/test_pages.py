"""The pages about people: who gets in, what is on them, what they do; equal queries for 10 and 200 rows."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from people.models import Job, Membership, RoleGrant, Site, Team, User
from tests.cast import Cast
from tests.factories import PASSWORD, MembershipFactory

SignIn = Callable[[User], Client]

ROLES = ("hr", "payroll", "auditor", "director", "manager", "agent", "leaver")
READS = {"hr", "payroll", "auditor", "director", "manager"}
#: page: (who may GET it)
DOORS: dict[str, set[str]] = {
    "people:employees": READS,
    "people:teams": READS,
    "people:sites": READS,
    "people:jobs": READS,
    "people:employee_create": {"hr"},
    "people:team_create": {"hr"},
    "people:site_create": {"hr"},
    "people:job_create": {"hr"},
    "people:account": {*READS, "agent"},
    "people:password": {*READS, "agent"},
}


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("who", ROLES)
def test_who_gets_in(cast: Cast, sign_in: SignIn, page: str, who: str) -> None:
    status = sign_in(getattr(cast, who)).get(reverse(page)).status_code
    # The leaver's session is no session: the sign-in page.
    assert status == (200 if who in DOORS[page] else 302 if who == "leaver" else 403)


SEES_AGENT = {"hr", "payroll", "auditor", "director", "site_manager", "manager", "agent"}


@pytest.mark.parametrize("who", sorted(SEES_AGENT | {"peer", "outsider", "other_manager", "remote"}))
def test_who_sees_the_page_of_the_agent(cast: Cast, sign_in: SignIn, who: str) -> None:
    response = sign_in(getattr(cast, who)).get(reverse("people:employee", args=[cast.agent.pk]))
    assert response.status_code == (200 if who in SEES_AGENT else 404)
    if response.status_code == 200:
        sees_pay = who in {"hr", "payroll", "auditor", "agent"}
        assert ("6,000.00" in response.content.decode()) is sees_pay


@pytest.mark.parametrize("pk", ["0", "999999999", "9223372036854775808", "1" + "0" * 400])
def test_ids_that_are_nobody(cast: Cast, sign_in: SignIn, pk: str) -> None:
    client = sign_in(cast.hr)
    for address in (f"/people/{pk}/", f"/people/teams/{pk}/", f"/people/sites/{pk}/", f"/people/jobs/{pk}/"):
        assert client.get(address).status_code == 404


WRITES = {
    "people:employee_transfer": {"team": "green", "job": "agent", "from_day": "2025-10-20"},
    "people:employee_end": {"last_day": "2025-10-20"},
    "people:employee_roles": {"role": "payroll", "change": "grant"},
    "people:employee_access": {"change": "close"},
    "people:set_password": {},
    "people:employee_edit": {"name": "Other", "employee_number": "E0004", "login": "x", "locale": "en"},
}


@pytest.mark.parametrize("page", WRITES)
@pytest.mark.parametrize("who", ["payroll", "auditor", "director", "manager", "agent", "outsider"])
def test_only_hr_writes_and_nothing_changes_otherwise(
    cast: Cast, sign_in: SignIn, page: str, who: str
) -> None:
    before = (
        list(User.objects.order_by("pk").values().exclude(pk=getattr(cast, who).pk)),
        list(Membership.objects.order_by("pk").values()),
        list(RoleGrant.objects.order_by("pk").values()),
    )
    values: dict[str, Any] = dict(WRITES[page])
    if "team" in values:
        values |= {"team": cast.green.pk, "job": cast.job_agent.pk}
    response = sign_in(getattr(cast, who)).post(reverse(page, args=[cast.agent.pk]), values)
    assert response.status_code == 403
    after = (
        list(User.objects.order_by("pk").values().exclude(pk=getattr(cast, who).pk)),
        list(Membership.objects.order_by("pk").values()),
        list(RoleGrant.objects.order_by("pk").values()),
    )
    assert after == before


def test_the_list_finds_filters_and_pages_with_equal_queries(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    address = reverse("people:employees")

    def queries(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address, query).status_code == 200
        return len(captured)

    few = queries(), queries(q="w", team=str(cast.shanghai.pk))
    MembershipFactory.create_batch(200, team=cast.blue, job=cast.job_agent)
    assert (queries(), queries(q="w", team=str(cast.shanghai.pk))) == few


def names_on(response: Any) -> list[str]:
    return [person.name for person in response.context["people"]]


def test_paging_by_name_meets_everyone_once(cast: Cast, sign_in: SignIn) -> None:
    MembershipFactory.create_batch(120, team=cast.blue, job=cast.job_agent)
    client = sign_in(cast.hr)
    response = client.get(reverse("people:employees"))
    seen = names_on(response)
    pages = 1
    while cursor := response.context["page"].next:
        response = client.get(reverse("people:employees"), {"cursor": cursor})
        seen += names_on(response)
        pages += 1
    expected = User.objects.filter(employee_number__isnull=False, left_on__isnull=True)
    assert seen == [person.name for person in expected.order_by("name_sort", "pk")]
    assert pages == 3
    back = client.get(reverse("people:employees"), {"cursor": response.context["page"].previous})
    assert names_on(back) == seen[50:100]


@pytest.mark.parametrize("cursor", ["nonsense", "x" * 5000, "😀", "' OR 1=1 --"])
def test_a_bent_cursor_is_a_bad_request(cast: Cast, sign_in: SignIn, cursor: str) -> None:
    assert sign_in(cast.hr).get(reverse("people:employees"), {"cursor": cursor}).status_code == 400


def test_what_the_list_shows(cast: Cast, sign_in: SignIn) -> None:
    hr, manager = sign_in(cast.hr), sign_in(cast.manager)
    address = reverse("people:employees")
    assert "周舟" not in names_on(hr.get(address))
    assert names_on(hr.get(address, {"show": "left"})) == ["周舟"]
    assert set(names_on(hr.get(address, {"show": "accounts"}))) == {"何珊", "Pat Roll", "Audrey Torres"}
    assert names_on(manager.get(address)) == ["Li Na", "孙丽", "王伟"]
    assert set(names_on(manager.get(address, {"show": "accounts"}))) == {"Li Na", "孙丽", "王伟"}
    assert names_on(manager.get(address, {"team": str(cast.green.pk)})) == ["Li Na", "孙丽", "王伟"], (
        "not theirs"
    )
    assert names_on(hr.get(address, {"q": "zhengkai"})) == ["郑凯"]
    empty = hr.get(address, {"q": "nobody at all"})
    assert "components/empty.html" in [template.name for template in empty.templates]


def test_hr_transfers_and_ends(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    page = reverse("people:employee", args=[cast.agent.pk])
    response = client.post(
        reverse("people:employee_transfer", args=[cast.agent.pk]),
        {"team": cast.green.pk, "job": cast.job_agent.pk, "from_day": "2025-10-20"},
    )
    assert (response.status_code, response["Location"]) == (302, page)
    assert cast.agent.memberships.get(valid__contains=datetime.date(2025, 10, 20)).team == cast.green
    response = client.post(reverse("people:employee_end", args=[cast.agent.pk]), {"last_day": "2025-12-31"})
    assert response.status_code == 302
    assert User.objects.get(pk=cast.agent.pk).left_on == datetime.date(2025, 12, 31)


@pytest.mark.parametrize(
    "day",
    [
        pytest.param("2023-01-01", id="before hiring"),
        pytest.param("soon", id="no day"),
        pytest.param("", id="nothing"),
        pytest.param("9999-12-31", id="the end of days"),
        pytest.param("0001-01-01", id="the beginning of days"),
    ],
)
def test_a_bad_day_stands_at_its_field_with_what_was_typed(cast: Cast, sign_in: SignIn, day: str) -> None:
    client = sign_in(cast.hr)
    for page, field in (("people:employee_transfer", "from_day"), ("people:employee_end", "last_day")):
        values = {"team": cast.green.pk, "job": cast.job_agent.pk, field: day}
        response = client.post(reverse(page, args=[cast.agent.pk]), values)
        assert response.status_code == 422
        assert response.context["form"].errors[field]
        assert response.context["form"][field].value() == day
    assert cast.agent.memberships.get().team == cast.blue


def test_hr_adds_a_person_and_comes_to_their_team(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    values = {
        "name": "孔明",
        "employee_number": "N1",
        "locale": "zh-hans",
        "hired_on": "2025-10-01",
        "aliases": "a；b",
    }
    response = client.post(reverse("people:employee_create"), values)
    person = User.objects.get(employee_number="N1")
    assert response["Location"] == reverse("people:employee_transfer", args=[person.pk])
    assert (person.aliases, person.login) == (["a", "b"], "n1")
    twice = client.post(reverse("people:employee_create"), values)
    assert twice.status_code == 422
    assert set(twice.context["form"].errors) == {"login"}


def test_mass_assignment_changes_nothing_else(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    client.post(
        reverse("people:employee_edit", args=[cast.agent.pk]),
        {
            "name": "王伟", "employee_number": "E0004", "login": "agent", "locale": "en", "is_superuser": "1",
            "is_staff": "1", "password": "x", "left_on": "2025-01-01", "is_active": "", "roles": "hr",
        },
    )  # fmt: skip
    agent = User.objects.get(pk=cast.agent.pk)
    assert (agent.is_superuser, agent.left_on, agent.is_active, agent.roles) == (
        False,
        None,
        True,
        {"employee"},
    )
    assert agent.check_password(PASSWORD)


def test_roles_on_the_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    address = reverse("people:employee_roles", args=[cast.agent.pk])
    client.post(address, {"role": "payroll", "change": "grant"})
    assert RoleGrant.objects.filter(user=cast.agent, role="payroll", granted_by=cast.hr).exists()
    client.post(address, {"role": "payroll", "change": "revoke"})
    assert not RoleGrant.objects.filter(user=cast.agent).exists()
    refused = client.post(
        reverse("people:employee_roles", args=[cast.hr.pk]), {"role": "payroll"}, follow=True
    )
    assert [message.level_tag for message in refused.context["messages"]][-1] == "error"
    assert not RoleGrant.objects.filter(user=cast.hr, role="payroll").exists()
    client.post(address, {"role": "king"})
    assert not RoleGrant.objects.filter(user=cast.agent).exists()


def test_closing_and_opening_an_account(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    address = reverse("people:employee_access", args=[cast.agent.pk])
    client.post(address, {"change": "close"})
    assert not User.objects.get(pk=cast.agent.pk).is_active
    client.post(address, {"change": "open"})
    assert User.objects.get(pk=cast.agent.pk).is_active


def test_teams_sites_and_jobs_in_forms(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    client.post(
        reverse("people:site_create"), {"code": "HZ", "name_zh": "杭州", "time_zone": "Asia/Shanghai"}
    )
    site = Site.objects.get(code="hz")
    client.post(
        reverse("people:team_create"),
        {"code": "red", "name_en": "Red", "parent": cast.shanghai.pk, "site": site.pk, "is_active": "on"},
    )
    red = Team.objects.get(code="red")
    assert red.path == f"{cast.shanghai.path}{red.pk}/"
    client.post(
        reverse("people:team_edit", args=[red.pk]),
        {"code": "hacked", "name_en": "Red", "parent": cast.chengdu.pk, "is_active": "on"},
    )
    red.refresh_from_db()
    assert (red.code, red.parent, red.site) == ("red", cast.chengdu, None)
    circle = client.post(
        reverse("people:team_edit", args=[cast.shanghai.pk]),
        {"name_en": "S", "parent": cast.blue.pk, "is_active": "on"},
    )
    assert circle.status_code == 422
    assert set(circle.context["form"].errors) == {"parent"}
    client.post(
        reverse("people:job_create"),
        {"code": "coach", "name_en": "Coach", "duties": "coaching | 辅导 | Coaching\n"},
    )
    job = Job.objects.get(code="coach")
    assert job.duties == [{"code": "coaching", "name_zh": "辅导", "name_en": "Coaching"}]
    shown = client.get(reverse("people:job_edit", args=[job.pk]))
    assert shown.context["form"]["duties"].value() == "coaching | 辅导 | Coaching"
    for page, values in (
        ("people:team_create", {"code": "red", "name_en": "Red", "is_active": "on"}),
        ("people:site_create", {"code": "hz", "name_en": "Hz", "time_zone": "Asia/Shanghai"}),
        ("people:job_create", {"code": "coach", "name_en": "C"}),
    ):
        response = client.post(reverse(page), values)
        assert (response.status_code, set(response.context["form"].errors)) == (422, {"code"})


def test_appointing_a_leader(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    address = reverse("people:team_leader", args=[cast.chengdu.pk])
    client.post(address, {"leader": "e0009", "from_day": "2025-11-01"})
    assert cast.chengdu.leaderships.get().user == cast.remote
    for leader in ("ghost", "auditor", "leaver"):
        response = client.post(address, {"leader": leader, "from_day": "2025-12-01"})
        assert (response.status_code, set(response.context["form"].errors)) == (422, {"leader"})
    assert cast.chengdu.leaderships.get().valid.upper is None


def test_script_in_a_name_stays_text(cast: Cast, sign_in: SignIn) -> None:
    User.objects.filter(pk=cast.agent.pk).update(
        name='<script>alert("x")</script>', aliases=["<img src=x onerror=1>"]
    )
    client = sign_in(cast.hr)
    for address in (reverse("people:employees"), reverse("people:employee", args=[cast.agent.pk])):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page
