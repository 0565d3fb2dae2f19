"""HR's list of cycles, a new one, and the cockpit from which it is run."""

from __future__ import annotations

import calendar
import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import date_short, number
from foundation.refusals import Refusal
from foundation.runs.models import Run
from foundation.runs.presentation import describe
from foundation.runs.selectors import latest_run
from people.models import Job, Site, Team, User
from reviews.forms.cycles import LaunchForm, NewCycleForm
from reviews.methods.bonus import items_of
from reviews.methods.feedback import appeal_rule, feedback_rule
from reviews.methods.objectives import counts_objectives
from reviews.methods.paired import is_paired
from reviews.methods.potential import potential_of
from reviews.methods.rating_rule import CUTOFFS, rule_of
from reviews.methods.red_lines import red_lines_of
from reviews.models import Cycle, CycleTemplate
from reviews.models.cycles import PHASE_ORDER, Phase
from reviews.selectors.choices import choice_findings
from reviews.selectors.cycles import (
    completion,
    completion_by_team,
    completion_of_cycles,
    counts_of,
    get_cycle_for,
    phase_history,
    visible_cycles,
    visible_templates,
)
from reviews.selectors.feedback import days_to_release, unanswered
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.launch import LaunchProblem, launch_problems
from reviews.selectors.results import distribution, previous_released_cycle
from reviews.selectors.terms import open_receipts
from reviews.selectors.voice_rounds import voice_components
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.phases import (
    CANCELLABLE,
    RELEASES,
    advance_phase,
    cancel_cycle,
    earlier_phases,
    next_phases,
    release_cycle,
    return_phase,
)
from reviews.services.scoring import SCORABLE, start_scoring
from reviews.views.presentation import bands_of, name_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

READERS = ("hr", "auditor")
SHOWN_IN_LIST = 100
LATE_RATERS = 3


