"""Everything that the rooms of incentives refuse, in words."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        # configuration of a plan
        "plan_not_a_mapping": _("A mapping of keys and values is expected here."),
        "plan_unknown_key": _("There is no setting named %(key)s here."),
        "plan_no_steps": _(
            "The plan has no step yet. Add one that brings money in, for example a target bonus."
        ),
        "plan_too_many_steps": _("A plan has at most %(limit)s steps."),
        "plan_pays_nothing": _("No step brings money in. Add a target bonus or another amount."),
        "plan_minimum_days": _("Days are a whole number from 0 to %(limit)s."),
        "plan_jobs": _("Jobs are a list of job codes."),
        "plan_currency": _(
            "%(currency)s is not a currency that can be paid here. Use a code such as CNY or USD."
        ),
        "plan_invalid": _("The plan is not complete: %(first)s"),
        "step_kind": _("There is no kind of step named “%(kind)s”. Known: %(known)s."),
        "step_unknown_key": _("A step of kind %(kind)s has no setting named %(key)s here."),
        "step_missing": _("%(key)s is missing."),
        "step_not_a_number": _(
            "“%(value)s” is not a number. Write it with a point, without thousands separators."
        ),
        "step_out_of_range": _("Enter a number from %(low)s to %(high)s."),
        "step_out_of_range_open": _("Enter a number above %(low)s, up to %(high)s."),
        "step_choice": _("“%(value)s” is not possible here. Choose one of: %(allowed)s."),
        "step_source": _(
            "“%(value)s” is not something a step can look at. Use score, kpi:CODE or value:CODE."
        ),
        "step_source_value": _("A count is needed here, so use value:CODE instead of “%(value)s”."),
        "step_amounts": _("Enter an amount for at least one job, or a default."),
        "step_job": _("“%(value)s” is not a job code."),
        "step_negative": _("An amount cannot be negative."),
        "step_rows": _("Enter at least one row."),
        "step_rows_limit": _("At most %(limit)s rows are possible."),
        "step_row": _("A row is a pair: from, and rate or amount."),
        "step_rows_order": _("Row %(row)s must begin above %(before)s, where the row before begins."),
        "step_rows_hole": _(
            "There is a hole: from %(low)s up to %(high)s nothing is said. Let row %(row)s reach to %(high)s."
        ),
        "step_rows_overlap": _(
            "Two rows overlap: from %(low)s up to %(high)s both would hold. Let row %(row)s end at %(low)s."
        ),
        "step_rows_open_end": _("The last row has no end, so that nothing above %(end)s is left unsaid."),
        "step_carry": _("Only a KPI's value can be carried in from earlier periods, not “%(value)s”."),
        "payout_frequency": _("This plan pays %(frequency)s, and this cycle has %(days)s days."),
        "step_before_base": _(
            "This step changes an amount, but no step before it brings money in. Move it down."
        ),
        "rounding_not_last": _("Rounding must be the last step. Move it to the end."),
        "rounding_missing": _("The last step must say how the amount is rounded. Add rounding."),
        "rounding_too_fine": _("%(currency)s has no hundredths. Round to 1 or more."),
        "curve_cap_unreachable": _("Nothing is added above 100, so the most is 1 ×."),
        "cap_below_floor": _("The most (%(cap)s) lies below the least (%(floor)s)."),
        "pool_place": _(
            "A pool stands right before the rounding, once, after everything that makes a claim."
        ),
        "pool_source_attainment": _(
            "An attainment is needed here: use score or kpi:CODE instead of “%(value)s”."
        ),
        "pool_negative": _(
            "The pool comes to less than nothing (team %(team)s: %(amount)s). Let it be at least 0, or look at what "
            "funds it."
        ),
        "claim_without_pool": _("A claim is no money yet: add a pool before the rounding."),
        # plans
        "plan_code_taken": _("There is already a plan with the code %(taken)s."),
        "plan_code": _("A code has letters, digits, hyphens and underscores, at most 60."),
        "plan_name": _("Give the plan a name in at least one language."),
        "plan_version_used": _(
            "Version %(number)s has been used by a payout run and stays as it is. Choose another first day."
        ),
        "plan_stale": _("The plan was changed meanwhile. Reload the page and make your change again."),
        "plan_currency_used": _("Payout runs have used this plan, so its currency stays %(currency)s."),
        "plan_no_version": _("A plan needs at least one version."),
        # payout runs
        "not_hr": _("Only HR may do this."),
        "not_approver": _("Only HR and payroll approvers may do this."),
        "plan_inactive": _("The plan is no longer in use."),
        "cycle_not_released": _(
            "The results of this cycle are not released yet; payouts are computed from them."
        ),
        "plan_not_valid_then": _(
            "The plan has no version that is valid on %(day)s, the last day of the cycle."
        ),
        "payout_already_approved": _(
            "This plan has been paid for this cycle. If results changed since, compute a correction."
        ),
        "payout_open": _("A payout run of this plan and cycle is open already. Approve or reject it first."),
        "payout_nothing_to_correct": _(
            "Nothing was approved for this plan and cycle: there is nothing to correct."
        ),
        "payout_not_computed": _("This payout run is not waiting for approval (it is: %(state)s)."),
        "payout_results_corrected": _(
            "Results were corrected after this was computed. Compute it again, then approve."
        ),
        "payout_own": _("You computed this run, so someone else has to approve it."),
        "payout_decided_own": _("You decided lines of this run, so someone else has to approve it."),
        "payout_changed": _(
            "The payout run has changed since you looked at it. Look at it again before you approve."
        ),
        "payout_undecided": _("Lines that still need a decision: %(count)s."),
        "payout_already_earned": _(
            "Someone here was paid for this plan and cycle already. Nothing was booked."
        ),
        "payout_reason": _("Give a reason."),
        "payout_reason_long": _("A reason has at most %(limit)s characters."),
        "payout_not_approved": _("Only an approved payout run can be exported."),
        "payout_columns": _("“%(column)s” is not a column of the payroll file."),
        "payout_columns_twice": _("A column stands twice."),
        "payout_format": _("A payroll file is csv or xlsx."),
        "payout_headings": _("The headings of a payroll file are codes, zh or en."),
        "payout_no_batch": _("There is no such part of the payroll file."),
        "payout_nothing_to_export": _(
            "Nothing is due now: nobody was booked, or everyone who was is on hold."
        ),
        "lines_not_open": _("At least one of these lines leaves nothing to decide. Nothing was decided."),
        "lines_none": _("Choose at least one line."),
        # holds, payments, clawbacks
        "hold_own": _("Somebody else has to decide about your own money."),
        "hold_already": _("This person is on hold already."),
        "hold_none": _("This person is not on hold."),
        "payment_run": _("There is no approved payout run with the number %(number)s."),
        "payment_unasked": _("The payroll file of this run has no row for employee %(number)s."),
        "payment_amount": _("The payroll file said %(amount)s here."),
        "payment_checksum": _(
            "The checksum does not belong to this row: it was changed, or is from another file."
        ),
        "payment_day": _("A payment cannot lie in the future."),
        "payment_twice": _("This row stands twice; first in line %(line)s."),
        "payment_known": _("Another day was stored for this payment before: %(day)s."),
        "payment_conflict": _("One of these payments was stored meanwhile with another amount or day."),
        "clawback_own": _("Somebody else has to decide about your own money."),
        "clawback_amount": _("Enter an amount above zero with at most two decimals."),
        "clawback_share": _("Enter a share of the monthly salary above 0 %% and at most 100 %%."),
        "clawback_month": _("The first deduction lies in this month or one of the next twelve."),
        "clawback_unpaid": _("Only what was paid can be asked back: at most %(most)s."),
        "clawback_salary": _("There is no salary in %(currency)s from which a monthly share could be taken."),
        "clawback_too_long": _(
            "At this share it would take more than %(limit)s months. Choose a larger share."
        ),
        "clawback_same_person": _(
            "Someone else has to approve this: not who proposed it, not who is to pay."
        ),
        "clawback_decided": _("This has been decided already."),
        "recovery_month": _("A deduction file is made for this month or the next one."),
        "recovery_nothing": _("Nothing is to be deducted in this month."),
        "recovery_unasked": _("No file has asked to deduct for clawback %(number)s in this month."),
        "recovery_person": _("This clawback is not of the employee with the number %(number)s."),
        "recovery_checksum": _("This is not the checksum of the deduction file."),
        "recovery_amount": _("Between 0 and %(most)s can have been deducted, with at most two decimals."),
        "recovery_known": _("For this row %(amount)s on %(day)s were stored before."),
        "recovery_conflict": _("One of these deductions was stored meanwhile with another amount or day."),
        "line_not_open": _("Nothing is to be decided for this person."),
        "line_cannot_pay": _(
            "There is no amount to pay. Mend what is missing and compute again, or do not pay."
        ),
        "decision_unknown": _("A decision is to pay or not to pay."),
        "payout_kpi_missing": _("The plan looks at KPIs that this cycle does not measure: %(kpis)s."),
        "payout_empty": _("Nobody took part in this cycle, so there is nothing to pay."),
        # recognition
        "award_kind_closed": _(
            "This recognition is not given by people, or not any more. Choose another one."
        ),
        "award_not_yours": _(
            "You can recognise people whom you lead, and colleagues with the kinds for colleagues."
        ),
        "award_self": _("Nobody recognises themself. Choose somebody else."),
        "award_gone": _("This person does not work here any more, or is not on the roster."),
        "award_citation_short": _("Say what the person did, in at least %(limit)s characters."),
        "award_citation_long": _("At most %(limit)s characters, please."),
        "award_limit": _(
            "You have given this recognition %(limit)s times this month. It opens again next month."
        ),
        "award_same_person": _("You have recognised this person in this way this month already."),
        "award_circle": _(
            "This would come back to where it came from: within %(days)s days recognition does not go round between "
            "two or three people. Choose somebody else, or wait."
        ),
        "award_no_budget": _("There is no budget for this month yet. Ask HR for one."),
        "award_over_budget": _("This costs %(points)s points; %(left)s are left this month."),
        "award_withdrawn": _("This recognition was taken back already."),
        "award_month_open": _("This month is not over yet."),
        "award_month_empty": _("There are no KPI values of this month yet."),
        "award_kind_wrong": _("This value is not possible here."),
        "award_kind_giver": _("Who gives it cannot change. Make a new kind instead."),
        "award_rule_wrong": _("Choose what the rule looks for."),
        "award_rule_kpi": _("There is no KPI with the code %(kpi)s."),
        "award_rule_years": _("Years are whole numbers from 1 to %(limit)s, separated by commas."),
        "award_rule_of_people": _("Only a kind that a rule gives has a rule."),
        "points_wrong": _("Points are a whole number up to %(limit)s."),
        "points_short": _("Only %(balance)s points are there."),
        "budget_wrong": _("A budget is a whole number of points up to %(limit)s."),
        "budget_below_spent": _("%(spent)s points of this month are given already."),
        "budget_month": _("Write the month as year and month: 2025-11."),
        "budget_manager": _("There is no account with the number or login %(number)s."),
        "budget_not_a_manager": _("A budget is for somebody who leads a team."),
    }
)
