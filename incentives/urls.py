from django.urls import path

from incentives.views import payout_runs, plans, statements

app_name = "incentives"
urlpatterns = [
    path("plans/", plans.plans, name="plans"),
    path("new-plan/", plans.plan_new, name="plan_new"),
    path("plan-preview/", plans.plan_preview, name="plan_preview"),
    path("plans/<slug:code>/", plans.plan, name="plan"),
    path("plans/<slug:code>/edit/", plans.plan_edit, name="plan_edit"),
    path("plans/<slug:code>/details/", plans.plan_details, name="plan_details"),
    path("payouts/", payout_runs.payout_runs, name="payout_runs"),
    path("payouts/compute/", payout_runs.payout_run_create, name="payout_run_create"),
    path("payouts/<int:pk>/", payout_runs.payout_run, name="payout_run"),
    path("payouts/<int:pk>/approve/", payout_runs.payout_approve, name="payout_approve"),
    path("payouts/<int:pk>/reject/", payout_runs.payout_reject, name="payout_reject"),
    path("payouts/<int:pk>/recompute/", payout_runs.payout_recompute, name="payout_recompute"),
    path("payouts/<int:pk>/correct/", payout_runs.payout_correct, name="payout_correct"),
    path("payouts/<int:pk>/export/", payout_runs.payout_export, name="payout_export"),
    path("payouts/<int:pk>/lines/<int:employee>/", payout_runs.payout_line, name="payout_line"),
    path("payouts/<int:pk>/lines/<int:employee>/decide/", payout_runs.payout_decide, name="payout_decide"),
    path("statement/", statements.statement, name="statement"),
    path("statement/<slug:code>/", statements.statement, name="statement_of_cycle"),
    path("statements/<int:pk>/", statements.statement_detail, name="statement_detail"),
    path("money/<slug:code>/", statements.money_fragment, name="money_fragment"),
]
