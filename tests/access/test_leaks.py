"""Pages and answers hold nobody's name, number or money but those that the reader may see; texts that people have
typed stay text, in every page and every file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal

import pgtrigger
import pytest
from openpyxl import load_workbook

from people.models import Compensation, Job, Site, Team, User
from reviews.models import Cycle, Judgement
from tests.access.callers import Answer, Callers, encoded
from tests.access.table import Route
from tests.access.test_table import ROUTES
from tests.access.world import World
from tests.metrics import calls as call_log
from tests.metrics.conftest import check_file

#: The style guide shows invented people.
READS = [route for route in ROUTES if "GET" in route.rules and route.pattern != "styleguide/"]
FINAL = "incentives.PayoutLine:final_update"


@pytest.fixture(scope="module")
def callers(world_of_module: World) -> Callers:
    """Each has another salary, so that an amount tells whose it is."""
    for place, person in enumerate(User.objects.filter(compensations__isnull=False).order_by("pk")):
        Compensation.objects.filter(user=person).update(salary=Decimal(7311 + 1013 * place))
    return Callers(world_of_module)


#: Where colleagues are chosen as raters, or asked about, their names are what the page is for; their money never is.
NAMES_COLLEAGUES = {
    "voices/",
    "voices/<int:invitation_id>/",
    "voices/<int:invitation_id>/replace/",
    "cycles/<slug:code>/voices/<slug:component>/raters/<int:employee_id>/",
    "api/v1/voices/",
    "api/v1/cycles/<slug:code>/voices/<slug:component>/raters/<int:employee_id>/",
}


def addresses(route: Route, world: World) -> Iterator[str]:
    query = route.rules["GET"].query
    for label, kwargs in route.subjects(world).items():
        if not label.startswith("missing"):
            yield route.address(kwargs) + (f"?{query}" if query else "")


def money(amount: Decimal) -> tuple[str, str]:
    return f"{amount:.2f}", f"{amount:,.2f}"


def secrets_of(world: World, name: str, *, with_name: bool = True) -> dict[str, str]:
    """What gives this person away: {text: what it is}."""
    person = world.person(name)
    salary = Compensation.objects.get(user=person).salary
    found = dict.fromkeys(money(salary), f"salary of {name}")
    for run in world.payouts:
        amount = world.line(run, name).amount
        if amount:
            found |= dict.fromkeys(money(amount), f"payout of {name}")
    if with_name:
        found |= {person.name: f"name of {name}", str(person.employee_number): f"number of {name}"}
    return found


def hidden_from(world: World, actor: str, *, with_names: bool = True) -> dict[str, str]:
    """An agent sees no colleague and no colleague's money; a manager no other team, and no money of anyone."""
    if not with_names:
        people = ("peer", "outsider", "remote", *(("agent",) if actor == "manager" else ()))
        return {
            text: what for name in people for text, what in secrets_of(world, name, with_name=False).items()
        }
    if actor == "agent":
        return secrets_of(world, "peer") | secrets_of(world, "outsider") | secrets_of(world, "remote")
    team = secrets_of(world, "agent", with_name=False) | secrets_of(world, "peer", with_name=False)
    return team | secrets_of(world, "outsider") | secrets_of(world, "remote")


@pytest.mark.parametrize("route", READS, ids=repr)
def test_nobody_else_shows_through(world: World, callers: Callers, route: Route) -> None:
    found = []
    for actor in ("manager", "agent"):
        hidden = hidden_from(world, actor, with_names=route.pattern not in NAMES_COLLEAGUES)
        for address in addresses(route, world):
            answer = callers.send(actor, "GET", address)
            if answer.status == 200:
                found += [
                    f"{actor} reads the {what} at {address}"
                    for text, what in hidden.items()
                    if text in answer.text
                ]
    assert not found, "\n".join(found)


def test_what_is_hidden_from_some_is_shown_to_hr(world: World, callers: Callers) -> None:
    """Else the test above would look for texts that stand nowhere."""
    shown = "".join(
        callers.send("hr", "GET", address).text
        for address in (
            "/people/",
            f"/people/{world.cast.peer.pk}/",
            f"/payouts/{world.payouts['paid'].pk}/",
            f"/api/v1/payout-runs/{world.payouts['computed'].pk}/lines/",
        )
    )
    for name in ("peer", "outsider"):
        hidden = secrets_of(world, name)
        missing = {what for text, what in hidden.items()} - {
            what for text, what in hidden.items() if text in shown
        }
        assert missing <= {f"salary of {name}"} if name == "outsider" else not missing


# Scripts in texts --------------------------------------------------------------------------------------------------

SCRIPT = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
TEMPLATE = "{{7*7}}{%raw%}javascript:alert(3)"
#: What a browser would take for markup, and what a template would have worked out.
LIVE = re.compile(
    r"<img src=x|<script>alert|onerror=alert\(1\)>|(?:href|src|action)=[\"']?\s*javascript:", re.IGNORECASE
)


