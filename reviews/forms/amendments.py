"""What HR types to change a running cycle."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from people.models import User
from reviews.forms.incidents import found_person
from reviews.models import Amendment
from reviews.services.rights import REASON_LIMIT

Kind = Amendment.Kind


class AmendmentForm(forms.Form):
    """Its fields depend on the kind. people: those who may be named; lines: (value, label) of KPI lines."""

    line = forms.ChoiceField(label=gettext_lazy("Whose target is wrong"), choices=())
    by_table = forms.BooleanField(
        label=gettext_lazy("Take the target table as it stands now"), required=False
    )
    target = forms.FloatField(
        label=gettext_lazy("Right target for everybody"), required=False, min_value=-1e12, max_value=1e12
    )
    employee = forms.CharField(
        label=gettext_lazy("Employee"), max_length=80, help_text=gettext_lazy("Employee number or name")
    )
    rater = forms.CharField(
        label=gettext_lazy("Who judges from now on"),
        max_length=80,
        help_text=gettext_lazy("Employee number or name"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Those whom it concerns read it."),
    )

    def __init__(
        self,
        *args: Any,
        kind: str,
        lines: list[tuple[str, str]],
        people: QuerySet[User],
        raters: QuerySet[User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.people, self.raters = kind, people, raters
        shown = {
            Kind.TARGET: ("line", "by_table", "target"),
            Kind.RATER: ("employee", "rater"),
        }.get(Kind(kind), ("employee",))
        for name in ("line", "by_table", "target", "employee", "rater"):
            if name not in shown:
                del self.fields[name]
        if "line" in self.fields:
            self.fields["line"].choices = lines  # type: ignore[attr-defined]

    def clean_employee(self) -> int:
        return found_person(self, self.people, self.cleaned_data["employee"])

    def clean_rater(self) -> int:
        return found_person(self, self.raters, self.cleaned_data["rater"], field="rater")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        lacks_one = not data.get("by_table") and data.get("target") is None
        if self.kind == Kind.TARGET and lacks_one and "target" not in self.errors:
            self.add_error("target", _("Type the right target, or take the target table."))
        return data

    def details(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.kind == Kind.TARGET:
            component, _slash, kpi = data["line"].partition("/")
            return {
                "component": component,
                "kpi": kpi,
                "target": None if data["by_table"] else data["target"],
            }
        return {name: data[name] for name in ("employee", "rater") if name in data}
