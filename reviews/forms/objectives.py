"""Writing an objective with its key results, checking in, assessing."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.refusals import Refusal
from metrics.models import KPI
from reviews.forms.components import NumberField, Row, number
from reviews.methods.objectives import MOST_KEY_RESULTS
from reviews.models import KeyResult, ObjectiveVersion
from reviews.services.check_ins import COMMENT_LIMIT
from reviews.services.objective_assessments import COMMENT_LIMIT as ASSESSMENT_LIMIT
from reviews.services.objective_content import TITLE_LIMIT, UNIT_LIMIT, WHY_LIMIT
from reviews.services.rights import REASON_LIMIT

PLACE = re.compile(r"key_results\[(\d+)\](?:\.(\w+))?")


class ObjectiveForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("What is to be reached"),
        max_length=TITLE_LIMIT,
        help_text=gettext_lazy("One sentence that begins with what is done: Shorten the wait at lunchtime."),
    )
    why = forms.CharField(
        label=gettext_lazy("Why it matters"),
        max_length=WHY_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    weight = NumberField(label=gettext_lazy("Weight"), min_value=0, max_value=100, required=True)
    parent = forms.TypedChoiceField(
        label=gettext_lazy("Supports"), required=False, coerce=int, empty_value=None, choices=()
    )
    perspective = forms.ChoiceField(label=gettext_lazy("Perspective"), required=False, choices=())
    reason = forms.CharField(
        label=gettext_lazy("Why it changes"),
        max_length=REASON_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The other side reads it, and has to agree again."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        parents: list[tuple[int, str]],
        perspectives: list[tuple[str, str]] | None = None,
        is_change: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].choices = [("", _("none")), *parents]  # type: ignore[attr-defined]
        self.fields["perspective"].choices = [  # type: ignore[attr-defined]
            ("", _("none")),
            *(perspectives if perspectives is not None else KPI.Perspective.choices),
        ]
        self.fields["reason"].required = is_change
        if not is_change:
            del self.fields["reason"]

    def content(self, rows: BaseFormSet[Any]) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "title": data["title"],
            "why": data["why"],
            "weight": data["weight"],
            "parent": data["parent"],
            "perspective": data["perspective"],
            "key_results": [row.content() for row in rows if not row.is_empty],
        }


class KeyResultRow(Row):
    key_fields = ("title", "target", "start", "kpi")

    key = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label=gettext_lazy("Key result"), max_length=TITLE_LIMIT, required=False)
    measured = forms.ChoiceField(
        label=gettext_lazy("Seen by"),
        required=False,
        choices=[
            ("number", gettext_lazy("a number that is noted")),
            ("kpi", gettext_lazy("a KPI that it follows")),
            ("judged", gettext_lazy("the manager's word at the end")),
        ],
    )
    kpi = forms.ChoiceField(label=gettext_lazy("KPI"), required=False, choices=())
    start = NumberField(label=gettext_lazy("From"))
    target = NumberField(label=gettext_lazy("To (target)"))
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=UNIT_LIMIT, required=False)
    direction = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        required=False,
        choices=[("", gettext_lazy("as from and to say")), *KeyResult.Direction.choices],
    )
    weight = NumberField(label=gettext_lazy("Weight"), min_value=0, max_value=100)

    def __init__(self, *args: Any, kpis: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kpi"].choices = [("", ""), *kpis]  # type: ignore[attr-defined]

    def content(self) -> dict[str, Any]:
        data = self.cleaned_data
        how = data["measured"] or ("kpi" if data["kpi"] else "number")
        found = {
            "key": data["key"],
            "title": data["title"],
            "weight": number(data["weight"]),
            "is_judged": how == "judged",
        }
        if how == "judged":
            return found
        return {
            **found,
            "unit": data["unit"],
            "start": number(data["start"]),
            "target": number(data["target"]),
            "direction": data["direction"] or None,
            "kpi": data["kpi"] if how == "kpi" else None,
        }


KeyResultRows: type[BaseFormSet[Any]] = formset_factory(
    KeyResultRow, extra=1, max_num=MOST_KEY_RESULTS, absolute_max=MOST_KEY_RESULTS + 2
)


def initial_of(version: ObjectiveVersion) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the form and its rows begin with, for a version that is to be changed."""
    return (
        {
            "title": version.title,
            "why": version.why,
            "weight": version.weight,
            "parent": version.parent_id,
            "perspective": version.perspective,
            "seen": version.digest,
        },
        [
            {
                "key": each.key,
                "title": each.title,
                "measured": "judged" if each.is_judged else "kpi" if each.kpi_version else "number",
                "kpi": each.kpi_version.kpi.code if each.kpi_version else "",
                "start": each.start,
                "target": each.target,
                "unit": each.unit,
                "direction": "" if each.start is not None else each.direction,
                "weight": each.weight,
            }
            for each in version.key_results.all()
        ],
    )


def show_content_refusal(form: ObjectiveForm, rows: BaseFormSet[Any], refusal: Refusal) -> None:
    """At the field or the row that the refusal names, else above the form."""
    error = forms.ValidationError(str(refusal), code=refusal.code)
    place = PLACE.fullmatch(refusal.field or "")
    filled = [row for row in rows if not row.is_empty]
    if place and int(place[1]) < len(filled):
        row = filled[int(place[1])]
        row.add_error(place[2] if place[2] in row.fields else "title", error)
        form.add_error(None, error)
    else:
        form.add_error(refusal.field if refusal.field in form.fields else None, error)


class CheckInForm(forms.Form):
    """A value for each key result that is noted by hand, how sure one is, a word."""

    confidence = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, choices=[("1", ""), ("2", ""), ("3", "")]
    )
    comment = forms.CharField(
        label=gettext_lazy("A word about it"),
        max_length=COMMENT_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, version: ObjectiveVersion, values: dict[int, float], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.results = [
            each for each in version.key_results.all() if not each.is_judged and each.kpi_version_id is None
        ]
        self.values = values
        for each in self.results:
            self.fields[f"value_{each.key}"] = NumberField(label=each.title, initial=values.get(each.key))

    @property
    def value_fields(self) -> list[dict[str, Any]]:
        return [{"field": self[f"value_{each.key}"], "result": each} for each in self.results]

    def changed_values(self) -> dict[int, float | None]:
        """Those that say something new: what stands in the form unchanged was not noted again."""
        found: dict[int, float | None] = {}
        for each in self.results:
            typed = self.cleaned_data.get(f"value_{each.key}")
            value = None if typed is None else float(typed)
            if value is not None and value != self.values.get(each.key):
                found[each.key] = value
        return found


class AssessmentForm(forms.Form):
    comment = forms.CharField(
        label=gettext_lazy("How it went"),
        max_length=ASSESSMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, results: list[KeyResult], levels: list[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.results = results
        for each in results:
            self.fields[f"level_{each.key}"] = forms.TypedChoiceField(
                label=each.title,
                coerce=int,
                empty_value=None,
                choices=[(str(value), name) for value, name in levels],
                widget=forms.RadioSelect,
            )

    @property
    def level_fields(self) -> list[Any]:
        return [self[f"level_{each.key}"] for each in self.results]

    def levels(self) -> dict[int, int]:
        return {each.key: self.cleaned_data[f"level_{each.key}"] for each in self.results}
