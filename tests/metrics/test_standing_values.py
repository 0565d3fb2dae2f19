"""A month's values: computed by a run, shown at once, computed anew when something changed, and only then."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.runs.models import OutboxMessage, Run
from foundation.runs.services import execute
from metrics.models import KPI, KPIPeriod, KPIValue, KPIValueSet, Measure, Source
from metrics.selectors.kpi_values import (
    company_values,
    distribution,
    latest_period,
    standing_values,
    visible_kpi_values,
)
from metrics.services.kpi_values import compute_kpi_values
from metrics.services.kpis import KPITerms, revise_kpi
from metrics.services.sources import change_source
from metrics.services.standing_values import StandingValuesHandler, refresh_months
from metrics.tasks import refresh_kpi_values
from scoring import kpi as scoring_kpi
from tests.cast import Cast
from tests.metrics import calls as call_log
from tests.metrics.conftest import import_file

pytestmark = pytest.mark.django_db

OCTOBER = datetime.date(2025, 10, 1)
LAST = datetime.date(2025, 10, 31)


@pytest.fixture
def log(cast: Cast, telephone: Source, agents: list[str]) -> list[call_log.Call]:
    calls = call_log.make_calls(agents, count=300, first=OCTOBER)
    import_file(cast.hr, telephone, call_log.calls_csv(calls))
    return calls


def run_month() -> Run:
    (run,) = refresh_months(OCTOBER, LAST)
    finished = execute(run.pk)
    assert finished.state == Run.State.DONE
    return finished


def test_nobody_sees_half_a_run(
    cast: Cast, log: list[call_log.Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_month()
    before = {value.pk for value in visible_kpi_values(cast.hr, OCTOBER)}
    assert before
    import_file(cast.hr, Source.objects.get(), call_log.calls_csv(log[:200]))
    (second,) = refresh_months(OCTOBER, LAST)
    seen: list[set[int]] = []
    finish = StandingValuesHandler.finish

    def look(self: StandingValuesHandler, run: Run) -> None:
        assert KPIValue.objects.filter(run=second).exists()
        seen.append({value.pk for value in visible_kpi_values(cast.hr, OCTOBER)})
        finish(self, run)

    monkeypatch.setattr(StandingValuesHandler, "finish", look)
    execute(second.pk)
    assert seen == [before]
    after = set(visible_kpi_values(cast.hr, OCTOBER).values_list("run_id", flat=True))
    assert after == {second.pk}
    assert not KPIValue.objects.filter(run=first).exists()  # superseded


def test_every_number_is_recomputed_from_its_inputs(cast: Cast, log: list[call_log.Call]) -> None:
    run_month()
    values = visible_kpi_values(cast.hr, OCTOBER)
    assert any(value.value is not None for value in values)
    for value in values:
        formula = scoring_kpi.parse(value.kpi_version.formula)
        if value.value is None:
            continue
        ratio = float(formula.evaluate({name: [x] for name, x in value.inputs.items()})[0])
        factor = 100 if value.kpi_version.unit == "percent" else 1
        assert round(ratio * factor, 6) == value.value, value.kpi_version.kpi.code


def test_what_nobody_measured_is_missing_and_not_zero(cast: Cast, log: list[call_log.Call]) -> None:
    run_month()
    values = {value.kpi_version.kpi.code: value for value in visible_kpi_values(cast.agent, OCTOBER)}
    assert values["complaint_rate"].value is None  # no complaints were sent at all
    assert values["sales"].value is None
    assert (values["satisfaction"].value or 0) > 0
    remote = {value.kpi_version.kpi.code: value for value in visible_kpi_values(cast.remote, OCTOBER)}
    assert {value.value for value in remote.values()} == {None}  # no call of this person
    assert {value.n for value in remote.values()} == {0}


def test_no_complaint_is_zero_once_complaints_are_sent(
    cast: Cast, telephone: Source, agents: list[str]
) -> None:
    mapping = {**call_log.MAPPING, "measures": {**call_log.MAPPING["measures"]}}
    rows = [
        ["1", "E0004", "2025-10-08", "10:00", "", "Y", "Y", "10", "", ""],
        ["2", "E0005", "2025-10-08", "10:00", "", "Y", "Y", "10", "", ""],
    ]
    import_file(cast.hr, telephone, call_log.as_csv(rows), mapping=mapping)
    complaints: dict[str, Any] = {
        "columns": {"record_id": "Call Id", "employee": "Agent", "date": "Date"},
        "measures": {"complaints": {"type": "constant", "value": 1}},
    }
    import_file(
        cast.hr,
        telephone,
        call_log.as_csv([["C1", "E0005", "2025-10-09", "", "", "", "", "", "", ""]]),
        mapping=complaints,
        name="complaints.csv",
    )
    run_month()
    rate = {
        value.employee_id: value.value
        for value in visible_kpi_values(cast.hr, OCTOBER).filter(kpi_version__kpi__code="complaint_rate")
    }
    assert rate[cast.agent.pk] == 0
    assert rate[cast.peer.pk] == 100
    assert rate[cast.outsider.pk] is None


def test_everybody_together_is_no_mean_of_means(cast: Cast, log: list[call_log.Call]) -> None:
    run_month()
    answered = [call for call in log if call.answered == "Y"]
    resolved = sum(call.resolved == "Y" for call in log)
    kpi = KPI.objects.get(code="resolution_rate")
    together = company_values(OCTOBER)[kpi.pk]
    assert together.value == round(100 * resolved / len(answered), 6)
    assert together.n == len(answered)


def test_twice_told_is_once_computed(cast: Cast, log: list[call_log.Call]) -> None:
    refresh_kpi_values(first_day="2025-10-01", last_day="2025-10-28")
    refresh_kpi_values(first_day="2025-10-01", last_day="2025-10-28")
    run = Run.objects.get(kind="kpi_values")
    execute(run.pk)
    refresh_kpi_values(first_day="2025-10-01", last_day="2025-10-28")
    assert Run.objects.filter(kind="kpi_values").count() == 1


def test_a_change_during_a_run_is_not_lost(
    cast: Cast, log: list[call_log.Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = refresh_months(OCTOBER, LAST)
    work = StandingValuesHandler.work

    def change_while_working(self: StandingValuesHandler, run: Run, stage: str, key: dict) -> None:
        work(self, run, stage, key)
        if key.get("company"):
            source = Source.objects.get()
            change_source(
                actor=cast.hr, source=source, name_zh="", name_en="x", time_zone="Asia/Shanghai", precedence=7
            )

    monkeypatch.setattr(StandingValuesHandler, "work", change_while_working)
    assert refresh_months(OCTOBER, LAST) == []  # it is under way, so nothing is started beside it
    OutboxMessage.objects.all().delete()
    execute(run.pk)
    news = OutboxMessage.objects.filter(topic="observations.changed")
    assert [message.payload for message in news] == [{"first_day": "2025-10-01", "last_day": "2025-10-31"}]
    monkeypatch.undo()
    run_month()
    assert refresh_months(OCTOBER, LAST) == []


def test_a_month_has_the_version_of_its_last_day(cast: Cast, log: list[call_log.Call]) -> None:
    kpi = KPI.objects.get(code="response_time")
    last = KPITerms.of(kpi.versions.get())
    slower = KPITerms(
        **{**{f: getattr(last, f) for f in last.__dataclass_fields__}, "formula": "mean(answer_seconds) * 2"}
    )
    revise_kpi(actor=cast.hr, kpi=kpi, valid_from=datetime.date(2025, 10, 31), terms=slower)
    run_month()
    values = visible_kpi_values(cast.agent, OCTOBER).get(kpi_version__kpi=kpi)
    assert values.kpi_version.number == 2
    assert values.value == pytest.approx(
        2 * values.inputs["sum(answer_seconds)"] / values.inputs["count(answer_seconds)"]
    )


def test_who_sees_whose_values(cast: Cast, log: list[call_log.Call], django_assert_num_queries: Any) -> None:
    run_month()

    def seen(user: Any) -> set[str]:
        return cast.names({value.employee_id for value in visible_kpi_values(user, OCTOBER)})

    everybody = cast.names(cast.employees)
    assert seen(cast.hr) == seen(cast.auditor) == everybody
    assert seen(cast.agent) == {"agent"}
    assert seen(cast.remote) == {"remote"}
    assert seen(cast.manager) >= {"manager", "agent", "peer", "mover", "leaver"}
    assert "outsider" not in seen(cast.manager)
    assert cast.manager.roles
    with django_assert_num_queries(1):
        list(visible_kpi_values(cast.manager, OCTOBER))


def test_standing_with_the_month_before(cast: Cast, telephone: Source, agents: list[str]) -> None:
    for month in (9, 10):
        calls = call_log.make_calls(agents, count=200, first=datetime.date(2025, month, 1), seed=month)
        for call in calls:
            call.call_id = f"{month}-{call.call_id}"
        import_file(cast.hr, telephone, call_log.calls_csv(calls), name=f"{month}.csv")
    for run in refresh_months(datetime.date(2025, 9, 1), LAST):
        execute(run.pk)
    standing = {each.kpi.code: each for each in standing_values(cast.agent, OCTOBER)}
    speed = standing["response_time"]
    assert speed.current is not None
    assert speed.previous is not None
    assert speed.change == pytest.approx(speed.current.value - speed.previous.value)  # type: ignore[operator]
    assert latest_period(datetime.date(2025, 10, 15)).first_day == datetime.date(2025, 9, 1)  # type: ignore[union-attr]
    assert latest_period(datetime.date(2025, 12, 15)).first_day == OCTOBER  # type: ignore[union-attr]


def test_small_samples_are_marked(cast: Cast, telephone: Source, agents: list[str]) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(call_log.make_calls(agents, count=40, first=OCTOBER)))
    run_month()
    standing = {each.kpi.code: each for each in standing_values(cast.agent, OCTOBER)}
    assert standing["resolution_rate"].current.n < 50  # type: ignore[union-attr]
    assert standing["resolution_rate"].is_uncertain
    kpi = KPI.objects.get(code="resolution_rate")
    spread = distribution(kpi, OCTOBER)
    assert (spread["people"], spread["below_minimum"], spread["counts"]) == (0, 3, [])


def test_a_distribution_of_few_people_is_none(cast: Cast, log: list[call_log.Call]) -> None:
    run_month()
    KPI.objects.get(code="satisfaction").versions.update(minimum_sample=1)
    spread = distribution(KPI.objects.get(code="satisfaction"), OCTOBER)
    assert (spread["people"], spread["counts"]) == (3, [])


def test_a_measure_that_is_gone_gives_no_value(cast: Cast, log: list[call_log.Call]) -> None:
    Measure.objects.filter(code="satisfaction").delete()
    run_month()
    assert visible_kpi_values(cast.agent, OCTOBER).get(kpi_version__kpi__code="satisfaction").value is None


def test_queries_do_not_grow_with_people(cast: Cast, log: list[call_log.Call]) -> None:
    run = Run.objects.create(kind="test", scope="test:1", purpose="preview", stages=["x"])
    versions = list(KPI.objects.get(code="resolution_rate").versions.select_related("kpi"))
    people = [user.pk for user in cast.employees]
    counts = []
    for who in (people[:1], people):
        KPIValueSet.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            stored = compute_kpi_values(
                run=run, employee_ids=who, kpi_versions=versions, first_day=OCTOBER, last_day=LAST
            )
        assert len(stored) == len(who)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 10


def test_out_of_use_gets_no_values(cast: Cast, log: list[call_log.Call]) -> None:
    KPI.objects.filter(code="satisfaction").update(is_active=False)
    run_month()
    assert not visible_kpi_values(cast.hr, OCTOBER).filter(kpi_version__kpi__code="satisfaction").exists()
    assert KPIPeriod.objects.get().published_run is not None


def test_targets_are_no_part_of_a_value(cast: Cast, log: list[call_log.Call]) -> None:
    run_month()
    kpi = KPI.objects.get(code="satisfaction")
    last = KPITerms.of(kpi.versions.get())
    terms = KPITerms(**{**{f: getattr(last, f) for f in last.__dataclass_fields__}, "target": Decimal("4.3")})
    revise_kpi(actor=cast.hr, kpi=kpi, valid_from=kpi.versions.get().valid_from, terms=terms)
    assert refresh_months(OCTOBER, LAST) == []


def test_values_are_kept_a_row_a_person_and_read_one_by_one(cast: Cast, log: list[call_log.Call]) -> None:
    """A measure that is gone leaves its KPI without inputs; the others' are not displaced by it."""
    Measure.objects.filter(code="satisfaction").delete()
    run = run_month()
    kept = KPIValueSet.objects.get(run=run, employee_id=cast.agent.pk)
    values = KPIValue.objects.filter(run=run, employee_id=cast.agent.pk).select_related("kpi_version__kpi")
    by_version = {value.kpi_version_id: value for value in values}
    assert [name for pk in kept.kpi_versions for name in by_version[pk].inputs] == kept.input_names
    for value in values:
        if value.kpi_version.kpi.code == "satisfaction":
            assert value.inputs == {}
        else:
            formula = scoring_kpi.parse(value.kpi_version.formula)
            assert set(value.inputs) == {f"{kind}({measure})" for measure, kind in formula.columns}
