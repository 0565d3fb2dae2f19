"""Who answers for what is done at the console."""

from __future__ import annotations

from foundation.refusals import Refusal
from people.models import User
from people.models.users import canonical_login


def acting_hr(login: str) -> User:
    """The HR user of that login, or the first one. At the console too every change has a named person behind it."""
    people = User.objects.filter(is_active=True, role_grants__role="hr").order_by("id")
    if login:
        people = people.filter(login=canonical_login(login))
    person = people.first()
    if person is None:
        raise Refusal("config_no_hr")
    return person
