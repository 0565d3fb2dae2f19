"""Making, configuring and launching cycles."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from foundation.documents import Problems
from foundation.refusals import Refusal
from foundation.runs.services import emit
from metrics.services.kpis import freeze_kpi_versions
from people.models import User
from people.selectors.teams import sites_of_teams
from reviews.methods.document import (
    blank_configuration,
    check_configuration,
    completed,
    fingerprint,
    freeze_configuration,
    kpi_version_ids,
    rated_components,
)
from reviews.methods.objectives import counts_objectives
from reviews.methods.paired import is_paired
from reviews.methods.problems import InvalidConfiguration
from reviews.methods.targets import names_queues
from reviews.models import Cycle, CycleTemplate, Participant, PhaseChange, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.launch import launch_problems
from reviews.selectors.pairs import raters_in
from reviews.selectors.population import population_of, raters_of
from reviews.selectors.references import references_on
from reviews.selectors.roles import roles_of
from reviews.selectors.transfers import parts_of
from reviews.services.rights import require_hr
from reviews.services.voice_rounds import open_rounds

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
LONGEST_PERIOD = 400
# None means "no due day", so "leave it" needs a value of its own.
UNCHANGED: Any = object()
# Addresses of pages that stand where a cycle's code would.
RESERVED_CODES = ("new",)
FIRST_PHASES = (Phase.GOALS, Phase.COLLECTION, Phase.RATING)


@transaction.atomic
def create_cycle(
    *,
    actor: User,
    code: str,
    first_day: datetime.date | None,
    last_day: datetime.date | None,
    name_zh: str = "",
    name_en: str = "",
    template: str = "",
    configuration: Mapping[str, Any] | None = None,
    rating_due_on: datetime.date | None = None,
) -> Cycle:
    """A cycle in setup, from a template's code, a configuration, or blank. Refuses a code that is taken (409)."""
    require_hr(actor)
    _check_code(code)
    first, last = _checked_period(first_day, last_day)
    _check_name(name_zh, name_en)
    if template:
        found = CycleTemplate.objects.filter(code=template, is_active=True).first()
        if found is None:
            raise Refusal("template_unknown", field="template", status=422)
        configuration = found.configuration
    document = completed(configuration) if configuration is not None else blank_configuration()
    _check_draft(document, last)
    cycle, created = Cycle.objects.get_or_create(
        code=code,
        defaults={
            "name_zh": name_zh.strip(),
            "name_en": name_en.strip(),
            "first_day": first,
            "last_day": last,
            "configuration": document,
            "rating_due_on": rating_due_on,
            "created_by": actor,
        },
    )
    if not created:
        raise Refusal("cycle_code_taken", field="code", status=409)
    return cycle


@transaction.atomic
def edit_cycle(
    *,
    actor: User,
    cycle: Cycle,
    version: int,
    name_zh: str | None = None,
    name_en: str | None = None,
    first_day: datetime.date | None = None,
    last_day: datetime.date | None = None,
    rating_due_on: datetime.date | None = UNCHANGED,
) -> Cycle:
    """Names, period and due day, while in setup. What is left out stays."""
    require_hr(actor)
    locked = lock_for_edit(cycle, version)
    locked.name_zh = locked.name_zh if name_zh is None else name_zh.strip()
    locked.name_en = locked.name_en if name_en is None else name_en.strip()
    _check_name(locked.name_zh, locked.name_en)
    locked.first_day, locked.last_day = _checked_period(
        first_day or locked.first_day, last_day or locked.last_day
    )
    if rating_due_on is not UNCHANGED:
        locked.rating_due_on = rating_due_on
    locked.version += 1
    locked.save()
    return locked


@transaction.atomic
def edit_configuration(*, actor: User, cycle: Cycle, configuration: Mapping[str, Any], version: int) -> Cycle:
    """Replaces the whole document. Unfinished work is kept; what can never be right is refused with all its paths."""
    require_hr(actor)
    locked = lock_for_edit(cycle, version)
    _check_draft(configuration, locked.last_day)
    locked.configuration = completed(configuration)
    locked.configuration_version += 1
    locked.version += 1
    locked.save(update_fields=["configuration", "configuration_version", "version"])
    return locked


@transaction.atomic
def launch_cycle(*, actor: User, cycle: Cycle, to_phase: str = Phase.RATING) -> Cycle:
    """Freezes the configuration and the population, makes the forms, and opens the first phase.

    Refusals: cycle_already_launched (409), cycle_not_ready (422) with the first of launch_problems.
    """
    require_hr(actor)
    if to_phase not in FIRST_PHASES:
        raise Refusal("phase_not_next", status=422, from_phase=Phase.SETUP.label, to_phase=to_phase[:40])
    # The second of two launches waits here and then finds the cycle launched.
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if locked.phase != Phase.SETUP:
        raise Refusal("cycle_already_launched", status=409)
    if to_phase == Phase.RATING and counts_objectives(locked.configuration):
        raise Refusal("objectives_need_goals", status=422, field="to_phase")
    problems = [problem for problem in launch_problems(locked) if problem.severity == "error"]
    if problems:
        raise Refusal("cycle_not_ready", status=422, count=len(problems), first=problems[0].text)
    frozen = _frozen(locked)
    locked.configuration = frozen
    locked.configuration_version += 1
    locked.fingerprint = fingerprint(frozen)
    locked.phase = to_phase
    locked.launched_at = timezone.now()
    locked.version += 1
    locked.save()
    _enrol(locked)
    change = PhaseChange.objects.create(
        cycle=locked, from_phase=Phase.SETUP, to_phase=to_phase, changed_by=actor
    )
    emit("cycle.phase", change_id=change.pk)
    return locked


