from typing import Any

from django.core.management.base import BaseCommand

from demo.accounts import ACCOUNTS, PASSWORD


class Command(BaseCommand):
    help = "Print one sign-in per role of the demonstration company."

    def handle(self, *args: Any, **options: Any) -> None:
        for login, who in ACCOUNTS:
            self.stdout.write(f"  {login:<10} {PASSWORD:<14} {who}")
