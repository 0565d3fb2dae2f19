"""The mail that brings a customer the link. Nothing of it is stored: the link is made again whenever it is sent."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from people.models import User
from reviews.models import VoiceInvitation
from reviews.models.cycles import Phase
from reviews.services.voice_links import link_of


def mail_customer(invitation_id: int) -> bool:
    """True when the mail server took it. Who was taken out, or has answered, gets no mail."""
    invitation = (
        VoiceInvitation.objects.select_related("participant__employee", "round__cycle")
        .filter(pk=invitation_id, state=VoiceInvitation.State.APPROVED, group="customers", has_answered=False)
        .filter(round__is_open=True, round__cycle__phase=Phase.RATING)  # before, the link would open nothing
        .exclude(nonce="")
        .first()
    )
    if invitation is None or not settings.LAUREL_MAIL:
        return False
    with translation.override(invitation.language or User.Language.CHINESE):
        name = invitation.participant.employee.name
        text = render_to_string(
            "reviews/customer_mail.txt",
            {
                "contact": invitation.contact_name,
                "employee": name,
                "link": link_of(invitation),
                "expires_on": invitation.expires_on,
            },
        )
        subject = _("How was working with %(name)s?") % {"name": name}
    return bool(
        EmailMessage(
            subject=" ".join(subject.split()),
            body=text,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[invitation.contact_email],
            headers={"Auto-Submitted": "auto-generated"},
        ).send()
    )
