"""Who holds the cycle up, and a word to them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from people.selectors.teams import visible_teams
from reviews.methods.document import rated_components
from reviews.models.cycles import Phase
from reviews.selectors.completion import completion_lines
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.voice_rounds import component_of_round, totals_of_round
from reviews.services.notices import remind_raters
from reviews.views.presentation import name_of
from reviews.views.requests import SignedInRequest


@role_required("hr", "auditor", write=("hr",))
@require_safe
def completion(request: SignedInRequest, code: str) -> HttpResponse:
    """The heat map: how far each team is in each component that somebody judges."""
    cycle = get_cycle_for(request.user, code)
    lines = completion_lines(cycle)
    return render(
        request,
        "reviews/completion.html",
        {
            "cycle": cycle,
            "heads": [
                name_of(component, component["code"]) for component in rated_components(cycle.configuration)
            ],
            "lines": lines,
            "open_forms": sum(line.whole.open for line in lines),
            "can_remind": request.user.is_hr and cycle.phase == Phase.RATING,
            "voices": [
                {
                    "round": each,
                    "name": name_of(component_of_round(each), each.component),
                    **totals_of_round(each),
                }
                for each in cycle.voice_rounds.select_related("cycle").defer("secret").order_by("pk")
            ],
        },
    )


@role_required("hr")
@require_POST
def remind(request: SignedInRequest, code: str) -> HttpResponse:
    """Everyone who owes forms, or those who owe them on one team."""
    cycle = get_cycle_for(request.user, code)
    teams = None
    if request.POST.get("team"):
        teams = list(
            visible_teams(request.user).filter(code=request.POST["team"]).values_list("pk", flat=True)
        )
    try:
        count = remind_raters(actor=request.user, cycle=cycle, team_ids=teams)
    except Refusal as refusal:
        if refusal.status == 403:
            raise PermissionDenied(str(refusal)) from refusal
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            ngettext("%(count)s person is reminded.", "%(count)s people are reminded.", count)
            % {"count": count}
            if count
            else _("They have been reminded today already."),
        )
    return redirect("reviews:completion", cycle.code)
