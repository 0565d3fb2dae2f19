"""The rule of a component of objectives in the cycle editor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import NumberField, number


class ObjectivesRuleForm(forms.Form):
    cap = NumberField(
        label=_("At most, as a share of the target"),
        min_value=100,
        max_value=1000,
        required=True,
        help_text=_(
            "What goes beyond the target counts up to here: at 120, twice the target gives 120 points."
        ),
    )

    def document(self) -> dict[str, Any]:
        return {"cap": number(self.cleaned_data["cap"] / Decimal(100))}
