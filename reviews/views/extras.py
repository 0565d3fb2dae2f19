"""The bonus and penalty items and the red lines of a cycle, edited together: what is entered beside the score."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from foundation.documents import Problems
from foundation.interface.access import role_required
from people.models import User
from reviews.forms.components import filled
from reviews.forms.extras import BonusItemRows, BonusLimitsForm, RedLineRows
from reviews.methods.base import localised
from reviews.methods.bonus import check_bonus, completed_bonus
from reviews.methods.document import References
from reviews.methods.red_lines import check_catalogue, check_red_lines, red_lines_of
from reviews.models import Cycle
from reviews.selectors.behaviours import visible_behaviour_versions
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.references import references_on
from reviews.views.configuration import context_of, names_of, render_page, save_configuration
from reviews.views.presentation import bands_of
from reviews.views.requests import SignedInRequest

#: Where a problem of the document stands in the tables.
FIELDS = {"name": "name_en"}


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def extras(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    references = references_on(cycle.last_day)
    bonus = completed_bonus(cycle.configuration.get("bonus"))
    data = request.POST or None
    limits = BonusLimitsForm(data, initial={name: bonus[name] for name in ("minimum", "maximum")})
    items = BonusItemRows(
        data, initial=[{**item, **names_of(item)} for item in bonus["items"]], prefix="items"
    )
    lines = RedLineRows(
        data,
        initial=[{**line, **names_of(line)} for line in red_lines_of(cycle.configuration)],
        prefix="lines",
        form_kwargs=_choices(request.user, cycle, references),
    )
    if request.method == "POST" and all([limits.is_valid(), items.is_valid(), lines.is_valid()]):
        written = {
            "bonus": {
                "minimum": _plain(limits.cleaned_data["minimum"]),
                "maximum": _plain(limits.cleaned_data["maximum"]),
                "items": [row.document() for row in filled(items)],
            },
            "red_lines": [row.document() for row in filled(lines)],
        }
        found = _problems(cycle, written, references)
        if found:
            _show(found, items=filled(items), lines=filled(lines), limits=limits)
        elif save_configuration(
            request,
            cycle,
            lambda document: document.update(written),
            _("Bonus items and red lines are kept."),
        ):
            return redirect("reviews:cycle", cycle.code)
    context = context_of(cycle, limits=limits, items=items, lines=lines, has_bands=bool(bands_of(cycle)))
    return render_page(request, "reviews/extras.html", context, limits, items, lines)


def _choices(user: User, cycle: Cycle, references: References) -> dict[str, list[tuple[str, str]]]:
    language = get_language() or "en"
    return {
        # The best band caps nothing.
        "bands": [(band["code"], str(band["label"])) for band in bands_of(cycle)[:-1]],
        "kpis": [
            (code, localised(each.name, language) or code)
            for code, each in references.kpis.items()
            if not each.is_qualitative
        ],
        "behaviours": [(each.behaviour.code, each.name) for each in visible_behaviour_versions(user)],
        "strengths": [
            (each.code, localised(each.name, language) or each.code) for each in references.strengths.values()
        ],
    }


def _problems(cycle: Cycle, written: dict[str, Any], references: References) -> Problems:
    found = Problems()
    check_bonus(written["bonus"], problems=found, path=("bonus",), complete=True)
    check_red_lines(
        written["red_lines"],
        cycle.configuration.get("rating_bands", []),
        kpis=references.kpis,
        problems=found,
        path=("red_lines",),
        complete=True,
    )
    check_catalogue(
        written["red_lines"],
        behaviours=references.behaviours,
        strengths=references.strengths,
        problems=found,
        path=("red_lines",),
    )
    return found


def _show(found: Problems, *, items: list[Any], lines: list[Any], limits: BonusLimitsForm) -> None:
    """Each problem at its field of its row."""
    for problem in found:
        path = [part for part in problem.path if part not in ("bonus", "items", "red_lines")]
        rows = lines if problem.path[0] == "red_lines" else items
        if path and isinstance(path[0], int) and path[0] < len(rows):
            row = rows[path[0]]
            name = FIELDS.get(str(path[1]), str(path[1])) if len(path) > 1 else ""
            row.add_error(name if name in row.fields else None, problem.text)
        else:
            limits.add_error(None, problem.text)


def _plain(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)
