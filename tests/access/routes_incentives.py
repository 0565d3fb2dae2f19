"""Who may do what: plans, payout runs, statements. Money is HR's, payroll's, the auditor's, and each person's own."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.access.table import Route, Rule, alike, codes
from tests.access.world import MISSING_ID, PLAN, World

plans = codes("monthly")
READ = {"hr": 200, "payroll": 200, "auditor": 200}


def award(world: World) -> dict[str, dict[str, Any]]:
    return {"director's": {"pk": world.award.pk}, "missing": {"pk": MISSING_ID}}


def payouts(world: World) -> dict[str, dict[str, Any]]:
    return {
        "paid": {"pk": world.payouts["paid"].pk},
        "computed": {"pk": world.payouts["computed"].pk},
        "missing": {"pk": MISSING_ID},
    }


def computed(world: World) -> dict[str, dict[str, Any]]:
    return {"computed": {"pk": world.payouts["computed"].pk}, "missing": {"pk": MISSING_ID}}


def paid(world: World) -> dict[str, dict[str, Any]]:
    return {"paid": {"pk": world.payouts["paid"].pk}, "missing": {"pk": MISSING_ID}}


def lines(world: World) -> dict[str, dict[str, Any]]:
    run = world.payouts["computed"].pk
    return {
        "agent": {"pk": run, "employee": world.cast.agent.pk},
        "missing person": {"pk": run, "employee": MISSING_ID},
        "missing run": {"pk": MISSING_ID, "employee": world.cast.agent.pk},
    }


def statements(world: World) -> dict[str, dict[str, Any]]:
    """Lines of the paid run; `unapproved` is the agent's of the run that nobody has approved."""
    found = {name: {"pk": world.line("paid", name).pk} for name in ("agent", "peer", "outsider")}
    return {**found, "unapproved": {"pk": world.line("computed", "agent").pk}, "missing": {"pk": MISSING_ID}}


def digest(world: World, label: str) -> dict[str, Any]:
    return {"digest": world.payouts.get(label, world.payouts["paid"]).content_digest}


def accounts(world: World) -> dict[str, dict[str, Any]]:
    return {"agent": {"employee": world.cast.agent.pk}, "missing": {"employee": MISSING_ID}}


def held(world: World) -> dict[str, dict[str, Any]]:
    return {"held": {"employee": world.cast.peer.pk}, "missing": {"employee": MISSING_ID}}


def claims(world: World) -> dict[str, dict[str, Any]]:
    paid_run = world.payouts["paid"].pk
    return {
        "agent": {"employee": world.cast.agent.pk, "pk": paid_run},
        "missing person": {"employee": MISSING_ID, "pk": paid_run},
        "missing run": {"employee": world.cast.agent.pk, "pk": MISSING_ID},
    }


def clawbacks(world: World) -> dict[str, dict[str, Any]]:
    return {"proposed": {"pk": world.clawback.pk}, "missing": {"pk": MISSING_ID}}


def holds(world: World) -> dict[str, dict[str, Any]]:
    return {"put": {"pk": world.hold.pk}, "missing": {"pk": MISSING_ID}}


def several(world: World, label: str) -> dict[str, Any]:
    """The computed run has one line that the rules leave open: the leaver's."""
    return {**DECISION, "employees": [world.cast.leaver.pk]}


def clawback_body(world: World, label: str) -> dict[str, Any]:
    return {
        "employee": world.cast.agent.pk,
        "payout_run": world.payouts["paid"].pk,
        "amount": "1.00",
        "first_month": timezone.localdate().isoformat(),
        **REASON,
    }


def this_month(world: World, label: str) -> dict[str, Any]:
    return {"month": f"{timezone.localdate():%Y-%m}"}


def deduction_month(world: World, label: str) -> dict[str, Any]:
    return {"month": timezone.localdate().isoformat()}


DECISION = {"decision": "withhold", "reason": "Under inquiry"}
REASON = {"reason": "The target was wrong"}
HEAD = {"code": "yearly", "name_zh": "年度", "name_en": "Yearly", "currency": "CNY"}
COMPOSED = {
    "action": "save",
    "valid_from": "2026-01-01",
    "minimum_days": "1",
    "seen_number": "1",
    "steps-count": "2",
    "steps-0-kind": "target_bonus",
    "steps-0-basis": "salary_share",
    "steps-0-share": "20",
    "steps-1-kind": "rounding",
    "steps-1-quantum": "0.01",
    "steps-1-mode": "half_up",
}
VERSION = {"valid_from": "2026-01-01", "configuration": PLAN}

STATEMENTS_SEEN = Rule(
    **alike("hr payroll auditor", {"unapproved": 404, "*": 200, "missing": 404}),
    manager=404,
    agent={"agent": 200, "*": 404},
)

