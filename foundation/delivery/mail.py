"""One mail per person and working day: what they owe, what is new. Kept until the mail server has taken it."""

from __future__ import annotations

import datetime
import logging
import smtplib
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from foundation.delivery import calendars, duties, topics
from foundation.delivery.models import DailyMail, Notice

log = logging.getLogger(__name__)

CHUNK = 500
MOST_NOTICES = 10
#: News older than this is not mailed any more; it stands in the app.
NEWS_DAYS = 14
#: The mail is given up this long after it was written; the next day has a mail of its own.
GIVEN_UP_AFTER = datetime.timedelta(days=3)
SEND_BATCH = 100
KEPT = datetime.timedelta(days=90)
TIMEOUT_SECONDS = 15


def write_mails(now: datetime.datetime | None = None) -> int:
    """Write the mails of everyone whose day has begun and who owes something or has news. Returns how many.

    Calling it again the same day writes nothing twice: person and day are unique. Without an address, without a wish
    for mail, after the last day, at night and on days off nothing is written, nor without a mail server (LAUREL_MAIL);
    what is new waits for the next mail.
    """
    if not settings.LAUREL_MAIL:
        return 0
    moment = now or timezone.now()
    today = moment.astimezone(datetime.UTC).date()
    fresh = Notice.objects.filter(
        mailed_at__isnull=True,
        read_at__isnull=True,
        created_at__gte=moment - datetime.timedelta(days=NEWS_DAYS),
    )
    wanted = set(fresh.values_list("recipient_id", flat=True).distinct())
    wanted |= duties.owing(today)
    written = 0
    people = sorted(wanted)
    for start in range(0, len(people), CHUNK):
        written += _write_chunk(people[start : start + CHUNK], moment)
    return written


def _write_chunk(user_ids: list[int], moment: datetime.datetime) -> int:
    zones = calendars.zones_of(user_ids)
    awake = [person for person in user_ids if calendars.may_mail(moment, zones[person])]
    days = {person: moment.astimezone(zones[person]).date() for person in awake}
    done = set(
        DailyMail.objects.filter(recipient__in=awake, day__in=set(days.values())).values_list(
            "recipient_id", "day"
        )
    )
    people = {
        user.pk: user
        for user in get_user_model()
        .objects.filter(pk__in=[person for person in awake if (person, days[person]) not in done])
        .exclude(email="")
        .exclude(mail_choice__daily=False)
        if user.may_sign_in
    }
    by_day: dict[datetime.date, list[int]] = defaultdict(list)
    for person in people:
        by_day[days[person]].append(person)
    owed: dict[int, list[duties.Duty]] = {}
    for day, ids in by_day.items():
        owed |= duties.duties_of(ids, day)
    with transaction.atomic():
        news: dict[int, list[Notice]] = defaultdict(list)
        waiting = Notice.objects.select_for_update(skip_locked=True).filter(
            recipient__in=people,
            mailed_at__isnull=True,
            read_at__isnull=True,
            created_at__gte=moment - datetime.timedelta(days=NEWS_DAYS),
        )
        for notice in waiting.order_by("-id"):
            news[notice.recipient_id].append(notice)
        mails = [
            _written(people[person], days[person], owed.get(person, []), news.get(person, []), moment)
            for person in people
            if owed.get(person) or news.get(person)
        ]
        DailyMail.objects.bulk_create(mails, ignore_conflicts=True)
        # Those that were read above and no others: one that came in meanwhile waits for the next mail.
        said = [notice.pk for told in news.values() for notice in told]
        Notice.objects.filter(pk__in=said).update(mailed_at=moment)
    return len(mails)


def _written(
    user: Any, day: datetime.date, owed: list[duties.Duty], news: list[Notice], moment: datetime.datetime
) -> DailyMail:
    with translation.override(user.locale):
        told = [line for notice in news if (line := _line(notice))]
        context = {
            "person": user,
            "owed": [_owed_line(duty, day) for duty in owed],
            "news": told[:MOST_NOTICES],
            "more": max(len(told) - MOST_NOTICES, 0),
            "minutes": sum(duty.minutes or 0 for duty in owed),
            "site": settings.LAUREL_SITE_URL,
            "notices_url": settings.LAUREL_SITE_URL + "/notices/",
        }
        return DailyMail(
            recipient=user,
            day=day,
            address=user.email,
            language=user.locale,
            subject=_subject(owed, told)[:200],
            text=render_to_string("delivery/daily_mail.txt", context),
            html=render_to_string("delivery/daily_mail.html", context),
            next_attempt_at=moment,
        )


