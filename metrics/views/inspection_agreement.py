"""How far inspectors agree who scored the same calls."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from foundation.interface.access import role_required
from metrics import inspection_wording as wording
from metrics.selectors.inspection_agreement import ENOUGH, READERS, agreement_of
from metrics.selectors.inspections import visible_forms
from metrics.views.requests import reader


@require_GET
@role_required(*READERS)
def agreement(request: HttpRequest) -> HttpResponse:
    """One form at a time; the first where none is named."""
    forms = list(visible_forms(reader(request)))
    asked = request.GET.get("form", "")
    form = next((each for each in forms if each.code == asked), forms[0] if forms else None)
    context: dict[str, Any] = {"forms": forms, "form": form, "enough": ENOUGH}
    if form is not None:
        found = agreement_of(reader(request), form)
        context |= {
            "agreement": found,
            "verdict": wording.verdict_text(found.verdict),
            "items": [
                {
                    "item": item,
                    "name": wording.text_of(item.name),
                    "verdict": wording.verdict_text(item.verdict),
                    "share": item.equal_share,
                }
                for item in found.items
            ],
        }
    return render(request, "metrics/inspection_agreement.html", context)
