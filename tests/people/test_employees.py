"""Who sees whom, in one query; placing, moving and leaving."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from foundation.refusals import Refusal
from people.models import Membership, User
from people.selectors.compensation import compensation_on, visible_compensations
from people.selectors.employees import (
    employees_led_by,
    get_employee_for,
    search_people,
    visible_employees,
    visible_people,
    with_place,
)
from people.selectors.leaders import manager_of, raters_for
from people.services.employees import end_employment, place_employee, save_employee
from tests.cast import Cast
from tests.factories import LeadershipFactory, MembershipFactory, TeamFactory, UserFactory, days

EVERYONE = {
    "director", "site_manager", "manager", "agent", "peer", "leaver", "mover", "other_manager", "outsider", "remote",
}  # fmt: skip
#: Whom each person sees today, beside nobody else. The leaver is in no team any more; the mover is in green.
SEEN_TODAY = {
    "hr": EVERYONE,
    "payroll": EVERYONE,
    "auditor": EVERYONE,
    "director": EVERYONE - {"leaver"},
    "site_manager": {"site_manager", "manager", "agent", "peer", "other_manager", "outsider", "mover"},
    "manager": {"manager", "agent", "peer"},
    "other_manager": {"other_manager", "outsider", "mover"},
    "agent": {"agent"},
    "peer": {"peer"},
    "outsider": {"outsider"},
    "remote": {"remote"},
    "mover": {"mover"},
    "leaver": set(),
}


@pytest.mark.parametrize("viewer", sorted(SEEN_TODAY))
def test_each_person_sees_exactly_these(cast: Cast, viewer: str) -> None:
    assert cast.names(visible_employees(getattr(cast, viewer))) == SEEN_TODAY[viewer]


def test_the_table_of_visibility_has_a_row_for_everyone_in_the_cast(cast: Cast) -> None:
    assert set(SEEN_TODAY) == cast.names(cast.people)


@pytest.mark.parametrize("viewer", sorted(SEEN_TODAY))
def test_visibility_is_one_query_beside_the_roles(cast: Cast, viewer: str) -> None:
    user = getattr(cast, viewer)
    assert user.roles is not None
    with CaptureQueriesContext(
        connection,
    ) as queries:
        list(visible_employees(user))
    assert len(queries) == (0 if viewer == "leaver" else 1)


def test_of_a_period_a_manager_sees_whoever_was_a_member_on_any_day(cast: Cast) -> None:
    period = {"first": cast.first_day, "last": cast.last_day}
    assert cast.names(visible_employees(cast.manager, **period)) == {
        "manager",
        "agent",
        "peer",
        "leaver",
        "mover",
    }
    later = {"first": datetime.date(2025, 11, 1), "last": datetime.date(2025, 11, 30)}
    assert cast.names(visible_employees(cast.manager, **later)) == {"manager", "agent", "peer"}


def test_of_a_day_a_manager_sees_the_members_of_that_day(cast: Cast) -> None:
    assert "mover" in cast.names(visible_employees(cast.manager, on=datetime.date(2025, 10, 10)))
    assert "mover" not in cast.names(visible_employees(cast.manager, on=datetime.date(2025, 10, 11)))


def test_the_leadership_of_today_decides_not_that_of_the_period(cast: Cast) -> None:
    former = UserFactory()
    LeadershipFactory(team=TeamFactory(parent=cast.blue), user=former, valid=days(until="2025-11-01"))
    seen = visible_employees(former, first=cast.first_day, last=cast.last_day)
    assert list(seen) == [former]


@pytest.mark.parametrize("viewer", ["inactive", "left", "anonymous"])
def test_who_may_not_sign_in_sees_nobody(cast: Cast, viewer: str) -> None:
    if viewer == "inactive":
        cast.manager.is_active = False
    elif viewer == "left":
        cast.manager.left_on = datetime.date(2025, 1, 1)
    user: Any = AnonymousUser() if viewer == "anonymous" else cast.manager
    assert list(visible_employees(user)) == []
    assert not visible_people(user).exists()


def test_a_foreign_and_a_missing_id_are_answered_alike(cast: Cast) -> None:
    for pk in (cast.outsider.pk, 999_999_999, 2**63, 10**30, 0):
        with pytest.raises(Http404):
            get_employee_for(cast.agent, pk)
    assert get_employee_for(cast.agent, cast.agent.pk) == cast.agent


def test_accounts_without_a_number_are_seen_by_hr_and_auditors_only(cast: Cast) -> None:
    assert cast.payroll in visible_people(cast.hr)
    assert cast.hr in visible_people(cast.auditor)
    assert cast.hr not in visible_people(cast.payroll)
    assert cast.payroll in visible_people(cast.payroll)
    assert cast.payroll not in visible_people(cast.director)


def test_whom_a_leader_leads_never_includes_the_leader(cast: Cast) -> None:
    assert cast.names(employees_led_by(cast.manager)) == {"agent", "peer"}
    october = cast.first_day
    assert cast.names(employees_led_by(cast.manager, october)) == {"agent", "peer", "leaver", "mover"}
    assert cast.names(employees_led_by(cast.agent)) == set()


# Who judges whom -----------------------------------------------------------------------------------------------------


def test_the_nearest_leader_above_judges(cast: Cast) -> None:
    raters = raters_for([user.pk for user in cast.employees], cast.last_day)
    named = {cast.name_of(who): rater and cast.name_of(rater) for who, rater in raters.items()}
    assert named == {
        "agent": "manager",
        "peer": "manager",
        "leaver": "manager",  # of the team in which they were last
        "mover": "other_manager",
        "outsider": "other_manager",
        "manager": "site_manager",  # who leads a team is judged from above
        "other_manager": "site_manager",
        "site_manager": "director",
        "remote": "director",  # Chengdu has no leader
        "director": None,
    }


def test_raters_of_many_cost_one_query(cast: Cast) -> None:
    MembershipFactory.create_batch(200, team=cast.blue, job=cast.job_agent)
    ids = list(User.objects.filter(employee_number__isnull=False).values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as queries:
        raters = raters_for(ids)
    assert len(queries) == 1
    assert len(raters) == 210
    assert raters_for([]) == {}


def test_manager_of_follows_a_transfer(cast: Cast) -> None:
    assert manager_of(cast.mover, datetime.date(2025, 10, 10)) == cast.manager
    assert manager_of(cast.mover, datetime.date(2025, 10, 11)) == cast.other_manager
    assert manager_of(cast.director) is None
    assert manager_of(UserFactory()) is None


# Search --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("王伟", {"agent"}, id="Chinese name"),
        pytest.param("王", {"agent"}, id="part of a Chinese name"),
        pytest.param("wangwei", {"agent"}, id="pinyin without blank"),
        pytest.param("Wang W", {"agent"}, id="pinyin with blank and capitals"),
        pytest.param("ww", {"agent"}, id="initials"),
        pytest.param("zz", {"director", "leaver"}, id="initials of two people"),
        pytest.param("li na", {"peer"}, id="Latin name"),
        pytest.param("E0005", {"peer"}, id="number"),
        pytest.param("E0005", {"peer"}, id="full-width number"),
        pytest.param("100%_", set(), id="wildcards of LIKE mean themselves"),
        pytest.param("wang.*", set(), id="a pattern means itself"),
    ],
)
def test_search(cast: Cast, text: str, found: set[str]) -> None:
    assert cast.names(search_people(visible_employees(cast.hr), text)) == found


def test_the_place_of_each_comes_in_one_more_query(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as queries:
        places = {person.pk: person.place for person in with_place(visible_employees(cast.hr))}
        teams = {pk: place[0].team.code for pk, place in places.items() if place}
    assert teams[cast.mover.pk] == "green"
    assert places[cast.leaver.pk] == []
    assert len(queries) <= 4  # roles (2), people, places


# Salaries ------------------------------------------------------------------------------------------------------------


def test_who_sees_a_salary(cast: Cast) -> None:
    for user in (cast.hr, cast.payroll, cast.auditor):
        assert visible_compensations(user).count() == 10
    assert [each.user for each in visible_compensations(cast.agent)] == [cast.agent]
    assert [each.user for each in visible_compensations(cast.director)] == [cast.director]
    assert not visible_compensations(cast.leaver).exists()


def test_salaries_of_a_day(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as queries:
        october = compensation_on([cast.agent.pk, cast.leaver.pk], cast.first_day)
    assert len(queries) == 1
    assert october[cast.leaver.pk].currency == "CNY"
    assert set(compensation_on([cast.agent.pk, cast.leaver.pk], cast.last_day)) == {cast.agent.pk}


def test_salaries_of_many_are_those_asked_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many are read by the range of their ids; whoever lies between them and was not asked for stays out."""
    everybody = sorted(compensation_on([user.pk for user in cast.employees], cast.first_day))
    asked = [everybody[0], everybody[-1]]
    few = compensation_on(asked, cast.first_day)
    monkeypatch.setattr("people.selectors.compensation.MANY", 2)
    assert compensation_on(asked, cast.first_day) == few
    assert sorted(few) == asked
    assert len(everybody) > 2


