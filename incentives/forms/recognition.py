"""What people type about recognition."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incentives.models import AwardKind
from incentives.selectors.recognition import kinds_to_give
from incentives.services.award_kinds import ICONS
from incentives.services.recognition import LONGEST_CITATION
from incentives.services.rights import REASON_LIMIT
from metrics.models import KPI
from metrics.selectors.kpis import visible_kpis
from people.models import User

#: What a badge shows, in a word.
BADGES = {
    "star": pgettext_lazy("badge", "Star"),
    "award": pgettext_lazy("badge", "Medal"),
    "trophy": pgettext_lazy("badge", "Trophy"),
    "rosette": pgettext_lazy("badge", "Rosette"),
    "gift": pgettext_lazy("badge", "Gift"),
    "heart-handshake": pgettext_lazy("badge", "Heart"),
    "bulb": pgettext_lazy("badge", "Light bulb"),
    "trending-up": pgettext_lazy("badge", "Rising line"),
    "confetti": pgettext_lazy("badge", "Confetti"),
}


class AwardForm(forms.Form):
    kind = forms.ModelChoiceField(
        queryset=AwardKind.objects.none(), to_field_name="code", label=_("For what"), empty_label=None
    )
    receiver = forms.CharField(
        label=_("Employee number"), max_length=40, help_text=_("Choose a person above, or enter the number.")
    )
    citation = forms.CharField(
        label=_("What did the person do?"),
        max_length=LONGEST_CITATION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Concrete and short: everybody can read it on the wall."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kind"]
        field.queryset = kinds_to_give(user)
        field.label_from_instance = lambda kind: kind.name


class AwardKindForm(forms.Form):
    code = forms.SlugField(label=_("Code"), max_length=60)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    giver = forms.ChoiceField(label=_("Given by"), choices=AwardKind.Giver.choices)
    icon = forms.ChoiceField(label=_("Badge"), choices=[(icon, BADGES[icon]) for icon in ICONS])
    points = forms.IntegerField(label=pgettext_lazy("reward", "Points"), min_value=0)
    monthly_limit = forms.IntegerField(
        label=_("At most per giver and month"),
        min_value=1,
        initial=3,
        help_text=_("For awards among colleagues."),
    )
    rule = forms.ChoiceField(
        label=_("The rule looks for"),
        required=False,
        choices=[
            ("", "–"),
            ("best_of_kpi", _("the best of a KPI")),
            ("most_improved", _("the largest sure improvement of a KPI")),
            ("milestone", _("years with the company")),
        ],
    )
    kpi = forms.ModelChoiceField(
        queryset=KPI.objects.none(),
        to_field_name="code",
        label=_("KPI"),
        required=False,
        help_text=_("For the best and for the largest improvement."),
    )
    years = forms.CharField(
        label=_("Years"),
        max_length=80,
        required=False,
        help_text=_("For milestones, separated by commas: 1, 3, 5, 10"),
    )
    is_active = forms.BooleanField(label=_("Can be given"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kpi"]
        field.queryset = visible_kpis(user).order_by("code")
        field.label_from_instance = lambda kpi: kpi.name

    def clean_years(self) -> list[int]:
        parts = [part for part in self.cleaned_data["years"].replace("，", ",").split(",") if part.strip()]
        try:
            return [int(part) for part in parts]
        except ValueError:
            raise forms.ValidationError(_("Years are whole numbers, separated by commas.")) from None

    def rule_document(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data["rule"] == "milestone":
            return {"kind": "milestone", "years": data["years"]}
        return {"kind": data["rule"], "kpi": data["kpi"].code if data["kpi"] else ""} if data["rule"] else {}


class BudgetForm(forms.Form):
    manager = forms.CharField(label=_("Employee number or login"), max_length=80)
    month = forms.DateField(
        label=_("Month"),
        input_formats=["%Y-%m"],
        widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
    )
    points = forms.IntegerField(label=pgettext_lazy("reward", "Points"), min_value=0)


class RedeemForm(forms.Form):
    employee = forms.CharField(label=_("Employee number"), max_length=40)
    points = forms.IntegerField(label=pgettext_lazy("reward", "Points"), min_value=1)
    note = forms.CharField(label=_("For what"), max_length=200)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT)


class MonthForm(forms.Form):
    month = forms.DateField(
        label=_("Month"),
        input_formats=["%Y-%m"],
        widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
    )
