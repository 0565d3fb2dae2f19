from django.urls import path

from foundation.runs.api import runs

urlpatterns = [
    path("runs/", runs.RunList.as_view(), name="api_runs"),
    path("runs/<uuid:run_id>/", runs.RunDetail.as_view(), name="api_run"),
    path("runs/<uuid:run_id>/stop/", runs.RunStop.as_view(), name="api_run_stop"),
    path("runs/<uuid:run_id>/restart/", runs.RunRestart.as_view(), name="api_run_restart"),
]