# Memberships ---------------------------------------------------------------------------------------------------------


def places(user: User) -> list[tuple[str, str, str | None]]:
    return [
        (each.team.code, each.valid.lower.isoformat(), each.valid.upper and each.valid.upper.isoformat())
        for each in user.memberships.order_by("valid")
    ]


def test_the_database_refuses_an_overlap(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="one_membership_at_a_time"), transaction.atomic():
        MembershipFactory(
            user=cast.agent, team=cast.green, job=cast.job_agent, valid=days("2025-06-01", "2025-06-02")
        )
    assert places(cast.agent) == [("blue", "2024-01-01", None)]


def test_a_transfer_closes_the_present_place_the_day_before(cast: Cast) -> None:
    placed = place_employee(
        actor=cast.hr,
        user=cast.agent,
        team=cast.green,
        job=cast.job_agent,
        from_day=datetime.date(2025, 10, 20),
    )
    assert placed.team == cast.green
    assert places(cast.agent) == [("blue", "2024-01-01", "2025-10-20"), ("green", "2025-10-20", None)]


def test_the_same_place_again_changes_nothing(cast: Cast) -> None:
    place_employee(
        actor=cast.hr, user=cast.agent, team=cast.blue, job=cast.job_agent, from_day=datetime.date(2025, 3, 1)
    )
    assert places(cast.agent) == [("blue", "2024-01-01", None)]


