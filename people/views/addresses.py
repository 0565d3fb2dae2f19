"""Addresses of rooms above this one, by name only: a page that is not there is left out."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse


def address_of(name: str, **kwargs: Any) -> str:
    """The path, or "" where no page has this name."""
    try:
        return reverse(name, kwargs=kwargs or None)
    except NoReverseMatch:
        return ""
