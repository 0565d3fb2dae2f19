"""Expected behaviours, the strengths of incidents, and the rule of a cycle that counts them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from reviews.forms.competencies import WordsForm
from reviews.forms.components import CODE_PATTERN, NumberField, Row, number


class BehaviourForm(WordsForm):
    """Name: what is expected, in a few words. Description: how it shows."""


class StrengthRow(Row):
    key_fields = ("code", "name_zh", "name_en", "points")

    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=60,
        required=False,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    points = NumberField(label=_("Points"), min_value=0, max_value=100, max_digits=9)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "code", "points")
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {name: data[name] for name in ("code", "name_zh", "name_en")} | {
            "points": number(data["points"])
        }


StrengthRows: type[BaseFormSet[Any]] = formset_factory(StrengthRow, extra=2, max_num=20, absolute_max=40)


class RecordRuleForm(forms.Form):
    """The rule of a behavioural record in a cycle."""

    start = NumberField(label=_("Everyone begins with"), min_value=0, max_value=200, required=True)
    floor = NumberField(label=_("Never below"), min_value=0, max_value=200, required=True)
    cap = NumberField(label=_("Never above"), min_value=0, max_value=200, required=True)
    without_incident = forms.ChoiceField(
        label=_("Whoever has no incident"),
        choices=[("start", _("keeps what everyone begins with")), ("missing", _("has no score here"))],
        widget=forms.RadioSelect,
    )
    day_cap = NumberField(
        label=_("At most per day"),
        min_value=0,
        max_value=1000,
        help_text=_("How much the good, and the bad, of one day may count together. Empty: no limit."),
    )
    behaviour_cap = NumberField(
        label=_("At most per behaviour"),
        min_value=0,
        max_value=1000,
        help_text=_("The same for one behaviour over the whole period. Empty: no limit."),
    )
    half_life_days = NumberField(
        label=_("Counts half after so many days"),
        min_value=0,
        max_value=1000,
        help_text=_("Counted back from the last day of the period. Empty: an incident does not fade."),
    )
    behaviours = forms.MultipleChoiceField(
        label=_("Only these behaviours"),
        required=False,
        choices=(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all of them."),
    )

    def __init__(self, *args: Any, behaviours: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["behaviours"].choices = behaviours  # type: ignore[attr-defined]

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        numbers = ("start", "floor", "cap", "day_cap", "behaviour_cap", "half_life_days")
        return {name: number(data[name]) for name in numbers} | {
            "without_incident": data["without_incident"],
            "behaviours": data["behaviours"],
        }
