"""What HR and raters type about potential."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.methods.potential import blank_potential
from reviews.services.rights import REASON_LIMIT


class PotentialSettingsForm(forms.Form):
    use_required_attribute = False

    enabled = forms.BooleanField(label=_("Managers also rate potential"), required=False)
    low = forms.DecimalField(
        label=_("Middle performance from a score of"),
        min_value=0,
        max_value=1000,
        max_digits=7,
        decimal_places=2,
    )
    high = forms.DecimalField(
        label=_("High performance from a score of"),
        min_value=0,
        max_value=1000,
        max_digits=7,
        decimal_places=2,
    )

    def __init__(self, data: Any = None, *, block: dict[str, Any] | None) -> None:
        shown = block or blank_potential()
        initial: dict[str, Any] = {
            "enabled": block is not None,
            "low": shown["cuts"][0],
            "high": shown["cuts"][1],
        }
        for index, level in enumerate(shown["levels"]):
            for part in ("name", "description"):
                for language in ("zh", "en"):
                    initial[f"{part}_{language}_{index}"] = level.get(part, {}).get(language, "")
        super().__init__(data, initial=initial)
        labels = {
            ("name", "zh"): _("Name (Chinese)"),
            ("name", "en"): _("Name (English)"),
            ("description", "zh"): _("What it means (Chinese)"),
            ("description", "en"): _("What it means (English)"),
        }
        for index in range(3):
            for (part, language), label in labels.items():
                self.fields[f"{part}_{language}_{index}"] = forms.CharField(
                    label=label,
                    required=False,
                    max_length=120 if part == "name" else 1000,
                    widget=forms.TextInput() if part == "name" else forms.Textarea(attrs={"rows": 2}),
                )

    @property
    def level_fields(self) -> list[list[forms.BoundField]]:
        return [
            [
                self[f"{part}_{language}_{index}"]
                for part in ("name", "description")
                for language in ("zh", "en")
            ]
            for index in range(3)
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("low") is not None and data.get("high") is not None and data["low"] >= data["high"]:
            self.add_error("high", _("The second cut point lies above the first."))
        return data

    def document(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if not data["enabled"]:
            return None
        return {
            "cuts": [float(data["low"]), float(data["high"])],
            "levels": [
                {
                    part: {language: data[f"{part}_{language}_{index}"].strip() for language in ("zh", "en")}
                    for part in ("name", "description")
                }
                for index in range(3)
            ],
        }


class PotentialForm(forms.Form):
    level = forms.TypedChoiceField(
        label=_("Potential"), coerce=int, choices=[(1, "1"), (2, "2"), (3, "3")], widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("By what did you see it?"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
