"""Who may do what: the front door, accounts, people, teams."""

from __future__ import annotations

from typing import Any

from tests.access.table import Route, Rule, alike, one_person, persons
from tests.access.world import MISSING_ID, World
from tests.factories import PASSWORD

HR = {"hr": 200}
HR_SAVES = {"hr": 302}
READERS = {"hr": 200, "payroll": 200, "auditor": 200, "manager": 200}

SEEN = Rule(
    hr=200,
    auditor=200,
    payroll={"account": 404, "*": 200, "missing": 404},
    manager={"agent": 200, "peer": 200, "manager": 200, "*": 404},
    agent={"agent": 200, "*": 404},
)


def teams(world: World) -> dict[str, dict[str, Any]]:
    return {
        "blue": {"pk": world.cast.blue.pk},
        "green": {"pk": world.cast.green.pk},
        "missing": {"pk": MISSING_ID},
    }


def one_team(world: World) -> dict[str, dict[str, Any]]:
    return {"blue": {"pk": world.cast.blue.pk}, "missing": {"pk": MISSING_ID}}


def sites(world: World) -> dict[str, dict[str, Any]]:
    return {"shanghai": {"pk": world.cast.site_shanghai.pk}, "missing": {"pk": MISSING_ID}}


def jobs(world: World) -> dict[str, dict[str, Any]]:
    return {"agent": {"pk": world.cast.job_agent.pk}, "missing": {"pk": MISSING_ID}}


def granted(world: World) -> dict[str, dict[str, Any]]:
    return {
        "auditor": {"pk": world.cast.auditor.pk, "role": "auditor"},
        "missing": {"pk": MISSING_ID, "role": "auditor"},
    }


def place(world: World, label: str) -> dict[str, Any]:
    return {"team": world.cast.green.pk, "job": world.cast.job_agent.pk, "from_day": "2026-01-01"}


PERSON = {
    "name": "Otto New",
    "locale": "en",
    "employee_number": "E7001",
    "login": "",
    "hired_on": "2026-01-01",
}
SITE = {"code": "gz", "name_zh": "广州", "name_en": "Guangzhou", "time_zone": "Asia/Shanghai"}
JOB = {"code": "inspector", "name_zh": "质检", "name_en": "Inspector", "duties": ""}
TEAM = {"code": "red", "name_zh": "红队", "name_en": "Red team", "is_active": "on"}
OWN_PASSWORD = {
    "present": PASSWORD,
    "password": "a quite different staple",
    "again": "a quite different staple",
}

