"""Appeals: filed and withdrawn by the employee, assigned by HR, commented by those concerned, decided by somebody who
had no hand in the result."""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.trail.services import recording
from people.models import User
from reviews.methods.feedback import appeal_rule
from reviews.models import Appeal, AppealComment, AppealFile, Correction, Cycle, Participant, Result
from reviews.models.appeals import OPEN_STATES, AppealState
from reviews.selectors.appeals import (
    OPEN_PHASES,
    appeals_until,
    eligible_deciders,
    get_appeal_for,
    involved_in,
    item_of,
)
from reviews.selectors.corrected_results import Foresight, foresee
from reviews.selectors.results import released_result_of
from reviews.services import appeal_notices as notices
from reviews.services.evidence_files import check_files, keep_files
from reviews.services.rights import require_hr

REASON_LIMIT = 2000
LEAST_REASON = 10
HIGHEST = 200.0
DECIMALS = 6


@transaction.atomic
def file_appeal(
    *,
    actor: User,
    cycle: Cycle,
    component: str,
    subject: str = "",
    proposed_score: float,
    reason: str,
    files: Sequence[Any] = (),
    form_key: uuid.UUID | None = None,
) -> Appeal:
    """Against one item of the own open result. Everything is stored, or nothing.

    proposed_score  points at target scale, above what stands
    form_key        of the page that it was sent from: a second tap files nothing twice
    Refusals: result_not_open, appeal_closed, appeal_late, appeal_open (409); appeal_item_unknown, appeal_score_range,
    appeal_not_higher, appeal_reason_short, cycle_text_too_long, and those of the files (422, 413). Http404 for who
    takes no part.
    """
    participant = Participant.objects.filter(cycle=cycle, employee=actor).first()
    if participant is None:
        raise Http404
    # The cycle first: whoever closes it waits for us, or we find it closed.
    locked = Cycle.objects.select_for_update(of=("self",)).select_related("published_run").get(pk=cycle.pk)
    if form_key is not None and (known := Appeal.objects.filter(form_key=form_key, employee=actor).first()):
        return known
    result = released_result_of(actor, locked)
    if result is None or locked.published_run is None:
        raise Refusal("result_not_open", status=409)
    if locked.phase not in OPEN_PHASES:
        raise Refusal("appeal_closed", status=409)
    until = appeals_until(locked, actor.pk)
    today = timezone.localdate()
    if until is None or today > until:
        raise Refusal("appeal_late", status=409, day=until.isoformat() if until else "")
    item = item_of(locked, result, component, subject)
    if item is None:
        raise Refusal("appeal_item_unknown", field="item", status=422)
    score = _checked_score(proposed_score, "proposed_score")
    if item.score is not None and score <= item.score:
        raise Refusal("appeal_not_higher", field="proposed_score", status=422, score=round(item.score, 2))
    text = _checked_text(reason, "reason")
    checked = check_files(list(files))
    if Appeal.objects.filter(
        participant=participant, component=component, subject=subject, state__in=OPEN_STATES
    ).exists():
        raise Refusal("appeal_open", field="item", status=409)
    with recording(actor=actor):
        appeal = _insert(
            Appeal(
                cycle=locked,
                participant=participant,
                employee=actor,
                run=locked.published_run,
                component=component,
                subject=subject,
                current_score=item.score,
                proposed_score=score,
                reason=text,
                answer_due_on=today + datetime.timedelta(days=appeal_rule(locked.configuration).answer_days),
                form_key=form_key,
            )
        )
    notices.tell_of_filing(appeal)
    keep_files(actor=actor, appeal=appeal, files=checked)
    return appeal


def _insert(appeal: Appeal) -> Appeal:
    try:
        with transaction.atomic():
            appeal.save(force_insert=True)
    except IntegrityError as error:
        if "one_open_appeal_per_item" not in str(error):
            raise
        raise Refusal("appeal_open", field="item", status=409) from None
    return appeal


