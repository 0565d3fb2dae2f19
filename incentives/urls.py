from django.urls import path

from incentives.views import accounts, payout_runs, plans, statements

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
    path("payouts/<int:pk>/decide/", payout_runs.payout_decide_lines, name="payout_decide_lines"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:employee>/", accounts.account, name="account"),
    path("accounts/<int:employee>/hold/", accounts.hold_put, name="hold_put"),
    path("accounts/<int:employee>/release/", accounts.hold_release, name="hold_release"),
    path("accounts/<int:employee>/clawback/<int:pk>/", accounts.clawback_new, name="clawback_new"),
    path("clawbacks/<int:pk>/approve/", accounts.clawback_approve, name="clawback_approve"),
    path("clawbacks/<int:pk>/reject/", accounts.clawback_reject, name="clawback_reject"),
    path("statement/", statements.statement, name="statement"),
    path("statement/<slug:code>/", statements.statement, name="statement_of_cycle"),
    path("statement/<slug:code>/pdf/", statements.statement_pdf_of_cycle, name="statement_pdf_of_cycle"),
    path("statements/<int:pk>/pdf/", statements.statement_pdf, name="statement_pdf"),
    path("statements/<int:pk>/", statements.statement_detail, name="statement_detail"),
    path("money/<slug:code>/", statements.money_fragment, name="money_fragment"),
]
