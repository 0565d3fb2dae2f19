"""Who may change what. Reading is the selectors' business."""

from __future__ import annotations

from foundation.refusals import Refusal
from people.models import User

REASON_LIMIT = 400


def require_hr(actor: User) -> None:
    if not actor.is_hr:
        raise Refusal("cycle_hr_only", status=403)


def checked_reason(reason: str, *, required: bool = True) -> str:
    text = reason.strip()
    if required and not text:
        raise Refusal("cycle_reason_required", field="reason", status=422)
    if len(text) > REASON_LIMIT:
        raise Refusal("cycle_reason_too_long", field="reason", status=422, limit=REASON_LIMIT)
    return text
