"""One small company with something of everything, built through services: what the trials of access look at.

The cast of tests/cast.py, and beside it a second HR, an account that has been closed, a KPI catalogue, an imported call
log with KPI values, and by cycle
    october    released and paid (plan monthly); a second plan (extra) is computed and decided, and waits for approval
    november   in rating; the blue team's forms are half filled in, the green team's empty; points given to agent, and a
               rating proposed for them
               the agent and the outsider appeal against their results, the second HR decides about the agent
    december   in setup
    ordered    in rating: managers order their people; nobody has yet
    paired     in rating: managers compare their people in pairs; nobody has yet
    goals      in goals: see _goals
Nothing of it is committed: tests/access/conftest.py undoes each test, and at the end all of it.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from foundation.clients.models import Scope, Token
from foundation.clients.services.tokens import digest_of
from foundation.intake.models import Import
from foundation.intake.services import apply_import, check_import, create_import, store_upload
from foundation.runs.models import Run
from foundation.runs.services import drain_outbox
from incentives.models import Award, Clawback, IncentivePlan, PayoutHold, PayoutLine, PayoutRun
from incentives.services import payments, payout_runs, plans
from incentives.services.award_kinds import save_award_kind
from incentives.services.recognition import give_award
from metrics.models import Source
from metrics.services.catalogue import load_catalogue
from metrics.services.inspection_disputes import raise_dispute
from metrics.services.sources import create_source
from metrics.services.standing_values import start_month
from metrics.services.target_lines import TargetLine
from metrics.services.targets import save_targets
from people.models import RoleGrant, User
from people.services.accounts import deactivate_user
from reviews.methods.potential import blank_potential
from reviews.models import (
    Appeal,
    CoachingNote,
    Cycle,
    Incident,
    Objective,
    PlanProposal,
    RatingProposal,
    ScoreSheet,
    SecondReview,
    VoiceInvitation,
)
from reviews.services.adjustments import add_points
from reviews.services.amendments import propose_amendment
from reviews.services.appeals import assign_appeal, file_appeal
from reviews.services.coaching import note_coaching
from reviews.services.conversations import write_notes
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.delegations import delegate_scoring
from reviews.services.improvement_plans import open_plan
from reviews.services.incidents import note_incident, reply_to_incident
from reviews.services.judgements import save_judgement, submit_sheets
from reviews.services.library import create_behaviour, create_competency, save_strengths
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objectives import create_objective, revise_objective
from reviews.services.phases import advance_phase, release_cycle
from reviews.services.scoring import start_scoring
from reviews.services.voice_answers import answer_in_bulk
from reviews.services.voice_invitations import nominate
from reviews.services.voice_links import token_of
from reviews.services.voice_rounds import close_round
from tests.cast import Cast, build_cast
from tests.factories import CompensationFactory, MembershipFactory, RoleGrantFactory, UserFactory
from tests.metrics import calls as call_log
from tests.metrics import inspection_world
from tests.reviews.voice_world import voices_component

OCTOBER = (datetime.date(2025, 10, 1), datetime.date(2025, 10, 31))
NOVEMBER = (datetime.date(2025, 11, 1), datetime.date(2025, 11, 30))
DECEMBER = (datetime.date(2025, 12, 1), datetime.date(2025, 12, 31))
MISSING_ID = 987_654_321
MISSING_UUID = uuid.UUID("00000000-0000-4000-8000-000000000000")
MISSING_CODE = "no-such-code"
ITEMS = ("courtesy", "patience")
#: Those who ask. `hr` is the second member of HR: the first has made everything, and may not approve it. `inspector` is
#: an employee of the company's own team who inspects calls.
ACTORS = ("hr", "payroll", "auditor", "manager", "inspector", "agent", "anonymous")


def two_names(name: str) -> dict[str, str]:
    return {"zh": name, "en": name}


def configuration() -> dict[str, Any]:
    levels = [
        {"value": value, "points": points, "name": two_names(f"Level {value}")}
        for value, points in ((1, 20), (2, 40), (3, 60), (4, 80), (5, 100))
    ]
    items = [
        {
            "code": code,
            "weight": 50,
            "name": two_names(code.title()),
            "descriptions": {str(level): two_names(f"{code} {level}") for level in range(1, 6)},
        }
        for code in ITEMS
    ]
    return {
        "population": {"teams": [], "jobs": ["agent"], "sites": [], "minimum_days": 1},
        "components": [
            {
                "code": "kpis",
                "method": "kpi",
                "name": two_names("Key indicators"),
                "weight": 70,
                "kpis": [
                    {
                        "kpi": "satisfaction",
                        "weight": 40,
                        "scoring": "attainment",
                        "target": 3,
                        "floor": 0,
                        "cap": 1.2,
                    },
                    {
                        "kpi": "response_time",
                        "weight": 60,
                        "scoring": "attainment",
                        "target": 60,
                        "floor": 0,
                        "cap": 1.5,
                    },
                ],
            },
            {
                "code": "conduct",
                "method": "rating_scale",
                "name": two_names("Service conduct"),
                "weight": 30,
                "levels": levels,
                "items": items,
                "comment_required_at": [1],
            },
        ],
        "missing_component": "renormalise",
        "cohort": "cycle",
        "show_rank": True,
        "rating_bands": [
            {"code": code, "from": start, "name": two_names(code)}
            for code, start in (("D", 0), ("C", 60), ("B", 75), ("A", 90))
        ],
        "potential": blank_potential(),
    }


def by_hand() -> dict[str, Any]:
    order = {"code": "order", "method": "ranking", "name": two_names("Order"), "weight": 100}
    return {**configuration(), "components": [{**order, "source": "ordering", "minimum_cohort": 2}]}


def by_objectives() -> dict[str, Any]:
    goals = {"code": "goals", "method": "objectives", "name": two_names("Goals"), "weight": 100}
    return {**configuration(), "components": [goals], "missing_component": "hold_back"}


def balanced() -> dict[str, Any]:
    """One card of the person: customer and internal process."""
    card = {
        "code": "card",
        "method": "scorecard",
        "name": two_names("Card"),
        "weight": 100,
        "subject": "person",
        "perspectives": [
            {"code": code, "weight": 50, "name": two_names(code.title())} for code in ("customer", "process")
        ],
        "kpis": [
            {"kpi": "satisfaction", "weight": 100, "target": 3, "perspective": "customer"},
            {"kpi": "response_time", "weight": 100, "target": 60, "perspective": "process"},
        ],
        "links": [{"from": "response_time", "to": "satisfaction"}],
    }
    return {**configuration(), "components": [card]}


def in_pairs() -> dict[str, Any]:
    """Of Shanghai: in Chengdu somebody would stand alone."""
    pairs = {"code": "pairs", "method": "paired_comparison", "name": two_names("Pairs"), "weight": 100}
    document = {**configuration(), "components": [pairs]}
    return {**document, "population": {**document["population"], "teams": ["shanghai"]}}


PLAN: dict[str, Any] = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {
            "kind": "curve",
            "input": "score",
            "threshold": "10",
            "accelerator": "2",
            "cap": "2.0",
            "at_threshold": "0",
        },
        {"kind": "proration", "by": "days_in_role"},
        {"kind": "rounding", "quantum": "0.01", "mode": "half_up"},
    ],
}


@dataclass
class World:
    cast: Cast
    second_hr: User
    closed: User
    inspector: User
    telephone: Source
    imports: dict[str, Import]
    cycles: dict[str, Cycle]
    incidents: dict[str, Incident]
    coaching: dict[str, CoachingNote]
    plans: dict[str, IncentivePlan]
    payouts: dict[str, PayoutRun]
    clawback: Clawback
    hold: PayoutHold
    award: Award
    appeals: dict[str, Appeal]
    tokens: dict[str, Token]
    failed: Run
    queued: Run = field(init=False)
    secrets: dict[str, str] = field(default_factory=dict)
    #: {name: id} of inspections (see _inspections), and the id of the sample that most are of.
    inspections: dict[str, int] = field(default_factory=dict)
    sample: int = 0
    #: {name: id} of development plans, served and not answered, and of what the rule proposed (see _plans).
    development: dict[str, int] = field(default_factory=dict)
    plan_proposals: dict[str, int] = field(default_factory=dict)
    #: {name: id} of invitations to the 360 (see _voices), and what stands behind the customer's link.
    voices: dict[str, int] = field(default_factory=dict)
    customer_link: str = ""
    objectives: dict[str, Objective] = field(default_factory=dict)

    def person(self, name: str) -> User:
        beside = {"second_hr": self.second_hr, "closed": self.closed, "inspector": self.inspector}
        found = beside.get(name) or getattr(self.cast, name)
        assert isinstance(found, User), name
        return found

    def sheet(self, cycle: str, employee: str) -> ScoreSheet:
        return ScoreSheet.objects.get(
            participant__cycle=self.cycles[cycle], participant__employee=self.person(employee)
        )

    def line(self, payout: str, employee: str) -> PayoutLine:
        return self.payouts[payout].payout_lines.get(employee=self.person(employee))

    def run(self, kind: str) -> Run:
        return Run.objects.filter(kind=kind).order_by("-created_at")[0]


def ask_back(cast: Cast, paid: PayoutRun) -> Clawback:
    """The agent has been paid, and HR asks one yuan of it back."""
    line = paid.payout_lines.get(employee=cast.agent)
    row = payments.PaidRow(paid.pk, cast.agent.pk, line.amount, datetime.date(2025, 11, 15))
    payments.record_payments(actor=cast.payroll, rows=[row])
    return payments.propose_clawback(
        actor=cast.hr,
        employee=cast.agent,
        payout_run=paid,
        amount=Decimal("1.00"),
        reason="A sale was cancelled",
        monthly_share=Decimal("0.2"),
        first_month=timezone.localdate(),
    )


def build_world() -> World:
    cast = build_cast()
    second_hr = UserFactory(login="second_hr", employee_number=None, name="Hannah Second", hired_on=None)
    RoleGrantFactory(user=second_hr, role="hr")
    closed = UserFactory(
        login="closed", employee_number="E0099", name="Claude Closed", name_sort="claude closed"
    )
    MembershipFactory(user=closed, team=cast.blue, job=cast.job_leader)
    CompensationFactory(user=closed)
    deactivate_user(actor=cast.hr, user=closed)

    inspector = UserFactory(
        login="inspector", employee_number="E0098", name="Iris Inspector", name_sort="iris inspector"
    )
    MembershipFactory(user=inspector, team=cast.company, job=cast.job_leader)
    RoleGrantFactory(user=inspector, role="inspector")

    assert not list(load_catalogue(actor=cast.hr))
    save_targets(
        actor=cast.hr,
        lines=[TargetLine(kpi="satisfaction", job="team_leader", target=Decimal("4.5"))],
        version=0,
    )
    telephone = create_source(
        actor=cast.hr,
        code="telephone",
        kind="records",
        name_en="Telephone",
        name_zh="电话系统",
        mapping=call_log.MAPPING,
    )
    imports = _imports(cast, telephone)
    drain_outbox()
    create_competency(
        actor=cast.hr, code="care", name_zh="关心", name_en="Care", anchors={"1": [{"zh": "", "en": "Sighs"}]}
    )
    incidents = _incidents(cast)
    cycles = _cycles(cast)
    add_points(
        actor=cast.hr, cycle=cycles["november"], employee_id=cast.agent.pk, points=1, reason="A good idea"
    )
    RatingProposal.objects.create(
        cycle=cycles["november"],
        employee=cast.agent,
        rating="B",
        reason="Compared with the others",
        proposed_by=cast.manager,
    )
    made = {
        code: plans.create_plan(
            actor=cast.hr, code=code, name_zh=code, name_en=code.title(), valid_from=datetime.date(2025, 1, 1),
            configuration=PLAN,
        )
        for code in ("monthly", "extra")
    }  # fmt: skip
    payouts = {
        "paid": payout_runs.create_payout_run(actor=cast.hr, plan=made["monthly"], cycle=cycles["october"]),
        "computed": payout_runs.create_payout_run(actor=cast.hr, plan=made["extra"], cycle=cycles["october"]),
    }
    drain_outbox()
    for payout in payouts.values():
        _decide(cast, payout)
    payout_runs.approve_payout(
        actor=cast.payroll, payout_run=payouts["paid"], seen_digest=payouts["paid"].content_digest
    )
    payouts["paid"].refresh_from_db()
    clawback = ask_back(cast, payouts["paid"])
    hold = payments.put_hold(actor=cast.hr, employee=cast.peer, reason="Open inquiry")
    assert [payout.state for payout in payouts.values()] == ["approved", "computed"]
    world = World(
        cast=cast,
        second_hr=second_hr,
        closed=closed,
        inspector=inspector,
        telephone=telephone,
        imports=imports,
        cycles=cycles,
        incidents=incidents,
        coaching=_coaching(cast),
        plans=made,
        payouts=payouts,
        clawback=clawback,
        hold=hold,
        award=_award(cast),
        appeals=_appeals(cast, second_hr, cycles["october"]),
        tokens={},
        failed=Run.objects.create(
            kind="kpi_values", scope="kpi_month:2025-09", state=Run.State.FAILED, error_code="run_broken",
            parameters={"first_day": "2025-09-01", "last_day": "2025-09-30"}, stages=["values"], created_by=cast.hr,
        ),
    )  # fmt: skip
    _tokens(world)
    world.objectives = _goals(cast, cycles["goals"])
    _inspections(world)
    _plans(world)
    _voices(world)
    world.queued = start_month(actor=cast.hr, first_day=DECEMBER[0])  # the last: nothing may work on it
    return world


def _award(cast: Cast) -> Award:
    """On the wall for everybody: the one of the director."""
    thanks = save_award_kind(
        actor=cast.hr, code="thanks", giver="colleague", name_zh="感谢", name_en="Thank you"
    )
    return give_award(
        actor=cast.site_manager, kind=thanks, receiver=cast.director, citation="Listened for a whole evening"
    )


def _appeals(cast: Cast, second_hr: User, october: Cycle) -> dict[str, Appeal]:
    """The agent's with a file, for the second HR to decide; the outsider's with nobody named yet."""
    found = {
        name: file_appeal(
            actor=getattr(cast, name),
            cycle=october,
            component="conduct",
            subject="courtesy",
            proposed_score=100,
            reason="The calls of that day say something else",
            files=[SimpleUploadedFile("calls.txt", b"see the log")] if name == "agent" else [],
        )
        for name in ("agent", "outsider")
    }
    found["agent"] = assign_appeal(actor=cast.hr, appeal_id=found["agent"].pk, decider_id=second_hr.pk)
    notes = write_notes(
        actor=cast.manager, cycle=october, employee_id=cast.agent.pk, held_on=timezone.localdate(),
        text="We talked about the calls", version=0,
    )  # fmt: skip
    assert notes.version == 1
    return found


def _imports(cast: Cast, source: Source) -> dict[str, Import]:
    """applied, checked (with rejected rows) and draft."""
    numbers = [person.employee_number or "" for person in (cast.agent, cast.peer, cast.outsider)]
    files = {
        "applied": call_log.make_calls(numbers, count=360, first=OCTOBER[0], days=61, seed=7),
        "checked": [
            *call_log.make_calls(numbers, count=5, first=DECEMBER[0], days=3, seed=8),
            *call_log.make_calls(["E7777"], count=2, first=DECEMBER[0], days=3, seed=9),
        ],
        "draft": call_log.make_calls(numbers, count=3, first=DECEMBER[0], days=3, seed=10),
    }
    found = {}
    for name, rows in files.items():
        for row in rows:
            row.call_id = f"{name}-{row.agent}-{row.call_id}"
        upload = store_upload(actor=cast.hr, file=ContentFile(call_log.calls_csv(rows)), name=f"{name}.csv")
        record = create_import(actor=cast.hr, kind="records", upload=upload, source_code=source.code)
        if name != "draft":
            record = check_import(actor=cast.hr, import_record=record)
        if name == "applied":
            assert record.rows_rejected == 0
            record = apply_import(actor=cast.hr, import_record=record)
            drain_outbox()
        record.refresh_from_db()
        found[name] = record
    assert found["applied"].state == Import.State.APPLIED
    assert found["checked"].rows_rejected
    return found


def _incidents(cast: Cast) -> dict[str, Incident]:
    """One about each, noted by the one who led them on 8 October."""
    create_behaviour(actor=cast.hr, code="listens", name_zh="听完", name_en="Lets people finish")
    save_strengths(
        actor=cast.hr,
        strengths=[
            {"code": "slight", "name_en": "Slight", "points": 2},
            {"code": "grave", "name_en": "Grave", "points": 10},
        ],
    )
    noted = {
        name: note_incident(
            actor=noter,
            employee_id=getattr(cast, name).pk,
            behaviour="listens",
            strength="slight",
            is_good=name == "peer",
            text=f"What {name} did",
            happened_on=OCTOBER[0] + datetime.timedelta(days=7),
        )
        for name, noter in (
            ("agent", cast.manager),
            ("peer", cast.manager),
            ("outsider", cast.other_manager),
            ("manager", cast.site_manager),
        )
    }
    reply_to_incident(actor=cast.agent, incident_id=noted["agent"].pk, text="It was the line")
    return noted


def _coaching(cast: Cast) -> dict[str, CoachingNote]:
    """A talk with each, noted by the one who led them on 8 October."""
    return {
        name: note_coaching(
            actor=noter,
            employee_id=getattr(cast, name).pk,
            text=f"What was said to {name}",
            happened_on=OCTOBER[0] + datetime.timedelta(days=7),
        )
        for name, noter in (
            ("agent", cast.manager),
            ("outsider", cast.other_manager),
            ("manager", cast.site_manager),
        )
    }


def _cycles(cast: Cast) -> dict[str, Cycle]:
    days = {"october": OCTOBER, "november": NOVEMBER, "december": DECEMBER}
    found = {
        code: create_cycle(
            actor=cast.hr, code=code, name_zh=code, name_en=code.title(), first_day=first, last_day=last,
            configuration=configuration(),
        )
        for code, (first, last) in days.items()
    }  # fmt: skip
    for code in ("october", "november"):
        found[code] = launch_cycle(actor=cast.hr, cycle=found[code])
    october = found["october"]
    marks = {
        "agent": (4, 5),
        "peer": (3, 3),
        "leaver": (2, 4),
        "outsider": (4, 5),
        "mover": (5, 5),
        "remote": (3, 4),
    }
    for name, levels in marks.items():
        _judge(october, getattr(cast, name), levels)
    start_scoring(actor=cast.hr, cycle=october)
    drain_outbox()
    october.refresh_from_db()
    assert october.published_run_id is not None
    found["october"] = release_cycle(actor=cast.hr, cycle=october)
    _judge(found["november"], cast.peer, (3, 4), submit=False)
    SecondReview.objects.create(
        sheet=ScoreSheet.objects.get(participant__cycle=october, participant__employee=cast.agent),
        reviewer=cast.site_manager,
    )
    today = timezone.localdate()
    delegate_scoring(
        actor=cast.site_manager, delegate=cast.director, first_day=today, last_day=today, reason="On leave"
    )
    propose_amendment(
        actor=cast.hr,
        cycle=found["november"],
        kind="target",
        details={"component": "kpis", "kpi": "response_time", "target": 50},
        reason="Typed for another job",
    )
    drain_outbox()
    found["ordered"] = launch_cycle(
        actor=cast.hr,
        cycle=create_cycle(
            actor=cast.hr, code="ordered", name_zh="排序", name_en="Ordered", first_day=OCTOBER[0],
            last_day=OCTOBER[1], configuration=by_hand(),
        ),
    )  # fmt: skip
    for code in ("balanced", "drafted"):
        found[code] = create_cycle(
            actor=cast.hr, code=code, name_zh=code, name_en=code.title(), first_day=OCTOBER[0],
            last_day=OCTOBER[1], configuration=balanced(),
        )  # fmt: skip
    # In calibration: HR and managers read it, nobody the own one yet.
    launch_cycle(actor=cast.hr, cycle=found["balanced"])
    start_scoring(actor=cast.hr, cycle=found["balanced"])
    drain_outbox()
    found["balanced"].refresh_from_db()
    advance_phase(actor=cast.hr, cycle=found["balanced"], to_phase="calibration")
    found["balanced"].refresh_from_db()
    found["paired"] = launch_cycle(
        actor=cast.hr,
        cycle=create_cycle(
            actor=cast.hr, code="paired", name_zh="两两比较", name_en="Paired", first_day=OCTOBER[0],
            last_day=OCTOBER[1], configuration=in_pairs(),
        ),
    )  # fmt: skip
    for code in ("voices", "heard"):
        found[code] = launch_cycle(
            actor=cast.hr,
            cycle=create_cycle(
                actor=cast.hr, code=code, name_zh="三百六", name_en=code.title(), first_day=OCTOBER[0],
                last_day=OCTOBER[1], configuration={
                    **configuration(), "components": [voices_component()],
                    "population": {"teams": ["blue", "green"], "jobs": [], "sites": [], "minimum_days": 1},
                },
            ),
        )  # fmt: skip
    found["goals"] = launch_cycle(
        actor=cast.hr,
        cycle=create_cycle(
            actor=cast.hr, code="goals", name_zh="目标", name_en="Goals", first_day=OCTOBER[0],
            last_day=OCTOBER[1], configuration=by_objectives(),
        ),
        to_phase="goals",
    )  # fmt: skip
    _hear(cast, found["heard"])
    found["heard"].refresh_from_db()
    return found


def _hear(cast: Cast, cycle: Cycle) -> None:
    """Everyone about themself, then closed, computed and released."""
    own = VoiceInvitation.objects.filter(round__cycle=cycle, group__in=["self", "superior"])
    levels = {"care": 4, "clarity": 3, "help": 5}
    answer_in_bulk(actor=cast.hr, answers=[(each.pk, levels, {}) for each in own])
    close_round(actor=cast.hr, cycle=cycle, component="voices")
    start_scoring(actor=cast.hr, cycle=cycle)
    drain_outbox()
    release_cycle(actor=cast.hr, cycle=cycle)
    drain_outbox()


def _voices(world: World) -> None:
    """By name: own (the agent about themself), superior (the manager about the agent), proposed (a colleague
    about the agent), outsider (about themself), customer (of the agent; with a link)."""
    cycle, cast = world.cycles["voices"], world.cast
    of_agent = VoiceInvitation.objects.filter(round__cycle=cycle, participant__employee=cast.agent)
    part = cycle.participants.select_related("cycle").get(employee=cast.agent)
    customer = nominate(
        actor=cast.manager,
        voices=cycle.voice_rounds.get(),
        participant=part,
        group="customers",
        contact_name="Carla Customer",
        contact_email="carla@example.com",
    )
    world.voices = {
        "own": of_agent.get(group="self").pk,
        "superior": of_agent.get(group="superior").pk,
        "proposed": of_agent.filter(group="peers").order_by("pk")[0].pk,
        "outsider": VoiceInvitation.objects.get(
            round__cycle=cycle, participant__employee=cast.outsider, group="self"
        ).pk,
        "customer": customer.pk,
    }
    world.customer_link = token_of(customer)


def _goals(cast: Cast, cycle: Cycle) -> dict[str, Objective]:
    """agent: agreed, with a change on the table; peer: proposed; outsider: a draft; the company's is published."""
    words: dict[str, Any] = {
        "title": "Solve calls at once",
        "weight": 100,
        "key_results": [{"title": "Solved", "start": 50, "target": 100}],
    }
    people = {name: getattr(cast, name) for name in ("agent", "peer", "outsider")}
    made = {
        name: create_objective(actor=person, cycle=cycle, employee_id=person.pk, content=words)
        for name, person in people.items()
    }
    made["company"] = create_objective(actor=cast.hr, cycle=cycle, content=words)

    def seen(name: str) -> dict[int, str]:
        made[name].refresh_from_db()
        latest = made[name].latest_version
        assert latest is not None
        return {made[name].pk: latest.digest}

    propose_objectives(actor=cast.hr, cycle=cycle, seen=seen("company"))
    for name in ("agent", "peer"):
        propose_objectives(actor=people[name], cycle=cycle, employee_id=people[name].pk, seen=seen(name))
    agree_objectives(actor=cast.manager, cycle=cycle, employee_id=cast.agent.pk, seen=seen("agent"))
    revise_objective(
        actor=cast.agent,
        objective_id=made["agent"].pk,
        seen=seen("agent")[made["agent"].pk],
        content={**words, "title": "Solve most calls at once"},
        reason="The new system came late",
    )
    for each in made.values():
        each.refresh_from_db()
    drain_outbox()
    return made


