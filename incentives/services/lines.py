"""Lines of a payout run: computed slice by slice, summed up, and read as one digest."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
from django.db import connection

from foundation.bulk import copy_in, copy_out
from incentives.models import PayoutLine, PayoutRun, PayoutStepSet
from incentives.selectors.facts import people_to_pay, standing_amounts
from incentives.services.payout_steps import StepsOf, store_steps
from incentives.steps import engine

Status = PayoutLine.Status
CENT = Decimal("0.01")
#: Reason of a line whose result is still shut: nothing unreleased is ever paid.
NOT_OPEN = "result_not_open"

LINE_COLUMNS = [
    "payout_run_id",
    "employee_id",
    "employee_number",
    "employee_name",
    "team_id",
    "job_code",
    "legal_entity",
    "cost_centre",
    "score",
    "rating",
    "amount",
    "standing",
    "currency",
    "status",
    "reason_code",
]


def compute_slice(payout_run: PayoutRun, *, first: int, last: int, people: Collection[int] = ()) -> None:
    """Lines and steps of the people with ids in first..last, replacing what a lost attempt may have left.

    people   where given, only they are computed; all others keep line and steps of the last approved run
    """
    PayoutStepSet.objects.filter(
        payout_run=payout_run, employee_id__gte=first, employee_id__lte=last
    ).delete()
    PayoutLine.objects.filter(payout_run=payout_run, employee_id__gte=first, employee_id__lte=last).delete()
    configuration = payout_run.plan_version.configuration
    steps = configuration["steps"]
    needs = engine.needs(steps)
    found = people_to_pay(payout_run, first=first, last=last, needs=needs)
    if people:
        kept = _keep_lines(payout_run, first, last, people)
        found = [person for person in found if person["employee_id"] not in kept]
    standing = standing_amounts(payout_run, first=first, last=last)
    as_of = datetime.date.fromisoformat(payout_run.run.parameters["as_of"]) if payout_run.run else None
    lines: list[tuple[Any, ...]] = []
    explained: list[StepsOf] = []
    for person in found:
        line, answers = _line(person, configuration, needs, payout_run.currency, as_of)
        paid = person["compensation"]
        employee_id = person["employee_id"]
        lines.append(
            (
                payout_run.pk,
                employee_id,
                person["employee_number"] or "",
                person["name"],
                person["team_id"],
                person["job_code"],
                paid.legal_entity if paid else "",
                paid.cost_centre if paid else "",
                person["score"],
                person["rating"] or "",
                str(line.amount.quantize(CENT)),
                str(standing.get(employee_id, 0)),
                payout_run.currency,
                line.status,
                line.reason_code,
            )
        )
        explained.append(StepsOf(employee_id, answers))
    if lines:
        copy_in(PayoutLine._meta.db_table, pd.DataFrame(lines, columns=LINE_COLUMNS))
    store_steps(payout_run, explained)


_KEEP_LINES = """
    INSERT INTO incentives_payoutline (payout_run_id, employee_id, employee_number, employee_name, team_id, job_code,
        legal_entity, cost_centre, score, rating, amount, standing, currency, status, reason_code)
    SELECT %(run)s, line.employee_id, line.employee_number, line.employee_name, line.team_id, line.job_code,
        line.legal_entity, line.cost_centre, line.score, line.rating, line.amount,
        coalesce((
            SELECT sum(entry.amount) FROM incentives_ledgerentry AS entry
            WHERE entry.employee_id = line.employee_id AND entry.plan_id = %(plan)s AND entry.cycle_id = %(cycle)s
                AND entry.kind <> 'clawback'
        ), 0), line.currency, line.status, line.reason_code
    FROM incentives_payoutline AS line
    WHERE line.payout_run_id = %(source)s AND line.employee_id BETWEEN %(first)s AND %(last)s
        AND line.employee_id <> ALL(%(people)s::bigint[])
    RETURNING employee_id