def test_a_transfer_before_a_known_one_lasts_until_it(cast: Cast) -> None:
    place_employee(
        actor=cast.hr,
        user=cast.mover,
        team=cast.chengdu,
        job=cast.job_agent,
        from_day=datetime.date(2025, 6, 1),
    )
    assert places(cast.mover) == [
        ("blue", "2024-01-01", "2025-06-01"),
        ("chengdu", "2025-06-01", "2025-10-11"),
        ("green", "2025-10-11", None),
    ]


def test_a_place_corrected_on_its_first_day_is_replaced(cast: Cast) -> None:
    place_employee(
        actor=cast.hr,
        user=cast.mover,
        team=cast.blue,
        job=cast.job_agent,
        from_day=datetime.date(2025, 10, 11),
    )
    assert places(cast.mover) == [("blue", "2024-01-01", None)]


def test_the_last_day_ends_place_and_leadership(cast: Cast) -> None:
    end_employment(actor=cast.hr, user=cast.manager, last_day=datetime.date(2025, 11, 30))
    assert places(cast.manager) == [("blue", "2024-01-01", "2025-12-01")]
    assert cast.manager.leaderships.get().valid.upper == datetime.date(2025, 12, 1)
    assert User.objects.get(pk=cast.manager.pk).roles == frozenset()


def test_a_last_day_can_be_corrected_both_ways(cast: Cast) -> None:
    for day, until in ((20, "2025-10-21"), (5, "2025-10-06"), (15, "2025-10-16")):
        end_employment(actor=cast.hr, user=cast.leaver, last_day=datetime.date(2025, 10, day))
        assert places(cast.leaver) == [("blue", "2024-01-01", until)]
        assert cast.leaver.left_on == datetime.date(2025, 10, day)


def test_later_places_go_with_the_last_day(cast: Cast) -> None:
    end_employment(actor=cast.hr, user=cast.mover, last_day=datetime.date(2025, 10, 1))
    assert places(cast.mover) == [("blue", "2024-01-01", "2025-10-02")]


def test_who_comes_back_is_on_the_roster_again(cast: Cast) -> None:
    place_employee(
        actor=cast.hr,
        user=cast.leaver,
        team=cast.green,
        job=cast.job_agent,
        from_day=datetime.date(2026, 2, 1),
    )
    assert places(cast.leaver) == [("blue", "2024-01-01", "2025-10-16"), ("green", "2026-02-01", None)]
    assert User.objects.get(pk=cast.leaver.pk).left_on is None