def _judge(cycle: Cycle, employee: User, levels: tuple[int, ...], *, submit: bool = True) -> None:
    sheet = ScoreSheet.objects.select_related("rater").get(
        participant__cycle=cycle, participant__employee=employee
    )
    for item, level in zip(ITEMS, levels, strict=True):
        save_judgement(
            actor=sheet.rater, sheet_id=sheet.pk, item=item, level=level, version=0, comment=f"Seen: {item}"
        )
    if submit:
        submit_sheets(actor=sheet.rater, sheet_ids=[sheet.pk])


def _decide(cast: Cast, payout: PayoutRun) -> None:
    payout.refresh_from_db()
    for line in payout.payout_lines.filter(status__in=["undecided", "missing_input"]):
        payout_runs.decide_line(
            actor=cast.hr, payout_run=payout, employee=line.employee_id,
            decision="pay" if line.status == "undecided" else "withhold", reason="Worked until the last day",
        )  # fmt: skip
    payout.refresh_from_db()


def _plans(world: World) -> None:
    content = {
        "goals": [{"text": "Lead the late shift"}],
        "measures": [{"text": "Course", "who": "employee"}],
        "deadline": (timezone.localdate() + datetime.timedelta(days=60)).isoformat(),
    }
    for name, actor in (("agent", world.cast.manager), ("outsider", world.cast.other_manager)):
        person = getattr(world.cast, name)
        plan = open_plan(actor=actor, employee_id=person.pk, kind="development", content=content)
        world.development[name] = plan.pk
        proposal = PlanProposal.objects.create(
            employee=person, kind="improvement", last_day=OCTOBER[1], evidence=[]
        )
        world.plan_proposals[name] = proposal.pk


