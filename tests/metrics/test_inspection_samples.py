"""The draw: fair, repeatable, said, and evenly given out."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import InternalError

from foundation.refusals import Refusal
from metrics.models import Inspection, InspectionForm, InspectionSample, Record, Source
from metrics.selectors.inspection_check import check_draw
from metrics.services.inspection_samples import draw_sample, preview_sample
from metrics.services.inspectors import assign_inspector
from people.models import User
from scoring.sampling import stratified_draw
from tests.cast import Cast
from tests.factories import RoleGrantFactory
from tests.metrics.inspection_world import draw, make_form, make_inspector, push_calls, request_for


@pytest.fixture
def form(cast: Cast, catalogue: None) -> InspectionForm:
    return make_form()


@pytest.fixture
def inspectors(cast: Cast) -> list[User]:
    return [make_inspector(cast, login) for login in ("iris", "ivan", "ines")]


@pytest.fixture
def calls(cast: Cast, telephone: Source) -> Source:
    few = cast.outsider.employee_number or ""
    push_calls(telephone, {"E0004": 30, "E0005": 30, few: 2})
    return telephone


def drawn_ids(sample: InspectionSample) -> set[str]:
    return set(sample.inspections.filter(position=1).values_list("external_id", flat=True))


def test_each_agent_gets_the_same_number_and_who_has_too_few_is_said(
    cast: Cast, form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    sample = draw(form, calls)
    found = Counter(sample.inspections.filter(position=1).values_list("employee", flat=True))
    assert found == {cast.agent.pk: 3, cast.peer.pk: 3, cast.outsider.pk: 2}
    # mover, remote: agents without any call; the leader of nobody's job is not missed
    told = {each["employee"]: (each["wanted"], each["found"]) for each in sample.shortfalls}
    assert told == {cast.outsider.pk: (3, 2), cast.mover.pk: (3, 0), cast.remote.pk: (3, 0)}
    assert (sample.population, sample.agents, sample.drawn, sample.doubled) == (24 + 24 + 2, 3, 8, 2)


def test_the_same_seed_draws_the_same_and_another_one_does_not(
    form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    first = preview_ids(form, calls, 7)
    assert preview_ids(form, calls, 7) == first
    assert preview_ids(form, calls, 8) != first


def preview_ids(form: InspectionForm, source: Source, seed: int) -> list[str]:
    from metrics.services.inspection_samples import _draw

    return list(_draw(request_for(form, source), seed).rows["external_id"])


@pytest.mark.parametrize(("spread", "every"), [("day", "period"), ("queue", "week"), ("none", "period")])
def test_the_database_draws_as_the_method_says(
    form: InspectionForm, calls: Source, inspectors: list[User], spread: str, every: str
) -> None:
    sample = draw(form, calls, seed=11, spread=spread, every=every, double_percent=0)
    records = [record for record in Record.objects.all() if record.values.get("answered")]
    strata = [
        (record.employee_id, record.day.isocalendar()[:2] if every == "week" else 0) for record in records
    ]
    of = {"day": lambda record: record.day, "queue": lambda record: record.queue}.get(spread)
    expected = stratified_draw(
        [record.external_id for record in records],
        strata,
        per_stratum=3,
        seed=11,
        spread=[of(record) for record in records] if of else None,
    )
    assert drawn_ids(sample) == {records[place].external_id for place in expected}


def test_spread_over_days_takes_no_day_twice(
    form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    sample = draw(form, calls, per_agent=8, double_percent=0)
    for days in by_person(sample).values():
        assert len(set(days)) == len(days)


def by_person(sample: InspectionSample) -> dict[int, list[datetime.date]]:
    found: dict[int, list[datetime.date]] = {}
    for inspection in sample.inspections.filter(position=1):
        found.setdefault(inspection.employee_id, []).append(inspection.day)
    return found


def test_unanswered_calls_are_not_drawn_where_the_measure_is_asked_for(
    form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    sample = draw(form, calls, per_agent=50, double_percent=0)
    assert all(inspection.call["answered"] == 1 for inspection in sample.inspections.all())
    assert sample.drawn == 50


def test_a_call_is_not_drawn_twice_for_one_form(
    form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    first, second = draw(form, calls), draw(form, calls)
    assert not drawn_ids(first) & drawn_ids(second)
    other = draw(make_form(code="other"), calls)
    assert drawn_ids(other) == drawn_ids(first)


def test_a_draw_can_be_checked_and_a_corrected_file_is_noticed(
    cast: Cast, form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    sample = draw(form, calls)
    draw(form, calls)
    checked = check_draw(sample)
    assert checked.is_same
    assert checked.population == sample.population
    push_calls(calls, {"E0004": 5}, name="more")
    checked = check_draw(sample)
    assert checked.population == sample.population + 4
    assert not checked.same_population


def test_who_has_left_is_left_out_and_said(
    cast: Cast, form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    push_calls(calls, {cast.leaver.employee_number or "": 4}, name="leaver", day_count=10)
    sample = draw(form, calls)
    assert sample.left_out == [{"employee": cast.leaver.pk, "records": 4}]
    assert cast.leaver.pk not in by_person(sample)


def test_calls_are_given_out_evenly(form: InspectionForm, calls: Source, inspectors: list[User]) -> None:
    sample = draw(form, calls, per_agent=12, double_percent=25)
    loads = Counter(sample.inspections.values_list("inspector", flat=True))
    assert max(loads.values()) - min(loads.values()) <= 1
    twice = sample.inspections.filter(position=2)
    assert twice.count() == sample.doubled == 7  # a quarter of 26, rounded up
    for second in twice:
        first = sample.inspections.get(position=1, external_id=second.external_id)
        assert first.inspector_id != second.inspector_id


def test_nobody_inspects_the_own_calls_or_those_of_people_they_lead(
    cast: Cast, form: InspectionForm, calls: Source
) -> None:
    for user in (cast.agent, cast.manager):
        RoleGrantFactory(user=user, role="inspector")
    ines = make_inspector(cast, "ines")
    sample = draw(form, calls, double_percent=0)
    pairs = set(sample.inspections.values_list("employee", "inspector"))
    assert (cast.agent.pk, cast.agent.pk) not in pairs
    assert {(cast.agent.pk, cast.manager.pk), (cast.peer.pk, cast.manager.pk)}.isdisjoint(pairs)
    assert (cast.agent.pk, ines.pk) in pairs


def test_what_is_assigned_limits_who_inspects_whom(
    cast: Cast, form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    iris, ivan, ines = inspectors
    assign_inspector(actor=cast.hr, user=iris, team_codes=["blue"])
    assign_inspector(actor=cast.hr, user=ivan, team_codes=["green"])
    assign_inspector(actor=cast.hr, user=ines, site_codes=["cd"])
    sample = draw(form, calls, double_percent=0)
    pairs = set(sample.inspections.values_list("employee", "inspector"))
    assert pairs == {(cast.agent.pk, iris.pk), (cast.peer.pk, iris.pk), (cast.outsider.pk, ivan.pk)}


def test_calls_scored_twice_are_not_given_to_whoever_sees_all_scores(
    cast: Cast, form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    RoleGrantFactory(user=cast.payroll, role="inspector")
    sample = draw(form, calls, per_agent=10, double_percent=50)
    twice = set(sample.inspections.filter(position=2).values_list("external_id", flat=True))
    assert twice
    assert not sample.inspections.filter(external_id__in=twice, inspector=cast.payroll).exists()
    assert sample.inspections.filter(inspector=cast.payroll).exists()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a period backwards": ({"first_day": datetime.date(2025, 11, 1)}, "sample_period"),
    "a year": ({"first_day": datetime.date(2024, 11, 1)}, "sample_period_long"),
    "the future": (
        {"first_day": datetime.date(2125, 1, 1), "last_day": datetime.date(2125, 1, 2)},
        "sample_period_future",
    ),
    "none per agent": ({"per_agent": 0}, "sample_per_agent"),
    "too many per agent": ({"per_agent": 51}, "sample_per_agent"),
    "a share above all": ({"double_percent": 101}, "sample_double"),
    "a negative share": ({"double_percent": -5}, "sample_double"),
    "an unknown way to spread": ({"spread": "mood"}, "sample_choice"),
    "a team that is not there": ({"team_codes": ["purple"]}, "sample_team_unknown"),
    "a measure that is not there": ({"needs_measure": "smiles"}, "sample_measure"),
    "a team without calls": ({"team_codes": ["chengdu"]}, "sample_empty"),
    "due yesterday": ({"due_on": datetime.date(2020, 1, 1)}, "sample_due"),
    "before the form was valid": (
        {"first_day": datetime.date(2024, 12, 1), "last_day": datetime.date(2024, 12, 2)},
        "inspection_version_none",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_stored(
    form: InspectionForm, calls: Source, inspectors: list[User], case: str
) -> None:
    how, code = REFUSED[case]
    with pytest.raises(Refusal) as refused:
        draw(form, calls, **how)
    assert refused.value.code == code
    assert str(refused.value)
    assert not InspectionSample.objects.exists()
    assert not Inspection.objects.exists()
    form.versions.get().refresh_from_db()
    assert form.versions.get().frozen_at is None


def test_without_inspectors_nothing_is_drawn(cast: Cast, form: InspectionForm, calls: Source) -> None:
    with pytest.raises(Refusal) as refused:
        draw(form, calls)
    assert refused.value.code == "sample_no_inspector"
    RoleGrantFactory(user=cast.agent, role="inspector")
    with pytest.raises(Refusal) as refused:
        draw(form, calls, double_percent=0)
    assert (refused.value.code, refused.value.params) == ("sample_nobody_for", {"names": cast.agent.name})


def test_one_inspector_cannot_score_twice(cast: Cast, form: InspectionForm, calls: Source) -> None:
    make_inspector(cast, "iris")
    with pytest.raises(Refusal) as refused:
        draw(form, calls)
    assert refused.value.code == "sample_no_second"


@pytest.mark.parametrize("who", ["payroll", "auditor", "manager", "agent"])
def test_only_hr_draws(
    cast: Cast, form: InspectionForm, calls: Source, inspectors: list[User], who: str
) -> None:
    for service in (draw_sample, preview_sample):
        with pytest.raises(Refusal) as refused:
            service(actor=getattr(cast, who), request=request_for(form, calls))
        assert refused.value.code == "metrics_hr_only"
    assert not InspectionSample.objects.exists()


def test_a_sample_is_never_changed_nor_the_form_that_it_was_drawn_for(
    form: InspectionForm, calls: Source, inspectors: list[User]
) -> None:
    sample = draw(form, calls)
    for change in (
        lambda: InspectionSample.objects.update(seed=1),
        lambda: sample.form_version.__class__.objects.update(content={}),
        sample.delete,
    ):
        with pytest.raises((InternalError, Exception)) as refused, transaction.atomic():
            change()
        assert "Cannot" in str(refused.value)
