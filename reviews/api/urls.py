from django.urls import path

from reviews.api import (
    adjustments,
    bulk,
    competencies,
    completion,
    cycles,
    improvement_plans,
    improvement_proposals,
    incidents,
    orderings,
    potential,
    previews,
    results,
    scorecards,
    sheets,
)

urlpatterns = [
    path("cycle-templates/", cycles.CycleTemplateList.as_view(), name="api_cycle_templates"),
    path("competencies/", competencies.CompetencyList.as_view(), name="api_competencies"),
    path("competencies/<slug:code>/", competencies.CompetencyDetail.as_view(), name="api_competency"),
    path("behaviours/", incidents.BehaviourList.as_view(), name="api_behaviours"),
    path("behaviours/<slug:code>/", incidents.BehaviourDetail.as_view(), name="api_behaviour"),
    path("incident-strengths/", incidents.StrengthsView.as_view(), name="api_strengths"),
    path("incidents/", incidents.IncidentList.as_view(), name="api_incidents"),
    path("incidents/<int:incident_id>/", incidents.IncidentDetail.as_view(), name="api_incident"),
    path(
        "incidents/<int:incident_id>/correct/",
        incidents.IncidentCorrect.as_view(),
        name="api_incident_correct",
    ),
    path(
        "incidents/<int:incident_id>/withdraw/",
        incidents.IncidentWithdraw.as_view(),
        name="api_incident_withdraw",
    ),
    path(
        "incidents/<int:incident_id>/reply/", incidents.IncidentReplyStep.as_view(), name="api_incident_reply"
    ),
    path("incidents/<int:incident_id>/read/", incidents.IncidentRead.as_view(), name="api_incident_read"),
    path("cycles/", cycles.CycleList.as_view(), name="api_cycles"),
    path("cycles/<slug:code>/", cycles.CycleDetail.as_view(), name="api_cycle"),
    path("cycles/<slug:code>/problems/", cycles.CycleProblems.as_view(), name="api_cycle_problems"),
    path("cycles/<slug:code>/choices/", previews.CycleChoices.as_view(), name="api_cycle_choices"),
    path("cycles/<slug:code>/preview/", previews.CyclePreview.as_view(), name="api_cycle_preview"),
    path("cycles/<slug:code>/launch/", cycles.CycleLaunch.as_view(), name="api_cycle_launch"),
    path("cycles/<slug:code>/phase/", cycles.CyclePhase.as_view(), name="api_cycle_phase"),
    path("cycles/<slug:code>/score/", cycles.CycleScore.as_view(), name="api_cycle_score"),
    path("cycles/<slug:code>/release/", cycles.CycleRelease.as_view(), name="api_cycle_release"),
    path("cycles/<slug:code>/nine-box/", potential.NineBoxView.as_view(), name="api_nine_box"),
    path(
        "cycles/<slug:code>/potential/<int:employee_id>/",
        potential.PotentialDetail.as_view(),
        name="api_potential",
    ),
    path("cycles/<slug:code>/completion/", completion.CycleCompletion.as_view(), name="api_cycle_completion"),
    path("cycles/<slug:code>/remind/", completion.CycleRemind.as_view(), name="api_cycle_remind"),
    path("cycles/<slug:code>/adjustments/", adjustments.AdjustmentList.as_view(), name="api_adjustments"),
    path(
        "cycles/<slug:code>/adjustments/<int:adjustment_id>/withdraw/",
        adjustments.AdjustmentWithdraw.as_view(),
        name="api_adjustment_withdraw",
    ),
    path("cycles/<slug:code>/moves/", adjustments.RatingMove.as_view(), name="api_rating_move"),
    path("cycles/<slug:code>/bonus/", adjustments.BonusGrant.as_view(), name="api_bonus_grant"),
    path("cycles/<slug:code>/breaches/", adjustments.BreachRecord.as_view(), name="api_breach_record"),
    path("cycles/<slug:code>/proposals/", adjustments.ProposalList.as_view(), name="api_proposals"),
    path(
        "cycles/<slug:code>/proposals/<int:proposal_id>/decide/",
        adjustments.ProposalDecision.as_view(),
        name="api_proposal_decide",
    ),
    path(
        "cycles/<slug:code>/distribution/",
        adjustments.RatingDistribution.as_view(),
        name="api_rating_distribution",
    ),
    path("cycles/<slug:code>/results/", results.ResultList.as_view(), name="api_results"),
    path("cycles/<slug:code>/results.ndjson", bulk.ResultLines.as_view(), name="api_result_lines"),
    path("cycles/<slug:code>/results/<int:employee_id>/", results.ResultDetail.as_view(), name="api_result"),
    path("weigh-pairs/", scorecards.WeighPairs.as_view(), name="api_weigh_pairs"),
    path(
        "cycles/<slug:code>/scorecards/<slug:component>/",
        scorecards.ScorecardList.as_view(),
        name="api_scorecards",
    ),
    path(
        "cycles/<slug:code>/scorecards/<slug:component>/<int:employee_id>/",
        scorecards.ScorecardDetail.as_view(),
        name="api_scorecard",
    ),
    path("cycles/<slug:code>/sheets/", sheets.SheetList.as_view(), name="api_sheets"),
    path(
        "cycles/<slug:code>/orderings/<slug:component>/",
        orderings.OrderingDetail.as_view(),
        name="api_ordering",
    ),
    path(
        "cycles/<slug:code>/orderings/<slug:component>/submit/",
        orderings.OrderingSubmit.as_view(),
        name="api_ordering_submit",
    ),
    path("improvement-plans/", improvement_plans.ImprovementList.as_view(), name="api_improvement_plans"),
    path(
        "improvement-plans/<int:plan_id>/",
        improvement_plans.ImprovementDetail.as_view(),
        name="api_improvement_plan",
    ),
    path(
        "improvement-plans/<int:plan_id>/terms/",
        improvement_plans.ImprovementTermsServe.as_view(),
        name="api_improvement_terms",
    ),
    path(
        "improvement-plans/<int:plan_id>/agree/",
        improvement_plans.ImprovementAgree.as_view(),
        name="api_improvement_agree",
    ),
    path(
        "improvement-plans/<int:plan_id>/object/",
        improvement_plans.ImprovementObject.as_view(),
        name="api_improvement_object",
    ),
    path(
        "improvement-plans/<int:plan_id>/decide/",
        improvement_plans.ImprovementDecide.as_view(),
        name="api_improvement_decide",
    ),
    path(
        "improvement-plans/<int:plan_id>/check-ins/",
        improvement_plans.ImprovementCheckIns.as_view(),
        name="api_improvement_check_ins",
    ),
    path(
        "improvement-plans/<int:plan_id>/measures/<slug:measure>/done/",
        improvement_plans.ImprovementMeasure.as_view(),
        name="api_improvement_measure",
    ),
    path(
        "improvement-plans/<int:plan_id>/outcomes/",
        improvement_plans.ImprovementOutcomes.as_view(),
        name="api_improvement_outcomes",
    ),
    path(
        "improvement-proposals/", improvement_proposals.PlanProposalList.as_view(), name="api_plan_proposals"
    ),
    path(
        "improvement-proposals/look/",
        improvement_proposals.PlanProposalLook.as_view(),
        name="api_plan_proposals_look",
    ),
    path(
        "improvement-proposals/<int:proposal_id>/dismiss/",
        improvement_proposals.PlanProposalDismiss.as_view(),
        name="api_plan_proposal_dismiss",
    ),
    path("improvement-rule/", improvement_proposals.PlanRuleView.as_view(), name="api_plan_rule"),
    path("improvement-effect/", improvement_proposals.PlanEffectView.as_view(), name="api_plan_effect"),
    path("sheets/<int:sheet_id>/", sheets.SheetDetail.as_view(), name="api_sheet"),
    path(
        "sheets/<int:sheet_id>/judgements/<slug:item>/", sheets.SheetJudgement.as_view(), name="api_judgement"
    ),
    path("sheets/<int:sheet_id>/submit/", sheets.SheetSubmit.as_view(), name="api_sheet_submit"),
    path("sheets/<int:sheet_id>/reopen/", sheets.SheetReopen.as_view(), name="api_sheet_reopen"),
]
