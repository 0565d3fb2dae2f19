"""Pools of a payout run: funded from released results, split by everybody's claims, kept when a cycle is corrected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import connection

from foundation.bulk import copy_out
from foundation.refusals import Refusal
from incentives.models import PayoutPool, PayoutRun, PayoutStep, PayoutStepSet
from incentives.selectors.facts import pool_measurements
from incentives.services.payout_steps import StepsOf, store_steps
from incentives.steps import engine, pools
from incentives.steps.fields import plain
from people.models import Team
from scoring.errors import PoolError

CENT = Decimal("0.01")

_CLAIMS = """
    SELECT line.employee_id, line.team_id, step.amount AS claim
    FROM incentives_payoutline AS line
    JOIN incentives_payoutstep AS step
        ON step.payout_run_id = line.payout_run_id AND step.employee_id = line.employee_id
        AND step.number = %(number)s
    WHERE line.payout_run_id = %(run)s AND line.status IN ('payable', 'undecided')
    ORDER BY line.employee_number, line.employee_id
"""

_PAY_SHARES = """
    UPDATE incentives_payoutline AS line SET amount = round(step.amount, 2)
    FROM incentives_payoutstep AS step
    WHERE line.payout_run_id = %(run)s AND step.payout_run_id = line.payout_run_id
        AND step.employee_id = line.employee_id AND step.number = %(last)s
"""

Key = int | None  # a team's id, or None for the pool of everybody


def distribute(payout_run: PayoutRun) -> None:
    """Turns the claims of the lines into shares, writes the pool's and the rounding's steps and the line amounts.

    A correction does not split again: whoever's claim is as it was keeps the share, and a changed claim is paid at the
    rate of the first split, from the reserve. Nobody's pay falls by somebody else's appeal.
    Refusals: pool_negative (422). Replaces what a lost attempt may have left.
    """
    steps = payout_run.plan_version.configuration["steps"]
    step = engine.pool_of(steps)
    if step is None:
        return
    number = list(steps).index(step) + 1
    PayoutStepSet.objects.filter(payout_run=payout_run, first__gte=number).delete()
    PayoutPool.objects.filter(payout_run=payout_run).delete()
    frame = copy_out(_CLAIMS, {"run": payout_run.pk, "number": number - 1})
    members: dict[Key, list[tuple[int, Decimal]]] = defaultdict(list)
    for employee_id, team_id, claim in frame.itertuples(index=False, name=None):
        members[int(team_id) if step["per"] == "team" and team_id == team_id else None].append(
            (int(employee_id), Decimal(claim))
        )
    kept = _standing_pools(payout_run)
    if step["per"] == "run":
        members.setdefault(None, [])
    measured = pool_measurements(payout_run, step)
    rounding = steps[number]
    explained: list[StepsOf] = []
    made: list[PayoutPool] = []
    codes = dict(Team.objects.filter(pk__in=[key for key in members if key]).values_list("pk", "code"))
    for key in sorted(members, key=lambda each: each or 0):
        if key in kept:
            common, shares = _kept_shares(payout_run, kept[key], members[key], number)
        else:
            common, shares = _fresh_shares(
                step, rounding, members[key], measured.get(key), codes.get(key or 0, "")
            )
        made.append(_pool_row(payout_run, key, common, sum((share for _inputs, share in shares), Decimal(0))))
        for (employee_id, claim), (inputs, share) in zip(members[key], shares, strict=True):
            pool_inputs = {**inputs, "before": plain(claim)}
            last_inputs = {"quantum": rounding["quantum"], "mode": rounding["mode"], "before": plain(share)}
            answers = (
                engine.StepAnswer(number, "pool", pool_inputs, None, share),
                engine.StepAnswer(number + 1, "rounding", last_inputs, None, share),
            )
            explained.append(StepsOf(employee_id, answers))
    store_steps(payout_run, explained)
    PayoutPool.objects.bulk_create(made)
    with connection.cursor() as cursor:
        cursor.execute(_PAY_SHARES, {"run": payout_run.pk, "last": number + 1})


Shares = list[tuple[dict[str, str], Decimal]]


def _fresh_shares(
    step: Mapping[str, Any],
    rounding: Mapping[str, Any],
    members: list[tuple[int, Decimal]],
    measured: tuple[Decimal, int] | None,
    team: str,
) -> tuple[dict[str, str], Shares]:
    inputs = {
        name: str(step[name])
        for name in ("per", "funding", "amount", "input", "share", "least", "most", "reserve", "cap")
        if name in step
    }
    inputs["quantum"] = rounding["quantum"]
    if team:
        inputs["team"] = team
    if "input" in step:
        found, people = measured or (Decimal(0), 0)
        inputs |= {"measured": plain(found), "measured_people": str(people)}
    try:
        common, shares, extras = pools.split([claim for _id, claim in members], inputs)
    except PoolError:
        raise Refusal(
            "pool_negative", status=422, team=team or "–", amount=plain(pools.gross_of(inputs))
        ) from None
    return common, [({**common, "extra": extra}, share) for share, extra in zip(shares, extras, strict=True)]


def _standing_pools(payout_run: PayoutRun) -> dict[Key, PayoutPool]:
    """The pools that this cycle's last approved run of the plan paid from, by team: what a correction goes by."""
    if payout_run.kind != PayoutRun.Kind.ADJUSTING:
        return {}
    standing = (
        PayoutRun.objects.filter(
            plan=payout_run.plan_id,
            cycle=payout_run.cycle_id,
            plan_version=payout_run.plan_version_id,
            state=PayoutRun.State.APPROVED,
        )
        .order_by("-approved_at", "-pk")
        .first()
    )
    if standing is None:
        return {}
    return {pool.team_id: pool for pool in standing.pools.all() if pool.people}


def _kept_shares(
    payout_run: PayoutRun, pool: PayoutPool, members: list[tuple[int, Decimal]], number: int
) -> tuple[dict[str, str], Shares]:
    before = {
        step.employee_id: step
        for step in PayoutStep.objects.filter(payout_run=pool.payout_run_id, number=number, kind="pool")
    }
    shares: Shares = []
    for employee_id, claim in members:
        old = before.get(employee_id)
        if old is not None and Decimal(old.inputs["before"]) == claim:
            shares.append(({name: text for name, text in old.inputs.items() if name != "before"}, old.amount))
            continue
        inputs = {**pool.inputs, "extra": "0", "kept": "yes"}
        shares.append((inputs, pools.share_of(claim, inputs)))
    return dict(pool.inputs), shares


def _pool_row(payout_run: PayoutRun, key: Key, common: dict[str, str], distributed: Decimal) -> PayoutPool:
    gross = pools.gross_of(common).quantize(CENT)
    distributed = distributed.quantize(CENT)
    return PayoutPool(
        payout_run=payout_run,
        team_id=key,
        inputs=common,
        gross=gross,
        net=pools.net_of(common).quantize(CENT),
        people=int(common["people"]),
        capped=int(common["capped"]),
        distributed=distributed,
        left=gross - distributed,
    )


def withheld_from_pools(payout_run: PayoutRun) -> Decimal:
    """Shares that are in the split and yet not paid (leavers, held back): they stay undistributed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(line.amount), 0)
            FROM incentives_payoutline AS line
            LEFT JOIN incentives_payoutdecision AS decision
                ON decision.payout_run_id = line.payout_run_id AND decision.employee_id = line.employee_id
            WHERE line.payout_run_id = %(run)s AND line.status IN ('payable', 'undecided')
                AND decision.decision = 'withhold'
            """,
            {"run": payout_run.pk},
        )
        return Decimal(cursor.fetchone()[0])
