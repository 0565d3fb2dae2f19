"""Choosing a kind and a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import ImportKind


class UploadForm(forms.Form):
    """For one kind; with a source where the kind needs one."""

    source = forms.ChoiceField(
        label=_("Source"),
        help_text=_("The system that wrote the file. How its columns are matched is kept with it."),
    )
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,  # the service says it in the house's own words
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xlsm"}),
        help_text=_("CSV or XLSX, with the names of the columns in the first row."),
    )

    def __init__(self, kind: ImportKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind.needs_source:
            self.fields["source"].choices = kind.sources()  # type: ignore[attr-defined]
        else:
            del self.fields["source"]
