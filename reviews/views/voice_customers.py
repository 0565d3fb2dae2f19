"""The page behind a customer's link: no account, one answer, three minutes. It tells nothing to whoever guesses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from foundation.interface.limits import is_too_often
from foundation.interface.views import too_many_requests
from foundation.refusals import Refusal
from people.models import User
from reviews.selectors.voice_rounds import component_of_round
from reviews.services.voice_answers import answer_as_customer
from reviews.services.voice_links import invitation_of
from reviews.views.voices import form_context, posted

SECONDS = 900


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def voice_customer(request: HttpRequest, token: str) -> HttpResponse:
    if is_too_often(request, "customer", tries=settings.CUSTOMER_TRIES, seconds=SECONDS):
        return too_many_requests(
            request, _("Too many tries. Wait a quarter of an hour, then open the link again.")
        )
    try:
        invitation = invitation_of(token)
    except Refusal as refusal:
        return _private(
            render(request, "reviews/customer_refused.html", {"reason": str(refusal)}, status=refusal.status)
        )
    with translation.override(_language(request, invitation.language)):
        return _private(_form(request, token, invitation))


def _form(request: HttpRequest, token: str, invitation: Any) -> HttpResponse:
    component = component_of_round(invitation.round)
    levels: dict[str, Any] = {}
    texts: dict[str, str] = {}
    problem, field, status = "", "", 200
    if request.method == "POST":
        levels, texts = posted(request.POST, component)
        try:
            answer_as_customer(invitation_id=invitation.pk, levels=levels, texts=texts)
        except Refusal as refusal:
            problem, field, status = str(refusal), refusal.field or "", refusal.status
        else:
            return render(
                request, "reviews/customer_thanks.html", {"employee": invitation.participant.employee}
            )
    return render(
        request,
        "reviews/customer_form.html",
        {
            "token": token,
            "employee": invitation.participant.employee,
            "minimum": invitation.round.minimum,
            "expires_on": invitation.expires_on,
            "problem": problem,
            **form_context(component, levels, texts, field),
        },
        status=status,
    )


def _language(request: HttpRequest, invited: str) -> str:
    """What the customer chose on the page, else that of the invitation."""
    chosen = request.COOKIES.get("django_language", "")
    known = dict(User.Language.choices)
    return chosen if chosen in known else invited if invited in known else translation.get_language() or "en"


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a secret. Other sites never learn it (the site-wide referrer policy), nor do search engines."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
