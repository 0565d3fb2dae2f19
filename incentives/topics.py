"""What people hear of their money, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from foundation.delivery.topics import Topic, register

PAID = "payout.approved"


def register_topics() -> None:
    register(
        Topic(PAID, _("Your statement for %(cycle)s is there: %(plan)s"), icon="receipt"),
    )
