"""The tree of teams, sites and jobs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from foundation.interface.access import role_required
from foundation.interface.templatetags.laurel import date_weekday
from foundation.refusals import Refusal
from people.forms.teams import JobForm, LeaderForm, SiteForm, TeamForm
from people.models import Job, Site, Team, User
from people.selectors.teams import get_team_for, team_tree, visible_jobs, visible_sites
from people.services.leaderships import appoint_leader
from people.services.teams import save_job, save_site, save_team
from people.views.refused import show_refusal
from people.views.requests import SignedInRequest

READERS = ("hr", "payroll", "auditor", "manager")


def _crumbs(*items: tuple[str, str]) -> list[dict[str, str]]:
    people = {"label": _("People"), "url": reverse("people:employees")}
    return [people, *({"label": label, "url": url} for label, url in items)]


def _form_page(request: SignedInRequest, form: forms.Form, **context: Any) -> HttpResponse:
    return render(
        request, "people/form_page.html", {"form": form, **context}, status=422 if form.errors else 200
    )


@role_required(*READERS, write=("hr",))
@require_safe
def teams(request: SignedInRequest) -> HttpResponse:
    closed = request.GET.get("closed") == "1"
    wanted = request.GET.get("under", "")
    under = get_team_for(request.user, int(wanted)) if wanted.isdecimal() and len(wanted) < 19 else None
    rows = team_tree(request.user, closed=closed, under=under)
    crumbs = _crumbs((_("Teams"), reverse("people:teams") if under else ""))
    if under is not None:
        crumbs = _crumbs((_("Teams"), reverse("people:teams")), (under.name, ""))
    return render(request, "people/teams.html", {"rows": rows, "closed": closed, "crumbs": crumbs})


@role_required("hr")
@require_http_methods(["GET", "POST"])
def team_create(request: SignedInRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if Team.objects.filter(code=form.cleaned_data["code"]).exists():
            form.add_error("code", _("There is a team of this code already."))
        elif _saved(form, save_team, actor=request.user):
            messages.success(request, _("The team %(code)s is there.") % {"code": form.cleaned_data["code"]})
            return redirect("people:teams")
    return _form_page(
        request,
        form,
        title=_("New team"),
        submit=_("Add team"),
        cancel_url=reverse("people:teams"),
        crumbs=_crumbs((_("Teams"), reverse("people:teams")), (_("New team"), "")),
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def team_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    team = get_team_for(request.user, pk)
    names = ("code", "name_zh", "name_en", "parent", "site", "is_active")
    form = TeamForm(request.POST or None, initial={name: getattr(team, name) for name in names}, fixed=True)
    if request.method == "POST" and form.is_valid() and _saved(form, save_team, actor=request.user):
        messages.success(request, _("The team %(code)s is kept.") % {"code": team.code})
        return redirect("people:teams")
    return _form_page(
        request,
        form,
        title=_("Team %(name)s") % {"name": team.name},
        text=_("With another team above, everything below this team moves along."),
        submit=_("Save team"),
        cancel_url=reverse("people:teams"),
        crumbs=_crumbs((_("Teams"), reverse("people:teams")), (team.name, "")),
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def team_leader(request: SignedInRequest, pk: int) -> HttpResponse:
    team = get_team_for(request.user, pk)
    today = timezone.localdate()
    present = team.leaderships.filter(valid__contains=today).select_related("user").first()
    leader: User | None = present.user if present else None
    form = LeaderForm(
        request.POST or None,
        initial={"leader": (leader.employee_number or leader.login) if leader else "", "from_day": today},
    )
    if request.method == "POST" and form.is_valid():
        try:
            appoint_leader(
                actor=request.user, team=team, user=form.user, from_day=form.cleaned_data["from_day"]
            )
        except Refusal as refusal:
            if refusal.field == "user":
                refusal.field = "leader"
            show_refusal(form, refusal)
        else:
            day = date_weekday(form.cleaned_data["from_day"])
            if form.user:
                text = _("%(name)s leads %(team)s from %(day)s on.") % {
                    "name": form.user.name,
                    "team": team.name,
                    "day": day,
                }
            else:
                text = _("Nobody leads %(team)s from %(day)s on.") % {"team": team.name, "day": day}
            messages.success(request, text)
            return redirect("people:teams")
    return _form_page(
        request,
        form,
        title=_("Leader of %(name)s") % {"name": team.name},
        text=_("A leader sees and judges this team and all teams below it."),
        submit=_("Appoint"),
        cancel_url=reverse("people:teams"),
        crumbs=_crumbs((_("Teams"), reverse("people:teams")), (team.name, "")),
    )


@role_required(*READERS, write=("hr",))
@require_safe
def sites(request: SignedInRequest) -> HttpResponse:
    return render(
        request,
        "people/sites.html",
        {"sites": visible_sites(request.user).order_by("code"), "crumbs": _crumbs((_("Sites"), ""))},
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def site_edit(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    site = get_object_or_404(Site, pk=pk) if pk is not None else None
    names = ("code", "name_zh", "name_en", "time_zone")
    initial = {name: getattr(site, name) for name in names} if site else None
    form = SiteForm(request.POST or None, initial=initial, fixed=site is not None)
    if request.method == "POST" and form.is_valid():
        if site is None and Site.objects.filter(code=form.cleaned_data["code"]).exists():
            form.add_error("code", _("There is a site of this code already."))
        elif _saved(form, save_site, actor=request.user):
            messages.success(request, _("The site %(code)s is kept.") % {"code": form.cleaned_data["code"]})
            return redirect("people:sites")
    title = site.name if site else _("New site")
    return _form_page(
        request,
        form,
        title=title,
        submit=_("Save site"),
        cancel_url=reverse("people:sites"),
        crumbs=_crumbs((_("Sites"), reverse("people:sites")), (title, "")),
    )


@role_required(*READERS, write=("hr",))
@require_safe
def jobs(request: SignedInRequest) -> HttpResponse:
    return render(
        request,
        "people/jobs.html",
        {"jobs": visible_jobs(request.user).order_by("code"), "crumbs": _crumbs((_("Jobs"), ""))},
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def job_edit(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    job = get_object_or_404(Job, pk=pk) if pk is not None else None
    initial = None
    if job:
        duties = "\n".join(
            " | ".join((duty["code"], duty.get("name_zh", ""), duty.get("name_en", "")))
            for duty in job.duties
        )
        initial = {"code": job.code, "name_zh": job.name_zh, "name_en": job.name_en, "duties": duties}
    form = JobForm(request.POST or None, initial=initial, fixed=job is not None)
    if request.method == "POST" and form.is_valid():
        if job is None and Job.objects.filter(code=form.cleaned_data["code"]).exists():
            form.add_error("code", _("There is a job of this code already."))
        elif _saved(form, save_job, actor=request.user):
            messages.success(request, _("The job %(code)s is kept.") % {"code": form.cleaned_data["code"]})
            return redirect("people:jobs")
    title = job.name if job else _("New job")
    return _form_page(
        request,
        form,
        title=title,
        submit=_("Save job"),
        cancel_url=reverse("people:jobs"),
        crumbs=_crumbs((_("Jobs"), reverse("people:jobs")), (title, "")),
    )


def _saved(form: forms.Form, service: Any, *, actor: User) -> bool:
    try:
        service(actor=actor, **form.cleaned_data)
    except Refusal as refusal:
        show_refusal(form, refusal)
        return False
    return True
