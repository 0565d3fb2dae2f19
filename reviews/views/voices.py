"""360 degrees for everybody: whom I am asked about, and the form about each of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.models import User
from reviews.methods.base import localised
from reviews.methods.multisource import NAMED
from reviews.methods.rating_scale import level_key, level_texts
from reviews.models import Cycle, VoiceInvitation
from reviews.models.cycles import Phase
from reviews.selectors.cycles import visible_cycles
from reviews.selectors.voice_duties import get_form_for, own_rounds, raters_to_approve, voices_owed
from reviews.selectors.voice_rounds import component_of_round
from reviews.services.voice_answers import NOT_OBSERVED, TEXT_LIMIT, StaleDraft, draft_of, save_answer
from reviews.views.presentation import language, name_of
from reviews.views.requests import SignedInRequest


def cycle_for(user: User, code: str) -> Cycle:
    """A cycle that `user` sees. Http404 alike for a missing and a foreign one."""
    found = visible_cycles(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


@role_required()
@require_safe
def voices(request: SignedInRequest) -> HttpResponse:
    owed = voices_owed(request.user)
    return render(
        request,
        "reviews/voices.html",
        {
            "owed": [
                {"invitation": each, "name": name_of(component_of_round(each.round), each.round.component)}
                for each in owed
            ],
            "left": sum(not each.has_answered for each in owed),
            "own": [
                {"round": each, "name": name_of(each.component, each.voices.component)}
                for each in own_rounds(request.user)
            ],
            "approve": raters_to_approve(request.user),
            "me": request.user.pk,
        },
    )


# The form ---------------------------------------------------------------------------------------------------------


@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def voice_form(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    """One colleague: every item with what its levels look like, and open questions. Kept half filled or handed in."""
    invitation = get_form_for(request.user, invitation_id)
    component = component_of_round(invitation.round)
    problem, field, status = "", "", 200
    draft = draft_of(invitation)
    levels, texts = as_typed(draft.levels if draft else {}), dict(draft.texts) if draft else {}
    version = draft.version if draft else 0
    if request.method == "POST":
        levels, texts = posted(request.POST, component)
        try:
            save_answer(
                actor=request.user,
                invitation_id=invitation.pk,
                levels=levels,
                texts=texts,
                version=whole(request.POST.get("version", "")),
                submit=request.POST.get("action") == "submit",
            )
        except StaleDraft as stale:
            problem, status, version = str(stale), 409, whole(request.POST.get("version", ""))
        except Refusal as refusal:
            problem, field, status = str(refusal), refusal.field or "", refusal.status
        else:
            if request.POST.get("action") == "submit":
                messages.success(
                    request, _("Your answer is in. Until the 360 closes you may still change it.")
                )
                return redirect("reviews:voices")
            messages.success(request, _("Kept. Nobody sees a form that was not handed in."))
            return redirect("reviews:voice_form", invitation.pk)
    is_open = can_answer(invitation) and not closed_answer(invitation, draft)
    return render(
        request,
        "reviews/voice_form.html",
        {
            "invitation": invitation,
            "employee": invitation.participant.employee,
            "is_self": invitation.group == "self",
            "is_named": invitation.group in NAMED,
            "cycle": invitation.round.cycle,
            "minimum": invitation.round.minimum,
            "is_late": invitation.round.closings > 0,
            "is_open": is_open,
            "removed": invitation.state != "approved",
            "is_submitted": bool(draft and draft.is_submitted),
            "version": version,
            "problem": problem,
            **form_context(component, levels, texts, field),
        },
        status=status,
    )


def can_answer(invitation: VoiceInvitation) -> bool:
    return (
        invitation.state == "approved"
        and invitation.round.is_open
        and invitation.round.cycle.phase == Phase.RATING
    )


def closed_answer(invitation: VoiceInvitation, draft: Any) -> bool:
    """In a questionnaire that was opened again: whoever answered before cannot do so once more."""
    return bool(invitation.round.closings and invitation.has_answered and draft is None)


def form_context(
    component: dict[str, Any], levels: dict[str, Any], texts: dict[str, str], field: str = ""
) -> dict[str, Any]:
    """What _voice_fields.html shows."""
    return {
        "component_name": name_of(component, component.get("code", "")),
        "items": [
            {
                "code": item["code"],
                "name": name_of(item, item["code"]),
                "is_wrong": field == item["code"],
                "choices": [
                    {
                        "key": level_key(level["value"]),
                        "name": name_of(level),
                        "texts": [
                            text
                            for words in level_texts(item, level_key(level["value"]))
                            if (text := localised(words, language()))
                        ],
                        "checked": levels.get(item["code"]) == level_key(level["value"]),
                    }
                    for level in component["levels"]
                ],
                "not_observed": levels.get(item["code"]) == NOT_OBSERVED,
            }
            for item in component["items"]
        ],
        "allow_not_observed": component.get("allow_not_observed", False),
        "questions": [
            {
                "code": each["code"],
                "name": name_of(each, each["code"]),
                "text": texts.get(each["code"], ""),
                "is_wrong": field == each["code"],
            }
            for each in component.get("questions", [])
        ],
        "text_limit": TEXT_LIMIT,
    }


def posted(data: Any, component: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    levels = {
        item["code"]: value for item in component["items"] if (value := data.get(f"level-{item['code']}", ""))
    }
    texts = {each["code"]: data.get(f"text-{each['code']}", "") for each in component.get("questions", [])}
    return levels, texts


def as_typed(levels: dict[str, Any]) -> dict[str, Any]:
    return {item: NOT_OBSERVED if level is None else level_key(level) for item, level in levels.items()}


def whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
