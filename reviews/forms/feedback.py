"""What a manager writes to a result, what HR sets about it, and the notes of a talk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.methods.feedback import AppealRule, FeedbackRule
from reviews.selectors.feedback import FeedbackSheet
from reviews.services.conversations import NOTES_LIMIT
from reviews.services.feedback import TEXT_LIMIT


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FeedbackForm(forms.Form):
    """A field set per suggested point; the names carry the point's place in the sheet."""

    use_required_attribute = False

    words = forms.CharField(
        label=_("What you want to say of the whole"),
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, sheet: FeedbackSheet) -> None:
        self.sheet = sheet
        initial: dict[str, Any] = {
            "words": sheet.feedback.words if sheet.feedback else "",
            "version": sheet.version,
        }
        for index, point in enumerate(sheet.points):
            if point.said is not None:
                initial |= {
                    f"evidence_{index}": point.said.evidence,
                    f"suggestion_{index}": point.said.suggestion,
                    f"due_on_{index}": point.said.due_on,
                }
        super().__init__(data, initial=initial)
        for index, point in enumerate(sheet.points):
            self.fields[f"evidence_{index}"] = forms.CharField(
                label=_("What you saw"),
                required=False,
                max_length=TEXT_LIMIT,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            if point.is_strength:
                continue
            self.fields[f"suggestion_{index}"] = forms.CharField(
                label=_("What to do"),
                required=False,
                max_length=TEXT_LIMIT,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"due_on_{index}"] = forms.DateField(
                label=_("By when"), required=False, widget=day_input()
            )

    def fields_of(self, index: int) -> list[forms.BoundField]:
        """To be drawn. What a release waits for is not called optional, though half of it can be saved."""
        if self.sheet.rule.required:
            for name in (f"suggestion_{index}", f"due_on_{index}"):
                if name in self.fields:
                    self.fields[name].required = True
        return [
            self[name]
            for name in (f"evidence_{index}", f"suggestion_{index}", f"due_on_{index}")
            if name in self.fields
        ]

    def document(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        return [
            {
                "component": point.component,
                "subject": point.subject,
                "is_strength": point.is_strength,
                "evidence": data[f"evidence_{index}"],
                "suggestion": data.get(f"suggestion_{index}", ""),
                "due_on": data.get(f"due_on_{index}"),
            }
            for index, point in enumerate(self.sheet.points)
        ]

    def place_of(self, field: str) -> str:
        """The form's name of a field that the service names as points.N.name, where N counts what was sent."""
        head, _dot, rest = field.partition("points.")
        number, _dot, name = rest.partition(".")
        return f"{name}_{number}" if not head and name else field


class FeedbackRuleForm(forms.Form):
    required = forms.BooleanField(
        label=_("A result opens once every weak point has a suggestion"), required=False
    )
    weak_below = forms.DecimalField(
        label=_("Weak below"), min_value=0, max_value=200, max_digits=6, decimal_places=2
    )
    strong_from = forms.DecimalField(
        label=_("A strength from"), min_value=0, max_value=200, max_digits=6, decimal_places=2
    )
    most = forms.IntegerField(
        label=_("Points of each kind at most"),
        min_value=1,
        max_value=10,
        help_text=_("Those that cost or bring most come first."),
    )
    days = forms.IntegerField(label=_("Days to appeal, from the own release"), min_value=1, max_value=90)
    answer_days = forms.IntegerField(label=_("Days to answer an appeal"), min_value=1, max_value=90)

    def __init__(self, data: Any = None, *, feedback: FeedbackRule, appeal: AppealRule) -> None:
        super().__init__(data, initial={**vars(feedback), **vars(appeal)})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        weak, strong = data.get("weak_below"), data.get("strong_from")
        if weak is not None and strong is not None and strong < weak:
            self.add_error("strong_from", _("What counts as a strength lies below what counts as weak."))
        return data

    def document(self) -> dict[str, dict[str, Any]]:
        data = self.cleaned_data
        return {
            "feedback": {
                "required": data["required"],
                "weak_below": float(data["weak_below"]),
                "strong_from": float(data["strong_from"]),
                "most": data["most"],
            },
            "appeal": {"days": data["days"], "answer_days": data["answer_days"]},
        }


class NotesForm(forms.Form):
    held_on = forms.DateField(label=_("Day of the talk"), widget=day_input())
    text = forms.CharField(
        label=_("Notes"),
        max_length=NOTES_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What was said by both, and what was agreed. Both of you sign this text."),
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
