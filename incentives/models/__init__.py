from incentives.models.ledger import LedgerEntry
from incentives.models.payout_runs import PayoutDecision, PayoutExport, PayoutLine, PayoutRun, PayoutStep
from incentives.models.plans import IncentivePlan, PlanVersion
from incentives.models.pools import PayoutPool

__all__ = [
    "IncentivePlan",
    "LedgerEntry",
    "PayoutDecision",
    "PayoutExport",
    "PayoutLine",
    "PayoutPool",
    "PayoutRun",
    "PayoutStep",
    "PlanVersion",
]
