"""Payout runs: computed from released results, decided line by line where the rules leave it open, approved by someone
else, booked once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import Run
from foundation.trail.services import recording
from incentives.models import IncentivePlan, PayoutDecision, PayoutLine, PayoutRun
from incentives.selectors.facts import kpi_codes
from incentives.selectors.plans import version_on
from incentives.services import lines
from incentives.services.booking import book
from incentives.services.payout_work import PayoutHandler, people_of
from incentives.services.rights import checked_reason, require_approver, require_hr
from incentives.steps import configuration as configurations
from incentives.steps import engine
from people.models import User
from reviews.models import Cycle, Participant

LOG = logging.getLogger(__name__)
State = PayoutRun.State


# What people do -------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_payout_run(*, actor: User, plan: IncentivePlan, cycle: Cycle) -> PayoutRun:
    """Queues the computation of what the plan pays for a released cycle.

    Refusals: not_hr (403); plan_inactive, cycle_not_released, plan_not_valid_then, payout_kpi_missing, payout_empty
    (422); payout_already_approved, payout_open (409).
    """
    require_hr(actor)
    plan, cycle = locked_subject(plan, cycle)
    if PayoutRun.objects.filter(
        plan=plan, cycle=cycle, kind=PayoutRun.Kind.REGULAR, state=State.APPROVED
    ).exists():
        raise Refusal("payout_already_approved", status=409)
    return queue_run(actor=actor, plan=plan, cycle=cycle, kind=PayoutRun.Kind.REGULAR)


def pay_at_once(*, cycle: Cycle) -> list[PayoutRun]:
    """The runs of plans that pay as soon as results are released; whoever released them is the maker, so that somebody
    else approves. A plan that cannot be computed for the cycle now is left for a person to look at."""
    actor = cycle.released_by
    if actor is None:
        return []
    made = []
    for plan in IncentivePlan.objects.filter(is_active=True).order_by("code"):
        version = version_on(plan, cycle.last_day)
        if version is None or version.configuration.get("frequency") != "release":
            continue
        try:
            made.append(create_payout_run(actor=actor, plan=plan, cycle=cycle))
        except Refusal as refusal:
            LOG.warning(
                "payout_at_once_refused plan=%s cycle=%s code=%s", plan.code, cycle.code, refusal.code
            )
    return made


@transaction.atomic
def correct_payout(*, actor: User, plan: IncentivePlan, cycle: Cycle, reason: str) -> PayoutRun:
    """Computes a paid cycle again, on the results as they are published now and the rules of that time.

    Approval books, for everyone whose amount changed, the reversal of what stands and the new amount.
    Refusals: as create_payout_run, and payout_nothing_to_correct (409), payout_reason (422).
    """
    require_hr(actor)
    text = checked_reason(reason)
    plan, cycle = locked_subject(plan, cycle)
    if not PayoutRun.objects.filter(plan=plan, cycle=cycle, state=State.APPROVED).exists():
        raise Refusal("payout_nothing_to_correct", status=409)
    return queue_run(actor=actor, plan=plan, cycle=cycle, kind=PayoutRun.Kind.ADJUSTING, reason=text)


@transaction.atomic
def recompute_payout(*, actor: User, payout_run: PayoutRun) -> PayoutRun:
    """A new run in place of one that waits for approval or has failed: after a salary was added, for example.

    What was decided about lines is carried over where the line is still open for it.
    """
    require_hr(actor)
    old = _locked_run(payout_run)
    if old.state not in (State.COMPUTED, State.FAILED):
        raise Refusal("payout_not_computed", status=409, state=State(old.state).label)
    if old.state == State.COMPUTED:
        _reject(old, actor=actor, reason=_("Computed again"))
    plan, cycle = locked_subject(old.plan, old.cycle)
    return queue_run(
        actor=actor,
        plan=plan,
        cycle=cycle,
        kind=old.kind,
        reason=old.reason,
        carries=old.pk,
        people=people_of(old),
    )


@transaction.atomic
def decide_line(
    *, actor: User, payout_run: PayoutRun, employee: User | int, decision: str, reason: str
) -> PayoutDecision:
    """Pay or do not pay a line that the rules leave open, or hold back one that would be paid.

    Changes the digest, so whoever looked before has to look again. Refusals: not_hr (403), payout_not_computed (409),
    line_not_open (404), line_cannot_pay, decision_unknown, payout_reason (422).
    """
    require_hr(actor)
    if decision not in PayoutDecision.Decision.values:
        raise Refusal("decision_unknown", field="decision", status=422)
    text = checked_reason(reason)
    locked = _locked_run(payout_run)
    _require_state(locked, State.COMPUTED)
    employee_id = employee.pk if isinstance(employee, User) else employee
    line = locked.payout_lines.filter(employee_id=employee_id).first() if 0 < employee_id < 2**63 else None
    if line is None or line.status == PayoutLine.Status.NOT_ELIGIBLE:
        raise Refusal("line_not_open", status=404)
    if line.status == PayoutLine.Status.MISSING_INPUT and decision == PayoutDecision.Decision.PAY:
        raise Refusal("line_cannot_pay", field="decision", status=422)
    with recording(actor=actor, reason=text):
        decided, _created = PayoutDecision.objects.update_or_create(
            payout_run=locked,
            employee_id=employee_id,
            defaults={"decision": decision, "reason": text, "decided_by": actor},
        )
        lines.refresh_totals(locked)
    return decided


@transaction.atomic
def decide_lines(
    *, actor: User, payout_run: PayoutRun, employees: Sequence[int], decision: str, reason: str
) -> int:
    """The same decision with the same reason about several lines that the rules leave open; all of them or none.

    Refusals: as decide_line; lines_none (422). Answers how many were decided.
    """
    require_hr(actor)
    if decision not in PayoutDecision.Decision.values:
        raise Refusal("decision_unknown", field="decision", status=422)
    text = checked_reason(reason)
    wanted = sorted(set(employees))
    if not wanted:
        raise Refusal("lines_none", field="employees", status=422)
    locked = _locked_run(payout_run)
    _require_state(locked, State.COMPUTED)
    status_of = dict(locked.payout_lines.filter(employee_id__in=wanted).values_list("employee_id", "status"))
    open_statuses = (PayoutLine.Status.UNDECIDED, PayoutLine.Status.MISSING_INPUT)
    if any(status_of.get(employee) not in open_statuses for employee in wanted):
        raise Refusal("lines_not_open", field="employees", status=422)
    if decision == PayoutDecision.Decision.PAY and PayoutLine.Status.MISSING_INPUT in status_of.values():
        raise Refusal("line_cannot_pay", field="decision", status=422)
    with recording(actor=actor, reason=text):
        PayoutDecision.objects.bulk_create(
            (
                PayoutDecision(
                    payout_run=locked,
                    employee_id=employee,
                    decision=decision,
                    reason=text,
                    decided_by=actor,
                    decided_at=timezone.now(),
                )
                for employee in wanted
            ),
            update_conflicts=True,
            unique_fields=["payout_run", "employee"],
            update_fields=["decision", "reason", "decided_by", "decided_at"],
        )
        lines.refresh_totals(locked)
    return len(wanted)


@transaction.atomic
def approve_payout(*, actor: User, payout_run: PayoutRun, seen_digest: str) -> PayoutRun:
    """Books every line in the ledger and closes the run for good.

    seen_digest   content_digest as the approver saw it. Whatever changed since makes it another one: 409.
    Refusals: not_approver, payout_own, payout_decided_own (403); payout_not_computed, payout_changed, payout_undecided,
    payout_already_earned (409). Of two approvers at once one waits for the other and then finds it approved.
    """
    require_approver(actor)
    locked = _locked_run(payout_run)
    _require_state(locked, State.COMPUTED)
    refusal = approval_refusal(actor, locked)
    if refusal is not None:
        raise refusal
    # From the rows, not from the column: a line that was changed behind the services' back is not what was looked at.
    if not seen_digest or seen_digest != locked.content_digest or seen_digest != lines.digest_of(locked):
        raise Refusal("payout_changed", field="digest", status=409)
    try:
        with transaction.atomic():
            book(locked, actor)
    except IntegrityError as error:
        if "earned_once" not in str(error) and "reverses_id" not in str(error):
            raise
        raise Refusal("payout_already_earned", status=409) from None
    locked.state = State.APPROVED
    locked.approved_by = actor
    locked.approved_at = timezone.now()
    with recording(actor=actor):
        locked.save(update_fields=["state", "approved_by", "approved_at"])
    runs.emit("payout.approved", payout_run=locked.pk)
    return locked


def approval_refusal(actor: User, payout_run: PayoutRun) -> Refusal | None:
    """Why this person may not approve this run now, or None. The page says it before the button is pressed."""
    if not actor.has_role("hr", "payroll"):
        return Refusal("not_approver", status=403)
    if actor.pk == payout_run.created_by_id:
        return Refusal("payout_own", status=403)
    if PayoutDecision.objects.filter(payout_run=payout_run, decided_by=actor).exists():
        return Refusal("payout_decided_own", status=403)
    if payout_run.result_run_id != payout_run.cycle.published_run_id:
        return Refusal("payout_results_corrected", status=409)
    if count := lines.open_decisions(payout_run):
        return Refusal("payout_undecided", status=409, count=count)
    return None


@transaction.atomic
def reject_payout(*, actor: User, payout_run: PayoutRun, reason: str) -> PayoutRun:
    """Sends a computed run back; the maker may withdraw it too. Nothing is booked, and a new one can be computed."""
    require_approver(actor)
    text = checked_reason(reason)
    locked = _locked_run(payout_run)
    _require_state(locked, State.COMPUTED)
    _reject(locked, actor=actor, reason=text)
    return locked


# How ------------------------------------------------------------------------------------------------------------------


def locked_subject(plan: IncentivePlan, cycle: Cycle) -> tuple[IncentivePlan, Cycle]:
    """Plan before cycle, always. Whoever revises the plan or opens another run of it waits here."""
    locked = IncentivePlan.objects.select_for_update().get(pk=plan.pk)
    return locked, Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)


def _locked_run(payout_run: PayoutRun) -> PayoutRun:
    return (
        PayoutRun.objects.select_for_update(of=("self",))
        .select_related("plan", "plan_version", "cycle", "run")
        .get(pk=payout_run.pk)
    )


def _require_state(payout_run: PayoutRun, state: str) -> None:
    if payout_run.state != state:
        raise Refusal("payout_not_computed", status=409, state=State(payout_run.state).label)


def queue_run(
    *,
    actor: User,
    plan: IncentivePlan,
    cycle: Cycle,
    kind: str,
    reason: str = "",
    carries: int | None = None,
    people: Sequence[int] = (),
) -> PayoutRun:
    """The row and its run, in the caller's transaction; the plan and the cycle are locked.

    people   ids of those whose lines an adjusting run computes again; all others keep the lines of the last approved
             run, so that nobody else's pay moves. Empty: everybody.
    """
    if not plan.is_active:
        raise Refusal("plan_inactive", field="plan", status=422)
    if cycle.released_at is None or cycle.published_run_id is None:
        raise Refusal("cycle_not_released", field="cycle", status=422)
    if PayoutRun.objects.filter(plan=plan, cycle=cycle, state__in=PayoutRun.OPEN).exists():
        raise Refusal("payout_open", status=409)
    version = version_on(plan, cycle.last_day)
    if version is None:
        raise Refusal("plan_not_valid_then", field="cycle", status=422, day=cycle.last_day.isoformat())
    days = (cycle.last_day - cycle.first_day).days + 1
    if not configurations.fits(version.configuration, days):
        said = configurations.frequency_text(version.configuration)
        raise Refusal("payout_frequency", field="cycle", status=422, frequency=said, days=days)
    wanted = {
        need.partition(":")[2]
        for need in engine.needs(version.configuration["steps"])
        if need.partition(":")[0] in ("kpi", "value", "carry")
    }
    if absent := sorted(wanted - kpi_codes(cycle)):
        raise Refusal("payout_kpi_missing", field="cycle", status=422, kpis=", ".join(absent))
    if not Participant.objects.filter(cycle=cycle).exists():
        raise Refusal("payout_empty", field="cycle", status=422)
    payout_run = PayoutRun.objects.create(
        kind=kind,
        plan=plan,
        plan_version=version,
        cycle=cycle,
        result_run_id=cycle.published_run_id,
        currency=plan.currency,
        reason=reason,
        created_by=actor,
    )
    payout_run.run = runs.start_run(
        actor=actor,
        kind=PayoutHandler.kind,
        scope=f"payout:{plan.code}:{cycle.code}",
        purpose=Run.Purpose.OFFICIAL,
        parameters={
            "payout_run": payout_run.pk,
            # Who left before this day is a leaver, whenever the shards happen to be worked.
            "as_of": timezone.localdate().isoformat(),
            "carries": carries,
            **({"people": sorted(people)} if people else {}),
        },
        fingerprint=_fingerprint(payout_run),
    )
    payout_run.save(update_fields=["run"])
    return payout_run


def reject_for_newer(payout_run: PayoutRun, *, actor: User) -> None:
    """A run that was computed from results that are no longer the latest makes room for the next."""
    _reject(payout_run, actor=actor, reason=_("Results changed after it was computed"))


def _fingerprint(payout_run: PayoutRun) -> str:
    """Which rules on which results."""
    text = json.dumps(
        [
            payout_run.plan.code,
            payout_run.plan_version.number,
            payout_run.plan_version.configuration,
            str(payout_run.result_run_id),
        ],
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _reject(payout_run: PayoutRun, *, actor: User, reason: str) -> None:
    payout_run.state = State.REJECTED
    payout_run.rejected_by = actor
    payout_run.rejected_at = timezone.now()
    payout_run.rejection = reason
    with recording(actor=actor, reason=reason):
        payout_run.save(update_fields=["state", "rejected_by", "rejected_at", "rejection"])
