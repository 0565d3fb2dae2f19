from django.urls import path

from people.api import employees, teams

urlpatterns = [
    path("employees/", employees.EmployeeList.as_view(), name="api_employees"),
    path("employees/<int:pk>/", employees.EmployeeDetail.as_view(), name="api_employee"),
    path("employees/<int:pk>/transfer/", employees.EmployeeTransfer.as_view(), name="api_employee_transfer"),
    path("employees/<int:pk>/end/", employees.EmployeeEnd.as_view(), name="api_employee_end"),
    path("employees/<int:pk>/roles/", employees.EmployeeRoles.as_view(), name="api_employee_roles"),
    path("employees/<int:pk>/roles/<slug:role>/", employees.EmployeeRole.as_view(), name="api_employee_role"),
    path("teams/", teams.TeamList.as_view(), name="api_teams"),
    path("teams/<int:pk>/", teams.TeamDetail.as_view(), name="api_team"),
    path("teams/<int:pk>/leader/", teams.TeamLeader.as_view(), name="api_team_leader"),
    path("jobs/", teams.JobList.as_view(), name="api_jobs"),
    path("sites/", teams.SiteList.as_view(), name="api_sites"),
]
