"""Fields that several forms of this room have."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _

MAX_BANDS = 50


class BandsField(forms.CharField):
    """Standard bands as people type them, "0 = 20, 70 = 50, 85 = 85": from that value up, that score."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("max_length", 1_000)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(f"{start:g} = {score:g}" for start, score in value)
        return value

    def clean(self, value: Any) -> list[list[float]]:
        text = super().clean(value)
        bands: list[list[float]] = []
        for part in re.split(r"[,;，；、\n]+", text):
            if not part.strip():
                continue
            start, sign, score = re.sub(r"[＝：:→]", "=", part).partition("=")
            try:
                pair = [float(start), float(score)]
            except ValueError:
                sign, pair = "", []
            if not sign or len(bands) == MAX_BANDS:
                raise forms.ValidationError(
                    _("Write bands as 0 = 20, 70 = 50: a value, and the score from there up.")
                )
            bands.append(pair)
        return bands


class DayField(forms.DateField):
    """A day, chosen from the browser's calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)
