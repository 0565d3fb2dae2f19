"""The agent objects, and somebody who did not score the call decides. Nothing that was scored is ever changed: an
accepted dispute adds another score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import Inspection, InspectionDispute
from metrics.selectors.inspectors import is_reviewer
from metrics.services.inspections import (
    announce,
    build_score,
    check_complete,
    checked_answer,
    checked_comment,
    entry_of,
)
from people.models import User

REASON_LIMIT = 2000


def last_dispute_day(inspection: Inspection) -> date | None:
    """The last day on which the agent may object, None where the form offers no dispute or nothing is scored yet."""
    days = inspection.form_version.dispute_days
    if inspection.submitted_at is None or not days:
        return None
    return timezone.localdate(inspection.submitted_at) + timedelta(days=days)


@transaction.atomic
def raise_dispute(
    *, actor: User, inspection_id: int, reason: str, items: Sequence[str] = ()
) -> InspectionDispute:
    """Refusals: dispute_not_offered, dispute_closed, dispute_twice (409), dispute_reason, inspection_item_unknown. An
    inspection of somebody else, or one that is not scored yet, is Http404."""
    inspection = (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("form_version")
        .filter(pk=inspection_id, employee=actor, position=1, state=Inspection.State.SUBMITTED)
        .first()
        if 0 < inspection_id < 2**63
        else None
    )
    if inspection is None:
        raise Http404
    text = _checked_reason(reason)
    known = [code for code in items if entry_of(inspection.form_version, code) is not None]
    for code in items:
        if code not in known:
            raise Refusal("inspection_item_unknown", field="items", status=422, name=str(code)[:60])
    if InspectionDispute.objects.filter(inspection=inspection).exists():
        raise Refusal("dispute_twice", status=409)
    last = last_dispute_day(inspection)
    if last is None:
        raise Refusal("dispute_not_offered", status=403)
    if timezone.localdate() > last:
        raise Refusal("dispute_closed", status=403, day=last.isoformat())
    with recording(actor=actor, reason=text):
        return InspectionDispute.objects.create(
            inspection=inspection,
            score=inspection.scores.order_by("-number")[0],
            items=list(dict.fromkeys(known)),
            reason=text,
        )


@transaction.atomic
def decide_dispute(
    *,
    actor: User,
    inspection_id: int,
    decision: str,
    reason: str,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> InspectionDispute:
    """Accepts, with the answers as they should be, or rejects; either with a reason.

    answers   {item: {answer, comment}} that replace those of the score; what is left out stays. Needed to accept.
    Refusals: dispute_reviewer_only, dispute_own_score, dispute_own (403), dispute_decided (409), dispute_decision,
    dispute_reason, dispute_unchanged (422), and those of an incomplete form. Http404 where nothing was disputed.
    """
    if not is_reviewer(actor):
        raise Refusal("dispute_reviewer_only", status=403)
    dispute = (
        InspectionDispute.objects.select_for_update(of=("self",))
        .select_related("inspection__form_version", "score")
        .filter(inspection_id=inspection_id)
        .first()
        if 0 < inspection_id < 2**63
        else None
    )
    if dispute is None:
        raise Http404
    inspection = dispute.inspection
    if actor.pk == inspection.employee_id:
        raise Refusal("dispute_own", status=403)
    scorers = Inspection.objects.filter(sample=inspection.sample_id, external_id=inspection.external_id)
    if actor.pk in scorers.values_list("inspector_id", flat=True):
        raise Refusal("dispute_own_score", status=403)
    if dispute.decision:
        raise Refusal("dispute_decided", status=409)
    if decision not in (InspectionDispute.Decision.ACCEPTED, InspectionDispute.Decision.REJECTED):
        raise Refusal("dispute_decision", field="decision", status=422)
    text = _checked_reason(reason)
    with recording(actor=actor, reason=text):
        if decision == InspectionDispute.Decision.ACCEPTED:
            changed = _revised(dispute, answers or {})
            check_complete(inspection.form_version, changed)
            score = build_score(inspection, changed, scored_by=actor, number=dispute.score.number + 1)
            score.save(force_insert=True)
            dispute.new_score = score
        dispute.decision = decision
        dispute.decided_by, dispute.decided_at, dispute.decision_reason = actor, timezone.now(), text
        dispute.save()
    if dispute.new_score is not None:
        announce(inspection)
    return dispute


def _revised(
    dispute: InspectionDispute, answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    version = dispute.inspection.form_version
    before = {code: dict(value) for code, value in dispute.score.answers.items()}
    after = {code: dict(value) for code, value in before.items()}
    if not isinstance(answers, Mapping):
        raise Refusal("inspection_answer_malformed", field="answers", status=422)
    for code, value in answers.items():
        entry = entry_of(version, str(code))
        if entry is None:
            raise Refusal("inspection_item_unknown", field="answers", status=422, name=str(code)[:60])
        if not isinstance(value, Mapping):
            raise Refusal("inspection_answer_malformed", field="answers", status=422)
        found = after.setdefault(str(code), {"answer": "", "comment": ""})
        if "answer" in value:
            found["answer"] = checked_answer(value["answer"], entry)
        if "comment" in value:
            found["comment"] = checked_comment(value["comment"])
    if {code: each["answer"] for code, each in after.items() if each["answer"]} == {
        code: each["answer"] for code, each in before.items() if each["answer"]
    }:
        raise Refusal("dispute_unchanged", field="answers", status=422)
    return after


def _checked_reason(reason: Any) -> str:
    text = reason.strip() if isinstance(reason, str) else ""
    if not text or "\x00" in text:
        raise Refusal("dispute_reason", field="reason", status=422)
    if len(text) > REASON_LIMIT:
        raise Refusal("dispute_reason_long", field="reason", status=422, limit=REASON_LIMIT)
    return text
