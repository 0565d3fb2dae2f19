"""Filters of the trail."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from foundation.trail.selectors import followed_models


class TrailFilter(forms.Form):
    """Days are whole days in the reader's time zone; the last one counts."""

    model = forms.ChoiceField(label=_("What was changed"), required=False)
    actor = forms.CharField(label=_("By whom (login or employee number)"), required=False, max_length=80)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    object_id = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].choices = [("", _("Everything")), *followed_models()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))
        return cleaned

    def bounds(self) -> tuple[datetime.datetime | None, datetime.datetime | None]:
        return _start(self.cleaned_data.get("since")), _start(self.cleaned_data.get("until"), days=1)


def _start(day: datetime.date | None, *, days: int = 0) -> datetime.datetime | None:
    if day is None:
        return None
    try:
        return timezone.make_aware(
            datetime.datetime.combine(day + datetime.timedelta(days=days), datetime.time.min)
        )
    except OverflowError:
        return None
