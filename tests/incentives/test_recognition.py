"""Recognition: who may award whom, limits, circles, budgets under concurrency, points, rules, the wall."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone, translation

from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from incentives.models import Award, AwardKind, AwardWithdrawal, PointEntry, SpotBudget, WallChoice
from incentives.selectors import award_rules, recognition
from incentives.services.award_kinds import adopt_shipped_kinds, save_award_kind
from incentives.services.recognition import (
    choose_wall,
    give_award,
    redeem_points,
    run_award_rules,
    set_budget,
    withdraw_award,
)
from people.models import User
from tests.cast import Cast, build_cast

WHY = "Calmed an angry caller for half an hour"
OCTOBER = datetime.date(2025, 10, 1)


def kind(giver: str = "colleague", **more: Any) -> AwardKind:
    return AwardKind.objects.create(
        **{"code": giver, "giver": giver, "name_en": giver.title(), "points": 10, "monthly_limit": 2, **more}
    )


def refusal(call: Any, **given: Any) -> str:
    with pytest.raises(Refusal) as refused:
        call(**given)
    return refused.value.code


def nothing_was_given() -> bool:
    return not Award.objects.exists() and not PointEntry.objects.exists() and not Notice.objects.exists()


# Giving -----------------------------------------------------------------------------------------------------------


def test_an_award_brings_its_points_and_is_told(cast: Cast) -> None:
    award = give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=f"  {WHY}\n ")
    assert award.citation == WHY
    assert recognition.balance_of(cast.peer) == 10
    assert recognition.balance_of(cast.agent) == 0
    notice = Notice.objects.get()
    assert (notice.recipient, notice.topic) == (cast.peer, "award.given")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"receiver": "agent"}, "award_self", id="oneself"),
        pytest.param({"receiver": "leaver"}, "award_gone", id="somebody who left"),
        pytest.param({"receiver": "hr"}, "award_gone", id="an account that is not on the roster"),
        pytest.param({"citation": "thanks"}, "award_citation_short", id="without saying why"),
        pytest.param({"citation": "x" * 401}, "award_citation_long", id="a novel"),
        pytest.param({"actor": "auditor"}, "award_not_yours", id="by somebody who is no colleague"),
    ],
)
def test_what_is_refused_gives_nothing(cast: Cast, given: dict[str, str], code: str) -> None:
    call = {"actor": "agent", "receiver": "peer", **given}
    found = refusal(
        give_award,
        actor=getattr(cast, call["actor"]),
        kind=kind(),
        receiver=getattr(cast, call["receiver"]),
        citation=call.get("citation", WHY),
    )
    assert found == code
    assert nothing_was_given()


def test_a_kind_of_a_rule_or_out_of_use_is_not_given_by_people(cast: Cast) -> None:
    rule = kind("rule", rule={"kind": "milestone", "years": [1]})
    closed = kind(is_active=False)
    for each in (rule, closed):
        assert (
            refusal(give_award, actor=cast.agent, kind=each, receiver=cast.peer, citation=WHY)
            == "award_kind_closed"
        )
    assert nothing_was_given()


def test_a_colleague_has_few_a_month_and_one_for_each(cast: Cast) -> None:
    thanks = kind()
    with time_machine.travel("2025-11-10T02:00:00Z", tick=False):
        give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
        again = {"actor": cast.agent, "kind": thanks, "citation": WHY}
        assert refusal(give_award, receiver=cast.peer, **again) == "award_same_person"
        give_award(receiver=cast.outsider, **again)
        assert refusal(give_award, receiver=cast.remote, **again) == "award_limit"
    with time_machine.travel("2025-12-01T02:00:00Z", tick=False):
        give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
    assert recognition.balance_of(cast.peer) == 20


def test_what_was_withdrawn_has_used_up_its_place(cast: Cast) -> None:
    thanks = kind(monthly_limit=1)
    award = give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
    withdraw_award(actor=cast.hr, award=award, reason="A joke")
    assert (
        refusal(give_award, actor=cast.agent, kind=thanks, receiver=cast.outsider, citation=WHY)
        == "award_limit"
    )


# Circles ----------------------------------------------------------------------------------------------------------


def test_recognition_does_not_come_straight_back(cast: Cast) -> None:
    thanks = kind()
    with time_machine.travel("2025-11-10T02:00:00Z", tick=False):
        give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
        back = {"actor": cast.peer, "kind": thanks, "receiver": cast.agent, "citation": WHY}
        assert refusal(give_award, **back) == "award_circle"
    with time_machine.travel("2025-12-11T02:00:00Z", tick=False):
        give_award(**back)


def test_nor_round_a_third(cast: Cast) -> None:
    thanks = kind()
    give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
    give_award(actor=cast.peer, kind=thanks, receiver=cast.outsider, citation=WHY)
    assert (
        refusal(give_award, actor=cast.outsider, kind=thanks, receiver=cast.agent, citation=WHY)
        == "award_circle"
    )
    give_award(actor=cast.outsider, kind=thanks, receiver=cast.remote, citation=WHY)


def test_a_circle_of_four_is_shown_to_hr(cast: Cast) -> None:
    thanks = kind()
    ring = [cast.agent, cast.peer, cast.outsider, cast.remote]
    assert recognition.rings() == []
    for giver, receiver in zip(ring, [*ring[1:], ring[0]], strict=True):
        give_award(actor=giver, kind=thanks, receiver=receiver, citation=WHY)
    (found,) = recognition.rings()
    assert {person.pk for person in found.people} == {person.pk for person in ring}
    assert (found.inside, found.given) == (4, 4)


def test_a_line_of_thanks_is_no_circle(cast: Cast) -> None:
    thanks = kind()
    give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
    give_award(actor=cast.peer, kind=thanks, receiver=cast.outsider, citation=WHY)
    assert recognition.rings() == []


# Managers and budgets ---------------------------------------------------------------------------------------------


def test_a_manager_gives_to_the_people_led_within_the_budget(cast: Cast) -> None:
    spot = kind("manager", points=40)
    assert (
        refusal(give_award, actor=cast.manager, kind=spot, receiver=cast.agent, citation=WHY)
        == "award_no_budget"
    )
    set_budget(actor=cast.hr, manager=cast.manager, month=timezone.localdate(), points=100)
    for name in ("outsider", "manager", "site_manager"):
        code = refusal(give_award, actor=cast.manager, kind=spot, receiver=getattr(cast, name), citation=WHY)
        assert code == ("award_self" if name == "manager" else "award_not_yours")
    give_award(actor=cast.manager, kind=spot, receiver=cast.agent, citation=WHY)
    award = give_award(actor=cast.manager, kind=spot, receiver=cast.peer, citation=WHY)
    assert (
        refusal(give_award, actor=cast.manager, kind=spot, receiver=cast.agent, citation=WHY)
        == "award_over_budget"
    )
    withdraw_award(actor=cast.hr, award=award, reason="Entered twice")
    give_award(actor=cast.manager, kind=spot, receiver=cast.agent, citation=WHY)
    assert recognition.spent_of(cast.manager, timezone.localdate()) == 80


@pytest.mark.parametrize("who", ["manager", "agent", "payroll", "auditor"])
def test_only_hr_sets_budgets_redeems_withdraws_and_runs_rules(cast: Cast, who: str) -> None:
    award = give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=WHY)
    actor = getattr(cast, who)
    month = datetime.date(2025, 10, 1)
    assert refusal(set_budget, actor=actor, manager=cast.manager, month=month, points=5) == "not_hr"
    assert refusal(redeem_points, actor=actor, employee=cast.peer, points=1, note="A gift") == "not_hr"
    assert refusal(withdraw_award, actor=actor, award=award, reason="No") == "not_hr"
    assert refusal(run_award_rules, actor=actor, month=month) == "not_hr"
    assert refusal(adopt_shipped_kinds, actor=actor) == "not_hr"
    assert refusal(save_award_kind, actor=actor, code="x", giver="colleague", name_en="X") == "not_hr"
    assert not SpotBudget.objects.exists()
    assert recognition.balance_of(cast.peer) == 10


def test_a_budget_is_not_cut_below_what_is_given(cast: Cast) -> None:
    today = timezone.localdate()
    set_budget(actor=cast.hr, manager=cast.manager, month=today, points=100)
    give_award(actor=cast.manager, kind=kind("manager", points=60), receiver=cast.agent, citation=WHY)
    assert (
        refusal(set_budget, actor=cast.hr, manager=cast.manager, month=today, points=59)
        == "budget_below_spent"
    )
    assert set_budget(actor=cast.hr, manager=cast.manager, month=today, points=60).points == 60
    assert (
        refusal(set_budget, actor=cast.hr, manager=cast.agent, month=today, points=5)
        == "budget_not_a_manager"
    )


def at_once(*calls: Any) -> list[str]:
    """Calls in threads of their own, released together; what each came to."""
    barrier = threading.Barrier(len(calls))
    answers = [""] * len(calls)

    def run(place: int, call: Any) -> None:
        try:
            barrier.wait(10)
            call()
            answers[place] = "done"
        except Refusal as refused:
            answers[place] = refused.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(answers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_number", range(5))
def test_a_budget_holds_however_many_are_given_at_once(round_number: int) -> None:
    cast = build_cast()
    spot = kind("manager", points=40)
    set_budget(actor=cast.hr, manager=cast.manager, month=timezone.localdate(), points=100)
    manager = [User.objects.get(pk=cast.manager.pk) for _each in range(4)]

    def give(place: int) -> Any:
        receiver = cast.agent if place % 2 else cast.peer
        return lambda: give_award(actor=manager[place], kind=spot, receiver=receiver, citation=WHY)

    assert at_once(*(give(place) for place in range(4))) == [
        "award_over_budget",
        "award_over_budget",
        "done",
        "done",
    ]
    assert recognition.spent_of(cast.manager, timezone.localdate()) == 80


@pytest.mark.django_db(transaction=True)
def test_two_who_thank_each_other_at_once_are_one_too_many() -> None:
    cast = build_cast()
    thanks = kind()
    assert at_once(
        lambda: give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY),
        lambda: give_award(actor=cast.peer, kind=thanks, receiver=cast.agent, citation=WHY),
    ) == ["award_circle", "done"]
    assert Award.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_points_are_not_redeemed_twice_at_once() -> None:
    cast = build_cast()
    give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=WHY)
    hr = [User.objects.get(pk=cast.hr.pk) for _each in range(2)]
    assert at_once(
        *(
            lambda actor=actor: redeem_points(actor=actor, employee=cast.peer, points=10, note="A gift")
            for actor in hr
        )
    ) == ["done", "points_short"]
    assert recognition.balance_of(cast.peer) == 0


# The ledger -------------------------------------------------------------------------------------------------------


def test_taking_back_books_the_points_back_once(cast: Cast) -> None:
    award = give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=WHY)
    redeem_points(actor=cast.hr, employee=cast.peer, points=10, note="A gift")
    withdraw_award(actor=cast.hr, award=award, reason="A joke")
    assert refusal(withdraw_award, actor=cast.hr, award=award, reason="Again") == "award_withdrawn"
    assert recognition.balance_of(cast.peer) == -10
    assert refusal(redeem_points, actor=cast.hr, employee=cast.peer, points=1, note="More") == "points_short"


@pytest.mark.parametrize("points", [0, -5, 10**9])
def test_impossible_points(cast: Cast, points: int) -> None:
    assert (
        refusal(redeem_points, actor=cast.hr, employee=cast.peer, points=points, note="A gift")
        == "points_wrong"
    )


def test_nothing_given_can_be_changed(cast: Cast) -> None:
    award = give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=WHY)
    withdraw_award(actor=cast.hr, award=award, reason="A joke")
    changes = (
        lambda: Award.objects.update(points=999),
        lambda: Award.objects.all().delete(),
        lambda: PointEntry.objects.update(points=999),
        lambda: AwardWithdrawal.objects.all().delete(),
    )
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert recognition.balance_of(cast.peer) == 0


def test_the_database_itself_refuses_an_award_to_oneself(cast: Cast) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Award.objects.create(
            kind=kind(), receiver=cast.agent, giver=cast.agent, citation=WHY, points=1, day=OCTOBER
        )


# Rules ------------------------------------------------------------------------------------------------------------


def values(
    monkeypatch: pytest.MonkeyPatch,
    months: dict[datetime.date, dict[int, tuple[float, float]]],
    direction: str = "higher",
) -> None:
    """{month: {employee id: (value, standard error)}} in place of the month's published KPI values."""

    class Version:
        target = 10.0

        class kpi:
            name_zh, name_en = "满意度", "Satisfaction"

    Version.direction = direction  # type: ignore[attr-defined]

    class Value:
        def __init__(self, value: float, error: float) -> None:
            self.value, self.standard_error, self.n, self.kpi_version = value, error, 50, Version

    monkeypatch.setattr(
        award_rules,
        "_values",
        lambda kpi, month: {
            person: Value(*each) for person, each in months.get(month.replace(day=1), {}).items()
        },
    )


