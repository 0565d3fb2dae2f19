"""How ratings are given: cut-offs, or a share for each band."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import NumberField, number
from reviews.forms.cycles import COHORT_LABELS
from reviews.methods.document import COHORTS
from reviews.methods.rating_rule import (
    CUTOFFS,
    DISTRIBUTION,
    EXEMPT,
    MERGE,
    NEVER_SPLIT,
    SMALLEST_GROUP,
    SPLIT,
    rule_of,
)


class RatingRuleForm(forms.Form):
    use_required_attribute = False

    by = forms.ChoiceField(
        label=_("Ratings follow"),
        widget=forms.RadioSelect,
        choices=((CUTOFFS, _("the cut-offs of the bands")), (DISTRIBUTION, _("a share for each band"))),
    )
    cohort = forms.ChoiceField(
        label=_("Shares inside"), choices=[(code, COHORT_LABELS[code]) for code in COHORTS], required=False
    )
    minimum_group = forms.IntegerField(
        label=_("Scored people that a group needs"), min_value=SMALLEST_GROUP, max_value=10000, required=False
    )
    small_group = forms.ChoiceField(
        label=_("Smaller groups"),
        required=False,
        choices=(
            (MERGE, _("are merged: teams upwards, others into one rest")),
            (EXEMPT, _("are exempt: the cut-offs decide")),
        ),
    )
    ties = forms.ChoiceField(
        label=_("Equal scores at a cut"),
        required=False,
        choices=(
            (NEVER_SPLIT, _("are never split: all get the better band")),
            (SPLIT, _("may be split: longest in the role first")),
        ),
    )

    def __init__(self, *args: Any, bands: list[dict[str, Any]], rule: dict[str, Any], **kwargs: Any) -> None:
        full = rule_of({"rating": {**rule, "by": DISTRIBUTION}})
        kwargs["initial"] = {**full, "by": rule["by"]}
        super().__init__(*args, **kwargs)
        self.bands = bands
        for band in bands:
            name = f"share-{band['code']}"
            self.fields[name] = NumberField(label=band["label"], min_value=0, max_value=100)
            self.initial[name] = full["shares"].get(band["code"])

    def share_fields(self) -> list[Any]:
        return [self[f"share-{band['code']}"] for band in self.bands]

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data["by"] == CUTOFFS:
            return {"by": CUTOFFS}
        shares = {band["code"]: data.get(f"share-{band['code']}") for band in self.bands}
        names = ("cohort", "minimum_group", "small_group", "ties")
        return {
            "by": DISTRIBUTION,
            "shares": {code: number(share) for code, share in shares.items() if share},
            **{name: data[name] for name in names if data[name] not in ("", None)},
        }
