"""Telling people something, and their reading it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from foundation.delivery.models import MailChoice, Notice
from foundation.refusals import Refusal

_TELL = f"""
    INSERT INTO {Notice._meta.db_table} (recipient_id, topic, key, params, url, created_at)
    SELECT person, %s, %s, %s::jsonb, %s, now() FROM unnest(%s::bigint[]) AS person
    ON CONFLICT (recipient_id, topic, key) DO NOTHING
"""  # noqa: S608  the table's own name


def notify(
    *,
    topic: str,
    key: str,
    recipients: Collection[int],
    params: Mapping[str, Any] | None = None,
    url: str = "",
) -> int:
    """Tell these people, in the caller's transaction and in one statement. Returns how many had not been told yet.

    The same topic and key reach a person once, however often and at whatever moment this is called.
    """
    people = sorted(set(recipients))
    if not people:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [topic, key, json.dumps(params or {}), url, people])
        return cursor.rowcount


@transaction.atomic
def read_notices(*, actor: Any, notice_ids: Collection[int] | None = None) -> int:
    """Mark the person's own notices as read; None: all. Refusal notice_ids_unknown (422), and then none is marked."""
    mine = Notice.objects.filter(recipient=actor)
    if notice_ids is not None:
        mine = mine.filter(pk__in=notice_ids)
        if mine.count() != len(set(notice_ids)):
            raise Refusal("notice_ids_unknown", field="ids", status=422)
    return mine.filter(read_at__isnull=True).update(read_at=timezone.now())


def choose_mail(*, actor: Any, daily: bool) -> MailChoice:
    choice, _created = MailChoice.objects.update_or_create(user=actor, defaults={"daily": daily})
    return choice
