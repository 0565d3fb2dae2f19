from incentives.models.ledger import LedgerEntry
from incentives.models.payments import Clawback, ClawbackInstalment, Payment, PaymentItem, PayoutHold
from incentives.models.payout_runs import (
    PayoutDecision,
    PayoutExport,
    PayoutLine,
    PayoutRun,
    PayoutStep,
    PayoutStepSet,
)
from incentives.models.plans import IncentivePlan, PlanVersion
from incentives.models.pools import PayoutPool
from incentives.models.recognition import (
    Award,
    AwardKind,
    AwardWithdrawal,
    PointEntry,
    SpotBudget,
    WallChoice,
)
from incentives.models.recoveries import DeductionItem, Recovery

__all__ = [
    "Award",
    "AwardKind",
    "AwardWithdrawal",
    "Clawback",
    "ClawbackInstalment",
    "DeductionItem",
    "IncentivePlan",
    "LedgerEntry",
    "Payment",
    "PaymentItem",
    "PayoutDecision",
    "PayoutExport",
    "PayoutHold",
    "PayoutLine",
    "PayoutPool",
    "PayoutRun",
    "PayoutStep",
    "PayoutStepSet",
    "PlanVersion",
    "PointEntry",
    "Recovery",
    "SpotBudget",
    "WallChoice",
]
