"""manage.py dump_config [SECTION ...] > FILE.yaml"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.refusals import Refusal
from operations.selectors.operators import acting_hr
from operations.services.configuration import SECTIONS, dump_configuration


class Command(BaseCommand):
    help = "Write the configuration as YAML to standard output; load_config reads it back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sections", nargs="*", help=f"any of {', '.join(SECTIONS)}; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = dump_configuration(actor=acting_hr(""), sections=options["sections"] or None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(text, ending="")
