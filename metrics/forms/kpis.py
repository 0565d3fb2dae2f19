"""The KPI editor's form: a KPI with the version that is made or changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from metrics.forms.fields import BandsField, DayField
from metrics.models import KPI, KPIVersion, Measure
from metrics.services.kpis import KPITerms


class KPIForm(forms.Form):
    """`kpi` None makes a new one; then its code and whether a person judges it can be chosen as well."""

    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        help_text=_("Small letters, digits and underscores, e.g. resolution_rate. It stays."),
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    dimension = forms.ChoiceField(label=_("Dimension"), choices=KPI.Dimension.choices)
    perspective = forms.ChoiceField(label=_("Perspective"), choices=KPI.Perspective.choices)
    is_qualitative = forms.BooleanField(label=_("Judged by a person, without a formula"), required=False)
    valid_from = DayField(
        label=_("Valid from"),
        help_text=_(
            "A later day than the last version's makes a new version; months and cycles before it keep the old one."
        ),
    )
    formula = forms.CharField(
        label=_("Formula"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_(
            "Over measures: sum(resolved) / sum(answered), mean(answer_seconds). "
            "A ratio is shown as a percentage by choosing that unit."
        ),
    )
    unit = forms.ChoiceField(label=_("Unit"), choices=KPIVersion.Unit.choices)
    direction = forms.ChoiceField(label=_("Direction"), choices=KPIVersion.Direction.choices)
    target = forms.DecimalField(label=_("Target"), max_digits=16, decimal_places=6, required=False)
    stretch = forms.DecimalField(label=_("Stretch target"), max_digits=16, decimal_places=6, required=False)
    bands = BandsField(
        label=_("Standard bands"),
        help_text=_("From that value up, that score; rising from row to row. Clear a row to remove it."),
    )
    decimals = forms.IntegerField(label=_("Decimals"), min_value=0, max_value=6, initial=2)
    minimum_sample = forms.IntegerField(
        label=_("Minimum sample"),
        min_value=1,
        max_value=1_000_000,
        initial=30,
        help_text=_("A value of fewer cases is shown as uncertain."),
    )
    sample_measure = forms.ChoiceField(label=_("Cases are counted by"), required=False)
    denominator_zh = forms.CharField(
        label=_("Divided by what, in words (Chinese)"), max_length=200, required=False
    )
    denominator_en = forms.CharField(
        label=_("Divided by what, in words (English)"), max_length=200, required=False
    )
    source_note_zh = forms.CharField(label=_("Source (Chinese)"), max_length=200, required=False)
    source_note_en = forms.CharField(label=_("Source (English)"), max_length=200, required=False)
    collection_method_zh = forms.CharField(
        label=_("Collection method (Chinese)"), max_length=200, required=False
    )
    collection_method_en = forms.CharField(
        label=_("Collection method (English)"), max_length=200, required=False
    )

    def __init__(self, *args: Any, kpi: KPI | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        measures = [(each.code, each.name or each.code) for each in Measure.objects.all()]
        self.fields["sample_measure"].choices = [("", _("the denominator")), *measures]  # type: ignore[attr-defined]
        if kpi is not None:
            del self.fields["code"]
            del self.fields["is_qualitative"]
            if kpi.is_qualitative:
                for name in ("formula", "sample_measure"):
                    del self.fields[name]
        if "formula" in self.fields:
            self.fields["formula"].widget.attrs.update(
                {
                    "hx-post": reverse("metrics:kpi_check"),
                    "hx-trigger": "load, input changed delay:400ms",
                    "hx-include": "closest form",
                    "hx-target": "#formula-check",
                }
            )

    def terms(self) -> KPITerms:
        values = {name: self.cleaned_data[name] for name in TERMS if name in self.cleaned_data}
        return KPITerms(**values)


TERMS = (
    "formula", "unit", "direction", "target", "stretch", "bands", "decimals", "minimum_sample", "sample_measure",
    "denominator_zh", "denominator_en", "source_note_zh", "source_note_en", "collection_method_zh",
    "collection_method_en",
)  # fmt: skip


class FormulaCheckForm(forms.Form):
    """What the live check needs of the editor; the rest may still be wrong."""

    formula = forms.CharField(max_length=2_000, required=False, strip=False)
    unit = forms.ChoiceField(choices=KPIVersion.Unit.choices, required=False)
    decimals = forms.IntegerField(min_value=0, max_value=6, required=False)
    minimum_sample = forms.IntegerField(min_value=1, max_value=1_000_000, required=False)
    sample_measure = forms.CharField(max_length=60, required=False)
