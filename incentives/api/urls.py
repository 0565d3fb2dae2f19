from django.urls import path

from incentives.api import accounts, payout_runs, plans, recognition, statements

urlpatterns = [
    path("plans/", plans.PlanList.as_view(), name="api_plans"),
    path("plan-schema/", plans.PlanSchema.as_view(), name="api_plan_schema"),
    path("plans/<slug:code>/", plans.PlanDetail.as_view(), name="api_plan"),
    path("plans/<slug:code>/versions/", plans.PlanVersionList.as_view(), name="api_plan_versions"),
    path("payout-runs/", payout_runs.PayoutRunList.as_view(), name="api_payout_runs"),
    path("payout-runs/<int:pk>/", payout_runs.PayoutRunDetail.as_view(), name="api_payout_run"),
    path("payout-runs/<int:pk>/lines/", payout_runs.PayoutLineList.as_view(), name="api_payout_lines"),
    path("payout-runs/<int:pk>/decide/", payout_runs.PayoutDecide.as_view(), name="api_payout_decide"),
    path(
        "payout-runs/<int:pk>/decide-lines/",
        payout_runs.PayoutDecideLines.as_view(),
        name="api_payout_decide_lines",
    ),
    path("payout-runs/<int:pk>/approve/", payout_runs.PayoutApprove.as_view(), name="api_payout_approve"),
    path("payout-runs/<int:pk>/reject/", payout_runs.PayoutReject.as_view(), name="api_payout_reject"),
    path(
        "payout-runs/<int:pk>/recompute/", payout_runs.PayoutRecompute.as_view(), name="api_payout_recompute"
    ),
    path("payout-runs/<int:pk>/export/", payout_runs.PayoutExportFile.as_view(), name="api_payout_export"),
    path("accounts/", accounts.AccountList.as_view(), name="api_accounts"),
    path("accounts/<int:employee>/", accounts.AccountDetail.as_view(), name="api_account"),
    path("holds/", accounts.HoldList.as_view(), name="api_holds"),
    path("holds/<int:pk>/release/", accounts.HoldRelease.as_view(), name="api_hold_release"),
    path("clawbacks/", accounts.ClawbackList.as_view(), name="api_clawbacks"),
    path("clawbacks/<int:pk>/", accounts.ClawbackDetail.as_view(), name="api_clawback"),
    path("clawback-deductions/", accounts.DeductionList.as_view(), name="api_clawback_deductions"),
    path("clawbacks/<int:pk>/approve/", accounts.ClawbackApprove.as_view(), name="api_clawback_approve"),
    path("clawbacks/<int:pk>/reject/", accounts.ClawbackReject.as_view(), name="api_clawback_reject"),
    path("award-kinds/", recognition.AwardKindList.as_view(), name="api_award_kinds"),
    path("awards/", recognition.AwardList.as_view(), name="api_awards"),
    path("awards/<int:pk>/withdraw/", recognition.AwardWithdraw.as_view(), name="api_award_withdraw"),
    path("award-rules/run/", recognition.AwardRulesRun.as_view(), name="api_award_rules"),
    path("points/", recognition.PointList.as_view(), name="api_points"),
    path("spot-budgets/", recognition.SpotBudgets.as_view(), name="api_spot_budgets"),
    path("statements/", statements.StatementList.as_view(), name="api_statements"),
    path("statements/<int:pk>/pdf/", statements.StatementPDF.as_view(), name="api_statement_pdf"),
    path(
        "appeals/<int:appeal_id>/pay-foresight/",
        statements.AppealPayForesight.as_view(),
        name="api_appeal_pay_foresight",
    ),
    path("statements/<int:pk>/", statements.StatementDetail.as_view(), name="api_statement"),
]
