"""What HR chooses about a paired comparison."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import CODE_PATTERN, Row, WeightField, number
from reviews.forms.cycles import COHORT_LABELS
from reviews.methods.paired import (
    HIGHEST_CERTAINTY,
    LARGEST_COHORT,
    LOWEST_CERTAINTY,
    PAIR_COHORTS,
    RATER,
    SMALLEST_COHORT,
)

COHORTS = {**COHORT_LABELS, RATER: _("The people of each rater")}
MOST_KPIS = 8


class PairsForm(forms.Form):
    cohort = forms.ChoiceField(
        label=_("Compared among"),
        choices=[(code, COHORTS[code]) for code in PAIR_COHORTS],
        help_text=_("In a wider group, every rater of the group compares everyone in it but the rater."),
    )
    minimum_cohort = forms.IntegerField(
        label=_("People in a group, at least"),
        min_value=SMALLEST_COHORT,
        max_value=LARGEST_COHORT,
        help_text=_(
            "In a smaller group nobody gets a score here, and the rule for missing components applies."
        ),
    )
    certainty = forms.IntegerField(
        label=_("A rater may stop when the order is sure to"),
        min_value=LOWEST_CERTAINTY,
        max_value=HIGHEST_CERTAINTY,
        help_text=_(
            "For 20 people 80 percent take about 25 answers, 90 percent about 56, 95 percent about 112."
        ),
    )
    ties = forms.BooleanField(label=_("Raters may answer “no difference”"), required=False)
    evidence = forms.MultipleChoiceField(
        label=_("KPIs shown beside each person"),
        required=False,
        choices=(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("At most 8. With none, the weightiest KPIs of the cycle are shown."),
    )

    def __init__(self, *args: Any, kpis: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"].choices = kpis  # type: ignore[attr-defined]

    def clean_evidence(self) -> list[str]:
        found: list[str] = self.cleaned_data["evidence"]
        if len(found) > MOST_KPIS:
            raise forms.ValidationError(_("Choose at most 8 KPIs."), code="too_many")
        return found

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "cohort": data["cohort"],
            "minimum_cohort": data["minimum_cohort"],
            "certainty": data["certainty"],
            "ties": data["ties"],
            "evidence": [{"kpi": code} for code in data["evidence"]],
        }


class CriterionRow(Row):
    key_fields = ("code", "name_zh", "name_en", "weight")

    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=40,
        required=False,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    weight = WeightField()
    description_zh = forms.CharField(
        label=_("What it means (Chinese)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    description_en = forms.CharField(
        label=_("What it means (English)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "code")
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        texts = {language: data[f"description_{language}"].replace("\r\n", "\n") for language in ("zh", "en")}
        return {
            "code": data["code"],
            "weight": number(data["weight"]) or 0,
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
            **({"description": texts} if any(texts.values()) else {}),
        }


CriterionRows: Any = forms.formset_factory(CriterionRow, extra=2, max_num=6, absolute_max=12)
