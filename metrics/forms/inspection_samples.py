"""Drawing calls, and what an inspector is given."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.forms.fields import DayField
from metrics.models import InspectionForm, InspectionSample, Measure, Source
from metrics.services.inspection_samples import MAX_PER_AGENT, SampleRequest
from people.models import Site, Team


class SampleForm(forms.Form):
    form = forms.ModelChoiceField(
        label=_("Inspection form"), queryset=InspectionForm.objects.none(), to_field_name="code"
    )
    source = forms.ModelChoiceField(label=_("Calls of"), queryset=Source.objects.none(), to_field_name="code")
    first_day = DayField(label=_("First day"))
    last_day = DayField(label=_("Last day"))
    per_agent = forms.IntegerField(label=_("Calls per agent"), min_value=1, max_value=MAX_PER_AGENT)
    every = forms.ChoiceField(label=_("Counted"), choices=InspectionSample.Every.choices)
    spread = forms.ChoiceField(
        label=_("Spread"),
        choices=InspectionSample.Spread.choices,
        help_text=_("So that not all calls of one agent are of one day."),
    )
    needs_measure = forms.ChoiceField(
        label=_("Only calls with"),
        required=False,
        help_text=_(
            "Only records in which this is above zero: nobody can listen to a call that was not answered."
        ),
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"),
        queryset=Team.objects.none(),
        to_field_name="code",
        required=False,
        help_text=_("With all below them; none: everybody."),
    )
    double_percent = forms.IntegerField(
        label=_("Scored twice"),
        min_value=0,
        max_value=100,
        help_text=_("By a second inspector who does not see the first score."),
    )
    due_on = DayField(label=_("Due on"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, forms.ModelChoiceField] = {
            name: self.fields[name]  # type: ignore[misc]
            for name in ("form", "source", "teams")
        }
        choices["form"].queryset = InspectionForm.objects.filter(is_active=True)
        choices["source"].queryset = Source.objects.filter(kind=Source.Kind.RECORDS, is_active=True)
        choices["teams"].queryset = Team.objects.filter(is_active=True).order_by("code")
        for field in choices.values():
            field.empty_label = None
        self.fields["needs_measure"].choices = [  # type: ignore[attr-defined]
            ("", _("everything")),
            *((measure.code, measure.name or measure.code) for measure in Measure.objects.all()),
        ]

    def request(self) -> SampleRequest:
        data = self.cleaned_data
        names = (
            "first_day",
            "last_day",
            "per_agent",
            "every",
            "spread",
            "needs_measure",
            "double_percent",
            "due_on",
        )
        return SampleRequest(
            form=data["form"],
            source=data["source"],
            team_codes=[team.code for team in data["teams"]],
            **{name: data[name] for name in names},
        )


class InspectorForm(forms.Form):
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"), queryset=Team.objects.none(), to_field_name="code", required=False,
        help_text=_("With all below them. Neither teams nor sites: everybody's calls."),
    )  # fmt: skip
    sites = forms.ModelMultipleChoiceField(
        label=_("Sites"), queryset=Site.objects.none(), to_field_name="code", required=False
    )
    is_reviewer = forms.BooleanField(
        label=_("Decides disputes"),
        required=False,
        help_text=_("Of calls that somebody else scored."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = Team.objects.filter(is_active=True).order_by("code")  # type: ignore[attr-defined]
        self.fields["sites"].queryset = Site.objects.order_by("code")  # type: ignore[attr-defined]
