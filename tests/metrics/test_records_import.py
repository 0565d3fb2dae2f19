"""A call log from file to KPI values, with numbers counted by hand."""

from __future__ import annotations

import datetime
import statistics
from collections import defaultdict
from typing import Any

import pytest

from foundation.runs.models import OutboxMessage
from foundation.runs.services import execute
from metrics.models import Batch, KPIPeriod, KPIValue, Observation, Record, Source
from metrics.services.standing_values import refresh_months
from people.models import User
from tests.cast import Cast
from tests.metrics import calls as call_log
from tests.metrics.conftest import apply_file, check_file, import_file

pytestmark = pytest.mark.django_db

FIRST, LAST = datetime.date(2025, 10, 1), datetime.date(2025, 10, 31)


@pytest.fixture
def log(agents: list[str]) -> list[call_log.Call]:
    return call_log.make_calls(agents, count=600, first=FIRST)


def by_person(cast: Cast, log: list[call_log.Call]) -> dict[User, list[call_log.Call]]:
    people = {"E0004": cast.agent, "Becky": cast.peer, "郑凯": cast.outsider}
    found: dict[User, list[call_log.Call]] = defaultdict(list)
    for call in log:
        found[people[call.agent]].append(call)
    return found


def published(employee: User, kpi: str) -> KPIValue:
    period = KPIPeriod.objects.get(first_day=FIRST)
    return KPIValue.objects.get(run=period.published_run, employee_id=employee.pk, kpi_version__kpi__code=kpi)


def refresh() -> None:
    for run in refresh_months(FIRST, LAST):
        assert execute(run.pk).state == "done"


def test_the_chain_from_file_to_value(cast: Cast, telephone: Source, log: list[call_log.Call]) -> None:
    record = import_file(cast.hr, telephone, call_log.calls_csv(log))
    assert (record.state, record.rows_accepted, record.rows_rejected) == ("applied", 600, 0)
    assert OutboxMessage.objects.filter(topic="observations.changed").count() == 1
    refresh()
    for person, calls in by_person(cast, log).items():
        answered = [call for call in calls if call.answered == "Y"]
        resolved = sum(call.resolved == "Y" for call in calls)
        speeds = [int(call.speed) for call in answered]
        assert 0 < len(answered) < len(calls)

        value = published(person, "resolution_rate")
        assert value.value == round(100 * resolved / len(answered), 6)
        assert value.n == len(answered)
        share = resolved / len(answered)
        assert value.standard_error == pytest.approx(
            100 * (share * (1 - share) / len(answered)) ** 0.5, abs=1e-6
        )
        assert value.inputs == {"sum(answered)": len(answered), "sum(resolved)": resolved}

        value = published(person, "response_time")
        assert value.value == round(statistics.fmean(speeds), 6)
        assert value.n == len(speeds)
        assert value.standard_error == pytest.approx(statistics.stdev(speeds) / len(speeds) ** 0.5, abs=1e-6)

        marks = [int(call.satisfaction) for call in answered]
        assert published(person, "satisfaction").value == round(statistics.fmean(marks), 6)


def test_resolution_over_all_and_over_answered_calls_differ(
    cast: Cast, telephone: Source, log: list[call_log.Call]
) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(log))
    from decimal import Decimal

    from metrics.services.kpis import KPITerms, create_kpi

    create_kpi(
        actor=cast.hr,
        code="resolution_of_all",
        name_en="Resolution of all calls",
        dimension="quality",
        perspective="process",
        valid_from=FIRST,
        terms=KPITerms(
            formula="sum(resolved) / count(answered)",
            target=Decimal(70),
            denominator_zh="所有来电",
            denominator_en="all calls",
        ),
    )
    refresh()
    for person, calls in by_person(cast, log).items():
        resolved = sum(call.resolved == "Y" for call in calls)
        answered = sum(call.answered == "Y" for call in calls)
        of_all, of_answered = published(person, "resolution_of_all"), published(person, "resolution_rate")
        assert of_all.value == round(100 * resolved / len(calls), 6)
        assert of_answered.value == round(100 * resolved / answered, 6)
        assert of_all.value < of_answered.value
        assert (of_all.n, of_answered.n) == (len(calls), answered)


