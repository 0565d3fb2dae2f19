"""Which KPIs cover each duty of a job: a list to tick for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from metrics.models import KPI
from metrics.selectors.duties import JobDuties

PREFIX = "duty-"


class DutiesForm(forms.Form):
    """One field per duty, named by its code."""

    version = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, found: JobDuties, kpis: Sequence[KPI], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = found.version
        for duty in found.duties:
            # What is covered by a KPI that is out of use stays so until somebody takes it off.
            offered = [*kpis, *(kpi for kpi in duty.kpis if kpi not in kpis)]
            self.fields[PREFIX + duty.code] = forms.MultipleChoiceField(
                label=duty.name,
                required=False,
                choices=[(kpi.code, kpi.name) for kpi in offered],
                initial=[kpi.code for kpi in duty.kpis],
                widget=forms.CheckboxSelectMultiple,
            )

    def kpis(self) -> dict[str, list[str]]:
        """{duty: codes}"""
        return {
            name.removeprefix(PREFIX): codes
            for name, codes in self.cleaned_data.items()
            if name.startswith(PREFIX)
        }
