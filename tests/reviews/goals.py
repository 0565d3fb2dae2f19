"""A cycle of objectives over October 2025 for the cast's agents, and short ways to write, sign and note them."""

from __future__ import annotations

from typing import Any

from people.models import User
from reviews.models import Cycle, Objective
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objectives import create_objective
from tests.cast import Cast
from tests.reviews.conftest import conduct, configuration


def objectives_component(weight: float = 100, **more: Any) -> dict[str, Any]:
    return {
        "code": "goals",
        "method": "objectives",
        "name": {"zh": "目标", "en": "Objectives"},
        "weight": weight,
        **more,
    }


def launch_goals(cast: Cast, *components: dict[str, Any], code: str = "mbo", **more: Any) -> Cycle:
    cycle = create_cycle(
        actor=cast.hr,
        code=code,
        name_zh="目标考核",
        name_en="Objectives of October",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(
            components=list(components) or [objectives_component()],
            **{"missing_component": "hold_back", **more},
        ),
    )
    return launch_cycle(actor=cast.hr, cycle=cycle, to_phase="goals")


def with_conduct() -> tuple[dict[str, Any], dict[str, Any]]:
    return objectives_component(60), conduct(40)


def numbers(**changes: Any) -> dict[str, Any]:
    """A key result with a number: from 50 to 100."""
    return {"title": "Calls solved at once", "unit": "%", "start": 50, "target": 100, **changes}


def judged(**changes: Any) -> dict[str, Any]:
    return {"title": "The handbook is used by the team", "is_judged": True, **changes}


def content(title: str = "Solve calls at once", weight: Any = 100, **changes: Any) -> dict[str, Any]:
    return {"title": title, "why": "", "weight": weight, "key_results": [numbers()], **changes}


def seen(*objectives: Objective) -> dict[int, str]:
    """{id: digest} of what stands on the table now."""
    found = Objective.objects.filter(pk__in=[each.pk for each in objectives])
    return dict(found.values_list("pk", "latest_version__digest"))


def digest(objective: Objective) -> str:
    return seen(objective)[objective.pk]


def write(actor: User, cycle: Cycle, employee: User, *wordings: dict[str, Any]) -> list[Objective]:
    return [
        create_objective(actor=actor, cycle=cycle, employee_id=employee.pk, content=wording)
        for wording in wordings or (content(),)
    ]


def sign(first: User, second: User, cycle: Cycle, employee: User, *objectives: Objective) -> None:
    """Proposed by one side, agreed by the other."""
    propose_objectives(actor=first, cycle=cycle, employee_id=employee.pk, seen=seen(*objectives))
    agree_objectives(actor=second, cycle=cycle, employee_id=employee.pk, seen=seen(*objectives))


def agreed(cast: Cast, cycle: Cycle, employee: User, *wordings: dict[str, Any]) -> list[Objective]:
    """Written and proposed by the person, agreed by the leader."""
    made = write(employee, cycle, employee, *wordings)
    leader = {
        cast.agent.pk: cast.manager,
        cast.peer.pk: cast.manager,
        cast.outsider.pk: cast.other_manager,
        cast.mover.pk: cast.other_manager,
    }[employee.pk]
    sign(employee, leader, cycle, employee, *made)
    for each in made:
        each.refresh_from_db()
    return made
