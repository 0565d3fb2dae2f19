"""People for whom a plan may help, and the rule that finds them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from reviews.forms.improvement_plans import RuleForm
from reviews.selectors.improvement_plans import current_rule
from reviews.selectors.improvement_proposals import get_proposal_for, open_proposals, visible_proposals
from reviews.services.improvement_proposals import dismiss_proposal, look_for_proposals, save_plan_rule
from reviews.views.improvement_words import evidence_text, title_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 40
ORDERING = ("-last_day", "-id")


@role_required("hr", "auditor")
@require_safe
def plan_proposals(request: SignedInRequest) -> HttpResponse:
    """What the rule has found, with its evidence in words."""
    decided = request.GET.get("show") == "decided"
    found = visible_proposals(request.user).exclude(decision="") if decided else open_proposals(request.user)
    page = page_of(found, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    rows = [
        {
            "proposal": each,
            "title": title_of(each.kind),
            "evidence": [evidence_text(piece) for piece in each.evidence],
        }
        for each in page.items
    ]
    return render(
        request,
        "reviews/plan_proposals.html",
        {"page": page, "rows": rows, "decided": decided, "rule": current_rule()},
    )


@role_required("hr")
@require_POST
def plan_proposals_look(request: SignedInRequest) -> HttpResponse:
    count = look_for_proposals(actor=request.user)
    if count:
        messages.success(
            request, ngettext("%(count)s new finding.", "%(count)s new findings.", count) % {"count": count}
        )
    else:
        messages.info(request, _("Nothing new. The rule also looks every night."))
    return redirect("reviews:plan_proposals")


@role_required("hr")
@require_POST
def plan_proposal_dismiss(request: SignedInRequest, pk: int) -> HttpResponse:
    get_proposal_for(request.user, pk)
    try:
        dismiss_proposal(actor=request.user, proposal_id=pk, reason=request.POST.get("reason", ""))
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Dismissed. The same finding does not come back; a later one does."))
    return redirect("reviews:plan_proposals")


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def plan_rule(request: SignedInRequest) -> HttpResponse:
    form = RuleForm(request.POST or None, initial=vars(current_rule()))
    if request.method == "POST" and form.is_valid():
        try:
            save_plan_rule(actor=request.user, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved. What was proposed or served before keeps its measure."))
            return redirect("reviews:plan_proposals")
    return render(
        request,
        "reviews/plan_rule.html",
        {"form": form, "may_write": request.user.is_hr},
        status=422 if form.errors else 200,
    )
