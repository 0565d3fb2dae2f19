from reviews.models.acknowledgements import Acknowledgement
from reviews.models.amendments import Amendment, CycleVersion
from reviews.models.appeals import Appeal, AppealComment, AppealFile, Correction
from reviews.models.behaviours import Behaviour, BehaviourVersion, IncidentStrength
from reviews.models.check_ins import CheckIn, CheckInValue, Confidence, ObjectiveAssessment
from reviews.models.coaching import CoachingNote, CoachingWithdrawal
from reviews.models.comparisons import Comparison, ComparisonReversal
from reviews.models.competencies import Competency, CompetencyVersion
from reviews.models.cycles import Cycle, CycleTemplate, PhaseChange
from reviews.models.delegations import Delegation
from reviews.models.feedback import (
    Conversation,
    ConversationSignature,
    Feedback,
    FeedbackPoint,
    ReleaseHold,
)
from reviews.models.improvement_plans import (
    ImprovementPlan,
    PlanCheckIn,
    PlanMeasureDone,
    PlanObjection,
    PlanOutcome,
    PlanProposal,
    PlanRule,
    PlanTerms,
    TermsSettlement,
)
from reviews.models.incidents import Incident, IncidentReceipt, IncidentReply, IncidentWithdrawal
from reviews.models.judgements import Judgement, ScoreSheet
from reviews.models.objectives import KeyResult, Objective, ObjectiveSignature, ObjectiveVersion, Side
from reviews.models.participants import Participant
from reviews.models.potential import PotentialRating
from reviews.models.proposals import RatingProposal
from reviews.models.rating_groups import RatingGroup
from reviews.models.results import ComponentScore, Result, ResultAdjustment, ScoreLine, ScoreLineSet
from reviews.models.second_reviews import SecondReview
from reviews.models.terms import TermsReceipt
from reviews.models.voices import VoiceAnswer, VoiceComment, VoiceDraft, VoiceInvitation, VoiceRound

__all__ = [
    "Acknowledgement",
    "Amendment",
    "Appeal",
    "AppealComment",
    "AppealFile",
    "Behaviour",
    "BehaviourVersion",
    "CheckIn",
    "CheckInValue",
    "CoachingNote",
    "CoachingWithdrawal",
    "Comparison",
    "ComparisonReversal",
    "Competency",
    "CompetencyVersion",
    "ComponentScore",
    "Confidence",
    "Conversation",
    "ConversationSignature",
    "Correction",
    "Cycle",
    "CycleTemplate",
    "CycleVersion",
    "Delegation",
    "Feedback",
    "FeedbackPoint",
    "ImprovementPlan",
    "Incident",
    "IncidentReceipt",
    "IncidentReply",
    "IncidentStrength",
    "IncidentWithdrawal",
    "Judgement",
    "KeyResult",
    "Objective",
    "ObjectiveAssessment",
    "ObjectiveSignature",
    "ObjectiveVersion",
    "Participant",
    "PhaseChange",
    "PlanCheckIn",
    "PlanMeasureDone",
    "PlanObjection",
    "PlanOutcome",
    "PlanProposal",
    "PlanRule",
    "PlanTerms",
    "PotentialRating",
    "RatingGroup",
    "RatingProposal",
    "ReleaseHold",
    "Result",
    "ResultAdjustment",
    "ScoreLine",
    "ScoreLineSet",
    "ScoreSheet",
    "SecondReview",
    "Side",
    "TermsReceipt",
    "TermsSettlement",
    "VoiceAnswer",
    "VoiceComment",
    "VoiceDraft",
    "VoiceInvitation",
    "VoiceRound",
]
