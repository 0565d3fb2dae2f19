"""Signing in and the own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from people.models import User
from people.models.users import canonical_login
from people.selectors.employees import find_account


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("Login or employee number"),
        max_length=160,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("username") and values.get("password"):
            # Attempts are counted by this name: other spellings, or the number, must not give more of them.
            account = find_account(values["username"])
            name = account.login if account is not None else canonical_login(values["username"])
            self.user = authenticate(self.request, username=name, password=values["password"])
            if self.user is None:
                # One sentence for every reason: it must not tell which logins exist.
                raise forms.ValidationError(
                    _(
                        "This login and password do not fit together. Check both, or ask HR for a new password."
                    ),
                    code="invalid_login",
                )
        return values


#: Each language under its own name, so that whoever cannot read the page finds theirs.
LANGUAGES = ((User.Language.CHINESE, "中文"), (User.Language.ENGLISH, "English"))


class PreferencesForm(forms.Form):
    locale = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    email = forms.EmailField(
        label=_("E-mail"), required=False, max_length=254, help_text=_("Where reminders are sent to.")
    )


class PasswordForm(forms.Form):
    present = forms.CharField(
        label=_("Present password"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=_("New password"),
        max_length=512,
        strip=False,
        help_text=_("At least 10 characters. A few words that only you put together are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("password") and values.get("again") and values["password"] != values["again"]:
            self.add_error("again", _("The two new passwords differ."))
        return values
