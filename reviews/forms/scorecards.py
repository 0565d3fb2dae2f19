"""What HR chooses about a balanced scorecard: whose it is, its perspectives, KPIs and links, and judged pairs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import CODE_PATTERN, KPIRow, Row, WeightField, number
from reviews.methods.scorecard import COMPANY, PERSON, SITE, TEAM

SUBJECTS = (
    (PERSON, _("Each person: the own numbers")),
    (TEAM, _("The person's team: everyone of it gets the team's score")),
    (SITE, _("The person's site: everyone there gets the site's score")),
    (COMPANY, _("The company: everyone gets the same score")),
)


class CardForm(forms.Form):
    subject = forms.ChoiceField(label=_("Whose numbers count"), choices=SUBJECTS, widget=forms.RadioSelect)
    type_weights = forms.BooleanField(
        label=_("Type the weights of the perspectives instead of judging pairs"), required=False
    )


class PerspectiveRow(Row):
    key_fields = ("code", "name_zh", "name_en")

    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=60,
        required=False,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    weight = WeightField()
    objectives = WeightField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["objectives"].label = _("Weight of objectives")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "code")
        return data

    def agreed(self) -> list[dict[str, Any]]:
        """The entry of the perspective's agreed objectives, where they have a weight."""
        weight = number(self.cleaned_data["objectives"])
        return [{"perspective": self.cleaned_data["code"], "weight": weight}] if weight else []

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "code": data["code"],
            "weight": number(data["weight"]) or 0,
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
        }


class CardKPIRow(KPIRow):
    """A KPI under a perspective; without one it stands where the KPI itself belongs."""

    perspective = forms.ChoiceField(label=_("Perspective"), required=False)

    def __init__(self, *args: Any, perspectives: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["perspective"].choices = [("", _("choose")), *perspectives]  # type: ignore[attr-defined]

    def document(self, before: dict[str, Any]) -> dict[str, Any]:
        chosen = self.cleaned_data["perspective"]
        return super().document(before) | ({"perspective": chosen} if chosen else {})


class LinkRow(Row):
    """One stated cause and effect. An emptied row is no link."""

    key_fields = ("cause", "effect")

    cause = forms.ChoiceField(label=_("Cause"), required=False)
    effect = forms.ChoiceField(label=_("Effect"), required=False)
    why_zh = forms.CharField(label=_("Why (Chinese)"), max_length=300, required=False)
    why_en = forms.CharField(label=_("Why (English)"), max_length=300, required=False)

    def __init__(self, *args: Any, nodes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("cause", "effect"):
            self.fields[name].choices = [("", "–"), *nodes]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "cause", "effect")
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        why = {"zh": data["why_zh"], "en": data["why_en"]}
        return {"from": data["cause"], "to": data["effect"], **({"why": why} if any(why.values()) else {})}


#: Saaty's words for 1 to 9; the even ones lie between.
SCALE = {9: _("extremely more"), 7: _("very much more"), 5: _("much more"), 3: _("somewhat more")}


def _steps(name: str, sign: int) -> list[tuple[int, str]]:
    """The steps from 9 to 2 by which one of the two matters more, each with its name."""
    return [
        (sign * step, f"{name} {step}{_(': ')}{SCALE[step]}" if step in SCALE else f"{name} {step}")
        for step in range(9, 1, -1)
    ]


class PairsForm(forms.Form):
    """A judgement for each pair of perspectives, those above the diagonal of the matrix."""

    accepted = forms.BooleanField(
        label=_("I have looked at this pair and keep the judgements as they are"), required=False
    )

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names
        for first in range(len(names)):
            for second in range(first + 1, len(names)):
                self.fields[f"pair_{first}_{second}"] = forms.TypedChoiceField(
                    label=_("%(first)s or %(second)s?") % {"first": names[first], "second": names[second]},
                    choices=[
                        (names[first], _steps(names[first], 1)),
                        (_("Equal"), [(1, _("1: both alike"))]),
                        (names[second], list(reversed(_steps(names[second], -1)))),
                    ],
                    coerce=int,
                )

    def judgements(self) -> dict[tuple[int, int], int]:
        return {
            (int(first), int(second)): value
            for name, value in self.cleaned_data.items()
            if name.startswith("pair_")
            for first, second in [name.removeprefix("pair_").split("_")]
        }

    @property
    def pairs(self) -> list[dict[str, Any]]:
        """[{field, first, second}]: the names of both beside the control."""
        return [
            {
                "field": self[name],
                "first": self.names[int(name.split("_")[1])],
                "second": self.names[int(name.split("_")[2])],
            }
            for name in self.fields
            if name.startswith("pair_")
        ]


PerspectiveRows: type[BaseFormSet[Any]] = formset_factory(PerspectiveRow, extra=1, max_num=8, absolute_max=16)
CardKPIRows: type[BaseFormSet[Any]] = formset_factory(CardKPIRow, extra=0, max_num=500, absolute_max=1000)
LinkRows: type[BaseFormSet[Any]] = formset_factory(LinkRow, extra=2, max_num=60, absolute_max=80)
