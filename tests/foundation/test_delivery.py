"""Notices, the daily mail and its calendar."""

from __future__ import annotations

import datetime
import smtplib
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail as outbox_of_django
from django.core.mail.backends.locmem import EmailBackend
from django.utils import translation

from foundation.delivery import calendars, duties, topics
from foundation.delivery.duties import Duty
from foundation.delivery.mail import send_mails, write_mails
from foundation.delivery.models import DailyMail, MailChoice, Notice
from foundation.delivery.notices import notify, read_notices
from foundation.refusals import Refusal
from people.models import User
from tests.cast import Cast

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Tuesday at nine in Shanghai.
MORNING = datetime.datetime(2025, 11, 25, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def toy_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_TOPICS", {})
    topics.register(
        topics.Topic("toy.said", "%(what)s of %(cycle)s"),
        topics.Topic("toy.owed", lambda params: f"{params['count']} forms"),
    )


@pytest.fixture(autouse=True)
def no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "_SOURCES", {})


@pytest.fixture
def people(cast: Cast) -> Cast:
    for user in cast.people:
        user.email = f"{user.login}@laurel.example"
        user.save()
    return cast


class Owes:
    """Someone owes forms until they are done."""

    code = "toy"

    def __init__(self, *people: User, due_on: datetime.date | None = None) -> None:
        self.people, self.due_on = people, due_on

    def owing(self, day: datetime.date) -> Collection[int]:
        return {user.pk for user in self.people}

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        return {
            user.pk: [Duty("toy.owed", {"count": 3}, url="/scoring/", due_on=self.due_on, minutes=8)]
            for user in self.people
            if user.pk in user_ids
        }


def say(*people: User, key: str = "one", what: str = "News") -> int:
    return notify(
        topic="toy.said",
        key=key,
        recipients=[user.pk for user in people],
        params={"what": what, "cycle": {"zh": "十月考核", "en": "October"}},
        url="/standing/",
    )


def test_the_same_event_is_told_once(cast: Cast) -> None:
    assert say(cast.agent, cast.peer) == 2
    assert say(cast.agent, cast.peer, cast.manager) == 1
    assert Notice.objects.filter(recipient=cast.agent).count() == 1


