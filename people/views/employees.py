"""The list of people and the page of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.templatetags.laurel import date_weekday
from foundation.keyset import page_of
from foundation.refusals import Refusal
from people.forms.employees import EndForm, PersonForm, PlaceForm, RoleForm
from people.models import RoleGrant, Team, User
from people.selectors.compensation import visible_compensations
from people.selectors.employees import (
    get_person_for,
    in_team,
    leaderships_of,
    memberships_of,
    search_people,
    visible_employees,
    visible_people,
    with_place,
)
from people.selectors.leaders import manager_of
from people.selectors.teams import teams_to_choose, visible_teams
from people.services.accounts import deactivate_user, issue_temporary_password, reactivate_user
from people.services.employees import end_employment, place_employee, save_employee
from people.services.roles import grant_role, revoke_role
from people.views.addresses import address_of
from people.views.refused import show_refusal
from people.views.requests import SignedInRequest

PAGE_SIZE = 50
ORDERING = ("name_sort", "id")
#: What the list can show beside those who are employed today.
SHOWN = {
    "present": gettext_lazy("Employed"),
    "left": gettext_lazy("Left"),
    "accounts": gettext_lazy("Accounts without a number"),
    "all": gettext_lazy("Everyone"),
}


@role_required("hr", "payroll", "auditor", "manager", write=("hr",))
@require_safe
def employees(request: SignedInRequest) -> HttpResponse:
    user = request.user
    today = timezone.localdate()
    sees_all = user.has_role("hr", "auditor")
    people = visible_people(user) if sees_all else visible_employees(user)
    query = request.GET.get("q", "").strip()[:80]
    teams = teams_to_choose(user)
    team = _chosen_team(user, request.GET.get("team", ""))
    if team is not None and team not in teams:
        teams.append(team)
    shown = request.GET.get("show", "present")
    choices = SHOWN if sees_all else {key: SHOWN[key] for key in ("present", "left", "all")}
    if shown not in choices:
        shown = "present"
    if shown == "present":
        people = people.filter(employee_number__isnull=False, is_active=True).exclude(left_on__lt=today)
    elif shown == "left":
        people = people.filter(left_on__lt=today)
    elif shown == "accounts":
        people = people.filter(employee_number__isnull=True)
    if team is not None:
        people = in_team(people, team)
    page = page_of(
        with_place(search_people(people, query)),
        ordering=ORDERING,
        cursor=request.GET.get("cursor"),
        limit=PAGE_SIZE,
    )
    return render(
        request,
        "people/employees.html",
        {
            "page": page,
            "people": page.items,
            "query": query,
            "teams": teams,
            "team": team,
            "group": shown,
            "choices": choices.items() if user.has_role("hr", "payroll", "auditor") else (),
            "filtered": bool(query or team or shown != "present"),
            "import_url": address_of("intake:list") if user.is_hr else "",
        },
    )


def _chosen_team(user: User, wanted: str) -> Team | None:
    if not (wanted.isascii() and wanted.isdecimal()) or len(wanted) > 18:
        return None
    return visible_teams(user).filter(is_active=True, pk=int(wanted)).first()


@role_required()
@require_safe
def employee(request: SignedInRequest, pk: int) -> HttpResponse:
    user = request.user
    person = get_person_for(user, pk)
    today = timezone.localdate()
    memberships = list(memberships_of(person))
    present = next((each for each in memberships if today in each.valid), None)
    pay = visible_compensations(user).filter(user=person, valid__contains=today).first()
    grants = list(person.role_grants.order_by("role"))
    own = person.pk == user.pk
    # Pages of rooms above; each room says whose page it is, and one's own needs no id.
    pages = (
        (_("Results"), "reviews:standing_of", "reviews:standing"),
        (_("Statement"), "incentives:statement_of", "incentives:statement"),
    )
    links = [
        {"url": url, "label": label}
        for label, page, own_page in pages
        if (url := address_of(page, pk=person.pk) or (address_of(own_page) if own else ""))
    ]
    held = {grant.role for grant in grants}
    return render(
        request,
        "people/employee.html",
        {
            "person": person,
            "memberships": memberships,
            "present": present,
            "leaderships": [each for each in leaderships_of(person) if today in each.valid],
            "manager": manager_of(person) if memberships else None,
            "pay": pay,
            "grants": grants,
            "roles_left": [(value, label) for value, label in RoleGrant.Role.choices if value not in held],
            "links": links,
            # What was noted about the person stands in a room above this one.
            "incidents_url": address_of("reviews:incidents_of", pk=person.pk)
            if person.employee_number and not own and user.has_role("hr", "auditor", "manager", "inspector")
            else "",
            "own": own,
            "has_left": person.left_on is not None and person.left_on < today,
            "crumbs": _crumbs(user, person.name),
        },
    )


def _crumbs(user: User, *labels: str, person: User | None = None) -> list[dict[str, str]]:
    crumbs = []
    if user.has_role("hr", "payroll", "auditor", "manager"):
        crumbs.append({"label": _("People"), "url": reverse("people:employees")})
    if person is not None:
        crumbs.append({"label": person.name, "url": reverse("people:employee", args=[person.pk])})
    return [*crumbs, *({"label": label, "url": ""} for label in labels)]


def _form_page(
    request: SignedInRequest,
    form: forms.Form,
    *,
    title: str,
    submit: str,
    back: str,
    crumbs: list[dict[str, str]],
    text: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "text": text,
        "submit": submit,
        "cancel_url": back,
        "crumbs": crumbs,
    }
    return render(request, "people/form_page.html", context, status=422 if form.errors else 200)


def _address(person: User) -> str:
    return reverse("people:employee", args=[person.pk])


@role_required("hr")
@require_http_methods(["GET", "POST"])
def employee_create(request: SignedInRequest) -> HttpResponse:
    form = PersonForm(request.POST or None, initial={"locale": User.Language.CHINESE})
    if request.method == "POST" and form.is_valid():
        try:
            person = save_employee(actor=request.user, **_person_values(form))
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            if person.employee_number:
                messages.success(
                    request, _("%(name)s is on the roster. Next: the team.") % {"name": person.name}
                )
                return redirect("people:employee_transfer", pk=person.pk)
            messages.success(request, _("%(name)s has an account.") % {"name": person.name})
            return redirect(_address(person))
    return _form_page(
        request,
        form,
        title=_("New person"),
        submit=_("Add person"),
        back=reverse("people:employees"),
        crumbs=_crumbs(request.user, _("New person")),
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def employee_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    person = get_person_for(request.user, pk)
    initial = {
        name: getattr(person, name)
        for name in ("name", "employee_number", "login", "email", "locale", "hired_on")
    }
    form = PersonForm(request.POST or None, initial={**initial, "aliases": "; ".join(person.aliases)})
    if request.method == "POST" and form.is_valid():
        try:
            save_employee(actor=request.user, user=person, **_person_values(form))
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("The details of %(name)s are kept.") % {"name": form.cleaned_data["name"]}
            )
            return redirect(_address(person))
    return _form_page(
        request,
        form,
        title=_("Details of %(name)s") % {"name": person.name},
        submit=_("Save details"),
        back=_address(person),
        crumbs=_crumbs(request.user, _("Details"), person=person),
    )


def _person_values(form: PersonForm) -> dict[str, Any]:
    return {**form.cleaned_data, "employee_number": form.cleaned_data["employee_number"] or None}


@role_required("hr")
@require_http_methods(["GET", "POST"])
def employee_transfer(request: SignedInRequest, pk: int) -> HttpResponse:
    person = get_person_for(request.user, pk)
    present = person.memberships.order_by("-valid").first()
    first = person.hired_on if present is None and person.hired_on else timezone.localdate()
    initial = {"team": present.team_id, "job": present.job_id, "grade": present.grade} if present else {}
    form = PlaceForm(request.POST or None, initial={**initial, "from_day": first})
    if request.method == "POST" and form.is_valid():
        try:
            place_employee(actor=request.user, user=person, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request,
                _("%(name)s is in %(team)s from %(day)s on.")
                % {
                    "name": person.name,
                    "team": form.cleaned_data["team"].name,
                    "day": date_weekday(form.cleaned_data["from_day"]),
                },
            )
            return redirect(_address(person))
    return _form_page(
        request,
        form,
        title=_("Team of %(name)s") % {"name": person.name},
        text=_("The present place ends the day before. Days in both places count in the period's review."),
        submit=_("Transfer") if present else _("Place in team"),
        back=_address(person),
        crumbs=_crumbs(request.user, _("Transfer"), person=person),
    )


@role_required("hr")
@require_http_methods(["GET", "POST"])
def employee_end(request: SignedInRequest, pk: int) -> HttpResponse:
    person = get_person_for(request.user, pk)
    form = EndForm(request.POST or None, initial={"last_day": person.left_on or timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            end_employment(actor=request.user, user=person, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request,
                _("%(day)s is the last day of %(name)s.")
                % {"name": person.name, "day": date_weekday(form.cleaned_data["last_day"])},
            )
            return redirect(_address(person))
    return _form_page(
        request,
        form,
        title=_("End employment of %(name)s") % {"name": person.name},
        text=_(
            "Team and leadership end with this day, access the day after. Results and payments stay; open payments "
            "are listed for decision."
        ),
        submit=_("End employment"),
        back=_address(person),
        crumbs=_crumbs(request.user, _("End employment"), person=person),
    )


@role_required("hr")
@require_POST
def employee_roles(request: SignedInRequest, pk: int) -> HttpResponse:
    """Posts `role` and `change`: grant or revoke."""
    person = get_person_for(request.user, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = form.cleaned_data["role"]
        label = dict(RoleGrant.Role.choices)[role]
        try:
            if request.POST.get("change") == "revoke":
                revoke_role(actor=request.user, user=person, role=role)
                messages.success(
                    request, _("%(name)s is no longer %(role)s.") % {"name": person.name, "role": label}
                )
            else:
                grant_role(actor=request.user, user=person, role=role)
                messages.success(
                    request, _("%(name)s is now %(role)s.") % {"name": person.name, "role": label}
                )
        except Refusal as refusal:
            messages.error(request, str(refusal))
    else:
        messages.error(request, _("Choose a role."))
    return redirect(_address(person))


@role_required("hr")
@require_POST
def employee_access(request: SignedInRequest, pk: int) -> HttpResponse:
    """Posts `change`: close or open."""
    person = get_person_for(request.user, pk)
    try:
        if request.POST.get("change") == "open":
            reactivate_user(actor=request.user, user=person)
            messages.success(request, _("%(name)s may sign in again.") % {"name": person.name})
        else:
            deactivate_user(actor=request.user, user=person)
            messages.success(request, _("The account of %(name)s is closed.") % {"name": person.name})
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(_address(person))


@role_required("hr")
@never_cache
@require_POST
def set_password(request: SignedInRequest, pk: int) -> HttpResponse:
    """The temporary password stands on the answer to this post and nowhere else: no redirect could carry it."""
    person = get_person_for(request.user, pk)
    password = issue_temporary_password(actor=request.user, user=person)
    return render(
        request,
        "people/temporary_password.html",
        {
            "person": person,
            "password": password,
            "crumbs": _crumbs(request.user, _("Temporary password"), person=person),
        },
    )
