"""Who may change what. Reading is the selectors' business."""

from __future__ import annotations

from foundation.refusals import Refusal
from people.models import User

APPROVERS = ("hr", "payroll")
REASON_LIMIT = 400


def require_hr(actor: User) -> None:
    if not actor.is_hr:
        raise Refusal("not_hr", status=403)


def require_approver(actor: User) -> None:
    if not actor.has_role(*APPROVERS):
        raise Refusal("not_approver", status=403)


def checked_reason(reason: str) -> str:
    text = (reason or "").strip()
    if not text:
        raise Refusal("payout_reason", field="reason", status=422)
    if len(text) > REASON_LIMIT:
        raise Refusal("payout_reason_long", field="reason", status=422, limit=REASON_LIMIT)
    return text
