"""The head of a plan as a form, and its steps as HR composes them: a form whose shape follows the kinds of step."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.documents import Problem
from incentives.steps import configuration as configurations
from incentives.steps import registry
from incentives.steps.base import StepKind
from incentives.steps.fields import (
    CONDITIONS,
    AmountsField,
    ChoiceField,
    DecimalField,
    Field,
    RowsField,
    SourceField,
    decimal_text,
    plain,
)
from incentives.steps.wording import condition_text
from metrics.models import KPI
from people.models import Job


class PlanForm(forms.Form):
    code = forms.RegexField(
        label=gettext_lazy("Code"),
        regex=r"^[A-Za-z0-9_-]{1,60}$",
        max_length=60,
        help_text=gettext_lazy("Short and lasting: files and the API name it so."),
        error_messages={
            "invalid": gettext_lazy("A code has letters, digits, hyphens and underscores, at most 60.")
        },
    )
    name_zh = forms.CharField(label=gettext_lazy("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=gettext_lazy("Name (English)"), max_length=120, required=False)
    currency = forms.RegexField(
        label=gettext_lazy("Currency"), regex=r"^[A-Z]{3}$", initial="CNY", max_length=3
    )


class PlanDetailsForm(forms.Form):
    name_zh = forms.CharField(label=gettext_lazy("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=gettext_lazy("Name (English)"), max_length=120, required=False)
    is_active = forms.BooleanField(
        label=gettext_lazy("In use: payouts can be computed by it"), required=False
    )


class VersionForm(forms.Form):
    valid_from = forms.DateField(
        label=gettext_lazy("Valid from"),
        help_text=gettext_lazy("A cycle is paid by the rules that hold on its last day."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    minimum_days = forms.IntegerField(
        label=gettext_lazy("Days in the role at least"),
        min_value=0,
        max_value=configurations.DAYS_LIMIT,
        initial=1,
        help_text=gettext_lazy("Whoever was in the role for fewer days of the period is not eligible."),
    )
    frequency = forms.ChoiceField(
        label=gettext_lazy("Pays"),
        required=False,
        choices=[
            ("cycle", gettext_lazy("for every cycle")),
            ("month", gettext_lazy("for monthly cycles only")),
            ("quarter", gettext_lazy("for quarterly cycles only")),
            ("release", gettext_lazy("for every cycle, computed as soon as its results are released")),
        ],
    )
    jobs = forms.MultipleChoiceField(
        label=gettext_lazy("Only these jobs"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen means all jobs."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["jobs"].choices = [(job.code, job.name) for job in Job.objects.order_by("code")]  # type: ignore[attr-defined]

    def clean_valid_from(self) -> datetime.date:
        day = self.cleaned_data["valid_from"]
        if not 1990 <= day.year <= 2199:
            raise forms.ValidationError(_("Enter a day between 1990 and 2199."))
        return day

    def eligibility(self) -> dict[str, Any]:
        found: dict[str, Any] = {"minimum_days": self.cleaned_data.get("minimum_days", 1)}
        if self.cleaned_data.get("jobs"):
            found["jobs"] = sorted(self.cleaned_data["jobs"])
        return found


BLANK_ROWS = 1
MOST_STEPS = configurations.STEPS_LIMIT


class StepsForm:
    """Reads the steps from a posted form and lays them out again, with every problem beside its field.

    Names are steps-<place>-<parameter>; the button pressed is `action`: add, up:1, down:1, remove:1, refresh, save.
    """

    def __init__(self, steps: list[dict[str, Any]], *, currency: str = "CNY") -> None:
        self.steps = steps
        self.currency = currency

    @classmethod
    def from_post(cls, data: QueryDict, *, currency: str) -> StepsForm:
        count = _whole(data.get("steps-count"), most=MOST_STEPS)
        steps = []
        for place in range(count):
            kind = registry.find(data.get(f"steps-{place}-kind"))
            if kind is not None:
                steps.append(_read_step(kind, data, place))
        form = cls(steps, currency=currency)
        form.act(data.get("action", ""), data)
        return form

    def act(self, action: str, data: QueryDict) -> None:
        verb, _sep, target = action.partition(":")
        if verb == "add":
            kind = registry.find(data.get("new-kind"))
            if kind is not None and len(self.steps) < MOST_STEPS:
                place = len(self.steps)
                if kind.role != "last" and self.steps and self.steps[-1]["kind"] == "rounding":
                    place -= 1  # before the rounding, which stays the last
                self.steps.insert(place, starting_step(kind))
            return
        place = _whole(target, most=MOST_STEPS)
        if not re.fullmatch(r"\d{1,3}", target) or place >= len(self.steps):
            return
        if verb == "remove":
            del self.steps[place]
        elif verb == "up" and place > 0:
            self.steps[place - 1 : place + 1] = [self.steps[place], self.steps[place - 1]]
        elif verb == "down" and place + 1 < len(self.steps):
            self.steps[place : place + 2] = [self.steps[place + 1], self.steps[place]]

    def configuration(self, eligibility: Mapping[str, Any], frequency: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {"eligibility": dict(eligibility)}
        if frequency and frequency != "cycle":
            found["frequency"] = frequency
        return configurations.normal({**found, "steps": self.steps})

    def cards(self, problems: list[Problem]) -> list[dict[str, Any]]:
        """One per step: its kind, its controls with values and errors, its sentence where it is sound."""
        sources = source_choices()
        jobs = list(Job.objects.order_by("code"))
        cards = []
        for place, step in enumerate(self.steps):
            kind = registry.KINDS[step["kind"]]
            own = [problem for problem in problems if problem.path[:2] == ("steps", place)]
            normal = kind.normal(step)
            sound = not list(kind.check(normal))
            cards.append(
                {
                    "place": place,
                    "number": place + 1,
                    "kind": kind.kind,
                    "label": kind.label,
                    "help": kind.help,
                    "sentence": kind.describe(normal, self.currency) if sound else "",
                    "errors": [problem.text for problem in own if len(problem.path) == 2],
                    "fields": [
                        _control(field, step, place, own, sources, jobs)
                        for field in kind.fields
                        if field.applies(normal)
                    ],
                    "first": place == 0,
                    "last": place == len(self.steps) - 1,
                }
            )
        return cards

    def general_errors(self, problems: list[Problem]) -> list[str]:
        return [problem.text for problem in problems if problem.path in ((), ("steps",), ("currency",))]


def starting_step(kind: StepKind) -> dict[str, Any]:
    """What a step begins as: its defaults, and the first of each choice."""
    step: dict[str, Any] = {"kind": kind.kind}
    for field in kind.fields:
        if field.default is not None:
            step[field.code] = field.default
        elif isinstance(field, ChoiceField):
            step[field.code] = field.choices[0][0]
        elif isinstance(field, SourceField) and not field.values_only:
            step[field.code] = "score"
    return step


def starting_steps() -> list[dict[str, Any]]:
    """A plan that most begin with; HR changes the numbers."""
    return [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {
            "kind": "curve",
            "input": "score",
            "threshold": "70",
            "at_threshold": "0",
            "accelerator": "2",
            "cap": "2",
        },
        {"kind": "proration", "by": "days_in_role"},
        {"kind": "rounding", "quantum": "0.01", "mode": "half_up"},
    ]


def source_choices() -> list[tuple[str, str]]:
    kpis = [(kpi.code, kpi.name or kpi.code) for kpi in KPI.objects.filter(is_active=True).order_by("code")]
    return [
        ("score", _("overall score")),
        *((f"kpi:{code}", _("attainment of %(kpi)s") % {"kpi": name}) for code, name in kpis),
        *((f"value:{code}", _("value of %(kpi)s") % {"kpi": name}) for code, name in kpis),
        *((f"condition:{code}", condition_text(code)) for code in CONDITIONS),
    ]


def _whole(text: str | None, *, most: int) -> int:
    return min(int(text), most) if text and re.fullmatch(r"\d{1,3}", text) else 0


# Reading --------------------------------------------------------------------------------------------------------------


def _read_step(kind: StepKind, data: QueryDict, place: int) -> dict[str, Any]:
    step: dict[str, Any] = {"kind": kind.kind}
    for field in kind.fields:
        value = _read(field, data, f"steps-{place}-{field.code}")
        if value is not None:
            step[field.code] = value
    # A choice changed in the browser leaves the parameters of the other choice behind.
    return {
        code: value
        for code, value in step.items()
        if code == "kind" or next(field for field in kind.fields if field.code == code).applies(step)
    }


def _read(field: Field, data: QueryDict, name: str) -> Any:
    if isinstance(field, AmountsField):
        amounts = {
            key[len(name) + 1 :]: _clean(value)
            for key, value in data.items()
            if key.startswith(f"{name}-") and str(value).strip()
        }
        return amounts or None
    if isinstance(field, RowsField):
        rows = []
        for row in range(40):
            first, second = data.get(f"{name}-{row}-0"), data.get(f"{name}-{row}-1")
            if first is None and second is None:
                break
            if (first or "").strip() or (second or "").strip():
                rows.append([_clean(first), _clean(second)])
        return rows or None
    text = _clean(data.get(name))
    if not text:
        return None
    if isinstance(field, DecimalField) and field.percent:
        number = decimal_text(text)
        return plain(Decimal(number) / 100) if number is not None else text
    return text


def _clean(text: Any) -> str:
    """As typed, without blanks around it and with a full-width or decimal comma's confusion left to the check."""
    return str(text or "").strip()[:60]


