from incentives.models.ledger import LedgerEntry
from incentives.models.payout_runs import PayoutDecision, PayoutExport, PayoutLine, PayoutRun, PayoutStep
from incentives.models.plans import IncentivePlan, PlanVersion

__all__ = [
    "IncentivePlan",
    "LedgerEntry",
    "PayoutDecision",
    "PayoutExport",
    "PayoutLine",
    "PayoutRun",
    "PayoutStep",
    "PlanVersion",
]
