"""Bonus and penalty items and red lines of a cycle, as tables with a row each. An emptied row is no row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import NumberField, Row, number
from reviews.methods.bonus import MOST_POINTS
from reviews.methods.red_lines import ABOVE, BELOW, KINDS

CODE_WRONG = {"invalid": _("A code consists of letters, digits, hyphens and underscores.")}


class CodeField(forms.RegexField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Code"),
            regex="^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$",
            max_length=40,
            required=False,
            error_messages=CODE_WRONG,
            **kwargs,
        )


def points(label: Any, **how: Any) -> NumberField:
    return NumberField(label=label, **{"min_value": -MOST_POINTS, "max_value": MOST_POINTS, **how})


class BonusLimitsForm(forms.Form):
    """How far all points of one person together may go."""

    use_required_attribute = False

    minimum = points(_("All points together, at least"), max_value=0, required=True)
    maximum = points(_("All points together, at most"), min_value=0, required=True)


class BonusItemRow(Row):
    key_fields = ("code", "name_zh", "name_en", "minimum", "maximum", "total")

    code = CodeField()
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    minimum = points(_("Points, from"))
    maximum = points(_("Points, to"))
    total = points(_("At most in the cycle"), min_value=0)
    evidence_required = forms.BooleanField(label=_("Evidence required"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "code", "minimum", "maximum")
        if data.get("total") == 0:
            self.add_error(
                "total", forms.ValidationError(_("Enter a number above 0, or nothing for no limit."))
            )
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        entry = {
            "code": data["code"],
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
            "minimum": number(data["minimum"]),
            "maximum": number(data["maximum"]),
            "evidence_required": data["evidence_required"],
        }
        return entry | ({} if data["total"] is None else {"total": number(data["total"])})


class RedLineRow(Row):
    """The fields of all kinds; those of another kind than the chosen one are left aside."""

    key_fields = ("code", "name_zh", "name_en", "limit", "at_least")

    code = CodeField()
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("Crossed by"))
    cap = forms.ChoiceField(label=_("Caps the rating at"), required=False)
    kpi = forms.ChoiceField(label=_("KPI"), required=False)
    beyond = forms.ChoiceField(
        label=_("Crossed when the value lies"),
        required=False,
        choices=((ABOVE, _("above the limit")), (BELOW, _("below the limit"))),
    )
    limit = NumberField(label=_("Limit"))
    at_least = forms.IntegerField(
        label=_("From how many on"),
        min_value=1,
        max_value=100,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    behaviours = forms.MultipleChoiceField(label=_("Only these behaviours"), required=False)
    strengths = forms.MultipleChoiceField(label=_("Only these strengths"), required=False)

    def __init__(
        self,
        *args: Any,
        bands: list[tuple[str, str]],
        kpis: list[tuple[str, str]],
        behaviours: list[tuple[str, str]],
        strengths: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        blank = ("", _("choose"))
        for name, choices in (
            ("kind", [(kind.code, kind.label) for kind in KINDS.values()]),
            ("cap", [blank, *bands]),
            ("kpi", [blank, *kpis]),
            ("behaviours", behaviours),
            ("strengths", strengths),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def kind_fields(self) -> list[Any]:
        return [self[name] for name in ("kpi", "beyond", "limit", "at_least", "behaviours", "strengths")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = KINDS.get(data.get("kind", ""))
        self.require(data, "code", "cap", *(kind.schema["required"] if kind else ()))
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        typed = {**data, "limit": number(data["limit"])}
        own = {name: typed[name] for name in KINDS[data["kind"]].schema["properties"]}
        return {
            "code": data["code"],
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
            "kind": data["kind"],
            "cap": data["cap"],
            **{name: value for name, value in own.items() if value not in (None, "", [])},
        }


BonusItemRows: type[BaseFormSet[Any]] = formset_factory(BonusItemRow, extra=2, max_num=60, absolute_max=80)
RedLineRows: type[BaseFormSet[Any]] = formset_factory(RedLineRow, extra=1, max_num=30, absolute_max=40)
