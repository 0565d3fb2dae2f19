"""Bands as a table, and where last month's people fall into them while they are typed."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from foundation.runs.models import Run
from metrics.forms.fields import BandsField, BandsWidget
from metrics.models import KPI, KPIPeriod, KPIValueSet
from metrics.selectors.kpi_values import band_counts
from tests.cast import Cast
from tests.factories import keep_kpi_value

pytestmark = pytest.mark.usefixtures("catalogue")
SEPTEMBER = datetime.date(2025, 9, 1)


@pytest.fixture
def month(cast: Cast) -> KPI:
    """Seven people with a value, one of them of three cases; one without."""
    run = Run.objects.create(kind="kpi_values", scope="kpi_month:2025-09", state=Run.State.DONE)
    KPIPeriod.objects.create(first_day=SEPTEMBER, last_day=datetime.date(2025, 9, 30), published_run=run)
    kpi = KPI.objects.get(code="resolution_rate")
    told = [(65, 90), (70, 90), (79.9, 90), (80, 90), (85, 90), (96, 90), (99, 3), (None, 0)]
    for number, (value, n) in enumerate(told, start=1):
        keep_kpi_value(run, number, kpi.versions.get(), value, n)
    return kpi


def test_people_are_counted_by_half_open_bands(month: KPI) -> None:
    found = band_counts(month, SEPTEMBER, [[70, 40], [80, 80], [90, 100]])
    assert found == {"people": 6, "below_minimum": 1, "without_value": 1, "counts": [1, 2, 2, 1]}


def test_fewer_than_five_are_no_distribution(month: KPI) -> None:
    KPIValueSet.objects.filter(employee_id__gt=2).delete()
    assert band_counts(month, SEPTEMBER, [[70, 40]])["counts"] == []


def preview(client: Client, **fields: Any) -> tuple[int, str]:
    answer = client.post(
        "/kpis/bands/", {"preview_field": "x-bands", "preview_kpi": "resolution_rate", **fields}
    )
    return answer.status_code, answer.content.decode()


def test_the_fragment_counts_what_is_typed(cast: Cast, client: Client, month: KPI) -> None:
    client.force_login(cast.hr)
    status, text = preview(client, **{"x-bands-from": ["70", "80", ""], "x-bands-points": ["40", "80", ""]})
    assert status == 200
    assert "n = 6" in text
    assert "data-chart" in text


@pytest.mark.parametrize(
    "fields",
    [
        {"x-bands-from": ["80", "70"], "x-bands-points": ["1", "2"]},
        {"x-bands-from": ["nan"], "x-bands-points": ["1"]},
        {"x-bands-from": ["x"], "x-bands-points": ["1"]},
        {"x-bands-from": ["1"], "x-bands-points": [""]},
        {"x-bands-from": ["1"], "x-bands-points": ["-5"]},
        {"x-bands": "9" * 2000},
    ],
)
def test_what_is_no_band_is_said(cast: Cast, client: Client, month: KPI, fields: dict[str, Any]) -> None:
    client.force_login(cast.hr)
    status, text = preview(client, **fields)
    assert status == 200
    assert "field-error" in text


def test_an_unknown_kpi_is_missing(cast: Cast, client: Client) -> None:
    client.force_login(cast.hr)
    assert client.post("/kpis/bands/", {"preview_kpi": "nothing"}).status_code == 404


def test_the_table_reads_back_what_it_shows() -> None:
    field = BandsField()
    html = BandsWidget().render("bands", field.prepare_value([[0.0, 20.0], [1234567.5, 85.0]]))
    assert 'value="1234567.5"' in html
    posted = QueryDict(
        "bands-from=0&bands-points=20&bands-from=1234567.5&bands-points=85&bands-from=&bands-points="
    )
    assert field.clean(BandsWidget().value_from_datadict(posted, None, "bands")) == [[0, 20], [1234567.5, 85]]
    assert "<script>" not in BandsWidget().render("bands", '"><script> = 1')