def _inspections(world: World) -> None:
    """By name: open (of agent) and owed are still to be scored by the inspector; scored is of agent, disputed of peer,
    both by the inspector; blind is the other scoring of the call that is owed, by somebody else."""
    form = inspection_world.make_form()
    other = inspection_world.make_inspector(world.cast, "iago")
    RoleGrant.objects.filter(user=other).delete()
    single = inspection_world.draw(
        form, world.telephone, per_agent=2, double_percent=0, team_codes=["blue"], last_day=OCTOBER[1]
    )
    mine, second = (
        single.inspections.filter(employee=world.cast.agent).order_by("pk")[place] for place in (0, 1)
    )
    disputed = single.inspections.filter(employee=world.cast.peer).order_by("pk")[0]
    for each in (second, disputed):
        inspection_world.answer(each)
    raise_dispute(actor=world.cast.peer, inspection_id=disputed.pk, reason="The customer was called back")
    RoleGrantFactory(user=other, role="inspector")
    twice = inspection_world.draw(
        form, world.telephone, per_agent=2, double_percent=100, team_codes=["green"], seed=3
    )
    owed = twice.inspections.filter(inspector=world.inspector, employee=world.cast.outsider).order_by("pk")[0]
    blind = twice.inspections.select_related("inspector").get(inspector=other, external_id=owed.external_id)
    inspection_world.answer(blind)
    drain_outbox()
    world.sample = single.pk
    world.inspections = {
        "open": mine.pk, "scored": second.pk, "disputed": disputed.pk, "owed": owed.pk, "blind": blind.pk,
    }  # fmt: skip


def _tokens(world: World) -> None:
    """For each person one with every scope there is, also those it could not be given by the page: what a token may do
    never goes beyond the person's roles. And one with a single scope."""
    others = ("second_hr", "outsider", "leaver", "closed")
    for name in (*ACTORS[:-1], *others):
        for kind, scopes in (("all", list(Scope.values)), ("metrics", [Scope.METRICS_READ])):
            secret = f"lrl_{kind}-{name}-only-for-tests"
            world.secrets[f"{name}:{kind}"] = secret
            world.tokens[f"{name}:{kind}"] = Token.objects.create(
                user=world.person(name),
                name=f"{kind} of {name}",
                prefix=secret[:12],
                digest=digest_of(secret),
                scopes=scopes,
                expires_at=timezone.now() + datetime.timedelta(days=30),
                last_used_at=timezone.now(),
            )


def bearer(world: World, name: str, kind: str = "all") -> Mapping[str, str]:
    return {"authorization": f"Bearer {world.secrets[f'{name}:{kind}']}"}
