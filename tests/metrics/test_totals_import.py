"""Daily totals, in rows or in columns, and what happens where they meet records."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest

from foundation.refusals import Refusal
from metrics.models import Measure, Observation, Source
from metrics.selectors.observations import company_totals, totals_by
from metrics.services.sources import change_source
from people.models import User
from tests.cast import Cast
from tests.metrics import calls as call_log
from tests.metrics.conftest import check_file, import_file

pytestmark = pytest.mark.django_db

WIDE = {
    "columns": {"employee": "工号", "date": "日期"},
    "measures": {
        "work_hours": {"column": "工时", "aggregation": "total"},
        "satisfaction": {"column": "满意度", "aggregation": "mean", "count_column": "问卷数"},
        "answered": {"column": "接听", "aggregation": "total", "count_column": "来电"},
    },
}
WIDE_COLUMNS = ["工号", "日期", "工时", "满意度", "问卷数", "接听", "来电"]
LONG = {
    "columns": {"employee": "employee", "date": "date", "measure": "measure", "value": "value", "count": "n"},
}
LONG_COLUMNS = ["employee", "date", "measure", "value", "n"]
DAY = datetime.date(2025, 10, 8)


def totals_of(person: User, code: str) -> tuple[int, float, float] | None:
    measure = Measure.objects.get(code=code)
    found = Observation.objects.filter(subject_type="e", subject_id=person.pk, measure_id=measure.pk).first()
    return None if found is None else (found.n, found.total, found.total_sq)


def test_one_column_a_measure(cast: Cast, reports: Source) -> None:
    rows = [
        ["E0004", "2025-10-08", "7.5", "4.5", "4", "18", "20"],
        ["E0005", "2025-10-08", "8", "", "0", "", ""],
    ]
    record = import_file(cast.hr, reports, call_log.as_csv(rows, WIDE_COLUMNS), mapping=WIDE)
    assert (record.rows_accepted, record.rows_rejected) == (2, 0)
    assert totals_of(cast.agent, "work_hours") == (1, 7.5, 56.25)
    n, total, squares = totals_of(cast.agent, "satisfaction") or (0, 0, 0)
    assert (n, total) == (4, 18)
    assert math.isnan(squares)  # a mean does not tell its spread
    assert totals_of(cast.agent, "answered") == (20, 18, 18)  # ones and zeros do
    assert totals_of(cast.peer, "satisfaction") is None  # no survey is no value
    assert totals_of(cast.peer, "work_hours") == (1, 8, 64)


def test_one_row_a_measure(cast: Cast, reports: Source) -> None:
    rows = [
        ["E0004", "2025-10-08", "cost_labour", "310.5", ""],
        ["E0004", "2025-10-08", "sales_amount", "1,200", "3"],
    ]
    mapping = {"columns": {key: value for key, value in LONG["columns"].items() if key != "count"}}
    record = import_file(cast.hr, reports, call_log.as_csv(rows, LONG_COLUMNS), mapping=mapping)
    assert record.rows_rejected == 0
    assert totals_of(cast.agent, "cost_labour") == (1, 310.5, 310.5**2)
    record = check_file(cast.hr, reports, call_log.as_csv(rows, LONG_COLUMNS), mapping=LONG, name="other.csv")
    assert {(reject.line, reject.code) for reject in record.rejects.all()} >= {(2, "value_count")}


CASES = [
    pytest.param(
        ["E0004", "2025-10-08", "luck", "1", "1"], "measure", "measure_unknown", id="unknown measure"
    ),
    pytest.param(["E0004", "2025-10-08", "", "1", "1"], "measure", "cell_empty", id="no measure"),
    pytest.param(
        ["E0004", "2025-10-08", "sales_amount", "much", "1"], "value", "value_not_number", id="text"
    ),
    pytest.param(
        ["E0004", "2025-10-08", "sales_amount", "inf", "1"], "value", "value_not_finite", id="infinity"
    ),
    pytest.param(["E0004", "2025-10-08", "sales_amount", "1", "0"], "n", "value_count", id="of no values"),
    pytest.param(
        ["E0004", "2025-10-08", "sales_amount", "1", "1.5"], "n", "value_count", id="of half a value"
    ),
    pytest.param(
        ["E0004", "2025-10-08", "satisfaction", "60", "10"], "value", "value_above", id="a mean of six"
    ),
    pytest.param(
        ["E7777", "2025-10-08", "sales_amount", "1", "1"], "employee", "employee_not_found", id="nobody"
    ),
    pytest.param(["E0005", "2025-10-08", "sales_amount", "1", "1"], "employee", "total_twice", id="twice"),
]


@pytest.mark.parametrize(("bad", "column", "code"), CASES)
def test_a_bad_total_is_named(cast: Cast, reports: Source, bad: list[str], column: str, code: str) -> None:
    good = ["E0005", "2025-10-08", "sales_amount", "5", "1"]
    record = check_file(cast.hr, reports, call_log.as_csv([good, bad], LONG_COLUMNS), mapping=LONG)
    assert (record.rows_accepted, record.rows_rejected) == (1, 1)
    reject = record.rejects.get()
    assert (reject.line, reject.column, reject.code) == (3, column, code)


def test_the_same_total_in_another_file(cast: Cast, reports: Source) -> None:
    row = ["E0005", "2025-10-08", "sales_amount", "5", "1"]
    import_file(cast.hr, reports, call_log.as_csv([row], LONG_COLUMNS), mapping=LONG, name="one.csv")
    other = ["E0005", "2025-10-09", "sales_amount", "5", "1"]
    record = check_file(
        cast.hr, reports, call_log.as_csv([row, other], LONG_COLUMNS), mapping=LONG, name="two.csv"
    )
    assert record.rows_accepted == 1
    reject = record.rejects.get()
    assert (reject.line, reject.code, reject.params["batch"]) == (2, "total_elsewhere", "one.csv")


def test_a_mean_without_its_count_is_refused(cast: Cast, reports: Source) -> None:
    mapping: dict[str, Any] = {
        "columns": WIDE["columns"],
        "measures": {"satisfaction": {"column": "满意度", "aggregation": "mean"}},
    }
    with pytest.raises(Refusal) as refused:
        check_file(cast.hr, reports, call_log.as_csv([["x"] * 7], WIDE_COLUMNS), mapping=mapping)
    assert refused.value.code == "mapping_count_missing"


class TestPrecedence:
    """One day's satisfaction comes from the telephone (precedence 100) and from the reports (200)."""

    @pytest.fixture(autouse=True)
    def _both(self, cast: Cast, telephone: Source, reports: Source) -> None:
        calls = [
            ["1", "E0004", "2025-10-08", "10:00", "", "Y", "Y", "", "", "5"],
            ["2", "E0004", "2025-10-08", "11:00", "", "Y", "Y", "", "", "4"],
        ]
        import_file(cast.hr, telephone, call_log.as_csv(calls))
        totals = [
            ["E0004", "2025-10-08", "satisfaction", "3", "1"],
            ["E0004", "2025-10-09", "satisfaction", "2", "1"],
            ["E0005", "2025-10-08", "satisfaction", "1", "1"],
        ]
        import_file(cast.hr, reports, call_log.as_csv(totals, LONG_COLUMNS), mapping=LONG)

    def total(self, *people: User) -> dict[int, tuple[int, float]]:
        measure = Measure.objects.get(code="satisfaction")
        found = totals_by(
            ["subject_id"],
            subject_ids=[person.pk for person in people],
            measure_ids=[measure.pk],
            first=datetime.date(2025, 10, 1),
            last=datetime.date(2025, 10, 31),
        )
        return {int(row.subject_id): (int(row.n), float(row.total)) for row in found.itertuples()}

    def test_the_lower_number_counts_day_by_day_and_person_by_person(self, cast: Cast) -> None:
        assert self.total(cast.agent, cast.peer) == {cast.agent.pk: (3, 11), cast.peer.pk: (1, 1)}

    def test_a_changed_precedence_changes_the_choice(self, cast: Cast, reports: Source) -> None:
        change_source(
            actor=cast.hr,
            source=reports,
            name_zh="",
            name_en="Reports",
            time_zone="Asia/Shanghai",
            precedence=1,
        )
        assert self.total(cast.agent, cast.peer) == {cast.agent.pk: (2, 5), cast.peer.pk: (1, 1)}

    def test_the_company_counts_nobody_twice(self, cast: Cast) -> None:
        measure = Measure.objects.get(code="satisfaction")
        found = company_totals([measure.pk], datetime.date(2025, 10, 1), datetime.date(2025, 10, 31))
        assert (int(found["n"].sum()), float(found["total"].sum())) == (4, 12)
