"""Who may do what: measures, KPIs, sources, numbers. What is measured is no secret; whose number it is, is."""

from __future__ import annotations

from typing import Any

from metrics.selectors.duties import duties_of
from tests.access.routes_foundation import imports
from tests.access.table import Route, Rule, codes
from tests.access.world import MISSING_CODE, MISSING_ID, World

kpis = codes("satisfaction")
measures = codes("answered")
sources = codes("telephone")


def values(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"employee_id": world.person(name).pk, "code": "satisfaction"}
        for name in ("agent", "peer", "outsider")
    }
    return {
        **found,
        "missing person": {"employee_id": MISSING_ID, "code": "satisfaction"},
        "missing kpi": {"employee_id": world.cast.agent.pk, "code": MISSING_CODE},
    }


TERMS = {
    "valid_from": "2026-01-01",
    "formula": "mean(talk_seconds)",
    "unit": "seconds",
    "direction": "lower",
    "target": "200",
    "decimals": 1,
    "minimum_sample": 30,
    "denominator_zh": "已接听的服务",
    "denominator_en": "answered calls",
}
NAMES = {"name_zh": "新", "name_en": "New"}
KPI = {"code": "talk_time", **NAMES, "dimension": "efficiency", "perspective": "process"}
MEASURE = {"code": "smiles", **NAMES, "unit": "count"}
SOURCE = {"code": "tickets", **NAMES, "kind": "records", "time_zone": "Asia/Shanghai", "precedence": 100}
RECORD = {"record_id": "R1", "employee": "E0004", "day": "2025-12-01", "values": {"answered": 1}}

TARGETS = {"rows": [{"kpi": "satisfaction", "job": "agent", "target": "4.4"}], "edition": 1}


def editions(world: World) -> dict[str, dict[str, Any]]:
    return {"first": {"number": 1}, "missing": {"number": MISSING_ID}}


DUTIES: dict[str, list[Any]] = {"duties": []}
duty_jobs = codes("agent")


def duty_form(world: World, label: str) -> dict[str, str]:
    return {"version": duties_of([world.cast.job_agent])[0].version}


ROUTES = [
    Route("duties/", GET=Rule(hr=200, auditor=200)),
    Route("duties/<slug:code>/", duty_jobs, GET=Rule(hr=200), POST=Rule(hr=302, body=duty_form)),
    Route("api/v1/duties/", GET=Rule(hr=200, auditor=200)),
    Route(
        "api/v1/duties/<slug:code>/",
        duty_jobs,
        GET=Rule(hr=200, auditor=200),
        PUT=Rule(hr=200, json=DUTIES),
    ),
    Route(
        "targets/",
        GET=Rule(hr=200, auditor=200),
        POST=Rule(
            hr=302, body={"version": "1", "kpi": ["satisfaction"], "job": ["agent"], "target": ["4.4"]}
        ),
    ),
    Route("targets.csv", GET=Rule(hr=200, auditor=200)),
    Route(
        "api/v1/targets/",
        GET=Rule(hr=200, auditor=200),
        PUT=Rule(hr=200, json=TARGETS),
        POST=Rule(hr=200, json={"rows": TARGETS["rows"]}),
    ),
    Route("api/v1/targets/editions/", GET=Rule(hr=200, auditor=200)),
    Route("api/v1/targets/editions/<int:number>/", editions, GET=Rule(hr=200, auditor=200)),
    Route("kpis/", GET=Rule(everyone=200)),
    Route("kpis/new/", GET=Rule(hr=200), POST=Rule(hr=302, body={**KPI, **TERMS})),
    Route("kpis/check/", POST=Rule(hr=200, body=TERMS)),
    Route(
        "kpis/bands/",
        POST=Rule(hr=200, body={"preview_field": "bands", "preview_kpi": "satisfaction", "bands": "0 = 50"}),
    ),
    Route("kpis/catalogue/", POST=Rule(hr=302)),
    Route("kpis/<slug:code>/", kpis, GET=Rule(everyone=200)),
    Route(
        "kpis/<slug:code>/edit/",
        kpis,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={**KPI, **TERMS, "formula": "mean(satisfaction)", "unit": "score"}),
    ),
    Route("kpis/<slug:code>/active/", kpis, POST=Rule(hr=302, body={"active": "0"})),
    Route("measures/", GET=Rule(hr=200, auditor=200)),
    Route("measures/new/", GET=Rule(hr=200), POST=Rule(hr=302, body=MEASURE)),
    Route("measures/<slug:code>/edit/", measures, GET=Rule(hr=200), POST=Rule(hr=302, body=MEASURE)),
    Route("sources/", GET=Rule(hr=200, auditor=200)),
    Route("sources/new/", GET=Rule(hr=200), POST=Rule(hr=302, body=SOURCE)),
    Route("sources/<slug:code>/", sources, GET=Rule(hr=200, auditor=200)),
    Route("sources/reading/<int:import_id>/", imports, GET=Rule(hr=200, query="line=col-0")),
    Route(
        "sources/<slug:code>/edit/",
        sources,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={**SOURCE, "is_active": "on"}),
    ),
    Route("numbers/", GET=Rule(everyone=200)),
    Route(
        "numbers/<int:employee_id>/<slug:code>/",
        values,
        GET=Rule(
            hr=200,
            payroll=200,
            auditor=200,
            manager={"agent": 200, "peer": 200, "*": 404},
            agent={"agent": 200, "*": 404},
            query="month=2025-10",
        ),
    ),
    # REST
    Route("api/v1/measures/", GET=Rule(everyone=200), POST=Rule(hr=201, json=MEASURE)),
    Route(
        "api/v1/measures/<slug:code>/",
        measures,
        GET=Rule(everyone=200),
        PUT=Rule(hr=200, json={**MEASURE, "code": "answered"}),
    ),
    Route("api/v1/kpis/", GET=Rule(everyone=200), POST=Rule(hr=201, json={**KPI, "version": TERMS})),
    Route(
        "api/v1/kpis/<slug:code>/",
        kpis,
        GET=Rule(everyone=200),
        PATCH=Rule(hr=200, json={"is_active": False}),
    ),
    Route("api/v1/kpis/<slug:code>/versions/", kpis, POST=Rule(hr=201, json=TERMS)),
    Route("api/v1/sources/", GET=Rule(hr=200, auditor=200), POST=Rule(hr=201, json=SOURCE)),
    Route(
        "api/v1/sources/<slug:code>/",
        sources,
        GET=Rule(hr=200, auditor=200),
        PATCH=Rule(hr=200, json={"precedence": 5}),
    ),
    Route("api/v1/batches/", GET=Rule(hr=200, auditor=200)),
    Route("api/v1/kpi-values/", GET=Rule(everyone=200, query="period=2025-10")),
    Route(
        "api/v1/records/",
        GET=Rule(everyone=200),
        POST=Rule(hr=201, json={"source": "telephone", "batch": "b1", "records": [RECORD]}),
    ),
]
