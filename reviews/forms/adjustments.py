"""What HR types when it moves a rating, grants points or records a breach; what a manager proposes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import NumberField
from reviews.services.adjustments import EVIDENCE_LIMIT
from reviews.services.rights import REASON_LIMIT


class ReasonField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Reason"))
        super().__init__(max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)


class MoveForm(forms.Form):
    rating = forms.ChoiceField(label=_("Rating"), widget=forms.RadioSelect, required=False)
    reason = ReasonField(help_text=_("HR, auditors and the managers of this person read it."))
    is_shared = forms.BooleanField(
        label=_("The employee may read the reason after the release"), required=False
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, ratings: list[tuple[str, str]], proposing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rating"].choices = ratings  # type: ignore[attr-defined]
        if proposing:
            del self.fields["is_shared"]


class EntryForm(forms.Form):
    """A bonus or penalty item, or a breach; which of both the choice says."""

    employee_number = forms.CharField(label=_("Employee number"), max_length=40)
    item = forms.ChoiceField(label=_("What for"))
    points = NumberField(
        label=_("Points"), help_text=_("Within the range of the item; leave it empty for a breach.")
    )
    reason = ReasonField(help_text=_("The employee reads it after the release."))
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=EVIDENCE_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What proves it: a letter, a ticket number, a report. The employee reads it, too."),
    )

    def __init__(self, *args: Any, choices: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = choices  # type: ignore[attr-defined]
