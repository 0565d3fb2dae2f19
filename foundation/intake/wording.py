"""What an import has found, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


def summary_lines(summary: dict[str, Any]) -> list[tuple[str, Any]]:
    """(label, value) of a kind's summary that has no template of its own: simple values only. Keys are shown
    through the catalogue, with underscores as spaces: "new_people" is the msgid "new people"."""
    return [
        (_capital(_(key.replace("_", " "))), value)
        for key, value in summary.items()
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
