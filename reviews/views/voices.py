"""360 degrees for everybody: whom I am asked about, who is asked about me, whose raters I approve."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.models import User
from reviews.methods.base import localised
from reviews.methods.multisource import CUSTOMERS, NAMED
from reviews.methods.rating_scale import level_key, level_texts
from reviews.models import Cycle, Participant, VoiceInvitation, VoiceRound
from reviews.models.cycles import Phase
from reviews.selectors.cycles import visible_cycles
from reviews.selectors.voice_duties import get_form_for, own_rounds, raters_to_approve, voices_owed
from reviews.selectors.voice_rounds import (
    CHOOSING,
    STANDING,
    circle_on,
    component_of_round,
    get_invitation_for,
    get_ratee_for,
    get_round,
    invitations_of,
    loads_of,
)
from reviews.services.voice_answers import NOT_OBSERVED, TEXT_LIMIT, StaleDraft, draft_of, save_answer
from reviews.services.voice_invitations import (
    decide_raters,
    may_approve,
    nominate,
    remove_rater,
    renew_link,
    replace_rater,
    withdraw_nomination,
)
from reviews.views.presentation import language, name_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest
from reviews.views.voice_words import group_name

CANDIDATES_SHOWN = 60


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


# Who is asked about a person --------------------------------------------------------------------------------------


@role_required("employee", "manager", "hr", "auditor", write=("employee", "manager", "hr"))
@require_http_methods(["GET", "HEAD", "POST"])
def voice_raters(request: SignedInRequest, code: str, component: str, employee_id: int) -> HttpResponse:
    """The raters of one person: for the person to nominate, for the manager to approve, for HR to see. A POST
    nominates."""
    found, person = _ratee(request, code, component, employee_id)
    problem, status = "", 200
    if request.method == "POST":
        try:
            nominate(
                actor=request.user,
                voices=found,
                participant=person,
                group=request.POST.get("group", ""),
                rater_id=whole(request.POST.get("rater", "")),
                contact_name=request.POST.get("contact_name", ""),
                contact_email=request.POST.get("contact_email", ""),
                language=request.POST.get("language", ""),
            )
        except Refusal as refusal:
            problem, status = str(refusal), refusal.status
        else:
            messages.success(request, _("Noted."))
            return redirect("reviews:voice_raters", code, component, employee_id)
    return render(
        request, "reviews/voice_raters.html", _raters(request, found, person, problem), status=status
    )


def _ratee(
    request: SignedInRequest, code: str, component: str, employee_id: int
) -> tuple[VoiceRound, Participant]:
    found = get_round(cycle_for(request.user, code), component)
    return found, get_ratee_for(request.user, found, employee_id)


def _raters(request: SignedInRequest, found: VoiceRound, person: Participant, problem: str) -> dict[str, Any]:
    component = component_of_round(found)
    invitations = invitations_of(found, person)
    is_own = person.employee_id == request.user.pk
    approves = may_approve(request.user, person)
    is_choosing = found.is_open and found.cycle.phase in CHOOSING
    may_nominate = is_choosing and (approves or (is_own and component.get("nomination", "ratee") == "ratee"))
    loads = loads_of(found, [each.rater_id for each in invitations if each.rater_id])
    groups = []
    for entry in component["groups"]:
        rows = [each for each in invitations if each.group == entry["code"]]
        groups.append(
            {
                "code": entry["code"],
                "name": group_name(entry["code"]),
                "wanted": entry.get("wanted"),
                "maximum": entry.get("maximum"),
                "is_named": entry["code"] in NAMED,
                "standing": sum(each.state in STANDING for each in rows),
                "rows": [
                    {
                        "invitation": each,
                        "load": loads.get(each.rater_id) if each.rater_id else None,
                        "is_waiting": each.state in ("proposed", "nominated"),
                        "is_standing": each.state in STANDING,
                    }
                    for each in rows
                ],
            }
        )
    return {
        "cycle": found.cycle,
        "round": found,
        "person": person,
        "component_name": name_of(component, found.component),
        "groups": groups,
        "is_own": is_own,
        "approves": approves and is_choosing,
        "may_nominate": may_nominate,
        "is_choosing": is_choosing,
        "waiting": sum(each.state in ("proposed", "nominated") for each in invitations),
        "minimum": found.minimum,
        "cap": component.get("load_cap"),
        "problem": problem,
        "candidates": _candidates(found, person, invitations) if may_nominate else [],
        "nominable": [
            {"code": group["code"], "name": group["name"]}
            for group in sorted(groups, key=lambda each: bool(each["is_named"]))
            if not group["is_named"] or approves
        ],
        "asks_customers": any(group["code"] == CUSTOMERS for group in groups),
        "typed": request.POST,
    }


def _candidates(
    found: VoiceRound, person: Participant, invitations: list[VoiceInvitation]
) -> list[dict[str, Any]]:
    """Colleagues near the person who are not asked yet: those of the same superior, the own people, then others of
    the superior's superior; with how many forms each has already."""
    circle = circle_on(found.cycle.last_day)
    asked = {each.rater_id for each in invitations if each.state in STANDING} | {person.employee_id}
    superior = circle.superior.get(person.employee_id)
    near = [*circle.peers_of(person.employee_id), *circle.subordinates_of(person.employee_id)]
    near += circle.peers_of(superior) if superior else []
    near += [
        each
        for uncle in (circle.peers_of(superior) if superior else [])
        for each in circle.subordinates_of(uncle)
    ]
    wanted = [each for each in dict.fromkeys(near) if each not in asked][:CANDIDATES_SHOWN]
    loads = loads_of(found, wanted)
    people = User.objects.in_bulk(wanted)
    return [{"person": people[each], "load": loads.get(each, 0)} for each in wanted if each in people]


@role_required("manager", "hr")
@require_POST
def voice_decide(request: SignedInRequest, code: str, component: str, employee_id: int) -> HttpResponse:
    """What was ticked is approved, what was left out is declined."""
    found, person = _ratee(request, code, component, employee_id)
    ticked = {whole(each) for each in request.POST.getlist("approve")}
    shown = {whole(each) for each in request.POST.getlist("shown")}
    try:
        decide_raters(
            actor=request.user,
            voices=found,
            participant=person,
            approve=ticked,
            decline=shown - ticked,
            reason=request.POST.get("reason", ""),
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The raters of %(name)s are decided.") % {"name": person.employee.name})
    return redirect("reviews:voice_raters", code, component, employee_id)


STEPS = ("withdraw", "remove", "replace", "renew")


@role_required("employee", "manager", "hr")
@require_POST
def voice_step(request: SignedInRequest, invitation_id: int, step: str) -> HttpResponse:
    """Withdraws, removes or replaces one invitation, or sends a customer's link again."""
    if step not in STEPS:
        raise Http404
    reason = request.POST.get("reason", "")
    invitation = get_invitation_for(request.user, invitation_id)
    back = (invitation.round.cycle.code, invitation.round.component, invitation.participant.employee_id)
    try:
        if step == "withdraw":
            withdraw_nomination(actor=request.user, invitation_id=invitation.pk)
        elif step == "remove":
            remove_rater(actor=request.user, invitation_id=invitation.pk, reason=reason)
        elif step == "renew":
            renew_link(actor=request.user, invitation_id=invitation.pk)
        else:
            replace_rater(
                actor=request.user,
                invitation_id=invitation.pk,
                rater_id=whole(request.POST.get("rater", "")),
                reason=reason,
            )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Done. Nobody else's answer was touched."))
    return redirect("reviews:voice_raters", *back)
