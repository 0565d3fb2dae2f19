"""What people type about a payout run."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.interface.wording import is_chinese
from incentives.models import PayoutDecision
from incentives.services.exports import COLUMNS, DEFAULT_COLUMNS
from incentives.services.rights import REASON_LIMIT


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT)


class DecisionForm(ReasonForm):
    decision = forms.ChoiceField(label=_("Decision"), choices=PayoutDecision.Decision.choices)

    field_order = ("decision", "reason")


class Columns(forms.MultipleChoiceField):
    """Nothing chosen means the usual columns; an empty value chooses nothing."""

    def to_python(self, value: Any) -> list[str]:
        return [code for code in super().to_python(value) if code]


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=_("File format"), choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], initial="csv"
    )
    headings = forms.ChoiceField(
        label=_("Headings"),
        choices=[("names", _("names, for people")), ("codes", _("codes, for a payroll system"))],
        initial="names",
        required=False,
    )
    columns = Columns(
        label=_("Columns"),
        required=False,
        choices=[(code, column.label) for code, column in COLUMNS.items()],
        initial=list(DEFAULT_COLUMNS),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("To read back what was paid, keep employee number, amount, payout run and checksum."),
    )
    batch = forms.IntegerField(required=False, min_value=1, max_value=32000, widget=forms.HiddenInput)

    def clean_headings(self) -> str:
        """The service's word for it: names are those of the reader's language."""
        if self.cleaned_data["headings"] == "names":
            return "zh" if is_chinese() else "en"
        return "codes"


class BulkDecisionForm(DecisionForm):
    """Several lines that the rules leave open, decided alike."""

    employees = forms.TypedMultipleChoiceField(
        coerce=int, required=True, error_messages={"required": _("Choose who.")}
    )

    def __init__(self, *args: Any, open_ids: Iterable[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["employees"].choices = [(str(pk), str(pk)) for pk in open_ids]  # type: ignore[attr-defined]


class ClawbackForm(ReasonForm):
    amount = forms.DecimalField(label=_("Amount"), min_value=Decimal("0.01"), max_digits=14, decimal_places=2)
    monthly_percent = forms.DecimalField(
        label=_("At most of the monthly salary"),
        min_value=Decimal("0.01"),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        initial=20,
        help_text=_("No month deducts more than this share; the rest follows in the months after."),
    )
    first_month = forms.DateField(
        label=_("First deduction in the month of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    field_order = ("amount", "monthly_percent", "first_month", "reason")


class DeductionsForm(forms.Form):
    """Which month's deductions payroll is asked for."""

    month = forms.DateField(
        label=_("Month"),
        input_formats=["%Y-%m"],
        widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
    )
    batch = forms.IntegerField(required=False, min_value=1, max_value=32000, widget=forms.HiddenInput)
