"""What people hear of their money, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from foundation.delivery.topics import Topic, register

PAID = "payout.approved"
AWARDED = "award.given"
AWARDED_BY_RULE = "award.earned"


def register_topics() -> None:
    register(
        Topic(AWARDED, _("%(giver)s recognised you: %(kind)s"), icon="award"),
        Topic(AWARDED_BY_RULE, _("You earned a recognition: %(kind)s"), icon="award"),
        Topic(PAID, _("Your statement for %(cycle)s is there: %(plan)s"), icon="receipt"),
    )
