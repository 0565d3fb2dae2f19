"""Reading a result is noted once, with or without agreeing; nothing follows from it but that HR sees who has not read
theirs, and who does not agree."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404

from foundation.refusals import Refusal
from people.models import User
from reviews.models import Acknowledgement, Cycle, Participant
from reviews.selectors.results import released_result_of

COMMENT_LIMIT = 1000


@transaction.atomic
def acknowledge_result(
    *, actor: User, cycle: Cycle, comment: str = "", agrees: bool | None = None
) -> Acknowledgement:
    """The second time changes nothing. Http404 for who takes no part; result_not_open (409) before the own release."""
    if not Participant.objects.filter(cycle=cycle, employee=actor).exists():
        raise Http404
    if released_result_of(actor, cycle) is None:
        raise Refusal("result_not_open", status=409)
    if len(comment) > COMMENT_LIMIT:
        raise Refusal("cycle_comment_too_long", field="comment", status=422, limit=COMMENT_LIMIT)
    found, _created = Acknowledgement.objects.get_or_create(
        cycle=cycle, employee=actor, defaults={"comment": comment.strip(), "agrees": agrees}
    )
    return found
