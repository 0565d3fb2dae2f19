"""Who may change people, teams and roles: HR."""

from __future__ import annotations

from foundation.refusals import Refusal
from people.models import User


def require_hr(actor: User | None) -> None:
    """Refusal people_hr_only (403). No actor at all is whoever holds the server: a command line, a first set-up."""
    if actor is not None and not actor.is_hr:
        raise Refusal("people_hr_only", status=403)
