"""Whatever can be wrong with a row: which line, which column, and why. Nothing of such a row is stored."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from foundation.refusals import Refusal, refusal_text
from metrics.models import Batch, Measure, Record, Source
from tests.cast import Cast
from tests.metrics import calls as call_log
from tests.metrics.conftest import apply_file, check_file

pytestmark = pytest.mark.django_db

GOOD = ["1", "E0004", "2025-10-08", "10:00:00", "Billing", "Y", "Y", "12", "00:02:23", "5"]
ID, AGENT, DATE, TIME, TOPIC, ANSWERED, RESOLVED, SPEED, TALK, MARK = range(10)


def row(**changes: str) -> list[str]:
    """The good row with some cells changed, by the names above in small letters."""
    cells = list(GOOD)
    for name, value in changes.items():
        cells[globals()[name.upper()]] = value
    return cells


CELLS = [
    pytest.param({"agent": "E9999"}, "Agent", "employee_not_found", id="unknown employee"),
    pytest.param({"agent": ""}, "Agent", "cell_empty", id="no employee"),
    pytest.param({"agent": "双胞胎"}, "Agent", "employee_ambiguous", id="a name of two people"),
    pytest.param({"id": ""}, "Call Id", "cell_empty", id="no record id"),
    pytest.param({"id": "x" * 121}, "Call Id", "record_id_too_long", id="an endless record id"),
    pytest.param({"date": ""}, "Date", "cell_empty", id="no date"),
    pytest.param({"date": "2025-02-30"}, "Date", "date_unreadable", id="a day that does not exist"),
    pytest.param({"date": "yesterday"}, "Date", "date_unreadable", id="words for a date"),
    pytest.param({"date": "2199-01-01"}, "Date", "date_future", id="a day that has not come"),
    pytest.param({"date": "1925-10-08"}, "Date", "date_too_early", id="a century too early"),
    pytest.param({"time": "25:00"}, "Time", "time_unreadable", id="an impossible time"),
    pytest.param({"topic": "x" * 81}, "Topic", "queue_too_long", id="an endless topic"),
    pytest.param(
        {"speed": "twelve"}, "Speed of answer in seconds", "value_not_number", id="text for a number"
    ),
    pytest.param({"speed": "NaN"}, "Speed of answer in seconds", "value_not_finite", id="NaN"),
    pytest.param({"speed": "-Infinity"}, "Speed of answer in seconds", "value_not_finite", id="infinity"),
    pytest.param({"speed": "1e999"}, "Speed of answer in seconds", "value_too_large", id="overflow"),
    pytest.param({"speed": "-1"}, "Speed of answer in seconds", "value_below", id="below the minimum"),
    pytest.param({"speed": "7201"}, "Speed of answer in seconds", "value_above", id="above the maximum"),
    pytest.param({"mark": "6"}, "Satisfaction rating", "value_above", id="six of five"),
    pytest.param({"talk": "-00:02:23"}, "AvgTalkDuration", "value_negative", id="a negative duration"),
    pytest.param({"talk": "long"}, "AvgTalkDuration", "value_not_duration", id="words for a duration"),
    pytest.param({"answered": "perhaps"}, "Answered (Y/N)", "value_unmapped", id="neither yes nor no"),
]


@pytest.mark.parametrize(("changes", "column", "code"), CELLS)
def test_a_bad_cell_is_named(
    cast: Cast, telephone: Source, changes: dict[str, str], column: str, code: str
) -> None:
    cast.peer.name = cast.outsider.name = "双胞胎"
    cast.peer.save()
    cast.outsider.save()
    content = call_log.as_csv([row(id="first"), row(**{"id": "second", **changes}), row(id="third")])
    record = check_file(cast.hr, telephone, content)
    assert (record.rows_accepted, record.rows_rejected) == (2, 1)
    reject = record.rejects.get()
    assert (reject.line, reject.column, reject.code) == (3, column, code)
    text = refusal_text(reject.code, reject.params)
    assert "%(" not in text
    assert code not in text
    apply_file(cast.hr, record)
    assert set(Record.objects.values_list("external_id", flat=True)) == {"first", "third"}


def test_every_bad_cell_of_a_row_is_told_at_once(cast: Cast, telephone: Source) -> None:
    content = call_log.as_csv([row(id="a"), row(id="b", agent="nobody", speed="fast", mark="9")])
    record = check_file(cast.hr, telephone, content)
    assert record.rows_rejected == 1
    assert {reject.code for reject in record.rejects.all()} == {
        "employee_not_found",
        "value_not_number",
        "value_above",
    }


def test_a_record_id_twice_keeps_the_first(cast: Cast, telephone: Source) -> None:
    record = check_file(
        cast.hr, telephone, call_log.as_csv([row(id="7"), row(id="8"), row(id="7", mark="1")])
    )
    reject = record.rejects.get()
    assert (reject.line, reject.code, reject.params) == (4, "record_id_twice", {"line": 2})
    assert record.rows_accepted == 2


def test_a_day_outside_the_declared_period(cast: Cast, telephone: Source) -> None:
    content = call_log.as_csv([row(id="in"), row(id="out", date="2025-11-01")])
    record = check_file(cast.hr, telephone, content, period_first="2025-10-01", period_last="2025-10-31")
    reject = record.rejects.get()
    assert (reject.line, reject.column, reject.code) == (3, "Date", "date_outside_period")
    assert reject.params == {"first": "2025-10-01", "last": "2025-10-31"}


def test_a_day_outside_somebodys_employment_is_told_and_taken(cast: Cast, telephone: Source) -> None:
    """The leaver's last day was 15 October: the data may be late, or the roster."""
    record = check_file(cast.hr, telephone, call_log.as_csv([row(id="1", agent="E0006", date="2025-10-20")]))
    assert (record.rows_accepted, record.rows_rejected) == (1, 0)
    assert record.summary["without_team"] == 1


