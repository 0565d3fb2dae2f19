"""Opening a plan, changing its terms, and what the person answers. Every change is served; what stands goes on
meanwhile."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from people.selectors.leaders import manager_of
from reviews.models import (
    ImprovementPlan,
    PlanObjection,
    PlanProposal,
    PlanTerms,
    TermsSettlement,
)
from reviews.selectors.improvement_evidence import evidence_named
from reviews.selectors.improvement_plans import (
    OPENS,
    PlanState,
    current_rule,
    get_plan_for,
    leaders_of,
    may_lead,
    people_to_plan_for,
    standing_states,
    state_of,
)
from reviews.services import improvement_notices as notices
from reviews.services.improvement_content import checked_content
from reviews.services.rights import checked_reason

OBJECTION_LIMIT = 1000
Kind = ImprovementPlan.Kind
Verdict = TermsSettlement.Verdict


@transaction.atomic
def open_plan(
    *,
    actor: User,
    employee_id: int,
    kind: str,
    content: Mapping[str, Any],
    evidence: Sequence[str] = (),
    owner_id: int | None = None,
    proposal_id: int | None = None,
    form_key: uuid.UUID | None = None,
) -> ImprovementPlan:
    """HR for anybody, managers for whom they lead today. Its first terms are served at once: it is open when they
    stand.

    evidence      keys (see selectors.improvement_evidence); an improvement plan needs one that lies below an absolute
                  standard
    owner_id      of HR, or somebody who leads the person today; left out: the actor, or the person's manager
    proposal_id   of the rule, which is thereby decided
    form_key      what was sent once with this key is given back the second time

    Refusals: improvement_not_allowed (403), improvement_about_self, improvement_kind_unknown,
    improvement_evidence_required, improvement_evidence_unknown, improvement_ground_relative,
    improvement_owner_unknown (422), improvement_open_already, improvement_proposal_decided (409), and those of
    checked_content. A person whom the actor may not plan for is Http404.
    """
    if not actor.has_role(*OPENS):
        raise Refusal("improvement_not_allowed", status=403)
    if form_key is not None:
        known = ImprovementPlan.objects.filter(form_key=form_key, opened_by=actor).first()
        if known is not None:
            return known
    if employee_id == actor.pk:
        raise Refusal("improvement_about_self", field="employee", status=422)
    employee = people_to_plan_for(actor).filter(pk=employee_id).first() if 0 < employee_id < 2**63 else None
    if employee is None:
        raise Http404
    # One row to queue up at: two managers opening a plan for the same person at once.
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=employee.pk)
    if kind not in Kind.values:
        raise Refusal("improvement_kind_unknown", field="kind", status=422, allowed=", ".join(Kind.values))
    if ImprovementPlan.objects.filter(employee=employee, kind=kind, closed_on__isnull=True).exists():
        raise Refusal("improvement_open_already", status=409, name=employee.name)
    proposal = _proposal(actor, proposal_id, employee, kind)
    ground = _ground(employee.pk, kind, evidence)
    owner = _owner(actor, employee, owner_id)
    made = checked_content(content, kind=kind, employee_id=employee.pk)
    with recording(actor=actor):
        plan = ImprovementPlan.objects.create(
            employee=employee, kind=kind, owner=owner, evidence=ground, opened_by=actor, form_key=form_key
        )
        terms = _serve(actor, plan, 1, made, "")
        if proposal is not None:
            proposal.decision, proposal.plan = PlanProposal.Decision.OPENED, plan
            proposal.decided_by, proposal.decided_at = actor, timezone.now()
            proposal.save()
    notices.tell_served(plan, terms)
    return plan


def _proposal(actor: User, proposal_id: int | None, employee: User, kind: str) -> PlanProposal | None:
    if proposal_id is None:
        return None
    found = (
        PlanProposal.objects.select_for_update().filter(pk=proposal_id, employee=employee, kind=kind).first()
        if actor.is_hr and 0 < proposal_id < 2**63
        else None
    )
    if found is None:
        raise Http404
    if found.decision:
        raise Refusal("improvement_proposal_decided", status=409)
    return found


def _ground(employee_id: int, kind: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    found = evidence_named(employee_id, list(dict.fromkeys(keys)))
    for key in keys:
        if key not in found:
            raise Refusal("improvement_evidence_unknown", field="evidence", status=422, name=str(key)[:80])
    if kind == Kind.IMPROVEMENT:
        if not found:
            raise Refusal("improvement_evidence_required", field="evidence", status=422)
        if not any(each["is_below"] for each in found.values()):
            raise Refusal("improvement_ground_relative", field="evidence", status=422)
    return list(found.values())


def _owner(actor: User, employee: User, owner_id: int | None) -> User:
    if owner_id is None:
        return (manager_of(employee) or actor) if actor.is_hr else actor
    leaders = leaders_of([employee.pk], timezone.localdate())[employee.pk]
    owner = User.objects.filter(pk=owner_id).first() if 0 < owner_id < 2**63 else None
    if owner is None or owner.pk == employee.pk or not (owner.pk in leaders or owner.is_hr):
        raise Refusal("improvement_owner_unknown", field="owner", status=422)
    return owner


def _serve(
    actor: User, plan: ImprovementPlan, number: int, content: dict[str, Any], reason: str
) -> PlanTerms:
    until = timezone.localdate() + datetime.timedelta(days=current_rule().answer_days)
    return PlanTerms.objects.create(
        plan=plan, number=number, content=content, reason=reason, served_by=actor, object_until=until
    )


@transaction.atomic
def serve_terms(
    *, actor: User, plan_id: int, content: Mapping[str, Any], reason: str, seen: int
) -> PlanTerms:
    """A change: new terms, with a reason. What stands goes on until they do; terms that still waited are replaced.

    seen   the number of the newest terms that the actor looked at

    Refusals: improvement_not_yours (403), improvement_closed, improvement_stale (409), improvement_unchanged (422),
    cycle_reason_required, and those of checked_content.
    """
    plan, state = locked_plan(actor, plan_id)
    text = checked_reason(reason)
    newest = state.terms[-1]
    if seen != newest.number:
        raise Refusal("improvement_stale", status=409)
    made = checked_content(content, kind=plan.kind, employee_id=plan.employee_id, before=state.shown.content)
    if made == newest.content:
        raise Refusal("improvement_unchanged", status=422)
    with recording(actor=actor, reason=text):
        return serve_changed(actor, plan, state, made, text)


def serve_changed(
    actor: User, plan: ImprovementPlan, state: PlanState, content: dict[str, Any], reason: str
) -> PlanTerms:
    """Within the caller's transaction, the plan being locked."""
    if state.pending is not None:
        _settle(state.pending, Verdict.REPLACED, actor=actor, reason=reason)
    terms = _serve(actor, plan, state.terms[-1].number + 1, content, reason)
    notices.tell_served(plan, terms)
    return terms


