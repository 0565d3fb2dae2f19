"""What HR chooses about a ranking."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import NumberField, Row, WeightField, number
from reviews.forms.cycles import COHORT_LABELS
from reviews.methods.cohorts import COHORTS
from reviews.methods.ranking import (
    COMPONENTS,
    KPI,
    ORDERING,
    PERCENTILE,
    PLACE,
    RATER,
    SMALLEST_COHORT,
)

SOURCES = (
    (KPI, _("One KPI")),
    (COMPONENTS, _("Other components of this cycle")),
    (ORDERING, _("The order that each manager makes of the own people")),
)
SCALES = (
    (PERCENTILE, _("By percentile: the share of people below, and half of those at the same place")),
    (PLACE, _("By place: the first has the most, the last the least, the others evenly between")),
)


class RankingForm(forms.Form):
    source = forms.ChoiceField(label=_("People are ranked by"), choices=SOURCES, widget=forms.RadioSelect)
    kpi = forms.ChoiceField(label=_("KPI"), required=False)
    cohort = forms.ChoiceField(
        label=_("Ranked among"),
        choices=[(code, COHORT_LABELS[code]) for code in COHORTS],
        required=False,
        help_text=_("In an order made by hand, everyone is ranked among the people of the same manager."),
    )
    minimum_cohort = forms.IntegerField(
        label=_("People in a cohort, at least"),
        min_value=SMALLEST_COHORT,
        max_value=1000,
        help_text=_(
            "In a smaller cohort nobody gets a score here, and the rule for missing components applies."
        ),
    )
    scale = forms.ChoiceField(label=_("Points for a place"), choices=SCALES, widget=forms.RadioSelect)
    lowest = NumberField(label=_("Points for the last"), min_value=0, max_value=200, required=True)
    highest = NumberField(label=_("Points for the first"), min_value=0, max_value=200, required=True)

    def __init__(self, *args: Any, kpis: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kpi"].choices = [("", "–"), *kpis]  # type: ignore[attr-defined]

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        by_hand = data["source"] == ORDERING
        return {
            "source": data["source"],
            "kpis": [{"kpi": data["kpi"]}] if data["kpi"] else [],
            "cohort": RATER if by_hand else data["cohort"] or "team",
            "minimum_cohort": data["minimum_cohort"],
            "scale": data["scale"],
            "points": {"lowest": number(data["lowest"]), "highest": number(data["highest"])},
        }


class SourceRow(Row):
    """A component that could be ranked by; it is when it has a weight."""

    key_fields = ("weight",)

    code = forms.CharField(widget=forms.HiddenInput, max_length=60)
    weight = WeightField()

    def document(self) -> dict[str, Any]:
        return {"code": self.cleaned_data["code"], "weight": number(self.cleaned_data["weight"])}


SourceRows: Any = forms.formset_factory(SourceRow, extra=0, max_num=20, absolute_max=40)
