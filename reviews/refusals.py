"""What reviews may answer instead of doing it, in words that say what to do."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

CONFIGURATION = {
    "configuration_invalid": _("The configuration has %(count)s problems. First, at %(path)s: %(first)s"),
    "cycle_field_required": _("This field is required."),
    "cycle_field_unknown": _("There is no field named %(name)s here."),
    "cycle_field_type": _("This must be of the type %(expected)s."),
    "cycle_field_choice": _("Choose one of: %(allowed)s."),
    "cycle_field_too_small": _("The smallest allowed value is %(limit)s."),
    "cycle_field_too_large": _("The largest allowed value is %(limit)s."),
    "cycle_field_wrong": _("This value is not allowed here."),
    "cycle_list_too_short": _("At least %(limit)s entries are needed."),
    "cycle_list_too_long": _("At most %(limit)s entries are allowed."),
    "cycle_text_too_long": _("At most %(limit)s characters are allowed."),
    "cycle_code_malformed": _("A code consists of letters, digits, hyphens and underscores."),
    "cycle_code_twice": _("%(name)s is there twice."),
    "cycle_code_reserved": _("The code %(name)s has a meaning of its own. Choose another one."),
    "cycle_name_required": _("A name is needed in at least one language."),
    "cycle_teams_unknown": _("There is no team with the code %(name)s."),
    "cycle_jobs_unknown": _("There is no job with the code %(name)s."),
    "cycle_sites_unknown": _("There is no site with the code %(name)s."),
    "method_unknown": _("There is no such appraisal method. Choose one of: %(allowed)s."),
    "no_components": _("There is nothing to appraise yet. Add a component."),
    "cycle_weights_not_100": _("The weights add up to %(total)s instead of 100; %(missing)s to go."),
    "cycle_weight_zero": _("The weight is 0. Give it a weight or remove it."),
    "component_without_kpis": _("No KPI has been chosen yet."),
    "component_without_items": _("There is no item to judge yet."),
    "cycle_kpi_unknown": _("No KPI named %(name)s is valid on the last day of the period."),
    "cycle_kpi_is_qualitative": _("%(name)s is judged by a person. Put it into a rating scale instead."),
    "cycle_kpi_without_target": _("%(name)s has no target. Type one here or in the KPI."),
    "cycle_kpi_without_bands": _("%(name)s has no standard bands. Choose attainment or give it bands."),
    "cycle_floor_above_cap": _("The floor %(floor)s lies above the cap %(cap)s."),
    "cycle_bands_not_ascending": _("Bands must start at ascending values."),
    "bonus_range_backwards": _("The most points lie below the least."),
    "bonus_both_signs": _("An item either gives points or takes them. Make two of it."),
    "bonus_no_points": _("An item of 0 points changes nothing."),
    "red_line_caps_nothing": _("A cap at the best band changes nothing. Choose a lower one."),
    "rating_only_for_distribution": _("This setting only has a meaning where ratings are given by shares."),
    "rating_shares_not_100": _("The shares add up to %(total)s instead of 100; %(missing)s to go."),
    "bands_too_few": _("At least two rating bands are needed."),
    "bands_hole": _("Scores from 0 to %(score)s would have no rating. Let the lowest band start at 0."),
    "levels_not_ascending": _("Levels must have ascending values."),
    "level_decimals": _("A level has at most two decimals."),
    "level_points_not_ascending": _("A higher level must not give fewer points."),
    "levels_too_few": _("A scale needs at least two levels."),
    "cycle_level_unknown": _("The scale has no level %(level)s."),
    "description_without_level": _("The scale has no level %(level)s to describe."),
    "competency_unknown": _("The library has no competency %(name)s."),
    "competency_and_own_words": _(
        "%(name)s takes its words from the library and has words of its own. Keep one of them."
    ),
    "anchor_without_level": _("The scale has no level %(level)s to anchor."),
    "anchor_empty": _("An anchor needs a text in at least one language."),
    "anchors_missing": _("%(name)s has no anchor for the levels %(levels)s. Raters would have to guess."),
    "descriptions_missing": _("%(name)s has no description for the levels %(levels)s."),
}

RANKING = {
    "ranking_points_backwards": _("The first place must give more points than the last."),
    "ranking_cohort_by_hand": _(
        "Whoever orders by hand orders the own people: nobody else can be the cohort."
    ),
    "ranking_cohort_needs_hand": _("Only an order made by hand is made among a manager's own people."),
    "ranking_without_kpi": _("Choose the KPI to rank by."),
    "ranking_without_components": _("Choose the components to rank by."),
    "ranking_component_unknown": _("There is no component %(name)s in this cycle."),
    "ranking_component_compares": _("%(name)s compares people itself, so nothing can be ranked by it."),
    "ranking_cohorts_small": _(
        "%(count)s of %(people)s people are in cohorts of fewer than %(minimum)s and get no score here: %(names)s."
    ),
    "ranking_no_cohort": _("No cohort has %(minimum)s people, so nobody would get a score."),
}

SCORECARD = {
    "scorecard_without_perspectives": _("A scorecard needs at least one perspective."),
    "perspective_unknown": _("The card has no perspective %(name)s."),
    "perspective_empty": _("%(name)s has no KPI yet. Give it one or remove the perspective."),
    "scorecard_objectives_of_people": _(
        "Objectives are agreed with people. Only a person's card can have them."
    ),
    "ahp_shape": _("The judgements must be a table of %(count)s rows and columns, one for each perspective."),
    "ahp_entry": _("%(first)s against %(second)s: a judgement is a number from 1 to 9 or its reciprocal."),
    "ahp_not_reciprocal": _(
        "%(first)s against %(second)s: the judgement and its mirror image must be reciprocals, such as 3 and 1/3."
    ),
    "ahp_inconsistent": _(
        "The judgements contradict one another (consistency ratio %(ratio)s, usual limit 0.10), most of all in "
        "%(first)s against %(second)s. Change it, or confirm that you keep it."
    ),
    "strategy_node_unknown": _("The card has no indicator %(name)s."),
    "strategy_link_to_itself": _("%(name)s cannot be its own cause."),
    "strategy_link_twice": _("The link from %(first)s to %(second)s is there twice."),
    "strategy_loop": _("An effect cannot be its own cause: %(chain)s."),
}

CYCLES = {
    "cycle_hr_only": _("Only HR may do this."),
    "cycle_code_taken": _("There is already a cycle with this code."),
    "cycle_period_missing": _("The period is missing."),
    "cycle_period_backwards": _("The last day lies before the first day."),
    "cycle_period_too_long": _("A period has at most %(limit)s days."),
    "template_unknown": _("There is no such template."),
    "template_code_taken": _("There is already a template with this code."),
    "cycle_frozen": _("The cycle has been launched; its configuration can no longer be changed."),
    "cycle_version_stale": _("Someone else changed this meanwhile. Reload to see their version."),
    "cycle_not_ready": _("%(count)s things keep this cycle from launch. First: %(first)s"),
    "cycle_already_launched": _("The cycle has already been launched."),
    "phase_not_next": _("A cycle in the phase %(from_phase)s cannot go to the phase %(to_phase)s."),
    "sheets_open": _("%(count)s forms are not submitted yet. Say why you go on without them."),
    "period_not_over": _("The period ends on %(day)s. Say why you release before."),
    "cycle_not_published": _("There are no results yet. Compute them first."),
    "results_stale": _(
        "Scores or data changed after the results were computed. Compute them again, then release."
    ),
    "cycle_computing": _("A computation is still going on. Wait until it has finished."),
    "cycle_changed": _("The cycle changed while this was computed. Compute again."),
    "cycle_released": _("The results have already been released."),
    "cycle_reason_required": _("Give a reason."),
    "cycle_reason_too_long": _("A reason has at most %(limit)s characters."),
    "scoring_not_open": _("Scores can be computed from the collection phase on and before the release."),
    "potential_cuts_order": _("The second cut point lies above the first."),
    "potential_not_open": _("Potential can be rated while scores are given and calibrated."),
    "potential_level": _("Choose one of the three levels."),
    "potential_reason": _("Say by what you saw it, in %(least)s to %(limit)s characters."),
    "voice_rater_missing": _("Choose a colleague."),
    "rater_unknown": _("There is no such person who could judge."),
    "rater_is_ratee": _("Nobody judges themselves."),
}

LIBRARY = {
    "library_code_taken": _("There is already an entry with this code."),
    "competency_in_use": _("%(name)s is used by: %(users)s. Take it out there first."),
    "anchors_malformed": _("Anchors belong to the levels 1 to %(limit)s."),
    "anchors_too_many": _(
        "Level %(level)s has too many anchors; at most %(limit)s can be read while choosing."
    ),
}

INCIDENTS = {
    "behaviour_start_outside": _("The start %(start)s lies outside %(floor)s to %(cap)s."),
    "behaviour_unknown": _("There is no expected behaviour %(name)s to choose."),
    "strength_unknown": _("There is no strength %(name)s to choose."),
    "strengths_none": _("Nothing says how strongly an incident counts. Give at least one strength."),
    "strength_points": _("Points of a strength lie above 0 and reach up to %(limit)s."),
    "strengths_not_ascending": _("A stronger incident must count more points."),
    "incident_not_allowed": _("Only HR, quality inspectors and managers note incidents."),
    "incident_not_yours": _("You did not lead this person on that day. Ask whoever did, or HR."),
    "incident_about_self": _("Nobody notes incidents about themselves."),
    "incident_in_future": _("This day has not come yet."),
    "incident_no_member": _("The person was in no team on that day."),
    "incident_text_required": _("Write in a sentence what was seen."),
    "incident_not_yours_to_change": _("Only who noted an incident, or HR, corrects or withdraws it."),
    "incident_withdrawn": _("This incident has been withdrawn already."),
    "incident_unchanged": _("Nothing was changed."),
    "incident_reply_own": _("Only the person whom it is about replies to an incident."),
}

LAUNCH = {
    "no_people": _("Nobody belongs to the population in this period."),
    "no_rater": _("%(count)s people have nobody who judges them: %(names)s."),
    "cycle_kpi_without_data": _("No data from %(first_day)s to %(last_day)s for: %(name)s."),
    "period_not_over": _("The period is not over yet: targets and data may still change until %(last_day)s."),
    "people_without_target": _(
        "%(name)s: for %(count)s people neither the target table nor the KPI has a target. "
        "It would not count for them."
    ),
    "preview_not_ready": _("There is nothing to compute yet: %(first)s"),
    "preview_no_data": _("No month has KPI values yet, so there is nothing to preview with."),
    "preview_nothing_measured": _("Only KPIs can be previewed, and this cycle has none."),
    "preview_after_launch": _(
        "A launched cycle computes its own scores; the preview is for the time before."
    ),
    "choice_uncovered": _("Nothing measures %(names)s."),
    "choice_uncovered_judged": _("No KPI measures %(names)s. Judged components may cover it."),
    "choice_no_data": _(
        "Without a value in %(month)s for anyone: %(names)s. %(weight)s of the weight sits on it."
    ),
    "choice_few": _(
        "Fewer cases in %(month)s than the minimum sample for most people: %(names)s. There it does not count at "
        "all. %(weight)s of the weight sits on it."
    ),
    "choice_same": _(
        "The same value in %(month)s for everybody: %(names)s. It tells nobody apart, and %(weight)s of the weight "
        "sits on it."
    ),
    "choice_repeats": _(
        "%(weight)s of the weight sits on two KPIs that repeat each other: %(first)s and %(second)s "
        "(r = %(r)s, n = %(n)s)."
    ),
    "choice_duty": _("%(job)s: no KPI of this cycle covers %(names)s."),
}

JUDGEMENTS = {
    "not_your_sheet": _("This form is for someone else to fill in."),
    "rating_not_open": _("Scores can only be given in the rating phase."),
    "sheet_submitted": _("This form has been submitted and cannot be changed any more."),
    "reminding_not_open": _("Reminders can be sent while managers score."),
    "nobody_owes": _("Nobody owes a form here: all are in."),
    "sheet_not_submitted": _("This form has not been submitted."),
    "item_unknown": _("There is no such item in this form."),
    "not_observed_not_offered": _(
        "This form does not allow to leave an item as not observed. Choose a level."
    ),
    "sheet_nothing_observed": _("%(name)s: nothing was observed at all. Score at least one item."),
    "level_not_offered": _("Choose one of the levels %(levels)s."),
    "cycle_comment_too_long": _("A comment has at most %(limit)s characters."),
    "cycle_value_malformed": _("This is not a value that can be saved."),
    "cycle_version_malformed": _("Say which version you saw: a whole number."),
    "judgement_stale": _("Someone else changed this meanwhile."),
    "sheet_incomplete": _("%(name)s: %(count)s items have no score yet."),
    "comment_missing": _("%(name)s: explain the score %(level)s in a comment."),
    "ordering_malformed": _("An order is a list of places, each with the people who share it."),
    "ordering_stranger": _("Somebody in this order is not among your people."),
    "ordering_twice": _("Somebody stands in this order twice."),
    "ordering_missing": _("%(count)s of your people are missing from this order."),
    "ordering_untouched": _("%(count)s people have no place yet. Save the order, then submit it."),
    "ordering_as_a_whole": _("An order is submitted as a whole, on its own page."),
    "nothing_to_submit": _("There is nothing to submit."),
}

PAIRS = {
    "pair_self": _("Nobody can be compared with themselves. Choose two people."),
    "pair_oneself": _("You cannot compare yourself with anybody."),
    "pair_unknown": _("You said that you do not know %(name)s. Take that back to compare them."),
    "pair_stranger": _("At least one of these two is not among the people whom you compare."),
    "pair_cohorts": _("These two are not in the same group, so they are not compared."),
    "pair_criterion": _("There is no such criterion in this comparison."),
    "pair_preferred": _("Choose one of the two people, or no difference."),
    "pair_ties": _("In this comparison one of the two has to be chosen."),
    "pair_answered": _("You have answered this pair already. Take the answer back to change it."),
    "pair_malformed": _("Name two people by their numbers, and the one who did better or nobody."),
    "pair_nothing_to_undo": _("There is no answer to take back."),
    "pairs_apart": _(
        "%(first)s and %(second)s have not been compared yet, not even over others. Compare them first."
    ),
    "pairs_not_enough": _(
        "The order is sure to %(certainty)s percent; %(wanted)s percent is asked for. About %(count)s answers to go."
    ),
    "pairs_as_a_whole": _("A comparison is submitted as a whole, on its own page."),
    "pairs_alone": _(
        "One person alone cannot be compared: %(names)s. Compare in wider groups, or leave these people out."
    ),
    "pairs_too_many": _(
        "More than %(most)s people cannot be compared in pairs: %(names)s. Compare in smaller groups."
    ),
}

ADJUSTMENTS = {
    "cycle_band_unknown": _("There is no rating %(rating)s in this cycle."),
    "points_out_of_range": _("Points lie between -100 and 100."),
    "not_a_participant": _("This person does not take part in the cycle."),
    "adjustment_not_open": _("Ratings can be changed only before the release."),
    "adjustment_stale": _("Someone else moved this rating meanwhile. Look at their move, then decide again."),
    "adjustment_withdrawn": _("This entry has already been taken back."),
    "adjustment_not_withdrawable": _("This entry cannot be taken back. Undo a move by a further move."),
    "nothing_to_take_back": _("There is no move to take back."),
    "rating_unchanged": _("The rating is %(rating)s already."),
    "rating_above_red_line": _(
        "A red line caps this rating at %(cap)s. Without the breach being taken back it cannot become %(rating)s."
    ),
    "bonus_item_unknown": _("There is no bonus or penalty item %(item)s in this cycle."),
    "bonus_points_out_of_range": _("This item gives from %(low)s to %(high)s points."),
    "red_line_unknown": _("There is no red line %(line)s in this cycle that waits for a recorded breach."),
    "evidence_required": _("Say what proves it."),
    "proposal_not_yours": _("Only whoever judges or leads this person may propose another rating."),
    "proposal_open": _("A proposal for this person is waiting for HR already."),
    "proposal_decided": _("This proposal has been decided already."),
    "calibration_not_open": _("Ratings can be proposed only in the calibration phase."),
}

VOICES = {
    "voices_wanted_above_maximum": _("More raters are wanted than the group may have."),
    "voices_group_never_counts": _(
        "A group that stays below %(minimum)s raters would never count. Allow more raters, or merge small groups."
    ),
    "voices_unknown": _("This cycle has no such 360."),
    "voices_open": _("The 360 is still open. Close it first, then compute the scores."),
    "voices_closed": _("This 360 is closed. Answers can neither be given nor taken back any more."),
    "voices_closed_once": _("Answers were already counted by this minimum, so it cannot change any more."),
    "voices_minimum_falls": _(
        "The smallest group is %(minimum)s and can only rise: raters answered on that promise."
    ),
    "voices_not_choosing": _("Raters can be chosen only from the launch until the 360 is closed."),
    "voice_not_yours": _("Only HR and the person's own manager decide who is asked."),
    "voice_group_unknown": _("This 360 does not ask this group."),
    "voice_group_fixed": _("Who answers in this group follows from the teams."),
    "voice_about_self": _("About themselves people answer only in the group Self."),
    "voice_asked_already": _("This person is asked already."),
    "voice_group_full": _("This group takes at most %(limit)s raters."),
    "voice_load_full": _("%(names)s would have more than %(limit)s forms to fill in. Choose somebody else."),
    "voice_contact_missing": _("Give the customer's name and an e-mail address."),
    "voice_decided": _("This has been decided already."),
    "voice_removed": _("You are not asked about this person any more. Thank you for your time."),
    "voice_answered": _("You have answered already. Nobody knows any more which answer was yours."),
    "voice_stale": _("This form was saved in another window meanwhile. Reload it to see what stands there."),
    "voice_incomplete": _("%(count)s questions have no answer yet."),
    "voice_nothing_observed": _("Nothing was observed at all. Answer at least one question, or decline."),
    "voice_question_unknown": _("There is no such question in this form."),
    "voice_link_unknown": _("This link is not one of ours. Check that it was copied whole."),
    "voice_link_used": _("This link has been used: your answer is in. Thank you."),
    "voice_link_expired": _("This link has expired. Ask whoever invited you for a new one."),
}

OBJECTIVES = {
    "objectives_not_open": _("Objectives are set and changed in the phases of goals and collection only."),
    "objectives_too_many": _("At most %(limit)s objectives. Fewer are better: three to five."),
    "objectives_none_chosen": _("Choose at least one objective."),
    "objective_not_yours": _("Only the two sides of an objective write it and agree on it."),
    "objective_closed": _("This objective has been ended."),
    "objective_stale": _("Somebody changed this objective after you read it. Read it again first."),
    "objective_unchanged": _("Nothing was changed."),
    "objective_no_change": _("There is no change that could be taken back."),
    "objective_signed": _("This was proposed already; it waits for the other side."),
    "objective_not_proposed": _("Nobody has proposed this yet, so there is nothing to agree to."),
    "objective_own_proposal": _("You signed this already. Now the other side must agree."),
    "objective_weights": _(
        "The weights of the objectives add up to %(total)s instead of 100; %(missing)s to go. "
        "Nobody can agree to them before."
    ),
    "objective_weights_above": _("The weights of the objectives add up to %(total)s, more than 100."),
    "objective_title_required": _("Say in a sentence what is to be reached."),
    "objective_weight": _("A weight lies above 0 and is at most 100."),
    "objective_parent_unknown": _("There is no such objective that this one could support."),
    "objective_loop": _("This would support itself: the chain of objectives would run in a circle."),
    "key_results_none": _("By what will one see that it is reached? Give at least one key result."),
    "key_results_too_many": _("At most %(limit)s key results."),
    "key_result_title_required": _("Say what is counted or seen."),
    "key_result_target_required": _("A key result that is measured needs a target."),
    "key_result_target_is_start": _("The target equals the start: there would be nothing to reach."),
    "key_result_direction": _("The target lies on the wrong side of the start for this direction."),
    "key_result_weights": _("The weights of the key results add up to %(total)s instead of 100."),
    "key_result_kpi_unknown": _("No KPI named %(name)s is valid on the last day of the period."),
    "key_result_kpi_judged": _("%(name)s is judged by a person, so no key result can follow it."),
    "key_result_unknown": _("This objective has no key result of that number."),
    "key_result_follows": _("This key result follows a KPI by itself; nobody types its value."),
    "key_result_is_judged": _("This key result is judged at the end; it has no value before."),
    "check_in_empty": _("Say how sure you are, note a value, or write a word."),
    "check_in_not_open": _("Check-ins are open from the agreement until scores are calibrated."),
    "check_in_not_agreed": _("Both sides have to agree on the objective first."),
    "assessment_not_open": _("Objectives are assessed in the rating phase."),
    "assessment_comment_required": _("Say in a sentence how it went."),
    "assessment_level_missing": _("Choose a level for %(name)s."),
    "assessment_level_unknown": _("Choose one of the levels %(levels)s."),
    "assessment_stale": _("Someone else changed this meanwhile."),
    "objectives_open": _(
        "%(count)s people have no objectives that both sides agreed on. They would have no score. "
        "Say why you go on."
    ),
    "objectives_need_goals": _(
        "This cycle counts objectives: launch it into the goals phase, so that they can be agreed on."
    ),
    "objectives_not_held_back": _(
        "Who has no agreed objectives would be scored by the rest alone. Choose to hold the score back instead."
    ),
}

PLANS = {
    "improvement_not_allowed": _("Only HR and managers open plans."),
    "improvement_not_yours": _("Only HR and those who lead this person today may do this."),
    "improvement_about_self": _("Nobody opens a plan for themself. Ask your manager."),
    "improvement_kind_unknown": _("Choose one of: %(allowed)s."),
    "improvement_open_already": _(
        "%(name)s has an open plan of this kind already. Change its terms instead."
    ),
    "improvement_owner_unknown": _("Whoever leads a plan is of HR or leads this person today."),
    "improvement_evidence_required": _(
        "An improvement plan rests on evidence: choose at least one result or KPI value below its standard."
    ),
    "improvement_evidence_unknown": _(
        "There is no evidence %(name)s about this person that has been released."
    ),
    "improvement_ground_relative": _(
        "Nothing of this lies below an absolute standard. A rank, or a rating given by shares, is no ground for an "
        "improvement plan: it says where somebody stands among others, not that the work fell short."
    ),
    "improvement_part_malformed": _("This part of the plan cannot be read."),
    "improvement_text_required": _("Write a sentence."),
    "improvement_cause_unknown": _("Choose one of: %(allowed)s."),
    "improvement_who_unknown": _("Choose one of: %(allowed)s."),
    "improvement_target_without_kpi": _(
        "A target is tied to a KPI, so that its progress can be measured. Choose one; what cannot be measured is a "
        "measure or a goal."
    ),
    "improvement_kpi_unknown": _("No KPI named %(name)s is valid today."),
    "improvement_kpi_qualitative": _("%(name)s is judged by a person. Choose a measured KPI."),
    "improvement_target_number": _("Type a number."),
    "improvement_target_twice": _("%(name)s has a target already."),
    "improvement_target_met_already": _(
        "The value of %(month)s meets this target already. Set one to work for."
    ),
    "improvement_day_malformed": _("This is no date."),
    "improvement_day_range": _("This day lies after the deadline of the plan."),
    "improvement_deadline_range": _("The deadline lies between tomorrow and %(days)s days from now."),
    "improvement_every_range": _("Check-ins are %(low)s to %(high)s days apart."),
    "improvement_too_many": _("At most %(limit)s rows: a plan with more is not followed."),
    "improvement_needs_cause": _("Say what the cause is, as far as it is known."),
    "improvement_needs_target": _("At least one target is needed."),
    "improvement_needs_goal": _("At least one goal or target is needed."),
    "improvement_needs_measure": _("At least one measure is needed: what is done, by whom, by when."),
    "improvement_stale": _(
        "Somebody else has served other terms meanwhile. Look at them, then decide again."
    ),
    "improvement_unchanged": _("These are the terms that were served last. Change something."),
    "improvement_closed": _("This plan is over. Nothing of it changes any more."),
    "improvement_answer_own": _("Only the person whose plan it is can answer."),
    "improvement_nothing_to_answer": _("These terms no longer wait for an answer."),
    "improvement_objection_late": _(
        "The days to object are over: the terms stand. Talk to your manager or to HR."
    ),
    "improvement_no_objection": _("There is no objection to decide."),
    "improvement_not_standing": _("The terms do not stand yet: the person has not answered."),
    "improvement_check_in_day": _("This day lies before the plan or has not come yet."),
    "improvement_check_in_twice": _("There is a check-in of this day already."),
    "improvement_measure_unknown": _("The plan has no such measure."),
    "improvement_verdict_unknown": _("Choose one of: %(allowed)s."),
    "improvement_until_required": _("Say until when the plan is extended."),
    "improvement_until_range": _("The new deadline lies after the present one, within a year."),
    "improvement_until_only_extended": _("Only a plan that is extended gets a new deadline."),
    "improvement_proposal_decided": _("This proposal has been decided already."),
    "improvement_rule_range": _("A value from %(low)s to %(high)s."),
    "improvement_rule_order": _(
        "Development begins above the score below which an improvement plan is proposed."
    ),
    "improvement_effect_kpi_unknown": _("No plan has a target of a KPI %(name)s."),
}

SECOND_HANDS = {
    "delegation_not_yours": _("Only the manager, or HR, lets somebody score in the manager's name."),
    "delegation_not_manager": _("Only managers score, so only they give and take this over."),
    "delegation_not_of_orders": _(
        "An order of people, and a comparison in pairs, are the manager's own: nobody makes them in their name. "
        "If the manager stays away, HR names another rater under changes since the launch."
    ),
    "delegation_to_self": _("Name somebody else."),
    "delegation_backwards": _("The last day lies before the first."),
    "delegation_over": _("These days are over already."),
    "delegation_too_long": _("At most %(limit)s days at a time."),
    "delegation_overlaps": _("Somebody scores for this manager in these days already."),
    "second_review_not_yours": _("Only the manager's manager, or HR, decides this."),
    "second_review_own": _("Whoever scored a form does not confirm it."),
    "second_review_decided": _("This form has been looked at already."),
    "second_reviews_open": _("%(count)s forms wait for the second look. Say why you go on without it."),
}

AMENDMENTS = {
    "amendment_kind_unknown": _("Choose one of: %(allowed)s."),
    "amendment_malformed": _("The target must be a number."),
    "amendment_target_range": _("This target is too large."),
    "amendment_not_open": _("This can be changed only while the review runs and before its release."),
    "amendment_no_kpi": _("This review has no such KPI."),
    "amendment_banded": _("This KPI is scored by standard bands and has no target."),
    "amendment_unchanged": _("This is the target already."),
    "amendment_no_table": _("The target table has no target of this KPI for the period."),
    "amendment_nobody": _("There is no such employee."),
    "amendment_not_on_roster": _("This person was in no team during the period."),
    "amendment_takes_part": _("This person takes part already."),
    "amendment_no_rater": _("Name somebody who can judge this person: a manager other than the present one."),
    "amendment_own_form": _("Nobody judges themselves."),
    "amendment_submitted": _("The form has been handed in. Give it back first, then change who judges."),
    "amendment_order_submitted": _("This manager has handed in the order of people. Give it back first."),
    "amendment_decided": _("This change has been decided already."),
    "amendment_own": _("Whoever proposed a change does not decide it. Somebody else of HR does."),
}

BEFORE = {
    "terms_changed": _("Something changed while you read. Read it again, then confirm."),
    "terms_not_asked": _("The scores are being settled; a confirmation would come too late."),
    "coaching_not_allowed": _("Only HR, quality inspectors and managers note talks."),
    "coaching_about_self": _("Nobody notes talks with themselves."),
    "coaching_kind_unknown": _("Choose one of: %(allowed)s."),
    "coaching_text_required": _("Write what was said or seen."),
    "coaching_not_yours": _("Only who noted a talk, or HR, withdraws the note."),
    "coaching_withdrawn": _("This note has been withdrawn already."),
}

FEEDBACK = {
    "feedback_strong_below_weak": _("What counts as a strength lies below what counts as weak."),
    "feedback_not_yours": _("Feedback on this person is for whoever judges them to write."),
    "feedback_not_open": _("Feedback is written from calibration on, until the cycle is closed."),
    "feedback_part_unknown": _("This cycle has no part named %(name)s."),
    "feedback_twice": _("%(name)s is there twice."),
    "feedback_suggestion_short": _(
        "Say in at least %(least)s characters what to do, so that somebody can act on it."
    ),
    "feedback_day_missing": _("Say by when."),
    "feedback_day_past": _("This day has passed. Choose one that is still to come."),
    "nothing_held": _("The result of this person does not wait for anything."),
    "result_not_open": _("The result is not open yet."),
    "releases_wait": _(
        "The results of %(count)s people are still shut. Write their feedback or release them."
    ),
    "notes_not_yours": _("Only the two people who talked write and sign these notes."),
    "notes_empty": _("Write what was talked about."),
    "notes_day_in_future": _("This day has not come yet."),
    "notes_missing": _("There are no notes to sign yet."),
    "notes_changed": _("The notes were changed meanwhile. Read them again, then sign."),
}

APPEALS = {
    "appeals_open": _("%(count)s appeals are not decided yet."),
    "appeal_closed": _("Appeals are filed and decided between the release and the close of a cycle."),
    "appeal_late": _("The time for appeals ended on %(day)s."),
    "appeal_open": _("There is an open appeal against this already. Add to that one."),
    "appeal_item_unknown": _("Choose what the appeal is about."),
    "appeal_score_range": _("A score lies between 0 and %(limit)s."),
    "appeal_not_higher": _("It stands at %(score)s already. Propose more than that."),
    "appeal_above_proposal": _("Only %(score)s was asked for."),
    "appeal_reason_short": _("Give reasons in at least %(least)s characters."),
    "appeal_not_yours": _("This is for the person who filed the appeal."),
    "appeal_own": _("Nobody assigns or decides the own appeal."),
    "appeal_not_yours_to_decide": _("Somebody else was asked to decide this appeal."),
    "appeal_not_assigned": _("HR names who decides this appeal first."),
    "appeal_decided": _("This appeal is closed: %(state)s."),
    "decider_involved": _("Whoever judged, calibrated or is the person concerned does not decide."),
    "decider_unknown": _("Choose somebody of HR, or who leads a team and had no hand in this result."),
    "evidence_missing": _("Choose a file."),
    "evidence_empty": _("%(name)s is empty."),
    "evidence_too_big": _("%(name)s is larger than %(limit)s MB."),
    "evidence_too_many": _("An appeal has at most %(limit)s files."),
    "evidence_executable": _(
        "%(name)s is a program or a page, not evidence. Send a document, picture or recording."
    ),
    "evidence_kind": _(
        "%(name)s is of a kind that is not taken. Send PDF, PNG, JPEG, Word, Excel, text or a recording."
    ),
    "evidence_name": _(
        "%(name)s is not what its name says. Its content belongs to a name ending in: %(endings)s."
    ),
    "evidence_no_room": _("There is no room to keep this file. Tell whoever runs this system."),
}

define_refusals(
    {
        **OBJECTIVES,
        **CONFIGURATION,
        **RANKING,
        **SCORECARD,
        **CYCLES,
        **LIBRARY,
        **INCIDENTS,
        **LAUNCH,
        **JUDGEMENTS,
        **PAIRS,
        **ADJUSTMENTS,
        **VOICES,
        **PLANS,
        **BEFORE,
        **AMENDMENTS,
        **FEEDBACK,
        **APPEALS,
        **SECOND_HANDS,
    }
)
