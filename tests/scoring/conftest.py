"""Properties are searched without a time limit per example: a slow machine is not a wrong answer."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
