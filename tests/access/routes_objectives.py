"""Who may do what: goals of people, teams and the company."""

from __future__ import annotations

from typing import Any

from reviews.models import ObjectiveVersion
from tests.access.table import Route, Rule, alike
from tests.access.world import MISSING_CODE, MISSING_ID, World

READS_ALL = {"hr": 200, "auditor": 200}


def cycles(world: World) -> dict[str, dict[str, Any]]:
    """The one that counts goals, and what is not there."""
    return {"goals": {"code": "goals"}, "missing": {"code": MISSING_CODE}}


def objectives(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {name: {"pk": each.pk} for name, each in world.objectives.items()}
    return {**found, "missing": {"pk": MISSING_ID}}


def named(world: World) -> dict[str, dict[str, Any]]:
    return {label: {"objective_id": each["pk"]} for label, each in objectives(world).items()}


def people(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"code": "goals", "employee_id": world.person(name).pk} for name in ("agent", "outsider")
    }
    return {
        **found,
        "missing person": {"code": "goals", "employee_id": MISSING_ID},
        "missing cycle": {"code": MISSING_CODE, "employee_id": world.cast.agent.pk},
    }


def branches(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"code": "goals", "pk": world.objectives[name].pk} for name in ("company", "agent")
    }
    return {
        **found,
        "missing goal": {"code": "goals", "pk": MISSING_ID},
        "missing cycle": {"code": MISSING_CODE, "pk": world.objectives["company"].pk},
    }


def digest(world: World, label: str) -> str:
    found = world.objectives.get(label)
    if found is None:
        return "0" * 64
    return ObjectiveVersion.objects.filter(objective=found).order_by("-number")[0].digest


def seen(world: World, label: str, **more: Any) -> dict[str, Any]:
    return {"seen": digest(world, label), **more}


def words(world: World, label: str, **more: Any) -> dict[str, Any]:
    return {
        "title": "Another goal",
        "weight": "100",
        "key_results": [{"title": "Solved", "start": 50, "target": 90}],
        **more,
    }


def typed(world: World, label: str) -> dict[str, Any]:
    return {
        "title": "Another goal",
        "weight": "100",
        "reason": "Compared",
        "seen": digest(world, label),
        "results-TOTAL_FORMS": "1",
        "results-INITIAL_FORMS": "0",
        "results-0-title": "Solved",
        "results-0-start": "50",
        "results-0-target": "90",
    }


READERS = {
    **READS_ALL,
    "payroll": {"company": 200, "*": 404},
    "manager": {"agent": 200, "peer": 200, "company": 200, "*": 404},
    "agent": {"agent": 200, "company": 200, "*": 404},
    "inspector": {"*": 404},
}