def _frozen(cycle: Cycle) -> dict[str, Any]:
    """The configuration with the KPI versions of its last day, which from here on cannot be corrected in place."""
    kept: set[int] = set()
    while True:
        frozen = freeze_configuration(
            cycle.configuration, references=references_on(cycle.last_day, cycle.first_day)
        )
        named = set(kpi_version_ids(frozen))
        if named <= kept:
            return frozen
        # Read again afterwards: somebody may have revised one of them a moment ago.
        freeze_kpi_versions(named)
        kept |= named


def _enrol(cycle: Cycle) -> None:
    people = population_of(cycle.configuration, cycle.first_day, cycle.last_day)
    raters = raters_of(people, cycle.last_day)
    roles = roles_of(
        [row.employee_id for row in people],
        cycle.first_day,
        cycle.last_day,
        with_queues=names_queues(cycle.configuration),
    )
    sites = sites_of_teams({row.team_id for row in people})
    participants = Participant.objects.bulk_create(
        [
            Participant(
                cycle=cycle,
                employee_id=row.employee_id,
                team_id=row.team_id,
                job_id=row.job_id,
                site_id=sites.get(row.team_id),
                grade=row.grade,
                rater_id=raters.get(row.employee_id),
                days_in_role=row.days_in_role,
                days_in_period=row.days_in_period,
                role_since=roles[row.employee_id].since,
                role_until=roles[row.employee_id].until,
                queue=roles[row.employee_id].queue,
                terms_version=cycle.configuration_version,
            )
            for row in people
        ],
        batch_size=5000,
    )
    ScoreSheet.objects.bulk_create(forms_for(cycle, participants), batch_size=5000)


def forms_for(cycle: Cycle, participants: Sequence[Participant]) -> list[ScoreSheet]:
    """The forms that these people need: one per rated component, or one per part of the period where several managers
    judge. An order by hand is made by the last rater alone; in pairs everybody of a group is compared by its raters."""
    parts = parts_of(
        cycle.configuration, [each.employee_id for each in participants], cycle.first_day, cycle.last_day
    )
    open_rounds(cycle, participants)
    forms = []
    for component in rated_components(cycle.configuration):
        if is_paired(component):
            forms += [
                ScoreSheet(participant=participant, component=component["code"], rater_id=rater)
                for participant, rater in raters_in(component, cycle, participants)
            ]
            continue
        for participant in participants:
            shared = parts.get(participant.employee_id, []) if "items" in component else []
            forms += [
                ScoreSheet(
                    participant=participant,
                    component=component["code"],
                    rater_id=part.rater_id,
                    first_day=part.first_day,
                    last_day=part.last_day,
                    days=part.days,
                )
                for part in shared
            ]
            if not shared and participant.rater_id:
                forms.append(
                    ScoreSheet(
                        participant=participant, component=component["code"], rater_id=participant.rater_id
                    )
                )
    return forms


def lock_for_edit(cycle: Cycle, version: int) -> Cycle:
    """The row locked, when it is still in setup and still the version that the editor saw."""
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if locked.phase != Phase.SETUP:
        raise Refusal("cycle_frozen", status=409)
    if locked.version != version:
        raise Refusal("cycle_version_stale", status=409, field="version")
    return locked


def _check_draft(document: Any, last_day: datetime.date) -> None:
    problems = Problems()
    check_configuration(document, references=references_on(last_day), problems=problems)
    if problems:
        raise InvalidConfiguration(list(problems))


def _check_code(code: str) -> None:
    if not CODE.fullmatch(code) or code in RESERVED_CODES:
        raise Refusal("cycle_code_malformed", field="code", status=422)


def _check_name(name_zh: str, name_en: str) -> None:
    if not name_zh.strip() and not name_en.strip():
        raise Refusal("cycle_name_required", field="name_zh", status=422)
    for field, text in (("name_zh", name_zh), ("name_en", name_en)):
        if len(text.strip()) > 120:
            raise Refusal("cycle_text_too_long", field=field, status=422, limit=120)


def _checked_period(
    first: datetime.date | None, last: datetime.date | None
) -> tuple[datetime.date, datetime.date]:
    if first is None or last is None:
        raise Refusal("cycle_period_missing", field="first_day" if first is None else "last_day", status=422)
    if last < first:
        raise Refusal("cycle_period_backwards", field="last_day", status=422)
    if (last - first).days >= LONGEST_PERIOD:
        raise Refusal("cycle_period_too_long", field="last_day", status=422, limit=LONGEST_PERIOD)
    return first, last
