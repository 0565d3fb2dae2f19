"""Who is asked about a person: nominated, approved, replaced or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.models import User
from reviews.methods.multisource import CUSTOMERS, NAMED
from reviews.models import Participant, VoiceInvitation, VoiceRound
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
from reviews.services.voice_invitations import (
    decide_raters,
    may_approve,
    nominate,
    remove_rater,
    renew_link,
    replace_rater,
    withdraw_nomination,
)
from reviews.views.presentation import name_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest
from reviews.views.voice_words import group_name
from reviews.views.voices import cycle_for, whole

CANDIDATES_SHOWN = 60


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
                        "is_replaceable": is_replaceable(each),
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
    the superior's superior, and who leads them all; with how many forms each has already."""
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
    near += chain_above(circle.superior, person.employee_id)
    wanted = [each for each in dict.fromkeys(near) if each not in asked][:CANDIDATES_SHOWN]
    loads = loads_of(found, wanted)
    people = User.objects.in_bulk(wanted)
    return [{"person": people[each], "load": loads.get(each, 0)} for each in wanted if each in people]


def chain_above(superior: Mapping[int, int | None], person: int) -> list[int]:
    """Whoever leads the person, who leads those, and so on to the top."""
    found: list[int] = []
    above = superior.get(person)
    while above is not None and above not in found:
        found.append(above)
        above = superior.get(above)
    return found


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


@role_required("manager", "hr")
@require_http_methods(["GET", "HEAD", "POST"])
def voice_replace(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    """Somebody else in the place of one rater; what the one before began to write goes with them."""
    invitation = get_invitation_for(request.user, invitation_id)
    found, person = invitation.round, invitation.participant
    if not may_approve(request.user, person):
        raise Http404
    back = (found.cycle.code, found.component, person.employee_id)
    problem, field, status = "", "", 200
    if request.method == "POST":
        try:
            new = replace_rater(
                actor=request.user,
                invitation_id=invitation.pk,
                rater_id=whole(request.POST.get("rater", "")),
                reason=request.POST.get("reason", ""),
            )
        except Refusal as refusal:
            problem, field, status = str(refusal), refusal.field or "", refusal.status
        else:
            messages.success(
                request,
                _("%(new)s answers in place of %(before)s. Nobody else's answer was touched.")
                % {"new": new.name, "before": invitation.name},
            )
            return redirect("reviews:voice_raters", *back)
    is_open = is_replaceable(invitation)
    return render(
        request,
        "reviews/voice_replace.html",
        {
            "cycle": found.cycle,
            "round": found,
            "person": person,
            "invitation": invitation,
            "is_open": is_open,
            "candidates": _candidates(found, person, invitations_of(found, person)) if is_open else [],
            "cap": component_of_round(found).get("load_cap"),
            "problem": problem,
            "field": field,
            "typed": request.POST,
        },
        status=status,
    )


def is_replaceable(invitation: VoiceInvitation) -> bool:
    """A colleague who is asked, while raters can be chosen; nobody else speaks as the person, and a customer is asked
    anew."""
    return (
        invitation.state == "approved"
        and invitation.group not in ("self", CUSTOMERS)
        and invitation.round.is_open
        and invitation.round.cycle.phase in CHOOSING
    )


STEPS = ("withdraw", "remove", "renew")


@role_required("employee", "manager", "hr")
@require_POST
def voice_step(request: SignedInRequest, invitation_id: int, step: str) -> HttpResponse:
    """Withdraws or removes one invitation, or sends a customer's link again."""
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
        else:
            renew_link(actor=request.user, invitation_id=invitation.pk)
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Done. Nobody else's answer was touched."))
    return redirect("reviews:voice_raters", *back)