"""
_KEEP_STEPS = """
    INSERT INTO incentives_payoutstepset (payout_run_id, employee_id, first, kinds, inputs, factors, amounts)
    SELECT %(run)s, employee_id, first, kinds, inputs, factors, amounts FROM incentives_payoutstepset
    WHERE payout_run_id = %(source)s AND employee_id BETWEEN %(first)s AND %(last)s
        AND employee_id <> ALL(%(people)s::bigint[])
"""


def _keep_lines(payout_run: PayoutRun, first: int, last: int, people: Collection[int]) -> set[int]:
    """Everybody but `people` as the last approved run of the plan and cycle has them; the answer is who that is."""
    source = (
        PayoutRun.objects.filter(
            plan=payout_run.plan_id, cycle=payout_run.cycle_id, state=PayoutRun.State.APPROVED
        )
        .order_by("-approved_at", "-pk")
        .values_list("pk", flat=True)
        .first()
    )
    if source is None:
        return set()
    params: dict[str, Any] = {
        "run": payout_run.pk,
        "plan": payout_run.plan_id,
        "cycle": payout_run.cycle_id,
        "source": source,
        "first": first,
        "last": last,
        "people": list(people),
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_LINES, params)
        kept = {row[0] for row in cursor.fetchall()}
        cursor.execute(_KEEP_STEPS, params)
    return kept


def line_if(
    payout_run: PayoutRun,
    employee_id: int,
    *,
    score: float | None,
    rating: str,
    attainments: Mapping[str, float],
) -> tuple[Decimal, str]:
    """(amount, status) that this run would have for one person with another result; nothing is stored. Under a pool the
    amount is 0 here, as everybody's claim would have to be known."""
    steps = payout_run.plan_version.configuration["steps"]
    needs = engine.needs(steps)
    found = people_to_pay(payout_run, first=employee_id, last=employee_id, needs=needs)
    if not found:
        return Decimal(0), Status.MISSING_INPUT
    facts = {f"kpi:{code}": round(value * 100, 6) for code, value in attainments.items()}
    person = {**found[0], **facts, "score": score, "rating": rating}
    as_of = datetime.date.fromisoformat(payout_run.run.parameters["as_of"]) if payout_run.run else None
    line, _steps = _line(person, payout_run.plan_version.configuration, needs, payout_run.currency, as_of)
    return line.amount.quantize(CENT), line.status


class _Line:
    __slots__ = ("amount", "reason_code", "status")

    def __init__(self, amount: Decimal, status: str, reason_code: str = "") -> None:
        self.amount = amount
        self.status = status
        self.reason_code = reason_code


def _line(
    person: dict[str, Any],
    configuration: dict[str, Any],
    needs: set[str],
    currency: str,
    as_of: datetime.date | None,
) -> tuple[_Line, tuple[engine.StepAnswer, ...]]:
    if person["is_shut"]:
        return _Line(Decimal(0), Status.MISSING_INPUT, NOT_OPEN), ()
    eligibility = configuration.get("eligibility", {})
    if person["days_in_role"] < eligibility.get("minimum_days", 1):
        return _Line(Decimal(0), Status.NOT_ELIGIBLE, "too_few_days"), ()
    jobs = eligibility.get("jobs")
    if jobs and person["job_code"] not in jobs:
        return _Line(Decimal(0), Status.NOT_ELIGIBLE, "job_not_covered"), ()
    paid = person["compensation"]
    pooled = engine.pool_of(configuration["steps"]) is not None
    if ("salary" in needs or pooled) and paid is not None and paid.currency != currency:
        return _Line(Decimal(0), Status.MISSING_INPUT, "other_currency"), ()
    answer = engine.apply(
        engine.until_pool(configuration["steps"]), {**person, "salary": paid.salary if paid else None}
    )
    if answer.missing:
        return _Line(Decimal(0), Status.MISSING_INPUT, answer.missing), ()
    # A claim is not money yet: services.pools fills the amount in when everybody's claim is known.
    amount = Decimal(0) if pooled else answer.amount
    left_on = person["left_on"]
    if left_on is not None and as_of is not None and left_on < as_of:
        return _Line(amount, Status.UNDECIDED, "left"), answer.steps
    return _Line(amount, Status.PAYABLE), answer.steps


