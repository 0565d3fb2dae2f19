"""Inspection forms: what a form may say, versions, the document, and scores that come from another tool."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from foundation.documents import Problems, read_document
from foundation.refusals import Refusal
from metrics.models import InspectionForm, Record, Source
from metrics.services.configuration import load_sources
from metrics.services.inspection_configuration import dump_inspection_forms, load_inspection_forms
from metrics.services.inspection_content import ContentRefused, check_content
from metrics.services.inspection_forms import create_form, freeze_version, revise_form
from tests.cast import Cast
from tests.metrics.conftest import import_file
from tests.metrics.inspection_world import CONTENT, content, make_form, two

SHIPPED = Path(__file__).parents[2] / "metrics" / "catalogue" / "inspection.yaml"


def item(**changes: Any) -> dict[str, Any]:
    return {"code": "one", "name": two("One"), "weight": 100, **changes}


def with_items(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    section = {"code": "part", "name": two("Part"), "items": list(items)}
    return content(sections=[section], **changes)


BAD: dict[str, tuple[Any, str]] = {
    "no mapping": (["x"], "document_mapping"),
    "no section": (content(sections=[]), "inspection_weights_below"),
    "weights of 90": (with_items(item(weight=90)), "inspection_weights_below"),
    "weights of 110": (with_items(item(), item(code="two", weight=10)), "inspection_weights_above"),
    "a negative weight": (with_items(item(), item(code="two", weight=-5)), "inspection_weight"),
    "a weight of thirds": (with_items(item(weight=33.333)), "inspection_weight_digits"),
    "a weight in words": (with_items(item(weight="many")), "document_type"),
    "a code twice": (with_items(item(weight=50), item(weight=50)), "inspection_code_twice"),
    "a fatal error called as an item": (
        with_items(item(), fatal_errors=[{"code": "one", "name": two("One")}]),
        "inspection_code_twice",
    ),
    "a code with blanks": (with_items(item(code="A b")), "inspection_code"),
    "no name": (with_items(item(name={})), "document_missing"),
    "an unknown kind of answer": (with_items(item(answers="stars")), "document_choice"),
    "a scale to 2": (with_items(item(answers="scale", highest=2)), "inspection_scale"),
    "a highest level without a scale": (with_items(item(highest=5)), "inspection_highest_without_scale"),
    "a level that is no answer": (with_items(item(levels={"maybe": two("x")})), "document_unknown_key"),
    "a cap of 100": (content(fatal_cap=100), "inspection_fatal_cap"),
    "a year for a dispute": (content(dispute_days=365), "inspection_dispute_days"),
    "a misspelt setting": (content(fatal_kap=0), "document_unknown_key"),
    "an empty section": (
        content(sections=[*CONTENT["sections"], {"code": "x", "name": two("X"), "items": []}]),
        "inspection_section_empty",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_a_form_is_said_and_nothing_is_stored(db: None, case: str) -> None:
    value, code = BAD[case]
    with pytest.raises(ContentRefused) as refused:
        create_form(
            actor=None, code="call", name_en="Call", content=value, valid_from=datetime.date(2025, 1, 1)
        )
    assert code in [problem.code for problem in refused.value.problems]
    assert str(refused.value)
    assert not InspectionForm.objects.exists()


@pytest.mark.parametrize("who", ["payroll", "auditor", "manager", "agent"])
def test_only_hr_makes_forms(cast: Cast, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        create_form(
            actor=getattr(cast, who), code="call", name_en="x", content=CONTENT, valid_from=cast.first_day
        )
    assert refused.value.code == "metrics_hr_only"


def test_a_version_is_corrected_until_calls_are_drawn_for_it(db: None) -> None:
    form = make_form()
    day = datetime.date(2025, 1, 1)
    assert revise_form(actor=None, form=form, content=content(dispute_days=3), valid_from=day).number == 1
    freeze_version(form.versions.get())
    for how, code in (
        ({"valid_from": day}, "inspection_version_final"),
        ({"valid_from": datetime.date(2024, 1, 1)}, "inspection_version_earlier"),
        ({"valid_from": datetime.date(2025, 6, 1), "seen_number": 4}, "inspection_form_stale"),
    ):
        with pytest.raises(Refusal) as refused:
            revise_form(actor=None, form=form, content=content(dispute_days=9), **how)  # type: ignore[arg-type]
        assert refused.value.code == code
    later = revise_form(
        actor=None, form=form, content=content(dispute_days=9), valid_from=datetime.date(2025, 6, 1)
    )
    assert (later.number, form.versions.get(number=1).dispute_days) == (2, 3)


def test_a_document_loads_dumps_and_loads_alike(catalogue: None) -> None:
    document = read_document(SHIPPED.read_bytes())
    problems = Problems()
    load_inspection_forms(document["inspection_forms"], actor=None, problems=problems, path=("forms",))
    assert not list(problems)
    form = InspectionForm.objects.get()
    revise_form(actor=None, form=form, content=content(fatal_cap=12.5), valid_from=datetime.date(2030, 1, 1))
    dumped = dump_inspection_forms()
    InspectionForm.objects.get().versions.all().delete()
    InspectionForm.objects.all().delete()
    load_inspection_forms(dumped, actor=None, problems=problems, path=("forms",))
    assert not list(problems)
    assert dump_inspection_forms() == dumped
    load_inspection_forms(dumped, actor=None, problems=problems, path=("forms",))
    assert InspectionForm.objects.get().versions.count() == 2


def test_a_document_names_everything_that_is_wrong_with_its_place(db: None) -> None:
    problems = Problems()
    bad = {
        "valid_from": datetime.date(2025, 1, 1),
        **with_items(item(weight=90, answers="stars"), fatal_cap=100),
    }
    load_inspection_forms(
        [{"code": "call", "name": two("Call"), "versions": [bad]}],
        actor=None,
        problems=problems,
        path=("forms",),
    )
    assert {problem.place for problem in problems} == {
        "forms[0].versions[0].fatal_cap",
        "forms[0].versions[0].sections",
        "forms[0].versions[0].sections[0].items[0].answers",
    }
    assert not InspectionForm.objects.exists()


def test_scores_of_another_tool_come_by_the_shipped_mapping(cast: Cast, catalogue: None) -> None:
    problems = Problems()
    sources = read_document(SHIPPED.read_bytes())["sources"]
    load_sources(sources, actor=None, problems=problems, path=("sources",))
    assert not list(problems)
    source = Source.objects.get(code="qa-tool")
    file = (
        "质检编号,工号,通话日期,业务,得分,致命错误\n"
        "Q-1,E0004,2025-10-03,账单,92.5,否\n"
        "Q-2,E0004,2025-10-04,账单,0,是\n"
    )
    record = import_file(cast.hr, source, file.encode(), name="qa.csv")
    assert (record.rows_total, record.rows_rejected) == (2, 0)
    found = list(Record.objects.order_by("external_id").values_list("values", flat=True))
    assert found == [
        {"inspections": 1, "inspection_fatal": 0, "inspection_score": 92.5},
        {"inspections": 1, "inspection_fatal": 1, "inspection_score": 0},
    ]


def test_content_in_its_normal_form_stays_as_it_is() -> None:
    once = check_content(CONTENT)
    assert check_content(once) == once