def test_ten_thousand_are_told_in_one_statement(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        notify(topic="toy.said", key="all", recipients=[user.pk for user in cast.people] * 1000)
    assert Notice.objects.count() == len(cast.people)


def test_the_sentence_is_made_in_the_readers_language() -> None:
    params = {"what": "News", "cycle": {"zh": "十月考核", "en": "October"}}
    with translation.override("zh-hans"):
        assert topics.sentence("toy.said", params) == "News of 十月考核"
    with translation.override("en"):
        assert topics.sentence("toy.said", params) == "News of October"
    assert topics.sentence("gone", params) == ""


def test_only_ones_own_can_be_read(cast: Cast) -> None:
    say(cast.agent, cast.peer)
    theirs = Notice.objects.get(recipient=cast.peer)
    own = Notice.objects.get(recipient=cast.agent)
    with pytest.raises(Refusal) as refused:
        read_notices(actor=cast.agent, notice_ids=[own.pk, theirs.pk])
    assert refused.value.code == "notice_ids_unknown"
    assert not Notice.objects.filter(read_at__isnull=False).exists()
    assert read_notices(actor=cast.agent, notice_ids=[own.pk]) == 1
    assert read_notices(actor=cast.agent) == 0
    assert Notice.objects.get(recipient=cast.peer).read_at is None


# The daily mail ---------------------------------------------------------------------------------------------------


def test_one_mail_a_day_says_what_is_owed_and_what_is_new_in_the_persons_language(people: Cast) -> None:
    for user, locale in ((people.manager, "en"), (people.agent, "zh-hans")):
        user.locale = locale
        user.save()
    duties.register(Owes(people.manager, due_on=datetime.date(2025, 11, 28)))
    say(people.manager, people.agent)
    assert write_mails(MORNING) == 2
    assert write_mails(MORNING + datetime.timedelta(hours=2)) == 0
    assert send_mails(MORNING + datetime.timedelta(hours=2)) == 2
    assert send_mails(MORNING + datetime.timedelta(hours=3)) == 0
    by_address = {message.to[0]: message for message in outbox_of_django.outbox}
    assert set(by_address) == {"manager@laurel.example", "agent@laurel.example"}
    english, chinese = by_address["manager@laurel.example"], by_address["agent@laurel.example"]
    assert english.subject == "3 forms"
    assert "about 8 minutes" in english.body
    assert "due Fri 28 Nov 2025" in english.body
    assert "http://localhost:8000/scoring/" in english.body
    assert "News of October" in english.body
    assert "News of 十月考核" in chinese.body
    assert "Good morning" in english.body
    assert "Good morning" not in chinese.body
    assert chinese.extra_headers["Message-ID"].startswith(f"<daily-{people.agent.pk}-20251125@")


def test_what_was_mailed_or_read_is_not_mailed_again(people: Cast) -> None:
    say(people.agent)
    say(people.peer)
    read_notices(actor=people.peer)
    assert write_mails(MORNING) == 1
    assert write_mails(MORNING + datetime.timedelta(days=1)) == 0
    say(people.agent, key="two")
    assert write_mails(MORNING + datetime.timedelta(days=1)) == 1
    latest = DailyMail.objects.latest("id")
    assert latest.text.count("News of") == 1


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        (datetime.datetime(2025, 11, 25, 6, 59, tzinfo=SHANGHAI), "early"),
        (datetime.datetime(2025, 11, 25, 20, 0, tzinfo=SHANGHAI), "night"),
        (datetime.datetime(2025, 11, 29, 9, 0, tzinfo=SHANGHAI), "Saturday"),
        (datetime.datetime(2025, 10, 1, 9, 0, tzinfo=SHANGHAI), "National Day"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_nobody_is_disturbed(people: Cast, moment: datetime.datetime, why: str) -> None:
    duties.register(Owes(people.manager))
    assert write_mails(moment) == 0
    assert not DailyMail.objects.exists()


def test_a_weekend_that_is_worked_in_exchange_is_a_working_day() -> None:
    assert calendars.is_working_day(datetime.date(2025, 9, 28))
    assert not calendars.is_working_day(datetime.date(2025, 10, 8))


def test_the_hour_is_that_of_the_persons_own_clock(people: Cast) -> None:
    people.site_chengdu.time_zone = "Asia/Kathmandu"  # nine in Shanghai is a quarter to seven there
    people.site_chengdu.save()
    duties.register(Owes(people.manager, people.remote))
    assert write_mails(MORNING) == 1
    assert DailyMail.objects.get().recipient == people.manager
    assert write_mails(MORNING + datetime.timedelta(hours=3)) == 1


def test_who_has_no_address_left_or_wants_none_gets_none(people: Cast) -> None:
    people.peer.email = ""
    people.peer.save()
    MailChoice.objects.create(user=people.agent, daily=False)
    duties.register(Owes(people.peer, people.agent, people.leaver, people.manager))
    assert write_mails(MORNING) == 1
    assert DailyMail.objects.get().recipient == people.manager


class DownBackend(EmailBackend):
    down = True
    refuses: str = ""

    def send_messages(self, messages: Any) -> int:
        if type(self).down:
            raise ConnectionRefusedError
        if self.refuses and self.refuses in messages[0].to:
            raise smtplib.SMTPRecipientsRefused({})
        return super().send_messages(messages)


@pytest.fixture
def server(settings: Any) -> Iterator[type[DownBackend]]:
    settings.EMAIL_BACKEND = f"{__name__}.DownBackend"
    DownBackend.down, DownBackend.refuses = True, ""
    return DownBackend


def test_a_mail_server_that_is_away_loses_nothing_and_sends_once(
    people: Cast, server: type[DownBackend]
) -> None:
    duties.register(Owes(people.manager, people.agent))
    write_mails(MORNING)
    assert send_mails(MORNING) == 0
    kept = DailyMail.objects.order_by("id")
    assert [each.state for each in kept] == ["waiting", "waiting"]
    # Only the first was tried: the others need not knock at a closed door.
    assert [each.attempts for each in kept] == [1, 0]
    server.down = False
    later = MORNING + datetime.timedelta(minutes=5)
    assert send_mails(later) == 2
    assert send_mails(later) == 0
    assert sorted(message.to[0] for message in outbox_of_django.outbox) == [
        "agent@laurel.example",
        "manager@laurel.example",
    ]


def test_a_mail_that_waited_does_not_ring_at_night(people: Cast, server: type[DownBackend]) -> None:
    duties.register(Owes(people.manager))
    write_mails(MORNING)
    send_mails(MORNING)
    server.down = False
    assert send_mails(MORNING.replace(hour=23)) == 0
    assert send_mails(MORNING.replace(hour=19)) == 1


def test_a_refused_address_is_given_up_and_holds_nobody_back(people: Cast, server: type[DownBackend]) -> None:
    server.down, server.refuses = False, "agent@laurel.example"
    duties.register(Owes(people.manager, people.agent))
    write_mails(MORNING)
    assert send_mails(MORNING) == 1
    states = dict(DailyMail.objects.values_list("address", "state"))
    assert states == {"agent@laurel.example": "failed", "manager@laurel.example": "sent"}


def test_a_mail_is_given_up_after_three_days(people: Cast, server: type[DownBackend]) -> None:
    duties.register(Owes(people.manager))
    write_mails(MORNING)
    DailyMail.objects.update(created_at=MORNING - datetime.timedelta(days=4))
    server.down = False
    assert send_mails(MORNING) == 0
    assert DailyMail.objects.get().state == DailyMail.State.FAILED


def test_writing_mails_asks_the_same_number_of_questions_for_any_number_of_people(
    people: Cast, django_assert_max_num_queries: Any
) -> None:
    duties.register(Owes(*people.people))
    with django_assert_max_num_queries(14):
        written = write_mails(MORNING)
    assert written == len([user for user in people.people if user.may_sign_in])


# Pages ------------------------------------------------------------------------------------------------------------


def test_the_page_shows_own_notices_and_duties(client: Any, cast: Cast) -> None:
    duties.register(Owes(cast.agent))
    say(cast.agent, what="For me")
    say(cast.peer, what="For somebody else")
    client.force_login(cast.agent, backend="people.authentication.LoginBackend")
    page = client.get("/notices/", headers={"accept-language": "en"}).content.decode()
    assert "For me" in page
    assert "For somebody else" not in page
    assert "3 forms" in page
    assert 'class="bell-count"' in page


def test_opening_marks_as_read_and_leads_there(client: Any, cast: Cast) -> None:
    say(cast.agent)
    client.force_login(cast.agent, backend="people.authentication.LoginBackend")
    notice = Notice.objects.get()
    answer = client.post(f"/notices/{notice.pk}/open/")
    assert (answer.status_code, answer["Location"]) == (302, "/standing/")
    notice.refresh_from_db()
    assert notice.read_at is not None
    assert 'class="bell-count"' not in client.get("/notices/").content.decode()


def test_looking_changes_nothing(client: Any, cast: Cast) -> None:
    say(cast.agent)
    client.force_login(cast.agent, backend="people.authentication.LoginBackend")
    client.get("/notices/")
    assert client.get(f"/notices/{Notice.objects.get().pk}/open/").status_code == 405
    assert Notice.objects.get().read_at is None


def test_no_more_mails(client: Any, cast: Cast) -> None:
    client.force_login(cast.agent)
    client.post("/notices/mail/", {"daily": "no"})
    assert MailChoice.objects.get(user=cast.agent).daily is False
    client.post("/notices/mail/", {"daily": "yes"})
    assert MailChoice.objects.get(user=cast.agent).daily is True


def test_without_a_mail_server_nothing_is_written(people: Cast, settings: Any) -> None:
    settings.LAUREL_MAIL = False
    say(people.agent)
    assert write_mails(MORNING) == 0
    assert Notice.objects.filter(mailed_at__isnull=True).count() == 1
