"""The second look: forms of the managers whom one leads, confirmed or given back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from reviews.methods.document import component_of
from reviews.methods.rating_scale import COMMENT_ITEM, level_key
from reviews.models import SecondReview
from reviews.selectors.second_reviews import get_second_review_for, visible_second_reviews, waiting_reviews
from reviews.services.second_reviews import decide_second_review
from reviews.views.presentation import name_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 40


@role_required("manager", "hr", "auditor", write=("manager", "hr"))
@require_safe
def second_reviews(request: SignedInRequest) -> HttpResponse:
    """What waits, by rater; the scores stand beside each name."""
    found = (
        visible_second_reviews(request.user)
        .filter(pk__in=waiting_reviews().values("pk"))
        .prefetch_related("sheet__judgements")
    )
    page = page_of(
        found, ordering=("sheet__rater__name_sort", "id"), cursor=request.GET.get("cursor"), limit=PAGE_SIZE
    )
    return render(
        request,
        "reviews/second_reviews.html",
        {"page": page, "rows": [_row(request, each) for each in page.items]},
    )


def _row(request: SignedInRequest, review: SecondReview) -> dict[str, Any]:
    sheet = review.sheet
    cycle = sheet.participant.cycle
    component = component_of(cycle.configuration, sheet.component) or {}
    judged = {each.item: each for each in sheet.judgements.all()}
    return {
        "review": review,
        "component": name_of(component, sheet.component),
        "scores": [
            {
                "name": name_of(item, item["code"]),
                "level": level_key(judged[item["code"]].level)
                if item["code"] in judged and judged[item["code"]].level is not None
                else "–",
                "comment": judged[item["code"]].comment if item["code"] in judged else "",
            }
            for item in component.get("items", [])
        ],
        "comment": judged[COMMENT_ITEM].comment if COMMENT_ITEM in judged else "",
        "may_decide": request.user.is_hr or review.reviewer_id == request.user.pk,
    }


@role_required("manager", "hr")
@require_POST
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    get_second_review_for(request.user, pk)
    confirm = request.POST.get("decision") == "confirm"
    try:
        decide_second_review(
            actor=request.user, review_id=pk, confirm=confirm, reason=request.POST.get("reason", "")
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Confirmed.") if confirm else _("Given back, with your reason."))
    return redirect("reviews:second_reviews")
