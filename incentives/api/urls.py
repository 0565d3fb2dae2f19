from django.urls import path

from incentives.api import payout_runs, plans, statements

urlpatterns = [
    path("plans/", plans.PlanList.as_view(), name="api_plans"),
    path("plan-schema/", plans.PlanSchema.as_view(), name="api_plan_schema"),
    path("plans/<slug:code>/", plans.PlanDetail.as_view(), name="api_plan"),
    path("plans/<slug:code>/versions/", plans.PlanVersionList.as_view(), name="api_plan_versions"),
    path("payout-runs/", payout_runs.PayoutRunList.as_view(), name="api_payout_runs"),
    path("payout-runs/<int:pk>/", payout_runs.PayoutRunDetail.as_view(), name="api_payout_run"),
    path("payout-runs/<int:pk>/lines/", payout_runs.PayoutLineList.as_view(), name="api_payout_lines"),
    path("payout-runs/<int:pk>/decide/", payout_runs.PayoutDecide.as_view(), name="api_payout_decide"),
    path("payout-runs/<int:pk>/approve/", payout_runs.PayoutApprove.as_view(), name="api_payout_approve"),
    path("payout-runs/<int:pk>/reject/", payout_runs.PayoutReject.as_view(), name="api_payout_reject"),
    path(
        "payout-runs/<int:pk>/recompute/", payout_runs.PayoutRecompute.as_view(), name="api_payout_recompute"
    ),
    path("payout-runs/<int:pk>/export/", payout_runs.PayoutExportFile.as_view(), name="api_payout_export"),
    path("statements/", statements.StatementList.as_view(), name="api_statements"),
    path("statements/<int:pk>/", statements.StatementDetail.as_view(), name="api_statement"),
]
