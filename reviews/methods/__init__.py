"""The appraisal methods that a cycle can combine. A new method is one module here and one line in METHODS."""

from __future__ import annotations

from reviews.methods.bars import BARSMethod
from reviews.methods.base import Method
from reviews.methods.behaviour import BehaviourMethod
from reviews.methods.kpi import KPIMethod
from reviews.methods.multisource import MultisourceMethod
from reviews.methods.objectives import ObjectivesMethod
from reviews.methods.paired import PairedMethod
from reviews.methods.ranking import RankingMethod
from reviews.methods.rating_scale import RatingScaleMethod
from reviews.methods.scorecard import ScorecardMethod

_ALL: tuple[Method, ...] = (
    KPIMethod(),
    RatingScaleMethod(),
    BARSMethod(),
    BehaviourMethod(),
    ObjectivesMethod(),
    RankingMethod(),
    MultisourceMethod(),
    ScorecardMethod(),
    PairedMethod(),
)
METHODS: dict[str, Method] = {method.code: method for method in _ALL}


COMPARING = frozenset(method.code for method in _ALL if method.compares_people)


def get_method(code: str) -> Method:
    return METHODS[code]


__all__ = ["COMPARING", "METHODS", "Method", "get_method"]