@transaction.atomic
def add_files(*, actor: User, appeal_id: int, files: Sequence[Any]) -> list[AppealFile]:
    """More evidence while it is open; the appellant's to give. Refusals: appeal_not_yours (403), appeal_decided (409)
    and those of the files."""
    appeal = _locked(actor, appeal_id)
    if appeal.employee_id != actor.pk:
        raise Refusal("appeal_not_yours", status=403)
    _require_open(appeal)
    checked = check_files(list(files) or [None], already=appeal.files.count())
    return keep_files(actor=actor, appeal=appeal, files=checked)


@transaction.atomic
def comment_appeal(*, actor: User, appeal_id: int, text: str) -> AppealComment:
    """A word of somebody who may read it, but for auditors, who change nothing. While it is open."""
    appeal = _locked(actor, appeal_id)
    if actor.is_auditor and not actor.is_hr and actor.pk not in (appeal.decider_id, appeal.employee_id):
        raise Refusal("appeal_not_yours", status=403)
    _require_open(appeal)
    words = _checked_text(text, "text", least=1)
    with recording(actor=actor):
        comment = AppealComment.objects.create(appeal=appeal, text=words, created_by=actor)
    notices.tell_of_comment(comment)
    return comment


@transaction.atomic
def withdraw_appeal(*, actor: User, appeal_id: int) -> Appeal:
    """The appellant takes it back before it is decided."""
    appeal = _locked(actor, appeal_id)
    if appeal.employee_id != actor.pk:
        raise Refusal("appeal_not_yours", status=403)
    _require_open(appeal)
    appeal.state, appeal.closed_at = AppealState.WITHDRAWN, timezone.now()
    with recording(actor=actor):
        appeal.save(update_fields=["state", "closed_at"])
    notices.tell_of_withdrawal(appeal)
    return appeal


@transaction.atomic
def assign_appeal(*, actor: User, appeal_id: int, decider_id: int) -> Appeal:
    """HR names who decides. Nobody with a hand in the result can be named, not even HR by itself.

    Refusals: cycle_hr_only, appeal_own (403), decider_involved, decider_unknown (422), appeal_decided (409).
    """
    require_hr(actor)
    appeal = _locked(actor, appeal_id)
    if appeal.employee_id == actor.pk:
        raise Refusal("appeal_own", status=403)
    _require_open(appeal)
    if decider_id in involved_in(appeal):
        raise Refusal("decider_involved", field="decider", status=422)
    decider = eligible_deciders(appeal).filter(pk=decider_id).first() if 0 < decider_id < 2**63 else None
    if decider is None:
        raise Refusal("decider_unknown", field="decider", status=422)
    appeal.decider, appeal.assigned_by, appeal.assigned_at = decider, actor, timezone.now()
    appeal.state = AppealState.UNDER_REVIEW
    with recording(actor=actor):
        appeal.save(update_fields=["decider", "assigned_by", "assigned_at", "state"])
    notices.tell_decider(appeal)
    return appeal


@transaction.atomic
def decide_appeal(
    *, actor: User, appeal_id: int, accept: bool, reason: str, score: float | None = None
) -> Appeal:
    """Accepting sets the item to `score` (default: as proposed); less than proposed is accepted in part. A correction
    is written, and a run brings it into the results; nothing that was released is edited.

    Refusals: appeal_own, appeal_not_yours_to_decide, decider_involved (403); appeal_decided, appeal_not_assigned,
    appeal_closed (409); appeal_score_range, appeal_not_higher, appeal_above_proposal, appeal_reason_short (422).
    """
    appeal = _locked(actor, appeal_id)
    _require_to_decide(appeal, actor)
    text = _checked_text(reason, "reason")
    cycle = Cycle.objects.select_for_update(of=("self",)).get(pk=appeal.cycle_id)
    if cycle.phase not in OPEN_PHASES:
        raise Refusal("appeal_closed", status=409)
    with recording(actor=actor, reason=text):
        if accept:
            _accept(appeal, actor, score)
        else:
            appeal.state = AppealState.REJECTED
        appeal.answer, appeal.closed_at = text, timezone.now()
        appeal.save(update_fields=["state", "answer", "closed_at", "decided_score"])
        if accept:
            Correction.objects.create(
                cycle=cycle,
                employee_id=appeal.employee_id,
                appeal=appeal,
                component=appeal.component,
                subject=appeal.subject,
                before=_present_score(appeal),
                score=appeal.decided_score or 0.0,
                created_by=actor,
            )
            runs.emit("appeal.accepted", cycle_id=cycle.pk)
    notices.tell_of_decision(appeal)
    return appeal


