"""Noting an incident: made for a phone, where it takes one sentence and four taps."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from people.models import User
from people.selectors.employees import search_people
from reviews.services.incidents import REFERENCE_LIMIT, TEXT_LIMIT
from reviews.services.rights import REASON_LIMIT

#: Up to so many people are chosen from a list; of more one types the number or the name.
MOST_LISTED = 60
GOOD, BAD = "good", "bad"


class IncidentForm(forms.Form):
    """people: those about whom an incident may be noted; person: the one who is settled already."""

    employee = forms.CharField(label=gettext_lazy("Employee"))
    is_good = forms.ChoiceField(
        label=gettext_lazy("What kind"),
        choices=[(GOOD, gettext_lazy("Done well")), (BAD, gettext_lazy("To improve"))],
        widget=forms.RadioSelect,
    )
    behaviour = forms.ChoiceField(label=gettext_lazy("Expected behaviour"), choices=())
    strength = forms.ChoiceField(label=gettext_lazy("How strongly"), choices=(), widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("What was seen"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One sentence: what the person did, not what they are like."),
    )
    happened_on = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference = forms.CharField(
        label=gettext_lazy("Call or record"), max_length=REFERENCE_LIMIT, required=False
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        people: QuerySet[User],
        behaviours: list[tuple[str, str]],
        strengths: list[tuple[str, str]],
        person: User | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people, self.person = people, person
        self.fields["behaviour"].choices = [("", ""), *behaviours]  # type: ignore[attr-defined]
        self.fields["strength"].choices = strengths  # type: ignore[attr-defined]
        self.fields["happened_on"].widget.attrs["max"] = timezone.localdate().isoformat()
        choose_person(self, people, person)

    def clean_employee(self) -> int:
        return found_person(self, self.people, self.cleaned_data["employee"])

    def clean_happened_on(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["happened_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day has not come yet."))
        return day

    def content(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "behaviour": data["behaviour"],
            "strength": data["strength"],
            "is_good": data["is_good"] == GOOD,
            "text": data["text"],
            "happened_on": data["happened_on"],
            "reference": data["reference"],
        }


def choose_person(form: forms.Form, people: QuerySet[User], person: User | None) -> None:
    """The field `employee`: none where the person is settled, a list of few, a text for one of many."""
    if person is not None:
        del form.fields["employee"]
        return
    listed = list(people[: MOST_LISTED + 1])
    if len(listed) <= MOST_LISTED:
        form.fields["employee"] = forms.ChoiceField(
            label=gettext_lazy("Employee"),
            choices=[("", ""), *((str(each.pk), each.name) for each in listed)],
        )
    else:
        form.fields["employee"].help_text = _("Employee number or name")
    form.order_fields(["employee"])


def found_person(form: forms.Form, people: QuerySet[User], answer: str, *, field: str = "employee") -> int:
    """The id: chosen from the list, or found by number or by a name that only one person has."""
    typed = answer.strip()
    if isinstance(form.fields[field], forms.ChoiceField):
        return int(typed)
    exact = list(people.filter(employee_number=typed)[:1])
    found = exact or list(search_people(people, typed)[:2])
    if not found:
        raise forms.ValidationError(_("Nobody with this number or name about whom you may note something."))
    if len(found) > 1:
        raise forms.ValidationError(_("Several people are called like this. Type the employee number."))
    return found[0].pk


class CorrectionForm(IncidentForm):
    reason = forms.CharField(
        label=gettext_lazy("Why it is corrected"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReplyForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your reply"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )


class IncidentFilters(forms.Form):
    """What stands above the list. What cannot be read filters nothing."""

    q = forms.CharField(required=False, max_length=80)
    kind = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Good and bad")),
            (GOOD, gettext_lazy("Done well")),
            (BAD, gettext_lazy("To improve")),
        ],
    )
    behaviour = forms.CharField(required=False, max_length=60)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
