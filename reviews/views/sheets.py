"""HR's list of forms, and giving a submitted one back to its rater."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from reviews.methods.document import component_of
from reviews.models import ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.sheets import get_sheet_for, visible_sheets
from reviews.services.judgements import reopen_sheet
from reviews.services.rights import REASON_LIMIT
from reviews.views.presentation import name_of
from reviews.views.refused import show_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 50
ORDERING = ("rater__name_sort", "participant__employee__name_sort", "id")


class ReopenForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )


@role_required("hr", "auditor", write=("hr",))
@require_safe
def sheets(request: SignedInRequest, code: str) -> HttpResponse:
    """Every form of the cycle, by rater: who has handed in what."""
    cycle = get_cycle_for(request.user, code)
    state = request.GET.get("state", "")
    found = visible_sheets(request.user).filter(participant__cycle=cycle)
    if state in ScoreSheet.State.values:
        found = found.filter(state=state)
    page = page_of(found, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    return render(
        request,
        "reviews/sheets.html",
        {
            "cycle": cycle,
            "page": page,
            "rows": [
                {
                    "sheet": sheet,
                    "component": name_of(component_of(cycle.configuration, sheet.component), sheet.component),
                    "can_reopen": request.user.is_hr
                    and cycle.phase == Phase.RATING
                    and sheet.state == ScoreSheet.State.SUBMITTED,
                }
                for sheet in page.items
            ],
            "state": state,
            "states": ScoreSheet.State.choices,
        },
    )


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: SignedInRequest, sheet_id: int) -> HttpResponse:
    sheet = get_sheet_for(request.user, sheet_id)
    cycle = sheet.participant.cycle
    form = ReopenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reopen_sheet(actor=request.user, sheet_id=sheet.pk, reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("%(rater)s can change the form again.") % {"rater": sheet.rater.name})
            return redirect("reviews:sheets", cycle.code)
    context = {"cycle": cycle, "sheet": sheet, "form": form}
    return render(request, "reviews/sheet_reopen.html", context, status=422 if form.errors else 200)