# What approval would book for each line. In SQL because three services and a digest must agree on it.
BOOKED_LINES = """
    SELECT line.employee_id, line.amount, line.standing, line.amount - line.standing AS due
    FROM incentives_payoutline AS line
    LEFT JOIN incentives_payoutdecision AS decision
        ON decision.payout_run_id = line.payout_run_id AND decision.employee_id = line.employee_id
    WHERE line.payout_run_id = %(run)s
        AND (
            (line.status = 'payable' AND decision.decision IS DISTINCT FROM 'withhold')
            OR (line.status = 'undecided' AND decision.decision = 'pay')
            OR (line.status = 'not_eligible' AND line.standing <> 0)
        )
"""

_TOTAL = f"SELECT coalesce(sum(due), 0) FROM ({BOOKED_LINES}) AS booked"  # noqa: S608  no outside text

# Everything that is exported and everything that decides whether it is paid, in one text per line. Fields are quoted as
# JSON so that no name can imitate a separator.
_DIGEST = """
    SELECT encode(sha256(convert_to(coalesce(string_agg(
        json_build_array(
            line.employee_id, line.employee_number, line.employee_name, line.legal_entity, line.cost_centre,
            line.amount, line.standing, line.currency, line.status, line.reason_code, decision.decision,
            decision.reason
        )::text, E'\\n' ORDER BY line.employee_id
    ), ''), 'UTF8')), 'hex')
    FROM incentives_payoutline AS line
    LEFT JOIN incentives_payoutdecision AS decision
        ON decision.payout_run_id = line.payout_run_id AND decision.employee_id = line.employee_id
    WHERE line.payout_run_id = %(run)s
"""

_COUNTS = """
    SELECT line.status, line.reason_code, decision.decision, count(*) AS lines, sum(line.amount) AS amount
    FROM incentives_payoutline AS line
    LEFT JOIN incentives_payoutdecision AS decision
        ON decision.payout_run_id = line.payout_run_id AND decision.employee_id = line.employee_id
    WHERE line.payout_run_id = %(run)s
    GROUP BY line.status, line.reason_code, decision.decision
    ORDER BY line.status, line.reason_code, decision.decision
"""


def digest_of(payout_run: PayoutRun) -> str:
    """SHA-256 over all lines and decisions as they stand in the database now."""
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST, {"run": payout_run.pk})
        return str(cursor.fetchone()[0])


def refresh_totals(payout_run: PayoutRun) -> None:
    """Counts, total and digest from the lines and decisions; the caller holds the run's lock."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTAL, {"run": payout_run.pk})
        payout_run.total = cursor.fetchone()[0]
        cursor.execute(_COUNTS, {"run": payout_run.pk})
        counts = [
            {
                "status": status,
                "reason": reason,
                "decision": decision or "",
                "lines": lines,
                "amount": str(amount),
            }
            for status, reason, decision, lines, amount in cursor.fetchall()
        ]
    payout_run.lines = sum(row["lines"] for row in counts)
    payout_run.content_digest = digest_of(payout_run)
    payout_run.summary = {**payout_run.summary, "counts": counts}
    payout_run.save(update_fields=["total", "lines", "content_digest", "summary"])


def open_decisions(payout_run: PayoutRun) -> int:
    """Lines that cannot be approved before somebody has decided about them."""
    return sum(
        row["lines"]
        for row in payout_run.summary.get("counts", [])
        if row["status"] in (Status.UNDECIDED, Status.MISSING_INPUT) and not row["decision"]
    )


# The look of a run ----------------------------------------------------------------------------------------------------

BINS = 12
OUTLIERS_SHOWN = 10
# 3 robust standard deviations: 1.4826 x the median absolute deviation estimates one for normal amounts.
OUTLIER_DISTANCE = Decimal("3") * Decimal("1.4826")


def describe_run(payout_run: PayoutRun) -> None:
    """Distribution, outliers and the comparison with the plan's last approved run, into `summary`."""
    frame = copy_out(
        "SELECT employee_id, amount FROM incentives_payoutline"
        " WHERE payout_run_id = %(run)s AND status IN ('payable', 'undecided')",
        {"run": payout_run.pk},
    )
    amounts = pd.Series(
        [float(amount) for amount in frame["amount"]], index=frame["employee_id"], dtype="float64"
    )
    payout_run.summary = {
        **payout_run.summary,
        "distribution": _distribution(amounts),
        "outliers": _outliers(amounts),
        "previous": _previous(payout_run, amounts),
    }


