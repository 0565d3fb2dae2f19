"""What the services of this app answer when a rule says no."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "people_hr_only": _("Only HR may do this."),
        "people_code": _("Use lower-case letters, digits, hyphens and underscores, at most 40 of them."),
        "people_name_missing": _("Give a name."),
        "people_time_zone": _("There is no time zone %(name)s. Write it like Asia/Shanghai."),
        "people_duty": _("Each duty needs a code of its own and a name."),
        "team_cycle": _("A team cannot lie below itself."),
        "team_closed": _("The team %(team)s is closed."),
        "team_has_members": _("%(count)s people are still in this team. Move them first."),
        "team_has_children": _("Open teams lie below this one. Close or move them first."),
        "team_unknown": _("There is no team %(name)s."),
        "job_unknown": _("There is no job %(name)s."),
        "site_unknown": _("There is no site %(name)s."),
        "employee_unknown": _("There is no employee %(number)s."),
        "login_invalid": _("A login has no blanks and no invisible characters, at most 80."),
        "login_taken": _("The login %(login)s is taken."),
        "number_taken": _("The employee number %(number)s is taken."),
        "number_invalid": _("An employee number has no blanks and no invisible characters, at most 40."),
        "number_needed": _("Who is in a team needs an employee number."),
        "number_stays": _("The employee number stays once there are memberships."),
        "day_out_of_range": _("Enter a day between 1950 and 2199."),
        "left_before_hired": _("The last day lies before the first."),
        "placed_before_hired": _("This day lies before the person was hired (%(day)s)."),
        "leader_gone": _("%(name)s has left or may not sign in."),
        "auditor_writes": _(
            "An auditor reads everything and changes nothing: no other role, and no team to lead."
        ),
        "own_roles": _("Nobody changes their own roles. Ask another member of HR."),
        "own_account": _("Nobody closes their own account. Ask another member of HR."),
        "last_hr": _("This is the last member of HR. Grant the role to someone else first."),
        "role_unknown": _("There is no role %(role)s."),
        "password_wrong": _("The present password is not right."),
        "password_weak": _("%(reasons)s"),
        "language_unknown": _("The language is zh-hans or en."),
        "email_invalid": _("This is no e-mail address."),
        "salary_invalid": _("A salary is 0 or more, below 1,000,000,000,000, with at most two decimals."),
        "currency_invalid": _("A currency is written in three capital letters, such as CNY."),
        "text_too_long": _("At most %(limit)s characters."),
        # rows of a roster or of salaries
        "row_missing": _("This value is missing."),
        "row_date": _("Not a date. Write it like 2025-10-31."),
        "row_twice": _("Employee %(number)s has two rows for the same day; line %(line)s counts."),
        "row_name_differs": _("Line %(line)s gives employee %(number)s another name."),
        "row_team_new": _("There is no team %(name)s, and no name is given to make it."),
        "row_job_new": _("There is no job %(name)s, and no name is given to make it."),
        "row_site_new": _("There is no site %(name)s, and no name is given to make it."),
        "row_team_differs": _("Line %(line)s says something else about team %(name)s."),
        "row_placed_after_leaving": _("This day lies after the last day of work (%(day)s)."),
        "row_two_leaders": _("Line %(line)s gives team %(name)s another leader from the same day."),
        "roster_changed": _("People or teams have changed since this file was checked. Check it again."),
        "row_number": _("Not an amount. Write it like 6000.00."),
    }
)
