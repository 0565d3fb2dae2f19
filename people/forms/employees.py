"""What HR types about people. The rules are the services'; a form only reads dates and names."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.refusals import Refusal
from people.forms.accounts import LANGUAGES
from people.models import Job, RoleGrant, Team
from people.services.days import check_day
from people.services.row_values import read_list


class DayField(forms.DateField):
    """A calendar day; years that no roster has are refused, since the database would take them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> datetime.date | None:
        day = super().clean(value)
        if day is not None:
            try:
                check_day(day, "")
            except Refusal as refusal:
                raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
        return day


class TeamField(forms.ModelChoiceField):
    def label_from_instance(self, team: Team) -> str:
        return f"{team.name} ({team.code})"


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    employee_number = forms.CharField(
        label=_("Employee number"),
        max_length=40,
        required=False,
        help_text=_("Empty for someone who is not appraised, such as an auditor from outside."),
    )
    login = forms.CharField(
        label=_("Login"), max_length=80, required=False, help_text=_("Empty means the employee number.")
    )
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    locale = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    hired_on = DayField(label=_("Hired on"), required=False)
    aliases = forms.CharField(
        label=_("Other names"),
        required=False,
        max_length=1000,
        help_text=_("Names in source systems, divided by semicolons."),
    )

    def clean_aliases(self) -> list[str]:
        return read_list(self.cleaned_data["aliases"])


class PlaceForm(forms.Form):
    team = TeamField(label=_("Team"), queryset=Team.objects.none())
    job = forms.ModelChoiceField(label=_("Job"), queryset=Job.objects.none())
    grade = forms.CharField(
        label=_("Grade"), max_length=20, required=False, help_text=_("As the company writes it, such as P3.")
    )
    from_day = DayField(label=_("From"), help_text=_("The first day in the new place."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.filter(is_active=True).order_by("path")  # type: ignore[attr-defined]
        self.fields["job"].queryset = Job.objects.order_by("code")  # type: ignore[attr-defined]


class EndForm(forms.Form):
    last_day = DayField(label=_("Last day of work"))


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=RoleGrant.Role.choices)