def five(cast: Cast) -> list[User]:
    return [cast.agent, cast.peer, cast.outsider, cast.remote, cast.mover]


@pytest.mark.parametrize(
    ("direction", "winner"),
    [("higher", "mover"), ("lower", "agent"), ("nearest", "outsider")],
)
def test_the_best_of_a_kpi_by_its_direction(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, direction: str, winner: str
) -> None:
    numbers = (2.0, 7.0, 9.5, 12.0, 14.0)
    month = {person.pk: (number, 0.1) for person, number in zip(five(cast), numbers, strict=True)}
    values(monkeypatch, {OCTOBER: month}, direction)
    found = award_rules.winners({"kind": "best_of_kpi", "kpi": "csat"}, OCTOBER)
    assert cast.names(each.employee_id for each in found) == {winner}


def test_who_share_the_best_are_both_best(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = (4.9, 4.9, 4.1, 4.0, 3.0)
    values(
        monkeypatch,
        {OCTOBER: {person.pk: (number, 0.1) for person, number in zip(five(cast), numbers, strict=True)}},
    )
    found = award_rules.winners({"kind": "best_of_kpi", "kpi": "csat"}, OCTOBER)
    assert cast.names(each.employee_id for each in found) == {"agent", "peer"}


def test_a_handful_has_no_best(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    values(monkeypatch, {OCTOBER: {person.pk: (4.0, 0.1) for person in five(cast)[:4]}})
    assert award_rules.winners({"kind": "best_of_kpi", "kpi": "csat"}, OCTOBER) == []


def test_the_most_improved_improved_by_more_than_chance(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest gain may be noise: 0.5 with an error of 0.4 is, 0.3 with 0.1 is not (0.3 / 0.1414 = 2.12 > 1.645)."""
    noisy, sure, worse = cast.agent.pk, cast.peer.pk, cast.outsider.pk
    values(
        monkeypatch,
        {
            datetime.date(2025, 9, 1): {noisy: (4.0, 0.4), sure: (4.0, 0.1), worse: (4.8, 0.01)},
            OCTOBER: {noisy: (4.5, 0.4), sure: (4.3, 0.1), worse: (4.0, 0.01)},
        },
    )
    (found,) = award_rules.winners({"kind": "most_improved", "kpi": "csat"}, OCTOBER)
    assert found.employee_id == sure
    assert (found.facts["before"], found.facts["value"]) == (4.0, 4.3)


@pytest.mark.parametrize(
    ("hired", "month", "years"),
    [
        ("2024-10-15", "2025-10-01", 1),
        ("2020-10-31", "2025-10-01", 5),
        ("2024-02-29", "2025-03-01", 1),
        ("2024-02-29", "2025-02-01", None),
        ("2024-09-30", "2025-10-01", None),
        ("2025-10-02", "2025-10-01", None),
    ],
)
def test_years_with_us(cast: Cast, hired: str, month: str, years: int | None) -> None:
    User.objects.update(hired_on=None)
    User.objects.filter(pk=cast.agent.pk).update(hired_on=hired)
    found = award_rules.winners({"kind": "milestone", "years": [1, 5]}, datetime.date.fromisoformat(month))
    assert [each.facts["years"] for each in found] == ([years] if years else [])


def test_a_rule_gives_once(cast: Cast) -> None:
    kind("rule", code="years", points=50, rule={"kind": "milestone", "years": [1]})
    User.objects.update(hired_on=None)
    User.objects.filter(pk__in=[cast.agent.pk, cast.leaver.pk]).update(hired_on="2024-10-20")
    assert run_award_rules(actor=cast.hr, month=OCTOBER) == 1, "who left in the month is not awarded"
    assert run_award_rules(actor=cast.hr, month=OCTOBER) == 0
    award = Award.objects.get()
    assert (award.receiver, award.giver, award.day) == (cast.agent, None, datetime.date(2025, 10, 31))
    with translation.override("en"):
        assert recognition.citation_of(award) == "1 year with us"
    assert recognition.balance_of(cast.agent) == 50


def test_late_data_make_no_second_best(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    kind("rule", code="best", rule={"kind": "best_of_kpi", "kpi": "csat"})
    monkeypatch.setattr("incentives.services.recognition.period_of", lambda month: object())
    numbers = {person.pk: (4.0 + place / 10, 0.1) for place, person in enumerate(five(cast))}
    values(monkeypatch, {OCTOBER: numbers})
    assert run_award_rules(actor=None, month=OCTOBER) == 1
    values(monkeypatch, {OCTOBER: {**numbers, cast.agent.pk: (5.0, 0.1)}})
    assert run_award_rules(actor=None, month=OCTOBER) == 0
    with translation.override("en"):
        assert recognition.citation_of(Award.objects.get()) == (
            "Best of 5 in October 2025: Satisfaction 4.4 (n = 50)"
        )


def test_rules_wait_for_the_months_end_and_its_values(cast: Cast) -> None:
    kind("rule", code="best", rule={"kind": "best_of_kpi", "kpi": "csat"})
    assert refusal(run_award_rules, actor=cast.hr, month=timezone.localdate()) == "award_month_open"
    assert refusal(run_award_rules, actor=cast.hr, month=OCTOBER) == "award_month_empty"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({}, "award_rule_wrong"),
        ({"kind": "best_looking"}, "award_rule_wrong"),
        ({"kind": "best_of_kpi", "kpi": "nothing"}, "award_rule_kpi"),
        ({"kind": "best_of_kpi", "kpi": 5}, "award_rule_kpi"),
        ({"kind": "milestone", "years": []}, "award_rule_years"),
        ({"kind": "milestone", "years": [0]}, "award_rule_years"),
        ({"kind": "milestone", "years": [True]}, "award_rule_years"),
    ],
)
def test_rules_that_find_nobody_are_refused(cast: Cast, rule: dict[str, Any], code: str) -> None:
    found = refusal(save_award_kind, actor=cast.hr, code="r", giver="rule", name_en="R", rule=rule)
    assert found == code
    assert not AwardKind.objects.exists()


def test_the_shipped_kinds_come_once(cast: Cast) -> None:
    first = adopt_shipped_kinds(actor=cast.hr)
    assert first == AwardKind.objects.count() > 0
    assert adopt_shipped_kinds(actor=cast.hr) == 0


# The wall ---------------------------------------------------------------------------------------------------------


def test_who_sees_what(cast: Cast) -> None:
    award = give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=WHY)
    everybody = ("agent", "peer", "outsider", "manager", "hr", "auditor", "payroll")

    def seers(selector: Any) -> set[str]:
        return {name for name in everybody if selector(User.objects.get(pk=getattr(cast, name).pk)).exists()}

    assert seers(recognition.wall) == set(everybody)
    choose_wall(actor=cast.peer, is_public=False)
    assert seers(recognition.wall) == set()
    assert seers(recognition.visible_awards) == {"agent", "peer", "manager", "hr", "auditor"}
    choose_wall(actor=cast.peer, is_public=True)
    withdraw_award(actor=cast.hr, award=award, reason="A joke")
    assert seers(recognition.wall) == set()
    assert seers(recognition.visible_awards) == {"agent", "peer", "manager", "hr", "auditor"}
    assert WallChoice.objects.count() == 1


def test_points_are_ones_own(cast: Cast) -> None:
    give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation=WHY)
    seen = {
        name: recognition.visible_points(getattr(cast, name)).count()
        for name in ("agent", "peer", "manager", "payroll", "hr", "auditor")
    }
    assert seen == {"agent": 0, "peer": 1, "manager": 0, "payroll": 0, "hr": 1, "auditor": 1}


def test_the_wall_costs_the_same_at_any_length(cast: Cast, client: Any) -> None:
    thanks = kind()
    client.force_login(cast.agent)

    def queries() -> int:
        with CaptureQueries() as found:
            client.get("/recognition/")
        return found.count

    give_award(actor=cast.agent, kind=thanks, receiver=cast.peer, citation=WHY)
    before = queries()
    Award.objects.bulk_create(
        Award(kind=thanks, receiver=cast.peer, giver=cast.outsider, citation=WHY, points=1, day=OCTOBER)
        for _each in range(20)
    )
    assert queries() == before


class CaptureQueries:
    count = 0

    def __enter__(self) -> CaptureQueries:
        self._seen = connection.execute_wrapper(self._count)
        self._seen.__enter__()
        return self

    def _count(self, execute: Any, *args: Any) -> Any:
        self.count += 1
        return execute(*args)

    def __exit__(self, *details: Any) -> None:
        self._seen.__exit__(*details)


# Pages ------------------------------------------------------------------------------------------------------------


def test_giving_in_the_browser_keeps_what_was_typed(client: Any, cast: Cast) -> None:
    kind()
    client.force_login(cast.agent)
    answer = client.post(
        "/recognition/give/", {"kind": "colleague", "receiver": "E0005", "citation": "thanks"}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="E0005"' in page
    assert "Li Na" in page
    assert nothing_was_given()
    answer = client.post("/recognition/give/", {"kind": "colleague", "receiver": "E0005", "citation": WHY})
    assert answer.status_code == 302
    assert Award.objects.get().receiver == cast.peer
    assert "Calmed an angry caller" in client.get("/recognition/").content.decode()


def test_colleagues_are_found_by_pinyin_and_nobody_who_left(client: Any, cast: Cast) -> None:
    client.force_login(cast.agent)
    assert "冯雪" in client.get("/recognition/people/", {"q": "feng"}).content.decode()
    for text in ("zhou", "wang wei", ""):  # who left, oneself, nothing typed
        assert "E00" not in client.get("/recognition/people/", {"q": text}).content.decode()


def test_script_in_a_citation_stays_text(client: Any, cast: Cast) -> None:
    give_award(actor=cast.agent, kind=kind(), receiver=cast.peer, citation="<script>alert(1)</script> helped")
    client.force_login(cast.outsider)
    page = client.get("/recognition/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_hr_sets_up_recognition_in_the_browser(client: Any, cast: Cast) -> None:
    client.force_login(cast.hr)
    client.post("/recognition/manage/adopt/")
    client.post("/recognition/manage/budget/", {"manager": "E0003", "month": "2025-11", "points": "200"})
    assert SpotBudget.objects.get().points == 200
    answer = client.post(
        "/recognition/manage/kinds/thanks/",
        {"name_en": "Thanks", "icon": "star", "points": "15", "monthly_limit": "4", "is_active": "on"},
    )
    assert answer.status_code == 302
    thanks = AwardKind.objects.get(code="thanks")
    assert (thanks.name_en, thanks.points, thanks.giver) == ("Thanks", 15, "colleague")
    assert client.get("/recognition/manage/").status_code == 200
