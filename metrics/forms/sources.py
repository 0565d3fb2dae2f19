from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.models import Source

#: Offered first; every other zone can be typed in a configuration file or by REST.
NEAR = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Tokyo",
    "UTC",
)


class SourceForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        help_text=_("Small letters, digits, hyphens and underscores. It stays."),
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("What it brings"), choices=Source.Kind.choices)
    time_zone = forms.ChoiceField(
        label=_("Time zone of its times"), help_text=_("Times without an offset are read in this zone.")
    )
    precedence = forms.IntegerField(
        label=_("Precedence"),
        min_value=1,
        max_value=10_000,
        initial=100,
        help_text=_("Where two sources give one measure of one person and day, the lower number counts."),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, source: Source | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [*NEAR, *sorted(available_timezones() - set(NEAR))]
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]
        if source is None:
            del self.fields["is_active"]
        else:
            del self.fields["code"]
            del self.fields["kind"]
