"""A 360 for HR and auditors: who is asked, how far it is, closing it. Never who said what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import number
from foundation.refusals import Refusal
from people.models import User
from reviews.models import VoiceRound
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.voice_rounds import (
    CHOOSING,
    component_of_round,
    get_round,
    leavers_of,
    loads_of,
    progress_of_round,
    totals_of_round,
)
from reviews.services.voice_invitations import approve_all, replace_leavers
from reviews.services.voice_rounds import close_round, remind_voices, reopen_round, set_minimum
from reviews.views.presentation import name_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest
from reviews.views.voice_words import group_name
from reviews.views.voices import whole

PEOPLE_SHOWN = 300


@role_required("hr", "auditor", write=("hr",))
@require_safe
def voice_round(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    found = get_round(cycle, component)
    entry = component_of_round(found)
    totals = totals_of_round(found)
    progress = progress_of_round(found, most=PEOPLE_SHOWN)
    loads = loads_of(found)
    return render(
        request,
        "reviews/voice_round.html",
        {
            "cycle": cycle,
            "round": found,
            "component_name": name_of(entry, component),
            "groups": [group_name(each["code"]) for each in entry["groups"]],
            "rows": [
                {
                    "participant": row.participant,
                    "proposed": row.proposed,
                    "counts": [
                        {"name": group_name(each.group), "asked": each.asked, "answered": each.answered}
                        for each in row.counts
                    ],
                }
                for row in progress
            ],
            "more": max(totals["people"] - len(progress), 0),
            "totals": totals,
            # After the release who answered has been forgotten.
            "share": totals["answered"] / totals["asked"]
            if totals["asked"] and not cycle.released_at
            else None,
            "leavers": list(leavers_of(found, timezone.localdate())[:20]) if found.is_open else [],
            "largest_load": max(loads.values(), default=0),
            "cap": entry.get("load_cap"),
            "is_choosing": found.is_open and cycle.phase in CHOOSING,
            "is_answering": found.is_open and cycle.phase == Phase.RATING,
            "can_reopen": not found.is_open and cycle.phase == Phase.RATING,
            "may_write": request.user.is_hr,
        },
    )


Step = Callable[[User, VoiceRound, Any], str]


def _approve(actor: User, found: VoiceRound, data: Any) -> str:
    count = approve_all(actor=actor, voices=found)
    return ngettext("%(count)s rater is asked.", "%(count)s raters are asked.", count) % {
        "count": number(count, 0)
    }


def _leavers(actor: User, found: VoiceRound, data: Any) -> str:
    count = replace_leavers(actor=actor, voices=found)
    return ngettext("%(count)s place was looked at.", "%(count)s places were looked at.", count) % {
        "count": count
    }


def _remind(actor: User, found: VoiceRound, data: Any) -> str:
    count = remind_voices(actor=actor, cycle=found.cycle, component=found.component)
    return (
        ngettext("%(count)s person is reminded.", "%(count)s people are reminded.", count) % {"count": count}
        if count
        else _("They have been reminded today already.")
    )


def _close(actor: User, found: VoiceRound, data: Any) -> str:
    closing = close_round(actor=actor, cycle=found.cycle, component=found.component)
    return _(
        "Closed. %(kept)s answers count; %(left)s of groups that are too small are deleted. Compute the scores."
    ) % {
        "kept": number(closing.kept, 0),
        "left": number(closing.left_out, 0),
    }


def _reopen(actor: User, found: VoiceRound, data: Any) -> str:
    reopen_round(actor=actor, cycle=found.cycle, component=found.component, reason=data.get("reason", ""))
    return _("Open again for those who have not answered.")


def _minimum(actor: User, found: VoiceRound, data: Any) -> str:
    set_minimum(
        actor=actor,
        cycle=found.cycle,
        component=found.component,
        minimum=whole(data.get("minimum", "")),
        reason=data.get("reason", ""),
    )
    return _("The smallest group is changed.")


STEPS: Mapping[str, Step] = {
    "approve": _approve,
    "leavers": _leavers,
    "remind": _remind,
    "close": _close,
    "reopen": _reopen,
    "minimum": _minimum,
}


@role_required("hr")
@require_POST
def voice_round_step(request: SignedInRequest, code: str, component: str, step: str) -> HttpResponse:
    """One of STEPS, for the whole questionnaire."""
    if step not in STEPS:
        raise Http404
    found = get_round(get_cycle_for(request.user, code), component)
    try:
        told = STEPS[step](request.user, found, request.POST)
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, told)
    return redirect("reviews:voice_round", code, component)
