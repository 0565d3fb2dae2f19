"""A service's refusal, shown where the person typed."""

from __future__ import annotations

from django import forms

from foundation.refusals import Refusal


def show_refusal(form: forms.Form, refusal: Refusal) -> None:
    """At the field that it names, where the form has it, else above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, forms.ValidationError(str(refusal), code=refusal.code))