def _distribution(amounts: pd.Series) -> list[dict[str, Any]]:
    """Bins of a round width from zero on; for looking at, so float will do."""
    if amounts.empty or amounts.max() <= 0:
        return []
    raw = amounts.max() / BINS
    unit = 10.0 ** (len(str(int(raw))) - 1) if raw >= 1 else 1.0
    width = next(step * unit for step in (1, 2, 2.5, 5, 10) if step * unit >= raw)
    places = (amounts // width).astype(int)
    counts = places.value_counts()
    return [
        {
            "from": f"{place * width:.10g}",
            "to": f"{(place + 1) * width:.10g}",
            "count": int(counts.get(place, 0)),
        }
        for place in range(int(places.max()) + 1)
    ]


def _outliers(amounts: pd.Series) -> list[dict[str, Any]]:
    paid = amounts[amounts > 0]
    if len(paid) < 8:
        return []
    middle = paid.median()
    spread = (paid - middle).abs().median()
    if spread == 0:
        return []
    far = paid[(paid - middle).abs() > float(OUTLIER_DISTANCE) * spread]
    shown = far.reindex((far - middle).abs().sort_values(ascending=False).index)[:OUTLIERS_SHOWN]
    return [
        {"employee": int(employee), "amount": f"{amount:.2f}"}
        for employee, amount in zip(shown.index.tolist(), shown.tolist(), strict=True)
    ]


def _previous(payout_run: PayoutRun, amounts: pd.Series) -> dict[str, Any]:
    """The last approved run of the plan over a period of about the same length, compared over the people in both.

    Totals of different people or of a month and a quarter say nothing about each other: `before` and `now` are the sums
    over whoever stands in both runs; who is new or gone is counted apart.
    """
    days = _days(payout_run.cycle)
    earlier = (
        PayoutRun.objects.filter(
            plan=payout_run.plan_id,
            kind=PayoutRun.Kind.REGULAR,
            state=PayoutRun.State.APPROVED,
            cycle__last_day__lt=payout_run.cycle.last_day,
        )
        .select_related("cycle")
        .order_by("-cycle__last_day", "-id")[:24]
    )
    last = next((run for run in earlier if abs(_days(run.cycle) - days) * 5 <= days), None)
    if last is None:
        return {}
    frame = copy_out(
        "SELECT employee_id, amount FROM incentives_payoutline"
        " WHERE payout_run_id = %(run)s AND status IN ('payable', 'undecided')",
        {"run": last.pk},
    )
    before = pd.Series(
        [float(amount) for amount in frame["amount"]], index=frame["employee_id"], dtype="float64"
    )
    both = amounts.index.intersection(before.index)
    moved = (amounts.loc[both] - before.loc[both]).sort_values(
        key=lambda change: change.abs(), ascending=False
    )
    return {
        "payout_run": last.pk,
        "cycle": last.cycle.code,
        "total": str(last.total),
        "lines": last.lines,
        "both": len(both),
        "before": f"{before.loc[both].sum():.2f}",
        "now": f"{amounts.loc[both].sum():.2f}",
        "new": len(amounts.index.difference(before.index)),
        "gone": len(before.index.difference(amounts.index)),
        "moved": [
            {
                "employee": int(employee),
                "before": f"{before.loc[employee]:.2f}",
                "now": f"{amounts.loc[employee]:.2f}",
            }
            for employee in moved.index[:5]
            if moved.loc[employee] != 0
        ],
    }


def _days(cycle: Any) -> int:
    return int((cycle.last_day - cycle.first_day).days) + 1
