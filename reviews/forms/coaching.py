"""Noting a coaching talk: the person, the day, what was said."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from people.models import User
from reviews.forms.incidents import choose_person, found_person
from reviews.models import CoachingNote
from reviews.services.coaching import TEXT_LIMIT


class CoachingForm(forms.Form):
    """people: those about whom one may note; person: the one who is settled already."""

    employee = forms.CharField(label=gettext_lazy("Employee"))
    kind = forms.ChoiceField(
        label=gettext_lazy("What kind"),
        choices=CoachingNote.Kind.choices,
        widget=forms.RadioSelect,
        initial=CoachingNote.Kind.COACHING,
    )
    happened_on = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    text = forms.CharField(
        label=gettext_lazy("What was said or seen"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("What was talked about and what both agreed to do next."),
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: QuerySet[User], person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        self.fields["happened_on"].widget.attrs["max"] = timezone.localdate().isoformat()
        choose_person(self, people, person)

    def clean_employee(self) -> int:
        return found_person(self, self.people, self.cleaned_data["employee"])

    def clean_happened_on(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["happened_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day has not come yet."))
        return day