ROUTES = [
    Route("plans/", GET=Rule(**READ)),
    Route("new-plan/", GET=Rule(hr=200), POST=Rule(hr=302, body={**HEAD, **COMPOSED})),
    Route("plan-preview/", POST=Rule(hr=200, body=COMPOSED)),
    Route("plans/<slug:code>/", plans, GET=Rule(**READ)),
    Route("plans/<slug:code>/edit/", plans, GET=Rule(hr=200), POST=Rule(hr=302, body=COMPOSED)),
    Route(
        "plans/<slug:code>/details/",
        plans,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={"name_en": "Each month"}),
    ),
    Route("payouts/", GET=Rule(**READ)),
    Route("payouts/compute/", POST=Rule(hr=409, body={"plan": "monthly", "cycle": "october"})),
    Route("payouts/<int:pk>/", payouts, GET=Rule(**READ)),
    Route(
        "payouts/<int:pk>/approve/",
        payouts,
        POST=Rule(
            hr={"computed": 302, "paid": 409, "missing": 404},
            payroll={"computed": 302, "paid": 302, "missing": 404},  # a second click of who has approved it
            body=digest,
        ),
    ),
    Route("payouts/<int:pk>/reject/", computed, POST=Rule(hr=302, payroll=302, body=REASON)),
    Route("payouts/<int:pk>/recompute/", computed, POST=Rule(hr=302)),
    Route("payouts/<int:pk>/correct/", paid, POST=Rule(hr=302, body=REASON)),
    Route(
        "payouts/<int:pk>/export/",
        paid,
        POST=Rule(hr=200, payroll=200, body={"format": "csv"}),
    ),
    Route("payouts/<int:pk>/lines/<int:employee>/", lines, GET=Rule(**READ)),
    Route("payouts/<int:pk>/lines/<int:employee>/decide/", lines, POST=Rule(hr=302, body=DECISION)),
    Route("payouts/<int:pk>/decide/", computed, POST=Rule(hr=302, body=several)),
    Route("accounts/", GET=Rule(**READ)),
    Route("accounts/<int:employee>/", accounts, GET=Rule(**READ)),
    Route("accounts/<int:employee>/hold/", accounts, POST=Rule(hr=302, payroll=302, body=REASON)),
    Route("accounts/<int:employee>/release/", held, POST=Rule(hr=302, payroll=302, body=REASON)),
    Route(
        "accounts/<int:employee>/clawback/<int:pk>/",
        claims,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body=lambda world, label: {**clawback_body(world, label), "monthly_percent": "20"}),
    ),
    # Nothing is due in the world: whoever may ask hears so and goes back.
    Route("accounts/deductions/", POST=Rule(hr=302, payroll=302, body=this_month)),
    Route("clawbacks/<int:pk>/approve/", clawbacks, POST=Rule(hr=302, payroll=302)),
    Route("clawbacks/<int:pk>/reject/", clawbacks, POST=Rule(hr=302, payroll=302, body=REASON)),
    Route(
        "statement/<slug:code>/pdf/",
        codes("october", "november"),
        GET=Rule(manager=404, agent={"october": 200, "*": 404}),
    ),
    Route("statements/<int:pk>/pdf/", statements, GET=STATEMENTS_SEEN),
    # Recognition hangs on a wall for everybody; who may give what to whom, the service says.
    Route("recognition/", GET=Rule(everyone=200)),
    Route(
        "recognition/give/",
        GET=Rule(everyone=200),
        POST=Rule(
            agent=302,
            manager=302,
            inspector=302,
            everyone=422,
            body={"kind": "thanks", "receiver": "E0008", "citation": "Helped a caller out"},
        ),
    ),
    Route("recognition/people/", GET=Rule(everyone=200)),
    Route("recognition/points/", GET=Rule(everyone=200)),
    Route("recognition/wall/", POST=Rule(everyone=302, body={"public": "no"})),
    Route("recognition/manage/", GET=Rule(hr=200, auditor=200)),
    Route(
        "recognition/manage/new-kind/",
        GET=Rule(hr=200),
        POST=Rule(
            hr=302,
            body={
                "code": "new",
                "name_en": "New",
                "giver": "colleague",
                "icon": "star",
                "points": "5",
                "monthly_limit": "1",
            },
        ),
    ),
    Route(
        "recognition/manage/kinds/<slug:code>/",
        codes("thanks"),
        GET=Rule(hr=200),
        POST=Rule(
            hr={"thanks": 302, "*": 404},
            body={"name_en": "Thanks", "icon": "star", "points": "5", "monthly_limit": "1"},
        ),
    ),
    Route("recognition/manage/adopt/", POST=Rule(hr=302)),
    Route(
        "recognition/manage/budget/",
        POST=Rule(hr=302, body={"manager": "E0003", "month": "2025-11", "points": "100"}),
    ),
    Route(
        "recognition/manage/redeem/",
        POST=Rule(hr=302, body={"employee": "E0001", "points": "1", "note": "A gift"}),
    ),
    Route("recognition/manage/rules/", POST=Rule(hr=302, body={"month": "2025-10"})),
    Route(
        "recognition/<int:pk>/withdraw/",
        award,
        GET=Rule(hr=200),
        POST=Rule(hr=302, body={"reason": "A joke"}),
    ),
    Route("api/v1/award-kinds/", GET=Rule(everyone=200)),
    Route(
        "api/v1/awards/",
        GET=Rule(everyone=200),
        POST=Rule(
            agent=201,
            manager=201,
            inspector=201,
            everyone=403,
            json={"kind": "thanks", "receiver": "E0008", "citation": "Helped a caller out"},
        ),
    ),
    Route("api/v1/awards/<int:pk>/withdraw/", award, POST=Rule(hr=200, json={"reason": "A joke"})),
    Route("api/v1/award-rules/run/", POST=Rule(hr=200, json={"month": "2025-10-01"})),
    Route("api/v1/points/", GET=Rule(everyone=200)),
    Route(
        "api/v1/spot-budgets/",
        PUT=Rule(hr=200, json={"manager": "E0003", "month": "2025-11-01", "points": 100}),
    ),
    Route("statement/", GET=Rule(manager=200, agent=200)),
    Route(
        "statement/<slug:code>/",
        codes("october", "november"),
        GET=Rule(manager=404, agent={"october": 200, "*": 404}),
    ),
    Route("statements/<int:pk>/", statements, GET=STATEMENTS_SEEN),
    Route(
        "money/<slug:code>/",
        codes("october", "november"),
        GET=Rule(manager=404, agent={"october": 200, "*": 404}),
    ),
    # REST
    Route("api/v1/plans/", GET=Rule(**READ), POST=Rule(hr=201, json={**HEAD, **VERSION})),
    Route("api/v1/plan-schema/", GET=Rule(**READ)),
    Route(
        "api/v1/plans/<slug:code>/",
        plans,
        GET=Rule(**READ),
        PATCH=Rule(hr=200, json={"name_en": "Each month"}),
    ),
    Route("api/v1/plans/<slug:code>/versions/", plans, GET=Rule(**READ), POST=Rule(hr=201, json=VERSION)),
    Route(
        "api/v1/payout-runs/",
        GET=Rule(**READ),
        POST=Rule(hr=409, json={"plan": "monthly", "cycle": "october"}),
    ),
    Route("api/v1/payout-runs/<int:pk>/", payouts, GET=Rule(**READ)),
    Route("api/v1/payout-runs/<int:pk>/lines/", payouts, GET=Rule(**READ)),
    Route(
        "api/v1/payout-runs/<int:pk>/decide/",
        computed,
        POST=Rule(hr=200, json=lambda world, label: {**DECISION, "employee": world.cast.agent.pk}),
    ),
    Route(
        "api/v1/payout-runs/<int:pk>/approve/",
        payouts,
        POST=Rule(**alike("hr payroll", {"computed": 200, "paid": 409, "missing": 404}), json=digest),
    ),
    Route("api/v1/payout-runs/<int:pk>/reject/", computed, POST=Rule(hr=200, payroll=200, json=REASON)),
    Route("api/v1/payout-runs/<int:pk>/recompute/", computed, POST=Rule(hr=201)),
    Route(
        "api/v1/payout-runs/<int:pk>/export/", paid, POST=Rule(hr=200, payroll=200, json={"format": "csv"})
    ),
    Route(
        "api/v1/payout-runs/<int:pk>/decide-lines/",
        computed,
        POST=Rule(hr=200, json=several),
    ),
    Route("api/v1/accounts/", GET=Rule(**READ)),
    Route("api/v1/accounts/<int:employee>/", accounts, GET=Rule(**READ)),
    Route(
        "api/v1/holds/",
        GET=Rule(**READ),
        POST=Rule(hr=201, payroll=201, json=lambda world, label: {"employee": world.cast.agent.pk, **REASON}),
    ),
    Route("api/v1/holds/<int:pk>/release/", holds, POST=Rule(hr=200, payroll=200, json=REASON)),
    Route("api/v1/clawbacks/", GET=Rule(**READ), POST=Rule(hr=201, json=clawback_body)),
    Route("api/v1/clawbacks/<int:pk>/", clawbacks, GET=Rule(**READ)),
    Route(
        "api/v1/clawback-deductions/", GET=Rule(**READ), POST=Rule(hr=409, payroll=409, json=deduction_month)
    ),
    Route("api/v1/clawbacks/<int:pk>/approve/", clawbacks, POST=Rule(hr=200, payroll=200)),
    Route("api/v1/clawbacks/<int:pk>/reject/", clawbacks, POST=Rule(hr=200, payroll=200, json=REASON)),
    Route("api/v1/statements/<int:pk>/pdf/", statements, GET=STATEMENTS_SEEN),
    Route("api/v1/statements/", GET=Rule(**READ, manager=200, agent=200)),
    Route("api/v1/statements/<int:pk>/", statements, GET=STATEMENTS_SEEN),
]