def foresee_decision(*, actor: User, appeal_id: int, score: float | None = None) -> Foresight:
    """What accepting it at `score` (default: as proposed) would make of the result; nothing is stored. For whom
    decides, with the refusals of deciding, and result_not_open (409) where there is no result to change."""
    appeal = get_appeal_for(actor, appeal_id)
    _require_to_decide(appeal, actor)
    foresight = foresee(appeal, _score_to_set(appeal, score))
    if foresight is None:
        raise Refusal("result_not_open", status=409)
    return foresight


def _require_to_decide(appeal: Appeal, actor: User) -> None:
    if appeal.employee_id == actor.pk:
        raise Refusal("appeal_own", status=403)
    _require_open(appeal)
    if appeal.decider_id is None:
        raise Refusal("appeal_not_assigned", status=409)
    if appeal.decider_id != actor.pk:
        raise Refusal("appeal_not_yours_to_decide", status=403)
    # Somebody may have calibrated or judged since they were named.
    if actor.pk in involved_in(appeal):
        raise Refusal("decider_involved", status=403)


def _accept(appeal: Appeal, actor: User, score: float | None) -> None:
    decided = _score_to_set(appeal, score)
    appeal.decided_score = decided
    appeal.state = AppealState.ACCEPTED if decided == appeal.proposed_score else AppealState.PARTLY


def _score_to_set(appeal: Appeal, score: float | None) -> float:
    decided = appeal.proposed_score if score is None else _checked_score(score, "score")
    present = _present_score(appeal)
    if present is not None and decided <= present:
        raise Refusal("appeal_not_higher", field="score", status=422, score=round(present, 2))
    if decided > appeal.proposed_score:
        raise Refusal(
            "appeal_above_proposal", field="score", status=422, score=round(appeal.proposed_score, 2)
        )
    return decided


def _present_score(appeal: Appeal) -> float | None:
    """Another appeal may have raised it since this one was filed."""
    cycle = Cycle.objects.select_related("published_run").get(pk=appeal.cycle_id)
    result = Result.objects.filter(run=cycle.published_run, employee=appeal.employee_id).first()
    item = item_of(cycle, result, appeal.component, appeal.subject) if result is not None else None
    return item.score if item is not None else appeal.current_score


def _locked(actor: User, appeal_id: int) -> Appeal:
    """Http404 for who may not read it."""
    get_appeal_for(actor, appeal_id)
    return (
        Appeal.objects.select_for_update(of=("self",))
        .select_related("cycle", "employee", "participant")
        .get(pk=appeal_id)
    )


def _require_open(appeal: Appeal) -> None:
    if not appeal.is_open:
        raise Refusal("appeal_decided", status=409, state=AppealState(appeal.state).label)


def _checked_score(value: float, field: str) -> float:
    if isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= HIGHEST:
        raise Refusal("appeal_score_range", field=field, status=422, limit=int(HIGHEST))
    return round(float(value), DECIMALS)


def _checked_text(text: str, field: str, *, least: int = LEAST_REASON) -> str:
    words = text.strip()
    if len(words) < least:
        raise Refusal("appeal_reason_short", field=field, status=422, least=least)
    if len(words) > REASON_LIMIT:
        raise Refusal("cycle_text_too_long", field=field, status=422, limit=REASON_LIMIT)
    return words
