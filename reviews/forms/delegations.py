"""For whom somebody scores, and how long."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from people.models import User
from reviews.forms.cycles import DayField
from reviews.forms.incidents import found_person
from reviews.services.rights import REASON_LIMIT


class DelegationForm(forms.Form):
    delegator = forms.CharField(
        label=_("In whose name"), max_length=80, help_text=_("Employee number or name"), required=False
    )
    delegate = forms.CharField(
        label=_("Who scores"), max_length=80, help_text=_("A manager's employee number or name")
    )
    first_day = DayField(label=_("First day"))
    last_day = DayField(label=_("Until, that day included"))
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, people: QuerySet[User], for_others: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        if not for_others:
            del self.fields["delegator"]

    def clean_delegate(self) -> int:
        return found_person(self, self.people, self.cleaned_data["delegate"], field="delegate")

    def clean_delegator(self) -> int | None:
        typed = self.cleaned_data["delegator"]
        return found_person(self, self.people, typed, field="delegator") if typed.strip() else None