@pytest.mark.parametrize("who", ["payroll", "auditor", "director", "manager", "agent"])
def test_only_hr_places_people(cast: Cast, who: str) -> None:
    actor = getattr(cast, who)
    before = list(Membership.objects.order_by("pk").values())
    with pytest.raises(Refusal) as refused:
        place_employee(
            actor=actor, user=cast.agent, team=cast.green, job=cast.job_agent, from_day=cast.first_day
        )
    assert (refused.value.code, refused.value.status) == ("people_hr_only", 403)
    with pytest.raises(Refusal):
        end_employment(actor=actor, user=cast.agent, last_day=cast.first_day)
    with pytest.raises(Refusal):
        save_employee(actor=actor, user=cast.agent, name="Someone else")
    assert list(Membership.objects.order_by("pk").values()) == before
    assert User.objects.get(pk=cast.agent.pk).name == "王伟"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"from_day": datetime.date(2023, 12, 31)}, "placed_before_hired", id="before hiring"),
        pytest.param({"team": "closed"}, "team_closed", id="closed team"),
        pytest.param({"user": "hr"}, "number_needed", id="account without a number"),
    ],
)
def test_places_that_are_refused(cast: Cast, change: dict[str, Any], code: str) -> None:
    values: dict[str, Any] = {"user": cast.agent, "team": cast.green, "from_day": cast.first_day}
    if change.get("team") == "closed":
        change = {"team": TeamFactory(is_active=False)}
    if "user" in change:
        change = {"user": cast.hr}
    with pytest.raises(Refusal) as refused:
        place_employee(actor=cast.hr, job=cast.job_agent, **(values | change))
    assert refused.value.code == code
    assert places(cast.agent) == [("blue", "2024-01-01", None)]


# Details -------------------------------------------------------------------------------------------------------------


def test_a_new_person_cannot_sign_in_until_a_password_is_given(cast: Cast) -> None:
    person = save_employee(actor=cast.hr, name=" 单 雄信 ", employee_number="E9001")
    assert person.login == "e9001"
    assert person.name_sort == "shan xiong xin"
    assert not person.has_usable_password()


@pytest.mark.parametrize(
    "login",
    [
        pytest.param("AGENT", id="capitals"),
        pytest.param("agent", id="full-width letters"),
        pytest.param("ⓐgent", id="circled letter"),
        pytest.param("E0005", id="another person's number"),
        pytest.param("e0005", id="another person's number in small letters"),
    ],
)
def test_look_alike_logins_are_one_login(cast: Cast, login: str) -> None:
    with pytest.raises(Refusal) as refused:
        save_employee(actor=cast.hr, user=cast.outsider, name="郑凯", employee_number="E0008", login=login)
    assert refused.value.code == "login_taken"
    assert User.objects.get(pk=cast.outsider.pk).login == "outsider"


@pytest.mark.parametrize(
    "login",
    [
        pytest.param("two words", id="blank"),
        pytest.param("a\u200bb", id="zero-width space"),
        pytest.param("a\u202eb", id="bidirectional override"),
        pytest.param("a\x00b", id="NUL"),
        pytest.param("x" * 81, id="too long"),
    ],
)
def test_logins_that_cannot_be_seen_are_refused(cast: Cast, login: str) -> None:
    with pytest.raises(Refusal) as refused:
        save_employee(actor=cast.hr, name="New", login=login)
    assert refused.value.code == "login_invalid"


def test_the_database_holds_logins_in_canonical_form_whoever_writes_them(db: None) -> None:
    UserFactory(login="Zoë")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(login="ZOË")


def test_pinyin_order(db: None) -> None:
    names = ["汪洋", "王伟", "Wang Fei", "曾志", "单雄", "Adam", "李娜", "吕布", "欧阳修", "王安"]
    for name in names:
        save_employee(actor=None, name=name, login=f"x{names.index(name)}")
    ordered = [person.name for person in User.objects.order_by("name_sort", "pk")]
    assert ordered == ["Adam", "李娜", "吕布", "欧阳修", "单雄", "王安", "Wang Fei", "王伟", "汪洋", "曾志"]


def grades(person: User) -> list[tuple[str, str]]:
    return [(each.grade, each.valid.lower.isoformat()) for each in person.memberships.order_by("valid").all()]


def test_a_grade_holds_by_date_and_stays_over_a_transfer(cast: Cast) -> None:
    for team, day, grade in (
        (cast.blue, datetime.date(2025, 3, 1), "P3"),
        (cast.green, datetime.date(2025, 10, 20), None),
        (cast.green, datetime.date(2025, 11, 1), "P4"),
    ):
        place_employee(
            actor=cast.hr, user=cast.agent, team=team, job=cast.job_agent, from_day=day, grade=grade
        )
    assert grades(cast.agent) == [
        ("", "2024-01-01"),
        ("P3", "2025-03-01"),
        ("P3", "2025-10-20"),
        ("P4", "2025-11-01"),
    ]


def test_a_grade_too_long_is_refused(cast: Cast) -> None:
    with pytest.raises(Refusal, match="20"):
        place_employee(
            actor=cast.hr,
            user=cast.agent,
            team=cast.green,
            job=cast.job_agent,
            from_day=datetime.date(2025, 10, 20),
            grade="P" * 21,
        )
    assert places(cast.agent) == [("blue", "2024-01-01", None)]
