"""Drawing the calls to be inspected and giving them to inspectors. See docs/methods/sampling.md."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from django.db import transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import (
    Inspection,
    InspectionForm,
    InspectionFormVersion,
    InspectionSample,
    Measure,
    Record,
    Source,
)
from metrics.selectors.inspection_draw import DrawRule, counted_records, drawn_records
from metrics.selectors.inspectors import Assigned, Eligibility, inspectors
from metrics.services.authority import require_hr
from metrics.services.inspection_forms import freeze_version
from people.models import Team, User
from people.selectors.rosters import roster_between
from scoring.arrays import Ints
from scoring.sampling import share_out

MAX_PER_AGENT, MAX_DAYS, MAX_DRAWN = 50, 100, 50_000
SEEDS = 2**31


@dataclass
class SampleRequest:
    """What HR chooses. The seed is not among it: whoever may choose it could draw until the calls please."""

    form: InspectionForm
    source: Source
    first_day: date
    last_day: date
    per_agent: int
    every: str = InspectionSample.Every.PERIOD
    spread: str = InspectionSample.Spread.DAY
    needs_measure: str = ""
    double_percent: int = 10
    team_codes: Sequence[str] = ()
    due_on: date | None = None


@dataclass
class Draw:
    """What would be stored: sizes, who has too few, who has left, and which inspector gets how many."""

    version: InspectionFormVersion
    seed: int
    population: int
    digest: str
    agents: int
    drawn: int
    doubled: int
    shortfalls: list[dict[str, int]]
    left_out: list[dict[str, int]]
    loads: list[tuple[User, int]]
    rows: pd.DataFrame = field(repr=False)
    doubles: list[int] = field(repr=False)
    first: list[int] = field(repr=False)
    second: dict[int, int] = field(repr=False)


def preview_sample(*, actor: User | None, request: SampleRequest) -> Draw:
    """What a draw would give, with a seed that is thrown away; nothing is stored. Refusals as draw_sample."""
    require_hr(actor)
    return _draw(request, secrets.randbelow(SEEDS))


@transaction.atomic
def draw_sample(*, actor: User | None, request: SampleRequest, seed: int | None = None) -> InspectionSample:
    """Draws, stores and gives the calls to inspectors, all or nothing.

    seed   for a draw that has to come out alike, as that of the demonstration; people never choose it
    Refusals: metrics_hr_only, sample_*, inspection_version_none.
    """
    require_hr(actor)
    # Two draws for one form at a time could draw the same call.
    InspectionForm.objects.select_for_update().get(pk=request.form.pk)
    draw = _draw(request, secrets.randbelow(SEEDS) if seed is None else seed)
    with recording(actor=actor):
        freeze_version(draw.version)
        sample = InspectionSample.objects.create(
            form_version=draw.version,
            source=request.source,
            first_day=request.first_day,
            last_day=request.last_day,
            team_codes=list(request.team_codes),
            per_agent=request.per_agent,
            every=request.every,
            spread=request.spread,
            needs_measure=request.needs_measure,
            double_percent=request.double_percent,
            seed=draw.seed,
            population=draw.population,
            population_digest=draw.digest,
            agents=draw.agents,
            drawn=draw.drawn,
            doubled=draw.doubled,
            shortfalls=draw.shortfalls,
            left_out=draw.left_out,
            due_on=request.due_on,
            created_by=actor,
        )
        _give_out(sample, draw)
    return sample


def _give_out(sample: InspectionSample, draw: Draw) -> None:
    records = {
        record.pk: record for record in Record.objects.filter(pk__in=[int(pk) for pk in draw.rows["id"]])
    }
    made = []
    for place, pk in enumerate(draw.rows["id"]):
        record = records[int(pk)]
        given = [(1, draw.first[place])]
        if place in draw.second:
            given.append((2, draw.second[place]))
        made += [
            Inspection(
                sample=sample,
                form_version=draw.version,
                position=position,
                employee_id=record.employee_id,
                inspector_id=inspector,
                external_id=record.external_id,
                day=record.day,
                occurred_at=record.occurred_at,
                queue=record.queue,
                call=record.values,
            )
            for position, inspector in given
        ]
    Inspection.objects.bulk_create(made, batch_size=1_000)


# The draw ------------------------------------------------------------------------------------------------------------


def _draw(request: SampleRequest, seed: int) -> Draw:
    _check(request)
    version = version_for(request.form, request.last_day)
    roster = roster_between(request.first_day, request.last_day, teams=list(request.team_codes))
    gone = gone_by(timezone.localdate(), [row.employee_id for row in roster])
    rule = _rule_of(request, seed=seed, people=[row.employee_id for row in roster], gone=sorted(gone))
    counts = counted_records(rule).set_index("employee_id")
    staying = counts[~counts.index.isin(gone)]
    wanted = request.per_agent * rule.weeks
    jobs = {row.employee_id: row.job_id for row in roster}
    # Of a job of which nobody has a record, such as a team leader's, nobody lacks any.
    working = {jobs[pk] for pk in staying.index}
    shortfalls = [
        {"employee": row.employee_id, "wanted": wanted, "found": found}
        for row in roster
        if row.employee_id not in gone and row.job_id in working
        if (found := int(staying["drawable"].get(row.employee_id, 0))) < wanted
    ]
    drawn = int(staying["drawable"].sum())
    if not drawn:
        raise Refusal("sample_empty", status=422)
    if drawn > MAX_DRAWN:
        raise Refusal("sample_large", status=422, count=drawn, limit=MAX_DRAWN)
    rows = drawn_records(rule).reset_index(drop=True)
    teams = {row.employee_id: row.team_id for row in roster if row.employee_id in staying.index}
    first, second, loads = _assign(rows, teams, request.double_percent)
    return Draw(
        version=version,
        seed=seed,
        population=int(staying["records"].sum()),
        digest=str(sum(int(each) for each in staying["digest"])),
        agents=len(staying),
        drawn=len(rows),
        doubled=len(second),
        shortfalls=shortfalls,
        left_out=[
            {"employee": int(pk), "records": int(counts["records"][pk])} for pk in counts.index if pk in gone
        ],
        loads=loads,
        rows=rows,
        doubles=sorted(second),
        first=first,
        second=second,
    )


def _rule_of(request: SampleRequest, *, seed: int, people: Sequence[int], gone: Sequence[int]) -> DrawRule:
    return DrawRule(
        source_id=request.source.pk,
        form_id=request.form.pk,
        first_day=request.first_day,
        last_day=request.last_day,
        per_agent=request.per_agent,
        every=request.every,
        spread=request.spread,
        needs_measure=request.needs_measure,
        seed=seed,
        people=people,
        gone=gone,
    )


def gone_by(day: date, employee_ids: Sequence[int]) -> set[int]:
    """Who has left before the day: a score would help nobody, and they could not dispute it."""
    found = User.objects.filter(pk__in=employee_ids, left_on__lt=day)
    return set(found.values_list("pk", flat=True))


def version_for(form: InspectionForm, day: date) -> InspectionFormVersion:
    """The version that is valid on the day. Refusal inspection_version_none."""
    version = form.versions.filter(valid_from__lte=day).order_by("-valid_from").first()
    if version is None:
        raise Refusal("inspection_version_none", field="form", status=422, day=day.isoformat())
    return version


def _assign(
    rows: pd.DataFrame, teams: dict[int, int], double_percent: int
) -> tuple[list[int], dict[int, int], list[tuple[User, int]]]:
    """(inspector's id for each row, {row: id of the second inspector}, how many each gets)."""
    workers = inspectors()
    if not workers:
        raise Refusal("sample_no_inspector", status=422)
    eligibility = Eligibility(workers, teams)
    people = [int(pk) for pk in rows["employee_id"]]
    sighted = _matrix(eligibility, workers, people, blind=False)
    blind = _matrix(eligibility, workers, people, blind=True)
    doubles = _choose_doubles(rows, blind, double_percent)
    # Those with the fewest choices first: calls scored twice, their second scoring, then all the others.
    first = np.full(len(people), -1, dtype=np.int64)
    loads = np.zeros(len(workers), dtype=np.int64)
    of_doubles = [people[place] for place in doubles]
    first[doubles] = share_out(blind[doubles], of_doubles)
    loads += np.bincount(first[doubles], minlength=len(workers))
    may_second = blind[doubles].copy()
    may_second[np.arange(len(doubles)), first[doubles]] = False
    second = share_out(may_second, of_doubles, load=loads)
    loads += np.bincount(second, minlength=len(workers))
    singles = np.setdiff1d(np.arange(len(people)), doubles)
    first[singles] = share_out(sighted[singles], [people[place] for place in singles], load=loads)
    if (first < 0).any():
        nobody = sorted({people[place] for place in np.flatnonzero(first < 0)})
        names = User.objects.filter(pk__in=nobody[:10]).values_list("name", flat=True)
        raise Refusal("sample_nobody_for", status=422, names=", ".join(names))
    loads += np.bincount(first[singles], minlength=len(workers))
    ids = [each.user.pk for each in workers]
    return (
        [ids[worker] for worker in first],
        {int(place): ids[worker] for place, worker in zip(doubles, second, strict=True)},
        [(each.user, int(load)) for each, load in zip(workers, loads, strict=True)],
    )


def _matrix(eligibility: Eligibility, workers: list[Assigned], people: list[int], *, blind: bool) -> Any:
    known = {
        pk: [eligibility.may(worker, pk, blind=blind) for worker in workers] for pk in dict.fromkeys(people)
    }
    return np.array([known[pk] for pk in people], dtype=bool).reshape(len(people), len(workers))


def _choose_doubles(rows: pd.DataFrame, blind: Any, percent: int) -> Ints:
    """Rows with the lowest second keys for which there are two inspectors; at least the share that was asked for,
    where so many can be scored twice at all. Refusal sample_no_second where none can."""
    wanted = math.ceil(len(rows) * percent / 100)
    if not wanted:
        return np.array([], dtype=np.int64)
    possible = blind.sum(axis=1) >= 2
    found = [int(place) for place in rows["second_key"].sort_values().index if possible[place]][:wanted]
    if not found:
        raise Refusal("sample_no_second", field="double_percent", status=422)
    return np.array(sorted(found), dtype=np.int64)


def _check(request: SampleRequest) -> None:
    today = timezone.localdate()
    if request.first_day > request.last_day:
        raise Refusal("sample_period", field="last_day", status=422)
    if (request.last_day - request.first_day).days >= MAX_DAYS:
        raise Refusal("sample_period_long", field="last_day", status=422, limit=MAX_DAYS)
    if request.first_day > today:
        raise Refusal("sample_period_future", field="first_day", status=422)
    if not 1 <= request.per_agent <= MAX_PER_AGENT:
        raise Refusal("sample_per_agent", field="per_agent", status=422, limit=MAX_PER_AGENT)
    if not 0 <= request.double_percent <= 100:
        raise Refusal("sample_double", field="double_percent", status=422)
    for name, choices in (("every", InspectionSample.Every), ("spread", InspectionSample.Spread)):
        if getattr(request, name) not in choices.values:
            raise Refusal("sample_choice", field=name, status=422, value=str(getattr(request, name))[:40])
    if request.source.kind != Source.Kind.RECORDS:
        raise Refusal("sample_source", field="source", status=422, name=request.source.code)
    if not request.form.is_active:
        raise Refusal("inspection_form_unknown", field="form", status=422, name=request.form.code)
    if request.needs_measure and not Measure.objects.filter(code=request.needs_measure).exists():
        raise Refusal("sample_measure", field="needs_measure", status=422, name=request.needs_measure[:60])
    if request.due_on is not None and request.due_on < today:
        raise Refusal("sample_due", field="due_on", status=422)
    known = set(Team.objects.filter(code__in=request.team_codes).values_list("code", flat=True))
    if unknown := [code for code in request.team_codes if code not in known]:
        raise Refusal("sample_team_unknown", field="teams", status=422, names=", ".join(unknown)[:200])
