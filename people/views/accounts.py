"""Signing in and out, and what everyone decides about the own account."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.forms.accounts import PasswordForm, PreferencesForm, SignInForm
from people.services.accounts import set_password, set_preferences
from people.views.addresses import address_of
from people.views.refused import show_refusal
from people.views.requests import SignedInRequest


def safe_next(request: HttpRequest) -> str:
    """Where to go after signing in: an address of this site, else home."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return address
    return "/"


@method_decorator([sensitive_post_parameters("password"), never_cache], name="dispatch")
class SignInView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(safe_next(request))
        return self._page(request, SignInForm(request=request))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST, request=request)
        if not form.is_valid():
            return self._page(request, form, status=422)
        assert form.user is not None
        login(request, form.user)
        return HttpResponseRedirect(safe_next(request))

    def _page(self, request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
        following = safe_next(request)
        context = {
            "form": form,
            "next": "" if following == "/" else following,
            # A demonstration says who can be tried; everywhere else the setting is absent.
            "accounts": getattr(settings, "LAUREL_DEMO_ACCOUNTS", ()),
        }
        return render(request, "people/sign_in.html", context, status=status)


sign_in = SignInView.as_view()


@require_POST
@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("people:sign_in")


class FurtherPage(NamedTuple):
    roles: tuple[str, ...]
    page: str
    label: str | Promise
    text: str | Promise
    icon: str


# Rarely needed pages that have no place in the side navigation: (who, name of the page, label, what it is for, icon).
FURTHER_PAGES = (
    FurtherPage(
        ("hr", "auditor"),
        "trail:list",
        gettext_lazy("Audit trail"),
        gettext_lazy("Who changed what, when."),
        icon="history",
    ),
    FurtherPage(
        ("hr", "payroll", "auditor"),
        "clients:tokens",
        gettext_lazy("API tokens"),
        gettext_lazy("Access for programs that act for you."),
        icon="key",
    ),
    FurtherPage(
        ("hr", "payroll", "auditor"),
        "api_reference",
        gettext_lazy("API reference"),
        gettext_lazy("What programs can read and do."),
        icon="code",
    ),
    FurtherPage(
        ("hr",),
        "operations:configuration",
        gettext_lazy("Configuration as a file"),
        gettext_lazy("Load or save the whole set-up."),
        icon="file-code",
    ),
)


@role_required()
@require_http_methods(["GET", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """Language and address; links to the password and to what else there is."""
    person = request.user
    if request.method == "POST":
        form = PreferencesForm(request.POST)
        if form.is_valid():
            try:
                set_preferences(actor=person, **form.cleaned_data)
            except Refusal as refusal:
                show_refusal(form, refusal)
        if form.is_valid():
            with translation.override(person.locale):
                messages.success(request, _("Your choices are kept."))
            response = redirect("people:account")
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                person.locale,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                path=settings.LANGUAGE_COOKIE_PATH,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            )
            return response
    else:
        form = PreferencesForm(initial={"locale": request.LANGUAGE_CODE, "email": person.email})
    further = [
        {"url": url, "label": each.label, "text": each.text, "icon": each.icon}
        for each in FURTHER_PAGES
        if person.has_role(*each.roles) and (url := address_of(each.page))
    ]
    return render(
        request,
        "people/account.html",
        {"form": form, "further": further},
        status=422 if form.errors else 200,
    )


@role_required()
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: SignedInRequest) -> HttpResponse:
    """Choose a new password; the other sessions of the person end."""
    temporary = request.user.temporary_password_until is not None
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = set_password(
                actor=request.user,
                present=form.cleaned_data["present"],
                password=form.cleaned_data["password"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            update_session_auth_hash(request, person)
            messages.success(request, _("Your new password holds from now on."))
            return redirect("home" if temporary else "people:account")
    return render(
        request,
        "people/password.html",
        {"form": form, "temporary": temporary},
        status=422 if form.errors else 200,
    )
