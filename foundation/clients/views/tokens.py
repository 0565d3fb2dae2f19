"""My tokens: make one, see its secret once, revoke it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from foundation.clients.forms import TokenForm
from foundation.clients.models import Token
from foundation.clients.selectors import get_token_for, visible_tokens
from foundation.clients.services.tokens import create_token, revoke_token
from foundation.interface.access import role_required
from foundation.refusals import Refusal


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required()
def tokens(request: HttpRequest) -> HttpResponse:
    """The secret is in the answer to the POST and nowhere else: not in a session, not in an address, not in
    the database."""
    form = TokenForm(request.user, request.POST or None)
    secret, made, status = "", None, 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made, secret = create_token(
                    actor=request.user,
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    expires_at=form.expires_at(),
                )
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                form = TokenForm(request.user)
        status = 200 if made else 422
    rows = [_row(token, dict(form.scope_labels)) for token in visible_tokens(request.user)]
    return render(
        request,
        "clients/tokens.html",
        {"form": form, "rows": rows, "secret": secret, "made": made},
        status=status,
    )


def _row(token: Token, labels: dict[str, Any]) -> dict[str, Any]:
    """What the list shows; a scope that the person could no longer give is named by its code."""
    return {
        "token": token,
        "id": str(token.pk),
        "is_live": token.revoked_at is None
        and (token.expires_at is None or token.expires_at > timezone.now()),
        "scopes": [str(labels.get(scope, scope)) for scope in token.scopes],
    }


@require_POST
@role_required()
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    token = revoke_token(actor=request.user, token=get_token_for(request.user, token_id))
    messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("clients:tokens")
