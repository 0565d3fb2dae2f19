"""A person's own notices: read, opened, and whether they also want them by mail."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from foundation.delivery import duties, topics
from foundation.delivery.notices import choose_mail, read_notices
from foundation.delivery.selectors import get_notice_for, visible_notices, wants_mail
from foundation.interface.access import role_required
from foundation.keyset import page_of

PAGE = 30


@require_GET
@role_required()
def notices(request: HttpRequest) -> HttpResponse:
    """What I owe on top, then what happened, the newest first."""
    user: Any = request.user
    page = page_of(visible_notices(user), ordering=("-id",), cursor=request.GET.get("cursor"), limit=PAGE)
    told = [
        {"notice": notice, "text": text, "icon": topics.icon_of(notice.topic)}
        for notice in page
        if (text := topics.sentence(notice.topic, notice.params))
    ]
    owed = duties.duties_of([user.pk], timezone.localdate()) if not request.GET.get("cursor") else {}
    return render(
        request,
        "delivery/notices.html",
        {
            "told": told,
            "page": page,
            "owed": owed.get(user.pk, []),
            "has_unread": any(notice.read_at is None for notice in page),
            "daily": wants_mail(user),
            "address": user.email,
        },
    )


@require_POST
@role_required()
def open_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    notice = get_notice_for(request.user, notice_id)
    read_notices(actor=request.user, notice_ids=[notice.pk])
    # Addresses are made by services; a look is cheap all the same.
    safe = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None) and notice.url.startswith("/")
    return HttpResponseRedirect(notice.url) if safe else redirect("delivery:notices")


@require_POST
@role_required()
def read_all(request: HttpRequest) -> HttpResponse:
    read_notices(actor=request.user)
    return redirect("delivery:notices")


@require_POST
@role_required()
def mail_choice(request: HttpRequest) -> HttpResponse:
    choice = choose_mail(actor=request.user, daily=request.POST.get("daily") == "yes")
    messages.success(
        request,
        _("You get one mail on working days when there is something to do or to know.")
        if choice.daily
        else _("No more mails. Everything stands here all the same."),
    )
    return redirect("delivery:notices")
