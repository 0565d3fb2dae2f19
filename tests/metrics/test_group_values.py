"""KPI values of teams, sites and the company: the formula on what all of their people did, and nobody twice."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

from foundation.runs.models import Run
from metrics import formulas
from metrics.models import GroupValue, KPIVersion, Source
from metrics.services.group_values import compute_group_values
from metrics.services.sources import create_source
from scoring import kpi as scoring_kpi
from tests.cast import Cast
from tests.metrics import calls as call_log
from tests.metrics.conftest import import_file

pytestmark = pytest.mark.django_db

OCTOBER, LAST = datetime.date(2025, 10, 1), datetime.date(2025, 10, 31)


@pytest.fixture
def run(cast: Cast) -> Run:
    return Run.objects.create(kind="scoring", scope="cycle:1", created_by=cast.hr)


@pytest.fixture
def log(cast: Cast, telephone: Source, agents: list[str]) -> list[call_log.Call]:
    calls = call_log.make_calls(agents, count=300, first=OCTOBER)
    import_file(cast.hr, telephone, call_log.calls_csv(calls))
    return calls


def versions() -> list[KPIVersion]:
    return list(
        KPIVersion.objects.filter(kpi__code__in=["response_time", "satisfaction"]).select_related("kpi")
    )


def values(run: Run, kind: str, subjects: list[int]) -> dict[tuple[int, str], GroupValue]:
    compute_group_values(
        run=run,
        subject_type=kind,
        subject_ids=subjects,
        kpi_versions=versions(),
        first_day=OCTOBER,
        last_day=LAST,
    )
    found = GroupValue.objects.filter(run=run, subject_type=kind).select_related("kpi_version__kpi")
    return {(each.subject_id, each.kpi_version.kpi.code): each for each in found}


def rated(calls: list[call_log.Call], agents: set[str]) -> list[float]:
    return [float(call.satisfaction) for call in calls if call.agent in agents and call.satisfaction]


def mean(numbers: list[float]) -> float:
    return round(sum(numbers) / len(numbers), 6)


@pytest.fixture
def agents(cast: Cast) -> list[str]:
    """Two of the blue team and one of the green."""
    return [str(each.employee_number) for each in (cast.agent, cast.peer, cast.outsider)]


def test_a_team_a_site_and_the_company_are_what_their_people_did_together(
    cast: Cast, run: Run, log: list[call_log.Call], agents: list[str]
) -> None:
    teams = values(run, "t", [cast.blue.pk, cast.green.pk, cast.shanghai.pk, cast.chengdu.pk])
    blue, everybody = rated(log, set(agents[:2])), rated(log, set(agents))
    assert teams[cast.blue.pk, "satisfaction"].value == mean(blue)
    assert teams[cast.blue.pk, "satisfaction"].n == len(blue)
    assert teams[cast.green.pk, "satisfaction"].value == mean(rated(log, {agents[2]}))
    # A team's totals hold those of the teams below it.
    assert teams[cast.shanghai.pk, "satisfaction"].value == mean(everybody)
    none = teams[cast.chengdu.pk, "satisfaction"]
    assert (none.value, none.n, none.standard_error) == (None, 0, None)
    sites = values(run, "s", [cast.site_shanghai.pk])
    company = values(run, "c", [])
    assert sites[cast.site_shanghai.pk, "satisfaction"].value == mean(everybody)
    assert company[0, "satisfaction"].value == mean(everybody)


def test_every_value_follows_from_its_inputs(cast: Cast, run: Run, log: list[call_log.Call]) -> None:
    for each in values(run, "t", [cast.blue.pk, cast.green.pk]).values():
        formula = scoring_kpi.parse(each.kpi_version.formula)
        frame = pd.DataFrame({name: [number] for name, number in each.inputs.items()})
        assert formulas.evaluate(formula, frame, unit=each.kpi_version.unit)[0] == each.value


def test_of_two_sources_precedence_decides_person_by_person(
    cast: Cast, run: Run, log: list[call_log.Call], agents: list[str]
) -> None:
    """One person's day comes from the better source; the other's, whom it does not know, from the first."""
    better = create_source(
        actor=None, code="better", kind="records", name_en="Better", mapping=call_log.MAPPING, precedence=1
    )
    day = next(
        call.date
        for call in log
        if call.agent == agents[0] and call.satisfaction and call.date < "2025-10-28"
    )
    again = [
        call_log.Call("B1", agents[0], day, "10:00:00", "Streaming", "Y", "Y", "20", "00:01:00", "5"),
    ]
    import_file(cast.hr, better, call_log.calls_csv(again))
    left = [call for call in log if not (call.agent == agents[0] and call.date == day)]
    expected = rated([*left, *again], set(agents[:2]))
    found = values(run, "t", [cast.blue.pk])[cast.blue.pk, "satisfaction"]
    assert (found.value, found.n) == (mean(expected), len(expected))
