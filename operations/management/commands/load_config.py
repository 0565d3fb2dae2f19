"""manage.py load_config FILE.yaml [--dry-run] [--as LOGIN]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.refusals import Refusal
from operations.selectors.operators import acting_hr
from operations.services.configuration import load_configuration


class Command(BaseCommand):
    help = "Load the configuration (measures, KPIs, sources, ...) from YAML files; all of a file or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, help="YAML files, or - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="check only, store nothing")
        parser.add_argument("--as", dest="login", default="", help="login of the HR user who answers for it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = acting_hr(options["login"])
            for file in options["files"]:
                content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
                loaded = load_configuration(
                    actor=actor,
                    content=content,
                    dry_run=options["dry_run"],
                    reason=f"load_config {file.name}",
                )
                if loaded.problems:
                    for problem in loaded.problems:
                        self.stderr.write(f"{file}: {problem}")
                    raise CommandError(f"{file}: {len(loaded.problems)} problem(s), nothing was changed")
                counts = ", ".join(f"{count} {name}" for name, count in loaded.counts.items())
                self.stdout.write(
                    f"{file}: {counts or 'nothing in it'}{' (dry run)' if options['dry_run'] else ''}"
                )
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
