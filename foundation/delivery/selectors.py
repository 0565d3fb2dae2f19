"""One's own notices; nobody reads another person's."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404

from foundation.delivery.models import DailyMail, MailChoice, Notice


def visible_notices(user: Any) -> QuerySet[Notice]:
    if not user.is_authenticated:
        return Notice.objects.none()
    return Notice.objects.filter(recipient=user)


def get_notice_for(user: Any, notice_id: int) -> Notice:
    """Http404 alike for a missing notice and somebody else's."""
    found = visible_notices(user).filter(pk=notice_id).first() if 0 < notice_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def wants_mail(user: Any) -> bool:
    choice = MailChoice.objects.filter(user=user).first()
    return choice is None or choice.daily


def mail_counts() -> dict[str, int]:
    """{state: number of mails}, for whoever operates the server."""
    rows = DailyMail.objects.values_list("state").annotate(Count("id")).order_by()
    return dict(rows)
