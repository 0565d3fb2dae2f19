"""The target table: typed, pasted, uploaded, pushed, loaded; what is refused stores nothing."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from foundation.documents import Problems
from foundation.intake.services import check_import, create_import, store_upload
from foundation.refusals import Refusal
from metrics.models import TargetEdition, TargetRow
from metrics.selectors.targets import main_queues, target_tables
from metrics.services.target_lines import (
    InvalidTargets,
    TargetLine,
    load_known,
    read_line,
    read_month,
    read_ramp,
)
from metrics.services.target_sections import dump_targets, load_targets
from metrics.services.targets import lines_of, merge_targets, save_targets
from metrics.views.targets import cells_of
from operations.services.configuration import dump_configuration, load_configuration
from people.models import User
from tests.cast import Cast
from tests.factories import JobFactory
from tests.metrics.conftest import apply_file

pytestmark = pytest.mark.usefixtures("catalogue")

RATE = "resolution_rate"  # per cent, higher is better, its own target 85
SPEED = "response_time"  # seconds, lower is better


def line(**how: Any) -> TargetLine:
    return TargetLine(**{"kpi": RATE, "target": Decimal(90), **how})


def save(actor: User, *lines: TargetLine, version: int = 0, **how: Any) -> TargetEdition:
    found = save_targets(actor=actor, lines=list(lines), version=version, **how)
    assert found is not None
    return found


# Editions ----------------------------------------------------------------------------------------------------------


def test_every_save_is_a_new_edition_and_the_old_one_stays(cast: Cast) -> None:
    first = save(cast.hr, line())
    second = save(cast.hr, line(target=Decimal(91)), version=1, reason="spring")
    assert [edition.number for edition in (first, second)] == [1, 2]
    assert [row.target for row in lines_of(first)] == [90]
    assert second.reason == "spring"


def test_what_the_table_says_already_makes_no_edition(cast: Cast) -> None:
    lines = [line(ramp=(Decimal("0.6"),), month_from=datetime.date(2026, 1, 1))]
    assert save(cast.hr, *lines) == save(cast.hr, *lines, version=1)


def test_a_stale_save_is_refused(cast: Cast) -> None:
    save(cast.hr, line())
    with pytest.raises(Refusal) as refused:
        save(cast.hr, line(target=Decimal(1)))
    assert (refused.value.code, refused.value.status) == ("targets_stale", 409)
    assert TargetEdition.objects.count() == 1


@pytest.mark.parametrize("who", ["manager", "agent", "auditor", "payroll"])
def test_only_hr_saves(cast: Cast, who: str) -> None:
    with pytest.raises(Refusal, match="HR"):
        save(getattr(cast, who), line())
    assert not TargetEdition.objects.exists()


def test_the_database_refuses_to_change_an_edition(cast: Cast) -> None:
    save(cast.hr, line())
    for queryset, change in ((TargetRow.objects, {"target": 1}), (TargetEdition.objects, {"reason": "x"})):
        with pytest.raises(InternalError), transaction.atomic():
            queryset.update(**change)
    with pytest.raises(InternalError), transaction.atomic():
        TargetRow.objects.all().delete()


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kpi": "nonsense"}, "kpi", "kpi_unknown"),
        ({"kpi": "courtesy"}, "kpi", "target_qualitative"),
        ({"job": "astronaut"}, "job", "target_job_unknown"),
        ({"tenure_from": -1}, "tenure_from", "target_tenure"),
        ({"tenure_from": 3, "tenure_to": 3}, "tenure_to", "target_tenure_order"),
        ({"tenure_to": 601}, "tenure_to", "target_tenure"),
        (
            {"month_from": datetime.date(2026, 3, 1), "month_to": datetime.date(2026, 2, 1)},
            "month_to",
            "target_month_order",
        ),
        ({"month_from": datetime.date(1226, 3, 1)}, "month_from", "target_month"),
        ({"target": None}, "target", "target_row_empty"),
        ({"target": Decimal("NaN")}, "target", "kpi_number"),
        ({"target": Decimal("Infinity")}, "target", "kpi_number"),
        ({"target": Decimal("1e11")}, "target", "kpi_number"),
        ({"ramp": (Decimal("0.8"), Decimal("0.6"))}, "ramp", "target_ramp_rises"),
        ({"ramp": (Decimal("1.2"),)}, "ramp", "target_ramp_rises"),
        ({"ramp": (Decimal("NaN"),)}, "ramp", "target_ramp_share"),
        ({"ramp": (Decimal(0),)}, "ramp", "target_ramp_share"),
        ({"ramp": (Decimal("0.5"),) * 37}, "ramp", "target_ramp_long"),
        ({"target": Decimal(0), "ramp": (Decimal("0.5"),)}, "ramp", "target_ramp_base"),
        ({"kpi": SPEED, "ramp": (Decimal("0.8"),)}, "ramp", "target_ramp_falls"),
        ({"queue": "q" * 81}, "queue", "target_queue"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_cell(
    cast: Cast, changes: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(InvalidTargets) as refused:
        save(cast.hr, line(job="agent"), line(**changes))
    assert [(cell.row, cell.field, cell.code) for cell in refused.value.cells] == [(1, field, code)]
    assert "%(" not in refused.value.cells[0].text
    assert not TargetEdition.objects.exists()


def test_less_is_better_ramps_down(cast: Cast) -> None:
    save(cast.hr, line(kpi=SPEED, target=Decimal(20), ramp=(Decimal("1.5"), Decimal("1.2"))))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"tenure_to": 4}, {"tenure_from": 3}),
        (
            {"month_to": datetime.date(2026, 3, 1)},
            {"month_from": datetime.date(2026, 3, 1), "month_to": datetime.date(2026, 5, 1)},
        ),
    ],
)
def test_an_overlap_of_equal_specificity_is_refused(
    cast: Cast, first: dict[str, Any], second: dict[str, Any]
) -> None:
    with pytest.raises(InvalidTargets) as refused:
        save(cast.hr, line(job="agent", **first), line(job="agent", target=Decimal(1), **second))
    assert [(cell.row, cell.code, cell.params) for cell in refused.value.cells] == [
        (1, "target_overlap", {"row": 1})
    ]


def test_an_overlap_of_other_specificity_is_what_tables_are_for(cast: Cast) -> None:
    save(cast.hr, line(), line(job="agent"), line(queue="vip"), line(job="agent", queue="vip", tenure_to=3))


# Reading cells ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["2026-03", "2026/3", "2026年3月", "202603", "2026-03-15", "2026-03-01 00:00:00"]
)
def test_months_as_people_write_them(text: str) -> None:
    assert read_month(text) == datetime.date(2026, 3, 1)


@pytest.mark.parametrize("text", ["03-2026", "2026-13", "2026", "soon", "2026-02-30"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(Refusal, match="2026-01"):
        read_month(text)


@pytest.mark.parametrize(
    "text", ["60 80 90", "60%, 80%, 90%", "60、80、90", "60 % / 80 % / 90 %", "60;80;90"]
)
def test_ramps_as_people_write_them(text: str) -> None:
    assert read_ramp(text) == (Decimal("0.6"), Decimal("0.8"), Decimal("0.9"))


def test_a_row_is_read_by_names_of_either_language(cast: Cast) -> None:
    known = load_known()
    kpi = known.kpis[RATE].kpi
    for name in (kpi.name_zh, kpi.name_en.upper(), RATE):
        found, errors = read_line({"kpi": name, "job": "客服人员", "target": "９０%"}, known, row=0)
        assert (errors, found) == ([], line(job="agent"))


def test_a_name_that_two_jobs_have_means_neither(cast: Cast) -> None:
    JobFactory(code="other", name_zh="客服人员", name_en="Other")
    _found, errors = read_line({"kpi": RATE, "job": "客服人员", "target": "1"}, load_known(), row=4)
    assert [(error.row, error.field, error.code) for error in errors] == [(4, "job", "target_job_unknown")]


@pytest.mark.parametrize(
    ("cells", "fields"),
    [
        ({"target": "many"}, ["target"]),
        ({"target": "nan"}, ["target"]),
        ({"target": "1e5"}, ["target"]),
        ({"tenure_from": "-1", "tenure_to": "2.5"}, ["tenure_from", "tenure_to"]),
        ({"kpi": "", "ramp": "a b"}, ["kpi", "ramp"]),
    ],
)
def test_every_cell_at_fault_is_named(cast: Cast, cells: dict[str, str], fields: list[str]) -> None:
    found, errors = read_line({"kpi": RATE, "target": "9", **cells}, load_known(), row=0)
    assert found is None
    assert [error.field for error in errors] == fields


def test_what_is_shown_is_read_back_alike(cast: Cast) -> None:
    known = load_known()
    lines = [
        line(job="agent", tenure_from=1, tenure_to=4, month_to=datetime.date(2026, 12, 1)),
        line(target=None, ramp=(Decimal("0.605"), Decimal("0.8"))),
        line(target=Decimal("0.000001"), queue="投诉"),
    ]
    assert [read_line(cells_of(each, known), known, row=0)[0] for each in lines] == lines


# In the browser ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hr(cast: Cast, client: Client) -> Client:
    client.force_login(cast.hr)
    return client


def test_the_page_saves_rows_that_are_posted_as_inputs(hr: Client) -> None:
    answer = hr.post(
        "/targets/",
        {
            "version": "0",
            "reason": "New hires",
            "kpi": [RATE, "", RATE],
            "job": ["agent", "", ""],
            "target": ["88", "", "80"],
            "ramp": ["60 80", "", ""],
        },
    )
    assert answer.status_code == 302
    edition = TargetEdition.objects.get()
    assert [(row.job, row.target) for row in lines_of(edition)] == [("agent", 88), ("", 80)]


def test_the_page_saves_what_the_script_sends(hr: Client) -> None:
    rows = [{"kpi": RATE, "target": str(number), "queue": f"q{number}"} for number in range(1, 301)]
    with CaptureQueriesContext(connection) as many:
        assert hr.post("/targets/", {"version": "0", "rows": json.dumps(rows)}).status_code == 302
    assert len(many) < 30
    assert TargetRow.objects.count() == 300
    assert "q300" in hr.get("/targets/").content.decode()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"kpi": RATE, "target": "many"}], "many is not a number."),
        ([{"kpi": RATE, "target": "1"}, {"kpi": RATE, "target": "2"}], "Overlaps with row 1"),
        ([{"kpi": "<script>", "target": "1"}], "There is no KPI &lt;script&gt;."),
    ],
)
def test_a_wrong_cell_keeps_what_was_typed(hr: Client, rows: list[dict[str, str]], said: str) -> None:
    answer = hr.post(
        "/targets/", {"version": "0", "rows": json.dumps(rows)}, headers={"accept-language": "en"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text
    assert "<script>&" not in text
    assert not TargetEdition.objects.exists()
    if "zh" not in answer.headers.get("Content-Language", ""):
        assert said in text


def test_a_stale_page_says_so_and_keeps_what_was_typed(hr: Client, cast: Cast) -> None:
    save(cast.hr, line())
    answer = hr.post("/targets/", {"version": "0", "rows": json.dumps([{"kpi": RATE, "target": "77.5"}])})
    assert answer.status_code == 422
    assert 'value="77.5"' in answer.content.decode()
    assert 'name="version" value="0"' in answer.content.decode()
    assert TargetEdition.objects.count() == 1


@pytest.mark.parametrize("rows", ["{", "[1, 2]", '"text"', "[" * 5000, "null"])
def test_nonsense_is_an_empty_table(hr: Client, rows: str) -> None:
    assert hr.post("/targets/", {"version": "0", "rows": rows}).status_code == 302
    assert not TargetEdition.objects.exists()


@pytest.mark.parametrize("asked", ["99", "0", "-1", "x", "9" * 40])
def test_an_edition_that_never_was_is_missing(hr: Client, asked: str) -> None:
    assert hr.get(f"/targets/?edition={asked}").status_code == 404


def test_an_earlier_edition_is_shown_and_cannot_be_changed(hr: Client, cast: Cast) -> None:
    save(cast.hr, line(target=Decimal("61.5")))
    save(cast.hr, line(), version=1)
    text = hr.get("/targets/?edition=1").content.decode()
    assert 'value="61.5"' in text
    assert "readonly" in text


def test_the_download_is_inert(hr: Client, cast: Cast) -> None:
    save(cast.hr, line(queue="=1+1"))
    assert "'=1+1" in hr.get("/targets.csv").content.decode("utf-8-sig")


# Files --------------------------------------------------------------------------------------------------------------


def check(cast: Cast, text: str, name: str = "targets.csv") -> Any:
    upload = store_upload(actor=cast.hr, file=ContentFile(text.encode()), name=name)
    record = create_import(
        actor=cast.hr, kind="targets", upload=upload, source_code="", mapping=None, options={}
    )
    return check_import(actor=cast.hr, import_record=record)


def rejected(record: Any) -> list[tuple[int, str]]:
    from foundation.intake.selectors import rejects_of

    return [(row.line, row.code) for row in rejects_of(record)]


def test_a_file_adds_and_replaces(cast: Cast) -> None:
    save(cast.hr, line(job="agent"), line(queue="vip"))
    record = check(cast, f"KPI,Job,Queue,Target,Ramp\n{RATE},agent,,92,60 80\n{RATE},,chat,70,\n")
    assert TargetEdition.objects.count() == 1
    record = apply_file(cast.hr, record)
    assert (record.state, record.summary["new"], record.summary["changed"]) == ("applied", 1, 1)
    edition = TargetEdition.objects.get(number=2)
    assert [(row.job, row.queue, row.target) for row in lines_of(edition)] == [
        ("agent", "", 92),
        ("", "vip", 90),
        ("", "chat", 70),
    ]
    again = apply_file(cast.hr, check(cast, f"KPI,Job,Queue,Target,Ramp\n{RATE},,chat,70,\n"))
    assert again.state == "unchanged"
    assert TargetEdition.objects.count() == 2


def test_rejects_have_line_and_reason_and_the_rest_is_taken(cast: Cast) -> None:
    save(cast.hr, line(job="agent", tenure_to=6))
    record = check(
        cast,
        "指标,岗位,在岗月数从,在岗月数到,目标值\n"
        f"{RATE},agent,,3,80\n"  # overlaps with what stands in the table
        f"{RATE},astronaut,,,80\n"
        f"{RATE},agent,12,,95\n"
        f"{RATE},agent,18,,96\n"  # overlaps with the line above
        f"{RATE},agent,12,,97\n"  # for the same people as line 4
        ",,,,\n"
        f"nothing,,,,1\n",
        "目标.csv",
    )
    assert rejected(record) == [
        (2, "target_overlap_table"),
        (3, "target_job_unknown"),
        (5, "target_overlap"),
        (6, "target_twice"),
        (8, "kpi_unknown"),
    ]
    apply_file(cast.hr, record)
    assert [row.target for row in lines_of(TargetEdition.objects.get(number=2))] == [90, 95]


# REST ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def api(cast: Cast) -> APIClient:
    found = APIClient()
    found.force_authenticate(cast.hr)
    return found


def test_the_table_goes_through_the_api(api: APIClient) -> None:
    row = {"kpi": RATE, "job": "agent", "tenure_to": 3, "month_from": "2026-01", "ramp": ["0.6", "0.8"]}
    sent = api.put("/api/v1/targets/", {"edition": 0, "rows": [row]}, format="json")
    assert (sent.status_code, sent.json()["edition"]) == (200, 1)
    got = api.get("/api/v1/targets/").json()
    assert got["rows"] == [
        {
            "kpi": RATE,
            "job": "agent",
            "queue": "",
            "tenure_from": 0,
            "tenure_to": 3,
            "month_from": "2026-01",
            "month_to": None,
            "target": None,
            "ramp": ["0.6000", "0.8000"],
        }
    ]
    again = api.put("/api/v1/targets/", {"edition": 1, "rows": got["rows"]}, format="json")
    assert (again.status_code, again.json()["edition"]) == (200, 1)
    stale = api.put("/api/v1/targets/", {"edition": 0, "rows": []}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "targets_stale")
    assert api.get("/api/v1/targets/editions/1/").json() == got
    assert [each["edition"] for each in api.get("/api/v1/targets/editions/").json()["results"]] == [1]


@pytest.mark.parametrize(
    "row",
    [
        {"target": "many"},
        {"target": "NaN"},
        {"target": 1e400},
        {"tenure_from": -1},
        {"tenure_from": "x"},
        {"month_from": "2026-13"},
        {"month_from": 5},
        {"ramp": ["x"]},
        {"ramp": "60 80"},
        {"ramp": [-1]},
        {"queue": None},
        {"queue": "\u0000"},
    ],
)
def test_malformed_rows_are_refused(api: APIClient, row: dict[str, Any]) -> None:
    body = json.dumps({"edition": 0, "rows": [{"kpi": RATE, "target": "1", **row}]})
    answer = api.put("/api/v1/targets/", body, content_type="application/json")
    assert 400 <= answer.status_code < 500
    assert not TargetEdition.objects.exists()


def test_the_api_names_every_cell(api: APIClient) -> None:
    rows = [{"kpi": "x", "target": "1"}, {"kpi": RATE, "target": "1"}, {"kpi": RATE, "target": "2"}]
    answer = api.post("/api/v1/targets/", {"rows": rows}, format="json")
    assert answer.status_code == 422
    pointers = [each["pointer"] for each in answer.json()["errors"]]
    assert pointers[0] == "#/rows/0/kpi"
    assert not TargetEdition.objects.exists()


# YAML ---------------------------------------------------------------------------------------------------------------


def test_a_dump_loads_back_to_the_same_dump(cast: Cast) -> None:
    save(
        cast.hr,
        line(
            job="agent",
            tenure_from=1,
            tenure_to=4,
            month_to=datetime.date(2026, 12, 1),
            target=Decimal("90.5"),
        ),
        line(target=None, queue="投诉", ramp=(Decimal("0.605"), Decimal("0.8"))),
    )
    dumped = dump_configuration(actor=cast.hr, sections=["targets"])
    loaded = load_configuration(actor=cast.hr, content=dumped)
    assert not list(loaded.problems)
    assert dump_configuration(actor=cast.hr, sections=["targets"]) == dumped
    assert TargetEdition.objects.count() == 1


def test_what_a_document_does_not_name_stays(cast: Cast) -> None:
    save(cast.hr, line(job="agent"))
    problems = Problems()
    load_targets(
        [{"kpi": RATE, "queue": "vip", "target": 70}], actor=cast.hr, problems=problems, path=("targets",)
    )
    assert not problems
    assert [row["target"] for row in dump_targets()] == [90, 70]


@pytest.mark.parametrize(
    ("items", "place", "code"),
    [
        ([{"kpi": RATE, "target": "x"}], "targets[0].target", "document_type"),
        ([{"kpi": RATE, "target": 1, "tenure": {"from": -1}}], "targets[0].tenure.from", "target_tenure"),
        (
            [{"kpi": RATE, "target": 1, "months": {"from": "2026-13"}}],
            "targets[0].months.from",
            "target_month",
        ),
        ([{"kpi": RATE, "target": 1, "ramp": [0.8, 0.6]}], "targets[0].ramp", "target_ramp_rises"),
        ([{"kpi": RATE, "target": 1, "ramp": ["x"]}], "targets[0].ramp[0]", "document_type"),
        ([{"kpi": RATE, "target": 1}, {"kpi": RATE, "target": 2}], "targets[1]", "target_twice"),
        ([{"kpi": RATE, "target": 1, "jobs": "agent"}], "targets[0].jobs", "document_unknown_key"),
        ([{"kpi": "x", "target": 1}], "targets[0].kpi", "kpi_unknown"),
        ("rows", "targets", "document_list"),
    ],
)
def test_problems_of_a_document_have_their_place(cast: Cast, items: Any, place: str, code: str) -> None:
    problems = Problems()
    load_targets(items, actor=cast.hr, problems=problems, path=("targets",))
    assert [(each.place, each.code) for each in problems] == [(place, code)]


# As cycles read it --------------------------------------------------------------------------------------------------


def test_only_rows_that_touch_the_period_are_read(cast: Cast) -> None:
    march, april = datetime.date(2026, 3, 1), datetime.date(2026, 4, 1)
    merge_targets(
        actor=cast.hr,
        lines=[line(month_to=march), line(month_from=april, target=Decimal(91)), line(target=Decimal(70))],
    )
    number, tables = target_tables(datetime.date(2026, 4, 10), datetime.date(2026, 4, 30))
    assert (number, [row["target"] for row in tables[RATE]]) == (1, [91.0, 70.0])


def test_the_main_queue_is_that_of_the_period_else_of_the_months_before(
    cast: Cast, django_assert_num_queries: Callable[[int], Any]
) -> None:
    rows = [
        (cast.agent.pk, "2025-10-05", "chat", 2),
        (cast.agent.pk, "2025-09-05", "phone", 9),
        (cast.peer.pk, "2025-09-05", "phone", 1),
        (cast.peer.pk, "2025-06-05", "chat", 9),
        (cast.outsider.pk, "2025-10-05", "", 5),
    ]
    with connection.cursor() as cursor:
        for number, (who, day, queue, count) in enumerate(rows):
            cursor.execute(
                "INSERT INTO metrics_record (batch_id, source_id, external_id, employee_id, day, queue, values) "
                "SELECT 1, 1, %s || i, %s, %s, %s, '{}' FROM generate_series(1, %s) AS i",
                [f"{number}-", who, day, queue, count],
            )
    with django_assert_num_queries(1):
        found = main_queues([cast.agent.pk, cast.peer.pk, cast.outsider.pk], cast.first_day, cast.last_day)
    assert found == {cast.agent.pk: "chat", cast.peer.pk: "phone"}
