"""The second look at forms, where the cycle asks for it: by the rater's own manager, before calibration."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from people.selectors.leaders import raters_for
from reviews import topics
from reviews.models import Judgement, ScoreSheet, SecondReview
from reviews.models.cycles import Phase
from reviews.selectors.second_reviews import asks_for_second_review, get_second_review_for
from reviews.services.rights import checked_reason

State = SecondReview.State


def ask_for_second_reviews(sheets: Iterable[ScoreSheet]) -> None:
    """In the transaction that hands them in. Whom nobody leads is looked at by nobody; nor does anybody review what is
    about themself."""
    asked = [each for each in sheets if asks_for_second_review(each.participant.cycle)]
    if not asked:
        return
    reviewers = raters_for({each.rater_id for each in asked})
    SecondReview.objects.bulk_create(
        [
            SecondReview(sheet=each, reviewer_id=reviewer)
            for each in asked
            if (reviewer := reviewers.get(each.rater_id)) and reviewer != each.participant.employee_id
        ]
    )


def void_second_reviews(sheets: Iterable[ScoreSheet]) -> None:
    """Of forms that go back to their rater by another way: what waits has nothing to look at any more."""
    SecondReview.objects.filter(sheet__in=list(sheets), state=State.WAITING).update(state=State.VOID)


@transaction.atomic
def decide_second_review(*, actor: User, review_id: int, confirm: bool, reason: str = "") -> SecondReview:
    """The reviewer, or HR in their place; nobody who scored or handed in the form.

    Refusals: second_review_not_yours, second_review_own (403), second_review_decided, rating_not_open (409),
    cycle_reason_required (422) to give back.
    """
    text = checked_reason(reason, required=not confirm)
    seen = get_second_review_for(actor, review_id)
    if seen.reviewer_id != actor.pk and not actor.is_hr:
        raise Refusal("second_review_not_yours", status=403)
    # The form before the review, as in handing in.
    sheet = (
        ScoreSheet.objects.select_for_update(of=("self",))
        .select_related("participant__cycle", "participant__employee")
        .get(pk=seen.sheet_id)
    )
    found = SecondReview.objects.select_for_update(of=("self",)).get(pk=seen.pk)
    if found.state != State.WAITING:
        raise Refusal("second_review_decided", status=409)
    if sheet.participant.cycle.phase != Phase.RATING:
        raise Refusal("rating_not_open", status=409)
    hands = {sheet.rater_id, sheet.submitted_by_id, sheet.participant.employee_id}
    hands |= set(Judgement.objects.filter(sheet=sheet).values_list("updated_by", flat=True))
    if actor.pk in hands:
        raise Refusal("second_review_own", status=403)
    with recording(actor=actor, reason=text):
        found.state = State.CONFIRMED if confirm else State.RETURNED
        found.reason, found.decided_by, found.decided_at = text, actor, timezone.now()
        found.save()
        if not confirm:
            sheet.state, sheet.submitted_at, sheet.submitted_by = ScoreSheet.State.DRAFT, None, None
            sheet.version += 1
            sheet.save(update_fields=["state", "submitted_at", "submitted_by", "version", "updated_at"])
    if not confirm:
        notify(
            topic=topics.FORM_RETURNED,
            key=f"second_review:{found.pk}",
            recipients=[sheet.rater_id],
            params={
                "employee": sheet.participant.employee.name,
                "cycle": {
                    "zh": sheet.participant.cycle.name_zh,
                    "en": sheet.participant.cycle.name_en,
                },
                "reason": text,
            },
            url=reverse("reviews:grid", args=[sheet.participant.cycle.code, sheet.component]),
        )
    return found
