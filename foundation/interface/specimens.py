"""What the style guide shows: invented values in the shapes that the components take."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

BANDS = (
    (None, gettext_lazy("Needs work")),
    (60, gettext_lazy("Fair")),
    (75, gettext_lazy("Good")),
    (90, gettext_lazy("Very good")),
    (100, gettext_lazy("Outstanding")),
)


class SpecimenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=40,
        help_text=gettext_lazy("As people will read it in the list."),
    )
    direction = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        choices=[("higher", gettext_lazy("Higher is better")), ("lower", gettext_lazy("Lower is better"))],
    )
    weight = forms.DecimalField(label=gettext_lazy("Weight"), max_value=100)
    starts_on = forms.DateField(
        label=gettext_lazy("Starts on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Who"),
        widget=forms.RadioSelect,
        choices=[("team", gettext_lazy("My team")), ("site", gettext_lazy("The whole site"))],
    )
    notify = forms.BooleanField(label=gettext_lazy("Tell them by mail"), required=False)
    file = forms.FileField(
        label=gettext_lazy("File"), required=False, help_text=gettext_lazy("CSV or XLSX, up to 64 MB.")
    )


def specimens() -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "bands": BANDS,
        "band_css": "band-3",
        "band_total": len(BANDS),
        "moment": timezone.now() - datetime.timedelta(hours=3),
        "today": today,
        "due_on": today + datetime.timedelta(days=6),
        "amount": Decimal("3360"),
        "form": SpecimenForm(
            initial={"name": _("First contact resolution"), "scope": "team", "notify": True}
        ),
        "wrong_form": SpecimenForm({"name": "", "direction": "higher", "weight": "120", "scope": "team"}),
        "crumbs": [
            {"label": _("Cycles"), "url": "#"},
            {"label": _("October review"), "url": "#"},
            {"label": _("Results")},
        ],
        "stats": [
            {"label": _("Completion"), "value": "82%", "note": _("118 people")},
            {"label": _("Forms to go"), "value": "21", "url": "#"},
            {"label": _("Days left"), "value": "6"},
            {"label": _("Cost if released"), "value": "¥412,300"},
        ],
        "phases": _phases(today),
        "problems": [
            {
                "text": _("KPI “cost” had no data in September."),
                "detail": _("Its weight of 10 % would be left out for 118 people."),
                "url": "#",
                "action": _("Import data"),
            },
            {"text": _("The weights add up to 90 %, not 100 %."), "url": "#"},
            {
                "text": _("3 employees have no manager."),
                "severity": "warning",
                "url": "#",
                "action": _("Show them"),
            },
        ],
        "kpis": _kpis(),
        "explanation": _explanation(),
        "trend": {
            "kind": "line",
            "labels": [_("May"), _("Jun"), _("Jul"), _("Aug"), _("Sep"), _("Oct")],
            "series": [
                {"name": _("Me"), "values": [78.2, 80.1, 79.4, 83.0, 84.3, 87.4]},
                {"name": _("My team"), "values": [79.8, 80.2, 80.9, 81.0, 81.6, 82.2]},
            ],
            "decimals": 1,
            "reference": {"value": 90, "label": _("target")},
        },
        "weekdays": {
            "kind": "bar",
            "labels": [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")],
            "series": [{"name": _("Speed of answer"), "values": [31.2, 22.4, 21.0, 20.3, 23.9, 25.1, 24.8]}],
            "unit": _("s"),
            "decimals": 0,
            "highlight": 0,
            "reference": {"value": 25, "label": _("target")},
        },
        "distribution": {
            "kind": "histogram",
            "labels": [str(label) for _threshold, label in BANDS],
            "series": [{"name": _("Employees"), "values": [6, 22, 48, 31, 11]}],
            "bands": ["band-0", "band-2", "band-3", "band-5", "band-6"],
            "decimals": 0,
        },
        "grid": _grid(),
        "sites": [
            {"name": "王伟", "note": _("Team 7, Shenzhen")},
            {"name": "欧阳静怡", "note": _("Team 3, Chengdu")},
            {"name": "Li Na", "note": _("Team 7, Shenzhen")},
        ],
    }


def _phases(today: datetime.date) -> list[dict[str, Any]]:
    def day(offset: int) -> datetime.date:
        return today + datetime.timedelta(days=offset)

    return [
        {"label": _("Setup"), "state": "done", "date": day(-60)},
        {"label": _("Goals"), "state": "done", "date": day(-54)},
        {"label": _("Collection"), "state": "done", "date": day(-24)},
        {
            "label": _("Rating"),
            "state": "current",
            "date": day(6),
            "sentence": _("97 of 118 forms are in; 6 are late in Team 7."),
            "url": "#",
        },
        {"label": _("Calibration"), "state": "ahead", "date": day(9)},
        {"label": _("Release"), "state": "ahead", "date": day(12)},
        {"label": _("Appeal"), "state": "ahead", "date": day(19)},
        {"label": _("Closed"), "state": "ahead"},
    ]


def _kpis() -> list[dict[str, Any]]:
    columns = ("name", "unit", "actual", "target", "weight", "points", "n", "change")
    rows = (
        (_("Customer satisfaction"), "", 4.61, 4.5, 0.3, 30.7, 412, 0.1),
        (_("Speed of answer"), _("s"), 18.2, 20, 0.2, 21.1, 1204, -2.3),
        (_("First contact resolution"), "%", 81.4, 85, 0.3, 28.7, 1204, 1.8),
        (_("Complaint rate"), "%", 0.42, 0.3, 0.2, 6.9, 1204, 0),
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _leaf(label: str, value: str, n: int, formula: str) -> dict[str, Any]:
    return {"label": label, "value": value, "n": n, "formula": formula}


def _explanation() -> dict[str, Any]:
    return {
        "label": _("Overall score"),
        "value": "87.4",
        "formula": "92.1 × 0.7 + 76.4 × 0.3 = 87.4",
        "children": [
            {
                "label": _("KPI appraisal, weight 70 %"),
                "value": "92.1",
                "open": True,
                "children": [
                    _leaf(_("Customer satisfaction"), "30.7", 412, "4.61 ÷ 4.50 = 1.024, × 30 = 30.7"),
                    _leaf(_("Speed of answer"), "21.1", 1204, "20 ÷ 18.2 = 1.056, × 20 = 21.1"),
                ],
            },
            {
                "label": _("Attitude and skill, weight 30 %"),
                "value": "76.4",
                "children": [
                    {
                        "label": _("Care"),
                        "value": "4",
                        "unit": _("of 5"),
                        "note": _("Judged by Zhang Min on 3 November."),
                    }
                ],
            },
        ],
    }


def _grid() -> list[dict[str, Any]]:
    columns = ("key", "name", "csat", "delta", "care")
    rows = (
        (0, "王伟", 4.61, 0.1, 4),
        (1, "Li Na", 4.54, -0.2, 3),
        (2, "欧阳静怡", 4.47, 0, ""),
        (3, "陈晓明", 4.40, 0.05, ""),
        (4, "Zhao Lei", 4.33, -0.1, ""),
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]
