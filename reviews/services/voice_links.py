"""The link by which a customer answers without an account: signed, expiring, good for one answer."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from foundation.refusals import Refusal
from reviews.models import VoiceInvitation
from reviews.models.cycles import Phase

SALT = "laurel.voices.customer"
APPROVED = VoiceInvitation.State.APPROVED


def token_of(invitation: VoiceInvitation) -> str:
    """Made again from the invitation alone: the link itself is stored nowhere."""
    return signing.dumps([invitation.pk, invitation.nonce], salt=SALT)


def link_of(invitation: VoiceInvitation) -> str:
    return settings.LAUREL_SITE_URL + reverse("reviews:voice_customer", args=[token_of(invitation)])


def invitation_of(token: str) -> VoiceInvitation:
    """Whom the link asks. Refusals, all 403 but the first: voice_link_unknown (404) for a link that was not made here,
    voice_removed, voice_link_expired, voices_closed, rating_not_open, voice_link_used."""
    try:
        pk, nonce = signing.loads(token, salt=SALT)
        pk, nonce = int(pk), str(nonce)
    except (signing.BadSignature, ValueError, TypeError):
        raise Refusal("voice_link_unknown", status=404) from None
    found = (
        VoiceInvitation.objects.select_related("round__cycle", "participant__employee")
        .filter(pk=pk, group="customers")
        .first()
    )
    if found is None or not nonce or found.nonce != nonce:
        raise Refusal("voice_link_unknown", status=404)
    if found.state != APPROVED:
        raise Refusal("voice_removed", status=403)
    if found.has_answered:
        raise Refusal("voice_link_used", status=403)
    if not found.round.is_open:
        raise Refusal("voices_closed", status=403)
    if found.expires_on is not None and found.expires_on < timezone.localdate():
        raise Refusal("voice_link_expired", status=403)
    if found.round.cycle.phase != Phase.RATING:
        raise Refusal("rating_not_open", status=403)
    return found
