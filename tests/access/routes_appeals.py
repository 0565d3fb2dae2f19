"""Who may do what: feedback, notes of talks, appeals."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from reviews.models import Conversation
from tests.access.table import Route, Rule, alike, codes
from tests.access.world import MISSING_CODE, MISSING_ID, MISSING_UUID, World

october = codes("october")
released = codes("october", "november")
december = codes("december")
WHY = "The log of that day shows something else"


def people(world: World) -> dict[str, dict[str, Any]]:
    """In the released cycle; `unscored` is one of a cycle without results."""
    found: dict[str, dict[str, Any]] = {
        name: {"code": "october", "employee_id": world.person(name).pk}
        for name in ("agent", "peer", "outsider")
    }
    return {
        **found,
        "unscored": {"code": "november", "employee_id": world.cast.agent.pk},
        "missing person": {"code": "october", "employee_id": MISSING_ID},
        "missing cycle": {"code": MISSING_CODE, "employee_id": world.cast.agent.pk},
    }


def appeals(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {name: {"pk": each.pk} for name, each in world.appeals.items()}
    return {**found, "missing": {"pk": MISSING_ID}}


def numbered(world: World) -> dict[str, dict[str, Any]]:
    return {label: {"appeal_id": each["pk"]} for label, each in appeals(world).items()}


def files(world: World, name: str = "pk") -> dict[str, dict[str, Any]]:
    appeal = world.appeals["agent"]
    file = appeal.files.get()
    return {
        "agent": {name: appeal.pk, "file_id": file.pk},
        "of another appeal": {name: world.appeals["outsider"].pk, "file_id": file.pk},
        "missing": {name: appeal.pk, "file_id": MISSING_UUID},
    }


def numbered_files(world: World) -> dict[str, dict[str, Any]]:
    return files(world, "appeal_id")


def points(world: World, label: str = "") -> dict[str, Any]:
    said = {"component": "conduct", "subject": "courtesy", "is_strength": True, "evidence": "Heard it"}
    return {"words": "Well done", "version": 0, "points": [said]}


def notes(world: World, label: str = "") -> dict[str, Any]:
    return {
        "held_on": "2025-11-03",
        "text": "We talked again",
        "version": 1 if label == "agent" else 0,
    }


def seen(world: World, label: str = "") -> dict[str, Any]:
    return {"content_hash": Conversation.objects.get().content_hash}


def appeal(world: World, label: str = "") -> dict[str, Any]:
    return {
        "cycle": "october", "component": "conduct", "subject": "patience", "proposed_score": 150, "reason": WHY,
    }  # fmt: skip


def decider(world: World, label: str = "") -> dict[str, Any]:
    return {"decider": world.cast.site_manager.pk}


def evidence(world: World, label: str = "") -> dict[str, Any]:
    return {"files": SimpleUploadedFile("more.txt", b"see the log")}


READ = {"agent": 200, "peer": 200, "outsider": 200, "*": 404}
BLUE = {"agent": 200, "peer": 200, "*": 404}
RULES = {
    "required": "on", "weak_below": "70", "strong_from": "100", "most": "3", "days": "10", "answer_days": "10",
}  # fmt: skip

ROUTES = [
    Route(
        "cycles/<slug:code>/feedback/",
        released,
        GET=Rule(hr=200, auditor=200, manager=200),
    ),
    Route(
        "cycles/<slug:code>/feedback/settings/",
        december,
        GET=Rule(hr=200, auditor=200),
        POST=Rule(hr=302, body=lambda world, label: {**RULES, "version": world.cycles["december"].version}),
    ),
    Route(
        "cycles/<slug:code>/feedback/<int:employee_id>/",
        people,
        GET=Rule(**alike("hr auditor", READ), manager=BLUE),
        POST=Rule(
            hr={"agent": 302, "peer": 302, "outsider": 302, "*": 404},
            manager={"agent": 302, "peer": 302, "*": 404},
            body={"version": "0", "words": "Well done"},
        ),
    ),
    Route(
        "cycles/<slug:code>/feedback/<int:employee_id>/release/",
        people,
        POST=Rule(
            hr={"agent": 302, "peer": 302, "outsider": 302, "*": 404}, body={"reason": "The manager left"}
        ),
    ),
    Route(
        "cycles/<slug:code>/conversations/<int:employee_id>/",
        people,
        GET=Rule(**alike("hr auditor", READ), manager=BLUE, agent={"agent": 200, "*": 404}),
        POST=Rule(
            hr={"agent": 422, "peer": 422, "outsider": 422, "*": 404},  # the rater is still there
            manager={"agent": 302, "peer": 302, "*": 404},
            agent={"agent": 422, "*": 404},
            body=notes,
        ),
    ),
    Route(
        "cycles/<slug:code>/conversations/<int:employee_id>/sign/",
        people,
        POST=Rule(
            hr={"agent": 302, "peer": 302, "outsider": 302, "*": 404},
            manager={"agent": 302, "peer": 302, "*": 404},
            agent={"agent": 302, "*": 404},
            body=seen,
        ),
    ),
    Route(
        "cycles/<slug:code>/appeals/",
        october,
        GET=Rule(hr=200, auditor=200, manager=200, agent=200, inspector=404),
    ),
    Route(
        "standing/<slug:code>/appeal/",
        released,
        GET=Rule(manager=404, agent={"october": 200, "*": 404}),
        POST=Rule(
            manager=404,
            agent={"october": 302, "*": 404},
            body={"item": "conduct:patience", "proposed_score": "150", "reason": WHY},
        ),
    ),
    Route("appeals/", GET=Rule(hr=200, auditor=200, manager=200, agent=200, inspector=200)),
    Route(
        "appeals/<int:pk>/",
        appeals,
        GET=Rule(hr=200, auditor=200, manager={"agent": 200, "*": 404}, agent={"agent": 200, "*": 404}),
    ),
    Route(
        "appeals/<int:pk>/withdraw/",
        appeals,
        POST=Rule(manager={"agent": 302, "*": 404}, agent={"agent": 302, "*": 404}),
    ),
    Route(
        "appeals/<int:pk>/comment/",
        appeals,
        POST=Rule(
            hr=302,
            manager={"agent": 302, "*": 404},
            agent={"agent": 302, "*": 404},
            body={"text": "So it was"},
        ),
    ),
    Route(
        "appeals/<int:pk>/files/",
        appeals,
        POST=Rule(manager={"agent": 403, "*": 404}, agent={"agent": 302, "*": 404}, file=evidence),
    ),
    Route(
        "appeals/<int:pk>/files/<uuid:file_id>/",
        files,
        GET=Rule(
            **alike("hr auditor manager agent", {"agent": 200, "*": 404}),
        ),
    ),
    Route("appeals/<int:pk>/assign/", appeals, POST=Rule(hr=302, body=decider)),
    Route(
        "appeals/<int:pk>/foresight/",
        appeals,
        GET=Rule(hr={"agent": 200, "*": 404}, manager=404),
    ),
    Route(
        "money/appeals/<int:pk>/",
        appeals,
        GET=Rule(hr={"agent": 200, "*": 404}, manager=404),
    ),
    Route(
        "appeals/<int:pk>/decide/",
        appeals,
        POST=Rule(
            hr={"agent": 302, "outsider": 409, "missing": 404},  # nobody is named for the second
            manager={"agent": 403, "*": 404},
            body={"decision": "reject", "reason": WHY},
        ),
    ),
    # REST
    Route(
        "api/v1/cycles/<slug:code>/feedback/<int:employee_id>/",
        people,
        GET=Rule(**alike("hr auditor", READ), manager=BLUE),
        PUT=Rule(hr=READ, manager=BLUE, json=points),
    ),
    Route("api/v1/cycles/<slug:code>/release-state/", released, GET=Rule(hr=200, auditor=200)),
    Route(
        "api/v1/cycles/<slug:code>/feedback/<int:employee_id>/release/",
        people,
        POST=Rule(
            hr={"agent": 409, "peer": 409, "outsider": 409, "*": 404}, json={"reason": "The manager left"}
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/acknowledge/",
        released,
        POST=Rule(
            manager=404, agent={"october": 200, "november": 409, "missing": 404}, json={"agrees": False}
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/conversations/<int:employee_id>/",
        people,
        GET=Rule(
            **alike("hr auditor", READ),
            payroll=404,
            inspector=404,
            manager=BLUE,
            agent={"agent": 200, "*": 404},
        ),
        PUT=Rule(hr={"agent": 403, "peer": 403, "outsider": 403, "*": 404}, manager=BLUE, json=notes),
    ),
    Route(
        "api/v1/cycles/<slug:code>/conversations/<int:employee_id>/sign/",
        people,
        POST=Rule(
            hr={"agent": 403, "peer": 409, "outsider": 409, "*": 404},  # 409: there are no notes yet
            manager={"agent": 200, "peer": 409, "*": 404},
            agent={"agent": 200, "*": 404},
            json=seen,
        ),
    ),
    Route(
        "api/v1/appeals/",
        GET=Rule(everyone=200),
        POST=Rule(agent=201, manager=404, inspector=404, json=appeal),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/",
        numbered,
        GET=Rule(
            hr=200,
            auditor=200,
            payroll=404,
            inspector=404,
            manager={"agent": 200, "*": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/withdraw/",
        numbered,
        POST=Rule(manager={"agent": 403, "*": 404}, agent={"agent": 200, "*": 404}),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/comments/",
        numbered,
        POST=Rule(
            hr=201,
            manager={"agent": 201, "*": 404},
            agent={"agent": 201, "*": 404},
            json={"text": "So it was"},
        ),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/files/",
        numbered,
        POST=Rule(manager={"agent": 403, "*": 404}, agent={"agent": 201, "*": 404}, file=evidence),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/files/<uuid:file_id>/",
        numbered_files,
        GET=Rule(**alike("hr auditor manager agent", {"agent": 200, "*": 404}), payroll=404, inspector=404),
    ),
    Route("api/v1/appeals/<int:appeal_id>/assign/", numbered, POST=Rule(hr=200, json=decider)),
    Route("api/v1/appeals/<int:appeal_id>/deciders/", numbered, GET=Rule(hr=200)),
    Route(
        "api/v1/appeals/<int:appeal_id>/foresight/",
        numbered,
        GET=Rule(hr={"agent": 200, "outsider": 409, "missing": 404}, manager={"agent": 403, "*": 404}),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/pay-foresight/",
        numbered,
        GET=Rule(hr={"agent": 200, "outsider": 409, "missing": 404}, manager={"agent": 403, "*": 404}),
    ),
    Route(
        "api/v1/appeals/<int:appeal_id>/decide/",
        numbered,
        POST=Rule(
            hr={"agent": 200, "outsider": 409, "missing": 404},
            manager={"agent": 403, "*": 404},
            json={"accept": False, "reason": WHY},
        ),
    ),
    Route(
        "money/<slug:code>/<int:employee>/difference/",
        lambda world: {
            **{
                name: {"code": "october", "employee": world.person(name).pk}
                for name in ("agent", "peer", "outsider")
            },
            "missing": {"code": "october", "employee": MISSING_ID},
        },
        GET=Rule(**alike("hr payroll auditor", 200), manager=404, agent={"agent": 200, "*": 404}),
    ),
]
