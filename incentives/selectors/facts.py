"""What the steps of a plan look at, for a slice of the people of a cycle. Checks nobody's rights: for the services that
compute pay."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from foundation.bulk import copy_out
from incentives.models import LedgerEntry, PayoutRun
from incentives.selectors.conditions import condition_facts
from people.selectors.compensation import CompensationRow, compensation_on
from reviews.methods.scorecard import is_of_person
from reviews.models import Cycle, Participant, ScoreLine
from scoring import payouts

# Everyone who took part, whether or not the run has a result for them: nobody falls out of a payout silently.
_PEOPLE = """
    SELECT
        participant.employee_id, participant.days_in_role, participant.days_in_period, participant.team_id,
        job.code AS job_code, person.name, person.employee_number, person.left_on, person.hired_on,
        result.score, result.rating,
        EXISTS (
            SELECT FROM reviews_releasehold AS hold
            WHERE hold.participant_id = participant.id AND hold.released_at IS NULL
        ) AS is_shut
    FROM reviews_participant AS participant
    JOIN people_job AS job ON job.id = participant.job_id
    JOIN people_user AS person ON person.id = participant.employee_id
    LEFT JOIN reviews_result AS result
        ON result.run_id = %(run)s AND result.employee_id = participant.employee_id AND result.state = 'scored'
    WHERE participant.cycle_id = %(cycle)s AND participant.withdrawn_in IS NULL
        AND participant.employee_id BETWEEN %(first)s AND %(last)s
    ORDER BY participant.employee_id
