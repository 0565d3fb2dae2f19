"""Calls, a form, two inspectors and a drawn sample: what tests of quality inspection begin with."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from metrics.models import Inspection, InspectionForm, InspectionSample, Source
from metrics.services.inspection_forms import create_form
from metrics.services.inspection_samples import SampleRequest, draw_sample
from metrics.services.inspections import save_answer, submit_inspection
from metrics.services.pushing import push_records
from people.models import User
from tests.cast import Cast
from tests.factories import MembershipFactory, RoleGrantFactory, UserFactory

OCTOBER = (datetime.date(2025, 10, 1), datetime.date(2025, 10, 31))


def two(name: str) -> dict[str, str]:
    return {"zh": f"{name}（中）", "en": name}


CONTENT: dict[str, Any] = {
    "fatal_cap": 0,
    "dispute_days": 7,
    "comment_on_failed": True,
    "sections": [
        {
            "code": "opening",
            "name": two("Opening"),
            "items": [
                {"code": "greeting", "name": two("Greeting"), "weight": 20, "not_applicable": True},
                {
                    "code": "listening",
                    "name": two("Listening"),
                    "description": two("Lets the customer finish"),
                    "weight": 30,
                    "answers": "scale",
                    "highest": 5,
                    "levels": {"5": two("Sums up the need"), "1": two("Interrupts")},
                },
            ],
        },
        {
            "code": "solution",
            "name": two("Solution"),
            "items": [{"code": "solved", "name": two("Solved"), "weight": 50, "answers": "yes_partly_no"}],
        },
    ],
    "fatal_errors": [{"code": "verification", "name": two("Identity not checked")}],
}


def content(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(CONTENT), **changes}


def make_form(*, code: str = "call", valid_from: str = "2025-01-01", **changes: Any) -> InspectionForm:
    return create_form(
        actor=None,
        code=code,
        name_zh="通话质检表",
        name_en="Call form",
        content=content(**changes),
        valid_from=datetime.date.fromisoformat(valid_from),
    )


def make_inspector(cast: Cast, login: str, *, number: str | None = None, name: str = "") -> User:
    user = UserFactory(
        login=login, employee_number=number or f"Q-{login}"[:40], name=name or login.title(), name_sort=login
    )
    MembershipFactory(user=user, team=cast.company, job=cast.job_leader)
    RoleGrantFactory(user=user, role="inspector")
    return user


def push_calls(source: Source, numbers: dict[str, int], *, name: str = "calls", day_count: int = 20) -> None:
    """{employee number: how many calls}; every fifth is not answered."""
    records = []
    for number, count in numbers.items():
        for place in range(count):
            day = OCTOBER[0] + datetime.timedelta(days=place % day_count)
            answered = place % 5 != 4
            records.append(
                {
                    "record_id": f"{name}-{number}-{place:03d}",
                    "employee": number,
                    "occurred_at": f"{day.isoformat()}T{9 + place % 8:02d}:15:00+08:00",
                    "queue": ("billing", "support")[place % 2],
                    "values": {
                        "answered": int(answered),
                        "talk_seconds": 100 + place if answered else None,
                        "satisfaction": 4 if answered and place % 3 == 0 else None,
                    },
                }
            )
    push_records(actor=None, source=source, batch=name, records=records)


def request_for(form: InspectionForm, source: Source, **how: Any) -> SampleRequest:
    given: dict[str, Any] = {
        "first_day": OCTOBER[0],
        "last_day": OCTOBER[1],
        "per_agent": 3,
        "needs_measure": "answered",
        "double_percent": 20,
    }
    return SampleRequest(form=form, source=source, **{**given, **how})


def draw(form: InspectionForm, source: Source, *, seed: int = 7, **how: Any) -> InspectionSample:
    return draw_sample(actor=None, request=request_for(form, source, **how), seed=seed)


GOOD = {"greeting": "yes", "listening": "4", "solved": "partly"}  # 20 + 30 * 0.75 + 50 * 0.5 = 67.5


def answer(
    inspection: Inspection,
    answers: dict[str, Any] | None = None,
    *,
    comments: dict[str, str] | None = None,
    submit: bool = True,
) -> Inspection:
    inspector = inspection.inspector
    for item, value in (GOOD if answers is None else answers).items():
        save_answer(actor=inspector, inspection_id=inspection.pk, item=item, version=0, answer=value)
    for item, text in (comments or {}).items():
        save_answer(actor=inspector, inspection_id=inspection.pk, item=item, version=0, comment=text)
    if submit:
        submit_inspection(actor=inspector, inspection_id=inspection.pk)
    inspection.refresh_from_db()
    return inspection
