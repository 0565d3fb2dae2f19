from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from foundation.documents import MAX_BYTES


class ConfigurationForm(forms.Form):
    file = forms.FileField(
        label=_("Configuration file (YAML)"), help_text=_("Everything in it is stored, or nothing.")
    )
    dry_run = forms.BooleanField(label=_("Check only, store nothing"), required=False)

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 4 MB."))
        return file
