from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.models import Measure


class MeasureForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        help_text=_("Small letters, digits and underscores. Formulas name it so; it stays."),
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    unit = forms.ChoiceField(label=_("Unit"), choices=Measure.Unit.choices)
    minimum = forms.FloatField(
        label=_("Smallest believable value"), required=False, help_text=_("A row with less is rejected.")
    )
    maximum = forms.FloatField(
        label=_("Largest believable value"), required=False, help_text=_("A row with more is rejected.")
    )
    description_zh = forms.CharField(
        label=_("Description (Chinese)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    description_en = forms.CharField(
        label=_("Description (English)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, measure: Measure | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if measure is not None:
            del self.fields["code"]
