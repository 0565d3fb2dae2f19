"""Who may do what: runs, imports, tokens, the trail, the configuration, and what is open to everyone."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from foundation.delivery.models import Notice
from tests.access.table import Route, Rule, runs, tokens
from tests.access.world import MISSING_ID, World
from tests.metrics import calls as call_log


def imports(world: World) -> dict[str, dict[str, Any]]:
    return {
        "applied": {"import_id": world.imports["applied"].pk},
        "checked": {"import_id": world.imports["checked"].pk},
        "missing": {"import_id": MISSING_ID},
    }


def notices(world: World) -> dict[str, dict[str, Any]]:
    """One of the agent's; everybody else's are as good as missing."""
    found = Notice.objects.filter(recipient=world.cast.agent, topic="cycle.released").order_by("pk")[0]
    return {"agent": {"notice_id": found.pk}, "missing": {"notice_id": MISSING_ID}}


def checked_import(world: World) -> dict[str, dict[str, Any]]:
    return {"checked": {"import_id": world.imports["checked"].pk}, "missing": {"import_id": MISSING_ID}}


def upload(world: World, label: str) -> dict[str, Any]:
    content = call_log.calls_csv(call_log.make_calls(["E0004"], count=2, first=world.cast.first_day, days=2))
    return {"kind": "records", "source": "telephone", "file": SimpleUploadedFile("more.csv", content)}


def pushed(world: World, label: str) -> dict[str, Any]:
    rows = [dict(zip(call_log.COLUMNS, ["X1", "E0004", "2025-12-01", "10:00:00", "Other", "Y", "Y", "9", "00:01:00", "5"], strict=True))]  # fmt: skip  # noqa: E501
    return {"kind": "records", "source": "telephone", "rows": rows, "name": "pushed"}


def document(world: World, label: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("site.yaml", b"sites:\n- {code: gz, name: {en: Guangzhou}}\n")}


#: Imports of records are HR's; payroll has no kind of its own, and an auditor reads.
IMPORTS_SEEN = Rule(hr=200, auditor=200, payroll=404)

ROUTES = [
    Route("health/", GET=Rule(everyone=200, anonymous=200)),
    Route("styleguide/", GET=Rule(everyone=200, anonymous=200)),
    # Names of addresses and fields, of nobody's data: programs read it before they have a token.
    Route("api/v1/schema/", GET=Rule(everyone=200, anonymous=200)),
    Route("api/", GET=Rule(everyone=200)),
    Route("trail/", GET=Rule(hr=200, auditor=200)),
    Route("api/v1/trail/", GET=Rule(hr=200, auditor=200)),
    Route(
        "runs/<uuid:run_id>/",
        runs,
        GET=Rule(hr=200, payroll=200, auditor=200, manager=404, agent=404),
    ),
    Route(
        "runs/<uuid:run_id>/stop/",
        runs,
        POST=Rule(
            hr=302,
            payroll={"missing": 404, "*": 403},
            auditor={"missing": 404, "*": 403},
            manager=404,
            agent=404,
        ),
    ),
    Route(
        "runs/<uuid:run_id>/restart/",
        runs,
        POST=Rule(
            hr=302,
            payroll={"missing": 404, "*": 403},
            auditor={"missing": 404, "*": 403},
            manager=404,
            agent=404,
        ),
    ),
    Route("notices/", GET=Rule(everyone=200)),
    Route("notices/read/", POST=Rule(everyone=302)),
    Route("notices/mail/", POST=Rule(everyone=302, body={"daily": "no"})),
    Route(
        "notices/<int:notice_id>/open/",
        notices,
        POST=Rule(agent={"agent": 302, "missing": 404}, hr=404, payroll=404, auditor=404, manager=404),
    ),
    Route("api/v1/notices/", GET=Rule(everyone=200)),
    Route("api/v1/notices/read/", POST=Rule(everyone=200, json={})),
    Route("api/v1/runs/", GET=Rule(everyone=200)),
    Route(
        "api/v1/runs/<uuid:run_id>/",
        runs,
        GET=Rule(hr=200, payroll=200, auditor=200, manager=404, agent=404),
    ),
    Route(
        "api/v1/runs/<uuid:run_id>/stop/",
        runs,
        POST=Rule(
            hr={"queued": 200, "missing": 404, "*": 409},
            payroll={"missing": 404, "*": 403},
            auditor={"missing": 404, "*": 403},
            manager=404,
            agent=404,
        ),
    ),
    Route(
        "api/v1/runs/<uuid:run_id>/restart/",
        runs,
        POST=Rule(
            hr={"failed": 200, "missing": 404, "*": 409},
            payroll={"missing": 404, "*": 403},
            auditor={"missing": 404, "*": 403},
            manager=404,
            agent=404,
        ),
    ),
    Route("imports/", GET=Rule(hr=200, payroll=200, auditor=200)),
    # Payroll reads in what was paid; another kind of file brings it back to the choice of kinds.
    Route("imports/new/", GET=Rule(hr=200, payroll=200), POST=Rule(hr=302, payroll=200, file=upload)),
    Route("imports/<int:import_id>/", imports, GET=IMPORTS_SEEN),
    Route("imports/<int:import_id>/rejects/", imports, GET=IMPORTS_SEEN),
    Route(
        "imports/<int:import_id>/check/",
        checked_import,
        # 400: a form in which no column is matched is drawn again with what is wrong.
        POST=Rule(hr=400, payroll=404),
    ),
    Route("imports/<int:import_id>/apply/", checked_import, POST=Rule(hr=302, payroll=404)),
    Route(
        "api/v1/imports/",
        GET=Rule(hr=200, payroll=200, auditor=200),
        POST=Rule(hr=201, payroll=403, json=pushed),
    ),
    Route(
        "api/v1/imports/<int:import_id>/",
        checked_import,
        GET=IMPORTS_SEEN,
        PATCH=Rule(hr=200, payroll=404, json=lambda world, label: {"mapping": call_log.MAPPING}),
    ),
    Route("api/v1/imports/<int:import_id>/rejects/", checked_import, GET=IMPORTS_SEEN),
    Route("api/v1/imports/<int:import_id>/check/", checked_import, POST=Rule(hr=200, payroll=404)),
    Route("api/v1/imports/<int:import_id>/apply/", checked_import, POST=Rule(hr=200, payroll=404)),
    Route(
        "tokens/",
        GET=Rule(everyone=200),
        POST=Rule(everyone=200, body={"name": "mine", "scopes": ["metrics:read"], "days": "30"}),
    ),
    Route(
        "tokens/<uuid:token_id>/revoke/",
        tokens,
        POST=Rule(everyone=404, agent={"agent": 302, "*": 404}),
    ),
    Route("api/v1/tokens/", GET=Rule(everyone=200)),
    Route(
        "api/v1/tokens/<uuid:token_id>/revoke/",
        tokens,
        POST=Rule(everyone=404, agent={"agent": 200, "*": 404}),
    ),
    Route("configuration/", GET=Rule(hr=200, auditor=200), POST=Rule(hr=302, file=document)),
    Route("configuration/file/", GET=Rule(hr=200, auditor=200)),
    Route(
        "api/v1/configuration/",
        GET=Rule(hr=200, auditor=200),
        PUT=Rule(hr=200, file=b"sites:\n- {code: gz, name: {en: Guangzhou}}\n"),
    ),
]
