"""manage.py create_hr LOGIN NAME: the first person who can sign in to an empty installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from foundation.refusals import Refusal
from people.models import User
from people.services.accounts import issue_temporary_password
from people.services.employees import save_employee
from people.services.roles import grant_role


class Command(BaseCommand):
    help = "Create a user with the HR role and print a temporary password, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login")
        parser.add_argument("name")
        parser.add_argument("--language", choices=User.Language.values, default=User.Language.CHINESE)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                user = save_employee(
                    actor=None, name=options["name"], login=options["login"], locale=options["language"]
                )
                grant_role(actor=None, user=user, role="hr")
                password = issue_temporary_password(actor=None, user=user)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"login: {user.login}\ntemporary password: {password}")
