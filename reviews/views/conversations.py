"""Notes of the talk about a result: one page for both sides."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.forms.feedback import NotesForm
from reviews.selectors.conversations import (
    Side,
    conversation_part_for,
    is_open_to_person,
    side_of,
    talk_about,
)
from reviews.selectors.cycles import get_cycle_for
from reviews.services.conversations import sign_notes, write_notes
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

WRITERS = ("hr", "manager", "employee")


@role_required("hr", "auditor", "manager", "employee", write=WRITERS)
@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    participant = conversation_part_for(request.user, cycle, employee_id)
    talk = talk_about(participant)
    side = side_of(request.user, participant)
    is_open = is_open_to_person(cycle, participant)
    initial = {"held_on": timezone.localdate(), "version": 0}
    if talk is not None:
        initial = {"held_on": talk.notes.held_on, "text": talk.notes.text, "version": talk.notes.version}
    form = NotesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            write_notes(actor=request.user, cycle=cycle, employee_id=employee_id, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved. Both of you can sign these notes now."))
            return redirect("reviews:conversation", cycle.code, employee_id)
    signed = talk is not None and side is not None and side in talk.signatures
    return render(
        request,
        "reviews/conversation.html",
        {
            "cycle": cycle,
            "participant": participant,
            "own": participant.employee_id == request.user.pk,
            "talk": talk,
            "sides": [
                {"label": Side(each).label, "signature": talk.signatures.get(each)} for each in Side.values
            ]
            if talk
            else [],
            "form": form,
            "can_write": side == Side.MANAGER and is_open,
            "can_sign": talk is not None and side is not None and not signed and is_open,
        },
        status=422 if form.errors else 200,
    )


@role_required("hr", "manager", "employee")
@require_POST
def sign(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    conversation_part_for(request.user, cycle, employee_id)
    try:
        sign_notes(
            actor=request.user,
            cycle=cycle,
            employee_id=employee_id,
            content_hash=request.POST.get("content_hash", ""),
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Signed. A change of the text makes both signatures void."))
    return redirect("reviews:conversation", cycle.code, employee_id)