def test_a_missing_value_is_no_observation(cast: Cast, telephone: Source, log: list[call_log.Call]) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(log))
    unanswered = next(call for call in log if call.answered == "N")
    record = Record.objects.get(external_id=unanswered.call_id)
    assert record.values == {"answered": 0, "resolved": 0}
    n = sum(
        Observation.objects.filter(
            subject_type="e", measure_id__in=measure_ids("answer_seconds")
        ).values_list("n", flat=True)
    )
    assert n == sum(call.answered == "Y" for call in log)


def measure_ids(*codes: str) -> list[int]:
    from metrics.models import Measure

    return list(Measure.objects.filter(code__in=codes).values_list("pk", flat=True))


def test_roll_ups_by_where_people_sat_on_the_day(cast: Cast, telephone: Source) -> None:
    """The mover was in blue until 10 October and in green from the 11th."""
    rows = [
        ["1", "E0010", "2025-10-10", "10:00:00", "", "Y", "Y", "10", "", ""],
        ["2", "E0010", "2025-10-11", "10:00:00", "", "Y", "Y", "20", "", ""],
        ["3", "E0009", "2025-10-11", "10:00:00", "", "Y", "N", "40", "", ""],
    ]
    import_file(cast.hr, telephone, call_log.as_csv(rows))
    (seconds,) = measure_ids("answer_seconds")

    def total(kind: str, subject: int) -> tuple[int, float, float]:
        found = Observation.objects.filter(subject_type=kind, subject_id=subject, measure_id=seconds)
        return sum(o.n for o in found), sum(o.total for o in found), sum(o.total_sq for o in found)

    assert total("e", cast.mover.pk) == (2, 30, 500)
    assert total("t", cast.blue.pk) == (1, 10, 100)
    assert total("t", cast.green.pk) == (1, 20, 400)
    assert total("t", cast.shanghai.pk) == (2, 30, 500)
    assert total("t", cast.company.pk) == (3, 70, 2100)
    assert total("s", cast.site_shanghai.pk) == (2, 30, 500)
    assert total("s", cast.site_chengdu.pk) == (1, 40, 1600)
    assert total("c", 0) == (3, 70, 2100)


def test_the_same_file_twice_changes_nothing(cast: Cast, telephone: Source, log: list[call_log.Call]) -> None:
    content = call_log.calls_csv(log)
    import_file(cast.hr, telephone, content)
    before = snapshot()
    again = import_file(cast.hr, telephone, content)
    assert again.state == "unchanged"
    renamed = check_file(cast.hr, telephone, content, name="copy of calls.csv")
    assert renamed.rows_rejected == 0
    assert apply_file(cast.hr, renamed).state == "unchanged"
    assert snapshot() == before


def snapshot() -> Any:
    return (
        sorted(Batch.objects.values_list("pk", "state", "name")),
        Record.objects.count(),
        Observation.objects.count(),
        OutboxMessage.objects.filter(topic="observations.changed").count(),
    )


def test_a_corrected_file_replaces_its_batch(cast: Cast, telephone: Source, log: list[call_log.Call]) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(log))
    corrected = log[10:]
    corrected[0].resolved = "Y" if corrected[0].resolved == "N" else "N"
    checked = check_file(cast.hr, telephone, call_log.calls_csv(corrected))
    assert [each["name"] for each in checked.summary["replaces"]] == ["calls.csv"]
    assert Record.objects.count() == 600  # checking stores nothing
    apply_file(cast.hr, checked)
    old, new = Batch.objects.order_by("pk")
    assert (old.state, old.replaced_by, new.state) == ("replaced", new, "live")
    assert set(Record.objects.values_list("batch_id", flat=True)) == {new.pk}
    assert set(Observation.objects.values_list("batch_id", flat=True)) == {new.pk}
    assert Record.objects.count() == 590
    refresh()
    for person, calls in by_person(cast, corrected).items():
        answered = sum(call.answered == "Y" for call in calls)
        resolved = sum(call.resolved == "Y" for call in calls)
        assert published(person, "resolution_rate").value == round(100 * resolved / answered, 6)


