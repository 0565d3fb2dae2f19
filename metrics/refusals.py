"""Why this room says no."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "metrics_hr_only": _("Only HR may change measures, KPIs and sources or bring in data."),
        # measures
        "measure_code": _(
            "A code begins with a letter and has only small letters, digits and single underscores; "
            "%(name)s does not, or is a word that formulas use."
        ),
        "measure_exists": _("There is already a measure with the code %(name)s."),
        "measure_name": _("Give the measure a name in at least one language."),
        "measure_range": _("The smallest value must not lie above the largest."),
        "measure_unknown": _("There is no measure %(codes)s."),
        # KPIs
        "kpi_code": _(
            "A code begins with a letter and has only small letters, digits and underscores; %(name)s does not."
        ),
        "kpi_exists": _("There is already a KPI with the code %(name)s."),
        "kpi_unknown": _("There is no KPI %(name)s."),
        "kpi_name": _("Give the KPI a name in at least one language."),
        "kpi_formula_missing": _("A measured KPI needs a formula."),
        "kpi_formula_qualitative": _("A KPI that a person judges has no formula."),
        "kpi_no_measure": _("The formula names no measure, so it says nothing about anybody."),
        "kpi_extreme": _(
            "The smallest and largest single value of a day are not kept, so %(function)s(%(measure)s) cannot be "
            "computed. %(function)s of two expressions can."
        ),
        "kpi_denominator": _(
            "State in words what is divided by, in Chinese and in English: resolved of all calls and resolved of "
            "answered calls are two different numbers."
        ),
        "kpi_number": _("This must be a number of at most ten digits before the point."),
        "kpi_stretch": _("The stretch target must be better than the target: %(direction)s."),
        "kpi_stretch_nearest": _(
            "Nearest to the target is best, so there is nothing beyond it to stretch to."
        ),
        "kpi_bands": _(
            "Bands are pairs of a value and a score from 0 to 200, the values rising (pair %(place)s)."
        ),
        "kpi_decimals": _("Decimals go from 0 to 6."),
        "kpi_minimum_sample": _("The minimum sample is a whole number from 1 to 1,000,000."),
        "kpi_version_earlier": _(
            "The new version must begin after the last one, which is valid from %(day)s."
        ),
        "kpi_version_frozen": _(
            "A launched cycle relies on the version that is valid from %(day)s. Choose a later day for the change."
        ),
        "kpi_kind_fixed": _("Whether a KPI is measured or judged cannot be changed. Make a new KPI."),
        # sources
        "source_code": _(
            "A code begins with a letter and has only small letters, digits, hyphens and underscores; "
            "%(name)s does not."
        ),
        "source_exists": _("There is already a source with the code %(name)s."),
        "source_unknown": _("There is no source with the code %(name)s."),
        "source_inactive": _("The source %(name)s is no longer in use."),
        "source_name": _("Give the source a name in at least one language."),
        "source_time_zone": _("%(zone)s is not a time zone such as Asia/Shanghai."),
        "source_kind": _("The source %(name)s brings %(found)s, not %(expected)s."),
        "source_kind_fixed": _("What a source brings cannot be changed once it has brought something."),
        "source_precedence": _("The precedence is a whole number from 1 to 10,000."),
        # how columns are read
        "mapping_place": _("The mapping cannot be understood at %(place)s."),
        "mapping_column_missing": _("The file has no column %(column)s. It has: %(columns)s."),
        "mapping_role_missing": _("Say which column holds the %(role)s."),
        "mapping_role_twice": _("Two columns are marked as the %(role)s: %(columns)s."),
        "mapping_no_measure": _("Say for at least one column which measure it gives."),
        "mapping_measure_twice": _("Two columns are marked as the measure %(measure)s."),
        "mapping_yes_no": _("Write what the words of column %(column)s mean as Y=1, N=0."),
        "mapping_count_missing": _(
            "A daily mean of %(measure)s needs the column that says how many values it is of."
        ),
        "import_option": _("%(value)s is not possible for the option %(name)s."),
        "period_order": _("The period ends before it begins."),
        # rows
        "cell_empty": _("%(role)s is missing."),
        "employee_not_found": _("Nobody on the roster has this number, name or alias."),
        "employee_ambiguous": _("%(count)s people answer to this name. Use the employee number."),
        "date_unreadable": _("This is not a date."),
        "date_ambiguous": _("Column %(column)s could be day first or month first. Say which one it is."),
        "date_future": _("This day has not come yet."),
        "date_too_early": _("Before 1990: this cannot be meant."),
        "date_outside_period": _("Outside the period %(first)s to %(last)s."),
        "time_unreadable": _("This is not a time of day."),
        "record_id_twice": _("The same record id already stands in line %(line)s."),
        "record_id_too_long": _("A record id has at most %(limit)s characters."),
        "record_elsewhere": _("This record id was already brought by %(batch)s."),
        "total_twice": _("The same person, day and measure already stand in line %(line)s."),
        "total_elsewhere": _("This person, day and measure were already brought by %(batch)s."),
        "value_not_finite": _("NaN and infinity are not values. Leave the cell empty where there is none."),
        "value_unmapped": _("It was not said what this word means. Known: %(known)s."),
        "value_negative": _("A duration cannot be negative."),
        "value_below": _("Below %(limit)s, the smallest believable value of %(measure)s."),
        "value_above": _("Above %(limit)s, the largest believable value of %(measure)s."),
        "value_too_large": _("No measure has a value this large."),
        "value_count": _("The number of values must be a whole number of at least 1."),
        "queue_too_long": _("A queue has at most %(limit)s characters."),
        # batches
        "batch_overlaps": _(
            "%(count)s of these rows were meanwhile brought by %(batch)s. Check the file again."
        ),
        "batch_unknown": _("The batch to be replaced does not count any more, or is of another source."),
        "batch_name": _("A batch needs a name of at most 200 characters."),
        "records_too_many": _("At most %(limit)s records a request."),
        "records_rejected": _("%(count)s of %(total)s records are wrong; nothing was stored."),
        # formulas, by the codes of scoring
        "formula_not_text": _("A formula is a text."),
        "formula_empty": _("The formula is empty."),
        "formula_too_long": _("The formula has %(length)s characters; at most %(limit)s are allowed."),
        "formula_too_deep": _(
            "The formula is nested too deeply (character %(at)s); the limit is %(limit)s levels."
        ),
        "formula_character": _("%(found)s has no meaning in a formula (character %(at)s)."),
        "formula_number": _("The number at character %(at)s is malformed or too large."),
        "formula_name": _("The name %(found)s at character %(at)s is not allowed."),
        "formula_function": _("There is no function %(found)s (character %(at)s); use one of %(allowed)s."),
        "formula_bare_measure": _("Say what of %(found)s is meant (character %(at)s): sum, count or mean."),
        "formula_measure_expected": _("%(function)s() takes one measure code (character %(at)s)."),
        "formula_arguments": _(
            "%(function)s() takes one measure code or several expressions (character %(at)s)."
        ),
        "formula_exponent": _("An exponent is a whole number from 0 to %(limit)s (character %(at)s)."),
        "formula_unexpected": _("%(found)s is not expected at character %(at)s."),
        "formula_end": _("The formula ends too early."),
        # duties
        "duty_job_unknown": _("There is no job %(name)s."),
        "duty_unknown": _("The job %(job)s has no duty %(name)s."),
        "duty_twice": _("The duty %(name)s of this job is already said above."),
        "duty_kpi_qualitative": _("A cycle scores %(name)s by no number, so it covers no duty."),
        "duties_stale": _(
            "Somebody else changed which KPIs cover these duties meanwhile. Load the page again and enter your "
            "change there."
        ),
        # target tables
        "targets_invalid": _("Row %(row)s: %(first)s (%(count)s cells to mend; nothing was stored)"),
        "targets_stale": _(
            "Somebody else saved the target table meanwhile. Load the page again and enter your change there."
        ),
        "targets_too_many": _("A target table has at most %(limit)s rows."),
        "target_kpi_missing": _("Which KPI is this row about?"),
        "target_qualitative": _("A KPI that a person judges has no target."),
        "target_job_unknown": _("There is no job %(name)s."),
        "target_queue": _("The name of a queue has at most 80 characters."),
        "target_tenure": _("Months in the job are whole numbers from 0 to 600; %(value)s is not."),
        "target_tenure_order": _("Must lie above the months from which the row holds."),
        "target_month": _("Write a month as 2026-01; %(value)s is none."),
        "target_month_order": _("The last month must not lie before the first."),
        "target_number": _("%(value)s is not a number."),
        "target_row_empty": _("Give a target, or a ramp towards the KPI's own one."),
        "target_own_missing": _(
            "The KPI has no target of its own that the ramp could lead to: give one here."
        ),
        "target_ramp_share": _("Shares of a ramp are per cent between 1 and 500, such as 60 80 90."),
        "target_ramp_long": _("A ramp has at most %(limit)s months."),
        "target_ramp_rises": _("More is better here, so a ramp must rise and not pass 100 %%."),
        "target_ramp_falls": _("Less is better here, so a ramp must begin above 100 %% and fall towards it."),
        "target_ramp_nearest": _(
            "Nearest to the target is best, so a share of it would not be easier: use rows by months in the job."
        ),
        "target_ramp_base": _("A ramp needs a target above 0."),
        "target_overlap": _("Overlaps with row %(row)s, and neither of the two is more specific."),
        "target_overlap_table": _(
            "Overlaps with row %(row)s of the table as it stands, and neither of the two is more specific."
        ),
        "target_twice": _("Row %(row)s is for the same people and months already."),
        "target_reason": _("The reason has at most %(limit)s characters."),
    }
)