@pytest.fixture
def spoilt(world: World) -> World:
    """Whatever can be typed holds markup now; names of people hold what fits."""
    for model in (Site, Job, Team, Cycle):
        model.objects.update(name_zh=SCRIPT, name_en=SCRIPT + TEMPLATE)
    for person in world.cast.employees:
        User.objects.filter(pk=person.pk).update(name=SCRIPT + str(person.pk), aliases=[SCRIPT])
    Judgement.objects.update(comment=SCRIPT + TEMPLATE)
    for plan in world.plans.values():
        type(plan).objects.update(name_zh=SCRIPT, name_en=SCRIPT)
    with pgtrigger.ignore(FINAL):
        for payout in world.payouts.values():
            payout.payout_lines.update(employee_name=SCRIPT, cost_centre=SCRIPT[:40])
    world.telephone.__class__.objects.update(name_zh=SCRIPT, name_en=SCRIPT)
    for record in world.imports.values():
        type(record.upload).objects.filter(pk=record.upload_id).update(name=SCRIPT)
    for cycle in world.cycles.values():
        document = Cycle.objects.get(pk=cycle.pk).configuration
        for component in document["components"]:
            component["name"] = {"zh": SCRIPT, "en": SCRIPT + TEMPLATE}
            for item in component.get("items", []):
                item["name"] = {"zh": SCRIPT, "en": SCRIPT}
                item["descriptions"] = {level: {"zh": SCRIPT, "en": SCRIPT} for level in item["descriptions"]}
        Cycle.objects.filter(pk=cycle.pk).update(configuration=document)
    return world


def is_page(answer: Answer) -> bool:
    return answer.headers.get("Content-Type", "").startswith("text/html")


def test_scripts_stay_text(spoilt: World, callers: Callers) -> None:
    seen = 0
    for route in READS:
        if route.is_api:
            continue
        for actor in ("hr", "manager", "agent"):
            for address in addresses(route, spoilt):
                answer = callers.send(actor, "GET", address)
                if answer.status != 200 or not is_page(answer):
                    continue
                assert not LIVE.search(answer.text), (actor, address, LIVE.search(answer.text))
                assert "Content-Security-Policy" in answer.headers, address
                seen += "&lt;script&gt;" in answer.text
    assert seen > 30


@pytest.mark.parametrize(
    "address", ["/people/", "/payouts/1/", "/trail/", "/numbers/", "/imports/", "/sign-in/"]
)
def test_what_is_asked_for_is_not_run(world: World, callers: Callers, address: str) -> None:
    """In the address, and given back by the page or its error."""
    address = address.replace("/1/", f"/{world.payouts['paid'].pk}/")
    for name in (
        "q",
        "team",
        "month",
        "status",
        "order",
        "kind",
        "actor",
        "next",
        "show",
        "model",
        "object_id",
    ):
        answer = callers.send(
            "hr" if "sign-in" not in address else "anonymous", "GET", f"{address}?{name}={SCRIPT}"
        )
        assert not LIVE.search(answer.text), (address, name)


def test_errors_of_the_api_are_no_pages(world: World, callers: Callers) -> None:
    for query in (f"ordering={SCRIPT}", f"{SCRIPT}=1"):
        answer = callers.send("hr", "GET", f"/api/v1/employees/?{query}")
        assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# Formulas in files -------------------------------------------------------------------------------

FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1|x", "@SUM(1+1)", "\t=1+1", "\r=1+1")


def is_inert(cell: str) -> bool:
    return (
        not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        or re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None
    )


@pytest.mark.parametrize("formula", FORMULAS, ids=ascii)
def test_cells_of_files_are_inert(world: World, callers: Callers, formula: str) -> None:
    User.objects.filter(pk=world.cast.agent.pk).update(name=formula)
    Team.objects.update(name_zh=formula, name_en=formula)
    with pgtrigger.ignore(FINAL):
        world.payouts["paid"].payout_lines.filter(employee=world.cast.agent).update(
            employee_name=formula, cost_centre=formula, legal_entity=formula
        )
    results = callers.send("hr", "GET", "/cycles/october/results.csv")
    export = f"/payouts/{world.payouts['paid'].pk}/export/"
    payroll = callers.send("hr", "POST", export, **encoded("form", {"format": "csv", "columns": ""}))
    for answer in (results, payroll):
        assert answer.status == 200
        cells = [
            cell
            for row in csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""))
            for cell in row
        ]
        assert formula.strip() in "".join(cells)
        assert all(is_inert(cell) for cell in cells), [cell for cell in cells if not is_inert(cell)]
    workbook = callers.send("hr", "POST", export, **encoded("form", {"format": "xlsx", "columns": ""}))
    cells_of_sheet = [
        cell for row in load_workbook(io.BytesIO(workbook.body)).active.iter_rows() for cell in row
    ]
    assert not [cell.value for cell in cells_of_sheet if cell.data_type == "f"]
    assert all(is_inert(cell.value) for cell in cells_of_sheet if isinstance(cell.value, str))


def test_rejected_rows_come_back_inert(world: World, callers: Callers) -> None:
    call = call_log.make_calls(["=1+1"], count=1, first=world.cast.first_day, days=1)[0]
    call.topic = "@SUM(1)"
    record = check_file(world.cast.hr, world.telephone, call_log.calls_csv([call]))
    answer = callers.send("hr", "GET", f"/imports/{record.pk}/rejects/")
    cells = [cell for row in csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))) for cell in row]
    assert answer.status == 200
    assert any("=1+1" in cell for cell in cells)
    assert all(is_inert(cell) for cell in cells), cells
