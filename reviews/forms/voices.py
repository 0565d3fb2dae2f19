"""What a 360 asks: groups with weights and numbers, open questions, the smallest group."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import CODE_PATTERN, Row, WeightField, number
from reviews.methods.multisource import BY_RATEE, BY_TREE, DROP, GROUPS, MERGE
from reviews.models.voices import SMALLEST_GROUP


def whole(label: Any, least: int, most: int, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        **more,
    )


class VoiceSettingsForm(forms.Form):
    use_required_attribute = False

    minimum_group = whole(
        _("Smallest group"),
        SMALLEST_GROUP,
        50,
        help_text=_("Fewer answers of a group than this are never computed or shown. Fixed at the launch."),
    )
    small_groups = forms.ChoiceField(
        label=_("Groups that stay below it"),
        choices=(
            (MERGE, _("become one group with the other small ones")),
            (DROP, _("do not count")),
        ),
    )
    nomination = forms.ChoiceField(
        label=_("Raters"),
        choices=(
            (BY_RATEE, _("employees nominate, managers approve")),
            (BY_TREE, _("asked at once as the teams propose")),
        ),
    )
    load_cap = whole(_("Most forms for one rater"), 1, 200)
    link_days = whole(_("Days that a customer's link is valid"), 1, 90)

    def document(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class GroupRow(Row):
    """One of the five groups; it takes part when it is ticked."""

    key_fields = ("is_asked",)

    code = forms.ChoiceField(widget=forms.HiddenInput, choices=[(code, code) for code in GROUPS])
    is_asked = forms.BooleanField(label=_("Asked"), required=False)
    weight = WeightField()
    wanted = whole(_("Wanted"), 0, 50, required=False)
    maximum = whole(_("At most"), 1, 100, required=False)

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        entry: dict[str, Any] = {"code": data["code"], "weight": number(data["weight"]) or 0}
        return entry | {name: data[name] for name in ("wanted", "maximum") if data[name] is not None}


class QuestionRow(Row):
    key_fields = ("code", "name_zh", "name_en")

    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=60,
        required=False,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    name_zh = forms.CharField(label=_("Question (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Question (English)"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "code")
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"code": data["code"], "name": {"zh": data["name_zh"], "en": data["name_en"]}}


GroupRows: type[BaseFormSet[Any]] = formset_factory(GroupRow, extra=0, max_num=5, absolute_max=10)
QuestionRows: type[BaseFormSet[Any]] = formset_factory(QuestionRow, extra=1, max_num=6, absolute_max=12)