def test_no_good_row_stores_nothing(cast: Cast, telephone: Source) -> None:
    record = check_file(cast.hr, telephone, call_log.as_csv([row(agent="nobody")]))
    with pytest.raises(Refusal) as refused:
        apply_file(cast.hr, record)
    assert refused.value.code == "import_nothing_accepted"
    assert not Batch.objects.exists()


WHOLE = [
    pytest.param({"columns": {"date": "Date"}}, "mapping_role_missing", id="no employee column"),
    pytest.param(
        {"columns": {"employee": "Agent", "date": "Day"}}, "mapping_column_missing", id="unknown column"
    ),
    pytest.param({"measures": {}}, "mapping_no_measure", id="no measure"),
    pytest.param({"measures": {"happiness": {"column": "Topic"}}}, "measure_unknown", id="unknown measure"),
    pytest.param(
        {"measures": {"answered": {"column": "Topic", "type": "magic"}}}, "mapping_place", id="unknown type"
    ),
    pytest.param({"measures": {"answered": "Topic"}}, "mapping_place", id="no mapping at all"),
    pytest.param({"employee_key": "shoe size"}, "mapping_place", id="unknown key"),
    pytest.param({"colour": "blue"}, "mapping_place", id="unknown setting"),
    pytest.param(
        {"measures": {"answered": {"column": "Topic", "type": "boolean", "map": {"Y": float("nan")}}}},
        "mapping_place",
        id="NaN in a mapping",
    ),
]


@pytest.mark.parametrize(("changes", "code"), WHOLE)
def test_a_mapping_that_cannot_be_read(
    cast: Cast, telephone: Source, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        check_file(cast.hr, telephone, call_log.as_csv([GOOD]), mapping={**call_log.MAPPING, **changes})
    assert refused.value.code == code
    assert "%(" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param({"period_first": "October"}, "import_option", id="no day"),
        pytest.param(
            {"period_first": "2025-10-02", "period_last": "2025-10-01"}, "period_order", id="backwards"
        ),
        pytest.param({"replaces": "last one"}, "import_option", id="no batch id"),
        pytest.param({"replaces": 9**17}, "batch_unknown", id="no such batch"),
    ],
)
def test_options_that_cannot_be_read(
    cast: Cast, telephone: Source, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        check_file(cast.hr, telephone, call_log.as_csv([GOOD]), **options)
    assert refused.value.code == code


def test_days_that_could_be_months_are_asked_about(cast: Cast, telephone: Source) -> None:
    content = call_log.as_csv([row(id="a", date="08/10/2025"), row(id="b", date="09/10/2025")])
    with pytest.raises(Refusal) as refused:
        check_file(cast.hr, telephone, content)
    assert refused.value.code == "date_ambiguous"
    record = check_file(cast.hr, telephone, content, mapping={**call_log.MAPPING, "date_format": "dmy"})
    assert record.summary["last_day"] == "2025-10-09"


def test_one_day_above_twelve_tells_them_apart(cast: Cast, telephone: Source) -> None:
    content = call_log.as_csv([row(id="a", date="10/08/2025"), row(id="b", date="10/13/2025")])
    record = check_file(cast.hr, telephone, content)
    assert (record.summary["first_day"], record.summary["last_day"]) == ("2025-10-08", "2025-10-13")


def test_words_for_no_value(cast: Cast, telephone: Source) -> None:
    content = call_log.as_csv([row(id="a", speed="-", mark="n/a")])
    assert check_file(cast.hr, telephone, content).rows_rejected == 1
    record = check_file(cast.hr, telephone, content, mapping={**call_log.MAPPING, "missing": ["-", "n/a"]})
    apply_file(cast.hr, record)
    assert set(Record.objects.get().values) == {"answered", "resolved", "talk_seconds"}


def test_only_hr_imports(cast: Cast, telephone: Source) -> None:
    for person in (cast.manager, cast.agent, cast.auditor, cast.payroll):
        with pytest.raises(Refusal) as refused:
            check_file(person, telephone, call_log.as_csv([GOOD]))
        assert refused.value.status == 403
    assert not Batch.objects.exists()


def test_a_constant_counts_rows(cast: Cast, telephone: Source) -> None:
    mapping = {**call_log.MAPPING, "measures": {"ideas_adopted": {"type": "constant", "value": 1}}}
    record = check_file(cast.hr, telephone, call_log.as_csv([row(id="a"), row(id="b")]), mapping=mapping)
    assert record.summary["measures"] == [{"code": "ideas_adopted", "n": 2, "missing": 0, "mean": 1.0}]


def test_limits_of_a_measure_hold_for_what_comes_in(cast: Cast, telephone: Source) -> None:
    Measure.objects.filter(code="answer_seconds").update(maximum=None, minimum=None)
    record = check_file(cast.hr, telephone, call_log.as_csv([row(speed="99999")]))
    assert record.rows_rejected == 0


def test_today_is_no_future(cast: Cast, telephone: Source) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    record = check_file(cast.hr, telephone, call_log.as_csv([row(date=today.isoformat())]))
    assert record.rows_rejected == 0
