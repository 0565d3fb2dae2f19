"""Published results: the table, its export, and one result with everything behind it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from people.models import Team
from people.selectors.employees import get_employee_for
from people.selectors.teams import subtree_ids, teams_to_choose, visible_teams
from reviews.models import Cycle, Result
from reviews.selectors.cycles import get_cycle_for, visible_cycles
from reviews.selectors.explanations import explanation_of
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.results import get_result_for, may_see_rank, visible_results, with_place
from reviews.selectors.scorecards import card_components
from reviews.views.explaining import explanation_tree, line_rows, rank_sentence
from reviews.views.presentation import band_of, bands_of, interval, name_of
from reviews.views.rating_words import band_label, bands_in, rating_notes, with_rating
from reviews.views.requests import SignedInRequest

READERS = ("hr", "auditor", "manager")
PAGE_SIZE = 50
BY_RANK = ("rank", "id")
BY_SCORE = ("-score", "id")
# A cell that begins with one of these would be run as a formula by a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@role_required(*READERS)
@require_safe
def results(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    found, team, rating = _filtered(request, cycle)
    show_rank = may_see_rank(request.user, cycle)
    teams = teams_to_choose(request.user)
    if team is not None and team not in teams:
        teams.append(team)
    page = page_of(
        with_place(found),
        ordering=BY_RANK if show_rank and cycle.configuration.get("cohort") == "cycle" else BY_NAME,
        cursor=request.GET.get("cursor"),
        limit=PAGE_SIZE,
    )
    return render(
        request,
        "reviews/results.html",
        {
            "cycle": cycle,
            "page": page,
            "rows": [
                {
                    "result": result,
                    "band": band_of(cycle, result.rating),
                    # Calibration or a red line made it another one.
                    "computed": band_label(cycle, result.computed_rating)
                    if result.computed_rating not in ("", result.rating)
                    else "",
                }
                for result in page.items
            ],
            "show_rank": show_rank,
            "teams": teams,
            "team": team,
            "bands": list(reversed(bands_of(cycle))),
            "rating": rating,
            "is_filtered": bool(team or rating),
            "is_stale": request.user.is_hr and results_are_stale(cycle),
            "cards": [
                {"code": each["code"], "name": name_of(each, each["code"])} for each in card_components(cycle)
            ],
        },
    )


BY_NAME = ("employee__name_sort", "id")


def _filtered(request: SignedInRequest, cycle: Cycle) -> tuple[Any, Team | None, str]:
    found = visible_results(request.user, cycle)
    wanted = request.GET.get("team", "")
    team = visible_teams(request.user).filter(code=wanted[:60]).first() if wanted else None
    if team is not None:
        found = found.filter(team_id__in=subtree_ids([team.code]))
    rating = request.GET.get("rating", "")
    if rating not in {band["code"] for band in cycle.configuration.get("rating_bands", [])}:
        rating = ""
    if rating:
        found = found.filter(rating=rating)
    return found, team, rating


@role_required(*READERS)
@require_safe
def results_csv(request: SignedInRequest, code: str) -> Any:  # a stream is no HttpResponse to Django
    """All results that the caller may see, as a table for a spreadsheet: UTF-8 with its mark, cells inert."""
    cycle = get_cycle_for(request.user, code)
    found, _team, _rating = _filtered(request, cycle)
    show_rank = may_see_rank(request.user, cycle)
    rows = with_place(found).order_by("employee__name_sort", "id").iterator(chunk_size=2000)
    response = StreamingHttpResponse(_lines(rows, show_rank), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="results-{cycle.code}.csv"'
    response["Cache-Control"] = "no-store"
    return response


class _Echo:
    """csv writes into whatever has `write`; this hands the line on."""

    def write(self, line: str) -> str:
        return line


def _lines(results: Any, show_rank: bool) -> Iterator[str]:
    writer = csv.writer(_Echo())
    head = [
        _("Employee number"),
        _("Employee"),
        _("Team"),
        _("Score"),
        _("Standard error"),
        _("Rating band"),
        _("State"),
    ]
    yield "\ufeff" + writer.writerow([*head, *([_("Rank"), _("of")] if show_rank else [])])
    for result in results:
        cells = [
            inert(result.employee.employee_number or ""),
            inert(result.employee.name),
            inert(_team_name(result)),
            _number(result.score),
            _number(result.standard_error),
            inert(result.rating),
            result.state,
        ]
        yield writer.writerow([*cells, *([_number(result.rank), result.cohort_size] if show_rank else [])])


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula; numbers never come through here."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _team_name(result: Any) -> str:
    return result.team_name_zh or result.team_name_en or result.team_code or ""


@role_required("hr", "auditor", "manager", "employee")
@require_safe
def result(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    """One result with everything behind it; one's own is on the page "where I stand"."""
    cycle = get_cycle_for(request.user, code)
    found = get_result_for(request.user, cycle, employee_id)
    if found.employee_id == request.user.pk:
        return redirect("reviews:standing_in", cycle.code)
    explanation = explanation_of(found, cycle, show_rank=may_see_rank(request.user, cycle))
    return render(request, "reviews/result.html", result_context(cycle, found, explanation))


def result_context(cycle: Cycle, found: Result, explanation: dict[str, Any]) -> dict[str, Any]:
    low, high = interval(found.score, found.standard_error)
    return {
        "cycle": cycle,
        "result": found,
        "employee": found.employee,
        "explanation": explanation,
        "band": band_of(cycle, found.rating),
        "bands": bands_in(cycle, explanation),
        "rating_notes": rating_notes(cycle, explanation),
        "low": low,
        "high": high,
        "n": max((each["n"] for each in explanation["components"]), default=0),
        "rank": rank_sentence(explanation),
        "groups": line_rows(explanation),
        "tree": with_rating(explanation_tree(explanation, cycle), explanation, cycle),
    }


@role_required("hr", "auditor", "manager", "payroll", "employee")
@require_safe
def standing_of(request: SignedInRequest, pk: int) -> HttpResponse:
    """A person's results in all cycles that the caller may read, latest first."""
    person = get_employee_for(request.user, pk)
    if person.pk == request.user.pk:
        return redirect("reviews:standing")
    rows = []
    for cycle in visible_cycles(request.user).filter(
        participants__employee=person, published_run__isnull=False
    )[:24]:
        found = visible_results(request.user, cycle).filter(employee=person).first()
        if found is not None:
            rows.append(
                {
                    "cycle": cycle,
                    "result": found,
                    "band": band_of(cycle, found.rating),
                    "bands": bands_of(cycle),
                }
            )
    return render(request, "reviews/standing_of.html", {"person": person, "rows": rows})
