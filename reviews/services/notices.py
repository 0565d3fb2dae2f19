"""Telling people what happened in a review, reminding who owes, and telling a late rater's leader."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.calendars import is_working_day
from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from people.models import RoleGrant, User
from people.selectors.leaders import raters_for
from reviews import topics
from reviews.models import Conversation, Cycle, Participant, PhaseChange, ReleaseHold, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.duties import names_of, open_forms_by_rater
from reviews.selectors.feedback import held_up_by
from reviews.selectors.results import shut_results
from reviews.selectors.voice_duties import open_voices
from reviews.services.rights import require_hr
from reviews.services.voice_invitations import ask_customers


@transaction.atomic
def tell_of_phase(change_id: int) -> int:
    """What a step of a cycle means for whom. Doing it twice tells nobody twice; a step that is gone tells nobody."""
    change = PhaseChange.objects.select_related("cycle").filter(pk=change_id).first()
    if change is None:
        return 0
    cycle, told = change.cycle, 0
    key = f"cycle:{cycle.pk}:change:{change.pk}"
    mine = reverse("reviews:standing_in", args=[cycle.code])
    if change.from_phase == Phase.SETUP and change.to_phase != Phase.CANCELLED:
        told += _tell(topics.LAUNCHED, key, cycle, _participants(cycle), mine)
    if change.to_phase == Phase.RATING:
        told += _tell(topics.RATING, key, cycle, open_forms_by_rater(cycle), reverse("reviews:queue"))
        asked = open_voices().filter(round__cycle=cycle).values_list("rater", flat=True).distinct()
        told += _tell(topics.VOICES_OPEN, key, cycle, asked, reverse("reviews:voices"))
        ask_customers(cycle)
    elif change.to_phase == Phase.RELEASE:
        shut = set(shut_results(cycle=cycle).values_list("employee", flat=True))
        told += _tell(topics.RELEASED, key, cycle, set(_participants(cycle)) - shut, mine)
    if change.to_phase in (Phase.CALIBRATION, Phase.RELEASE):
        told += _tell_of_feedback(key, cycle)
    elif change.to_phase == Phase.CANCELLED and change.from_phase != Phase.SETUP:
        told += _tell(topics.CANCELLED, key, cycle, {*_participants(cycle), *_raters(cycle)}, "")
    return told


def _tell_of_feedback(key: str, cycle: Cycle) -> int:
    """Each manager hears of the number of people who wait for suggestions."""
    by_count: dict[int, list[int]] = {}
    for row in held_up_by(cycle):
        if row.rater is not None:
            by_count.setdefault(row.people, []).append(row.rater.pk)
    return sum(
        notify(
            topic=topics.FEEDBACK_OWED,
            key=key,
            recipients=raters,
            params={"count": count, "cycle": names_of(cycle)},
            url=reverse("reviews:feedback_list", args=[cycle.code]),
        )
        for count, raters in by_count.items()
    )


def tell_of_opened_result(hold: ReleaseHold) -> None:
    """In the transaction that opens it."""
    notify(
        topic=topics.RELEASED,
        key=f"hold:{hold.pk}",
        recipients=[hold.employee_id],
        params={"cycle": names_of(hold.cycle)},
        url=reverse("reviews:standing_in", args=[hold.cycle.code]),
    )


def tell_of_notes(notes: Conversation) -> None:
    """In the transaction that writes them."""
    participant = notes.participant
    notify(
        topic=topics.NOTES_TO_SIGN,
        key=f"notes:{notes.pk}:{notes.version}",
        recipients=[participant.employee_id],
        params={"cycle": names_of(participant.cycle)},
        url=reverse("reviews:conversation", args=[participant.cycle.code, participant.employee_id]),
    )


def _tell(topic: str, key: str, cycle: Cycle, people: Iterable[int], url: str) -> int:
    return notify(topic=topic, key=key, recipients=list(people), params={"cycle": names_of(cycle)}, url=url)


def _participants(cycle: Cycle) -> list[int]:
    return list(Participant.objects.filter(cycle=cycle).values_list("employee_id", flat=True))


def _raters(cycle: Cycle) -> list[int]:
    sheets = ScoreSheet.objects.filter(participant__cycle=cycle)
    return list(sheets.values_list("rater", flat=True).distinct().order_by())


@transaction.atomic
def remind_raters(*, actor: User, cycle: Cycle, team_ids: Collection[int] | None = None) -> int:
    """HR reminds everyone who still owes forms, or those who owe them on people of these teams. Returns how many hear
    of it: nobody is reminded of one cycle twice on a day.

    Refusals: reminding_not_open (409) unless the cycle is in rating; nobody_owes (409).
    """
    require_hr(actor)
    if cycle.phase != Phase.RATING:
        raise Refusal("reminding_not_open", status=409)
    owed = open_forms_by_rater(cycle, team_ids=team_ids)
    if not owed:
        raise Refusal("nobody_owes", status=409)
    # The whole of what they owe in this cycle, whichever team the reminder was about.
    forms = open_forms_by_rater(cycle)
    by_count: dict[int, list[int]] = {}
    for rater in owed:
        by_count.setdefault(forms[rater], []).append(rater)
    key = f"cycle:{cycle.pk}:reminded:{timezone.localdate().isoformat()}"
    return sum(
        notify(
            topic=topics.REMINDED,
            key=key,
            recipients=raters,
            params={"sender": actor.name, "count": count, "cycle": names_of(cycle)},
            url=reverse("reviews:queue"),
        )
        for count, raters in by_count.items()
    )


def tell_form_returned(sheet: ScoreSheet, reason: str) -> None:
    """In the transaction that gives the form back."""
    participant = sheet.participant
    notify(
        topic=topics.FORM_RETURNED,
        key=f"sheet:{sheet.pk}:{sheet.version}",
        recipients=[sheet.rater_id],
        params={
            "employee": participant.employee.name,
            "cycle": names_of(participant.cycle),
            "reason": reason,
        },
        url=reverse("reviews:grid", args=[participant.cycle.code, sheet.component]),
    )


@transaction.atomic
def escalate_late_raters(today: datetime.date | None = None) -> int:
    """A rater's leader and HR hear once per cycle of forms that are LAUREL_ESCALATE_AFTER_DAYS days late. On working
    days only. Returns how many notices were new."""
    day = today or timezone.localdate()
    if not is_working_day(day):
        return 0
    last_due = day - datetime.timedelta(days=settings.LAUREL_ESCALATE_AFTER_DAYS)
    told = 0
    for cycle in Cycle.objects.filter(phase=Phase.RATING, rating_due_on__lte=last_due).order_by("pk"):
        owed = open_forms_by_rater(cycle)
        leaders = raters_for(owed, day)
        raters = User.objects.in_bulk(owed)
        hr = list(RoleGrant.objects.filter(role="hr").values_list("user_id", flat=True))
        for rater, count in owed.items():
            told += notify(
                topic=topics.FORMS_LATE,
                key=f"cycle:{cycle.pk}:late:{rater}",
                recipients=[each for each in {leaders.get(rater), *hr} - {rater} if each is not None],
                params={
                    "count": count,
                    "rater": raters[rater].name,
                    "cycle": names_of(cycle),
                    "due": {"day": cycle.rating_due_on.isoformat()},  # type: ignore[union-attr]
                },
                url=reverse("reviews:cycle", args=[cycle.code]),
            )
    return told