ROUTES = [
    Route("", GET=Rule(everyone=302)),
    Route(
        "language/",  # Django's own view: whatever is no POST leads back and changes nothing
        **dict.fromkeys(("GET", "PUT", "PATCH", "DELETE"), Rule(everyone=302, anonymous=302)),
        POST=Rule(everyone=302, anonymous=302, body={"language": "en"}),
    ),
    Route(
        "sign-in/",
        GET=Rule(everyone=302, anonymous=200),
        POST=Rule(everyone=302, anonymous=302, body={"username": "peer", "password": PASSWORD}),
    ),
    Route("sign-out/", POST=Rule(everyone=302, anonymous=302)),
    Route(
        "account/",
        GET=Rule(everyone=200),
        POST=Rule(everyone=302, body={"locale": "en", "email": "new@example.com"}),
    ),
    Route("account/password/", GET=Rule(everyone=200), POST=Rule(everyone=302, body=OWN_PASSWORD)),
    Route("people/", GET=Rule(**READERS)),
    Route("people/new/", GET=Rule(**HR), POST=Rule(**HR_SAVES, body=PERSON)),
    Route("people/<int:pk>/", persons, GET=SEEN),
    Route(
        "people/<int:pk>/details/",
        one_person,
        GET=Rule(**HR),
        POST=Rule(**HR_SAVES, body={**PERSON, "employee_number": "E0004"}),
    ),
    Route("people/<int:pk>/transfer/", one_person, GET=Rule(**HR), POST=Rule(**HR_SAVES, body=place)),
    Route(
        "people/<int:pk>/end/",
        one_person,
        GET=Rule(**HR),
        POST=Rule(**HR_SAVES, body={"last_day": "2026-11-30"}),
    ),
    Route(
        "people/<int:pk>/roles/",
        one_person,
        POST=Rule(**HR_SAVES, body={"role": "auditor", "change": "grant"}),
    ),
    Route("people/<int:pk>/access/", one_person, POST=Rule(**HR_SAVES, body={"change": "close"})),
    Route("people/<int:pk>/set-password/", one_person, POST=Rule(**HR)),
    Route("people/teams/", GET=Rule(**READERS)),
    Route("people/teams/new/", GET=Rule(**HR), POST=Rule(**HR_SAVES, body=TEAM)),
    Route(
        "people/teams/<int:pk>/",
        one_team,
        GET=Rule(**HR),
        POST=Rule(
            **HR_SAVES, body=lambda world, label: {**TEAM, "code": "blue", "parent": world.cast.shanghai.pk}
        ),
    ),
    Route(
        "people/teams/<int:pk>/leader/",
        one_team,
        GET=Rule(**HR),
        POST=Rule(**HR_SAVES, body={"leader": "E0005", "from_day": "2026-01-01"}),
    ),
    Route("people/sites/", GET=Rule(**READERS)),
    Route("people/sites/new/", GET=Rule(**HR), POST=Rule(**HR_SAVES, body=SITE)),
    Route("people/sites/<int:pk>/", sites, GET=Rule(**HR), POST=Rule(**HR_SAVES, body=SITE)),
    Route("people/jobs/", GET=Rule(**READERS)),
    Route("people/jobs/new/", GET=Rule(**HR), POST=Rule(**HR_SAVES, body=JOB)),
    Route("people/jobs/<int:pk>/", jobs, GET=Rule(**HR), POST=Rule(**HR_SAVES, body=JOB)),
    # REST
    Route("api/v1/employees/", GET=Rule(everyone=200)),
    Route(
        "api/v1/employees/<int:pk>/",
        persons,
        GET=Rule(
            **alike("hr payroll auditor", {"account": 404, "*": 200, "missing": 404}),
            manager={"agent": 200, "peer": 200, "manager": 200, "*": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route(
        "api/v1/employees/<int:pk>/transfer/",
        one_person,
        POST=Rule(hr=200, json={"team": "green", "job": "agent", "from_day": "2026-01-01"}),
    ),
    Route("api/v1/employees/<int:pk>/end/", one_person, POST=Rule(hr=200, json={"last_day": "2026-11-30"})),
    Route(
        "api/v1/employees/<int:pk>/roles/",
        one_person,
        GET=Rule(hr=200, auditor=200),
        POST=Rule(hr=200, json={"role": "auditor"}),
    ),
    Route("api/v1/employees/<int:pk>/roles/<slug:role>/", granted, DELETE=Rule(hr=204)),
    Route(
        "api/v1/teams/",
        GET=Rule(everyone=200),
        POST=Rule(hr=200, json={"code": "red", "name_zh": "红队", "parent": "shanghai"}),
    ),
    Route(
        "api/v1/teams/<int:pk>/",
        teams,
        GET=Rule(
            hr=200,
            payroll=200,
            auditor=200,
            manager={"blue": 200, "*": 404},
            agent={"blue": 200, "*": 404},
        ),
    ),
    Route(
        "api/v1/teams/<int:pk>/leader/",
        one_team,
        POST=Rule(
            hr=200, json=lambda world, label: {"employee": world.cast.peer.pk, "from_day": "2026-01-01"}
        ),
    ),
    Route(
        "api/v1/jobs/",
        GET=Rule(everyone=200),
        POST=Rule(hr=200, json={"code": "inspector", "name_en": "Inspector"}),
    ),
    Route("api/v1/sites/", GET=Rule(everyone=200), POST=Rule(hr=200, json=SITE)),
]
