"""Teams, sites and jobs as HR types them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from people.forms.employees import DayField, TeamField
from people.models import Site, Team, User
from people.selectors.employees import find_account

CODE_HELP = _("Short and lasting: files and the API name it so.")


class NamesForm(forms.Form):
    """A code, fixed once it exists, and a name in two languages."""

    code = forms.CharField(label=_("Code"), max_length=40, help_text=CODE_HELP)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)

    def __init__(self, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed:
            self.fields["code"].disabled = True
            self.fields["code"].help_text = ""

    def clean_code(self) -> str:
        return self.cleaned_data["code"].strip().lower()


class SiteForm(NamesForm):
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        initial="Asia/Shanghai",
        help_text=_("Says when the days of this site begin, such as Asia/Shanghai."),
    )


class JobForm(NamesForm):
    duties = forms.CharField(
        label=_("Duties"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line: code | Chinese name | English name"),
    )

    def clean_duties(self) -> list[dict[str, str]]:
        duties = []
        for line in self.cleaned_data["duties"].splitlines():
            if not line.strip():
                continue
            parts = [part.strip() for part in line.split("|")]
            if len(parts) not in (2, 3):
                raise forms.ValidationError(_("Write each duty as: code | Chinese name | English name"))
            code, zh, en = [*parts, ""][:3]
            duties.append({"code": code.lower(), "name_zh": zh, "name_en": en})
        return duties


class TeamForm(NamesForm):
    parent = TeamField(
        label=_("Team above"), queryset=Team.objects.none(), required=False, empty_label=_("none: the top")
    )
    site = forms.ModelChoiceField(
        label=_("Site"),
        queryset=Site.objects.none(),
        required=False,
        empty_label=_("as the team above"),
    )
    is_active = forms.BooleanField(label=_("Open: people can be placed in it"), required=False, initial=True)

    field_order = ("code", "name_zh", "name_en", "parent", "site", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = Team.objects.filter(is_active=True).order_by("path")  # type: ignore[attr-defined]
        self.fields["site"].queryset = Site.objects.order_by("code")  # type: ignore[attr-defined]


class LeaderForm(forms.Form):
    leader = forms.CharField(
        label=_("Leader"),
        max_length=80,
        required=False,
        help_text=_("Employee number or login. Empty: nobody leads the team from that day."),
    )
    from_day = DayField(label=_("From"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user: User | None = None

    def clean_leader(self) -> str:
        name = self.cleaned_data["leader"].strip()
        if name:
            self.user = find_account(name)
            if self.user is None:
                raise forms.ValidationError(_("There is nobody of this number or login."))
        return name
