"""What an amendment of the cycle means for an open 360: a joiner is asked about, a leaver no more, a new manager is
asked as the superior. Closed questionnaires stay as they are: nobody knows any more whose answer is whose."""

from __future__ import annotations

from django.utils import timezone

from reviews.models import Participant, VoiceInvitation, VoiceRound
from reviews.selectors.voice_rounds import STANDING, circle_on, component_of_round
from reviews.services.voice_answers import forget_draft
from reviews.services.voice_rounds import proposed_raters

State = VoiceInvitation.State


def _open_rounds(participant: Participant) -> list[VoiceRound]:
    found = VoiceRound.objects.select_for_update(of=("self",)).select_related("cycle")
    return list(found.filter(cycle=participant.cycle_id, is_open=True).order_by("pk"))


def invite_for_joiner(participant: Participant) -> None:
    for voices in _open_rounds(participant):
        known = set(
            VoiceInvitation.objects.filter(
                round=voices, participant=participant, state__in=STANDING, rater__isnull=False
            ).values_list("rater", flat=True)
        )
        circle = circle_on(min(voices.cycle.last_day, timezone.localdate()))
        asked = proposed_raters(voices, component_of_round(voices), [participant], circle)
        VoiceInvitation.objects.bulk_create([each for each in asked if each.rater_id not in known])


def release_raters_of(participant: Participant) -> None:
    """Nobody is asked about somebody who takes part no more; forms that were begun go with it."""
    for voices in _open_rounds(participant):
        _take_out(voices, participant)


def follow_manager(participant: Participant, before: int | None, after: int) -> None:
    """The new manager in the place of the old one, unless that one has answered already."""
    for voices in _open_rounds(participant):
        superior = VoiceInvitation.objects.filter(
            round=voices, participant=participant, group="superior", rater=before, state__in=STANDING
        ).first()
        if superior is None or superior.has_answered:
            continue
        others = VoiceInvitation.objects.filter(
            round=voices, participant=participant, rater=after, state__in=STANDING
        )
        # As a colleague the new manager would answer twice.
        if any(each.has_answered for each in others):
            continue
        for each in others:
            _withdraw(each, voices)
        _withdraw(superior, voices, State.REPLACED)
        VoiceInvitation.objects.create(
            round=voices,
            participant=participant,
            group="superior",
            rater_id=after,
            state=State.APPROVED,
            replaces=superior,
        )


def _take_out(voices: VoiceRound, participant: Participant) -> None:
    for each in VoiceInvitation.objects.filter(round=voices, participant=participant, state__in=STANDING):
        _withdraw(each, voices)


def _withdraw(invitation: VoiceInvitation, voices: VoiceRound, state: str = State.REMOVED) -> None:
    invitation.round = voices
    forget_draft(invitation)
    invitation.state = state
    invitation.save(update_fields=["state"])
