from reviews.models.acknowledgements import Acknowledgement
from reviews.models.cycles import Cycle, CycleTemplate, PhaseChange
from reviews.models.judgements import Judgement, ScoreSheet
from reviews.models.participants import Participant
from reviews.models.results import ComponentScore, Result, ResultAdjustment, ScoreLine

__all__ = [
    "Acknowledgement",
    "ComponentScore",
    "Cycle",
    "CycleTemplate",
    "Judgement",
    "Participant",
    "PhaseChange",
    "Result",
    "ResultAdjustment",
    "ScoreLine",
    "ScoreSheet",
]