def test_overlapping_ids_of_another_file_are_refused_by_its_name(
    cast: Cast, telephone: Source, log: list[call_log.Call]
) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(log[:100]), name="first half.csv")
    second = check_file(cast.hr, telephone, call_log.calls_csv(log[95:200]), name="second half.csv")
    assert (second.rows_accepted, second.rows_rejected) == (100, 5)
    rejects = list(second.rejects.order_by("line"))
    assert [reject.line for reject in rejects] == [2, 3, 4, 5, 6]
    assert {reject.code for reject in rejects} == {"record_elsewhere"}
    assert {reject.params["batch"] for reject in rejects} == {"first half.csv"}


def test_a_chosen_batch_is_replaced(cast: Cast, telephone: Source, log: list[call_log.Call]) -> None:
    first = import_file(cast.hr, telephone, call_log.calls_csv(log[:100]), name="first.csv")
    batch = Batch.objects.get(import_record=first)
    second = check_file(
        cast.hr, telephone, call_log.calls_csv(log[:120]), name="whole.csv", replaces=batch.pk
    )
    assert (second.rows_rejected, second.summary["replaces"][0]["id"]) == (0, batch.pk)
    apply_file(cast.hr, second)
    assert Batch.objects.get(pk=batch.pk).state == "replaced"
    assert Record.objects.count() == 120


def test_a_file_in_gb18030(cast: Cast, telephone: Source) -> None:
    rows = [["1", "郑凯", "2025年10月8日", "上午9:05", "账单查询", "Y", "Y", "12", "00:02:23", "5"]]
    content = call_log.as_csv(rows, encoding="gb18030")
    record = import_file(cast.hr, telephone, content)
    assert record.state == "applied"
    stored = Record.objects.get()
    assert (stored.employee_id, stored.queue, stored.day) == (
        cast.outsider.pk,
        "账单查询",
        datetime.date(2025, 10, 8),
    )
    assert stored.occurred_at == datetime.datetime(2025, 10, 8, 1, 5, tzinfo=datetime.UTC)
    assert stored.values["talk_seconds"] == 143


def test_a_day_is_the_day_at_the_persons_site(cast: Cast, catalogue: None) -> None:
    from metrics.services.sources import create_source

    source = create_source(
        actor=None, code="cloud", kind="records", name_en="Cloud", time_zone="UTC", mapping=call_log.MAPPING
    )
    rows = [
        ["late in UTC", "E0004", "2025-10-08", "20:00:00", "", "Y", "", "", "", ""],
        ["with its own offset", "E0004", "2025-10-08T23:30:00-02:00", "", "", "Y", "", "", "", ""],
        ["no time at all", "E0004", "2025-10-08", "", "", "Y", "", "", "", ""],
    ]
    import_file(cast.hr, source, call_log.as_csv(rows))
    days = dict(Record.objects.values_list("external_id", "day"))
    assert days == {
        "late in UTC": datetime.date(2025, 10, 9),
        "with its own offset": datetime.date(2025, 10, 9),
        "no time at all": datetime.date(2025, 10, 8),
    }


def test_nothing_is_stored_by_a_dry_run(cast: Cast, telephone: Source, log: list[call_log.Call]) -> None:
    record = check_file(cast.hr, telephone, call_log.calls_csv(log))
    assert record.state == "checked"
    assert record.summary["people"] == 3
    assert record.summary["first_day"] >= "2025-10-01"
    assert {each["code"]: each["n"] for each in record.summary["measures"]}["answered"] == 600
    assert not Batch.objects.exists()
    assert not Record.objects.exists()
