"""KPIs and their versions: what may be said, who may say it, and that the past stays as it was."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from foundation.refusals import Refusal
from foundation.runs.models import OutboxMessage
from metrics.models import KPI, KPIPeriod, KPIVersion, Measure, Source
from metrics.selectors.kpis import versions_on
from metrics.services.kpis import (
    KPITerms,
    create_kpi,
    freeze_kpi_versions,
    rename_kpi,
    revise_kpi,
    set_kpi_active,
)
from metrics.services.measures import change_measure, create_measure
from metrics.services.sources import change_source, create_source
from tests.cast import Cast

pytestmark = pytest.mark.django_db

FIRST = datetime.date(2025, 1, 1)
GOOD: dict[str, Any] = {
    "formula": "sum(resolved) / sum(answered)",
    "target": Decimal("85"),
    "denominator_zh": "已接听的服务",
    "denominator_en": "answered calls",
}


def make(cast: Cast, code: str = "resolution", **terms: Any) -> KPI:
    return create_kpi(
        actor=cast.hr,
        code=code,
        name_en="Resolution",
        dimension="quality",
        perspective="process",
        valid_from=FIRST,
        terms=KPITerms(**{**GOOD, **terms}),
    )


def refused(code: str, field: str | None = None) -> Any:
    class Expect:
        def __enter__(self) -> None:
            self.context = pytest.raises(Refusal)
            self.caught = self.context.__enter__()

        def __exit__(self, *error: Any) -> Any:
            result = self.context.__exit__(*error)
            assert self.caught.value.code == code
            assert field is None or self.caught.value.field == field
            assert "%(" not in str(self.caught.value)
            return result

    return Expect()


BAD = [
    pytest.param({"formula": ""}, "kpi_formula_missing", "formula", id="no formula"),
    pytest.param({"formula": "sum(resolved) /"}, "formula_end", "formula", id="a formula that ends early"),
    pytest.param(
        {"formula": "sum(luck) / sum(answered)"}, "measure_unknown", "formula", id="unknown measure"
    ),
    pytest.param({"formula": "42"}, "kpi_no_measure", "formula", id="a mere number"),
    pytest.param({"formula": "max(answer_seconds)"}, "kpi_extreme", "formula", id="a largest single value"),
    pytest.param(
        {"formula": "__import__('os')"}, "formula_character", "formula", id="a formula with intentions"
    ),
    pytest.param({"formula": "9**9**9"}, "formula_exponent", "formula", id="a tower of powers"),
    pytest.param(
        {"denominator_zh": ""}, "kpi_denominator", "denominator_zh", id="a ratio of what, in Chinese"
    ),
    pytest.param(
        {"denominator_en": " "}, "kpi_denominator", "denominator_en", id="a ratio of what, in English"
    ),
    pytest.param(
        {"formula": "mean(answer_seconds)", "denominator_en": ""},
        "kpi_denominator",
        "denominator_en",
        id="a mean of what",
    ),
    pytest.param({"target": Decimal("NaN")}, "kpi_number", "target", id="NaN as target"),
    pytest.param({"target": Decimal("1e30")}, "kpi_number", "target", id="a target out of this world"),
    pytest.param({"stretch": Decimal("80")}, "kpi_stretch", "stretch", id="a stretch below the target"),
    pytest.param(
        {"direction": "lower", "stretch": Decimal("90")},
        "kpi_stretch",
        "stretch",
        id="a stretch above, lower is better",
    ),
    pytest.param(
        {"direction": "nearest", "stretch": Decimal("90")},
        "kpi_stretch_nearest",
        "stretch",
        id="beyond the nearest",
    ),
    pytest.param({"bands": [[70, 50], [0, 20]]}, "kpi_bands", "bands", id="falling bands"),
    pytest.param({"bands": [[70, 50], [70, 60]]}, "kpi_bands", "bands", id="a band twice"),
    pytest.param({"bands": [[0, float("nan")]]}, "kpi_bands", "bands", id="NaN as score"),
    pytest.param({"bands": [[0, 500]]}, "kpi_bands", "bands", id="a score of 500"),
    pytest.param({"bands": [[0]]}, "kpi_bands", "bands", id="half a band"),
    pytest.param({"bands": "0=1"}, "kpi_bands", "bands", id="bands as text"),
    pytest.param({"decimals": 7}, "kpi_decimals", "decimals", id="seven decimals"),
    pytest.param({"minimum_sample": 0}, "kpi_minimum_sample", "minimum_sample", id="a sample of none"),
    pytest.param(
        {"sample_measure": "luck"}, "measure_unknown", "sample_measure", id="counted by what is not there"
    ),
]


@pytest.mark.parametrize(("changes", "code", "field"), BAD)
def test_what_a_kpi_may_not_say(
    cast: Cast, catalogue: None, changes: dict[str, Any], code: str, field: str
) -> None:
    before = KPI.objects.count()
    with refused(code, field):
        make(cast, **changes)
    assert KPI.objects.count() == before


def test_a_sum_needs_no_denominator(cast: Cast, catalogue: None) -> None:
    made = make(cast, formula="sum(sales_amount)", unit="money", denominator_zh="", denominator_en="")
    assert made.versions.get().formula == "sum(sales_amount)"


@pytest.mark.parametrize("code", ["Resolution", "1st", "re solution", "new", "x" * 61, ""])
def test_codes(cast: Cast, catalogue: None, code: str) -> None:
    with refused("kpi_code", "code"):
        make(cast, code)


def test_a_code_is_taken_once(cast: Cast, catalogue: None) -> None:
    make(cast)
    with refused("kpi_exists", "code"):
        make(cast)


def test_qualitative_has_no_formula(cast: Cast, catalogue: None) -> None:
    with refused("kpi_formula_qualitative", "formula"):
        create_kpi(
            actor=cast.hr,
            code="kindness",
            name_en="Kindness",
            dimension="attitude",
            perspective="customer",
            valid_from=FIRST,
            is_qualitative=True,
            terms=KPITerms(formula="sum(answered)"),
        )


class TestVersions:
    def test_a_later_day_makes_a_version_and_the_past_stays(self, cast: Cast, catalogue: None) -> None:
        kpi = make(cast)
        later = datetime.date(2025, 7, 1)
        second = revise_kpi(
            actor=cast.hr, kpi=kpi, valid_from=later, terms=KPITerms(**{**GOOD, "target": Decimal(90)})
        )
        assert second.number == 2
        on = {
            day: versions_on(day, codes=["resolution"]).get().target
            for day in (FIRST, later - datetime.timedelta(days=1), later, datetime.date(2030, 1, 1))
        }
        assert list(on.values()) == [85, 85, 90, 90]
        assert not versions_on(FIRST - datetime.timedelta(days=1), codes=["resolution"]).exists()

    def test_the_same_day_corrects_until_a_cycle_relies_on_it(self, cast: Cast, catalogue: None) -> None:
        kpi = make(cast)
        revise_kpi(
            actor=cast.hr, kpi=kpi, valid_from=FIRST, terms=KPITerms(**{**GOOD, "target": Decimal(88)})
        )
        version = kpi.versions.get()
        assert (version.number, version.target) == (1, 88)
        freeze_kpi_versions([version.pk])
        with refused("kpi_version_frozen", "valid_from"):
            revise_kpi(
                actor=cast.hr, kpi=kpi, valid_from=FIRST, terms=KPITerms(**{**GOOD, "target": Decimal(70)})
            )
        assert kpi.versions.get().target == 88
        revise_kpi(
            actor=cast.hr,
            kpi=kpi,
            valid_from=datetime.date(2025, 2, 1),
            terms=KPITerms(**{**GOOD, "target": Decimal(70)}),
        )
        assert [version.target for version in kpi.versions.all()] == [70, 88]

    def test_not_before_the_last_one(self, cast: Cast, catalogue: None) -> None:
        kpi = make(cast)
        with refused("kpi_version_earlier", "valid_from"):
            revise_kpi(actor=cast.hr, kpi=kpi, valid_from=datetime.date(2024, 1, 1), terms=KPITerms(**GOOD))

    def test_nothing_new_is_no_version(self, cast: Cast, catalogue: None) -> None:
        kpi = make(cast)
        revise_kpi(actor=cast.hr, kpi=kpi, valid_from=datetime.date(2025, 9, 1), terms=KPITerms(**GOOD))
        assert kpi.versions.count() == 1

    def test_months_with_values_are_told(self, cast: Cast, catalogue: None) -> None:
        for month, last in ((9, 30), (10, 31)):
            KPIPeriod.objects.create(
                first_day=datetime.date(2025, month, 1), last_day=datetime.date(2025, month, last)
            )
        kpi = make(cast)
        OutboxMessage.objects.all().delete()
        revise_kpi(
            actor=cast.hr,
            kpi=kpi,
            valid_from=datetime.date(2025, 10, 1),
            terms=KPITerms(**{**GOOD, "target": Decimal(70)}),
        )
        message = OutboxMessage.objects.get()
        assert message.topic == "observations.changed"
        assert message.payload == {"first_day": "2025-10-01", "last_day": "2025-10-31"}


def test_only_hr_writes(cast: Cast, catalogue: None, telephone: Source) -> None:
    kpi = make(cast)
    measure = Measure.objects.first()
    assert measure is not None
    for person in (cast.manager, cast.agent, cast.auditor, cast.payroll, cast.director):
        attempts = [
            lambda person=person: create_kpi(
                actor=person,
                code="other",
                name_en="Other",
                dimension="quality",
                perspective="process",
                valid_from=FIRST,
                terms=KPITerms(**GOOD),
            ),
            lambda person=person: revise_kpi(
                actor=person, kpi=kpi, valid_from=FIRST, terms=KPITerms(**GOOD, decimals=1)
            ),
            lambda person=person: set_kpi_active(actor=person, kpi=kpi, is_active=False),
            lambda person=person: rename_kpi(
                actor=person, kpi=kpi, name_zh="", name_en="Mine", dimension="cost", perspective="financial"
            ),
            lambda person=person: create_measure(actor=person, code="luck", name_en="Luck"),
            lambda person=person: change_measure(
                actor=person,
                measure=measure,
                name_zh="",
                name_en="Mine",
                unit="count",
                minimum=None,
                maximum=None,
                description_zh="",
                description_en="",
            ),
            lambda person=person: create_source(actor=person, code="mine", kind="records", name_en="Mine"),
            lambda person=person: change_source(
                actor=person, source=telephone, name_zh="", name_en="Mine", time_zone="UTC", precedence=1
            ),
        ]
        for attempt in attempts:
            with pytest.raises(Refusal) as caught:
                attempt()
            assert (caught.value.code, caught.value.status) == ("metrics_hr_only", 403)
    kpi.refresh_from_db()
    assert (kpi.name_en, kpi.is_active, kpi.versions.count()) == ("Resolution", True, 1)
    assert not KPI.objects.filter(code="other").exists()
    assert not Measure.objects.filter(code="luck").exists()
    assert list(Source.objects.values_list("code", "name_en")) == [("telephone", "Telephone")]


def test_the_trail_says_who(cast: Cast, catalogue: None) -> None:
    kpi = make(cast)
    events = KPIVersion.pgh_event_model.objects.filter(kpi_id=kpi.pk)  # type: ignore[attr-defined]
    assert [event.pgh_context.metadata["user"] for event in events] == [cast.hr.pk]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        pytest.param({"code": "sum"}, "measure_code", "code", id="a word of the formula language"),
        pytest.param({"code": "a__b"}, "measure_code", "code", id="two underscores"),
        pytest.param({"code": "Answered"}, "measure_code", "code", id="capitals"),
        pytest.param({"code": "answered"}, "measure_exists", "code", id="taken"),
        pytest.param({"code": "luck", "name_en": ""}, "measure_name", "name_en", id="no name"),
        pytest.param(
            {"code": "luck", "minimum": 2.0, "maximum": 1.0}, "measure_range", "maximum", id="backwards"
        ),
        pytest.param({"code": "luck", "minimum": float("nan")}, "value_not_finite", "minimum", id="NaN"),
    ],
)
def test_what_a_measure_may_not_be(
    cast: Cast, catalogue: None, values: dict[str, Any], code: str, field: str
) -> None:
    with refused(code, field):
        create_measure(actor=cast.hr, **{"name_en": "Luck", **values})


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        pytest.param({"code": "My Source"}, "source_code", "code", id="blanks in the code"),
        pytest.param({"code": "telephone"}, "source_exists", "code", id="taken"),
        pytest.param({"time_zone": "Mars/Olympus"}, "source_time_zone", "time_zone", id="no such zone"),
        pytest.param({"precedence": 0}, "source_precedence", "precedence", id="precedence 0"),
        pytest.param({"name_en": ""}, "source_name", "name_en", id="no name"),
        pytest.param({"mapping": {"columns": {}}}, "mapping_role_missing", "mapping", id="half a mapping"),
    ],
)
def test_what_a_source_may_not_be(
    cast: Cast, telephone: Source, values: dict[str, Any], code: str, field: str
) -> None:
    with refused(code, field):
        create_source(actor=cast.hr, **{"code": "other", "kind": "records", "name_en": "Other", **values})