"""


def people_to_pay(payout_run: PayoutRun, *, first: int, last: int, needs: set[str]) -> list[dict[str, Any]]:
    """One mapping per participant with an id in first..last, by id.

    Keys: is_shut (the own result waits for feedback),
    employee_id, name, employee_number, left_on, team_id, job_code, days_in_role, days_in_period, score (float or
    None), rating, compensation (CompensationRow or None: of the last day of the period, or of a leaver's own last day),
    and for each KPI in `needs` kpi:CODE (attainment, 100 = target) and value:CODE.
    """
    cycle = payout_run.cycle
    frame = copy_out(
        _PEOPLE,
        {"run": str(payout_run.result_run_id), "cycle": cycle.pk, "first": first, "last": last},
    )
    people: list[dict[str, Any]] = [
        {str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]
    paid = _compensations(people, cycle)
    kpis = _kpi_facts(payout_run, first, last, needs)
    ids = [person["employee_id"] for person in people]
    conditions = condition_facts(payout_run, ids, needs) if any_of(needs, "condition") else {}
    carried = _carried(payout_run, first, last, needs) if any_of(needs, "carry") else {}
    for person in people:
        employee_id = person["employee_id"]
        person["compensation"] = paid.get(employee_id)
        person["days_employed"] = _days_employed(person, cycle)
        person |= kpis.get(employee_id, {}) | conditions.get(employee_id, {}) | carried.get(employee_id, {})
    return people


def any_of(needs: set[str], kind: str) -> bool:
    return any(need.startswith(f"{kind}:") for need in needs)


def _days_employed(person: Mapping[str, Any], cycle: Cycle) -> int:
    """Calendar days of the period from the day of hiring to the last day; an unknown day of hiring lies before it."""
    first = max(person["hired_on"] or cycle.first_day, cycle.first_day)
    last = min(person["left_on"] or cycle.last_day, cycle.last_day)
    return max(0, (last - first).days + 1)


def _carried(payout_run: PayoutRun, first: int, last: int, needs: set[str]) -> dict[int, dict[str, Decimal]]:
    """carry:KPI, what the plan's approved runs of earlier cycles in the same year counted: each cycle's latest run."""
    wanted = [need.partition(":")[2] for need in needs if need.startswith("carry:")]
    cycle = payout_run.cycle
    earlier = (
        PayoutRun.objects.filter(
            plan=payout_run.plan_id,
            state=PayoutRun.State.APPROVED,
            cycle__last_day__lt=cycle.first_day,
            cycle__last_day__year=cycle.last_day.year,
        )
        .order_by("cycle_id", "-approved_at")
        .distinct("cycle_id")
        .values_list("result_run_id", flat=True)
    )
    lines = (
        ScoreLine.objects.filter(
            run_id__in=list(earlier),
            employee_id__gte=first,
            employee_id__lte=last,
            subject__in=wanted,
            value__isnull=False,
        )
        .order_by("run_id", "employee_id", "subject", "component", "number")
        .distinct("run_id", "employee_id", "subject")
        .values_list("employee_id", "subject", "value")
    )
    facts: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for employee_id, subject, value in lines:
        name = f"carry:{subject}"
        facts[employee_id][name] = facts[employee_id].get(name, Decimal(0)) + payouts.to_decimal(
            round(float(value or 0), 6), name
        )
    return facts


def _plain(value: Any) -> Any:
    """NaN, NaT and pandas' NA as None."""
    if value is None or value != value or type(value).__name__ == "NAType":
        return None
    return value


def _compensations(people: list[dict[str, Any]], cycle: Cycle) -> dict[int, CompensationRow]:
    by_day: dict[datetime.date, list[int]] = defaultdict(list)
    for person in people:
        left_on = person["left_on"]
        by_day[min(left_on, cycle.last_day) if left_on else cycle.last_day].append(person["employee_id"])
    found: dict[int, CompensationRow] = {}
    for day, ids in by_day.items():
        found |= compensation_on(ids, day)
    return found


def _kpi_facts(payout_run: PayoutRun, first: int, last: int, needs: set[str]) -> dict[int, dict[str, float]]:
    """From the lines that explain the results, so that pay rests on the very numbers that were released."""
    asked = {need.partition(":")[2] for need in needs if need.startswith(("kpi:", "value:"))}
    if not asked:
        return {}
    lines = (
        ScoreLine.objects.filter(
            run_id=payout_run.result_run_id,
            employee_id__gte=first,
            employee_id__lte=last,
            subject__in=asked,
        )
        .order_by("employee_id", "component", "number")
        .values_list("employee_id", "subject", "value", "attainment")
    )
    facts: dict[int, dict[str, float]] = defaultdict(dict)
    for employee_id, subject, value, attainment in lines:
        if value is not None:
            facts[employee_id].setdefault(f"value:{subject}", value)
        if attainment is not None:
            facts[employee_id].setdefault(f"kpi:{subject}", round(attainment * 100, 6))
    return facts


def participant_slices(cycle: Cycle, size: int) -> list[dict[str, int]]:
    """First and last employee id of each slice of the cycle's people."""
    ids = list(
        Participant.objects.filter(cycle=cycle).order_by("employee_id").values_list("employee_id", flat=True)
    )
    return [
        {"first": part[0], "last": part[-1]}
        for part in (ids[start : start + size] for start in range(0, len(ids), size))
    ]


def standing_amounts(payout_run: PayoutRun, *, first: int, last: int) -> dict[int, Any]:
    """{employee id: what the ledger holds as earned for this plan and cycle}. Clawbacks are money asked back, not an
    entitlement that changed, so they do not count."""
    entries = (
        LedgerEntry.objects.filter(
            plan=payout_run.plan_id, cycle=payout_run.cycle_id, employee_id__gte=first, employee_id__lte=last
        )
        .exclude(kind=LedgerEntry.Kind.CLAWBACK)
        .values_list("employee_id", "amount")
    )
    found: dict[int, Any] = {}
    for employee_id, amount in entries:
        found[employee_id] = found.get(employee_id, 0) + amount
    return found


def kpi_codes(cycle: Cycle) -> set[str]:
    """KPIs whose numbers stand in the cycle's results, as people's own."""
    return {
        str(entry.get("kpi"))
        for component in cycle.configuration.get("components", [])
        if is_of_person(component)
        for entry in component.get("kpis", [])
    }


# What funds a pool, over everybody who took part and has the number, whether or not they are eligible themselves.
_MEASURED = """
    SELECT participant.team_id, number.value
    FROM reviews_participant AS participant
    JOIN LATERAL (
        SELECT {number} AS value FROM reviews_scoreline AS line
        WHERE line.run_id = %(run)s AND line.employee_id = participant.employee_id AND line.subject = %(kpi)s
            AND {number} IS NOT NULL
        ORDER BY line.component, line.number LIMIT 1
    ) AS number ON true
    WHERE participant.cycle_id = %(cycle)s AND participant.withdrawn_in IS NULL
"""
_SCORED = """
    SELECT participant.team_id, result.score AS value
    FROM reviews_participant AS participant
    JOIN reviews_result AS result
        ON result.run_id = %(run)s AND result.employee_id = participant.employee_id AND result.state = 'scored'
    WHERE participant.cycle_id = %(cycle)s AND participant.withdrawn_in IS NULL
"""


def pool_measurements(
    payout_run: PayoutRun, step: Mapping[str, Any]
) -> dict[int | None, tuple[Decimal, int]]:
    """{team id, or None for everybody: (sum or mean, people with the number)} of what the pool's funding looks at.

    A KPI's values are added up; a score or an attainment (100 = target) is the plain mean to six decimals.
    """
    if "input" not in step:
        return {}
    source, _sep, kpi = str(step["input"]).partition(":")
    query = (
        _SCORED
        if source == "score"
        else _MEASURED.format(number="line.value" if source == "value" else "line.attainment * 100")
    )
    frame = copy_out(query, {"run": str(payout_run.result_run_id), "cycle": payout_run.cycle_id, "kpi": kpi})
    groups: dict[int | None, list[Decimal]] = defaultdict(list)
    for team_id, value in frame.itertuples(index=False, name=None):
        number = payouts.to_decimal(round(float(value), 6), "pool")
        groups[int(team_id) if step["per"] == "team" else None].append(number)
    totals = {key: (sum(numbers, Decimal(0)), len(numbers)) for key, numbers in groups.items()}
    if step["funding"] == "measure":
        return totals
    return {key: (round(total / count, 6), count) for key, (total, count) in totals.items()}
