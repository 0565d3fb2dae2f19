"""People on the roster: who they are, where they sit, when they leave."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from foundation.refusals import Refusal
from people.models import Job, Leadership, Membership, Team, User
from people.models.users import canonical_login
from people.services import timelines
from people.services.authority import require_hr
from people.services.days import check_day
from people.services.timelines import DAY, Segment
from people.sorting import sort_key

LOGIN_LENGTH = 80
NUMBER_LENGTH = 40
NAME_LENGTH = 80
GRADE_LENGTH = 20


def is_plain(text: str) -> bool:
    """No blanks, control, format or other invisible characters: what stands in a login or a number can be seen."""
    return bool(text) and not any(
        character.isspace() or unicodedata.category(character).startswith(("C", "Z")) for character in text
    )


def check_login(login: str) -> str:
    """The canonical form; Refusal login_invalid."""
    canonical = canonical_login(login)
    if len(canonical) > LOGIN_LENGTH or not is_plain(canonical):
        raise Refusal("login_invalid", field="login")
    return canonical


def check_number(number: str) -> str:
    number = unicodedata.normalize("NFKC", number).strip()
    if len(number) > NUMBER_LENGTH or not is_plain(number):
        raise Refusal("number_invalid", field="employee_number")
    return number


def check_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise Refusal("people_name_missing", field="name")
    if len(name) > NAME_LENGTH:
        raise Refusal("text_too_long", field="name", limit=NAME_LENGTH)
    return name


def check_grade(grade: str) -> str:
    """As the company writes it: P3, M1; at most one word or a few."""
    grade = " ".join(unicodedata.normalize("NFKC", grade).split())
    if len(grade) > GRADE_LENGTH or not grade.isprintable():
        raise Refusal("text_too_long", field="grade", limit=GRADE_LENGTH)
    return grade


def check_email(email: str) -> str:
    email = email.strip()
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise Refusal("email_invalid", field="email") from error
    return email


def check_language(locale: str) -> str:
    if locale not in User.Language.values:
        raise Refusal("language_unknown", field="locale")
    return locale


@transaction.atomic
def save_employee(
    *,
    actor: User | None,
    name: str,
    user: User | None = None,
    employee_number: str | None = None,
    login: str = "",
    email: str = "",
    locale: str = User.Language.CHINESE,
    aliases: Sequence[str] = (),
    hired_on: datetime.date | None = None,
) -> User:
    """Create a person, or change `user`. The login defaults to the employee number; the password is unusable until HR
    hands one over (issue_temporary_password). Without an employee number it is an account that nobody appraises.

    Refusals   login_taken and number_taken also where one person's login is another's number, since both sign in.
    """
    require_hr(actor)
    number = check_number(employee_number) if employee_number else None
    person = User.objects.select_for_update().get(pk=user.pk) if user is not None else User()
    if person.pk and person.employee_number and number is None and person.memberships.exists():
        raise Refusal("number_stays", field="employee_number")
    canonical = check_login(login or person.login or number or "")
    _check_free(person, canonical, number)
    person.name = check_name(name)
    person.name_sort = sort_key(person.name)
    person.login = canonical
    person.employee_number = number
    person.email = check_email(email)
    person.locale = check_language(locale)
    person.aliases = clean_aliases(aliases)
    if hired_on is not None:
        person.hired_on = check_day(hired_on, "hired_on")
    if person.left_on and person.hired_on and person.left_on < person.hired_on:
        raise Refusal("left_before_hired", field="hired_on")
    if not person.pk:
        person.set_unusable_password()
    person.save()
    if hired_on is not None:
        before = segments_of_person(person)
        store_memberships({person.pk: before}, {person.pk: timelines.begin(before, hired_on)})
    return person


def clean_aliases(aliases: Iterable[str]) -> list[str]:
    """Distinct, in their order, without blanks around them."""
    return list(dict.fromkeys(alias.strip()[:80] for alias in aliases if alias.strip()))


def _check_free(person: User, login: str, number: str | None) -> None:
    others = User.objects.exclude(pk=person.pk) if person.pk else User.objects.all()
    if others.filter(Q(login=login) | Q(employee_number__iexact=login)).exists():
        raise Refusal("login_taken", field="login", login=login)
    if (
        number is not None
        and others.filter(Q(employee_number__iexact=number) | Q(login=canonical_login(number))).exists()
    ):
        raise Refusal("number_taken", field="employee_number", number=number)


@transaction.atomic
def place_employee(
    *,
    actor: User | None,
    user: User,
    team: Team,
    job: Job,
    from_day: datetime.date,
    grade: str | None = None,
) -> Membership:
    """Hire or transfer: from `from_day` on the person is in `team` as `job`, until the place held on that day would
    have ended, or until a transfer that is known for later. The same place again changes nothing. A grade that is not
    said stays as it was.

    Someone who has left and comes back is on the roster again from that day.
    Refusals   placed_before_hired, team_closed, number_needed.
    """
    require_hr(actor)
    check_day(from_day, "from_day")
    person = User.objects.select_for_update().get(pk=user.pk)
    if not person.employee_number:
        raise Refusal("number_needed", field="employee_number")
    if person.hired_on and from_day < person.hired_on:
        raise Refusal("placed_before_hired", field="from_day", day=person.hired_on.isoformat())
    if not team.is_active:
        raise Refusal("team_closed", field="team", team=team.name)
    before = segments_of_person(person)
    returns = person.left_on is not None and from_day > person.left_on
    until = timelines.natural_end(before, from_day)
    if until is None and person.left_on is not None and not returns:
        until = person.left_on + DAY
    held = grade_on(before, from_day) if grade is None else check_grade(grade)
    after = timelines.put(before, (team.pk, job.pk, held), from_day, until)
    store_memberships({person.pk: before}, {person.pk: after})
    if returns or person.hired_on is None:
        person.left_on = None if returns else person.left_on
        person.hired_on = person.hired_on or from_day
        person.save(update_fields=["left_on", "hired_on"])
    _refresh(user, person)
    return person.memberships.select_related("team", "job").get(valid__contains=from_day)


@transaction.atomic
def end_employment(*, actor: User | None, user: User, last_day: datetime.date) -> User:
    """`last_day` is the last day of work: memberships and leaderships end with it, later ones go, and access ends the
    day after. Called again with another day it corrects the first."""
    require_hr(actor)
    check_day(last_day, "last_day")
    person = User.objects.select_for_update().get(pk=user.pk)
    if person.hired_on and last_day < person.hired_on:
        raise Refusal("left_before_hired", field="last_day")
    before = segments_of_person(person)
    # Where a later last day corrects an earlier one, the place that ended with the earlier one goes on.
    corrected = person.left_on is not None and last_day > person.left_on
    line = timelines.extend(before, last_day + DAY) if corrected else before
    store_memberships({person.pk: before}, {person.pk: timelines.end(line, last_day + DAY)})
    end_leaderships(person, last_day + DAY)
    person.left_on = last_day
    person.save(update_fields=["left_on"])
    _refresh(user, person)
    return person


def end_leaderships(person: User, until: datetime.date) -> None:
    """Nobody leads from `until` on because of this person; later appointments of theirs go."""
    Leadership.objects.filter(user=person, valid__fully_gt=(None, until)).delete()
    for leadership in Leadership.objects.select_for_update().filter(user=person, valid__contains=until):
        leadership.valid = type(leadership.valid)(leadership.valid.lower, until)
        leadership.save(update_fields=["valid"])


def grade_on(line: Sequence[Segment], day: datetime.date) -> str:
    """The grade that a person has on the day, or had last before it; empty where none is known."""
    before = [segment for segment in line if segment.first <= day]
    return str(max(before, key=lambda segment: segment.first).value[2]) if before else ""


def segments_of_person(person: User) -> list[Segment]:
    """The person's memberships as segments of (team id, job id, grade)."""
    return segments_of_people([person.pk]).get(person.pk, [])


def segments_of_people(people: Iterable[int]) -> dict[int, list[Segment]]:
    """{user id: segments of (team id, job id, grade)} in order, for many people in one query."""
    found: dict[int, list[Segment]] = {}
    rows = Membership.objects.filter(user_id__in=list(people)).order_by("valid")
    for pk, user_id, team_id, job_id, grade, valid in rows.values_list(
        "pk", "user_id", "team_id", "job_id", "grade", "valid"
    ):
        segment = Segment(valid.lower, valid.upper, (team_id, job_id, grade), pk)
        found.setdefault(user_id, []).append(segment)
    return found


def store_memberships(before: dict[int, list[Segment]], after: dict[int, list[Segment]]) -> int:
    return timelines.store(
        Membership,
        [(user, segment) for user, line in before.items() for segment in line],
        [(user, segment) for user, line in after.items() for segment in line],
        row=lambda user, value: {
            "user_id": user,
            "team_id": value[0],
            "job_id": value[1],
            "grade": value[2],
        },
    )


def _refresh(given: User, stored: User) -> None:
    """The caller's own object says what is now true."""
    given.left_on, given.hired_on = stored.left_on, stored.hired_on
    given.__dict__.pop("roles", None)