def locked_plan(actor: User, plan_id: int) -> tuple[ImprovementPlan, PlanState]:
    """A plan that goes on and that the actor may lead, locked, with what has come to stand written down."""
    plan = get_plan_for(actor, plan_id)
    if not may_lead(actor, plan):
        raise Refusal("improvement_not_yours", status=403)
    return locked_open_plan(plan)


def locked_open_plan(plan: ImprovementPlan) -> tuple[ImprovementPlan, PlanState]:
    locked = (
        ImprovementPlan.objects.select_for_update(of=("self",))
        .select_related("employee", "owner")
        .get(pk=plan.pk)
    )
    if locked.closed_on is not None:
        raise Refusal("improvement_closed", status=409)
    if settle_lapsed(locked):
        locked.refresh_from_db()
    return locked, state_of(locked)


# The person's answer ----------------------------------------------------------------------------------------------


@transaction.atomic
def agree_to_terms(*, actor: User, plan_id: int, number: int) -> TermsSettlement:
    """The person agrees; the terms stand from today. Refusals: improvement_answer_own (403),
    improvement_nothing_to_answer (409)."""
    plan, terms = _to_answer(actor, plan_id, number)
    with recording(actor=actor):
        settled = _settle(terms, Verdict.AGREED, actor=actor, stands=True)
    notices.tell_standing(plan, terms)
    return settled


