"""What HR types about a cycle as a whole. The rules are the services'; a form reads texts, numbers and days."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from people.models import Job, Site, Team
from reviews.methods.document import COHORTS
from reviews.models import CycleTemplate


class DayField(forms.DateField):
    """A calendar day; years that no review has are refused, since the database would take them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> datetime.date | None:
        day = super().clean(value)
        if day is not None and not 1990 <= day.year <= 2199:
            raise forms.ValidationError(_("Enter a day between 1990 and 2199."), code="invalid")
        return day


class TemplateField(forms.ModelChoiceField):
    def label_from_instance(self, template: CycleTemplate) -> str:
        return template.name or template.code


class NamedField(forms.ModelMultipleChoiceField):
    """Boxes rather than a list: there, one click without the right key silently undoes every other choice."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, thing: Any) -> str:
        return f"{thing.name} ({thing.code})"


class CycleForm(forms.Form):
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    first_day = DayField(label=_("First day of the period"))
    last_day = DayField(label=_("Last day of the period"))
    rating_due_on = DayField(
        label=_("Scores due on"),
        required=False,
        help_text=_("Managers see how many days are left until then."),
    )


class NewCycleForm(CycleForm):
    template = TemplateField(
        label=_("Template"),
        queryset=CycleTemplate.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_("Start from nothing"),
        help_text=_("Everything in it can be changed before the launch."),
    )
    code = forms.CharField(
        label=_("Code"), max_length=60, help_text=_("For addresses and programs: letters, digits, hyphens.")
    )

    field_order = ["template", "name_zh", "name_en", "code", "first_day", "last_day", "rating_due_on"]

    def __init__(self, *args: Any, templates: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]


MISSING_CHOICES = (
    ("renormalise", _("The other components share its weight")),
    ("zero", _("It counts as 0")),
    ("hold_back", _("No overall score until it is there")),
)
COHORT_LABELS = {
    "cycle": _("Everyone in this cycle"),
    "team": _("The own team"),
    "site": _("The own site"),
    "job": _("People with the same job"),
    "grade": _("People of the same grade"),
    "queue": _("The queue that most of one's records come from"),
}


class RulesForm(forms.Form):
    missing_component = forms.ChoiceField(
        label=_("When somebody has no score in a component"),
        choices=MISSING_CHOICES,
        widget=forms.RadioSelect,
    )
    cohort = forms.ChoiceField(
        label=_("Ranked among"),
        choices=[(code, COHORT_LABELS[code]) for code in COHORTS],
        widget=forms.RadioSelect,
    )
    show_rank = forms.BooleanField(label=_("Show employees and managers the rank"), required=False)
    acknowledge_terms = forms.BooleanField(
        label=_("Employees confirm that they have read their KPIs, targets and bonus rules"), required=False
    )
    second_review = forms.BooleanField(
        label=_("The manager's manager confirms the forms"),
        required=False,
        help_text=_("Each submitted form is confirmed or given back with a reason before calibration."),
    )
    judged_by = forms.ChoiceField(
        label=_("After a change of teams"),
        choices=(
            ("each", _("Each manager judges the own part, weighted by its days")),
            ("last", _("The last manager judges the whole period")),
        ),
        widget=forms.RadioSelect,
        required=False,
    )
    minimum_days = forms.IntegerField(
        label=_("A part counts from so many days on"), min_value=1, max_value=400, required=False
    )

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """The fields' values from a configuration."""
        names = ("missing_component", "cohort", "show_rank", "acknowledge_terms", "second_review")
        return {name: document.get(name) for name in names} | dict(document.get("transfers") or {})

    def document(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration with what was chosen; what was left empty stays."""
        data = dict(self.cleaned_data)
        chosen = {name: data.pop(name) for name in ("judged_by", "minimum_days")}
        transfers = {
            **(before.get("transfers") or {}),
            **{name: value for name, value in chosen.items() if value},
        }
        return {**before, **data, **({"transfers": transfers} if transfers else {})}


class PopulationForm(forms.Form):
    teams = NamedField(
        label=_("Teams"),
        queryset=Team.objects.none(),
        to_field_name="code",
        required=False,
        help_text=_("Each with the teams below it. None chosen means all."),
    )
    jobs = NamedField(
        label=_("Jobs"),
        queryset=Job.objects.none(),
        to_field_name="code",
        required=False,
        help_text=_("None chosen means all."),
    )
    sites = NamedField(
        label=_("Sites"),
        queryset=Site.objects.none(),
        to_field_name="code",
        required=False,
        help_text=_("None chosen means all."),
    )
    minimum_days = forms.IntegerField(
        label=_("Days on the roster, at least"),
        min_value=1,
        max_value=400,
        help_text=_("Whoever was here on fewer days of the period is left out."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in (("teams", Team), ("jobs", Job), ("sites", Site)):
            self.fields[name].queryset = model.objects.order_by("code")  # type: ignore[attr-defined]

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            **{name: sorted(each.code for each in data[name]) for name in ("teams", "jobs", "sites")},
            "minimum_days": data["minimum_days"],
        }


class LaunchForm(forms.Form):
    to_phase = forms.ChoiceField(
        label=_("Begin with"),
        widget=forms.RadioSelect,
        initial="rating",
        choices=(
            ("goals", _("Goals: people first read their KPIs and targets")),
            ("collection", _("Collection: wait for the period's data")),
            ("rating", _("Rating: managers begin to score at once")),
        ),
    )