@role_required(*READERS, "payroll", write=("hr",))
@require_safe
def cycles(request: SignedInRequest) -> HttpResponse:
    found = list(visible_cycles(request.user)[:SHOWN_IN_LIST])
    done = completion_of_cycles(found)
    rows: list[dict[str, Any]] = [
        {"cycle": cycle, "people": done[cycle.pk][0], "done": done[cycle.pk][1], "total": done[cycle.pk][2]}
        for cycle in found
    ]
    active = [row for row in rows if row["cycle"].phase not in (Phase.CLOSED, Phase.CANCELLED)]
    front = active[0] if active else None
    return render(
        request,
        "reviews/cycles.html",
        {
            "front": front,
            "front_phases": phase_line(front["cycle"], front["done"], front["total"]) if front else [],
            "front_problems": _problem_rows(front["cycle"])
            if front and front["cycle"].phase == Phase.SETUP
            else [],
            "rows": [row for row in rows if row is not front],
            "has_templates": visible_templates(request.user).exists(),
        },
    )


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_new(request: SignedInRequest) -> HttpResponse:
    templates = visible_templates(request.user)
    form = NewCycleForm(
        request.POST or None, templates=templates, initial=_proposal(request.user, templates.first())
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            cycle = create_cycle(
                actor=request.user,
                code=data["code"],
                name_zh=data["name_zh"],
                name_en=data["name_en"],
                first_day=data["first_day"],
                last_day=data["last_day"],
                rating_due_on=data["rating_due_on"],
                template=data["template"].code if data["template"] else "",
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("reviews:cycle", cycle.code)
    return render(request, "reviews/cycle_new.html", {"form": form}, status=422 if form.errors else 200)


def _proposal(user: User, template: CycleTemplate | None) -> dict[str, Any]:
    """Last month, the usual case: its data are there; or the month after the latest cycle."""
    last = timezone.localdate().replace(day=1) - datetime.timedelta(days=1)
    latest = visible_cycles(user).order_by("-last_day").values_list("last_day", flat=True).first()
    if latest is not None and latest >= last:
        last = _month_end(latest + datetime.timedelta(days=1))
    return {
        "template": template.code if template else None,
        "first_day": last.replace(day=1),
        "last_day": last,
        "rating_due_on": last + datetime.timedelta(days=7),
        "code": f"{last:%Y-%m}",
        "name_zh": f"{last.year}年{last.month}月考核",
        "name_en": f"{calendar.month_name[last.month]} {last.year} review",
    }


def _month_end(day: datetime.date) -> datetime.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


@role_required(*READERS, write=("hr",))
@require_safe
def cycle(request: SignedInRequest, code: str) -> HttpResponse:
    """The cockpit: where the cycle is, what keeps it, who is late, and the one thing to do next."""
    found = get_cycle_for(request.user, code)
    run = latest_run("scoring", f"cycle:{found.pk}")
    done, total = completion(found)
    counts = counts_of(found)
    stale = results_are_stale(found)
    problems = launch_problems(found) if found.phase == Phase.SETUP else []
    context = {
        "cycle": found,
        "phases": phase_line(found, done, total),
        "problems": [_as_row(found, problem) for problem in problems],
        "problem_title": _problem_title(problems),
        "choices": [_as_row(found, finding) for finding in choice_findings(found)],
        "can_launch": found.phase == Phase.SETUP and not any(each.severity == "error" for each in problems),
        "has_goals": found.phase != Phase.SETUP and counts_objectives(found.configuration),
        "launch_form": LaunchForm(
            initial={"to_phase": "goals" if counts_objectives(found.configuration) else "rating"}
        ),
        "people": counts.people,
        "done": done,
        "total": total,
        "share": done / total if total else None,
        "teams": completion_by_team(found) if total else [],
        "late_raters": LATE_RATERS,
        "progress": describe(run, request.user) if run and _is_worth_showing(run) else None,
        "is_stale": stale,
        "can_score": found.phase in SCORABLE and not (run and run.is_active),
        "can_release": (found.phase, Phase.RELEASE) in RELEASES and found.published_run_id and not stale,
        "open_forms": total - done,
        "before_its_end": timezone.localdate() <= found.last_day,
        "steps": [{"phase": phase, "label": Phase(phase).label} for phase in next_phases(found)],
        "steps_back": [{"phase": phase, "label": Phase(phase).label} for phase in earlier_phases(found)],
        "can_cancel": found.phase in CANCELLABLE,
        "history": phase_history(found),
        "chart": _distribution_chart(found) if found.published_run_id else None,
        "acknowledged": counts.acknowledged if found.released_at else None,
        "disagreed": counts.disagreed,
        "days_to_release": days_to_release(found),
        "still_shut": counts.still_shut if found.released_at else 0,
        "without_feedback": len(unanswered(found)) if found.released_at is None else 0,
        "has_feedback": found.published_run_id is not None,
        "open_appeals": counts.open_appeals,
        "payouts_url": _address("incentives:payout_runs"),
        "summary": configuration_summary(found),
        "terms_open": open_receipts(found),
        "comparisons": [
            {"code": each["code"], "name": name_of(each, each["code"])}
            for each in found.configuration.get("components", [])
            if is_paired(each) and found.phase != Phase.SETUP
        ],
        "voices": [
            {"component": each["code"], "name": name_of(each, each["code"])}
            for each in voice_components(found.configuration)
            if found.phase != Phase.SETUP
        ],
        "has_potential": found.phase != Phase.SETUP and potential_of(found.configuration) is not None,
    }
    return render(request, "reviews/cycle.html", context)


def _is_worth_showing(run: Run) -> bool:
    return run.is_active or run.state in (Run.State.FAILED, Run.State.STOPPED)


def configuration_summary(cycle: Cycle) -> list[dict[str, Any]]:
    """The parts of the configuration with their addresses: what stands in each, in a few words."""
    document = cycle.configuration
    components = document.get("components", [])
    population = document.get("population", {})
    narrowed = [
        thing.name
        for name, model in (("teams", Team), ("jobs", Job), ("sites", Site))
        if population.get(name)
        for thing in model.objects.filter(code__in=population[name])
    ]
    bands = document.get("rating_bands", [])
    return [
        {
            "label": _("Who is appraised"),
            "value": _(", ").join(narrowed) or _("everyone on the roster"),
            "url": reverse("reviews:population", args=[cycle.code]),
        },
        {
            "label": _("Components"),
            "value": ngettext("%(count)s component", "%(count)s components", len(components))
            % {"count": len(components)},
            "url": reverse("reviews:components", args=[cycle.code]),
        },
        {
            "label": _("Rating bands"),
            "value": " · ".join(name_of(band, band["code"]) for band in reversed(bands)) or _("none yet"),
            "url": reverse("reviews:bands", args=[cycle.code]),
        },
        {
            "label": _("How ratings are given"),
            "value": _("by cut-offs") if rule_of(document)["by"] == CUTOFFS else _("by shares"),
            "url": reverse("reviews:rating_rule", args=[cycle.code]),
        },
        {
            "label": _("Potential"),
            "value": _("rated beside performance") if potential_of(document) else _("not asked for"),
            "url": reverse("reviews:potential_settings", args=[cycle.code]),
        },
        {
            "label": _("Feedback and appeals"),
            "value": (
                _("a suggestion to each weak point, %(days)s days to appeal")
                if feedback_rule(document).required
                else _("feedback if wanted, %(days)s days to appeal")
            )
            % {"days": appeal_rule(document).days},
            "url": reverse("reviews:feedback_settings", args=[cycle.code]),
        },
        {
            "label": _("Bonus items and red lines"),
            "value": _("%(items)s items, %(lines)s red lines")
            % {
                "items": number(len(items_of(document)), 0),
                "lines": number(len(red_lines_of(document)), 0),
            },
            "url": reverse("reviews:extras", args=[cycle.code]),
        },
        {
            "label": _("Period and rules"),
            "value": f"{date_short(cycle.first_day)} – {date_short(cycle.last_day)}",
            "url": reverse("reviews:settings", args=[cycle.code]),
        },
    ]


# What HR does ---------------------------------------------------------------------------------------------------


@role_required("hr")
@require_POST
def launch(request: SignedInRequest, code: str) -> HttpResponse:
    form = LaunchForm(request.POST)
    phase = form.cleaned_data["to_phase"] if form.is_valid() else Phase.RATING
    return _do(
        request,
        code,
        lambda actor, found: launch_cycle(actor=actor, cycle=found, to_phase=phase),
        _("The cycle is launched."),
    )


@role_required("hr")
@require_POST
def score(request: SignedInRequest, code: str) -> HttpResponse:
    return _do(request, code, lambda actor, found: start_scoring(actor=actor, cycle=found), "")


@role_required("hr")
@require_POST
def phase(request: SignedInRequest, code: str) -> HttpResponse:
    to_phase, reason = request.POST.get("to_phase", ""), request.POST.get("reason", "")
    back = request.POST.get("direction") == "back"
    service = return_phase if back else advance_phase
    return _do(
        request,
        code,
        lambda actor, found: service(actor=actor, cycle=found, to_phase=to_phase, reason=reason),
        "",
    )


@role_required("hr")
@require_POST
def release(request: SignedInRequest, code: str) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _do(
        request,
        code,
        lambda actor, found: release_cycle(actor=actor, cycle=found, reason=reason),
        _("The results are open. Everyone appraised can read theirs now."),
    )


@role_required("hr")
@require_POST
def cancel(request: SignedInRequest, code: str) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _do(
        request,
        code,
        lambda actor, found: cancel_cycle(actor=actor, cycle=found, reason=reason),
        _("The cycle is cancelled. What was written is kept."),
    )


def _do(request: SignedInRequest, code: str, work: Any, success: str) -> HttpResponse:
    found = get_cycle_for(request.user, code)
    try:
        work(request.user, found)
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        if success:
            messages.success(request, success)
    return redirect("reviews:cycle", found.code)


# How it is shown --------------------------------------------------------------------------------------------------


def phase_line(cycle: Cycle, done: int, total: int) -> list[dict[str, Any]]:
    """The phases in order, each with its number in words where it stands."""
    if cycle.phase == Phase.CANCELLED:
        return []
    here = PHASE_ORDER.index(Phase(cycle.phase))
    rows = []
    for index, phase_ in enumerate(PHASE_ORDER):
        state = "done" if index < here else "current" if index == here else "ahead"
        row: dict[str, Any] = {"label": phase_.label, "state": state}
        if phase_ == Phase.RATING and total and index <= here:
            row["sentence"] = _("%(done)s of %(total)s forms are in") % {
                "done": number(done),
                "total": number(total),
            }
        elif phase_ == Phase.RATING and cycle.rating_due_on and index > here:
            row["date"] = cycle.rating_due_on
        elif phase_ == Phase.SETUP and state == "current":
            row["sentence"] = _("being configured")
        elif phase_ == Phase.GOALS and state == "current":
            row["sentence"] = _("people read their KPIs and targets")
        elif phase_ == Phase.COLLECTION and state == "current":
            row["sentence"] = _("data come in until")
            row["date"] = cycle.last_day
        elif phase_ == Phase.CALIBRATION and state == "current":
            row["sentence"] = _("results are checked")
        elif phase_ == Phase.RELEASE and cycle.released_at and index <= here:
            row["date"] = timezone.localtime(cycle.released_at).date()
        rows.append(row)
    return rows


def _problem_rows(cycle: Cycle) -> list[dict[str, Any]]:
    return [_as_row(cycle, problem) for problem in launch_problems(cycle)]


def _as_row(cycle: Cycle, problem: LaunchProblem) -> dict[str, Any]:
    return {"text": problem.text, "url": _mended_at(cycle, problem), "severity": problem.severity}


def _mended_at(cycle: Cycle, problem: LaunchProblem) -> str:
    """The page on which a problem is mended, by the path of its field."""
    head, _dot, rest = problem.path.partition("[")
    if problem.path == "targets":
        return _address("metrics:targets")
    if problem.path == "duties":
        return _address("metrics:duties")
    if problem.code == "cycle_kpi_without_data":
        return _address("intake:list") or reverse("reviews:components", args=[cycle.code])
    if head == "components" and rest and "." in rest:
        component = cycle.configuration["components"][int(rest.partition("]")[0])]
        if rest.partition("]")[2] not in (".weight", ".name", ".code"):
            return reverse("reviews:component", args=[cycle.code, component["code"]])
    if head.startswith("components"):
        return reverse("reviews:components", args=[cycle.code])
    if head == "rating" or head.startswith("rating."):
        return reverse("reviews:rating_rule", args=[cycle.code])
    if head.startswith("rating_bands"):
        return reverse("reviews:bands", args=[cycle.code])
    if head.startswith(("bonus", "red_lines")):
        return reverse("reviews:extras", args=[cycle.code])
    if head.startswith("population"):
        return reverse("reviews:population", args=[cycle.code])
    return reverse("reviews:settings", args=[cycle.code])


def _problem_title(problems: list[LaunchProblem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    if not errors:
        return _("Worth knowing before the launch")
    return ngettext(
        "%(count)s thing keeps this from launch", "%(count)s things keep this from launch", errors
    ) % {"count": errors}


def _distribution_chart(cycle: Cycle) -> dict[str, Any]:
    now = distribution(cycle)
    bands = bands_of(cycle)
    series = [{"name": cycle.name, "values": [now[band["code"]] for band in bands], "emphasis": True}]
    before = previous_released_cycle(cycle)
    if before is not None:
        then = distribution(before)
        series.append({"name": before.name, "values": [then.get(band["code"], 0) for band in bands]})
    return {
        "kind": "bar",
        "labels": [band["label"] for band in bands],
        "series": series,
        "decimals": 0,
        "total": sum(now.values()),
        "before": before.name if before else "",
    }


def _address(name: str) -> str:
    """A page of another room, where it is there."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