@transaction.atomic
def object_to_terms(*, actor: User, plan_id: int, number: int, text: str) -> PlanObjection:
    """In time, with a reason; what stood before goes on until HR or a manager has decided.

    Refusals: improvement_answer_own (403), improvement_nothing_to_answer, improvement_objection_late (409),
    improvement_text_required, cycle_text_too_long (422).
    """
    words = text.strip() if isinstance(text, str) else ""
    if not words:
        raise Refusal("improvement_text_required", field="text", status=422)
    if len(words) > OBJECTION_LIMIT:
        raise Refusal("cycle_text_too_long", field="text", status=422, limit=OBJECTION_LIMIT)
    plan, terms = _to_answer(actor, plan_id, number, late="improvement_objection_late")
    with recording(actor=actor):
        objection = PlanObjection.objects.create(terms=terms, text=words, created_by=actor)
    notices.tell_objected(plan, terms, words)
    return objection


def _to_answer(
    actor: User, plan_id: int, number: int, *, late: str = "improvement_nothing_to_answer"
) -> tuple[ImprovementPlan, PlanTerms]:
    plan = get_plan_for(actor, plan_id)
    if plan.employee_id != actor.pk:
        raise Refusal("improvement_answer_own", status=403)
    locked, state = locked_open_plan(plan)
    terms = state.pending
    if terms is None or terms.number != number or state.is_objected:
        asked = next((each for each in state.terms if each.number == number), None)
        lapsed = (
            asked is not None and hasattr(asked, "settlement") and asked.settlement.verdict == Verdict.LAPSED
        )
        raise Refusal(late if lapsed else "improvement_nothing_to_answer", status=409)
    return locked, terms


@transaction.atomic
def decide_objection(*, actor: User, plan_id: int, number: int, stands: bool, reason: str) -> TermsSettlement:
    """HR or a manager of the person, with a reason: the terms stand from today, or fall.

    Refusals: improvement_not_yours (403), improvement_no_objection, improvement_closed (409), cycle_reason_required
    (422).
    """
    plan, state = locked_plan(actor, plan_id)
    text = checked_reason(reason)
    terms = state.pending
    if terms is None or not state.is_objected or terms.number != number:
        raise Refusal("improvement_no_objection", status=409)
    with recording(actor=actor, reason=text):
        settled = _settle(
            terms,
            Verdict.CONFIRMED if stands else Verdict.UPHELD,
            actor=actor,
            reason=text,
            stands=stands,
        )
    notices.tell_decided(plan, terms, stands=stands, reason=text)
    return settled


def _settle(
    terms: PlanTerms, verdict: str, *, actor: User | None, reason: str = "", stands: bool = False
) -> TermsSettlement:
    return TermsSettlement.objects.create(
        terms=terms,
        verdict=verdict,
        stands_from=timezone.localdate() if stands else None,
        reason=reason,
        settled_by=actor,
    )


def settle_lapsed(plan: ImprovementPlan, today: datetime.date | None = None) -> bool:
    """Writes down that nobody objected in time. Within the caller's transaction, the plan being locked; doing it twice
    changes nothing."""
    day = today or timezone.localdate()
    waiting = PlanTerms.objects.filter(
        plan=plan, settlement__isnull=True, objection__isnull=True, object_until__lt=day
    ).first()
    if waiting is None:
        return False
    with recording(actor=None):
        TermsSettlement.objects.create(
            terms=waiting,
            verdict=Verdict.LAPSED,
            stands_from=waiting.object_until + datetime.timedelta(days=1),
        )
    notices.tell_standing(plan, waiting)
    return True


def settle_all_lapsed(today: datetime.date | None = None) -> int:
    """For the clock: each plan in a transaction of its own. Returns how many terms have come to stand."""
    day = today or timezone.localdate()
    settled = 0
    for state in standing_states(day, terms__settlement__isnull=True, terms__object_until__lt=day):
        with transaction.atomic():
            plan = (
                ImprovementPlan.objects.select_for_update(of=("self",))
                .select_related("employee", "owner")
                .get(pk=state.plan.pk)
            )
            if plan.closed_on is None:
                settled += settle_lapsed(plan, day)
    return settled
