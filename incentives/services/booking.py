"""What an approval writes into the ledger."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from foundation.refusals import Refusal
from incentives.models import LedgerEntry, PayoutRun
from incentives.services import lines
from people.models import User

_BOOK_FIRST = f"""
    INSERT INTO incentives_ledgerentry
        (employee_id, kind, plan_id, cycle_id, payout_run_id, amount, currency, created_by_id, created_at)
    SELECT employee_id, 'earned', %(plan)s, %(cycle)s, %(run)s, amount, %(currency)s, %(actor)s, %(now)s
    FROM ({lines.BOOKED_LINES}) AS booked
    ORDER BY employee_id
"""  # noqa: S608  no outside text

# What stands for a person: entitlements that no entry has reversed yet.
_STANDING = """
    entry.plan_id = %(plan)s AND entry.cycle_id = %(cycle)s AND entry.kind IN ('earned', 'adjustment')
    AND NOT EXISTS (SELECT 1 FROM incentives_ledgerentry AS later WHERE later.reverses_id = entry.id)
"""

_BOOK_REVERSALS = f"""
    INSERT INTO incentives_ledgerentry
        (employee_id, kind, plan_id, cycle_id, payout_run_id, amount, currency, reverses_id, created_by_id, created_at)
    SELECT entry.employee_id, 'reversal', %(plan)s, %(cycle)s, %(run)s, -entry.amount, entry.currency, entry.id,
        %(actor)s, %(now)s
    FROM ({lines.BOOKED_LINES}) AS booked
    JOIN incentives_ledgerentry AS entry ON entry.employee_id = booked.employee_id AND {_STANDING}
    WHERE booked.due <> 0
    ORDER BY entry.id
"""  # noqa: S608

_BOOK_CHANGES = f"""
    INSERT INTO incentives_ledgerentry
        (employee_id, kind, plan_id, cycle_id, payout_run_id, amount, currency, created_by_id, created_at)
    SELECT booked.employee_id,
        CASE WHEN EXISTS (
            SELECT 1 FROM incentives_ledgerentry AS entry
            WHERE entry.employee_id = booked.employee_id AND entry.plan_id = %(plan)s
                AND entry.cycle_id = %(cycle)s AND entry.kind = 'earned'
        ) THEN 'adjustment' ELSE 'earned' END,
        %(plan)s, %(cycle)s, %(run)s, booked.amount, %(currency)s, %(actor)s, %(now)s
    FROM ({lines.BOOKED_LINES}) AS booked
    WHERE booked.due <> 0 AND booked.amount <> 0
    ORDER BY booked.employee_id
"""  # noqa: S608


def book(payout_run: PayoutRun, actor: User) -> None:
    """One INSERT ... SELECT per kind of entry: the ledger takes exactly what the approved lines say."""
    params: dict[str, Any] = {
        "plan": payout_run.plan_id,
        "cycle": payout_run.cycle_id,
        "run": payout_run.pk,
        "currency": payout_run.currency,
        "actor": actor.pk,
        "now": timezone.now(),
    }
    statements = (
        [_BOOK_FIRST] if payout_run.kind == PayoutRun.Kind.REGULAR else [_BOOK_REVERSALS, _BOOK_CHANGES]
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, params)
    booked = LedgerEntry.objects.filter(payout_run=payout_run).aggregate(total=Sum("amount"))["total"] or 0
    if booked != payout_run.total:
        # Standing amounts moved under an adjusting run, or a service is wrong: nothing is booked either way.
        raise Refusal("payout_changed", field="digest", status=409)
