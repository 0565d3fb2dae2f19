"""Who may do what: improvement and development plans. Read by the person, those who lead them today, HR and auditors.

The world has two development plans, served and not answered: agent's (by the manager) and outsider's (by another one),
and a proposal about each.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from tests.access.table import Route, Rule
from tests.access.world import MISSING_ID, World

READ = {"hr": 200, "auditor": 200}
SEEN: dict[str, Any] = {
    **READ,
    "payroll": 404,
    "inspector": 404,
    "manager": {"agent": 200, "*": 404},
    "agent": {"agent": 200, "*": 404},
}


def plans(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    found = {name: {"pk": pk, **more} for name, pk in world.development.items()}
    return {**found, "missing": {"pk": MISSING_ID, **more}}


def measures(world: World) -> dict[str, dict[str, Any]]:
    return plans(world, measure="m1")


def by_id(world: World) -> dict[str, dict[str, Any]]:
    return {label: {"plan_id": each["pk"]} for label, each in plans(world).items()}


def measures_by_id(world: World) -> dict[str, dict[str, Any]]:
    return {label: {**each, "measure": "m1"} for label, each in by_id(world).items()}


def proposals(world: World) -> dict[str, dict[str, Any]]:
    found = {name: {"pk": pk} for name, pk in world.plan_proposals.items()}
    return {**found, "missing": {"pk": MISSING_ID}}


def proposals_by_id(world: World) -> dict[str, dict[str, Any]]:
    return {label: {"proposal_id": each["pk"]} for label, each in proposals(world).items()}


def deadline() -> str:
    return (timezone.localdate() + datetime.timedelta(days=90)).isoformat()


def terms() -> dict[str, Any]:
    return {
        "goals": [{"text": "Lead the late shift"}],
        "measures": [{"text": "Course", "who": "hr"}],
        "deadline": deadline(),
    }


def typed(world: World, label: str = "") -> dict[str, Any]:
    counts = {
        f"{part}-{name}": value
        for part in ("targets", "goals", "measures")
        for name, value in (("TOTAL_FORMS", "1"), ("INITIAL_FORMS", "0"))
    }
    return {
        **counts,
        "goals-0-text": "Lead the night shift",
        "measures-0-text": "Course",
        "measures-0-who": "hr",
        "deadline": deadline(),
        "every_days": "14",
        "reason": "We talked",
        "seen": "1",
    }


# What is posted to a plan whose terms nobody has answered is drawn again with the reason: 422, in the API 409.
LED: dict[str, Any] = {"hr": {"missing": 404, "*": 422}, "manager": {"agent": 422, "*": 404}}
LED_BY_REST: dict[str, Any] = {"hr": {"missing": 404, "*": 409}, "manager": {"agent": 409, "*": 404}}

ROUTES = [
    Route("improvement/", GET=Rule(**READ, manager=200, agent=200)),
    Route(
        "improvement/new/",
        GET=Rule(hr=200, manager=200),
        POST=Rule(hr=200, manager=200, body=typed),  # for whom is asked first
    ),
    Route("improvement/proposals/", GET=Rule(**READ)),
    Route("improvement/proposals/look/", POST=Rule(hr=302)),
    Route(
        "improvement/proposals/<int:pk>/dismiss/", proposals, POST=Rule(hr=302, body={"reason": "No need"})
    ),
    Route(
        "improvement/rule/",
        GET=Rule(**READ),
        POST=Rule(
            hr=302, body={"score_below": "50", "points_below": "50", "score_from": "90", "answer_days": "5"}
        ),
    ),
    Route("improvement/effect/", GET=Rule(**READ)),
    Route(
        "improvement/<int:pk>/",
        plans,
        GET=Rule(
            **READ,
            manager={"agent": 200, "*": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route(
        "improvement/<int:pk>/change/",
        plans,
        GET=Rule(hr=200, manager={"agent": 200, "*": 404}),
        POST=Rule(hr=302, manager={"agent": 302, "*": 404}, body=typed),
    ),
    Route(
        "improvement/<int:pk>/agree/",
        plans,
        POST=Rule(manager={"agent": 302, "*": 404}, agent={"agent": 302, "*": 404}, body={"number": "1"}),
    ),
    Route(
        "improvement/<int:pk>/object/",
        plans,
        POST=Rule(
            manager={"agent": 422, "*": 404},
            agent={"agent": 302, "*": 404},
            body={"number": "1", "text": "Not now"},
        ),
    ),
    Route(
        "improvement/<int:pk>/decide/",
        plans,
        POST=Rule(**LED, body={"number": "1", "decision": "stand", "reason": "It is fair"}),
    ),
    Route(
        "improvement/<int:pk>/check-in/",
        plans,
        POST=Rule(**LED, body={"held_on": timezone.localdate().isoformat(), "note": "We talked"}),
    ),
    Route(
        "improvement/<int:pk>/measures/<slug:measure>/done/",
        measures,
        POST=Rule(hr=302, manager={"agent": 302, "*": 404}, agent={"agent": 302, "*": 404}),
    ),
    Route(
        "improvement/<int:pk>/outcome/",
        plans,
        POST=Rule(**LED, body={"verdict": "met", "reason": "Done"}),
    ),
    # REST
    Route(
        "api/v1/improvement-plans/",
        GET=Rule(everyone=200),
        POST=Rule(
            hr=201,
            manager=201,
            json=lambda world, label: {
                "employee_number": world.cast.peer.employee_number,
                "kind": "development",
                "content": terms(),
            },
        ),
    ),
    Route("api/v1/improvement-plans/<int:plan_id>/", by_id, GET=Rule(**SEEN)),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/terms/",
        by_id,
        POST=Rule(
            hr=201,
            manager={"agent": 201, "*": 404},
            json=lambda world, label: {
                "content": {**terms(), "goals": [{"text": "Lead the night shift"}]},
                "reason": "We talked",
                "seen": 1,
            },
        ),
    ),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/agree/",
        by_id,
        POST=Rule(manager={"agent": 403, "*": 404}, agent={"agent": 200, "*": 404}, json={"number": 1}),
    ),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/object/",
        by_id,
        POST=Rule(
            manager={"agent": 403, "*": 404},
            agent={"agent": 201, "*": 404},
            json={"number": 1, "text": "Not now"},
        ),
    ),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/decide/",
        by_id,
        POST=Rule(**LED_BY_REST, json={"number": 1, "stands": True, "reason": "It is fair"}),
    ),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/check-ins/",
        by_id,
        POST=Rule(**LED_BY_REST, json={"note": "We talked"}),
    ),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/measures/<slug:measure>/done/",
        measures_by_id,
        POST=Rule(**LED_BY_REST, agent={"agent": 409, "*": 404}),
    ),
    Route(
        "api/v1/improvement-plans/<int:plan_id>/outcomes/",
        by_id,
        POST=Rule(**LED_BY_REST, json={"verdict": "met", "reason": "Done"}),
    ),
    Route("api/v1/improvement-proposals/", GET=Rule(**READ)),
    Route("api/v1/improvement-proposals/look/", POST=Rule(hr=200)),
    Route(
        "api/v1/improvement-proposals/<int:proposal_id>/dismiss/",
        proposals_by_id,
        POST=Rule(hr=200, json={"reason": "No need"}),
    ),
    Route(
        "api/v1/improvement-rule/",
        GET=Rule(**READ),
        PUT=Rule(hr=200, json={"score_below": 50, "points_below": 50, "score_from": 90, "answer_days": 5}),
    ),
    Route("api/v1/improvement-effect/", GET=Rule(hr=422, auditor=422)),  # no KPI named
]
