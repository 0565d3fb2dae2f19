from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from demo.services.build import build
from reviews.models import Cycle


class Command(BaseCommand):
    help = "Build the demonstration company; what is there already stays."

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "LAUREL_DEMO", False):
            raise CommandError(
                "The demonstration is built only where LAUREL_DEMO is on: it has a known password."
            )
        if Cycle.objects.count() >= 9:
            self.stdout.write("The demonstration company is there already.")
            return
        began = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"[{time.monotonic() - began:5.1f} s] {text}")
            self.stdout.flush()

        with translation.override("zh-hans"):
            build(today=timezone.localdate(), root=settings.BASE_DIR, say=say)
        say("The demonstration company is ready.")
