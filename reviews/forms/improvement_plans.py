"""What managers, HR and employees type about a plan."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from foundation.refusals import Refusal
from reviews.models import PlanOutcome
from reviews.models.improvement_plans import Cause, Who
from reviews.services.improvement_content import EVERY, TEXT_LIMIT
from reviews.services.improvement_course import NOTE_LIMIT
from reviews.services.improvement_plans import OBJECTION_LIMIT
from reviews.services.rights import REASON_LIMIT

DEFAULT_DAYS = 60
CAUSE_HINTS = {
    Cause.KNOWLEDGE: _("What is not known yet: product, rules, system"),
    Cause.SKILL: _("What is known but not yet mastered"),
    Cause.WILL: _("What takes away the drive"),
    Cause.PROCESS: _("What the way of working makes hard"),
    Cause.TOOL: _("What systems or equipment make hard"),
    Cause.CIRCUMSTANCE: _("What lies outside: shifts, queue, family, health"),
}


def day_field(label: Any, *, required: bool = False) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class TargetRow(forms.Form):
    kpi = forms.ChoiceField(label=_("KPI"), required=False)
    target = forms.DecimalField(label=_("Target"), required=False, localize=False)
    by = day_field(_("By"))

    def __init__(self, *args: Any, kpis: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kpi"].choices = [("", "–"), *kpis]  # type: ignore[attr-defined]
        self.fields["target"].widget.attrs |= {"step": "any", "inputmode": "decimal"}

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        target = data["target"]
        return {
            "kpi": data["kpi"],
            "target": None if target is None else float(target),
            "by": data["by"].isoformat() if data["by"] else "",
        }


class GoalRow(forms.Form):
    text = forms.CharField(label=_("Goal"), max_length=TEXT_LIMIT, required=False)
    by = day_field(_("By"))

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"text": data["text"], "by": data["by"].isoformat() if data["by"] else ""}


class MeasureRow(forms.Form):
    code = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    text = forms.CharField(label=_("What is done"), max_length=TEXT_LIMIT, required=False)
    who = forms.ChoiceField(label=_("Who"), choices=Who.choices, required=False, initial="employee")
    by = day_field(_("By"))

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "code": data["code"],
            "text": data["text"],
            "who": data["who"] or "employee",
            "by": data["by"].isoformat() if data["by"] else "",
        }


class PlanForm(forms.Form):
    """evidence: [(key, words)] on offer; owners: who may lead it; changing: new terms of a plan that exists."""

    use_required_attribute = False

    owner = forms.TypedChoiceField(label=_("Led by"), coerce=int, required=False, empty_value=None)
    evidence = forms.MultipleChoiceField(
        label=_("Evidence"), required=False, widget=forms.CheckboxSelectMultiple
    )
    deadline = day_field(_("Deadline"), required=True)
    every_days = forms.IntegerField(
        label=_("A check-in every"), min_value=EVERY[0], max_value=EVERY[1], initial=14
    )
    reason = forms.CharField(
        label=_("Why the terms change"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        evidence: list[tuple[str, str]] = [],  # noqa: B006  never changed
        owners: list[tuple[int, str]] = [],  # noqa: B006
        changing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for kind in Cause:
            self.fields[f"cause_{kind.value}"] = forms.CharField(
                label=kind.label, help_text=CAUSE_HINTS[kind], max_length=TEXT_LIMIT, required=False
            )
        if changing:
            for name in ("owner", "evidence", "form_key"):
                del self.fields[name]
        else:
            for name in ("reason", "seen"):
                del self.fields[name]
            self.fields["evidence"].choices = evidence  # type: ignore[attr-defined]
            self.fields["owner"].choices = owners  # type: ignore[attr-defined]
            if len(owners) < 2:
                del self.fields["owner"]

    @property
    def cause_fields(self) -> list[forms.BoundField]:
        return [self[f"cause_{kind}"] for kind in Cause.values]


class PlanTyped:
    """The form and its tables together: what was typed as a document, and a refusal at its place."""

    def __init__(
        self,
        data: Any,
        *,
        kpis: list[tuple[str, str]],
        content: Mapping[str, Any] | None = None,
        **form: Any,
    ) -> None:
        found = content or {}
        initial = {
            "deadline": found.get("deadline")
            or (timezone.localdate() + datetime.timedelta(days=DEFAULT_DAYS)).isoformat(),
            "every_days": found.get("every_days", 14),
            **{f"cause_{each['kind']}": each["text"] for each in found.get("causes", [])},
            **form.pop("initial", {}),
        }
        self.form = PlanForm(data, initial=initial, **form)
        self.tables: dict[str, BaseFormSet[Any]] = {}
        parts: tuple[tuple[str, type[forms.Form], int, int, Any], ...] = (
            ("targets", TargetRow, 3, 1, {"form_kwargs": {"kpis": kpis}}),
            ("goals", GoalRow, 2, 1, {}),
            ("measures", MeasureRow, 3, 1, {}),
        )
        for part, row, least, spare, more in parts:
            rows = [dict(each) for each in found.get(part, [])]
            extra = max(least - len(rows), spare)
            self.tables[part] = formset_factory(row, extra=extra, max_num=20)(
                data, initial=rows, prefix=part, **more
            )

    @property
    def errors(self) -> bool:
        return bool(self.form.errors) or any(
            bool(each) for table in self.tables.values() for each in table.errors
        )

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(table.is_valid() for table in self.tables.values())])

    def _filled(self, part: str) -> list[forms.Form]:
        """Rows in which something was typed; a row with only a date or a person is none."""
        found = []
        for row in self.tables[part]:
            data = row.cleaned_data
            if part == "targets":
                blank = not data.get("kpi") and data.get("target") is None
            else:
                blank = not data.get("text")
            if not blank:
                found.append(row)
        return found

    def content(self) -> dict[str, Any]:
        data = self.form.cleaned_data
        return {
            "causes": [
                {"kind": kind, "text": data[f"cause_{kind}"]}
                for kind in Cause.values
                if data[f"cause_{kind}"]
            ],
            **{part: [row.document() for row in self._filled(part)] for part in self.tables},  # type: ignore[attr-defined]
            "deadline": data["deadline"].isoformat(),
            "every_days": data["every_days"],
        }

    def show(self, refusal: Refusal) -> None:
        """At the field that it names: "targets.0.kpi" is the first row in which something was typed."""
        part, _sep, rest = (refusal.field or "").partition(".")
        place, _sep, name = rest.partition(".")
        error = forms.ValidationError(str(refusal), code=refusal.code)
        if part in self.tables and place.isdecimal():
            rows = self._filled(part)
            row = rows[int(place)] if int(place) < len(rows) else None
            if row is not None and name in row.fields:
                row.add_error(name, error)
                self.form.add_error(None, error)
                return
        self.form.add_error(part if part in self.form.fields else None, error)


class ObjectionForm(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("What you object to, and why"),
        max_length=OBJECTION_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AgreementForm(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class DecisionForm(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    decision = forms.ChoiceField(choices=[("stand", ""), ("fall", "")])
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )


class CheckInForm(forms.Form):
    held_on = day_field(_("Held on"), required=True)
    note = forms.CharField(
        label=_("What was said and agreed"),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class OutcomeForm(forms.Form):
    verdict = forms.ChoiceField(label=_("Outcome"), choices=PlanOutcome.Verdict.choices)
    until = day_field(_("New deadline"))
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )


class PlanFilters(forms.Form):
    """What stands above the list. What cannot be read filters nothing."""

    q = forms.CharField(required=False, max_length=80)
    kind = forms.ChoiceField(
        required=False,
        choices=[("", _("Every kind")), ("improvement", _("Improvement")), ("development", _("Development"))],
    )
    show = forms.ChoiceField(
        required=False, choices=[("", _("Going on")), ("closed", _("Ended")), ("all", _("All"))]
    )


class RuleForm(forms.Form):
    score_below = forms.FloatField(
        label=_("Improvement: overall score below"), min_value=1, max_value=100, localize=False
    )
    points_below = forms.FloatField(
        label=_("Improvement: points of a KPI below"), min_value=1, max_value=100, localize=False
    )
    score_from = forms.FloatField(
        label=_("Development: overall score from"), min_value=1, max_value=200, localize=False
    )
    answer_days = forms.IntegerField(label=_("Days to object"), min_value=1, max_value=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("score_below", "points_below", "score_from"):
            self.fields[name].widget.attrs["step"] = "any"
