"""Changing a running cycle: each change has a reason, makes a version, and is told to whom it concerns.

details by kind, as they are proposed and kept:
    target   {component, kpi, target}  a number; None takes the target table as it stands now. Kept with it: before
    joiner   {employee}                an id; somebody who was on the roster in the period
    leaver   {employee}
    rater    {employee, from, rater}   ids; `from` left out: who judges by the roster at launch
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import Run
from foundation.trail.services import recording
from people.models import User
from people.selectors.leaders import raters_for
from people.selectors.rosters import roster_between
from people.selectors.teams import sites_of_teams
from reviews import topics
from reviews.methods.document import component_of, fingerprint, rated_components
from reviews.methods.kpi import ATTAINMENT
from reviews.methods.paired import compares_widely, is_paired
from reviews.methods.ranking import RankingMethod
from reviews.methods.targets import frozen_targets, names_queues, needs_people, person_targets
from reviews.models import Amendment, Cycle, CycleVersion, Participant, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.references import references_on
from reviews.selectors.roles import frozen_roles, roles_of
from reviews.services.cycles import forms_for
from reviews.services.rights import checked_reason, require_hr
from reviews.services.scoring import start_scoring
from reviews.services.voice_changes import follow_manager, invite_for_joiner, release_raters_of

Kind, State = Amendment.Kind, Amendment.State
#: While forms may still be filled in. A target may be mended up to the release.
OPEN = (Phase.GOALS, Phase.COLLECTION, Phase.RATING)
OPEN_FOR_TARGETS = (*OPEN, Phase.CALIBRATION)
#: What somebody else of HR has to agree to: it concerns the score of everybody.
BY_TWO = (Kind.TARGET,)


@transaction.atomic
def propose_amendment(
    *, actor: User, cycle: Cycle, kind: str, details: Mapping[str, Any], reason: str
) -> Amendment:
    """A target waits for somebody else of HR; every other change is in force at once.

    Refusals: amendment_kind_unknown, amendment_malformed (422), amendment_not_open, amendment_waiting (409), those of
    the kind: amendment_no_kpi, amendment_banded, amendment_unchanged, amendment_no_table, amendment_target_range,
    amendment_not_on_roster, amendment_takes_part, amendment_no_rater, not_a_participant, amendment_own_form (422),
    amendment_submitted, amendment_order_submitted (409).
    """
    require_hr(actor)
    text = checked_reason(reason)
    if kind not in Kind.values:
        raise Refusal("amendment_kind_unknown", field="kind", status=422, allowed=", ".join(Kind.values))
    locked = _locked(cycle)
    _check_open(locked, kind)
    kept = CHECKS[kind](locked, details)
    with recording(actor=actor, reason=text):
        amendment = Amendment.objects.create(
            cycle=locked, kind=kind, details=kept, reason=text, proposed_by=actor
        )
        if kind not in BY_TWO:
            _apply(actor, locked, amendment, "")
    cycle.refresh_from_db()
    return amendment


@transaction.atomic
def decide_amendment(*, actor: User, amendment: Amendment, accept: bool, reason: str = "") -> Amendment:
    """Somebody else of HR puts a proposed change in force, or rejects it with a reason.

    Refusals: amendment_decided (409), amendment_own (403), amendment_not_open (409), and what no longer holds.
    """
    require_hr(actor)
    text = checked_reason(reason, required=not accept)
    # The cycle before the amendment, as everywhere.
    locked = _locked(amendment.cycle)
    found = Amendment.objects.select_for_update(of=("self",)).get(pk=amendment.pk)
    if found.state != State.PROPOSED:
        raise Refusal("amendment_decided", status=409)
    if found.proposed_by_id == actor.pk:
        raise Refusal("amendment_own", status=403)
    with recording(actor=actor, reason=text or found.reason):
        if not accept:
            found.state, found.decided_by, found.decided_at = State.REJECTED, actor, timezone.now()
            found.decision_reason = text
            found.save()
            return found
        _check_open(locked, found.kind)
        found.details = CHECKS[found.kind](locked, found.details)
        _apply(actor, locked, found, text)
    return found


def _locked(cycle: Cycle) -> Cycle:
    """The run before the cycle: a worker that publishes takes its locks in that order, too."""
    active = Run.objects.filter(kind="scoring", scope=f"cycle:{cycle.pk}", state__in=Run.ACTIVE)
    list(active.select_for_update(of=("self",)).values_list("pk"))
    return Cycle.objects.select_for_update(of=("self",)).select_related("published_run").get(pk=cycle.pk)


def _check_open(cycle: Cycle, kind: str) -> None:
    phases = OPEN_FOR_TARGETS if kind == Kind.TARGET else OPEN
    if cycle.phase not in phases or cycle.released_at is not None:
        raise Refusal("amendment_not_open", status=409)


def _apply(actor: User, cycle: Cycle, amendment: Amendment, text: str) -> None:
    """The change itself, the version that it makes, and the notices; then the scores are computed again where they had
    been published from what was wrong."""
    # Cycles that were launched before versions were kept get the one that holds now.
    CycleVersion.objects.get_or_create(
        cycle=cycle,
        number=cycle.configuration_version,
        defaults={"configuration": cycle.configuration, "fingerprint": cycle.fingerprint},
    )
    # A configuration that is changed and a run that computes by the old one exclude each other.
    run = Run.objects.filter(kind="scoring", scope=f"cycle:{cycle.pk}", state__in=Run.ACTIVE).first()
    if run is not None and amendment.kind == Kind.TARGET:
        runs.stop_run(actor=actor, run=run)
    was_published = cycle.published_run_id is not None
    cycle.configuration_version += 1
    cycle.version += 1
    concerned = APPLIES[amendment.kind](cycle, amendment.details)
    if amendment.kind == Kind.TARGET:
        cycle.fingerprint = fingerprint(cycle.configuration)
        # What stood there was computed by another configuration, and would no longer explain itself.
        cycle.published_run = None
    cycle.save()
    amendment.state, amendment.version = State.APPLIED, cycle.configuration_version
    amendment.decided_by, amendment.decided_at, amendment.decision_reason = actor, timezone.now(), text
    amendment.save()
    CycleVersion.objects.create(
        cycle=cycle,
        number=cycle.configuration_version,
        configuration=cycle.configuration,
        fingerprint=cycle.fingerprint,
        amendment=amendment,
    )
    _tell(cycle, amendment, concerned)
    if amendment.kind == Kind.TARGET and was_published:
        start_scoring(actor=actor, cycle=cycle)


# A target ---------------------------------------------------------------------------------------------------------


def _check_target(cycle: Cycle, details: Mapping[str, Any]) -> dict[str, Any]:
    item = _item(cycle.configuration, details)
    if item is None:
        raise Refusal("amendment_no_kpi", field="kpi", status=422)
    if item["scoring"] != ATTAINMENT:
        raise Refusal("amendment_banded", field="kpi", status=422)
    target = details.get("target")
    if target is not None:
        if isinstance(target, bool) or not isinstance(target, (int, float)) or not np.isfinite(target):
            raise Refusal("amendment_malformed", field="target", status=422)
        if abs(target) > 1e12:
            raise Refusal("amendment_target_range", field="target", status=422)
    kept = {
        "component": details["component"],
        "kpi": item["kpi"],
        "target": target,
        "before": {"target": item["target"], "edition": (item.get("targets") or {}).get("edition")},
    }
    after = _with_target(cycle, item, target)
    if after == item:
        raise Refusal("amendment_unchanged", field="target", status=422)
    kept["after"] = {"target": after["target"], "edition": (after.get("targets") or {}).get("edition")}
    return kept


def _item(configuration: Mapping[str, Any], details: Mapping[str, Any]) -> dict[str, Any] | None:
    for component in configuration["components"]:
        if component["code"] == details.get("component"):
            return next(
                (each for each in component.get("kpis", []) if each["kpi"] == details.get("kpi")), None
            )
    return None


def _with_target(cycle: Cycle, item: Mapping[str, Any], target: float | None) -> dict[str, Any]:
    """The frozen line with the number for everybody, or with the target table of today."""
    line = {name: value for name, value in item.items() if name != "targets"}
    if target is not None:
        return {**line, "target": float(target)}
    reference = references_on(cycle.last_day, cycle.first_day).kpis.get(item["kpi"])
    if reference is None or not reference.targets:
        raise Refusal("amendment_no_table", field="target", status=422)
    return {**line, "target": None, "targets": frozen_targets(reference.targets, reference.target)}


def _apply_target(cycle: Cycle, details: Mapping[str, Any]) -> list[int]:
    """Whoever has another target by it is asked to read the terms again."""
    item = _item(cycle.configuration, details)
    assert item is not None
    after = _with_target(cycle, item, details["target"])
    ids = np.array(
        Participant.objects.filter(cycle=cycle).order_by("employee").values_list("employee", flat=True),
        dtype=np.int64,
    )
    document = deepcopy(cycle.configuration)
    changed = _item(document, details)
    assert changed is not None
    changed.clear()
    changed.update(after)
    if names_queues(document) and not names_queues(cycle.configuration):
        _freeze_queues(cycle, ids.tolist())
    people = (
        frozen_roles(cycle.pk, ids.tolist())
        if needs_people(cycle.configuration) or needs_people(document)
        else None
    )
    before, now = person_targets(item, people, ids), person_targets(after, people, ids)
    different = ~((before == now) | (np.isnan(before) & np.isnan(now)))
    concerned = ids[different].tolist()
    cycle.configuration = document
    Participant.objects.filter(cycle=cycle, employee__in=concerned).update(
        terms_version=cycle.configuration_version
    )
    return concerned


def _freeze_queues(cycle: Cycle, ids: list[int]) -> None:
    """A table that asks for the queue needs what the launch had no reason to look up."""
    roles = roles_of(ids, cycle.first_day, cycle.last_day, with_queues=True)
    people = list(Participant.objects.filter(cycle=cycle, employee__in=ids))
    for each in people:
        each.queue = roles[each.employee_id].queue if each.employee_id in roles else ""
    Participant.objects.bulk_update(people, ["queue"], batch_size=5000)


# Who takes part ---------------------------------------------------------------------------------------------------


def _check_joiner(cycle: Cycle, details: Mapping[str, Any]) -> dict[str, Any]:
    employee = _person(details, "employee")
    if Participant.objects.filter(cycle=cycle, employee=employee).exists():
        raise Refusal("amendment_takes_part", field="employee", status=422)
    rows = roster_between(cycle.first_day, cycle.last_day)
    if not any(row.employee_id == employee.pk for row in rows):
        raise Refusal("amendment_not_on_roster", field="employee", status=422)
    rater = raters_for([employee.pk], cycle.last_day)[employee.pk]
    if rater is None and rated_components(cycle.configuration):
        raise Refusal("amendment_no_rater", field="employee", status=422)
    return {"employee": employee.pk, "name": employee.name}


def _apply_joiner(cycle: Cycle, details: Mapping[str, Any]) -> list[int]:
    employee = details["employee"]
    row = next(
        each for each in roster_between(cycle.first_day, cycle.last_day) if each.employee_id == employee
    )
    role = roles_of(
        [employee], cycle.first_day, cycle.last_day, with_queues=names_queues(cycle.configuration)
    )[employee]
    rater = raters_for([employee], cycle.last_day)[employee]
    part, _created = Participant.everyone.update_or_create(
        cycle=cycle,
        employee_id=employee,
        defaults={
            "team_id": row.team_id,
            "job_id": row.job_id,
            "site_id": sites_of_teams({row.team_id}).get(row.team_id),
            "grade": row.grade,
            "rater_id": rater,
            "days_in_role": row.days_in_role,
            "days_in_period": row.days_in_period,
            "role_since": role.since,
            "role_until": role.until,
            "queue": role.queue,
            "terms_version": cycle.configuration_version,
            "withdrawn_in": None,
        },
    )
    _give_forms(forms_for(cycle, [part]))
    invite_for_joiner(part)
    return [employee, *([rater] if rater else [])]


def _check_leaver(cycle: Cycle, details: Mapping[str, Any]) -> dict[str, Any]:
    part = _part(cycle, details)
    return {"employee": part.employee_id, "name": part.employee.name}


def _apply_leaver(cycle: Cycle, details: Mapping[str, Any]) -> list[int]:
    """The person and the forms on them stay to be read; they are asked for and counted no more."""
    part = Participant.objects.get(cycle=cycle, employee=details["employee"])
    part.withdrawn_in = cycle.configuration_version
    part.save(update_fields=["withdrawn_in"])
    forms = list(part.sheets.exclude(state=ScoreSheet.State.WITHDRAWN))
    _withdraw(forms)
    release_raters_of(part)
    return [part.employee_id, *{each.rater_id for each in forms}]


# Who judges -------------------------------------------------------------------------------------------------------


def _check_rater(cycle: Cycle, details: Mapping[str, Any]) -> dict[str, Any]:
    part = _part(cycle, details)
    rater = _person(details, "rater")
    before = details.get("from") or part.rater_id
    if rater.pk == part.employee_id:
        raise Refusal("amendment_own_form", field="rater", status=422)
    if rater.pk == before or not rater.may_sign_in:
        raise Refusal("amendment_no_rater", field="rater", status=422)
    forms = part.sheets.filter(rater=before).exclude(state=ScoreSheet.State.WITHDRAWN)
    if before != part.rater_id and not forms.exists():
        raise Refusal("amendment_no_rater", field="from", status=422)
    if forms.filter(state=ScoreSheet.State.SUBMITTED).exists():
        raise Refusal("amendment_submitted", field="employee", status=409)
    by_hand = [
        each["code"]
        for each in rated_components(cycle.configuration)
        if each["method"] == RankingMethod.code or is_paired(each)
    ]
    handed_in = ScoreSheet.objects.filter(
        participant__cycle=cycle, component__in=by_hand, rater=rater, state=ScoreSheet.State.SUBMITTED
    )
    if handed_in.exists():
        raise Refusal("amendment_order_submitted", field="rater", status=409)
    former = User.objects.filter(pk=before).first() if before else None
    return {
        "employee": part.employee_id,
        "name": part.employee.name,
        "from": before,
        "from_name": former.name if former else "",
        "rater": rater.pk,
        "rater_name": rater.name,
    }


def _apply_rater(cycle: Cycle, details: Mapping[str, Any]) -> list[int]:
    """The old forms stay as they were left, with whoever wrote them; the new manager begins with empty ones."""
    part = Participant.objects.get(cycle=cycle, employee=details["employee"])
    # In pairs of a wider group every rater of it compares everybody, whoever leads them.
    asked = [each["code"] for each in rated_components(cycle.configuration) if not compares_widely(each)]
    old = list(
        part.sheets.filter(rater=details["from"], component__in=asked).exclude(
            state=ScoreSheet.State.WITHDRAWN
        )
    )
    components: dict[str, ScoreSheet | None] = {each.component: each for each in old} or dict.fromkeys(asked)
    _withdraw(old)
    follow_manager(part, details["from"], details["rater"])
    if part.rater_id == details["from"]:
        part.rater_id = details["rater"]
        part.save(update_fields=["rater"])
    _give_forms(
        ScoreSheet(
            participant=part,
            component=component,
            rater_id=details["rater"],
            first_day=before.first_day if before else None,
            last_day=before.last_day if before else None,
            days=before.days if before else None,
        )
        for component, before in components.items()
    )
    return [part.employee_id, details["rater"], *([details["from"]] if details["from"] else [])]


def _withdraw(forms: Iterable[ScoreSheet]) -> None:
    for sheet in forms:
        sheet.state = ScoreSheet.State.WITHDRAWN
        sheet.version += 1
        sheet.save(update_fields=["state", "version", "updated_at"])


def _give_forms(forms: Iterable[ScoreSheet]) -> None:
    """New ones; one that was withdrawn from the same rater is opened again, and a second part of one rater adds its
    days to the first. Who compares in pairs compares the new one with the others: what was handed in is open again."""
    for sheet in forms:
        if is_paired(component_of(sheet.participant.cycle.configuration, sheet.component)):
            _open_again(sheet)
        known = ScoreSheet.objects.filter(
            participant=sheet.participant, component=sheet.component, rater_id=sheet.rater_id
        ).first()
        if known is None:
            sheet.save()
            continue
        if known.state == ScoreSheet.State.WITHDRAWN:
            known.state = ScoreSheet.State.DRAFT
            known.first_day, known.last_day, known.days = sheet.first_day, sheet.last_day, sheet.days
        elif known.days and sheet.days and known.first_day and sheet.first_day:
            known.days += sheet.days
            known.first_day = min(known.first_day, sheet.first_day)
            known.last_day = max(known.last_day or known.first_day, sheet.last_day or sheet.first_day)
        known.submitted_at = None if known.state == ScoreSheet.State.DRAFT else known.submitted_at
        known.version += 1
        known.save()


def _open_again(joined: ScoreSheet) -> None:
    handed_in = ScoreSheet.objects.filter(
        participant__cycle=joined.participant.cycle_id,
        component=joined.component,
        rater=joined.rater_id,
        state=ScoreSheet.State.SUBMITTED,
    )
    for sheet in handed_in.select_for_update(of=("self",)):
        sheet.state = ScoreSheet.State.DRAFT
        sheet.submitted_at = None
        sheet.version += 1
        sheet.save(update_fields=["state", "submitted_at", "version", "updated_at"])


def _person(details: Mapping[str, Any], field: str) -> User:
    pk = details.get(field)
    found = None
    if isinstance(pk, int) and not isinstance(pk, bool) and 0 < pk < 2**63:
        found = User.objects.filter(pk=pk, employee_number__isnull=False).first()
    if found is None:
        raise Refusal("amendment_nobody", field=field, status=422)
    return found


def _part(cycle: Cycle, details: Mapping[str, Any]) -> Participant:
    person = _person(details, "employee")
    part = Participant.objects.filter(cycle=cycle, employee=person).select_related("employee").first()
    if part is None:
        raise Refusal("not_a_participant", field="employee", status=422)
    return part


CHECKS: dict[str, Callable[[Cycle, Mapping[str, Any]], dict[str, Any]]] = {
    Kind.TARGET: _check_target,
    Kind.JOINER: _check_joiner,
    Kind.LEAVER: _check_leaver,
    Kind.RATER: _check_rater,
}
APPLIES: dict[str, Callable[[Cycle, Mapping[str, Any]], list[int]]] = {
    Kind.TARGET: _apply_target,
    Kind.JOINER: _apply_joiner,
    Kind.LEAVER: _apply_leaver,
    Kind.RATER: _apply_rater,
}


def _tell(cycle: Cycle, amendment: Amendment, people: Iterable[int]) -> None:
    kept = amendment.details
    params = {"cycle": {"zh": cycle.name_zh, "en": cycle.name_en}, "reason": amendment.reason}
    topic = {
        Kind.TARGET: topics.TARGET_AMENDED,
        Kind.JOINER: topics.JOINED,
        Kind.LEAVER: topics.TAKEN_OUT,
        Kind.RATER: topics.RATER_AMENDED,
    }[Kind(amendment.kind)]
    if amendment.kind == Kind.TARGET:
        item = _item(cycle.configuration, kept)
        params["kpi"] = (item or {}).get("version", {}).get("name") or {"zh": kept["kpi"], "en": kept["kpi"]}
    else:
        params["name"] = kept["name"]
    if amendment.kind == Kind.RATER:
        params |= {"rater": kept["rater_name"]}
    employees = set(Participant.everyone.filter(cycle=cycle).values_list("employee", flat=True))
    for recipients, url in (
        ([each for each in people if each in employees], reverse("reviews:terms", args=[cycle.code])),
        ([each for each in people if each not in employees], reverse("reviews:queue")),
    ):
        notify(
            topic=topic,
            key=f"amendment:{amendment.pk}",
            recipients=recipients,
            params=params,
            url="" if amendment.kind == Kind.LEAVER else url,
        )
