"""What people write about an appeal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.services.appeals import HIGHEST, REASON_LIMIT
from reviews.services.evidence_files import FILE_LIMIT, MEGABYTE, MOST_FILES


class SeveralFilesInput(forms.FileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """A list of files; what is in them is the service's to look at, in its own words."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [each for each in (data if isinstance(data, list | tuple) else [data]) if each]


def files_field(*, required: bool = False) -> SeveralFilesField:
    return SeveralFilesField(
        label=_("What proves it"),
        required=required,
        help_text=_(
            "PDF, pictures, Word, Excel, text or recordings; at most %(count)s files of %(limit)s MB."
        )
        % {"count": MOST_FILES, "limit": FILE_LIMIT // MEGABYTE},
    )


class AppealForm(forms.Form):
    item = forms.ChoiceField(label=_("Which part"), choices=())
    proposed_score = forms.FloatField(
        label=_("What it should be"),
        min_value=0,
        max_value=HIGHEST,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text=_("In points, as they stand behind each item."),
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What happened, when, and where it can be seen."),
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [("", ""), *items]  # type: ignore[attr-defined]
        self.fields["files"] = files_field()


class FilesForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"] = files_field()


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("Your comment"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )


class AssignForm(forms.Form):
    decider = forms.TypedChoiceField(label=_("Who decides"), coerce=int, choices=())

    def __init__(self, *args: Any, deciders: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["decider"].choices = [("", ""), *deciders]  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    use_required_attribute = False

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("accept", _("Accept it")), ("reject", _("Turn it down"))],
        widget=forms.RadioSelect,
    )
    score = forms.FloatField(
        label=_("Set it to"),
        required=False,
        min_value=0,
        max_value=HIGHEST,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text=_("Less than was asked for accepts it in part. Not read when rejecting."),
    )
    reason = forms.CharField(
        label=_("Reasons"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The employee and the manager read them."),
    )
