"""Who may do what: quality inspection. A score is seen by the agent, the leaders above, HR and auditors; an open
inspection is its inspector's alone, and of the first scoring whoever still owes the second sees nothing."""

from __future__ import annotations

from typing import Any

from tests.access.table import Route, Rule, codes
from tests.access.world import MISSING_ID, World
from tests.metrics.inspection_world import content

forms = codes("call")
READ = {"hr": 200, "auditor": 200}


def inspections(world: World) -> dict[str, dict[str, Any]]:
    """As tests/access/world.py makes them."""
    found = {name: {"pk": pk} for name, pk in world.inspections.items()}
    return {**found, "missing": {"pk": MISSING_ID}}


def items(world: World) -> dict[str, dict[str, Any]]:
    return {name: {**kwargs, "item": "greeting"} for name, kwargs in inspections(world).items()}


def samples(world: World) -> dict[str, dict[str, Any]]:
    return {"drawn": {"pk": world.sample}, "missing": {"pk": MISSING_ID}}


def inspectors(world: World) -> dict[str, dict[str, Any]]:
    return {"inspector": {"pk": world.inspector.pk}, "missing": {"pk": MISSING_ID}}


HEAD = {"name_zh": "表", "name_en": "Form", "valid_from": "2026-01-01", "fatal_cap": "0", "dispute_days": "7"}
ROWS = {
    "row-kind": ["section", "item"],
    "row-code": ["s", "i"],
    "row-name_zh": ["部分", "项目"],
    "row-name_en": ["Section", "Item"],
    "row-weight": ["", "100"],
    "row-answers": ["", "yes_no"],
}
SAMPLE = {
    "form": "call", "source": "telephone", "first_day": "2025-10-01", "last_day": "2025-10-31", "per_agent": "1",
    "every": "period", "spread": "day", "double_percent": "0",
}  # fmt: skip
NEW_FORM = {"code": "other", "name_en": "Other", "valid_from": "2026-01-01", "content": content()}
SEEN: dict[str, Any] = {
    **READ,
    "manager": {"scored": 200, "disputed": 200, "*": 404},
    "agent": {"scored": 200, "*": 404},
}

