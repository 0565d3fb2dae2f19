"""Reading, checking and writing configuration documents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from foundation.documents import (
    Problems,
    Section,
    format_path,
    items_of,
    read_document,
    report_repeated,
    write_document,
)
from foundation.refusals import Refusal


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param((), "", id="the whole document"),
        pytest.param(("kpis", 2, "formula"), "kpis[2].formula", id="keys and positions"),
        pytest.param(("map", "Answered (Y/N)"), 'map["Answered (Y/N)"]', id="a key that is no word"),
        pytest.param(("sources", 0, "满意度"), "sources[0].满意度", id="a Chinese key"),
    ],
)
def test_path(path: tuple[str | int, ...], text: str) -> None:
    assert format_path(path) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("yes", "yes", id="yes is a word"),
        pytest.param("no", "no", id="no is a word (and a country)"),
        pytest.param("Y", "Y", id="Y is a letter"),
        pytest.param("true", True, id="true"),
        pytest.param("12:30:45", "12:30:45", id="a time is no sexagesimal number"),
        pytest.param("0012", "0012", id="an employee number keeps its zeros"),
        pytest.param("1.5", 1.5, id="a number"),
        pytest.param("1e3", 1000.0, id="scientific"),
        pytest.param("-7", -7, id="negative"),
        pytest.param("2026-10-01", date(2026, 10, 1), id="a date"),
        pytest.param("~", None, id="nothing"),
        pytest.param("", None, id="an empty document"),
    ],
)
def test_plain_values(text: str, value: object) -> None:
    found = read_document(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param("a: [1", "document_syntax", id="syntax"),
        pytest.param("a: &x 1\nb: *x", "document_alias", id="alias"),
        pytest.param("a: 1\na: 2", "document_key_twice", id="a key twice"),
        pytest.param("!!python/object/apply:os.system [ls]", "document_syntax", id="a tag"),
        pytest.param("[" * 50 + "]" * 50, "document_too_deep", id="too deep"),
        pytest.param(b"\xff\xfe\x00", "document_encoding", id="not UTF-8"),
        pytest.param("a: \x00", "document_syntax", id="NUL"),
        pytest.param("a: 2026-02-30", "document_syntax", id="a day that does not exist"),
        pytest.param("? [a, b]\n: 1", "document_syntax", id="a list as key"),
        pytest.param("#" * (4 * 1024 * 1024 + 1), "document_too_large", id="too large"),
    ],
)
def test_unreadable(content: str | bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_document(content)
    assert refused.value.code == code
    assert str(refused.value)


def test_section_reports_everything_with_its_path() -> None:
    problems = Problems()
    section = Section(
        {"code": 5, "unit": "miles", "weight": True, "colour": 1, "name": {"fr": "x"}},
        problems=problems,
        path=("kpis", 0),
    )
    assert section.take("code", str, required=True, default="") == ""
    assert section.choice("unit", ["seconds", "count"], default="count") == "count"
    assert section.take("weight", Decimal) is None
    assert section.take("target", float, required=True) is None
    assert section.localized("name", required=True) == ("", "")
    section.done()
    assert [(problem.place, problem.code) for problem in problems] == [
        ("kpis[0].code", "document_type"),
        ("kpis[0].unit", "document_choice"),
        ("kpis[0].weight", "document_type"),
        ("kpis[0].target", "document_missing"),
        ("kpis[0].name.fr", "document_unknown_key"),
        ("kpis[0].name", "document_missing"),
        ("kpis[0].colour", "document_unknown_key"),
    ]
    assert all(problem.text for problem in problems)


def test_numbers_are_exact() -> None:
    section = Section({"a": 0.1, "b": 3}, problems=Problems(), path=())
    assert section.take("a", Decimal) == Decimal("0.1")
    assert section.take("b", float) == 3.0


def test_not_a_mapping_is_one_problem() -> None:
    problems = Problems()
    section = Section(["x"], problems=problems, path=("kpis", 0))
    section.take("code", str, required=True)
    section.done()
    assert [problem.code for problem in problems] == ["document_mapping"]


def test_refusals_of_services_get_their_place() -> None:
    problems = Problems()
    with problems.at(("kpis", 1)):
        raise Refusal("document_missing", field="formula")
    assert problems.found[0].place == "kpis[1].formula"


def test_repeated_codes() -> None:
    problems = Problems()
    items = items_of([{"code": "a"}, {"code": "b"}, {"code": "a"}], problems=problems, path=("kpis",))
    report_repeated(items, problems=problems, key=lambda item: item["code"])
    assert [(problem.place, problem.params["first"]) for problem in problems] == [("kpis[2].code", "kpis[0]")]


def test_written_and_read_back_alike() -> None:
    document = {
        "kpis": [
            {
                "code": "csat",
                "target": Decimal("85.000000"),
                "name": {"zh": "客户满意度", "en": "Satisfaction: all"},
            },
            {
                "code": "no",
                "number": "0012",
                "time": "12:30",
                "day": date(2026, 10, 1),
                "share": 0.1,
                "flag": False,
            },
        ]
    }
    text = write_document(document)
    back = read_document(text)
    assert back["kpis"][0]["target"] == 85
    assert back["kpis"][1] == document["kpis"][1]
    assert write_document(back) == text
    assert "客户满意度" in text
