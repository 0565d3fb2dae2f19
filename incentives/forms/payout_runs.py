"""What people type about a payout run."""

from __future__ import annotations

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from incentives.models import PayoutDecision
from incentives.services.exports import COLUMNS, DEFAULT_COLUMNS
from incentives.services.rights import REASON_LIMIT


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT)


class DecisionForm(ReasonForm):
    decision = forms.ChoiceField(label=_("Decision"), choices=PayoutDecision.Decision.choices)

    field_order = ("decision", "reason")


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=_("File format"), choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], initial="csv"
    )
    columns = forms.CharField(
        label=_("Columns, in order"),
        required=False,
        max_length=400,
        initial=", ".join(DEFAULT_COLUMNS),
        help_text=format_lazy(_("Possible: {columns}"), columns=", ".join(COLUMNS)),
    )

    def clean_columns(self) -> list[str]:
        return [part.strip() for part in self.cleaned_data["columns"].split(",") if part.strip()]