ROUTES = [
    Route("inspections/", GET=Rule(**READ, manager=200, inspector=200, agent=200)),
    Route("inspections/queue/", GET=Rule(inspector=200)),
    Route("inspections/agreement/", GET=Rule(**READ, inspector=200)),
    Route("inspections/forms/", GET=Rule(everyone=200)),
    Route(
        "inspections/forms/new/",
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={**HEAD, **ROWS, "code": "new-form"}),
    ),
    Route("inspections/forms/total/", POST=Rule(hr=200, body=ROWS)),
    Route("inspections/forms/<slug:code>/", forms, GET=Rule(everyone=200)),
    Route(
        "inspections/forms/<slug:code>/edit/",
        forms,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={**HEAD, **ROWS, "number": "1"}),
    ),
    Route("inspections/forms/<slug:code>/active/", forms, POST=Rule(hr=302, body={"active": "0"})),
    Route("inspections/samples/", GET=Rule(**READ)),
    Route("inspections/samples/new/", GET=Rule(hr=200), POST=Rule(hr=302, body=SAMPLE)),
    Route("inspections/samples/<int:pk>/", samples, GET=Rule(**READ, query="check=1")),
    Route("inspections/inspectors/", GET=Rule(**READ)),
    Route(
        "inspections/inspectors/<int:pk>/",
        inspectors,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={"teams": ["blue"], "is_reviewer": "on"}),
    ),
    Route(
        "inspections/<int:pk>/",
        inspections,
        GET=Rule(**SEEN, inspector={"open": 302, "owed": 302, "scored": 200, "disputed": 200, "*": 404}),
    ),
    Route(
        "inspections/<int:pk>/score/",
        inspections,
        GET=Rule(inspector={"open": 200, "owed": 200, "scored": 302, "disputed": 302, "*": 404}),
        POST=Rule(
            inspector={"open": 302, "owed": 302, "scored": 302, "disputed": 302, "*": 404},
            body={"a-greeting": "yes", "a-greeting-version": "0"},
        ),
    ),
    Route(
        "inspections/<int:pk>/answers/<slug:item>/",
        items,
        PUT=Rule(
            inspector={"open": 200, "owed": 200, "scored": 403, "disputed": 403, "*": 404},
            json={"value": "yes", "version": 0},
        ),
    ),
    Route(
        "inspections/<int:pk>/comments/<slug:item>/",
        items,
        PUT=Rule(
            inspector={"open": 200, "owed": 200, "scored": 403, "disputed": 403, "*": 404},
            json={"value": "Heard it", "version": 0},
        ),
    ),
    Route(
        "inspections/<int:pk>/dispute/",
        inspections,
        POST=Rule(
            manager={"*": 404},
            inspector={"*": 404},
            agent={"scored": 302, "*": 404},
            body={"reason": "The customer was called back"},
        ),
    ),
    Route(
        "inspections/<int:pk>/decide/",
        inspections,
        GET=Rule(hr={"disputed": 200, "*": 404}, inspector={"disputed": 302, "*": 404}),
        POST=Rule(
            hr={"disputed": 302, "*": 404},
            inspector={"disputed": 302, "*": 404},
            body={"decision": "rejected", "reason": "Heard it again"},
        ),
    ),
    # REST
    Route("api/v1/inspection-forms/", GET=Rule(everyone=200), POST=Rule(hr=201, json=NEW_FORM)),
    Route(
        "api/v1/inspection-forms/<slug:code>/",
        forms,
        GET=Rule(everyone=200),
        PATCH=Rule(hr=200, json={"name_en": "Renamed"}),
    ),
    Route(
        "api/v1/inspection-forms/<slug:code>/versions/",
        forms,
        POST=Rule(hr=201, json={"valid_from": "2026-01-01", "content": content(dispute_days=3)}),
    ),
    Route("api/v1/inspection-forms/<slug:code>/agreement/", forms, GET=Rule(**READ, inspector=200)),
    Route("api/v1/inspection-samples/", GET=Rule(**READ), POST=Rule(hr=201, json=SAMPLE)),
    Route("api/v1/inspection-samples/<int:pk>/", samples, GET=Rule(**READ)),
    Route("api/v1/inspectors/", GET=Rule(**READ)),
    Route("api/v1/inspectors/<int:pk>/", inspectors, PUT=Rule(hr=200, json={"teams": ["blue"]})),
    Route("api/v1/inspections/", GET=Rule(**READ, manager=200, inspector=200, agent=200)),
    Route(
        "api/v1/inspections/<int:pk>/",
        inspections,
        GET=Rule(**SEEN, inspector={"blind": 404, "missing": 404, "*": 200}),
    ),
    Route(
        "api/v1/inspections/<int:pk>/answers/<slug:item>/",
        items,
        PUT=Rule(
            inspector={"open": 200, "owed": 200, "scored": 403, "disputed": 403, "*": 404},
            json={"answer": "yes", "version": 0},
        ),
    ),
    Route(
        "api/v1/inspections/<int:pk>/submission/",
        inspections,
        POST=Rule(inspector={"open": 422, "owed": 422, "scored": 200, "disputed": 200, "*": 404}),
    ),
    Route(
        "api/v1/inspections/<int:pk>/dispute/",
        inspections,
        POST=Rule(
            manager={"*": 404},
            inspector={"*": 404},
            agent={"scored": 201, "*": 404},
            json={"reason": "The customer was called back"},
        ),
    ),
    Route(
        "api/v1/inspections/<int:pk>/decision/",
        inspections,
        POST=Rule(
            hr={"disputed": 200, "*": 404},
            inspector={"blind": 404, "missing": 404, "*": 403},
            json={"decision": "rejected", "reason": "Heard it again"},
        ),
    ),
    Route("api/v1/inspection-disputes/", GET=Rule(**READ, manager=200, inspector=200, agent=200)),
]
