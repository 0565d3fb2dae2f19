from django.urls import path

from people.views import accounts, employees, teams

app_name = "people"
urlpatterns = [
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("account/", accounts.account, name="account"),
    path("account/password/", accounts.password, name="password"),
    path("people/", employees.employees, name="employees"),
    path("people/new/", employees.employee_create, name="employee_create"),
    path("people/<int:pk>/", employees.employee, name="employee"),
    path("people/<int:pk>/details/", employees.employee_edit, name="employee_edit"),
    path("people/<int:pk>/transfer/", employees.employee_transfer, name="employee_transfer"),
    path("people/<int:pk>/end/", employees.employee_end, name="employee_end"),
    path("people/<int:pk>/roles/", employees.employee_roles, name="employee_roles"),
    path("people/<int:pk>/access/", employees.employee_access, name="employee_access"),
    path("people/<int:pk>/set-password/", employees.set_password, name="set_password"),
    path("people/teams/", teams.teams, name="teams"),
    path("people/teams/new/", teams.team_create, name="team_create"),
    path("people/teams/<int:pk>/", teams.team_edit, name="team_edit"),
    path("people/teams/<int:pk>/leader/", teams.team_leader, name="team_leader"),
    path("people/sites/", teams.sites, name="sites"),
    path("people/sites/new/", teams.site_edit, name="site_create"),
    path("people/sites/<int:pk>/", teams.site_edit, name="site_edit"),
    path("people/jobs/", teams.jobs, name="jobs"),
    path("people/jobs/new/", teams.job_edit, name="job_create"),
    path("people/jobs/<int:pk>/", teams.job_edit, name="job_edit"),
]
