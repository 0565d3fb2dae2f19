"""Why quality inspection says no."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        # forms
        "inspection_form_code": _(
            "A code begins with a letter and has only small letters, digits, hyphens and underscores; "
            "%(name)s does not."
        ),
        "inspection_form_exists": _("There is already an inspection form with the code %(name)s."),
        "inspection_form_name": _("Give the form a name in at least one language."),
        "inspection_form_unknown": _("There is no inspection form %(name)s that is in use."),
        "inspection_form_stale": _(
            "Somebody else has begun a new version of this form. Open it again before you save."
        ),
        "inspection_version_earlier": _(
            "The new version must begin after the last one, which is valid from %(day)s."
        ),
        "inspection_version_final": _(
            "Calls were drawn for the version that is valid from %(day)s. Choose a later day for the change."
        ),
        "inspection_version_none": _("On %(day)s no version of this form is valid yet."),
        "inspection_code": _(
            "A code begins with a letter and has only small letters, digits, hyphens and underscores; "
            "%(name)s does not."
        ),
        "inspection_code_twice": _("The code %(name)s stands twice on this form."),
        "inspection_fatal_cap": _(
            "What a call with a fatal error may still score goes from 0 to less than 100."
        ),
        "inspection_dispute_days": _("The time for a dispute goes from 0 to %(limit)s days."),
        "inspection_too_many": _("A form has at most %(limit)s of these."),
        "inspection_section_empty": _("This section has no item."),
        "inspection_weight": _("A weight is a number above 0 and at most 100."),
        "inspection_weight_digits": _("A weight has at most two decimals."),
        "inspection_weights_below": _("The weights add up to %(total)s instead of 100; %(left)s to go."),
        "inspection_weights_above": _("The weights add up to %(total)s instead of 100; %(over)s too much."),
        "inspection_scale": _("A scale goes from 1 to a whole number from %(lowest)s to %(highest)s."),
        "inspection_highest_without_scale": _("Only a scale has a highest level."),
        "inspection_text_long": _("This text has more than %(limit)s characters."),
        # inspectors
        "inspector_role_missing": _("%(name)s does not hold the role of a quality inspector."),
        "inspector_team_unknown": _("There is no team %(name)s."),
        "inspector_site_unknown": _("There is no site %(name)s."),
        # samples
        "sample_period": _("The period ends before it begins."),
        "sample_period_long": _("A sample covers at most %(limit)s days."),
        "sample_period_future": _("The period lies in the future: there is nothing to draw from yet."),
        "sample_per_agent": _("From 1 to %(limit)s calls per agent can be drawn."),
        "sample_double": _("The share that is scored twice goes from 0 to 100 percent."),
        "sample_choice": _("%(value)s is not possible here."),
        "sample_team_unknown": _("There is no team %(names)s."),
        "sample_source": _("Calls are drawn from a source that brings records, and %(name)s is not one."),
        "sample_measure": _("There is no measure %(name)s."),
        "sample_empty": _("No record fits: nothing was drawn."),
        "sample_large": _("%(count)s calls would be drawn; a sample has at most %(limit)s."),
        "sample_no_inspector": _("Nobody holds the role of a quality inspector."),
        "sample_nobody_for": _(
            "Nobody may inspect the calls of %(names)s. Grant the role, or widen what an inspector is assigned."
        ),
        "sample_no_second": _(
            "Calls scored twice need two inspectors who may inspect the same agents. Draw without a second "
            "scoring, or grant the role to somebody else."
        ),
        "sample_due": _("The due day must not lie in the past."),
        # inspections
        "inspection_submitted": _("This inspection was submitted; it cannot be changed any more."),
        "inspection_item_unknown": _("The form has no item %(name)s."),
        "inspection_answer": _("%(value)s is no answer to this item. Possible: %(known)s."),
        "inspection_answer_malformed": _("This is not an answer."),
        "inspection_comment_long": _("A comment has at most %(limit)s characters."),
        "inspection_stale": _("Somebody else has answered this item meanwhile."),
        "inspection_incomplete": _("%(count)s items have no answer yet."),
        "inspection_nothing_applies": _("Nothing applies to this call, so there is nothing to score."),
        "inspection_comment_missing": _("%(name)s needs a comment that says what happened."),
        "inspection_role_lost": _("You do not hold the role of a quality inspector any more."),
        # disputes
        "dispute_not_yours": _("Only the agent can dispute a score."),
        "dispute_closed": _("The time for a dispute of this score ended on %(day)s."),
        "dispute_not_offered": _("Scores of this form cannot be disputed."),
        "dispute_twice": _("This score was disputed already."),
        "dispute_reason": _("Say in a sentence what is wrong with the score."),
        "dispute_reason_long": _("A reason has at most %(limit)s characters."),
        "dispute_decided": _("This dispute was decided already."),
        "dispute_unknown": _("This score was not disputed."),
        "dispute_own_score": _("Whoever scored the call does not decide the dispute."),
        "dispute_own": _("Nobody decides the own dispute."),
        "dispute_reviewer_only": _("Disputes are decided by HR or by an inspector who was named for it."),
        "dispute_decision": _("A dispute is accepted or rejected."),
        "dispute_unchanged": _(
            "The new answers are those of the old score. Change them, or reject the dispute."
        ),
    }
)