# Laying out -----------------------------------------------------------------------------------------------------------


def _control(
    field: Field,
    step: Mapping[str, Any],
    place: int,
    problems: list[Problem],
    sources: list[tuple[str, str]],
    jobs: list[Job],
) -> dict[str, Any]:
    name = f"steps-{place}-{field.code}"
    errors = [problem for problem in problems if len(problem.path) > 2 and problem.path[2] == field.code]
    value = step.get(field.code, field.default or "")
    control: dict[str, Any] = {
        "control": field.control,
        "name": name,
        "label": field.label,
        "help": field.help,
        "value": value,
        "unit": getattr(field, "unit", ""),
        "error": " ".join(dict.fromkeys(problem.text for problem in errors)),
    }
    if isinstance(field, DecimalField) and field.percent:
        number = decimal_text(value)
        control["value"] = plain(Decimal(number) * 100) if number is not None else value
    elif isinstance(field, ChoiceField):
        control["choices"] = [(code, text, code == value) for code, text in field.choices]
        control["reshapes"] = True
    elif isinstance(field, SourceField):
        offered = [pair for pair in sources if not field.values_only or pair[0].startswith("value:")]
        if value and value not in dict(offered):
            offered.append((value, value))  # a KPI that is no longer in use
        control["choices"] = [("", "–", not value), *((code, text, code == value) for code, text in offered)]
    elif isinstance(field, AmountsField):
        amounts = value if isinstance(value, Mapping) else {}
        listed = [("default", _("all other jobs")), *((job.code, job.name) for job in jobs)]
        listed += [(code, code) for code in amounts if code not in dict(listed)]
        control["rows"] = [(f"{name}-{code}", text, amounts.get(code, "")) for code, text in listed]
    elif isinstance(field, RowsField):
        rows = list(value) if isinstance(value, list) else []
        rows += [["", ""]] * (BLANK_ROWS + (1 if not rows else 0))
        control["heads"] = field.heads
        control["rows"] = [
            (f"{name}-{row}-0", f"{name}-{row}-1", pair[0], pair[1])
            for row, pair in enumerate(rows)
            if isinstance(pair, list | tuple) and len(pair) == 2
        ]
    return control
