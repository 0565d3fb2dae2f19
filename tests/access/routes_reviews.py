"""Who may do what: cycles, forms, results, the own standing."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from reviews.models import Amendment, Delegation, Participant, RatingProposal, ResultAdjustment, SecondReview
from reviews.selectors.orderings import ordering_of
from reviews.selectors.terms import digest_of, terms_of
from tests.access.table import Route, Rule, Subjects, alike, codes
from tests.access.world import DECEMBER, MISSING_CODE, MISSING_ID, World, configuration

cycles = codes("october", "november", "december")
december = codes("december")
october = codes("october")
november = codes("november")
competencies = codes("care")
behaviours = codes("listens")
NOTE = {"behaviour": "listens", "strength": "grave", "text": "Hung up", "happened_on": "2025-10-09"}
WORDS = {"name_zh": "耐心", "name_en": "Patience"}


def components(world: World) -> dict[str, dict[str, Any]]:
    return {
        "kpis": {"code": "december", "component": "kpis"},
        "conduct": {"code": "december", "component": "conduct"},
        "missing cycle": {"code": MISSING_CODE, "component": "kpis"},
        "missing component": {"code": "december", "component": MISSING_CODE},
    }


def grids(world: World) -> dict[str, dict[str, Any]]:
    return {
        "november": {"code": "november", "component": "conduct"},
        "kpis": {"code": "november", "component": "kpis"},
        "december": {"code": "december", "component": "conduct"},
        "missing": {"code": MISSING_CODE, "component": "conduct"},
    }


def orders(world: World) -> dict[str, dict[str, Any]]:
    return {
        "ordered": {"code": "ordered", "component": "order"},
        "rated": {"code": "november", "component": "conduct"},
        "missing": {"code": MISSING_CODE, "component": "order"},
    }


def cards(world: World) -> dict[str, dict[str, Any]]:
    """Scorecards of a cycle in calibration, and components that are none."""
    return {
        "balanced": {"code": "balanced", "component": "card"},
        "no card": {"code": "october", "component": "kpis"},
        "missing": {"code": MISSING_CODE, "component": "card"},
    }


def own_cards(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"code": "balanced", "component": "card", "employee_id": world.person(name).pk}
        for name in ("agent", "peer", "outsider")
    }
    return {
        **found,
        "no card": {"code": "october", "component": "kpis", "employee_id": world.cast.agent.pk},
        "missing": {"code": "balanced", "component": "card", "employee_id": MISSING_ID},
    }


def drafts(world: World) -> dict[str, dict[str, Any]]:
    return {
        "drafted": {"code": "drafted", "component": "card"},
        "no card": {"code": "december", "component": "kpis"},
        "missing": {"code": MISSING_CODE, "component": "card"},
    }


#: Whoever reads results reads the cards behind them; the own one after the release.
READ_CARDS: dict[str, Any] = {
    **alike("hr auditor", {"agent": 200, "peer": 200, "outsider": 200, "*": 404}),
    "manager": {"agent": 200, "peer": 200, "*": 404},
    "agent": 404,
}


def comparisons(world: World) -> dict[str, dict[str, Any]]:
    return {
        "paired": {"code": "paired", "component": "pairs"},
        "ordered": {"code": "ordered", "component": "order"},
        "missing": {"code": MISSING_CODE, "component": "pairs"},
    }


def a_pair(world: World) -> list[int]:
    return [world.cast.agent.pk, world.cast.peer.pk]


def own_people(world: World) -> list[int]:
    """Whom the manager orders."""
    parts = world.cycles["ordered"].participants.filter(rater=world.cast.manager)
    return list(parts.order_by("employee").values_list("employee_id", flat=True))


def order_of(world: World) -> dict[str, Any]:
    order = ",".join(str(pk) for pk in own_people(world))
    return {
        "value": order,
        "version": ordering_of(world.cast.manager, world.cycles["ordered"], "order").version,
    }


def results(world: World) -> dict[str, dict[str, Any]]:
    """Released ones; `unreleased` is the own one of a cycle that is still being rated."""
    found: dict[str, dict[str, Any]] = {
        name: {"code": "october", "employee_id": world.person(name).pk}
        for name in ("agent", "peer", "outsider")
    }
    return {
        **found,
        "unreleased": {"code": "november", "employee_id": world.cast.agent.pk},
        "missing person": {"code": "october", "employee_id": MISSING_ID},
        "missing cycle": {"code": MISSING_CODE, "employee_id": world.cast.agent.pk},
    }


def potentials(world: World) -> dict[str, dict[str, Any]]:
    """The manager's own ratee and somebody else's, in the cycle that asks for potential."""
    return {
        "agent": {"code": "november", "employee_id": world.cast.agent.pk},
        "outsider": {"code": "november", "employee_id": world.cast.outsider.pk},
        "the manager": {"code": "november", "employee_id": world.cast.manager.pk},
        "missing person": {"code": "november", "employee_id": MISSING_ID},
        "missing cycle": {"code": MISSING_CODE, "employee_id": world.cast.agent.pk},
    }


def sheets(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    """Forms of the cycle in rating; the blue team's are the manager's. `submitted` is one of october."""
    found = {
        name: {"sheet_id": world.sheet("november", name).pk, **more} for name in ("agent", "peer", "outsider")
    }
    return {
        **found,
        "submitted": {"sheet_id": world.sheet("october", "agent").pk, **more},
        "missing": {"sheet_id": MISSING_ID, **more},
    }


def cells(world: World) -> dict[str, dict[str, Any]]:
    return sheets(world, item="courtesy")


def standings(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"pk": world.person(name).pk} for name in ("agent", "peer", "manager", "outsider")
    }
    return {**found, "missing": {"pk": MISSING_ID}}


def incidents(world: World) -> dict[str, dict[str, Any]]:
    """One about each of these; the manager noted those about the agent and the peer."""
    found: dict[str, dict[str, Any]] = {name: {"pk": each.pk} for name, each in world.incidents.items()}
    return {**found, "missing": {"pk": MISSING_ID}}


def talks(world: World) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {name: {"pk": each.pk} for name, each in world.coaching.items()}
    return {**found, "missing": {"pk": MISSING_ID}}


def amendments(world: World) -> dict[str, dict[str, Any]]:
    """What the first of HR proposed; the second one decides."""
    pk = Amendment.objects.get(cycle=world.cycles["november"]).pk
    return {
        "proposed": {"code": "november", "amendment_id": pk},
        "missing of another cycle": {"code": "october", "amendment_id": pk},
        "missing": {"code": "november", "amendment_id": MISSING_ID},
    }


def some_days() -> dict[str, str]:
    today = timezone.localdate()
    return {
        "first_day": today.isoformat(),
        "last_day": (today + datetime.timedelta(days=5)).isoformat(),
        "reason": "On leave",
    }


def own_terms(world: World, label: str) -> dict[str, Any]:
    """The digest of what the agent reads, where there is something to read."""
    part = Participant.objects.filter(cycle__code=label, employee=world.cast.agent).first()
    return {"digest": digest_of(terms_of(part)) if part else ""}


def noted(world: World) -> dict[str, dict[str, Any]]:
    return {label: {"incident_id": each["pk"]} for label, each in incidents(world).items()}


def version(world: World, **more: Any) -> dict[str, Any]:
    return {"version": world.cycles["december"].version, **more}


def invited(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    """Invitations of the 360; see world._voices."""
    found: dict[str, dict[str, Any]] = {
        name: {"invitation_id": pk, **more} for name, pk in world.voices.items() if name != "customer"
    }
    return {**found, "missing": {"invitation_id": MISSING_ID, **more}}


def rounds(**more: Any) -> Subjects:
    return lambda world: {
        "voices": {"code": "voices", "component": "voices", **more},
        "another": {"code": "november", "component": "conduct", **more},
        "missing": {"code": MISSING_CODE, "component": "voices", **more},
    }


def voiced(world: World) -> dict[str, dict[str, Any]]:
    """People of the 360."""
    found: dict[str, dict[str, Any]] = {
        name: {"code": "voices", "component": "voices", "employee_id": world.person(name).pk}
        for name in ("agent", "peer", "outsider")
    }
    return {
        **found,
        "missing person": {"code": "voices", "component": "voices", "employee_id": MISSING_ID},
        "missing cycle": {"code": MISSING_CODE, "component": "voices", "employee_id": world.cast.agent.pk},
    }


def heard(world: World) -> dict[str, dict[str, Any]]:
    """People of the 360 that is released; `unheard` is of the one that is still open."""
    found = {
        label: {**each, "code": "heard"} for label, each in voiced(world).items() if label != "missing cycle"
    }
    return {**found, "unheard": {"code": "voices", "component": "voices", "employee_id": world.cast.agent.pk}}


def links(world: World) -> dict[str, dict[str, Any]]:
    return {"customer": {"token": world.customer_link}, "missing": {"token": world.customer_link[:-1] + "_"}}


ANSWER = {**{f"level-{item}": "4" for item in ("care", "clarity", "help")}, "version": "0", "action": "save"}
LEVELS = {"care": 4, "clarity": "not_observed", "help": 5}


def somebody(world: World, label: str) -> int:
    return world.person("remote").pk


SETTINGS = {
    "name_zh": "十二月",
    "name_en": "December",
    "first_day": "2025-12-01",
    "last_day": "2025-12-31",
    "missing_component": "zero",
    "cohort": "team",
}
CYCLE = {
    "code": "2026-01",
    "name_en": "January",
    "first_day": "2026-01-01",
    "last_day": "2026-01-31",
}
TABLE = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "1"}


def rows(prefix: str, **cells: str) -> dict[str, str]:
    return {
        f"{prefix}-{name}": value
        for name, value in {**TABLE, **{f"0-{key}": each for key, each in cells.items()}}.items()
    }


READ = {"hr": 200, "auditor": 200}
HR_SAVES = {"hr": 302}


def entry_of(world: World, label: str = "") -> dict[str, Any]:
    """A move, grant or breach of somebody in the cycle that is being rated, as the API takes it."""
    return {"employee": world.cast.agent.pk, "reason": "Compared"}


def points_given(world: World) -> dict[str, dict[str, Any]]:
    """Points of somebody in the cycle that is being rated."""
    entry = ResultAdjustment.objects.get(cycle=world.cycles["november"])
    return {
        "points": {"code": "november", "adjustment_id": entry.pk},
        "of another cycle": {"code": "october", "adjustment_id": entry.pk},
        "missing": {"code": "november", "adjustment_id": MISSING_ID},
    }


def proposed(world: World) -> dict[str, dict[str, Any]]:
    proposal = RatingProposal.objects.get(cycle=world.cycles["november"])
    return {
        "open": {"code": "november", "proposal_id": proposal.pk},
        "of another cycle": {"code": "october", "proposal_id": proposal.pk},
        "missing": {"code": "november", "proposal_id": MISSING_ID},
    }


NO_EXTRAS = {
    "minimum": "-100",
    "maximum": "100",
    **{f"{rows}-{name}": "0" for rows in ("items", "lines") for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
}

ROUTES = [
    Route(
        "cycles/<slug:code>/rating/",
        december,
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body=lambda world, label: version(world, by="cutoffs")),
    ),
    Route("cycles/<slug:code>/rating/preview/", december, POST=Rule(hr=200, body={"by": "cutoffs"})),
    Route(
        "cycles/<slug:code>/extras/",
        december,
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body=lambda world, label: version(world, **NO_EXTRAS)),
    ),
    Route(
        "cycles/<slug:code>/calibration/",
        cycles,
        GET=Rule(**READ, manager={"december": 404, "*": 200, "missing": 404}),
    ),
    Route(
        "cycles/<slug:code>/calibration/<int:employee_id>/",
        results,
        GET=Rule(
            hr={"agent": 200, "peer": 200, "outsider": 200, "*": 404},
            manager={"agent": 200, "peer": 200, "*": 404},
        ),
        POST=Rule(
            hr={"agent": 422, "peer": 422, "outsider": 422, "*": 404},  # released: nothing moves any more
            manager={"agent": 422, "peer": 422, "*": 404},
            body={"rating": "B", "reason": "Compared", "seen": "0"},
        ),
    ),
    Route(
        "cycles/<slug:code>/proposals/<int:proposal_id>/decide/",
        proposed,
        POST=Rule(hr={"open": 302, "*": 404}, body={"decision": "decline", "reason": "No"}),
    ),
    Route(
        "cycles/<slug:code>/entries/",
        november,
        GET=Rule(**READ),
        POST=Rule(hr=422, body={"employee_number": "none", "item": "praise", "points": "1", "reason": "r"}),
    ),
    Route(
        "cycles/<slug:code>/entries/<int:adjustment_id>/withdraw/",
        points_given,
        POST=Rule(hr={"points": 302, "*": 404}, body={"reason": "A slip"}),
    ),
    Route("api/v1/cycles/<slug:code>/adjustments/", november, GET=Rule(**READ, manager=200)),
    Route(
        "api/v1/cycles/<slug:code>/adjustments/<int:adjustment_id>/withdraw/",
        points_given,
        POST=Rule(hr={"points": 201, "*": 404}, json={"reason": "A slip"}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/moves/",
        november,
        POST=Rule(hr=201, json=lambda world, label: {**entry_of(world), "rating": "B"}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/bonus/",
        november,
        POST=Rule(hr=422, json=lambda world, label: {**entry_of(world), "item": "praise", "points": 1}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/breaches/",
        november,
        POST=Rule(
            hr=422, json=lambda world, label: {**entry_of(world), "red_line": "fraud", "evidence": "A log"}
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/proposals/",
        november,
        GET=Rule(**READ, manager=200),
        POST=Rule(manager=409, json=lambda world, label: {**entry_of(world), "rating": "B"}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/proposals/<int:proposal_id>/decide/",
        proposed,
        POST=Rule(hr={"open": 200, "*": 404}, json={"accept": False, "reason": "No"}),
    ),
    Route("api/v1/cycles/<slug:code>/distribution/", october, GET=Rule(**READ, manager=200)),
    Route("cycles/", GET=Rule(**READ, payroll=200)),
    Route("cycles/new/", GET=Rule(hr=200), POST=Rule(**HR_SAVES, body=CYCLE)),
    Route("cycles/<slug:code>/", cycles, GET=Rule(**READ)),
    Route(
        "cycles/<slug:code>/settings/",
        december,
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body=lambda world, label: version(world, **SETTINGS)),
    ),
    Route(
        "cycles/<slug:code>/population/",
        december,
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body=lambda world, label: version(world, minimum_days="5", teams=["blue"])),
    ),
    Route(
        "cycles/<slug:code>/components/",
        december,
        GET=Rule(**READ),
        POST=Rule(
            **HR_SAVES,
            body=lambda world, label: version(
                world, **rows("components", code="kpis", name_en="Numbers", name_zh="数", weight="60")
            ),
        ),
    ),
    Route(
        "cycles/<slug:code>/components/<slug:component>/",
        components,
        GET=Rule(**READ),
        POST=Rule(
            hr={"kpis": 302, "conduct": 200, "*": 404},  # the second has rows of another kind: drawn again
            body=lambda world, label: version(
                world, **rows("kpis", kpi="satisfaction", weight="100", target="4")
            ),
        ),
    ),
    Route("cycles/<slug:code>/preview/", december, GET=Rule(**READ), POST=Rule(hr=302)),
    Route(
        "cycles/<slug:code>/bands/",
        december,
        GET=Rule(**READ),
        POST=Rule(
            **HR_SAVES,
            body=lambda world, label: version(
                world, **rows("bands", code="Z", from_score="0", name_en="Z", name_zh="Z")
            ),
        ),
    ),
    Route("cycles/<slug:code>/weights/", december, POST=Rule(hr=200, body={"components-0-weight": "50"})),
    Route("cycles/<slug:code>/launch/", december, POST=Rule(**HR_SAVES, body={"to_phase": "goals"})),
    Route("cycles/<slug:code>/score/", november, POST=Rule(**HR_SAVES)),
    Route(
        "cycles/<slug:code>/phase/",
        november,
        POST=Rule(**HR_SAVES, body={"to_phase": "calibration", "reason": "It is time"}),
    ),
    Route("cycles/<slug:code>/release/", november, POST=Rule(**HR_SAVES, body={"reason": "It is time"})),
    Route("cycles/<slug:code>/cancel/", november, POST=Rule(**HR_SAVES, body={"reason": "A mistake"})),
    Route(
        "cycles/<slug:code>/results/",
        cycles,
        GET=Rule(**READ, manager={"december": 404, "*": 200, "missing": 404}),
    ),
    Route(
        "cycles/<slug:code>/results.csv",
        cycles,
        GET=Rule(**READ, manager={"december": 404, "*": 200, "missing": 404}),
    ),
    Route(
        "cycles/<slug:code>/results/<int:employee_id>/",
        results,
        GET=Rule(
            **alike("hr auditor", {"agent": 200, "peer": 200, "outsider": 200, "*": 404}),
            manager={"agent": 200, "peer": 200, "*": 404},
            agent={"agent": 302, "*": 404},  # the own one stands on the own page
        ),
    ),
    Route(
        "cycles/<slug:code>/scorecards/<slug:component>/",
        cards,
        GET=Rule(**alike("hr auditor manager", {"balanced": 200, "*": 404})),
    ),
    Route(
        "cycles/<slug:code>/scorecards/<slug:component>/<int:employee_id>/",
        own_cards,
        GET=Rule(**READ_CARDS),
    ),
    Route(
        "cycles/<slug:code>/components/<slug:component>/pairs/",
        drafts,
        GET=Rule(**alike("hr auditor", {"drafted": 200, "*": 404})),
        POST=Rule(
            hr={"drafted": 302, "*": 404},
            body=lambda world, label: {
                "pair_0_1": "3",
                "version": str(world.cycles["drafted"].version),
            },
        ),
    ),
    Route("competencies/", GET=Rule(**READ)),
    Route("competencies/new/", GET=Rule(hr=200), POST=Rule(**HR_SAVES, body={**WORDS, "code": "patience"})),
    Route(
        "competencies/<slug:code>/",
        competencies,
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body={**WORDS, "version": "1"}),
    ),
    Route(
        "competencies/<slug:code>/retire/", competencies, POST=Rule(**HR_SAVES, body={"is_active": "false"})
    ),
    Route("behaviours/", GET=Rule(**READ)),
    Route("behaviours/new/", GET=Rule(hr=200), POST=Rule(**HR_SAVES, body={**WORDS, "code": "patience"})),
    Route(
        "behaviours/<slug:code>/",
        behaviours,
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body={**WORDS, "version": "1"}),
    ),
    Route("behaviours/<slug:code>/retire/", behaviours, POST=Rule(**HR_SAVES, body={"is_active": "false"})),
    Route(
        "incident-strengths/",
        GET=Rule(**READ),
        POST=Rule(**HR_SAVES, body=rows("strengths", code="slight", name_en="Slight", points="3")),
    ),
    Route("incidents/", GET=Rule(hr=200, auditor=200, manager=200, inspector=200)),
    Route(
        "incidents/new/",
        GET=Rule(hr=200, manager=200, inspector=200),
        POST=Rule(
            hr=302,
            manager=302,
            inspector=302,
            body=lambda world, label: {**NOTE, "employee": str(world.cast.agent.pk), "is_good": "bad"},
        ),
    ),
    Route(
        "incidents/<int:pk>/",
        incidents,
        GET=Rule(
            hr=200,
            auditor=200,
            payroll=404,
            inspector=404,
            manager={"outsider": 404, "*": 200, "missing": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route(
        "incidents/<int:pk>/correct/",
        incidents,
        GET=Rule(hr=200, inspector=404, manager={"outsider": 404, "*": 200, "missing": 404}),
        POST=Rule(
            hr=302,
            inspector=404,
            manager={"outsider": 404, "manager": 422, "*": 302, "missing": 404},  # the last is about themself
            body={**NOTE, "is_good": "bad", "reason": "Another day"},
        ),
    ),
    Route(
        "incidents/<int:pk>/withdraw/",
        incidents,
        POST=Rule(
            hr=302,
            inspector=404,
            manager={"outsider": 404, "*": 302, "missing": 404},
            body={"reason": "Another person"},
        ),
    ),
    Route(
        "incidents/<int:pk>/reply/",
        incidents,
        POST=Rule(
            inspector=404,
            manager={"manager": 302, "outsider": 404, "*": 422, "missing": 404},
            agent={"agent": 302, "*": 404},
            body={"text": "It was the line"},
        ),
    ),
    Route("record/", GET=Rule(manager=200, agent=200, inspector=200)),
    Route("record/read/", POST=Rule(manager=302, agent=302, inspector=302)),
    Route(
        "people/<int:pk>/incidents/",
        standings,
        GET=Rule(
            hr=200,
            auditor=200,
            inspector=200,
            manager={"agent": 200, "peer": 200, "*": 404},
        ),
    ),
    Route("scoring/", GET=Rule(hr=200, manager=200)),
    Route(
        "scoring/<slug:code>/<slug:component>/",
        grids,
        GET=Rule(hr=404, manager={"november": 200, "*": 404}),
        POST=Rule(hr=404, manager={"november": 302, "*": 404}),
    ),
    Route(
        "scoring/<slug:code>/<slug:component>/submit/",
        grids,
        POST=Rule(hr=404, manager={"november": 302, "*": 404}),
    ),
    Route(
        "ordering/<slug:code>/<slug:component>/",
        orders,
        GET=Rule(hr=404, manager={"ordered": 200, "*": 404}),
        POST=Rule(hr=404, manager={"ordered": 302, "*": 404}),
        PUT=Rule(hr=404, manager={"ordered": 200, "*": 404}, json=lambda world, label: order_of(world)),
    ),
    Route(
        "ordering/<slug:code>/<slug:component>/submit/",
        orders,
        POST=Rule(hr=404, manager={"ordered": 302, "*": 404}),
    ),
    Route(
        "pairs/<slug:code>/<slug:component>/",
        comparisons,
        GET=Rule(hr=404, manager={"paired": 200, "*": 404}),
        POST=Rule(
            hr=404,
            manager={"paired": 302, "*": 404},
            body=lambda world, label: {
                "left": a_pair(world)[0],
                "right": a_pair(world)[1],
                "choice": "left",
                "criterion": "",
            },
        ),
    ),
    Route(
        "pairs/<slug:code>/<slug:component>/undo/",
        comparisons,
        POST=Rule(hr=404, manager={"paired": 302, "*": 404}),
    ),
    Route(
        "pairs/<slug:code>/<slug:component>/acquaintance/",
        comparisons,
        POST=Rule(
            hr=404,
            manager={"paired": 302, "*": 404},
            body=lambda world, label: {"person": world.cast.agent.pk, "known": "0"},
        ),
    ),
    Route(
        "pairs/<slug:code>/<slug:component>/submit/",
        comparisons,
        POST=Rule(hr=404, manager={"paired": 302, "*": 404}),
    ),
    Route(
        "cycles/<slug:code>/pairs/<slug:component>/",
        comparisons,
        GET=Rule(**alike("hr auditor", {"paired": 200, "*": 404})),
    ),
    Route(
        "sheets/<int:sheet_id>/judgements/<slug:item>/",
        cells,
        PUT=Rule(
            hr=404,
            manager={"agent": 200, "peer": 409, "submitted": 403, "*": 404},
            json={"value": "4", "version": 0},
        ),
    ),
    Route(
        "sheets/<int:sheet_id>/evidence/<slug:item>/",
        cells,
        GET=Rule(hr=200, manager={"outsider": 404, "*": 200, "missing": 404}),
    ),
    Route("cycles/<slug:code>/forms/", cycles, GET=Rule(**READ)),
    Route(
        "cycles/<slug:code>/potential/settings/",
        december,
        GET=Rule(**READ),
        POST=Rule(hr=422, body={"low": "90", "high": "70"}),
    ),
    # Potential is the rater's, HR's and the auditor's to read; not the person's, not another manager's.
    Route(
        "cycles/<slug:code>/potential/",
        november,
        GET=Rule(**READ, manager=200),
    ),
    Route(
        "cycles/<slug:code>/potential/<int:employee_id>/",
        potentials,
        GET=Rule(manager={"agent": 200, "*": 404}),
        POST=Rule(
            manager={"agent": 302, "*": 404},
            body={"level": "2", "reason": "Led the late shift", "version": "0"},
        ),
    ),
    Route("cycles/<slug:code>/nine-box/", november, GET=Rule(**READ, manager=200)),
    Route("api/v1/cycles/<slug:code>/nine-box/", november, GET=Rule(**READ, manager=200)),
    Route(
        "api/v1/cycles/<slug:code>/potential/<int:employee_id>/",
        potentials,
        PUT=Rule(
            manager={"agent": 200, "*": 404}, json={"level": 2, "reason": "Led the late shift", "version": 0}
        ),
    ),
    Route("cycles/<slug:code>/completion/", cycles, GET=Rule(**READ)),
    Route("cycles/<slug:code>/remind/", november, POST=Rule(**HR_SAVES)),
    Route(
        "sheets/<int:sheet_id>/reopen/",
        sheets,
        GET=Rule(hr=200),
        POST=Rule(
            hr={"missing": 404, "*": 422}, body={"reason": "A slip"}
        ),  # not submitted, or not in rating
    ),
    Route("cycles/<slug:code>/terms/", cycles, GET=Rule(**READ)),
    Route(
        "standing/<slug:code>/terms/",
        cycles,
        GET=Rule(manager=404, agent={"october": 200, "november": 200, "*": 404}),
    ),
    Route(
        "standing/<slug:code>/terms/confirm/",
        cycles,
        POST=Rule(manager=404, agent={"october": 302, "november": 302, "*": 404}, body=own_terms),
    ),
    Route(
        "api/v1/cycles/<slug:code>/terms/",
        cycles,
        GET=Rule(everyone=404, agent={"december": 404, "*": 200, "missing": 404}),
        POST=Rule(
            everyone=404,
            agent={
                "november": 200,
                "october": 409,
                "*": 404,
            },  # of a released cycle nothing is confirmed any more
            json=own_terms,
        ),
    ),
    Route("api/v1/cycles/<slug:code>/terms/receipts/", cycles, GET=Rule(**READ)),
    Route("cycles/<slug:code>/amendments/", cycles, GET=Rule(**READ)),
    Route(
        "cycles/<slug:code>/amendments/new/<slug:kind>/",
        lambda world: {
            "target": {"code": "november", "kind": "target"},
            "missing kind": {"code": "november", "kind": MISSING_CODE},
            "missing": {"code": MISSING_CODE, "kind": "target"},
        },
        GET=Rule(hr=200),
        POST=Rule(
            hr=302, body={"line": "kpis/satisfaction", "target": "3.5", "reason": "Typed for another job"}
        ),
    ),
    Route(
        "cycles/<slug:code>/amendments/<int:pk>/decide/",
        lambda world: {
            label: {"code": each["code"], "pk": each["amendment_id"]}
            for label, each in amendments(world).items()
        },
        POST=Rule(hr=302, body={"decision": "accept"}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/amendments/",
        november,
        GET=Rule(**READ),
        POST=Rule(
            hr=201,
            json={
                "kind": "target",
                "details": {"component": "kpis", "kpi": "satisfaction", "target": 3.5},
                "reason": "Typed for another job",
            },
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/amendments/<int:amendment_id>/decide/",
        amendments,
        POST=Rule(hr=200, json={"accept": True}),
    ),
    Route("api/v1/cycles/<slug:code>/versions/", november, GET=Rule(**READ)),
    Route(
        "delegations/",
        GET=Rule(hr=200, auditor=200, manager=200),
        POST=Rule(
            hr=302,
            manager=302,
            body=lambda world, label: {"delegator": "E0003", "delegate": "E0007", **some_days()},
        ),
    ),
    Route(
        "delegations/<int:pk>/end/",
        lambda world: {
            "given": {"pk": Delegation.objects.get().pk},
            "missing": {"pk": MISSING_ID},
        },
        POST=Rule(hr=302, manager=404),
    ),
    Route("second-reviews/", GET=Rule(hr=200, auditor=200, manager=200)),
    Route(
        "second-reviews/<int:pk>/decide/",
        lambda world: {
            "one of october": {"pk": SecondReview.objects.get().pk},
            "missing": {"pk": MISSING_ID},
        },
        POST=Rule(hr=302, manager=404, body={"decision": "confirm"}),
    ),
    Route(
        "scoring/<slug:code>/<slug:component>/habits/",
        grids,
        GET=Rule(hr=404, manager={"november": 200, "*": 404}),
    ),
    Route(
        "api/v1/delegations/",
        GET=Rule(hr=200, auditor=200, manager=200),
        POST=Rule(
            hr=201,
            manager=201,
            json=lambda world, label: {"delegator": "E0003", "delegate": "E0007", **some_days()},
        ),
    ),
    Route(
        "api/v1/delegations/<int:delegation_id>/end/",
        lambda world: {
            "given": {"delegation_id": Delegation.objects.get().pk},
            "missing": {"delegation_id": MISSING_ID},
        },
        POST=Rule(hr=200, manager=404),
    ),
    Route("api/v1/second-reviews/", GET=Rule(hr=200, auditor=200, manager=200)),
    Route(
        "api/v1/second-reviews/<int:review_id>/decide/",
        lambda world: {
            "one of october": {"review_id": SecondReview.objects.get().pk},
            "missing": {"review_id": MISSING_ID},
        },
        POST=Rule(hr=409, manager=404, json={"confirm": True}),  # the cycle is released
    ),
    Route(
        "api/v1/cycles/<slug:code>/habits/<slug:component>/",
        grids,
        GET=Rule(everyone=404, manager={"november": 200, "*": 404}),
    ),
    Route("coaching/", GET=Rule(hr=200, auditor=200, manager=200, inspector=200)),
    Route(
        "coaching/new/",
        GET=Rule(hr=200, manager=200, inspector=200),
        POST=Rule(
            hr=302,
            manager=302,
            inspector=302,
            body=lambda world, label: {
                "employee": str(world.cast.agent.pk),
                "kind": "coaching",
                "text": "We listened to two calls",
                "happened_on": "2025-10-09",
            },
        ),
    ),
    Route(
        "coaching/<int:pk>/withdraw/",
        talks,
        POST=Rule(
            hr=302,
            inspector=404,
            manager={"outsider": 404, "*": 302, "missing": 404},
            body={"reason": "Another person"},
        ),
    ),
    Route(
        "api/v1/coaching-notes/",
        GET=Rule(everyone=200),
        POST=Rule(
            hr=201,
            manager=201,
            inspector=201,
            json=lambda world, label: {
                "employee_number": world.cast.agent.employee_number,
                "text": "We listened to two calls",
            },
        ),
    ),
    Route(
        "api/v1/coaching-notes/<int:note_id>/withdraw/",
        lambda world: {label: {"note_id": each["pk"]} for label, each in talks(world).items()},
        POST=Rule(
            hr=200,
            inspector=404,
            manager={"outsider": 404, "manager": 403, "*": 200, "missing": 404},
            json={"reason": "Another person"},
        ),
    ),
    Route("standing/", GET=Rule(manager=200, agent=200)),
    Route("to-date/", GET=Rule(manager=200, agent=200)),
    Route("standing/<slug:code>/", cycles, GET=Rule(manager=404, agent={"october": 200, "*": 404})),
    Route(
        "standing/<slug:code>/acknowledge/",
        cycles,
        # In november nothing is released: said on the page that follows.
        POST=Rule(manager=404, agent={"october": 302, "november": 302, "*": 404}, body={"comment": "Read"}),
    ),
    Route(
        "people/<int:pk>/results/",
        standings,
        GET=Rule(
            hr=200,
            auditor=200,
            payroll=200,
            manager={"agent": 200, "peer": 200, "manager": 302, "*": 404},
            agent={"agent": 302, "*": 404},
        ),
    ),
    # REST
    Route(
        "api/v1/behaviours/", GET=Rule(everyone=200), POST=Rule(hr=201, json={**WORDS, "code": "patience"})
    ),
    Route(
        "api/v1/behaviours/<slug:code>/",
        behaviours,
        GET=Rule(everyone=200),
        PATCH=Rule(hr=200, json={**WORDS, "version": 1}),
    ),
    Route(
        "api/v1/incident-strengths/",
        GET=Rule(everyone=200),
        PUT=Rule(hr=200, json={"strengths": [{"code": "slight", "name_en": "Slight", "points": 3}]}),
    ),
    Route(
        "api/v1/incidents/",
        GET=Rule(everyone=200),
        POST=Rule(
            hr=201,
            manager=201,
            inspector=201,
            json=lambda world, label: {
                **{name: value for name, value in NOTE.items() if name != "happened_on"},
                "is_good": True,
                "employee_number": world.cast.agent.employee_number,
            },
        ),
    ),
    Route(
        "api/v1/incidents/<int:incident_id>/",
        noted,
        GET=Rule(
            hr=200,
            auditor=200,
            payroll=404,
            inspector=404,
            manager={"outsider": 404, "*": 200, "missing": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route(
        "api/v1/incidents/<int:incident_id>/correct/",
        noted,
        POST=Rule(
            hr=201,
            auditor={"missing": 404, "*": 403},
            payroll=404,
            inspector=404,
            manager={"outsider": 404, "manager": 403, "*": 201, "missing": 404},
            agent={"agent": 403, "*": 404},
            json={"strength": "grave", "reason": "It was worse"},
        ),
    ),
    Route(
        "api/v1/incidents/<int:incident_id>/withdraw/",
        noted,
        POST=Rule(
            hr=200,
            auditor={"missing": 404, "*": 403},
            payroll=404,
            inspector=404,
            manager={"outsider": 404, "manager": 403, "*": 200, "missing": 404},
            agent={"agent": 403, "*": 404},
            json={"reason": "Another person"},
        ),
    ),
    Route(
        "api/v1/incidents/<int:incident_id>/reply/",
        noted,
        POST=Rule(
            **alike("hr auditor", {"missing": 404, "*": 403}),
            payroll=404,
            inspector=404,
            manager={"manager": 201, "outsider": 404, "*": 403, "missing": 404},
            agent={"agent": 201, "*": 404},
            json={"text": "It was the line"},
        ),
    ),
    Route(
        "api/v1/incidents/<int:incident_id>/read/",
        noted,
        POST=Rule(
            hr=200,  # of others it changes nothing
            auditor=200,
            payroll=404,
            inspector=404,
            manager={"outsider": 404, "*": 200, "missing": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route("api/v1/competencies/", GET=Rule(**READ), POST=Rule(hr=201, json={**WORDS, "code": "patience"})),
    Route(
        "api/v1/competencies/<slug:code>/",
        competencies,
        GET=Rule(**READ),
        PATCH=Rule(hr=200, json={**WORDS, "version": 1}),
    ),
    Route("api/v1/cycle-templates/", GET=Rule(**READ)),
    Route("api/v1/cycles/", GET=Rule(everyone=200), POST=Rule(hr=201, json=CYCLE)),
    Route(
        "api/v1/cycles/<slug:code>/",
        cycles,
        GET=Rule(
            **READ,
            payroll=200,
            manager={"december": 404, "*": 200, "missing": 404},
            agent={"december": 404, "*": 200, "missing": 404},
            inspector=404,
        ),
        PATCH=Rule(
            hr={"december": 200, "*": 409, "missing": 404},
            json=lambda world, label: version(world, configuration=configuration()),
        ),
    ),
    Route("api/v1/cycles/<slug:code>/problems/", december, GET=Rule(**READ)),
    Route("api/v1/cycles/<slug:code>/choices/", december, GET=Rule(**READ)),
    Route(
        "api/v1/cycles/<slug:code>/preview/",
        december,
        GET=Rule(**dict.fromkeys(READ, 404)),
        POST=Rule(hr=202),
    ),
    Route("api/v1/cycles/<slug:code>/launch/", november, POST=Rule(hr=409, json={"to_phase": "rating"})),
    Route(
        "api/v1/cycles/<slug:code>/phase/",
        december,
        POST=Rule(hr=200, json={"to_phase": "cancelled", "reason": "A mistake"}),
    ),
    Route("api/v1/cycles/<slug:code>/score/", november, POST=Rule(hr=202)),
    Route("api/v1/cycles/<slug:code>/completion/", november, GET=Rule(**READ)),
    Route("api/v1/cycles/<slug:code>/remind/", november, POST=Rule(hr=200, json={"teams": ["blue"]})),
    Route("api/v1/cycles/<slug:code>/release/", october, POST=Rule(hr=409, json={"reason": "Once more"})),
    Route(
        "api/v1/cycles/<slug:code>/results/",
        cycles,
        GET=Rule(
            **READ,
            payroll=200,
            manager={"december": 404, "*": 200, "missing": 404},
            agent={"december": 404, "*": 200, "missing": 404},
            inspector=404,
        ),
    ),
    Route("api/v1/cycles/<slug:code>/results.ndjson", october, GET=Rule(hr=200, auditor=200)),
    Route(
        "api/v1/cycles/<slug:code>/results/<int:employee_id>/",
        results,
        GET=Rule(
            **alike("hr auditor", {"agent": 200, "peer": 200, "outsider": 200, "*": 404}),
            payroll=404,
            manager={"agent": 200, "peer": 200, "*": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route("api/v1/weigh-pairs/", POST=Rule(hr=200, json={"matrix": [[1, 3], ["1/3", 1]]})),
    Route(
        "api/v1/cycles/<slug:code>/scorecards/<slug:component>/",
        cards,
        GET=Rule(
            **alike("hr auditor manager agent payroll", {"balanced": 200, "*": 404}),
            inspector=404,
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/scorecards/<slug:component>/<int:employee_id>/",
        own_cards,
        GET=Rule(**READ_CARDS, payroll=404),
    ),
    Route(
        "api/v1/cycles/<slug:code>/sheets/",
        cycles,
        GET=Rule(
            **READ,
            payroll=200,
            manager={"december": 404, "*": 200, "missing": 404},
            agent={"december": 404, "*": 200, "missing": 404},
            inspector=404,
        ),
    ),
    Route(
        "api/v1/sheets/<int:sheet_id>/",
        sheets,
        GET=Rule(**READ, payroll=404, manager={"outsider": 404, "*": 200, "missing": 404}, agent=404),
    ),
    Route(
        "api/v1/cycles/<slug:code>/orderings/<slug:component>/",
        orders,
        GET=Rule(everyone=404, manager={"ordered": 200, "*": 404}),
        PUT=Rule(
            everyone=404,
            manager={"ordered": 200, "*": 404},
            json=lambda world, label: {
                "places": [[pk] for pk in own_people(world)],
                "version": order_of(world)["version"],
            },
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/orderings/<slug:component>/submit/",
        orders,
        POST=Rule(everyone=404, manager={"ordered": 422, "*": 404}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/pairs/<slug:component>/",
        comparisons,
        GET=Rule(everyone=404, manager={"paired": 200, "*": 404}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/pairs/<slug:component>/answers/",
        comparisons,
        POST=Rule(
            everyone=404,
            manager={"paired": 200, "*": 404},
            json=lambda world, label: {"people": a_pair(world), "preferred": a_pair(world)[0]},
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/pairs/<slug:component>/acquaintance/",
        comparisons,
        POST=Rule(
            everyone=404,
            manager={"paired": 200, "*": 404},
            json=lambda world, label: {"person": world.cast.agent.pk, "known": False},
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/pairs/<slug:component>/undo/",
        comparisons,
        POST=Rule(everyone=404, manager={"paired": 409, "*": 404}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/pairs/<slug:component>/submit/",
        comparisons,
        POST=Rule(everyone=404, manager={"paired": 422, "*": 404}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/pairs/<slug:component>/analysis/",
        comparisons,
        GET=Rule(**alike("hr auditor", {"paired": 200, "*": 404})),
    ),
    Route(
        "api/v1/sheets/<int:sheet_id>/judgements/<slug:item>/",
        cells,
        PUT=Rule(
            everyone=404,
            manager={"agent": 200, "peer": 409, "submitted": 403, "*": 404},
            json={"level": "4", "version": 0},
        ),
    ),
    Route(
        "api/v1/sheets/<int:sheet_id>/submit/",
        sheets,
        POST=Rule(everyone=404, manager={"agent": 422, "peer": 200, "submitted": 200, "*": 404}),
    ),
    Route(
        "api/v1/sheets/<int:sheet_id>/reopen/",
        sheets,
        POST=Rule(hr={"missing": 404, "*": 409}, json={"reason": "A slip"}),
    ),
    # 360 degrees: forms are the rater's own, answers nobody's.
    Route("voices/", GET=Rule(everyone=200)),
    Route(
        "voices/<int:invitation_id>/",
        invited,
        GET=Rule(everyone=404, agent={"own": 200, "*": 404}, manager={"superior": 200, "*": 404}),
        POST=Rule(
            everyone=404, agent={"own": 302, "*": 404}, manager={"superior": 302, "*": 404}, body=ANSWER
        ),
    ),
    Route(
        "voices/<int:invitation_id>/replace/",
        invited,
        GET=Rule(hr={"missing": 404, "*": 200}, manager={"outsider": 404, "missing": 404, "*": 200}),
        POST=Rule(
            hr={"missing": 404, "*": 422},
            manager={"outsider": 404, "missing": 404, "*": 422},
            body={"rater": "", "reason": "Moved"},
        ),
    ),
    Route(
        "voices/<int:invitation_id>/<slug:step>/",
        lambda world: invited(world, step="withdraw"),
        POST=Rule(hr=404, manager=404, agent={"proposed": 302, "own": 302, "superior": 302, "*": 404}),
    ),
    Route(
        "customer/<str:token>/",
        links,
        GET=Rule(everyone=200, anonymous=200),
        POST=Rule(everyone=200, anonymous=200, body={**ANSWER, "action": "submit"}),
    ),
    Route(
        "cycles/<slug:code>/voices/<slug:component>/",
        rounds(),
        GET=Rule(**alike("hr auditor", {"voices": 200, "*": 404})),
    ),
    Route(
        "cycles/<slug:code>/voices/<slug:component>/do/<slug:step>/",
        rounds(step="remind"),
        POST=Rule(hr={"voices": 302, "*": 404}),
    ),
    Route(
        "cycles/<slug:code>/voices/<slug:component>/raters/<int:employee_id>/",
        voiced,
        GET=Rule(
            **READ,
            manager={"outsider": 404, "*": 200, "missing person": 404, "missing cycle": 404},
            agent={"agent": 200, "*": 404},
        ),
        POST=Rule(
            hr=302,
            manager={"outsider": 404, "*": 302, "missing person": 404, "missing cycle": 404},
            agent={"agent": 302, "*": 404},
            body=lambda world, label: {"group": "peers", "rater": str(somebody(world, label))},
        ),
    ),
    Route(
        "cycles/<slug:code>/voices/<slug:component>/raters/<int:employee_id>/decide/",
        voiced,
        POST=Rule(hr=302, manager={"outsider": 404, "*": 302, "missing person": 404, "missing cycle": 404}),
    ),
    Route(
        "cycles/<slug:code>/voices/<slug:component>/report/<int:employee_id>/",
        heard,
        GET=Rule(
            **alike("hr auditor", {"unheard": 404, "*": 200, "missing person": 404}),
            manager={"agent": 200, "peer": 200, "*": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
    Route("api/v1/voices/", GET=Rule(everyone=200)),
    Route(
        "api/v1/voices/<int:invitation_id>/",
        invited,
        GET=Rule(everyone=404, agent={"own": 200, "*": 404}, manager={"superior": 200, "*": 404}),
        PUT=Rule(
            everyone=404,
            agent={"own": 200, "*": 404},
            manager={"superior": 200, "*": 404},
            json={"levels": LEVELS, "version": 0, "submit": True},
        ),
    ),
    Route(
        "api/v1/voices/<int:invitation_id>/<slug:step>/",
        lambda world: invited(world, step="withdraw"),
        POST=Rule(
            hr=404, manager=404, agent={"proposed": 200, "own": 409, "superior": 409, "*": 404}, json={}
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/voices/<slug:component>/",
        rounds(),
        GET=Rule(**alike("hr auditor", {"voices": 200, "*": 404})),
    ),
    Route(
        "api/v1/cycles/<slug:code>/voices/<slug:component>/do/<slug:step>/",
        rounds(step="approve"),
        POST=Rule(hr={"voices": 200, "*": 404}, json={}),
    ),
    Route(
        "api/v1/cycles/<slug:code>/voices/<slug:component>/raters/<int:employee_id>/",
        voiced,
        GET=Rule(
            **READ,
            manager={"outsider": 404, "*": 200, "missing person": 404, "missing cycle": 404},
            agent={"agent": 200, "*": 404},
        ),
        POST=Rule(
            hr=201,
            manager={"outsider": 404, "*": 201, "missing person": 404, "missing cycle": 404},
            agent={"agent": 201, "*": 404},
            json=lambda world, label: {"group": "peers", "rater": somebody(world, label)},
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/voices/<slug:component>/raters/<int:employee_id>/decide/",
        voiced,
        POST=Rule(
            hr=200, manager={"outsider": 404, "*": 200, "missing person": 404, "missing cycle": 404}, json={}
        ),
    ),
    Route(
        "api/v1/cycles/<slug:code>/voices/<slug:component>/report/<int:employee_id>/",
        heard,
        GET=Rule(
            **alike("hr auditor", {"unheard": 404, "*": 200, "missing person": 404}),
            payroll=404,
            manager={"agent": 200, "peer": 200, "*": 404},
            agent={"agent": 200, "*": 404},
        ),
    ),
]

assert DECEMBER[0].isoformat() == SETTINGS["first_day"]
