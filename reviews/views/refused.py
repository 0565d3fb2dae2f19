"""A service's refusal, shown where the person typed or on the page that they go back to."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from foundation.refusals import Refusal
from reviews.methods.problems import InvalidConfiguration


def show_refusal(form: forms.Form, refusal: Refusal) -> None:
    """At the field that it names, where the form has it, else above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, forms.ValidationError(str(refusal), code=refusal.code))


def tell_refusal(request: HttpRequest, refusal: Refusal) -> None:
    """As a message on the next page; every problem of a configuration, not only the first."""
    if isinstance(refusal, InvalidConfiguration):
        for problem in refusal.problems:
            messages.error(request, f"{problem.place}: {problem.text}")
    else:
        messages.error(request, str(refusal))