ROUTES = [
    Route("goals/", GET=Rule(manager=200, agent=200, inspector=200)),
    Route("cycles/<slug:code>/goals/", cycles, GET=Rule(**READS_ALL, manager={"goals": 200, "missing": 404})),
    Route(
        "cycles/<slug:code>/goals/new/",
        cycles,
        GET=Rule(hr=200, manager=200, agent=200, inspector=404),
        POST=Rule(hr=404, manager=404, agent=302, inspector=404, body=typed),
    ),
    Route(
        "cycles/<slug:code>/goals/sign/",
        cycles,
        POST=Rule(
            hr=302,
            manager=302,
            agent=302,
            inspector=404,
            body=lambda world, label: {
                "action": "propose",
                "employee": world.cast.agent.pk,
                f"objective-{world.objectives['agent'].pk}": digest(world, "agent"),
            },
        ),
    ),
    Route(
        "cycles/<slug:code>/goals/<int:employee_id>/",
        people,
        GET=Rule(**READS_ALL, manager={"agent": 200, "*": 404}),
    ),
    Route(
        "cycles/<slug:code>/goal-tree/",
        cycles,
        GET=Rule(**READS_ALL, payroll=200, manager=200, agent=200, inspector=404),
    ),
    Route(
        "cycles/<slug:code>/goal-tree/<int:pk>/",
        branches,
        GET=Rule(
            **alike("hr auditor manager agent", {"company": 200, "agent": 200, "*": 404}),
            payroll={"company": 200, "*": 404},
            inspector=404,
        ),
    ),
    Route("objectives/<int:pk>/", objectives, GET=Rule(**READERS)),
    Route(
        "objectives/<int:pk>/edit/",
        objectives,
        GET=Rule(**{name: each for name, each in READERS.items() if name not in ("auditor", "payroll")}),
        POST=Rule(
            hr={"company": 302, "missing": 404, "*": 422},
            manager={"agent": 302, "peer": 302, "company": 422, "*": 404},
            agent={"agent": 302, "company": 422, "*": 404},
            inspector={"*": 404},
            body=typed,
        ),
    ),
    *(
        Route(
            f"objectives/<int:pk>/{step}/",
            objectives,
            POST=Rule(
                **alike("hr", {"missing": 404, "*": 302}),
                manager={"agent": 302, "peer": 302, "company": 302, "*": 404},
                agent={"agent": 302, "company": 302, "*": 404},
                inspector={"*": 404},
                body=lambda world, label: seen(world, label, reason="Compared"),
            ),
        )
        for step in ("drop", "undo")
    ),
    Route(
        "objectives/<int:pk>/check-in/",
        objectives,
        POST=Rule(
            hr={"company": 302, "missing": 404, "*": 422},
            manager={"agent": 302, "peer": 422, "company": 422, "*": 404},
            agent={"agent": 302, "company": 422, "*": 404},
            inspector={"*": 404},
            body={"confidence": "3"},
        ),
    ),
    Route(  # the phase is not there yet
        "objectives/<int:pk>/assess/",
        objectives,
        POST=Rule(
            hr={"missing": 404, "*": 422},
            manager={"agent": 422, "peer": 422, "company": 422, "*": 404},
            agent={"agent": 422, "company": 422, "*": 404},
            inspector={"*": 404},
            body={"comment": "Well", "version": "0"},
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/objectives/",
        cycles,
        GET=Rule(**READS_ALL, payroll=200, manager=200, agent=200, inspector=404),
        POST=Rule(hr=404, manager=404, agent=201, inspector=404, json=words),
    ),
    *(
        Route(
            f"api/v1/cycles/<slug:code>/objectives/{step}/",
            cycles,
            POST=Rule(
                hr={"goals": 403, "missing": 404},
                manager=done,
                agent=404,
                inspector=404,
                json=lambda world, label, name=name: {
                    "employee_number": getattr(world.cast, name).employee_number,
                    "objectives": [
                        {"id": world.objectives[name].pk, "seen": digest(world, name)},
                    ],
                },
            ),
        )
        for step, name, done in (("propose", "peer", 409), ("agree", "peer", 200))
    ),
    Route("api/v1/cycles/<slug:code>/goal-agreement/", cycles, GET=Rule(**READS_ALL, manager=200)),
    Route(
        "api/v1/cycles/<slug:code>/goal-tree/",
        cycles,
        GET=Rule(**READS_ALL, payroll=200, manager=200, agent=200, inspector=404),
    ),
    Route(
        "api/v1/objectives/<int:objective_id>/",
        named,
        GET=Rule(**READERS),
        PUT=Rule(
            hr={"company": 200, "missing": 404, "*": 403},
            manager={"agent": 200, "peer": 200, "company": 403, "*": 404},
            agent={"agent": 200, "company": 403, "*": 404},
            inspector={"*": 404},
            json=lambda world, label: words(world, label, **seen(world, label), reason="Compared"),
        ),
    ),
    *(
        Route(
            f"api/v1/objectives/<int:objective_id>/{step}/",
            named,
            POST=Rule(
                hr={"company": done["company"], "missing": 404, "*": 403},
                manager={"agent": done["agent"], "peer": done["peer"], "company": 403, "*": 404},
                agent={"agent": done["agent"], "company": 403, "*": 404},
                inspector={"*": 404},
                json=body,
            ),
        )
        for step, done, body in (
            (
                "drop",
                {"company": 200, "agent": 200, "peer": 200},
                lambda world, label: seen(world, label, reason="Compared"),
            ),
            ("undo", {"company": 409, "agent": 200, "peer": 409}, seen),
        )
    ),
    Route(
        "api/v1/objectives/<int:objective_id>/check-ins/",
        named,
        GET=Rule(**READERS),
        POST=Rule(
            hr={"company": 201, "missing": 404, "*": 403},
            manager={"agent": 201, "peer": 409, "company": 403, "*": 404},
            agent={"agent": 201, "company": 403, "*": 404},
            inspector={"*": 404},
            json={"confidence": 3},
        ),
    ),
    Route(
        "api/v1/objectives/<int:objective_id>/assessment/",
        named,
        PUT=Rule(
            hr={"company": 409, "missing": 404, "*": 403},
            manager={"agent": 409, "peer": 409, "company": 403, "*": 404},
            agent={"agent": 409, "company": 403, "*": 404},
            inspector={"*": 404},
            json={"comment": "Well", "version": 0},
        ),
    ),
]