def _subject(owed: list[duties.Duty], told: list[dict[str, str]]) -> str:
    if owed:
        first = owed[0].text
        rest = len(owed) - 1
        return first if not rest else _("%(first)s (and %(rest)s more)") % {"first": first, "rest": rest}
    if len(told) == 1:
        return told[0]["text"]
    return ngettext("%(count)s piece of news", "%(count)s pieces of news", len(told)) % {"count": len(told)}


def _owed_line(duty: duties.Duty, day: datetime.date) -> dict[str, Any]:
    return {
        "text": duty.text,
        "url": settings.LAUREL_SITE_URL + duty.url if duty.url else "",
        "due_on": duty.due_on,
        "is_late": duty.due_on is not None and duty.due_on < day,
    }


def _line(notice: Notice) -> dict[str, str]:
    text = topics.sentence(notice.topic, notice.params)
    return {"text": text, "url": settings.LAUREL_SITE_URL + notice.url if notice.url else ""} if text else {}


def send_mails(now: datetime.datetime | None = None) -> int:
    """Hand what waits to the mail server. Returns how many it took.

    Each mail is locked while it is handed over, so two senders take different ones. A server that is away leaves all of
    them waiting, longer each time; a refused address is given up at once. Should the process die between the server's
    "taken" and the commit, the mail goes out once more under the same Message-ID.
    """
    moment = now or timezone.now()
    DailyMail.objects.filter(state=DailyMail.State.WAITING, created_at__lt=moment - GIVEN_UP_AFTER).update(
        state=DailyMail.State.FAILED
    )
    waiting = DailyMail.objects.filter(state=DailyMail.State.WAITING, next_attempt_at__lte=moment)
    sent = 0
    connection = get_connection(fail_silently=False, timeout=TIMEOUT_SECONDS)
    try:
        for mail_id in _may_go(waiting, moment):
            answer = _send(mail_id, connection, moment)
            if answer is None:
                break
            sent += answer
    finally:
        _close(connection)
    return sent


def _may_go(waiting: QuerySet[DailyMail], moment: datetime.datetime) -> list[int]:
    """What may be sent at this hour: a mail that waited for its server must not ring at night either."""
    batch = list(waiting.order_by("next_attempt_at", "id").values_list("pk", "recipient_id")[:SEND_BATCH])
    zones = calendars.zones_of([person for _mail, person in batch])
    return [mail for mail, person in batch if calendars.may_mail(moment, zones[person])]


def _send(mail_id: int, connection: Any, moment: datetime.datetime) -> bool | None:
    """True: taken. False: not this one. None: the server is away, so the others need not be tried now."""
    with transaction.atomic():
        found = DailyMail.objects.select_for_update(skip_locked=True).filter(
            Q(pk=mail_id), state=DailyMail.State.WAITING
        )
        mail = found.first()
        if mail is None:
            return False
        try:
            _message(mail, connection).send()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError) as error:
            found.update(state=DailyMail.State.FAILED, problem=_problem(error), attempts=F("attempts") + 1)
            return False
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail server: %s", type(error).__name__)
            pause = datetime.timedelta(minutes=min(2**mail.attempts, 60))
            found.update(next_attempt_at=moment + pause, problem=_problem(error), attempts=F("attempts") + 1)
            return None
        found.update(
            state=DailyMail.State.SENT, sent_at=timezone.now(), problem="", attempts=F("attempts") + 1
        )
        return True


def _message(mail: DailyMail, connection: Any) -> EmailMultiAlternatives:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">") or "localhost"
    message = EmailMultiAlternatives(
        subject=" ".join(mail.subject.split()),
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.address],
        connection=connection,
        headers={
            "Message-ID": f"<daily-{mail.recipient_id}-{mail.day:%Y%m%d}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": mail.language,
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _problem(error: BaseException) -> str:
    """The kind of error alone: a server's answer may repeat an address."""
    return type(error).__name__[:200]


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        log.warning("the connection to the mail server did not close well")


def forget_mails(now: datetime.datetime | None = None) -> int:
    """What was sent or given up is dropped after a while; what a mail said stands in the app anyway."""
    moment = now or timezone.now()
    deleted, _by_model = (
        DailyMail.objects.exclude(state=DailyMail.State.WAITING).filter(created_at__lt=moment - KEPT).delete()
    )
    return deleted
